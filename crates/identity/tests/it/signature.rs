//! Whose key, and which algorithm.

use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::json;

use crate::{
    forge::{Key, merged, message},
    world::{CLINIC, PEOPLE, STATE, World, claims_of},
};

#[tokio::test]
async fn good_tokens_of_every_issuer_are_accepted() {
    let world = World::new().await;
    world.accepts("ES256", &world.clinic.token(&world.staff())).await;
    world.accepts("EdDSA", &world.people.token(&world.person())).await;
    world.accepts("RS256", &world.state.token(&world.admin())).await;
}

#[tokio::test]
async fn no_algorithm_is_refused_in_every_spelling() {
    let world = World::new().await;
    let claims = world.staff();
    for alg in ["none", "None", "NONE", "nOnE", "none ", "", "null", "noneES256"] {
        let header = merged(world.clinic.header(), &json!({ "alg": alg })).to_string();
        let message = message(&header, &claims.to_string());
        let signed = world.clinic.token(&claims);
        let signature = signed.rsplit('.').next().unwrap();
        world.refuses(&format!("{alg:?} unsigned"), &format!("{message}.")).await;
        world.refuses(&format!("{alg:?} other signature"), &format!("{message}.{signature}")).await;
        world
            .refuses(&format!("{alg:?} signed"), &world.clinic.sign(&header, &claims.to_string()))
            .await;
    }
    for alg in [json!(null), json!(0), json!(["ES256"]), json!({ "ES256": null })] {
        let token = world.clinic.with_header(&json!({ "alg": alg }), &claims);
        world.refuses(&format!("alg {alg}"), &token).await;
    }
}

#[tokio::test]
async fn a_public_key_is_no_shared_secret() {
    let world = World::new().await;
    for (key, claims) in [
        (&world.clinic, world.staff()),
        (&world.people, world.person()),
        (&world.state, world.admin()),
    ] {
        let jwk = key.jwk();
        let mut secrets = vec![jwk.to_string().into_bytes(), Vec::new(), b"secret".to_vec()];
        for member in ["x", "y", "n"] {
            if let Some(text) = jwk[member].as_str() {
                use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
                let raw = URL_SAFE_NO_PAD.decode(text).unwrap();
                secrets.push([&[4], &raw[..]].concat());
                secrets.push(raw);
                secrets.push(text.as_bytes().to_vec());
            }
        }
        for secret in secrets {
            for (algorithm, name) in [
                (Algorithm::HS256, "HS256"),
                (Algorithm::HS384, "HS384"),
                (Algorithm::HS512, "HS512"),
            ] {
                // An honest header, and one that claims to be the key's.
                for alg in [name.to_owned(), format!("{:?}", key.algorithm)] {
                    let header = merged(key.header(), &json!({ "alg": alg }));
                    let message = message(&header.to_string(), &claims.to_string());
                    let secret = EncodingKey::from_secret(&secret);
                    let mac = crypto::sign(message.as_bytes(), &secret, algorithm).unwrap();
                    world.refuses(&format!("{name} as {alg}"), &format!("{message}.{mac}")).await;
                }
            }
        }
    }
}

#[tokio::test]
async fn an_algorithm_unlike_the_keys_is_refused() {
    let world = World::new().await;
    for (key, claims) in [
        (&world.clinic, world.staff()),
        (&world.people, world.person()),
        (&world.state, world.admin()),
    ] {
        let own = format!("{:?}", key.algorithm);
        for alg in [
            "ES256", "ES384", "ES512", "EdDSA", "Ed25519", "RS256", "RS384", "RS512", "PS256",
            "PS384", "PS512", "es256", "ES256 ", "RS1", "HS256",
        ] {
            if alg != own {
                let token = key.with_header(&json!({ "alg": alg }), &claims);
                world.refuses(&format!("{alg} with a key for {own}"), &token).await;
            }
        }
    }
}

#[tokio::test]
async fn a_stranger_with_the_right_key_id_is_refused() {
    let world = World::new().await;
    let claims = world.staff();
    for algorithm in [Algorithm::ES256, Algorithm::ES384, Algorithm::EdDSA, Algorithm::RS256] {
        let stranger = Key::new(&world.clinic.kid, algorithm);
        world.refuses("another key", &stranger.token(&claims)).await;
        let header = world.clinic.header().to_string();
        world
            .refuses("another key in disguise", &stranger.sign(&header, &claims.to_string()))
            .await;
    }
}

#[tokio::test]
async fn a_key_id_is_looked_up_and_never_followed() {
    let world = World::new().await;
    let claims = world.staff();
    let file = world.directory.path().join("clinic.json");
    let long = "k".repeat(256);
    for kid in [
        "",
        "../../../../dev/null",
        "/dev/null",
        "file:///dev/null",
        file.to_str().unwrap(),
        "https://evil.example/key",
        "' OR '1'='1",
        "clinic-1' --",
        "x' UNION SELECT 'secret",
        "clinic-1\0",
        "clinic-1 ",
        " clinic-1",
        "CLINIC-1",
        "clinic-2",
        "people-1",
        "state-1",
        &long,
        "0",
        "${jndi:x}",
    ] {
        let token = world.clinic.with_header(&json!({ "kid": kid }), &claims);
        world.refuses(&format!("kid {kid:?}"), &token).await;
    }
    for kid in [json!(null), json!(1), json!(["clinic-1"]), json!({ "clinic-1": 1 })] {
        let token = world.clinic.with_header(&json!({ "kid": kid }), &claims);
        world.refuses(&format!("kid {kid}"), &token).await;
    }
}

#[tokio::test]
async fn an_issuers_key_signs_for_no_other_issuer() {
    let world = World::new().await;
    let now = world.now();
    let issuers = [(CLINIC, &world.clinic), (PEOPLE, &world.people), (STATE, &world.state)];
    for (name, owner) in issuers {
        for (_, other) in issuers.iter().filter(|(other, _)| *other != name) {
            for claims in [world.staff(), world.person(), world.admin()] {
                let claims = merged(claims, &json!({ "iss": name }));
                world.refuses("own kid", &other.token(&claims)).await;
                world
                    .refuses(
                        "owner's kid",
                        &other.with_header(&json!({ "kid": owner.kid }), &claims),
                    )
                    .await;
                let header = owner.header().to_string();
                world.refuses("owner's header", &other.sign(&header, &claims.to_string())).await;
            }
        }
        // Nor for the network itself.
        let claims = merged(
            claims_of(identity::NETWORK_ISSUER, now, "notes", json!({ "roles": ["SERVICE"] })),
            &json!({ "aud": ["consent", crate::world::AUDIENCE], "exp": now + 300 }),
        );
        world.refuses("a service's token", &owner.token(&claims)).await;
    }
}

/// Two issuers may give their keys the same id.
#[tokio::test]
async fn a_key_id_is_its_issuers_own_and_every_algorithm_of_backend_services_signs() {
    identity::prepare_crypto().unwrap();
    let keys = [Algorithm::ES384, Algorithm::RS384, Algorithm::ES256];
    let world = World::keyed(&["notes"], keys.map(|algorithm| Key::new("one", algorithm))).await;
    world.accepts("ES384", &world.clinic.token(&world.staff())).await;
    world.accepts("RS384", &world.people.token(&world.person())).await;
    world.accepts("ES256", &world.state.token(&world.admin())).await;
    for (what, key, claims) in [
        ("the clinic's claims by the people's key", &world.people, world.staff()),
        ("the people's claims by the clinic's key", &world.clinic, world.person()),
        ("the state's claims by the clinic's key", &world.clinic, world.admin()),
    ] {
        world.refuses(what, &key.token(&claims)).await;
    }
}

#[tokio::test]
async fn of_two_keys_of_one_algorithm_and_one_id_each_signs_for_its_own_issuer_alone() {
    identity::prepare_crypto().unwrap();
    let key = || Key::new("one", Algorithm::ES256);
    let world = World::keyed(&["notes"], [key(), key(), key()]).await;
    world.accepts("staff", &world.clinic.token(&world.staff())).await;
    world.accepts("person", &world.people.token(&world.person())).await;
    world.refuses("staff by the people's", &world.people.token(&world.staff())).await;
    world.refuses("a person by the clinic's", &world.clinic.token(&world.person())).await;
}
