//! When a token stands, by the injected clock alone.

use kernel::Instant;
use serde_json::{Value, json};
use time::Duration;

use crate::{
    forge::{merged, without},
    world::{NOW, World},
};

#[tokio::test]
async fn the_machines_clock_is_never_asked() {
    let world = World::new().await;
    // Stands in 2040 only.
    world.accepts("by the injected clock", &world.clinic.token(&world.staff())).await;
    // Stands by the machine's clock, whatever it shows up to 2039.
    let machine = 1_700_000_000;
    for start in (machine..NOW - 90_000).step_by(20_000_000) {
        let claims =
            merged(world.staff(), &json!({ "iat": start, "nbf": start, "exp": start + 80_000 }));
        world.refuses("by the machine's clock", &world.clinic.token(&claims)).await;
    }
}

#[tokio::test]
async fn each_time_has_five_seconds_of_leeway_and_no_more() {
    let world = World::new().await;
    let with = |change: Value| world.clinic.token(&merged(world.staff(), &change));
    for (what, change, stands) in [
        ("ends this second", json!({ "exp": NOW, "iat": NOW - 60, "nbf": NOW - 60 }), true),
        ("ended 4 s ago", json!({ "exp": NOW - 4, "iat": NOW - 60, "nbf": NOW - 60 }), true),
        ("ended 5 s ago", json!({ "exp": NOW - 5, "iat": NOW - 60, "nbf": NOW - 60 }), false),
        ("ended 60 s ago", json!({ "exp": NOW - 60, "iat": NOW - 90, "nbf": NOW - 90 }), false),
        ("ended long ago", json!({ "exp": 2, "iat": 1, "nbf": 1 }), false),
        ("begins in 5 s", json!({ "nbf": NOW + 5 }), true),
        ("begins in 6 s", json!({ "nbf": NOW + 6 }), false),
        ("begins in 60 s", json!({ "nbf": NOW + 60 }), false),
        ("issued in 5 s", json!({ "iat": NOW + 5 }), true),
        ("issued in 6 s", json!({ "iat": NOW + 6 }), false),
        ("issued tomorrow", json!({ "iat": NOW + 86_400, "exp": NOW + 90_000 }), false),
        ("begins before it was issued", json!({ "nbf": NOW - 600 }), true),
        ("ends when it begins", json!({ "nbf": NOW + 3, "exp": NOW + 3 }), false),
        ("ends before it was issued", json!({ "iat": NOW + 4, "exp": NOW + 3 }), false),
        ("lives 24 h", json!({ "exp": NOW + 86_400 }), true),
        ("lives a second longer", json!({ "exp": NOW + 86_401 }), false),
        ("lives longer from the past", json!({ "iat": NOW - 10, "exp": NOW + 86_395 }), false),
    ] {
        match stands {
            true => drop(world.accepts(what, &with(change)).await),
            false => world.refuses(what, &with(change)).await,
        }
    }
}

#[tokio::test]
async fn a_time_that_is_missing_or_no_whole_number_is_refused() {
    let world = World::new().await;
    for name in ["exp", "nbf", "iat"] {
        world.refuses(name, &world.clinic.token(&without(world.staff(), name))).await;
        // Spelled by hand: JSON has more numbers than serde_json would write.
        let good = world.staff();
        let right = format!("\"{name}\":{}", good[name]);
        for value in [
            "null",
            "\"2208992400\"",
            "\"\"",
            "true",
            "[]",
            "[2208992400]",
            "{}",
            "2208992400.0",
            "2208992400.5",
            "2.2089924e9",
            "1e400",
            "-1",
            "-2208992400",
            "0",
            "-0",
            "9223372036854775807",
            "9223372036854775808",
            "18446744073709551615",
            "18446744073709551616",
            "99999999999999999999999999",
            "253402300800",
            "1E10",
            "NaN",
            "+1",
            "02208992400",
        ] {
            // nbf and iat at the beginning of time are ruled out by the lifetime, or harmless.
            if name == "nbf" && value == "0" {
                continue;
            }
            let claims = good.to_string().replacen(&right, &format!("\"{name}\":{value}"), 1);
            assert_ne!(claims, good.to_string());
            let token = world.clinic.sign(&world.clinic.header().to_string(), &claims);
            world.refuses(&format!("{name} {value}"), &token).await;
        }
    }
}

#[tokio::test]
async fn a_remembered_token_ends_when_it_ends_and_not_by_a_clock_set_back() {
    let world = World::new().await;
    let token = world.clinic.token(&world.staff());
    let caller = world.accepts("fresh", &token).await;
    assert_eq!(caller.expires_at().unix_timestamp(), NOW + 3600);
    let at = |seconds: i64| Instant::from_unix_timestamp(NOW + seconds).unwrap();
    world.clock.set(at(3604));
    assert!(!caller.expired(at(3604)));
    world.accepts("within the leeway", &token).await;
    world.clock.set(at(3605));
    assert!(caller.expired(at(3605)));
    world.refuses("ended", &token).await;
    world.clock.set(at(10));
    world.accepts("the clock put right", &token).await;
    world.clock.set(at(-6));
    world.refuses("not begun any more", &token).await;
}

#[tokio::test]
async fn a_service_token_may_live_ten_minutes() {
    let world = World::new().await;
    let path = crate::world::GET_FACTS;
    let tokens = world.service_tokens("notes");
    let header = tokens.authorization("consent").unwrap();
    let token = header.to_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned();
    assert!(world.caller(path, &token).await.is_ok());
    world.clock.advance(Duration::seconds(304));
    assert!(world.caller(path, &token).await.is_ok());
    world.clock.advance(Duration::seconds(1));
    assert!(world.caller(path, &token).await.is_err());
    world.refuses("ended", &token).await;
}
