//! What a remembered token costs. Printed, not asserted tightly: machines differ.

use std::time::Instant;

use crate::world::{GET_NOTE, World, bearer};

#[tokio::test]
async fn a_remembered_token_costs_far_less_than_its_verification() {
    let world = World::new().await;
    let headers = bearer(&world.clinic.token(&world.staff()));
    let fresh: Vec<_> = (0..200)
        .map(|n| {
            let mut claims = world.staff();
            claims["jti"] = serde_json::json!(n.to_string());
            bearer(&world.clinic.token(&claims))
        })
        .collect();
    world.ask(GET_NOTE, &headers).await.unwrap();
    let begin = Instant::now();
    for headers in &fresh {
        world.ask(GET_NOTE, headers).await.unwrap();
    }
    let verified = begin.elapsed() / 200;
    let rounds = 50_000;
    let begin = Instant::now();
    for _ in 0..rounds {
        world.ask(GET_NOTE, &headers).await.unwrap();
    }
    let remembered = begin.elapsed() / rounds;
    println!("verified {verified:?}, remembered {remembered:?} a request");
    assert!(remembered < verified);
}
