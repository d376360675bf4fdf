use std::collections::BTreeSet;

use kernel::Role;
use permit::FENCE;
use testkit::waits;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;
use wire::{
    common::v1::{Relationship, Sensitivity},
    convert::{id_of, timestamp},
    people::v1::{AddRepresentativeRequest, RegisterPersonRequest, RepresentativeState as State},
};

use crate::world::{CLINIC, Client, HOUSING, PROBATION, World, guardian, id, jane, papers, whole};

fn fields(status: &Status) -> BTreeSet<String> {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let details = status.get_error_details();
    let bad = details.bad_request().unwrap();
    bad.field_violations.iter().map(|v| v.field.clone()).collect()
}

fn aunt(world: &World) -> Client {
    world.individual("aunt", Role::Representative)
}

/// The aunt, bound: recorded by the clinic.
async fn bound(world: &World, person: Uuid) -> String {
    let added = world.staff(CLINIC).add_representative(guardian(person)).await.unwrap();
    assert_eq!(aunt(world).accept(&added.code).await.unwrap(), person);
    added.representative.unwrap().name
}

async fn profiles(client: &Client, person: Uuid) -> usize {
    match client.get(person).await {
        Ok(reply) => reply.person.unwrap().profiles.len(),
        Err(status) => {
            assert_eq!(status.code(), Code::NotFound, "{status:?}");
            0
        }
    }
}

#[tokio::test]
async fn a_representative_sees_what_the_agencies_hold_that_vouch_for_them() {
    let world = World::new().await;
    let other = world.somebody_else(CLINIC).await;
    let jane = world.jane(CLINIC).await;
    world.jane(HOUSING).await;
    let added = world.staff(CLINIC).add_representative(guardian(jane)).await.unwrap();
    let recorded = added.representative.unwrap();
    assert_eq!(recorded.person, format!("people/{jane}"));
    assert_eq!(recorded.recorded_by, format!("agencies/{CLINIC}"));
    assert_eq!(recorded.state(), State::Invited);
    assert!(id_of("representatives", &recorded.name).is_some());
    let days = added.expires.unwrap().seconds - world.now().unix_timestamp();
    assert_eq!(days, 7 * 24 * 3600);
    let aunt = aunt(&world);
    assert_eq!(profiles(&aunt, jane).await, 0, "not bound yet");
    assert_eq!(aunt.accept(&added.code).await.unwrap(), jane);
    assert_eq!(profiles(&aunt, jane).await, 1);
    assert_eq!(profiles(&aunt, other).await, 0);
    let code = aunt.code(jane, &recorded.name).await.unwrap();
    let housing = world.staff(HOUSING);
    housing.confirm_of(Uuid::new_v4(), jane, &recorded.name, &code).await.unwrap();
    assert_eq!(profiles(&aunt, jane).await, 2);
    // To the person nothing has changed, and the aunt's own sign-in is another matter.
    assert_eq!(profiles(&world.person("jane"), jane).await, 0);
    let code = world.staff(CLINIC).invite(other).await.unwrap().code;
    assert_eq!(world.person("aunt").accept(&code).await.unwrap(), other);
    assert_eq!((profiles(&aunt, jane).await, profiles(&aunt, other).await), (2, 0));
}

#[tokio::test]
async fn what_is_excluded_for_them_is_withheld() {
    let world = World::new().await;
    let jane = world.jane(CLINIC).await;
    // The profile says nothing of itself, so it might be anything.
    let excluding = AddRepresentativeRequest {
        excluded_sensitivities: vec![Sensitivity::Hiv.into()],
        ..guardian(jane)
    };
    let code = world.staff(CLINIC).add_representative(excluding).await.unwrap().code;
    aunt(&world).accept(&code).await.unwrap();
    assert_eq!(profiles(&aunt(&world), jane).await, 0);
}

#[tokio::test]
async fn what_a_parent_may_see_ends_when_the_person_may_be_of_age_whatever_end_was_recorded() {
    let world = World::new().await;
    // Of age on 5 March 2040, which begins somewhere at 10:00 UTC of the day before.
    let born = |agency| RegisterPersonRequest { birth_date: "2022-03-05".into(), ..jane(agency) };
    let child = id(&world.staff(CLINIC).register(born(CLINIC)).await.unwrap());
    let known = id(&world.staff(HOUSING).register(born(HOUSING)).await.unwrap());
    assert_eq!(known, child);
    let parent = AddRepresentativeRequest {
        relationship: Relationship::Parent.into(),
        until_time: Some(timestamp(world.now() + time::Duration::days(3650))),
        ..guardian(child)
    };
    let code = world.staff(CLINIC).add_representative(parent).await.unwrap().code;
    world.individual("parent", Role::Representative).accept(&code).await.unwrap();
    bound(&world, child).await;
    // Their tokens live an hour.
    let seen =
        async |sub: &str| profiles(&world.individual(sub, Role::Representative), child).await;
    assert_eq!((seen("parent").await, seen("aunt").await), (1, 1));
    world.clock.advance(time::Duration::days(2) + time::Duration::hours(21));
    assert_eq!((seen("parent").await, seen("aunt").await), (1, 1), "nowhere is it the day");
    world.clock.advance(time::Duration::HOUR);
    assert_eq!((seen("parent").await, seen("aunt").await), (0, 1), "a guardian's goes on");
    // It is so by whoever states the earliest day.
    let younger = "UPDATE profile SET birth_date = '2030-01-01'";
    sqlx::query(younger).execute(&mut world.admin().await).await.unwrap();
    assert_eq!(seen("parent").await, 1);
    let older = "UPDATE profile SET birth_date = '2022-01-01' WHERE custodian_id = $1";
    sqlx::query(older).bind(HOUSING).execute(&mut world.admin().await).await.unwrap();
    assert_eq!(seen("parent").await, 0);
}

/// Somebody whom the clinic says is a minor for years to come.
async fn minor(world: &World) -> Uuid {
    let born = RegisterPersonRequest { birth_date: "2030-01-01".into(), ..jane(CLINIC) };
    id(&world.staff(CLINIC).register(born).await.unwrap())
}

/// A parent for years to come, from whom this is withheld: the appointment's name.
async fn parent_of(world: &World, child: Uuid, withheld: Option<Sensitivity>) -> String {
    let appointing = AddRepresentativeRequest {
        relationship: Relationship::Parent.into(),
        until_time: Some(timestamp(world.now() + time::Duration::days(3650))),
        excluded_sensitivities: withheld.into_iter().map(i32::from).collect(),
        ..guardian(child)
    };
    let added = world.staff(CLINIC).add_representative(appointing).await.unwrap();
    parent(world).accept(&added.code).await.unwrap();
    added.representative.unwrap().name
}

fn parent(world: &World) -> Client {
    world.individual("parent", Role::Representative)
}

#[tokio::test]
async fn another_birth_date_is_stated_when_writes_under_way_are_committed() {
    let world = World::new().await;
    let child = minor(&world).await;
    parent_of(&world, child, None).await;
    assert_eq!(profiles(&parent(&world), child).await, 1);
    // It is Jane's after all, who is of age.
    let older = crate::update::changed(child);
    for _first_and_again in 0..2 {
        let (staff, other) = (world.staff(CLINIC), async || drop(world.admin().await));
        // An answer leaves on a beat as long as the fence: on the one after the fence.
        waits(2 * FENCE, staff.update(older.clone()), other).await.unwrap();
        assert_eq!(profiles(&parent(&world), child).await, 0);
    }
}

#[tokio::test]
async fn a_parent_acts_for_nobody_who_is_one_with_somebody_of_age() {
    let world = World::new().await;
    let child = minor(&world).await;
    let grown = world.somebody_else(HOUSING).await;
    parent_of(&world, child, None).await;
    bound(&world, child).await;
    let seen =
        async || (profiles(&parent(&world), child).await, profiles(&aunt(&world), child).await);
    assert_eq!(seen().await, (1, 1));
    // Writes under way begin their COMMIT before.
    world.fenced(world.steward().merge(child, grown)).await.unwrap();
    assert_eq!(seen().await, (0, 1));
    world.steward().unmerge(child, grown).await.unwrap();
    assert_eq!(seen().await, (1, 1));
}

#[tokio::test]
async fn what_was_withheld_from_a_parent_is_withheld_from_the_same_sign_in_as_a_guardian() {
    let world = World::new().await;
    let child = minor(&world).await;
    let appointed = parent_of(&world, child, Some(Sensitivity::Hiv)).await;
    let staff = world.staff(CLINIC);
    let code = staff.add_representative(guardian(child)).await.unwrap().code;
    parent(&world).accept(&code).await.unwrap();
    bound(&world, child).await;
    let seen =
        async || (profiles(&parent(&world), child).await, profiles(&aunt(&world), child).await);
    assert_eq!(seen().await, (0, 1));
    staff.update(crate::update::changed(child)).await.unwrap();
    assert_eq!(seen().await, (0, 1), "of age, and it is still so");
    staff.end_representative(&appointed).await.unwrap();
    assert_eq!(seen().await, (1, 1), "until that is ended");
}

#[tokio::test]
async fn whatever_is_wrong_with_their_code_the_answer_is_the_same() {
    let world = World::new().await;
    let jane = world.jane(CLINIC).await;
    let staff = world.staff(CLINIC);
    world.staff_named(CLINIC, "colleague").invite(jane).await.unwrap();
    let used = staff.add_representative(guardian(jane)).await.unwrap().code;
    aunt(&world).accept(&used).await.unwrap();
    let open = staff.add_representative(guardian(jane)).await.unwrap().code;
    let acting = |sub: &str| world.individual(sub, Role::Representative);
    let refused = [
        acting("uncle").accept(&"A".repeat(43)).await,
        acting("uncle").accept(&used).await,
        world.person("uncle").accept(&open).await,
        world.individual("uncle", Role::Supporter).accept(&open).await,
        acting(&format!("staff-{CLINIC}")).accept(&open).await,
        acting("colleague").accept(&open).await,
    ];
    let refused: Vec<String> = refused.into_iter().map(|r| whole(&r.unwrap_err())).collect();
    assert!(refused[0].starts_with("NotFound"), "{}", refused[0]);
    assert!(refused.iter().all(|answer| *answer == refused[0]), "{refused:#?}");
    world.agencies(&[CLINIC]);
    assert_eq!(whole(&acting("uncle").accept(&open).await.unwrap_err()), refused[0]);
    world.agencies(&[]);
    let late = staff.add_representative(guardian(jane)).await.unwrap().code;
    acting("uncle").accept(&open).await.unwrap();
    world.clock.advance(time::Duration::days(7));
    let late = world.individual("cousin", Role::Representative).accept(&late).await;
    assert_eq!(whole(&late.unwrap_err()), refused[0]);
}

#[tokio::test]
async fn the_persons_invitation_and_theirs_do_not_end_each_other() {
    let world = World::new().await;
    let jane = world.jane(CLINIC).await;
    let staff = world.staff(CLINIC);
    let first = staff.add_representative(guardian(jane)).await.unwrap().code;
    let own = staff.invite(jane).await.unwrap().code;
    let second = staff.add_representative(guardian(jane)).await.unwrap().code;
    world.person("jane").accept(&own).await.unwrap();
    aunt(&world).accept(&first).await.unwrap();
    world.individual("uncle", Role::Representative).accept(&second).await.unwrap();
    assert_eq!(world.count("sign_in").await, 3);
    assert_eq!(profiles(&world.person("jane"), jane).await, 1);
}

#[tokio::test]
async fn recording_again_with_the_same_request_id_shows_a_fresh_code_of_the_same_one() {
    let world = World::new().await;
    let jane = world.jane(CLINIC).await;
    let staff = world.staff(CLINIC);
    let request = guardian(jane);
    let first = staff.add_representative(request.clone()).await.unwrap();
    world.clock.advance(time::Duration::MINUTE);
    let second = world.staff(CLINIC).add_representative(request.clone()).await.unwrap();
    assert_eq!(first.representative, second.representative);
    assert_eq!(first.expires, second.expires);
    assert_ne!(first.code, second.code);
    assert!(aunt(&world).accept(&first.code).await.is_err());
    let accept = Uuid::new_v4();
    for _ in 0..2 {
        assert_eq!(aunt(&world).accept_as(accept, &second.code).await.unwrap(), jane);
    }
    let used = world.staff(CLINIC).add_representative(request.clone()).await.err().unwrap();
    assert_eq!(used.get_error_details().error_info().unwrap().reason, "WRONG_STATE");
    let other = AddRepresentativeRequest { authority: "Another".into(), ..request };
    let reused = world.staff(CLINIC).add_representative(other).await.err().unwrap();
    assert_eq!(reused.get_error_details().error_info().unwrap().reason, "REQUEST_ID_REUSED");
    assert_eq!(world.count("representative").await, 1);
    let kept: Vec<Vec<u8>> = sqlx::query_scalar("SELECT answer FROM request_log")
        .fetch_all(&mut world.admin().await)
        .await
        .unwrap();
    let code = second.code.as_bytes();
    assert!(kept.iter().all(|answer| !answer.windows(code.len()).any(|w| w == code)));
}

#[tokio::test]
async fn only_an_agency_that_registered_the_person_and_the_person_record_somebody() {
    let world = World::new().await;
    let jane = world.jane(CLINIC).await;
    let other = world.somebody_else(HOUSING).await;
    let code = world.staff(HOUSING).invite(other).await.unwrap().code;
    world.person("john").accept(&code).await.unwrap();
    bound(&world, jane).await;
    for caller in [world.staff(PROBATION), world.person("john"), world.person("nobody")] {
        let refused = caller.add_representative(guardian(jane)).await.err().unwrap();
        let absent = caller.add_representative(guardian(Uuid::new_v4())).await.err().unwrap();
        assert_eq!(refused.code(), Code::NotFound);
        assert_eq!(whole(&refused), whole(&absent));
    }
    // A delegate does not delegate.
    let refused = aunt(&world).add_representative(guardian(jane)).await.err().unwrap();
    assert_eq!(refused.get_error_details().error_info().unwrap().reason, "ROLE_NOT_ADMITTED");
    assert_eq!(world.count("representative").await, 1);
}

#[tokio::test]
async fn whom_the_person_records_sees_no_more_than_the_person() {
    let world = World::new().await;
    let jane = world.jane(CLINIC).await;
    world.jane(HOUSING).await;
    let own = world.person("jane");
    own.accept(&world.staff(CLINIC).invite(jane).await.unwrap().code).await.unwrap();
    let relative = AddRepresentativeRequest {
        relationship: Relationship::Relative.into(),
        authority: String::new(),
        ..guardian(jane)
    };
    let added = own.add_representative(relative).await.unwrap();
    let proofed = world.proofed("aunt", Role::Representative, &papers("Ruth", "Miller"));
    proofed.accept(&added.code).await.unwrap();
    assert_eq!(profiles(&proofed, jane).await, 1);
    // Nor does an agency vouch for its own staff so.
    let insider = world.staff_named(CLINIC, "insider");
    insider.invite(jane).await.unwrap();
    let code = own.add_representative(guardian(jane)).await.unwrap().code;
    let insider = world.individual("insider", Role::Representative);
    insider.accept(&code).await.unwrap();
    assert_eq!(profiles(&insider, jane).await, 0);
    // Not the person themself; and nobody, once the sign-in that invited is theirs no more.
    let code = own.add_representative(guardian(jane)).await.unwrap().code;
    assert!(world.individual("jane", Role::Representative).accept(&code).await.is_err());
    let new = world.staff(CLINIC).invite(jane).await.unwrap().code;
    world.person("new").accept(&new).await.unwrap();
    let late = world.individual("uncle", Role::Representative).accept(&code).await;
    assert_eq!(late.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn nobody_confirms_a_representative_of_somebody_else_or_of_their_own_staff() {
    let world = World::new().await;
    let jane = world.jane(CLINIC).await;
    world.jane(HOUSING).await;
    let other = world.somebody_else(HOUSING).await;
    let name = bound(&world, jane).await;
    let housing = world.staff(HOUSING);
    let code = aunt(&world).code(jane, &name).await.unwrap();
    let confirm = async |client: &Client, person, name: &str| {
        client.confirm_of(Uuid::new_v4(), person, name, &code).await.unwrap_err()
    };
    let absent = confirm(&housing, jane, &format!("representatives/{}", Uuid::new_v4())).await;
    assert_eq!(absent.code(), Code::NotFound);
    assert_eq!(whole(&confirm(&housing, other, &name).await), whole(&absent));
    assert_eq!(whole(&confirm(&world.staff(PROBATION), jane, &name).await), whole(&absent));
    assert_eq!(whole(&confirm(&housing, jane, "").await), whole(&absent), "the person has none");
    assert_eq!(
        whole(&confirm(&world.staff_named(HOUSING, "aunt"), jane, &name).await),
        whole(&absent)
    );
    assert_eq!(world.count("sign_in_confirmation").await, 1);
}

#[tokio::test]
async fn everything_that_is_wrong_with_an_appointment_is_named_at_once() {
    let world = World::new().await;
    let jane = world.jane(CLINIC).await;
    let staff = world.staff(CLINIC);
    let empty = staff.add_representative(AddRepresentativeRequest::default()).await;
    let named = fields(&empty.err().unwrap());
    let expected = ["person", "relationship", "request_id"].map(str::to_owned);
    assert!(named.is_superset(&expected.into()), "{named:?}");
    let hostile = AddRepresentativeRequest {
        request_id: Uuid::nil().to_string(),
        relationship: Relationship::Self_.into(),
        authority: "a\u{202e}b".into(),
        document_sha256: "ab".into(),
        from_time: Some(timestamp(world.now())),
        until_time: Some(timestamp(world.now())),
        excluded_sensitivities: vec![0, 99],
        ..guardian(jane)
    };
    let named = fields(&staff.add_representative(hostile).await.err().unwrap());
    let expected = [
        "request_id",
        "relationship",
        "authority",
        "document_sha256",
        "until_time",
        "excluded_sensitivities[0]",
        "excluded_sensitivities[1]",
    ];
    assert!(named.is_superset(&expected.map(str::to_owned).into()), "{named:?}");
    let relative = Relationship::Relative.into();
    let parent = Relationship::Parent.into();
    for (request, field) in [
        (AddRepresentativeRequest { authority: " ".into(), ..guardian(jane) }, "authority"),
        (AddRepresentativeRequest { relationship: relative, ..guardian(jane) }, "relationship"),
        (AddRepresentativeRequest { relationship: parent, ..guardian(jane) }, "until_time"),
    ] {
        let refused = staff.add_representative(request).await.err().unwrap();
        assert_eq!(fields(&refused), [field.to_owned()].into());
    }
    assert_eq!(world.count("representative").await, 0);
}
