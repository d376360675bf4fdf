//! An accounting is the person's, and what a sign-in opens of it depends on who vouches for it.

use ledger::{Event, Outcome};
use tonic::Code;
use uuid::Uuid;

use crate::world::*;

#[tokio::test]
async fn nobody_elses_accounting_is_there_for_anybody() {
    let world = World::new().await;
    let audit = world.audit().await;
    world.notes.record(world.read(JANE)).await.unwrap();
    let of_else = world.next_read(ELSE);
    world.notes.record(of_else.clone()).await.unwrap();
    world.reaches("notes", 2).await;
    let jane = world.jane(&audit);
    let other = world.somebody_else(&audit);
    let unbound = world.person(&audit, "bound-to-nobody");

    let unknown = jane.of(Uuid::from_u128(0x999)).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    for (what, refused) in [
        ("another person", jane.of(ELSE).await),
        ("the other way round", other.of(JANE).await),
        ("somebody unknown, of another", other.of(Uuid::from_u128(0x998)).await),
        ("a sign-in of nobody", unbound.of(JANE).await),
        ("a sign-in of nobody and nobody", unbound.of(Uuid::from_u128(0x999)).await),
        ("the one that stands for nobody", unbound.of(nobody()).await),
    ] {
        assert_eq!(whole(&refused.unwrap_err()), whole(&unknown), "{what}");
    }
    assert_eq!(other.decisions(ELSE, true).await[0], of_else.decision_id.to_string());
}

/// The person that a guard's decoy is of.
fn nobody() -> Uuid {
    Uuid::from_u128(0x6e6f_626f_6479_4000_8000_0000_0000_0000)
}

#[tokio::test]
async fn the_second_persons_rows_never_appear() {
    let world = World::new().await;
    let audit = world.audit().await;
    let (mut hers, mut others) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        for (person, into) in [(JANE, &mut hers), (ELSE, &mut others)] {
            let event = world.next_read(person);
            into.insert(0, event.decision_id.to_string());
            world.notes.record(event).await.unwrap();
        }
    }
    world.reaches("notes", 10).await;
    assert_eq!(world.jane(&audit).decisions(JANE, false).await, hers);
    assert_eq!(world.somebody_else(&audit).decisions(ELSE, false).await, others);
}

#[tokio::test]
async fn staff_are_refused_before_anything_is_read() {
    let world = World::new().await;
    let audit = world.audit().await;
    let staff = world.staff(&audit);
    let known = staff.of(JANE).await.unwrap_err();
    assert_eq!(known.code(), Code::PermissionDenied);
    let unknown = staff.of(Uuid::from_u128(0x999)).await.unwrap_err();
    assert_eq!(whole(&known), whole(&unknown));
}

#[tokio::test]
async fn a_refusal_is_on_record() {
    let world = World::new().await;
    let audit = world.audit().await;
    world.somebody_else(&audit).of(JANE).await.unwrap_err();
    let recorded = audit.ledger.follow(0, 10).await.unwrap();
    let recorded: Vec<_> = recorded.into_iter().filter_map(ledger::Followed::told).collect();
    let (_, event) = &recorded[0];
    assert_eq!((event.outcome, event.person), (Outcome::Deny, Some(JANE)));
    world.reaches("audit", 1).await;
    assert!(world.jane(&audit).decisions(JANE, false).await.is_empty());
}

#[tokio::test]
async fn a_sign_in_shows_what_the_agencies_that_vouch_for_it_hold_and_did() {
    let world = World::new().await;
    let audit = world.audit().await;
    let of_clinic = world.next_read(JANE);
    let of_both = Event { custodians: vec![CLINIC, REFUGE], ..world.next_read(JANE) };
    let of_refuge = Event { custodians: vec![REFUGE], ..world.next_read(JANE) };
    let of_none =
        Event { custodians: vec![], bases: vec!["NETWORK".into()], ..world.next_read(JANE) };
    let a_consent = Event {
        custodians: vec![],
        bases: vec!["NAMED_IN_CONSENT".into()],
        ..world.next_read(JANE)
    };
    let id = |e: &Event| e.decision_id.to_string();
    let [clinic, both, refuge, none, consent] =
        [&of_clinic, &of_both, &of_refuge, &of_none, &a_consent].map(id);
    for event in [of_clinic, of_both, of_refuge, of_none] {
        world.notes.record(event).await.unwrap();
    }
    world.consent.record(a_consent).await.unwrap();
    world.reaches("notes", 4).await;
    world.reaches("consent", 1).await;

    let all = [&consent, &none, &refuge, &both, &clinic];
    for (confirmed_by, shown) in [
        (None, &all[..]),
        (Some(&[CLINIC, REFUGE][..]), &[&refuge, &both, &clinic][..]),
        (Some(&[CLINIC][..]), &[&clinic][..]),
        // Who looked at a consent is told of those who vouch.
        (Some(&[HOUSING][..]), &[&consent][..]),
        (Some(&[][..]), &[][..]),
    ] {
        world.bind("jane", JANE, confirmed_by);
        let told = world.person(&audit, "jane").decisions(JANE, false).await;
        assert_eq!(told.iter().collect::<Vec<_>>(), shown, "{confirmed_by:?}");
    }
}
