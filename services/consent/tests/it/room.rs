//! How much may be on file about a person: nobody takes the room of anybody else.

use tonic::{Code, Status};
use uuid::Uuid;
use wire::{consent::v1 as pb, convert::name_of};

use crate::{
    call, court_order,
    represented::guardian,
    world::{ANA, BEN, CLINIC, HOUSING, OTHER, World, sql, terms, terms_of, told},
};

/// Of the one consent that is on file so many more as `of_it` comes to.
async fn more(world: &World, drafted_agency: &str, of_it: &str) {
    let text = format!(
        "INSERT INTO consent.consent
         SELECT (jsonb_populate_record(c, jsonb_build_object(
             'id', gen_random_uuid(), 'drafted_agency', {drafted_agency}))).*
         FROM consent.consent c, generate_series(1, {of_it})"
    );
    sql(&world.stage.admin(), &text).await;
}

/// Of other agencies, each of its own; of the person's side.
const OTHERS: &str = "gen_random_uuid()";
const SIDE: &str = "NULL::uuid";
/// Of the person's side, too, each by an appointment of its own.
const ACTING: &str = "NULL::uuid, 'document', jsonb_set(c.document, '{grantor,authority}',
    to_jsonb('representatives/' || gen_random_uuid()::text))";

fn is_full(refused: &Status) {
    assert_eq!(told(refused), (Code::ResourceExhausted, "LIMIT_EXCEEDED".into()));
}

/// How many drafts of its own an agency keeps until it is refused.
async fn drafts(world: &World, agency: Uuid, person: Uuid) -> usize {
    drafts_of(world, &world.staff(agency), person).await
}

async fn drafts_of(world: &World, token: &str, person: Uuid) -> usize {
    for kept in 0..600 {
        if let Err(refused) = world.draft(token, person, terms()).await {
            is_full(&refused);
            return kept;
        }
    }
    panic!("nobody refuses");
}

/// A guardian of Ana's, and another, each by an appointment of their own.
fn guardians(world: &World) -> [String; 2] {
    world.people.appoint("aunt", guardian(ANA));
    let uncle = permit::Appointment { id: Uuid::from_u128(0xa2), ..guardian(ANA) };
    world.people.appoint("uncle", uncle);
    ["aunt", "uncle"].map(|subject| world.representative(subject))
}

#[tokio::test]
async fn an_agencys_drafts_take_no_room_of_the_persons_or_of_another_agencys() {
    let world = World::new().await;
    world.people.register(ANA, HOUSING);
    world.people.register(BEN, HOUSING);
    // What others have makes no difference to when it is refused.
    for token in [world.person("ana"), world.staff(CLINIC)] {
        for _ in 0..5 {
            world.draft(&token, ANA, terms()).await.unwrap();
        }
    }
    assert_eq!((drafts(&world, HOUSING, ANA).await, drafts(&world, HOUSING, BEN).await), (50, 50));
    let refusal = || terms_of(pb::Effect::Deny, &[CLINIC], &[HOUSING]);
    let denied = world.draft(&world.person("ana"), ANA, refusal()).await.unwrap();
    world.sign(&world.person("ana"), &denied).await.unwrap();
    world.draft(&world.staff(CLINIC), ANA, terms()).await.unwrap();
}

#[tokio::test]
async fn what_the_person_withdraws_of_an_agencys_drafts_makes_room_for_another() {
    let world = World::new().await;
    let first = world.draft(&world.staff(CLINIC), ANA, terms()).await.unwrap();
    assert_eq!(drafts(&world, CLINIC, ANA).await, 49);
    world.revoke(&world.person("ana"), &first.name).await.unwrap();
    assert_eq!(drafts(&world, CLINIC, ANA).await, 1);
}

#[tokio::test]
async fn however_much_agencies_have_drafted_the_person_refuses_and_allows() {
    let world = World::new().await;
    let first = world.draft(&world.staff(CLINIC), ANA, terms()).await.unwrap();
    more(&world, OTHERS, "499").await;
    // Each of them has room for a few all the same, and the person's withdrawing makes none beyond those.
    world.people.register(ANA, HOUSING);
    assert_eq!((drafts(&world, CLINIC, ANA).await, drafts(&world, HOUSING, ANA).await), (4, 5));
    world.revoke(&world.person("ana"), &first.name).await.unwrap();
    assert_eq!(drafts(&world, CLINIC, ANA).await, 0);
    refuses_and_allows(&world).await;
}

async fn refuses_and_allows(world: &World) {
    for effect in [pb::Effect::Deny, pb::Effect::Permit] {
        let draft = terms_of(effect, &[CLINIC], &[HOUSING]);
        let draft = world.draft(&world.person("ana"), ANA, draft).await.unwrap();
        world.sign(&world.person("ana"), &draft).await.unwrap();
    }
}

#[tokio::test]
async fn however_much_who_acts_for_the_person_has_drafted_the_person_refuses_and_allows() {
    let world = World::new().await;
    let [aunt, uncle] = guardians(&world);
    let first = world.draft(&aunt, ANA, terms()).await.unwrap();
    more(&world, SIDE, "124").await;
    is_full(&world.draft(&aunt, ANA, terms()).await.unwrap_err());
    world.revoke(&aunt, &first.name).await.unwrap();
    assert_eq!(drafts_of(&world, &aunt, ANA).await, 1);
    // Each has room for some, however much the others have.
    assert_eq!(drafts_of(&world, &uncle, ANA).await, 25);
    refuses_and_allows(&world).await;
}

#[tokio::test]
async fn however_many_have_acted_for_the_person_the_person_refuses_and_allows() {
    let world = World::new().await;
    let [aunt, uncle] = guardians(&world);
    world.draft(&aunt, ANA, terms()).await.unwrap();
    more(&world, ACTING, "373").await;
    assert_eq!(drafts_of(&world, &uncle, ANA).await, 1);
    refuses_and_allows(&world).await;
}

#[tokio::test]
async fn whatever_who_was_dismissed_has_signed_and_ended_another_guardian_drafts() {
    let world = World::new().await;
    let [aunt, uncle] = guardians(&world);
    let first = world.draft(&aunt, ANA, terms()).await.unwrap();
    let signed = world.sign(&aunt, &first).await.unwrap();
    world.revoke(&aunt, &signed.name).await.unwrap();
    more(&world, SIDE, "124").await;
    is_full(&world.draft(&aunt, ANA, terms()).await.unwrap_err());
    world.people.dismiss("aunt");
    assert_eq!(drafts_of(&world, &uncle, ANA).await, 25);
}

#[tokio::test]
async fn whatever_who_was_dismissed_has_withdrawn_another_guardian_drafts_and_so_does_the_person() {
    let world = World::new().await;
    let [aunt, uncle] = guardians(&world);
    let first = world.draft(&aunt, ANA, terms()).await.unwrap();
    world.revoke(&aunt, &first.name).await.unwrap();
    more(&world, SIDE, "498").await;
    assert_eq!(drafts_of(&world, &aunt, ANA).await, 1);
    let another = world.draft(&uncle, ANA, terms()).await.unwrap();
    // No withdrawing brings it back.
    world.revoke(&uncle, &another.name).await.unwrap();
    assert_eq!(drafts_of(&world, &uncle, ANA).await, 24);
    refuses_and_allows(&world).await;
}

#[tokio::test]
async fn what_the_person_withdraws_of_their_own_makes_room_for_another() {
    let world = World::new().await;
    let ana = world.person("ana");
    let first = world.draft(&ana, ANA, terms()).await.unwrap();
    more(&world, SIDE, "499").await;
    is_full(&world.draft(&ana, ANA, terms()).await.unwrap_err());
    world.revoke(&ana, &first.name).await.unwrap();
    world.draft(&ana, ANA, terms()).await.unwrap();
    is_full(&world.draft(&ana, ANA, terms()).await.unwrap_err());
}

#[tokio::test]
async fn drafting_and_withdrawing_over_and_over_comes_to_an_end() {
    let world = World::new().await;
    let ana = world.person("ana");
    let first = world.draft(&ana, ANA, terms()).await.unwrap();
    world.revoke(&ana, &first.name).await.unwrap();
    more(&world, SIDE, "1998").await;
    let last = world.draft(&ana, ANA, terms()).await.unwrap();
    world.revoke(&ana, &last.name).await.unwrap();
    is_full(&world.draft(&ana, ANA, terms()).await.unwrap_err());
    // What agencies draft has room of its own.
    world.draft(&world.staff(CLINIC), ANA, terms()).await.unwrap();
    // Nobody takes a person's say for ever.
    world.clock.advance(time::Duration::days(30));
    refuses_and_allows(&world).await;
}

#[tokio::test]
async fn what_was_drafted_and_withdrawn_is_bounded_in_bytes() {
    let world = World::new().await;
    let ana = world.person("ana");
    let first = world.draft(&ana, ANA, large()).await.unwrap();
    world.revoke(&ana, &first.name).await.unwrap();
    more(&world, SIDE, "(8 << 20) / octet_length(c.wire) - 2").await;
    let last = world.draft(&ana, ANA, large()).await.unwrap();
    world.revoke(&ana, &last.name).await.unwrap();
    is_full(&world.draft(&ana, ANA, large()).await.unwrap_err());
}

/// Some 45 KiB.
fn large() -> pb::ConsentTerms {
    let exception = pb::Rule {
        effect: pb::Effect::Deny.into(),
        records: (1..=100).map(|n| name_of("notes", Uuid::from_u128(n))).collect(),
        ..pb::Rule::default()
    };
    pb::ConsentTerms { exceptions: vec![exception; 10], ..terms() }
}

#[tokio::test]
async fn an_agencys_drafts_are_as_many_as_their_bytes_allow() {
    let world = World::new().await;
    for _ in 0..5 {
        world.draft(&world.staff(CLINIC), ANA, large()).await.unwrap();
    }
    is_full(&world.draft(&world.staff(CLINIC), ANA, large()).await.unwrap_err());
    world.draft(&world.staff(CLINIC), ANA, terms()).await.unwrap();
    world.draft(&world.person("ana"), ANA, large()).await.unwrap();
}

#[tokio::test]
async fn what_agencies_the_person_and_who_acts_for_them_have_drafted_is_bounded_in_bytes() {
    for (whose, drafted_agency, bytes) in
        [("clinic", OTHERS, 2 << 20), ("ana", SIDE, 2 << 20), ("aunt", SIDE, 512 << 10)]
    {
        let world = World::new().await;
        world.people.appoint("aunt", guardian(ANA));
        let token = match whose {
            "clinic" => world.staff(CLINIC),
            "ana" => world.person("ana"),
            _ => world.representative("aunt"),
        };
        world.draft(&token, ANA, large()).await.unwrap();
        let all_but_one = format!("{bytes} / octet_length(c.wire) - 2");
        more(&world, drafted_agency, &all_but_one).await;
        world.draft(&token, ANA, large()).await.unwrap();
        is_full(&world.draft(&token, ANA, large()).await.unwrap_err());
    }
}

/// How many orders of the largest an agency keeps until it is refused.
async fn orders(world: &World, agency: Uuid, person: Uuid) -> usize {
    for kept in 0..60 {
        let mut request = court_order::recording(person);
        let terms = request.terms.as_mut().unwrap();
        terms.records = (1..=500).map(|n| name_of("notes", Uuid::from_u128(n))).collect();
        if let Err(refused) = call!(world, record_court_order, world.officer(agency), request) {
            is_full(&refused);
            return kept;
        }
    }
    panic!("an agency is never refused");
}

#[tokio::test]
async fn one_agencys_court_orders_take_no_room_of_anothers() {
    let world = World::new().await;
    world.people.register(ANA, OTHER);
    let alone = orders(&world, CLINIC, BEN).await;
    assert!((1..50).contains(&alone), "by their bytes: {alone}");
    assert_eq!(orders(&world, OTHER, ANA).await, alone);
    assert_eq!(orders(&world, CLINIC, ANA).await, alone);
}
