use std::time::Duration;

use identity::DEV_ISSUER;
use kernel::Role;
use testkit::waits;
use tonic::{Code, Request};
use uuid::Uuid;
use wire::{
    common::v1::{Relationship, Sensitivity},
    people::v1::{
        AddRepresentativeRequest, ListRepresentativesRequest, Representative,
        RepresentativeState as State, ResolveSignInsRequest, SignIn,
        people_facts_service_client::PeopleFactsServiceClient,
    },
};

use crate::world::{CLINIC, Client, HOUSING, PROBATION, World, guardian, papers};

fn aunt(world: &World) -> Client {
    world.individual("aunt", Role::Representative)
}

async fn bound(world: &World, agency: Uuid, request: AddRepresentativeRequest) -> Representative {
    // Ids of one millisecond are in no order.
    world.clock.advance(time::Duration::MILLISECOND);
    let added = world.staff(agency).add_representative(request).await.unwrap();
    aunt(world).accept(&added.code).await.unwrap();
    added.representative.unwrap()
}

fn names(all: &[Representative]) -> Vec<&str> {
    all.iter().map(|one| &*one.name).collect()
}

#[tokio::test]
async fn each_caller_is_told_of_those_that_are_theirs_to_know() {
    let world = World::new().await;
    let other = world.somebody_else(CLINIC).await;
    let jane = world.jane(CLINIC).await;
    world.jane(HOUSING).await;
    let excluding = AddRepresentativeRequest {
        excluded_sensitivities: vec![Sensitivity::Hiv.into()],
        document_sha256: "ab".repeat(32),
        ..guardian(jane)
    };
    let one = bound(&world, CLINIC, excluding).await;
    let two = bound(&world, HOUSING, guardian(jane)).await;
    let theirs = bound(&world, CLINIC, guardian(other)).await;
    let code = aunt(&world).code(jane, &one.name).await.unwrap();
    world.staff(HOUSING).confirm_of(Uuid::new_v4(), jane, &one.name, &code).await.unwrap();
    let code = world.staff(CLINIC).invite(jane).await.unwrap().code;
    world.person("jane").accept(&code).await.unwrap();

    // A sign-in that the clinic alone vouches for is told of what the clinic recorded, and of no other
    // agency: whoever invited it may be whoever holds it.
    let some = world.person("jane").representatives(jane).await.unwrap();
    assert_eq!(names(&some), [&*one.name]);
    assert_eq!(some[0].confirmed_by, [format!("agencies/{CLINIC}")]);
    let code = world.person("jane").code(jane, "").await.unwrap();
    world.staff(HOUSING).confirm(jane, &code).await.unwrap();
    let all = world.person("jane").representatives(jane).await.unwrap();
    assert_eq!(names(&all), [&*one.name, &two.name]);
    let whole = Representative {
        state: State::Bound.into(),
        confirmed_by: vec![format!("agencies/{CLINIC}"), format!("agencies/{HOUSING}")],
        ..one.clone()
    };
    assert_eq!(all[0], whole);
    assert_eq!(all[0].document_sha256, "ab".repeat(32));
    let clinic = world.staff(CLINIC).representatives(jane).await.unwrap();
    assert_eq!(clinic, [Representative { confirmed_by: Vec::new(), ..whole }]);
    assert_eq!(names(&world.staff(HOUSING).representatives(jane).await.unwrap()), [&two.name]);

    // Of many, on the beat: not while the clock stands.
    let (aunts, other) = (aunt(&world), async || drop(world.admin().await));
    let acts = waits(Duration::ZERO, aunts.representatives(Uuid::nil()), other).await.unwrap();
    assert_eq!(names(&acts), [&*one.name, &two.name, &theirs.name]);
    let shown = Representative {
        state: State::Bound.into(),
        authority: String::new(),
        document_sha256: String::new(),
        excluded_sensitivities: Vec::new(),
        recorded_by: String::new(),
        ..one
    };
    assert_eq!(acts[0], shown);
    assert_eq!(aunt(&world).representatives(jane).await.unwrap(), acts[..2]);

    for caller in [
        world.staff(PROBATION),
        world.person("nobody"),
        world.individual("uncle", Role::Representative),
    ] {
        assert!(caller.representatives(jane).await.unwrap().is_empty());
        assert!(caller.representatives(Uuid::new_v4()).await.unwrap().is_empty());
    }
    for caller in [world.staff(CLINIC), world.person("jane")] {
        let unnamed = caller.representatives(Uuid::nil()).await.unwrap_err();
        assert_eq!(unnamed.code(), Code::InvalidArgument);
    }
}

#[tokio::test]
async fn whom_the_person_recorded_is_told_to_the_sign_in_that_did_and_to_no_weaker_one() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    world.jane(HOUSING).await;
    world.jane(PROBATION).await;
    let bind = async |agency, sub: &str| {
        let code = world.staff(agency).invite(person).await.unwrap().code;
        world.person(sub).accept(&code).await.unwrap();
        world.person(sub)
    };
    let jane = bind(CLINIC, "jane").await;
    let mallory = bind(PROBATION, "mallory").await;
    let open = jane.add_representative(guardian(person)).await.unwrap();
    let added = jane.add_representative(guardian(person)).await.unwrap();
    aunt(&world).accept(&added.code).await.unwrap();
    assert_eq!(jane.representatives(person).await.unwrap().len(), 2);
    assert!(mallory.representatives(person).await.unwrap().is_empty());
    // The next sign-in of the same agency: whom no other agency vouches for.
    let new = bind(CLINIC, "new").await;
    let shown = new.representatives(person).await.unwrap();
    assert_eq!(names(&shown), [&*added.representative.unwrap().name]);
    let proofed = world.proofed("proofed", Role::Person, &papers("Jane", "Roe"));
    proofed.accept(&world.staff(HOUSING).invite(person).await.unwrap().code).await.unwrap();
    let all = proofed.representatives(person).await.unwrap();
    assert!(names(&all).contains(&&*open.representative.unwrap().name) && all.len() == 2);
}

#[tokio::test]
async fn pages_go_on_where_the_last_ended_for_their_caller_alone() {
    let world = World::new().await;
    let jane = world.jane(CLINIC).await;
    let mut recorded = Vec::new();
    for _ in 0..3 {
        recorded.push(bound(&world, CLINIC, guardian(jane)).await.name);
    }
    for caller in [world.staff(CLINIC), aunt(&world)] {
        let mut seen = Vec::new();
        let mut page_token = String::new();
        loop {
            let person = format!("people/{jane}");
            let message = ListRepresentativesRequest { page_size: 2, page_token, person };
            let page = caller.list_representatives(message).await.unwrap();
            seen.extend(page.representatives.into_iter().map(|one| one.name));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
            let stolen = ListRepresentativesRequest {
                page_size: 2,
                page_token: page_token.clone(),
                person: format!("people/{jane}"),
            };
            let thief = world.staff_named(CLINIC, "colleague");
            let refused = thief.list_representatives(stolen).await.unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument);
        }
        assert_eq!(seen, recorded);
    }
}

#[tokio::test]
async fn services_are_told_for_whom_each_sign_in_acts() {
    let world = World::new().await;
    let jane = world.jane(CLINIC).await;
    let one = bound(&world, CLINIC, guardian(jane)).await;
    let ended = bound(&world, CLINIC, guardian(jane)).await;
    world.staff(CLINIC).end_representative(&ended.name).await.unwrap();
    let sign_in = |subject: &str| SignIn { issuer: DEV_ISSUER.into(), subject: subject.into() };
    let sign_ins = vec![sign_in("nobody"), sign_in("aunt")];
    let mut request = Request::new(ResolveSignInsRequest { sign_ins });
    let bearer = format!("Bearer {}", world.service_token()).parse().unwrap();
    request.metadata_mut().insert("authorization", bearer);
    let mut client = PeopleFactsServiceClient::new(world.channel.clone());
    let resolved = client.resolve_sign_ins(request).await.unwrap().into_inner().resolved;
    assert!(resolved[0].appointments.is_empty() && resolved[1].person.is_empty());
    let [acts] = &resolved[1].appointments[..] else { panic!("{resolved:?}") };
    assert_eq!((&acts.representative, &acts.person), (&one.name, &format!("people/{jane}")));
    assert_eq!((acts.relationship(), acts.authority), (Relationship::Guardian, true));
    assert_eq!(acts.confirmed_by, [format!("agencies/{CLINIC}")]);
    assert_eq!((acts.from_time, acts.until_time), (one.from_time, None));
}
