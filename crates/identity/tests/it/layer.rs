//! The tower layer, before a service that must not be reached.

use std::{convert::Infallible, sync::Arc};

use http::{Request, Response, header::AUTHORIZATION};
use identity::{AuthLayer, Bearer, Caller};
use tonic::{Code, Status};
use tower::{Layer, ServiceExt, service_fn};

use crate::{
    kinds::reason_of,
    world::{GET_NOTE, World},
};

/// Reports whom it saw, and that no token came with them.
async fn send(world: &World, request: Request<()>) -> Result<Option<Arc<Caller>>, Status> {
    let inner = service_fn(|request: Request<()>| async move {
        assert!(!request.headers().contains_key(AUTHORIZATION), "the token goes no further");
        let mut answer = Response::new(String::from("reached"));
        let mut seen = tonic::Request::new(());
        *seen.extensions_mut() = request.extensions().clone();
        if let Ok(caller) = Caller::of(&seen) {
            answer.extensions_mut().insert(caller);
        }
        Ok::<_, Infallible>(answer)
    });
    let layered = AuthLayer::new(world.authenticator.clone()).layer(inner);
    let mut answer = layered.oneshot(request).await.unwrap();
    match Status::from_header_map(answer.headers()) {
        Some(status) => {
            assert_eq!(answer.headers()["content-type"], "application/grpc");
            assert!(answer.body().is_empty(), "reached, and refused");
            Err(status)
        }
        None => Ok(answer.extensions_mut().remove::<Arc<Caller>>()),
    }
}

fn request(path: &str, token: Option<&str>) -> Request<()> {
    let mut request = Request::post(path);
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    request.body(()).unwrap()
}

#[tokio::test]
async fn a_good_token_brings_its_caller_to_the_handler() {
    let world = World::new().await;
    let token = world.clinic.token(&world.staff());
    for _ in 0..2 {
        let caller = send(&world, request(GET_NOTE, Some(&token))).await.unwrap().unwrap();
        assert_eq!(caller.subject().as_str(), "dr-a");
    }
}

#[tokio::test]
async fn a_bad_token_is_answered_before_the_handler() {
    let world = World::new().await;
    let mut answers = Vec::new();
    for token in [None, Some("x"), Some("a.b.c"), Some("")] {
        let status = send(&world, request(GET_NOTE, token)).await.unwrap_err();
        assert_eq!(
            (status.code(), &*reason_of(&status)),
            (Code::Unauthenticated, "UNAUTHENTICATED")
        );
        answers.push((status.message().to_owned(), status.details().to_vec()));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "one answer for all");
}

#[tokio::test]
async fn a_token_whose_key_must_be_fetched_waits_and_goes_on() {
    let world = World::new().await;
    let next = crate::forge::Key::new("clinic-2", jsonwebtoken::Algorithm::ES256);
    let path = world.directory.path().join("clinic.json");
    std::fs::write(path, crate::forge::set(&[&world.clinic, &next]).to_string()).unwrap();
    let token = next.token(&world.staff());
    assert!(send(&world, request(GET_NOTE, Some(&token))).await.unwrap().is_some());
    let stranger = crate::forge::Key::new("clinic-3", jsonwebtoken::Algorithm::ES256);
    let status = send(&world, request(GET_NOTE, Some(&stranger.token(&world.staff())))).await;
    assert_eq!(status.unwrap_err().code(), Code::Unauthenticated);
}

#[tokio::test]
async fn a_public_rpc_is_reached_without_a_caller_even_if_one_was_smuggled_in() {
    let world = World::new().await;
    let token = world.clinic.token(&world.staff());
    let caller = send(&world, request(GET_NOTE, Some(&token))).await.unwrap().unwrap();
    let mut health = request("/grpc.health.v1.Health/Check", Some("not a token"));
    health.extensions_mut().insert(caller.clone());
    assert!(send(&world, health).await.unwrap().is_none());
    let mut bad = request(GET_NOTE, None);
    bad.extensions_mut().insert(caller);
    assert!(send(&world, bad).await.is_err());
}

#[tokio::test]
async fn a_path_in_another_spelling_reaches_nothing() {
    let world = World::new().await;
    let token = world.clinic.token(&world.staff());
    for path in [
        "//trellis.notes.v1.NotesService/GetNote",
        "/trellis.notes.v1.NotesService/GetNote/",
        "/trellis.notes.v1.NotesService/getnote",
        "/TRELLIS.notes.v1.NotesService/GetNote",
        "/trellis.notes.v1.NotesService/GetNote?x=1",
        "/trellis.notes.v1.NotesService/GetNote?",
        "/trellis.notes.v1.NotesService/%47etNote",
        "/x/../trellis.notes.v1.NotesService/GetNote",
        "/grpc.health.v1.Health/Check/../../trellis.notes.v1.NotesService/GetNote",
        "/trellis.notes.v1.NotesService%2FGetNote",
        "/",
    ] {
        let status = send(&world, request(path, Some(&token))).await.unwrap_err();
        assert_eq!(
            (status.code(), &*reason_of(&status)),
            (Code::Unimplemented, "UNIMPLEMENTED"),
            "{path}"
        );
    }
}

/// What a handler can pass on.
async fn passed_on(world: &World, request: Request<()>) -> Option<http::HeaderMap> {
    let inner = service_fn(|request: Request<()>| async move {
        let mut seen = tonic::Request::new(());
        *seen.extensions_mut() = request.extensions().clone();
        let mut answer = Response::new(String::new());
        if let Ok(bearer) = Bearer::of(&seen) {
            assert_eq!(format!("{bearer:?}"), "Bearer");
            let mut headers = http::HeaderMap::new();
            headers.insert(AUTHORIZATION, "Bearer of a service".parse().unwrap());
            headers.insert("purpose-of-use", "BTG".parse().unwrap());
            bearer.put(&mut headers);
            answer.extensions_mut().insert(headers);
        }
        Ok::<_, Infallible>(answer)
    });
    let layered = AuthLayer::new(world.authenticator.clone()).layer(inner);
    layered.oneshot(request).await.unwrap().extensions_mut().remove()
}

#[tokio::test]
async fn a_token_is_passed_on_where_the_table_says_so_and_nowhere_else() {
    let world = World::new().await;
    let token = world.people.token(&world.person());
    let ask = |path: &str| {
        let mut request = request(path, Some(&token));
        request.headers_mut().insert("purpose-of-use", "PATRQT".parse().unwrap());
        request
    };
    let whole = ask("/trellis.recovery.v1.RecoveryService/GetMyRecord");
    let headers = passed_on(&world, whole).await.unwrap();
    assert_eq!(headers.get_all(AUTHORIZATION).iter().count(), 1);
    assert_eq!(headers[AUTHORIZATION], format!("Bearer {token}"));
    assert!(headers[AUTHORIZATION].is_sensitive());
    let purposes: Vec<_> = headers.get_all("purpose-of-use").iter().collect();
    assert_eq!(purposes, ["PATRQT"]);
    assert!(passed_on(&world, ask("/trellis.recovery.v1.RecoveryService/GetPlan")).await.is_none());
    let staff = world.clinic.token(&world.staff());
    let refused = request("/trellis.recovery.v1.RecoveryService/GetMyRecord", Some(&staff));
    assert!(passed_on(&world, refused).await.is_none());
}
