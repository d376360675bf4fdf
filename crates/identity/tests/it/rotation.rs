//! The network's own key, and what service tokens open.

use identity::CallerKind;
use kernel::{CodeSet, Role};
use serde_json::{Value, json};
use time::Duration;
use tonic::Code;

use crate::{
    forge::Key,
    kinds::reason_of,
    world::{GET_AGENCY, GET_FACTS, GET_NOTE, World},
};

const FOLLOW: &str = "/trellis.audit.v1.LedgerService/FollowLedger";

fn token_of(world: &World, from: &str, to: &str) -> String {
    let header = world.service_tokens(from).authorization(to).unwrap();
    header.to_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned()
}

/// The network's key in the hands of a test.
fn network_key(world: &World) -> Key {
    use jsonwebtoken::{Algorithm, EncodingKey};
    let pem = std::fs::read(world.directory.path().join("network/network-key.pem")).unwrap();
    Key {
        kid: world.network.signing_key().kid().to_owned(),
        algorithm: Algorithm::ES256,
        private: EncodingKey::from_ec_pem(&pem).unwrap(),
    }
}

#[tokio::test]
async fn a_service_token_opens_service_rpcs_of_its_callee_and_nothing_else() {
    let world = World::new().await;
    let token = token_of(&world, "notes", "consent");
    let caller = world.caller(GET_FACTS, &token).await.unwrap();
    assert_eq!(*caller.kind(), CallerKind::Service { name: "notes".into() });
    assert_eq!(caller.roles(), CodeSet::from([Role::Service]));
    assert!(caller.purposes().is_empty() && caller.agency().is_none());
    for path in [GET_AGENCY, "/trellis.consent.v1.ConsentService/GetConsent"] {
        let status = world.caller(path, &token).await.unwrap_err();
        assert_eq!(
            (status.code(), &*reason_of(&status)),
            (Code::PermissionDenied, "ROLE_NOT_ADMITTED")
        );
    }
    // Made for another service of the same process.
    for to in ["notes", "audit"] {
        let status = world.caller(GET_FACTS, &token_of(&world, "notes", to)).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated, "{to}");
    }
    let status = world.caller(GET_NOTE, &token).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    // Made for a service that this process is not.
    world.refuses("another process", &token_of(&world, "notes", "people")).await;
    world.refuses("the users' audience", &token_of(&world, "notes", crate::world::AUDIENCE)).await;
}

#[tokio::test]
async fn the_ledger_is_each_services_own() {
    let world = World::serving(&["notes"]).await;
    assert!(world.caller(FOLLOW, &token_of(&world, "audit", "notes")).await.is_ok());
    assert!(world.caller(FOLLOW, &token_of(&world, "audit", "audit")).await.is_err());
}

#[tokio::test]
async fn the_networks_key_speaks_of_services_only() {
    let world = World::new().await;
    let key = network_key(&world);
    let good = world.service();
    assert!(world.caller(GET_FACTS, &key.token(&good)).await.is_ok());
    for change in [
        json!({ "roles": ["SERVICE", "NETWORK_ADMIN"] }),
        json!({ "roles": ["NETWORK_ADMIN"] }),
        json!({ "roles": ["PERSON"] }),
        json!({ "roles": ["CLINICIAN"], "agency": crate::world::AGENCY, "client_id": "x" }),
        json!({ "agency": crate::world::AGENCY }),
        json!({ "client_id": "x" }),
        json!({ "purposes": ["TREAT"] }),
        json!({ "sub": "Notes" }),
        json!({ "sub": "notes/../consent" }),
        json!({ "sub": "" }),
        json!({ "aud": "https://trellis.example" }),
        json!({ "aud": "Consent" }),
        json!({ "exp": world.now() + 601 }),
        json!({ "iss": "trellis:Network" }),
        json!({ "iss": crate::world::STATE }),
    ] {
        let token = key.token(&crate::forge::merged(good.clone(), &change));
        let status = world.caller(GET_FACTS, &token).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated, "{change}");
    }
    let longest = crate::forge::merged(good, &json!({ "exp": world.now() + 600 }));
    assert!(world.caller(GET_FACTS, &key.token(&longest)).await.is_ok());
}

#[tokio::test]
async fn a_rotation_overlaps_and_a_retired_key_falls_out() {
    let mut world = World::new().await;
    let tokens = world.service_tokens("notes");
    let token = |header: http::HeaderValue| {
        header.to_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned()
    };
    let old = token(tokens.authorization("consent").unwrap());
    assert!(world.caller(GET_FACTS, &old).await.is_ok());
    world.network.rotate().unwrap();
    tokens.rotate(world.network.signing_key().clone());
    let new = token(tokens.authorization("consent").unwrap());
    assert_ne!(old, new);
    assert!(world.caller(GET_FACTS, &new).await.is_ok(), "an unknown key id is looked up");
    assert!(world.caller(GET_FACTS, &old).await.is_ok(), "the one before still stands");
    world.network.retire().unwrap();
    world.clock.advance(Duration::seconds(30));
    let made_up = Key { kid: "made-up".into(), ..network_key(&world) };
    assert!(world.caller(GET_FACTS, &made_up.token(&world.service())).await.is_err());
    assert!(world.caller(GET_FACTS, &old).await.is_err(), "remembered, and yet out");
    assert!(world.caller(GET_FACTS, &new).await.is_ok());
}

#[test]
fn the_set_keeps_a_bounded_overlap_and_survives_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let mut keys = identity::NetworkKeys::open(directory.path()).unwrap();
    let first = keys.signing_key().kid().to_owned();
    assert_eq!(identity::NetworkKeys::open(directory.path()).unwrap().signing_key().kid(), first);
    let kids = |keys: &identity::NetworkKeys| {
        let set: Value = serde_json::from_slice(&std::fs::read(keys.jwks_file()).unwrap()).unwrap();
        let kids = set["keys"].as_array().unwrap().iter();
        kids.map(|key| key["kid"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(kids(&keys), std::slice::from_ref(&first));
    keys.rotate().unwrap();
    let second = keys.signing_key().kid().to_owned();
    assert_eq!(kids(&keys), [second.clone(), first]);
    for _ in 0..5 {
        keys.rotate().unwrap();
    }
    assert_eq!(kids(&keys).len(), 3);
    let reopened = identity::NetworkKeys::open(directory.path()).unwrap();
    assert_eq!(reopened.signing_key().kid(), keys.signing_key().kid());
    assert_eq!(kids(&reopened).len(), 3);
    let text = std::fs::read_to_string(keys.jwks_file()).unwrap();
    assert!(!text.contains("\"d\""), "no private half is published");
}
