//! What a token is worth over which connection: tokens that are bound to a certificate (RFC 8705), and
//! services, whose every call shows their own.

use std::{convert::Infallible, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{Request, Response, header::AUTHORIZATION};
use identity::{AuthLayer, Caller};
use kernel::{Connection, PeerCertificate};
use serde_json::{Value, json};
use tonic::{Code, Status};
use tower::{Layer, ServiceExt, service_fn};

use crate::{
    forge::merged,
    world::{CLINIC, GET_AGENCY, GET_FACTS, World, bearer},
};

fn over(thumbprint: u8, services: &[&str]) -> Connection {
    let services = services.iter().map(|name| (*name).to_owned()).collect();
    let certificate = PeerCertificate { thumbprint: [thumbprint; 32], services };
    Connection::Tls { certificate: Some(certificate) }
}

const WITHOUT: Connection = Connection::Tls { certificate: None };

async fn ask(
    world: &World,
    connection: &Connection,
    path: &str,
    token: &str,
) -> Result<Option<Arc<Caller>>, Status> {
    let headers = bearer(token);
    let asked = world.authenticator.authenticate_over(connection, path, &headers);
    asked.await.map_err(Status::from)
}

/// With the answer that no token at all gets, byte for byte.
async fn refused(world: &World, what: &str, connection: &Connection, path: &str, token: &str) {
    let nothing = world.ask(path, &http::HeaderMap::new()).await.unwrap_err();
    let status = match ask(world, connection, path, token).await {
        Err(status) => status,
        Ok(_) => panic!("{what}: accepted"),
    };
    assert_eq!(status.code(), Code::Unauthenticated, "{what}");
    let told = |status: &Status| (status.message().to_owned(), status.details().to_vec());
    assert_eq!(told(&status), told(&nothing), "{what}");
}

fn bound_to(claims: Value, thumbprint: [u8; 32]) -> Value {
    merged(claims, &json!({ "cnf": { "x5t#S256": URL_SAFE_NO_PAD.encode(thumbprint) } }))
}

#[tokio::test]
async fn a_bound_token_stands_over_its_own_certificate_alone_also_when_it_is_remembered() {
    let world = World::new().await;
    for (what, token) in [
        ("staff", world.clinic.token(&bound_to(world.staff(), [7; 32]))),
        ("a person", world.people.token(&bound_to(world.person(), [7; 32]))),
    ] {
        refused(&world, what, &over(8, &[]), GET_AGENCY, &token).await;
        // From here on the token is remembered.
        for _ in 0..2 {
            ask(&world, &over(7, &[]), GET_AGENCY, &token).await.unwrap();
            for other in [over(8, &[]), over(8, &["notes"]), WITHOUT, Connection::Plaintext] {
                refused(&world, what, &other, GET_AGENCY, &token).await;
            }
        }
    }
}

#[tokio::test]
async fn a_token_that_is_bound_to_nothing_stands_over_any_connection() {
    let world = World::new().await;
    let token = world.clinic.token(&world.staff());
    for connection in [over(7, &[]), WITHOUT, Connection::Plaintext, Connection::UNKNOWN] {
        ask(&world, &connection, GET_AGENCY, &token).await.unwrap();
    }
}

#[tokio::test]
async fn a_confirmation_that_is_not_understood_refuses_the_token() {
    let world = World::new().await;
    let thumbprint = URL_SAFE_NO_PAD.encode([7; 32]);
    for cnf in [
        json!(null),
        json!({}),
        json!([]),
        json!("x5t#S256"),
        json!(thumbprint),
        json!([thumbprint]),
        json!({ "x5t#S256": null }),
        json!({ "x5t#S256": "" }),
        json!({ "x5t#S256": 7 }),
        json!({ "x5t#S256": [thumbprint] }),
        json!({ "x5t#s256": thumbprint }),
        json!({ "x5t": thumbprint }),
        json!({ "jkt": thumbprint }),
        json!({ "kid": "a key" }),
        json!({ "x5t#S256": thumbprint, "jkt": thumbprint }),
        json!({ "x5t#S256": format!("{thumbprint}=") }),
        json!({ "x5t#S256": format!(" {thumbprint}") }),
        json!({ "x5t#S256": URL_SAFE_NO_PAD.encode([7; 31]) }),
        json!({ "x5t#S256": URL_SAFE_NO_PAD.encode([7; 33]) }),
        json!({ "x5t#S256": "07".repeat(32) }),
    ] {
        let token = world.clinic.token(&merged(world.staff(), &json!({ "cnf": cnf })));
        refused(&world, &format!("cnf {cnf}"), &over(7, &[]), GET_AGENCY, &token).await;
    }
}

#[tokio::test]
async fn an_issuer_that_binds_its_tokens_is_not_heard_without() {
    let world =
        World::with(&["notes"], |issuer| issuer.certificate_bound = issuer.issuer == CLINIC).await;
    let free = world.clinic.token(&world.staff());
    for connection in [over(7, &[]), WITHOUT, Connection::Plaintext] {
        refused(&world, "bound to nothing", &connection, GET_AGENCY, &free).await;
    }
    let bound = world.clinic.token(&bound_to(world.staff(), [7; 32]));
    ask(&world, &over(7, &[]), GET_AGENCY, &bound).await.unwrap();
    let person = world.people.token(&world.person());
    ask(&world, &WITHOUT, GET_AGENCY, &person).await.unwrap();
}

#[tokio::test]
async fn a_service_is_heard_over_a_connection_of_its_own_certificate_alone() {
    let world = World::new().await;
    let value = world.service_tokens("notes").authorization("consent").unwrap();
    let token = value.to_str().unwrap().trim_start_matches("Bearer ").to_owned();
    for _ in 0..2 {
        for own in [over(1, &["notes"]), over(2, &["audit", "notes"]), Connection::Plaintext] {
            ask(&world, &own, GET_FACTS, &token).await.unwrap();
        }
        for (what, other) in [
            ("another service's", over(1, &["audit"])),
            ("a client's", over(1, &[])),
            ("a longer name", over(1, &["notesx"])),
            ("the callee's", over(1, &["consent"])),
            ("none", WITHOUT),
            ("nobody said", Connection::UNKNOWN),
        ] {
            refused(&world, what, &other, GET_FACTS, &token).await;
        }
    }
    // Nor does a service's certificate make a user of anybody.
    let staff = world.clinic.token(&world.staff());
    let status = ask(&world, &over(1, &["notes"]), GET_FACTS, &staff).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
}

/// Through the layer, as the listener fills the request's extensions.
async fn layered(world: &World, connection: Option<Connection>, path: &str, token: &str) -> Code {
    let inner =
        service_fn(|_: Request<()>| async { Ok::<_, Infallible>(Response::new(String::new())) });
    let layer = AuthLayer::new(world.authenticator.clone()).layer(inner);
    let mut request =
        Request::post(path).header(AUTHORIZATION, format!("Bearer {token}")).body(()).unwrap();
    if let Some(connection) = connection {
        request.extensions_mut().insert(connection);
    }
    let answer = layer.oneshot(request).await.unwrap();
    Status::from_header_map(answer.headers()).map_or(Code::Ok, |status| status.code())
}

#[tokio::test]
async fn the_layer_goes_by_what_the_listener_put_beside_the_call_and_by_the_strictest_without() {
    let world = World::new().await;
    let bound = world.clinic.token(&bound_to(world.staff(), [7; 32]));
    let value = world.service_tokens("notes").authorization("consent").unwrap();
    let service = value.to_str().unwrap().trim_start_matches("Bearer ").to_owned();
    for (connection, user, other) in [
        (Some(over(7, &[])), Code::Ok, Code::Unauthenticated),
        (Some(over(8, &["notes"])), Code::Unauthenticated, Code::Ok),
        (Some(Connection::Plaintext), Code::Unauthenticated, Code::Ok),
        (Some(WITHOUT), Code::Unauthenticated, Code::Unauthenticated),
        (None, Code::Unauthenticated, Code::Unauthenticated),
    ] {
        let told = format!("{connection:?}");
        assert_eq!(layered(&world, connection.clone(), GET_AGENCY, &bound).await, user, "{told}");
        assert_eq!(layered(&world, connection, GET_FACTS, &service).await, other, "{told}");
    }
}
