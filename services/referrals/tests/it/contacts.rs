//! Attempts to reach the person, and the warm hand-off.

use kernel::Clock as _;
use tonic::Code;
use wire::{
    convert::{agency_name, timestamp},
    referrals::v1::{self as pb, ReferralState as S},
};

use crate::world::{ANA, CLINIC, HOUSING, OTHER, Verb, World, attempt, fields, new, refused};

#[tokio::test]
async fn both_sides_record_attempts_and_a_reentry_is_handed_over_before_the_release() {
    let world = World::agreed().await;
    let asked = pb::CreateReferralRequest {
        expected_release_date: "2041-03-20".to_owned(),
        warm_handoff: true,
        send: true,
        ..new(ANA, HOUSING)
    };
    let sent = world.create(CLINIC, asked).await.unwrap();
    assert_eq!((&*sent.expected_release_date, sent.warm_handoff), ("2041-03-20", true));
    let mut clinic = world.watch(CLINIC).await;
    clinic.is_told(&sent.name, S::Requested).await;
    world.go(Verb::Accept, HOUSING, &sent.name).await.unwrap();
    clinic.is_told(&sent.name, S::Accepted).await;
    let earlier = world.clock.now() - time::Duration::HOUR;
    let missed = pb::RecordContactRequest {
        time: Some(timestamp(earlier)),
        note: "The line was busy; canary-90bb.".to_owned(),
        ..attempt(&sent.name)
    };
    world.contact(HOUSING, missed).await.unwrap();
    let met = pb::RecordContactRequest {
        channel: pb::ContactChannel::Video.into(),
        result: pb::ContactResult::Reached.into(),
        warm_handoff: true,
        ..attempt(&sent.name)
    };
    let met = world.contact(CLINIC, met).await.unwrap();
    assert_eq!((met.state(), met.moves.len()), (S::Accepted, 2));
    let told: Vec<_> = met.contacts.iter().map(|c| (c.agency.clone(), c.warm_handoff)).collect();
    assert_eq!(told, [(agency_name(HOUSING), false), (agency_name(CLINIC), true)]);
    assert_eq!(met.contacts[0].time, Some(timestamp(earlier)));
    assert_eq!(met.contacts[0].note, "The line was busy; canary-90bb.");
    assert_eq!(met.contacts[1].time, Some(timestamp(world.clock.now())));
    assert_eq!(world.get_as(&world.person("ana"), &sent.name).await.unwrap(), met);
    clinic.is_told_of_more(&sent.name).await;
    clinic.is_told_of_more(&sent.name).await;
}

#[tokio::test]
async fn nobody_else_records_a_contact_and_none_is_recorded_of_a_draft() {
    let world = World::agreed().await;
    let (sent, draft) = (world.sent().await, world.draft().await);
    let other = world.contact(OTHER, attempt(&sent.name)).await;
    refused(other, Code::NotFound, "NOT_FOUND");
    let of_draft = world.contact(CLINIC, attempt(&draft.name)).await;
    refused(of_draft, Code::FailedPrecondition, "WRONG_STATE");
    refused(world.contact(HOUSING, attempt(&draft.name)).await, Code::NotFound, "NOT_FOUND");
    world.revoke(ANA);
    refused(world.contact(HOUSING, attempt(&sent.name)).await, Code::NotFound, "NOT_FOUND");
    assert!(world.get(CLINIC, &sent.name).await.unwrap().contacts.is_empty());
}

#[tokio::test]
async fn what_is_wrong_with_a_contact_is_named() {
    let world = World::agreed().await;
    let sent = world.sent().await;
    let at = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
    let now = timestamp(world.clock.now()).seconds;
    let ask = || attempt(&sent.name);
    for (wrong, field) in [
        (pb::RecordContactRequest { channel: 0, ..ask() }, "channel"),
        (pb::RecordContactRequest { result: 7, ..ask() }, "result"),
        (pb::RecordContactRequest { warm_handoff: true, ..ask() }, "warm_handoff"),
        (pb::RecordContactRequest { time: at(now + 1), ..ask() }, "time"),
        (pb::RecordContactRequest { time: at(i64::MIN), ..ask() }, "time"),
        (pb::RecordContactRequest { note: "x".repeat(501), ..ask() }, "note"),
        (pb::RecordContactRequest { note: "a\u{202e}b".to_owned(), ..ask() }, "note"),
        (pb::RecordContactRequest { name: "referrals/1".to_owned(), ..ask() }, "name"),
    ] {
        assert_eq!(fields(&world.contact(HOUSING, wrong).await.unwrap_err()), [field]);
    }
    for day in ["2041-02-30", "2041-3-1"] {
        let expected_release_date = day.to_owned();
        let asked = pb::CreateReferralRequest { expected_release_date, ..new(ANA, HOUSING) };
        let refused = world.create(CLINIC, asked).await.unwrap_err();
        assert_eq!(fields(&refused), ["expected_release_date"]);
    }
}
