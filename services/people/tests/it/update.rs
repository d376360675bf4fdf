use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;
use wire::people::v1 as pb;

use crate::world::{
    CLINIC, HOUSING, MEDICAID, PROBATION, SSN, World, id, identifier, jane, of_name, whole,
};

fn details() -> pb::Details {
    pb::Details {
        middle_name: "Lee".into(),
        former_names: vec![pb::OtherName { family_name: "Former".into(), ..Default::default() }],
        addresses: vec![pb::Address {
            line: "1 Main Street".into(),
            city: "Redwood City".into(),
            state: "CA".into(),
            postal_code: "94063".into(),
            country: "US".into(),
        }],
        phones: vec!["+1 650 555 0100".into()],
        emails: vec!["jane@example.org".into()],
    }
}

/// Jane, married and reachable.
pub fn changed(person: Uuid) -> pb::UpdatePersonRequest {
    pb::UpdatePersonRequest {
        request_id: Uuid::new_v4().to_string(),
        person: format!("people/{person}"),
        etag: "1".into(),
        given_name: "Jane".into(),
        family_name: "Doe".into(),
        birth_date: "1980-01-02".into(),
        preferred_language: "en".into(),
        details: Some(details()),
    }
}

fn adding(person: Uuid, system: &str, value: &str) -> pb::AddIdentifierRequest {
    pb::AddIdentifierRequest {
        request_id: Uuid::new_v4().to_string(),
        person: format!("people/{person}"),
        identifier: Some(identifier(system, value)),
    }
}

fn reason(status: &Status) -> String {
    status.get_error_details().error_info().unwrap().reason.clone()
}

#[tokio::test]
async fn an_agency_changes_what_it_states_of_a_person_whole_and_nobody_elses_statement() {
    let world = World::new().await;
    world.somebody_else(CLINIC).await;
    let person = world.jane(CLINIC).await;
    world.jane(HOUSING).await;
    let staff = world.staff(CLINIC);
    let now = staff.update(changed(person)).await.unwrap();
    let [profile] = &*now.profiles else { panic!("{} profiles", now.profiles.len()) };
    assert_eq!((&*profile.family_name, &*profile.preferred_language), ("Doe", "en"));
    assert_eq!(profile.details, Some(details()));
    assert_eq!(profile.etag, "2");
    assert_eq!(profile.identifiers, jane(CLINIC).identifiers, "added to, never replaced");
    let mut read = staff.get(person).await.unwrap().person.unwrap();
    // Whether they may be contacted is for reads.
    read.profiles[0].contact_rule = 0;
    assert_eq!(read, now);
    let other = world.staff(HOUSING).get(person).await.unwrap().person.unwrap();
    assert_eq!(other.profiles[0].family_name, "Roe");
    assert_eq!(other.profiles[0].details, Some(pb::Details::default()));
    // What is left out is empty, and what was there before is kept.
    let bare = pb::UpdatePersonRequest { etag: "2".into(), details: None, ..changed(person) };
    let now = staff.update(bare).await.unwrap();
    assert_eq!(now.profiles[0].details, Some(pb::Details::default()));
    let kept: Vec<String> =
        sqlx::query_scalar("SELECT content->>'family_name' FROM profile_before ORDER BY version")
            .fetch_all(&mut world.admin().await)
            .await
            .unwrap();
    assert_eq!(kept, ["Roe", "Doe"]);
}

#[tokio::test]
async fn details_are_stated_at_registration_too() {
    let world = World::new().await;
    let request = pb::RegisterPersonRequest { details: Some(details()), ..jane(CLINIC) };
    let person = world.staff(CLINIC).register(request).await.unwrap().person.unwrap();
    assert_eq!(person.profiles[0].details, Some(details()));
    assert_eq!(person.profiles[0].etag, "1");
    let nameless = pb::Details {
        former_names: vec![pb::OtherName { given_name: " ".into(), ..Default::default() }],
        ..Default::default()
    };
    let request = pb::RegisterPersonRequest { details: Some(nameless), ..jane(HOUSING) };
    let refused = world.staff(HOUSING).register(request).await.unwrap_err();
    let named = refused.get_error_details();
    let named = &named.bad_request().unwrap().field_violations[0].field;
    assert_eq!((refused.code(), &**named), (Code::InvalidArgument, "details.former_names[0]"));
}

#[tokio::test]
async fn a_change_of_what_was_not_seen_is_refused() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    let staff = world.staff(CLINIC);
    let first = changed(person);
    let done = staff.update(first.clone()).await.unwrap();
    let refused = staff.update(changed(person)).await.unwrap_err();
    assert_eq!((refused.code(), &*reason(&refused)), (Code::Aborted, "ETAG_MISMATCH"));
    assert_eq!(staff.update(first).await.unwrap(), done, "the same request answers as before");
    assert_eq!(world.count("profile_before").await, 1);
}

#[tokio::test]
async fn who_did_not_register_a_person_changes_nothing_and_learns_nothing() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    let staff = world.staff(HOUSING);
    let [known, unknown] = [person, Uuid::new_v4()];
    let refused = [
        staff.update(changed(known)).await.unwrap_err(),
        staff.update(changed(unknown)).await.unwrap_err(),
        staff.add_identifier(adding(known, "urn:own", "1")).await.unwrap_err(),
        staff.add_identifier(adding(unknown, "urn:own", "1")).await.unwrap_err(),
    ];
    for status in &refused {
        assert_eq!(status.code(), Code::NotFound);
        assert_eq!(whole(status), whole(&refused[0]));
    }
    assert_eq!(
        world.staff(CLINIC).get(person).await.unwrap().person.unwrap().profiles[0].etag,
        "1"
    );
}

#[tokio::test]
async fn an_added_identifier_recognises_the_person_and_is_added_once() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    let staff = world.staff(CLINIC);
    let request = adding(person, SSN, "123");
    let now = staff.add_identifier(request.clone()).await.unwrap();
    assert_eq!(now.profiles[0].identifiers.last(), Some(&identifier(SSN, "123")));
    assert_eq!(staff.add_identifier(request).await.unwrap(), now);
    let again = staff.add_identifier(adding(person, SSN, "123")).await.unwrap();
    assert_eq!(again.profiles[0].identifiers, now.profiles[0].identifiers);
    let mut elsewhere = jane(HOUSING);
    elsewhere.identifiers = vec![identifier(SSN, "123")];
    assert_eq!(id(&world.staff(HOUSING).register(elsewhere).await.unwrap()), person);
}

#[tokio::test]
async fn an_agencys_own_number_is_one_persons() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    world.somebody_else(CLINIC).await;
    let staff = world.staff(CLINIC);
    let refused = staff.add_identifier(adding(person, "urn:other", "777")).await.unwrap_err();
    assert_eq!((refused.code(), &*reason(&refused)), (Code::AlreadyExists, "ALREADY_EXISTS"));
    // A shared one may be a mother's and a child's.
    staff.add_identifier(adding(person, MEDICAID, "M-777")).await.unwrap();
}

#[tokio::test]
async fn after_a_change_the_person_is_recognised_by_what_is_stated_now() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    world.staff(CLINIC).update(changed(person)).await.unwrap();
    let mut elsewhere = jane(HOUSING);
    elsewhere.family_name = "Doe".into();
    assert_eq!(id(&world.staff(HOUSING).register(elsewhere).await.unwrap()), person);
}

#[tokio::test]
async fn a_person_is_found_by_names_and_birth_date_among_the_agencys_own_only() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    let by = |given: &str, family: &str, born: &str| pb::FindPersonRequest {
        identifier: None,
        demographics: Some(pb::Demographics {
            given_name: given.into(),
            family_name: family.into(),
            birth_date: born.into(),
        }),
    };
    let found = |reply: pb::FindPersonResponse| reply.person.map(|p| of_name(&p.name));
    let staff = world.staff(CLINIC);
    let jane_roe = by(" JANE", "roe ", "1980-01-02");
    assert_eq!(found(staff.find_by(jane_roe.clone()).await.unwrap()), Some(person));
    for nobody in [
        by("Jane", "Roe", "1980-01-03"),
        by("Jan", "Roe", "1980-01-02"),
        by("Jane", "Ro", "1980-01-02"),
    ] {
        assert_eq!(found(staff.find_by(nobody).await.unwrap()), None);
    }
    assert_eq!(found(world.staff(HOUSING).find_by(jane_roe.clone()).await.unwrap()), None);
    let mut namesake = jane(CLINIC);
    namesake.identifiers = vec![identifier("urn:own", "namesake")];
    assert_ne!(id(&staff.register(namesake).await.unwrap()), person);
    assert_eq!(found(staff.find_by(jane_roe.clone()).await.unwrap()), None, "two are nobody");
    // By one of the two, and not by both.
    let both = pb::FindPersonRequest { identifier: Some(identifier(SSN, "1")), ..jane_roe };
    for odd in [both, pb::FindPersonRequest::default()] {
        let refused = world.staff(PROBATION).find_by(odd).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    }
}
