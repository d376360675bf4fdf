//! Legal holds: placed and lifted by the office that answers for them, and seen by nobody else.

use ledger::{Followed, Outcome};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;
use wire::audit::v1::{
    LegalHold, LiftLegalHoldRequest, ListLegalHoldsRequest, PlaceLegalHoldRequest,
};

use crate::world::{Audit, CLINIC, Client, ELSE, HOUSING, JANE, World, whole};

fn placing(person: Uuid, matter: &str) -> PlaceLegalHoldRequest {
    PlaceLegalHoldRequest {
        request_id: Uuid::new_v4().to_string(),
        person: format!("people/{person}"),
        matter: matter.to_owned(),
    }
}

fn lifting(name: &str) -> LiftLegalHoldRequest {
    LiftLegalHoldRequest { request_id: Uuid::new_v4().to_string(), name: name.to_owned() }
}

async fn place(office: &Client, asked: PlaceLegalHoldRequest) -> Result<LegalHold, Status> {
    let reply = office.audit().place_legal_hold(office.with(asked)).await?;
    Ok(reply.into_inner().hold.unwrap())
}

async fn lift(office: &Client, asked: LiftLegalHoldRequest) -> Result<LegalHold, Status> {
    let reply = office.audit().lift_legal_hold(office.with(asked)).await?;
    Ok(reply.into_inner().hold.unwrap())
}

async fn list(office: &Client, asked: ListLegalHoldsRequest) -> (Vec<LegalHold>, String) {
    let reply = office.audit().list_legal_holds(office.with(asked)).await.unwrap().into_inner();
    (reply.holds, reply.next_page_token)
}

async fn all(office: &Client) -> Vec<LegalHold> {
    list(office, ListLegalHoldsRequest::default()).await.0
}

async fn held(world: &World) -> Vec<Uuid> {
    let mut held = audit::held(&mut world.owner("audit").await).await.unwrap();
    held.sort_unstable();
    held
}

async fn events(audit: &Audit) -> Vec<ledger::Event> {
    let all = audit.ledger.follow(0, 1_000).await.unwrap();
    all.into_iter().filter_map(Followed::told).map(|(_, event)| event).collect()
}

#[tokio::test]
async fn a_hold_stands_from_its_placing_to_its_lifting_and_is_its_offices_alone() {
    let world = World::new().await;
    let audit = world.audit().await;
    let (clinic, housing) = (world.officer(&audit, CLINIC), world.officer(&audit, HOUSING));
    let network = world.network_admin(&audit);
    let first = place(&clinic, placing(JANE, "2026-CV-17")).await.unwrap();
    assert_eq!(first.person, format!("people/{JANE}"));
    assert_eq!((&*first.matter, &*first.agency), ("2026-CV-17", &*format!("agencies/{CLINIC}")));
    assert!(first.place_time.is_some() && first.lift_time.is_none());
    world.clock.advance(time::Duration::MINUTE);
    let second = place(&housing, placing(JANE, "another")).await.unwrap();
    let third = place(&network, placing(ELSE, "of the network")).await.unwrap();
    assert_eq!(third.agency, "");
    assert_eq!(all(&clinic).await, std::slice::from_ref(&first));
    assert_eq!(all(&housing).await, std::slice::from_ref(&second));
    assert_eq!(all(&network).await, std::slice::from_ref(&third));
    assert_eq!(held(&world).await, [JANE, ELSE]);

    // Another office's is not there.
    let absent = lift(&clinic, lifting(&format!("legalHolds/{}", Uuid::new_v4()))).await;
    let absent = whole(&absent.unwrap_err());
    for foreign in [&second.name, &third.name] {
        let refused = lift(&clinic, lifting(foreign)).await.unwrap_err();
        assert_eq!((refused.code(), whole(&refused)), (Code::NotFound, absent.clone()));
    }
    let refused = lift(&network, lifting(&first.name)).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);

    // Two hold her: she is held until both are lifted.
    let ask = lifting(&first.name);
    let lifted = lift(&clinic, ask.clone()).await.unwrap();
    assert!(lifted.lift_time.is_some());
    assert_eq!(held(&world).await, [JANE, ELSE]);
    assert_eq!(lift(&clinic, ask).await.unwrap(), lifted, "a replay answers as the first time");
    let twice = lift(&clinic, lifting(&first.name)).await.unwrap_err();
    assert_eq!(twice.code(), Code::FailedPrecondition);
    lift(&housing, lifting(&second.name)).await.unwrap();
    assert_eq!(held(&world).await, [ELSE]);
    let standing = ListLegalHoldsRequest { standing_only: true, ..Default::default() };
    assert_eq!(list(&clinic, standing).await.0, []);
    assert_eq!(all(&clinic).await, [lifted]);

    // All of it is on record, and none of it is a disclosure.
    let events = events(&audit).await;
    let writes = events.iter().filter(|e| e.action == ledger::Action::Write);
    let writes: Vec<_> = writes.map(|e| (e.person, e.records.len(), e.outcome)).collect();
    let one = |person| (Some(person), 1, Outcome::Permit);
    assert_eq!(writes, [one(JANE), one(JANE), one(ELSE), one(JANE), one(JANE)]);
    assert_eq!(events.iter().filter(|e| e.outcome == Outcome::Deny).count(), 4);
    assert_eq!(events.iter().filter(|e| e.rpc.ends_with("/ListLegalHolds")).count(), 5);
    let last = i64::try_from(events.len()).unwrap();
    world.reaches("audit", last).await;
    assert!(world.jane(&audit).decisions(JANE, true).await.is_empty());
}

#[tokio::test]
async fn an_agency_whose_people_are_held_elsewhere_holds_nobody_here() {
    let mut world = World::new().await;
    world.registers = facts::Registers::Only(vec![HOUSING]);
    let audit = world.audit().await;
    let (clinic, housing) = (world.officer(&audit, CLINIC), world.officer(&audit, HOUSING));
    let refused = place(&clinic, placing(JANE, "2026-CV-17")).await.unwrap_err();
    let reason = refused.get_error_details().error_info().unwrap().reason.clone();
    assert_eq!((refused.code(), &*reason), (Code::PermissionDenied, "HELD_ELSEWHERE"));
    assert_eq!(held(&world).await, [] as [Uuid; 0]);
    assert!(events(&audit).await.iter().all(|event| event.person != Some(JANE)));
    place(&housing, placing(JANE, "2026-CV-17")).await.unwrap();
    assert_eq!(held(&world).await, [JANE]);
}

#[tokio::test]
async fn a_request_places_once_and_what_is_wrong_with_it_is_named() {
    let world = World::new().await;
    let audit = world.audit().await;
    let clinic = world.officer(&audit, CLINIC);
    let ask = placing(JANE, "once");
    let first = place(&clinic, ask.clone()).await.unwrap();
    assert_eq!(place(&clinic, ask.clone()).await.unwrap(), first);
    assert_eq!(all(&clinic).await.len(), 1);
    let other = PlaceLegalHoldRequest { matter: "other".into(), ..ask };
    assert_eq!(place(&clinic, other).await.unwrap_err().code(), Code::FailedPrecondition);
    for (wrong, field) in [
        (placing(JANE, ""), "matter"),
        (placing(JANE, &"x".repeat(201)), "matter"),
        (placing(JANE, "a\u{0}b"), "matter"),
        (placing(JANE, "a\nb"), "matter"),
        (placing(JANE, "  "), "matter"),
        (placing(JANE, "a\u{200B}b"), "matter"),
        (placing(Uuid::nil(), "x"), "person"),
        (PlaceLegalHoldRequest { request_id: "1".into(), ..placing(JANE, "x") }, "request_id"),
    ] {
        let refused = place(&clinic, wrong).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{field}");
        assert!(
            format!("{:?}", tonic_types::StatusExt::get_error_details(&refused)).contains(field)
        );
    }
    let staff = world.jane(&audit);
    assert_eq!(place(&staff, placing(JANE, "x")).await.unwrap_err().code(), Code::PermissionDenied);
}

#[tokio::test]
async fn pages_hold_each_hold_once() {
    let world = World::new().await;
    let audit = world.audit().await;
    let clinic = world.officer(&audit, CLINIC);
    let mut placed = Vec::new();
    for n in 0..5 {
        placed.push(place(&clinic, placing(JANE, &n.to_string())).await.unwrap().name);
    }
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let asked =
            ListLegalHoldsRequest { page_size: 2, page_token, ..ListLegalHoldsRequest::default() };
        let (holds, next) = list(&clinic, asked).await;
        assert!(holds.len() <= 2);
        seen.extend(holds.into_iter().map(|hold| hold.name));
        page_token = next;
        if page_token.is_empty() {
            break;
        }
    }
    seen.sort_unstable();
    placed.sort_unstable();
    assert_eq!(seen, placed);
}

#[tokio::test]
async fn the_copy_goes_with_what_is_past_its_time_but_for_those_who_are_held() {
    let world = World::new().await;
    let audit = world.audit().await;
    let past = time::macros::datetime!(2020-02-03 09:00 UTC);
    for person in [JANE, ELSE] {
        let old = ledger::Event { occurred_at: past, ..world.read(person) };
        world.notes.record(old).await.unwrap();
        world.notes.record(world.read(person)).await.unwrap();
    }
    world.reaches("notes", 4).await;
    let admin = world.admin_url();
    let service = pg::ServiceSchema::of("audit");
    let mut conn = pg::retaining(&admin, &service).await.unwrap();
    let before = time::macros::date!(2020 - 02 - 01);
    assert_eq!(audit::purge_copy(&mut conn, before, &[], 100).await.unwrap(), 0);
    let before = time::macros::date!(2020 - 03 - 01);
    assert_eq!(audit::purge_copy(&mut conn, before, &[JANE], 100).await.unwrap(), 1);
    assert_eq!(world.jane(&audit).decisions(JANE, false).await.len(), 2);
    assert_eq!(world.somebody_else(&audit).decisions(ELSE, false).await.len(), 1);
    assert_eq!(audit::purge_copy(&mut conn, before, &[], 100).await.unwrap(), 1);
    // Whatever the day that is given: what is not 36 months old stays.
    let later = time::macros::date!(2100 - 01 - 01);
    assert_eq!(audit::purge_copy(&mut conn, later, &[], 100).await.unwrap(), 0);
    assert_eq!(world.jane(&audit).decisions(JANE, false).await.len(), 1);
}

#[tokio::test]
async fn no_hold_is_placed_between_a_purges_last_look_and_its_end() {
    let world = World::new().await;
    let audit = world.audit().await;
    let clinic = world.officer(&audit, CLINIC);
    let service = pg::ServiceSchema::of("audit");
    let mut purge = pg::retaining(&world.admin_url(), &service).await.unwrap();
    ledger::months::begin(&mut purge).await.unwrap();
    audit::none_placed(&mut purge).await.unwrap();
    let asked = placing(JANE, "x");
    let placed = tokio::spawn(async move { place(&clinic, asked).await });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(!placed.is_finished());
    assert!(held(&world).await.is_empty());
    ledger::months::end(&mut purge, true).await.unwrap();
    placed.await.unwrap().unwrap();
    assert_eq!(held(&world).await, [JANE]);
}

#[tokio::test]
async fn a_hold_that_two_lift_at_once_is_lifted_once() {
    let world = World::new().await;
    let audit = world.audit().await;
    let clinic = world.officer(&audit, CLINIC);
    let hold = place(&clinic, placing(JANE, "x")).await.unwrap();
    let both = (0..8).map(|_| lift(&clinic, lifting(&hold.name)));
    let done = futures::future::join_all(both).await;
    assert_eq!(done.iter().filter(|d| d.is_ok()).count(), 1);
    let others = done.iter().filter_map(|d| d.as_ref().err());
    assert!(others.into_iter().all(|e| e.code() == Code::FailedPrecondition), "{done:?}");
}
