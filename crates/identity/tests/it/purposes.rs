//! `purpose-of-use` narrows, and never widens.

use http::{HeaderMap, HeaderValue};
use identity::PURPOSE_OF_USE;
use kernel::{CodeSet, Purpose};
use tonic::Code;
use tonic_types::StatusExt;

use crate::{
    kinds::reason_of,
    world::{GET_FACTS, GET_NOTE, World, bearer},
};

fn with(token: &str, purposes: &[&[u8]]) -> HeaderMap {
    let mut headers = bearer(token);
    for value in purposes {
        headers.append(PURPOSE_OF_USE, HeaderValue::from_bytes(value).unwrap());
    }
    headers
}

#[tokio::test]
async fn fewer_purposes_than_the_tokens_are_taken_as_asked() {
    let world = World::new().await;
    let token = world.clinic.token(&world.staff());
    let both = CodeSet::from([Purpose::Treat, Purpose::CoordinationOfCare]);
    let treat = CodeSet::from([Purpose::Treat]);
    let cases: [(&[&[u8]], CodeSet<Purpose>); 8] = [
        (&[], both),
        (&[b"TREAT"], treat),
        (&[b"TREAT,COC"], both),
        (&[b"COC , \tTREAT"], both),
        (&[b"TREAT,TREAT"], treat),
        (&[b"TREAT", b"COC"], both),
        (&[b" TREAT "], treat),
        // Once narrowed, the remembered token is still whole.
        (&[], both),
    ];
    for (asked, expected) in cases {
        let caller = world.ask(GET_NOTE, &with(&token, asked)).await.unwrap().unwrap();
        assert_eq!(caller.purposes(), expected, "{asked:?}");
    }
}

#[tokio::test]
async fn a_purpose_outside_the_tokens_is_refused() {
    let world = World::new().await;
    let staff = world.clinic.token(&world.staff());
    for asked in [&b"HRESCH"[..], b"TREAT,HRESCH", b"BTG", b"PATRQT"] {
        let status = world.ask(GET_NOTE, &with(&staff, &[asked])).await.unwrap_err();
        assert_eq!(status.code(), Code::PermissionDenied);
        assert_eq!(reason_of(&status), "PURPOSE_NOT_ALLOWED");
    }
    let service = world.service_tokens("notes").authorization("consent").unwrap();
    let mut headers = HeaderMap::from_iter([(http::header::AUTHORIZATION, service)]);
    headers.insert(PURPOSE_OF_USE, HeaderValue::from_static("TREAT"));
    let status = world.ask(GET_FACTS, &headers).await.unwrap_err();
    assert_eq!(reason_of(&status), "PURPOSE_NOT_ALLOWED");
}

#[tokio::test]
async fn a_purpose_that_cannot_be_read_names_the_metadata_key() {
    let world = World::new().await;
    let token = world.clinic.token(&world.staff());
    let long = b"TREAT,".repeat(200);
    for asked in [
        &b""[..],
        b",",
        b"TREAT,",
        b",TREAT",
        b"TREAT,,COC",
        b"treat",
        b"TREAT COC",
        b"TREAT;COC",
        b"SNOOP",
        b"TREAT,SNOOP",
        b"\xff",
        b"*",
        b"TREAT\xc3\xa9",
        b" ",
        &long,
    ] {
        let status = world.ask(GET_NOTE, &with(&token, &[asked])).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{asked:?}");
        assert_eq!(reason_of(&status), "INVALID_METADATA");
        assert_eq!(status.get_details_error_info().unwrap().metadata["key"], PURPOSE_OF_USE);
        assert!(!status.message().contains("SNOOP"));
    }
}

#[tokio::test]
async fn a_bad_token_is_a_bad_token_whatever_the_purposes() {
    let world = World::new().await;
    world.refuses_headers("bad token, bad purpose", &with("a.b.c", &[b"SNOOP"])).await;
}
