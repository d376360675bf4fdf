use std::time::{Duration, Instant};

use permit::FENCE;
use testkit::waits;
use tonic::{Code, Streaming};
use uuid::Uuid;
use wire::{consent::v1 as pb, convert::name_of};

use crate::world::{ANA, BEN, CLINIC, World, terms, told, with};

pub async fn follow(world: &World, after: i64) -> Streaming<pb::WatchFactsResponse> {
    let request = pb::WatchFactsRequest { after };
    world.facts().watch_facts(with(&world.service(), request)).await.unwrap().into_inner()
}

pub async fn next<M>(stream: &mut Streaming<M>) -> M {
    let message = tokio::time::timeout(Duration::from_secs(10), stream.message());
    message.await.expect("in time").unwrap().expect("no end")
}

/// How a stream ends of which nothing more comes before its end.
pub async fn ended<M: std::fmt::Debug>(stream: &mut Streaming<M>) -> (Code, String) {
    let message = tokio::time::timeout(Duration::from_secs(10), stream.message());
    told(&message.await.expect("in time").unwrap_err())
}

/// Past the checkpoints.
pub async fn next_change(stream: &mut Streaming<pb::WatchFactsResponse>) -> pb::WatchFactsResponse {
    loop {
        let message = next(stream).await;
        if !message.person.is_empty() {
            return message;
        }
    }
}

fn change(sequence: i64, person: Uuid, revision: i64) -> pb::WatchFactsResponse {
    pb::WatchFactsResponse { sequence, person: name_of("people", person), revision }
}

#[tokio::test]
async fn a_follower_sees_every_change_in_order_and_drafts_are_none() {
    let world = World::new().await;
    let mut stream = follow(&world, 0).await;
    let first = next(&mut stream).await;
    assert_eq!(first, pb::WatchFactsResponse::default(), "a checkpoint at the beginning");
    world.draft(&world.staff(CLINIC), ANA, terms()).await.unwrap();
    let signed = world.signed("ana", terms()).await;
    world.signed("ben", terms()).await;
    let (ana, mut seen) = (world.person("ana"), Vec::new());
    // Followers are told before the fence, and others ask many times more.
    let told = async || match seen.len() {
        ..3 => seen.push(next_change(&mut stream).await),
        _ => drop(world.facts_of(ANA).await),
    };
    waits(FENCE, world.revoke(&ana, &signed.name), told).await.unwrap();
    assert_eq!(seen, [change(1, ANA, 1), change(2, BEN, 1), change(3, ANA, 2)]);

    let mut later = follow(&world, 2).await;
    assert_eq!(next_change(&mut later).await, change(3, ANA, 2));
}

#[tokio::test]
async fn a_checkpoint_comes_while_nothing_changes_and_repeats_the_last_number() {
    let world = World::new().await;
    world.signed("ana", terms()).await;
    let mut stream = follow(&world, 0).await;
    assert_eq!(next(&mut stream).await, change(1, ANA, 1));
    let begun = Instant::now();
    let checkpoint = next(&mut stream).await;
    assert_eq!(checkpoint, pb::WatchFactsResponse { sequence: 1, ..Default::default() });
    // Before followers give up, after 10 s.
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_stream_ends_with_the_token_that_it_was_opened_with() {
    let world = World::new().await;
    let mut stream = follow(&world, 0).await;
    next(&mut stream).await;
    world.clock.advance(time::Duration::hours(1));
    let ended = tokio::time::timeout(Duration::from_secs(10), stream.message()).await.unwrap();
    assert_eq!(ended.unwrap_err().code(), Code::Unauthenticated);
}
