use std::collections::BTreeSet;

use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;
use wire::{
    common::v1::Labels,
    people::v1::{
        AcceptInvitationRequest, FindPersonRequest, GetPersonRequest, InvitePersonRequest,
        RegisterPersonRequest, people_service_client::PeopleServiceClient,
    },
};

use crate::world::{CLINIC, World, identifier, jane};

fn fields(status: &Status) -> BTreeSet<String> {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "INVALID_ARGUMENT");
    let bad = details.bad_request().unwrap();
    bad.field_violations.iter().map(|v| v.field.clone()).collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_registration_is_named_at_once() {
    let world = World::new().await;
    let staff = world.staff(CLINIC);
    let empty = RegisterPersonRequest::default();
    assert_eq!(
        fields(&staff.register(empty).await.unwrap_err()),
        set(&["request_id", "identifiers", "given_name", "family_name", "birth_date"])
    );
    let hostile = RegisterPersonRequest {
        request_id: Uuid::nil().to_string(),
        identifiers: vec![
            identifier("urn:own", " "),
            identifier("urn:x", "1"),
            identifier("urn:x", "1"),
            identifier("", "\u{202e}1"),
        ],
        given_name: " \u{a0}".into(),
        family_name: "R\u{202e}oe".into(),
        birth_date: "2023-02-29".into(),
        preferred_language: "not a language".into(),
        details: None,
        labels: Some(Labels { confidentiality: 99, sensitivities: vec![0], ..Labels::default() }),
    };
    let named = fields(&staff.register(hostile).await.unwrap_err());
    let expected = set(&[
        "request_id",
        "identifiers[0].value",
        "identifiers[2]",
        "identifiers[3].system",
        "identifiers[3].value",
        "family_name",
        "birth_date",
        "preferred_language",
        "labels.confidentiality",
        "labels.sensitivities[0]",
    ]);
    assert!(named.is_superset(&expected), "{named:?}");
    assert_eq!(world.count("person").await, 0);
}

#[tokio::test]
async fn a_birth_date_must_be_a_day_that_has_begun() {
    let world = World::new().await;
    for bad in ["2040-03-02", "2039-02-29", "1899-12-31", "1980-1-2", "1980-01-02 ", "0"] {
        let mut request = jane(CLINIC);
        request.birth_date = bad.into();
        let refused = world.staff(CLINIC).register(request).await.unwrap_err();
        assert_eq!(fields(&refused), set(&["birth_date"]), "{bad}");
    }
    let mut today = jane(CLINIC);
    today.birth_date = "2040-03-01".into();
    assert!(world.staff(CLINIC).register(today).await.is_ok());
}

#[tokio::test]
async fn oversize_values_and_u_0000_are_refused_and_the_next_request_works() {
    let world = World::new().await;
    let staff = world.staff(CLINIC);
    let mut requests = vec![jane(CLINIC); 4];
    requests[0].given_name = "x".repeat(101);
    requests[1].family_name = "a\0b".into();
    requests[2].identifiers = vec![identifier("urn:own", "1"); 11];
    requests[3].identifiers[0].value = "a\0".into();
    for request in requests {
        let refused = staff.register(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    }
    let mut huge = jane(CLINIC);
    huge.given_name = "x".repeat(5 << 20);
    assert_eq!(staff.register(huge).await.unwrap_err().code(), Code::OutOfRange);
    assert!(staff.register(jane(CLINIC)).await.is_ok());
}

#[tokio::test]
async fn a_profile_has_a_bounded_number_of_identifiers() {
    let world = World::new().await;
    let staff = world.staff(CLINIC);
    for i in 0..12 {
        let mut request = jane(CLINIC);
        request.identifiers.truncate(1);
        request.identifiers.extend((0..9).map(|n| identifier("urn:more", &format!("{i}-{n}"))));
        let done = staff.register(request).await;
        match i {
            11 => assert_eq!(fields(&done.unwrap_err()), set(&["identifiers"])),
            _ => assert!(done.is_ok()),
        }
    }
    assert_eq!(world.count("profile_identifier").await, 100);
}

#[tokio::test]
async fn names_and_codes_have_one_spelling() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    let staff = world.staff(CLINIC);
    let jane = world.person("jane");
    let mut people = PeopleServiceClient::new(world.channel.clone());
    for name in [
        String::new(),
        person.to_string(),
        format!("people/{}", person.to_string().to_uppercase()),
        format!("people/{{{person}}}"),
        format!("people/{person}/"),
        format!("People/{person}"),
        format!("people/{}", Uuid::nil()),
    ] {
        let message = GetPersonRequest { name: name.clone() };
        let refused = people.get_person(staff.request(message)).await.unwrap_err();
        assert_eq!(fields(&refused), set(&["name"]), "{name}");
        let message = InvitePersonRequest { request_id: "1".into(), person: name.clone() };
        let refused = people.invite_person(staff.request(message)).await.err().unwrap();
        assert_eq!(fields(&refused), set(&["person", "request_id"]), "{name}");
    }
    for code in ["", "short", &"x".repeat(101), "aaaaaaaaaaaaaaaaaaaa%"] {
        let message =
            AcceptInvitationRequest { request_id: Uuid::nil().to_string(), code: code.into() };
        let refused = people.accept_invitation(jane.request(message)).await.err().unwrap();
        assert_eq!(fields(&refused), set(&["code", "request_id"]), "{code}");
    }
    let refused = people.find_person(staff.request(FindPersonRequest::default())).await;
    assert_eq!(fields(&refused.unwrap_err()), set(&["identifier"]));
}
