//! The stream of events.

use rpc::Pages;
use testkit::fakes::bearer;
use tonic::Code;
use wire::{
    common::v1::{BasisKind, Obligation, Redisclosure},
    referrals::v1::{self as pb, ReferralEventKind, ReferralState as S},
};

use crate::world::{
    ANA, BEN, CLINIC, HOUSING, OTHER, PROGRAMME, SECRET, Verb, World, new, reason, refused,
};

const RPC: &str = "trellis.referrals.v1.ReferralsService/WatchReferrals";

#[tokio::test]
async fn a_stream_goes_on_where_its_cursor_says() {
    let world = World::agreed().await;
    let first = world.sent().await;
    let mut watching = world.watch(HOUSING).await;
    let event = watching.next().await;
    assert_eq!((&event.referral, event.state()), (&first.name, S::Requested));
    drop(watching);
    world.go(Verb::Accept, HOUSING, &first.name).await.unwrap();
    let second = world.sent().await;
    let mut resumed = world.watch_from(HOUSING, &event.cursor).await.unwrap();
    resumed.is_told(&first.name, S::Accepted).await;
    resumed.is_told(&second.name, S::Requested).await;
    // The cursor of a checkpoint is as good as an event's.
    let checkpoint = resumed.message().await.unwrap().unwrap();
    assert_eq!(checkpoint.kind(), ReferralEventKind::Checkpoint);
    assert_eq!((&*checkpoint.referral, checkpoint.state), ("", 0));
    assert_eq!(checkpoint.disclosure, None);
    let mut at_the_end = world.watch_from(HOUSING, &checkpoint.cursor).await.unwrap();
    world.go(Verb::Reject, HOUSING, &second.name).await.unwrap();
    at_the_end.is_told(&second.name, S::Rejected).await;
}

#[tokio::test]
async fn a_cursor_of_somebody_else_or_of_nothing_has_expired() {
    let world = World::agreed().await;
    world.sent().await;
    let cursor = world.watch(HOUSING).await.next().await.cursor;
    let pages = Pages::new(&SECRET, world.deps.clock.clone()).unwrap();
    let call = world.sign_ins.call(&world.staff(HOUSING), RPC).await;
    let beyond = pages.cursor(&call, 2).unwrap();
    let before = pages.cursor(&call, -1).unwrap();
    world.watch_from(HOUSING, &pages.cursor(&call, 1).unwrap()).await.unwrap();
    let mut bent = cursor.clone();
    bent.replace_range(3..4, if &cursor[3..4] == "A" { "B" } else { "A" });
    for (agency, cursor) in [
        (CLINIC, &*cursor),
        (HOUSING, &*beyond),
        (HOUSING, &*before),
        (HOUSING, &*bent),
        (HOUSING, "x"),
        (HOUSING, &cursor[1..]),
    ] {
        let status = world.watch_from(agency, cursor).await.map(|_| ()).unwrap_err();
        assert_eq!((status.code(), &*reason(&status).0), (Code::OutOfRange, "CURSOR_EXPIRED"));
    }
}

#[tokio::test]
async fn a_stream_holds_what_concerns_its_agency_and_nothing_else() {
    let world = World::agreed().await;
    world.agree(BEN, OTHER, HOUSING);
    let mut clinic = world.watch(CLINIC).await;
    let mut other = world.watch(OTHER).await;
    let at_once = pb::CreateReferralRequest { send: true, ..new(BEN, HOUSING) };
    let bens = world.create(OTHER, at_once).await.unwrap();
    let anas = world.sent().await;
    let mut housing = world.watch(HOUSING).await;
    housing.is_told(&bens.name, S::Requested).await;
    housing.is_told(&anas.name, S::Requested).await;
    clinic.is_told(&anas.name, S::Requested).await;
    other.is_told(&bens.name, S::Requested).await;
    for watching in [&mut clinic, &mut other, &mut housing] {
        watching.is_told_nothing_more(&world).await;
    }
}

#[tokio::test]
async fn what_a_target_may_not_read_it_is_not_told() {
    let world = World::new().await;
    world.permit(ANA, CLINIC, HOUSING, &[kernel::Action::Refer]);
    let sent = world.sent().await;
    let mut housing = world.watch(HOUSING).await;
    housing.is_told_nothing_more(&world).await;
    world.watch(CLINIC).await.is_told(&sent.name, S::Requested).await;
}

#[tokio::test]
async fn what_its_target_may_read_no_more_leaves_it_and_comes_back_when_it_may() {
    let world = World::agreed().await;
    let sent = world.in_state(S::Accepted).await;
    let (mut clinic, mut housing) = (world.watch(CLINIC).await, world.watch(HOUSING).await);
    for watch in [&mut clinic, &mut housing] {
        watch.is_told(&sent.name, S::Requested).await;
        watch.is_told(&sent.name, S::Accepted).await;
    }
    // It may still be sent: nothing is held, and nothing was revoked to the source.
    world.revoke(ANA);
    world.permit(ANA, CLINIC, HOUSING, &[kernel::Action::Refer]);
    world.reconcile(ANA).await;
    world.reconcile(ANA).await;
    housing.loses(&sent.name).await;
    housing.is_told_nothing_more(&world).await;
    clinic.is_told_nothing_more(&world).await;
    assert_eq!(world.get(CLINIC, &sent.name).await.unwrap(), sent);
    // What happens meanwhile its target hears with its present state, once it may.
    world.go(Verb::Cancel, CLINIC, &sent.name).await.unwrap();
    clinic.is_told(&sent.name, S::Cancelled).await;
    housing.is_told_nothing_more(&world).await;
    world.agree(ANA, CLINIC, HOUSING);
    world.reconcile(ANA).await;
    world.reconcile(ANA).await;
    housing.is_told(&sent.name, S::Cancelled).await;
    housing.is_told_nothing_more(&world).await;
    clinic.is_told_nothing_more(&world).await;
}

#[tokio::test]
async fn what_is_refused_before_its_withdrawal_is_withdrawn_then_and_a_new_consent_loses_nothing() {
    let world = World::agreed().await;
    let sent = world.sent().await;
    world.revoke(ANA);
    // Nobody has dealt with the end of the consent yet: left out, it would be lost once there is a new one.
    let mut housing = world.watch(HOUSING).await;
    housing.loses(&sent.name).await;
    world.agree(ANA, CLINIC, HOUSING);
    world.reconcile(ANA).await;
    housing.is_told(&sent.name, S::Requested).await;
    housing.is_told_nothing_more(&world).await;
}

#[tokio::test]
async fn a_cursor_of_before_a_revocation_tells_nothing_that_was_taken_away() {
    let world = World::agreed().await;
    let sent = world.sent().await;
    let before = world.watch(HOUSING).await.next().await.cursor;
    world.go(Verb::Accept, HOUSING, &sent.name).await.unwrap();
    world.revoke(ANA);
    // That it is gone, and not that it was accepted.
    let mut housing = world.watch_from(HOUSING, &before).await.unwrap();
    housing.loses(&sent.name).await;
    housing.is_told_nothing_more(&world).await;
}

#[tokio::test]
async fn what_was_sent_and_could_not_be_read_is_told_of_when_it_can_and_held_when_it_must() {
    let world = World::new().await;
    let refer = [kernel::Action::Refer];
    world.permit(ANA, CLINIC, HOUSING, &refer);
    let (mut clinic, mut housing) = (world.watch(CLINIC).await, world.watch(HOUSING).await);
    let at_once = world.sent().await;
    world.clock.advance(time::Duration::MINUTE);
    let drafted = world.draft().await;
    world.go(Verb::Send, CLINIC, &drafted.name).await.unwrap();
    clinic.is_told(&at_once.name, S::Requested).await;
    clinic.is_told(&drafted.name, S::Draft).await;
    clinic.is_told(&drafted.name, S::Requested).await;
    housing.is_told_nothing_more(&world).await;
    // Held, and not withdrawn from those who never heard of it.
    world.revoke(ANA);
    world.reconcile(ANA).await;
    clinic.is_told(&at_once.name, S::OnHold).await;
    clinic.is_told(&drafted.name, S::OnHold).await;
    housing.is_told_nothing_more(&world).await;
    world.permit(ANA, CLINIC, HOUSING, &refer);
    world.reconcile(ANA).await;
    clinic.is_told_nothing_more(&world).await;
    world.permit(ANA, CLINIC, HOUSING, &[kernel::Action::Read]);
    world.reconcile(ANA).await;
    for watch in [&mut clinic, &mut housing] {
        watch.is_told(&at_once.name, S::Requested).await;
        watch.is_told(&drafted.name, S::Requested).await;
        watch.is_told_nothing_more(&world).await;
    }
}

#[tokio::test]
async fn every_state_that_is_told_is_on_record_first() {
    let world = World::agreed().await;
    let sent = world.sent().await;
    let id: uuid::Uuid = sent.name.trim_start_matches("referrals/").parse().unwrap();
    let before = world.stage.events().await.len();
    world.watch(HOUSING).await.is_told(&sent.name, S::Requested).await;
    let events = world.stage.events().await;
    let [told] = &events[before..] else { panic!("{events:?}") };
    assert_eq!((&*told.rpc, told.caller.agency), (RPC, Some(HOUSING)));
    assert_eq!((told.outcome, told.person), (ledger::Outcome::Permit, Some(ANA)));
    assert_eq!(told.records, [id]);
}

#[tokio::test]
async fn what_a_programme_sent_is_told_with_the_notice_and_its_consent_and_to_its_source_without() {
    let world = World::new().await;
    let consent = world.agree(ANA, PROGRAMME, HOUSING);
    let (mut programme, mut housing) = (world.watch(PROGRAMME).await, world.watch(HOUSING).await);
    let asked = pb::CreateReferralRequest { send: true, ..new(ANA, HOUSING) };
    let sent = world.create(PROGRAMME, asked).await.unwrap();
    let told = housing.next().await;
    assert_eq!((&told.referral, told.state()), (&sent.name, S::Requested));
    let disclosure = told.disclosure.unwrap();
    assert_eq!(disclosure.bases, [i32::from(BasisKind::Consent)]);
    assert_eq!(disclosure.basis, [format!("consents/{consent}")]);
    let obligations = [Obligation::Part2Notice, Obligation::ConsentCopy].map(i32::from);
    assert_eq!(disclosure.obligations, obligations);
    assert_eq!(disclosure.redisclosure(), Redisclosure::Prohibited);
    assert!(disclosure.notice.unwrap().text.contains("42 CFR part 2"));
    assert_eq!(disclosure.consents[0].consent, format!("consents/{consent}"));
    // The decision that is on record.
    let events = world.stage.events().await;
    let of_it = |e: &&ledger::Event| e.decision_id.to_string() == disclosure.decision_id;
    let recorded = events.iter().find(of_it).unwrap();
    assert_eq!((&*recorded.rpc, recorded.caller.agency), (RPC, Some(HOUSING)));

    let own = programme.next().await.disclosure.unwrap();
    assert_eq!(own.bases, [i32::from(BasisKind::Custodian)]);
    assert!(own.notice.is_none() && own.consents.is_empty() && own.obligations.is_empty());
    assert_eq!(own.redisclosure(), Redisclosure::PermittedByLaw);
    // Nothing is opened to say that it is gone.
    world.revoke(ANA);
    world.reconcile(ANA).await;
    let gone = housing.next().await;
    assert_eq!((gone.kind(), gone.disclosure), (ReferralEventKind::Withdrawn, None));
}

#[tokio::test]
async fn a_backlog_of_many_comes_whole_and_in_order() {
    let world = World::agreed().await;
    let mut expected = Vec::new();
    for _ in 0..130 {
        expected.push(world.sent().await.name);
    }
    let mut housing = world.watch(HOUSING).await;
    for name in &expected {
        housing.is_told(name, S::Requested).await;
    }
    housing.is_told_nothing_more(&world).await;
}

#[tokio::test]
async fn another_replicas_events_are_told_too() {
    let world = World::agreed().await;
    let mut housing = world.watch(HOUSING).await;
    // As another process would: its own application on the same database.
    let another = world.another(world.deps.clone());
    let before = world.sent().await;
    housing.is_told(&before.name, S::Requested).await;
    world.revoke(ANA);
    referrals::reconcile(&another, &ANA.into()).await.unwrap();
    housing.loses(&before.name).await;
}

#[tokio::test]
async fn a_stream_ends_with_its_token() {
    let world = World::agreed().await;
    let mut housing = world.watch(HOUSING).await;
    housing.is_told_nothing_more(&world).await;
    world.clock.advance(time::Duration::HOUR + time::Duration::MINUTE);
    let end = loop {
        match housing.message().await {
            Ok(Some(message)) => assert_eq!(message.kind(), ReferralEventKind::Checkpoint),
            end => break end,
        }
    };
    refused(end, Code::Unauthenticated, "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_stream_ends_when_its_agency_is_suspended_with_nothing_to_decide() {
    let world = World::agreed().await;
    let mut housing = world.watch(HOUSING).await;
    housing.is_told_nothing_more(&world).await;
    world.suspend(HOUSING, true);
    let end = loop {
        match housing.message().await {
            Ok(Some(message)) => assert_eq!(message.kind(), ReferralEventKind::Checkpoint),
            end => break end,
        }
    };
    refused(end, Code::PermissionDenied, "AGENCY_SUSPENDED");
}

#[tokio::test]
async fn a_stream_ends_when_the_service_stops() {
    let world = World::agreed().await;
    let mut housing = world.watch(HOUSING).await;
    housing.is_told_nothing_more(&world).await;
    world.deps.stop.cancel();
    assert_eq!(housing.message().await.unwrap(), None);
}

#[tokio::test]
async fn a_stream_ends_when_nothing_can_be_decided_and_loses_nothing() {
    let world = World::agreed().await;
    let mut housing = world.watch(HOUSING).await;
    let cursor = housing.message().await.unwrap().unwrap().cursor;
    let sent = world.sent().await;
    housing.is_told(&sent.name, S::Requested).await;
    world.consents.fault(Some(testkit::fakes::Fault::Away));
    let mut away = world.watch_from(HOUSING, &cursor).await.unwrap();
    refused(away.message().await, Code::Unavailable, "CONSENT_SERVICE_UNAVAILABLE");
    world.consents.fault(None);
    let mut again = world.watch_from(HOUSING, &cursor).await.unwrap();
    again.is_told(&sent.name, S::Requested).await;
}

#[tokio::test]
async fn a_person_does_not_watch() {
    let world = World::new().await;
    let request = bearer(&world.person("ana"), pb::WatchReferralsRequest::default());
    let answer = world.client.clone().watch_referrals(request).await.map(|_| ());
    refused(answer, Code::PermissionDenied, "ROLE_NOT_ADMITTED");
}
