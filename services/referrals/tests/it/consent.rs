//! What follows when the person's consents change.

use kernel::{Clock as _, PersonId};
use ledger::{Action, Outcome};
use testkit::fakes::until;
use tonic::Code;
use wire::{
    convert::agency_name,
    referrals::v1::{self as pb, ReferralState as S},
};

use crate::world::{ANA, BEN, CLINIC, HOUSING, Verb, World, new, refused};

#[tokio::test]
async fn without_a_consent_nothing_is_sent() {
    let world = World::new().await;
    let draft = world.draft().await;
    let sent = world.go(Verb::Send, CLINIC, &draft.name).await;
    refused(sent, Code::FailedPrecondition, "CONSENT_NEEDED");
    let at_once = pb::CreateReferralRequest { send: true, ..new(ANA, HOUSING) };
    let sent = world.create(CLINIC, at_once).await;
    refused(sent, Code::FailedPrecondition, "CONSENT_NEEDED");
    assert_eq!(world.count("SELECT count(*) FROM referral").await, 1);
    assert_eq!(world.get(CLINIC, &draft.name).await.unwrap(), draft);
    // Reading is not sending.
    world.permit(ANA, CLINIC, HOUSING, &[kernel::Action::Read]);
    let sent = world.go(Verb::Send, CLINIC, &draft.name).await;
    refused(sent, Code::FailedPrecondition, "CONSENT_NEEDED");
}

#[tokio::test]
async fn what_is_sent_at_once_needs_its_consent_until_the_commit() {
    let world = World::agreed().await;
    let at = world.clock.now();
    // The permit is asked for first; the answer to that is out when the person revokes.
    world.consents.after(0, move |consents| consents.revoke(ANA, at));
    let at_once = pb::CreateReferralRequest { send: true, ..new(ANA, HOUSING) };
    let sent = world.create(CLINIC, at_once).await;
    refused(sent, Code::FailedPrecondition, "CONSENT_NEEDED");
    assert_eq!(world.count("SELECT count(*) FROM referral").await, 0);
    assert_eq!(world.count("SELECT count(*) FROM referral_event").await, 0);
}

#[tokio::test]
async fn a_sent_referral_is_on_record_as_a_disclosure_to_its_target_under_its_consent() {
    let world = World::new().await;
    let consent = world.agree(ANA, CLINIC, HOUSING);
    world.sent().await;
    let draft = world.draft().await;
    world.go(Verb::Send, CLINIC, &draft.name).await.unwrap();
    let events = world.stage.events().await;
    let [at_once, drafted, sent] = &events[..] else { panic!("{events:?}") };
    assert_eq!((at_once.action, at_once.recipient), (Action::Write, Some(HOUSING)));
    assert_eq!(at_once.consents, [(consent, 1)]);
    assert_eq!((drafted.action, drafted.recipient), (Action::Write, None));
    assert!(drafted.consents.is_empty());
    assert_eq!((sent.action, sent.recipient), (Action::Refer, Some(HOUSING)));
    assert_eq!(sent.consents, [(consent, 1)]);
}

#[tokio::test]
async fn a_revocation_hides_it_at_once_holds_it_and_withdraws_it_once() {
    let world = World::agreed().await;
    let accepted = world.in_state(S::Accepted).await;
    let name = &accepted.name;
    let mut housing = world.watch(HOUSING).await;
    for state in [S::Requested, S::Accepted] {
        housing.is_told(name, state).await;
    }
    world.revoke(ANA);
    // Nobody has heard of it yet, and all the same.
    refused(world.get(HOUSING, name).await, Code::NotFound, "NOT_FOUND");
    refused(world.go(Verb::Start, HOUSING, name).await, Code::NotFound, "NOT_FOUND");
    assert_eq!(world.get(CLINIC, name).await.unwrap(), accepted);

    let mut clinic = world.watch(CLINIC).await;
    for state in [S::Requested, S::Accepted] {
        clinic.is_told(name, state).await;
    }
    world.tell(ANA);
    housing.loses(name).await;
    clinic.is_told(name, S::OnHold).await;
    let held = world.get(CLINIC, name).await.unwrap();
    let last = held.moves.last().unwrap();
    assert_eq!((last.state(), &*last.agency, &*last.reason), (S::OnHold, "", "CONSENT_REVOKED"));

    // Told again, nothing happens again.
    world.tell(ANA);
    world.reconcile(ANA).await;
    assert_eq!(world.get(CLINIC, name).await.unwrap(), held);
    clinic.is_told_nothing_more(&world).await;
    housing.is_told_nothing_more(&world).await;
    // Whoever begins anew is told of it, and of nothing that it was.
    let mut anew = world.watch(HOUSING).await;
    anew.loses(name).await;
    anew.is_told_nothing_more(&world).await;
    let events = world.stage.events().await;
    let by_network: Vec<_> =
        events.iter().filter(|e| &*e.rpc == "trellis.referrals/Reconcile").collect();
    let [act] = &by_network[..] else { panic!("{by_network:?}") };
    assert_eq!((act.outcome, &*act.caller.kind), (Outcome::Permit, "SERVICE"));
    assert_eq!((act.person, &*act.bases[0]), (Some(ANA), "NETWORK"));
}

#[tokio::test]
async fn a_new_consent_returns_it_to_the_state_that_it_was_held_in() {
    let world = World::agreed().await;
    for state in [S::Requested, S::Accepted, S::InProgress] {
        let referral = world.in_state(state).await;
        world.revoke(ANA);
        world.reconcile(ANA).await;
        let held = world.get(CLINIC, &referral.name).await.unwrap();
        assert_eq!(held.state(), S::OnHold);
        let cursor = end_of(&world, CLINIC).await;
        let (mut clinic, mut housing) =
            (world.watch_from(CLINIC, &cursor).await.unwrap(), world.watch(HOUSING).await);

        world.agree(ANA, CLINIC, HOUSING);
        // It is not the target's to take up what the network holds.
        let early = world.go(Verb::Resume, HOUSING, &referral.name).await.unwrap_err();
        let (why, metadata) = crate::world::reason(&early);
        assert_eq!((&*why, &*metadata[0].1), ("WRONG_STATE", "cancelled"));

        world.reconcile(ANA).await;
        let back = world.get(HOUSING, &referral.name).await.unwrap();
        assert_eq!(back.state(), state);
        let last = back.moves.last().unwrap();
        assert_eq!((&*last.agency, &*last.reason), ("", ""));
        clinic.is_told(&referral.name, state).await;
        let mut told = housing.next().await;
        while told.referral != referral.name || told.state() != state || told.time != last.time {
            told = housing.next().await;
        }
        world.go(Verb::Cancel, HOUSING, &referral.name).await.unwrap();
        world.clock.advance(time::Duration::MINUTE);
    }
}

/// The cursor after all that there is.
async fn end_of(world: &World, agency: uuid::Uuid) -> String {
    let mut watching = world.watch(agency).await;
    loop {
        let message = watching.message().await.unwrap().unwrap();
        if message.kind() == pb::ReferralEventKind::Checkpoint {
            return message.cursor;
        }
    }
}

#[tokio::test]
async fn what_has_ended_or_waits_is_withdrawn_once_and_comes_back_as_it_stands() {
    let world = World::agreed().await;
    for state in [S::Completed, S::OnHold, S::Rejected, S::Failed, S::Cancelled] {
        let referral = world.in_state(state).await;
        let cursors = (end_of(&world, CLINIC).await, end_of(&world, HOUSING).await);
        let mut clinic = world.watch_from(CLINIC, &cursors.0).await.unwrap();
        let mut housing = world.watch_from(HOUSING, &cursors.1).await.unwrap();
        let others = world.count("SELECT count(*) FROM referral WHERE target_sees").await - 1;
        world.revoke(ANA);
        world.reconcile(ANA).await;
        world.reconcile(ANA).await;
        let mut lost = Vec::new();
        for _ in 0..=others {
            let event = housing.next().await;
            assert_eq!(event.kind(), pb::ReferralEventKind::Withdrawn);
            lost.push(event.referral);
        }
        assert!(lost.contains(&referral.name));
        assert_eq!(world.get(CLINIC, &referral.name).await.unwrap(), referral, "it has not moved");
        world.agree(ANA, CLINIC, HOUSING);
        world.reconcile(ANA).await;
        world.reconcile(ANA).await;
        let mut back = Vec::new();
        for _ in 0..=others {
            let event = housing.next().await;
            back.push((event.referral.clone(), event.state()));
        }
        assert!(back.contains(&(referral.name.clone(), state)), "{back:?}");
        housing.is_told_nothing_more(&world).await;
        clinic.is_told_nothing_more(&world).await;
        assert_eq!(world.get(HOUSING, &referral.name).await.unwrap(), referral);
    }
}

#[tokio::test]
async fn what_happens_while_it_is_withdrawn_is_the_sources_alone() {
    let world = World::agreed().await;
    let sent = world.sent().await;
    world.revoke(ANA);
    world.reconcile(ANA).await;
    let cursor = end_of(&world, HOUSING).await;
    let mut housing = world.watch_from(HOUSING, &cursor).await.unwrap();
    world.go(Verb::Cancel, CLINIC, &sent.name).await.unwrap();
    housing.is_told_nothing_more(&world).await;
    world.agree(ANA, CLINIC, HOUSING);
    world.reconcile(ANA).await;
    housing.is_told(&sent.name, S::Cancelled).await;
    housing.is_told_nothing_more(&world).await;
}

#[tokio::test]
async fn a_suspended_agency_is_not_the_end_of_a_consent_and_does_not_hide_one() {
    let world = World::agreed().await;
    let sent = world.sent().await;
    for agency in [CLINIC, HOUSING] {
        world.suspend(agency, true);
        world.reconcile(ANA).await;
        world.suspend(agency, false);
        assert_eq!(world.get(HOUSING, &sent.name).await.unwrap().state(), S::Requested);
    }
    world.suspend(HOUSING, true);
    world.revoke(ANA);
    world.reconcile(ANA).await;
    assert_eq!(world.get(CLINIC, &sent.name).await.unwrap().state(), S::OnHold);
}

#[tokio::test]
async fn a_revocation_touches_the_referrals_of_its_person_alone() {
    let world = World::agreed().await;
    world.agree(BEN, CLINIC, HOUSING);
    let at_once = pb::CreateReferralRequest { send: true, ..new(BEN, HOUSING) };
    let bens = world.create(CLINIC, at_once).await.unwrap();
    let anas = world.sent().await;
    let draft = world.draft().await;
    world.revoke(ANA);
    world.tell(BEN);
    world.tell(ANA);
    until("on hold", async || world.get(CLINIC, &anas.name).await.unwrap().state() == S::OnHold)
        .await;
    assert_eq!(world.get(HOUSING, &bens.name).await.unwrap(), bens);
    assert_eq!(world.get(CLINIC, &draft.name).await.unwrap(), draft);
}

#[tokio::test]
async fn another_purpose_than_that_of_the_sending_covers_nothing() {
    let world = World::agreed().await;
    let sent = world.sent().await;
    world.revoke(ANA);
    world.reconcile(ANA).await;
    let rule = testkit::fakes::permitting(
        CLINIC,
        HOUSING,
        [kernel::Purpose::HousingPlacement],
        [kernel::Action::Read, kernel::Action::Refer],
    );
    world.consents.give(testkit::fakes::consent(ANA, crate::world::fresh(), rule));
    world.reconcile(ANA).await;
    assert_eq!(world.get(CLINIC, &sent.name).await.unwrap().state(), S::OnHold);
}

#[tokio::test]
async fn a_change_is_told_again_until_it_was_dealt_with_and_then_never() {
    let world = World::agreed().await;
    let sent = world.sent().await;
    world.revoke(ANA);
    world.consents.fault(Some(testkit::fakes::Fault::Away));
    let asked = world.consents.asked().len();
    world.tell(ANA);
    until("asked, twice", async || world.consents.asked().len() >= asked + 2).await;
    assert_eq!(world.count("SELECT count(*) FROM facts_cursor").await, 0);
    world.consents.fault(None);
    until("dealt with", async || {
        world.count("SELECT COALESCE(max(sequence), 0) FROM facts_cursor").await == 1
    })
    .await;
    assert_eq!(world.get(CLINIC, &sent.name).await.unwrap().state(), S::OnHold);

    // Another replica begins where this one is.
    world.changes.after.store(-1, std::sync::atomic::Ordering::SeqCst);
    let _another = world.another(world.deps.clone());
    until("followed from there", async || {
        world.changes.after.load(std::sync::atomic::Ordering::SeqCst) == 1
    })
    .await;
}

/// The COMMIT of a sending waits at a gate of the test's, the person revokes, and what follows from
/// that begins before the referral can be seen: it must find it all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_finds_what_was_being_sent_when_it_came() {
    const GATE: &str = "
        CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            PERFORM pg_advisory_xact_lock(4242);
            RETURN NULL;
        END $$;
        GRANT EXECUTE ON FUNCTION gate() TO PUBLIC;
        CREATE CONSTRAINT TRIGGER gate AFTER INSERT ON referral DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION gate();";
    const WAITING: &str = "
        SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
        WHERE l.locktype = 'advisory' AND NOT l.granted AND a.usename = $1";
    let world = std::sync::Arc::new(World::agreed().await);
    let mut admin = world.admin().await;
    sqlx::raw_sql(GATE).execute(&mut admin).await.unwrap();
    sqlx::raw_sql("SELECT pg_advisory_lock(4242)").execute(&mut admin).await.unwrap();
    let waiting = async || -> i64 {
        let role = &world.stage.service.role;
        let all = sqlx::query_scalar(WAITING).bind(role).fetch_one(&mut world.admin().await).await;
        all.unwrap()
    };
    let sending = {
        let world = std::sync::Arc::clone(&world);
        tokio::spawn(async move { world.sent().await })
    };
    until("at the gate", async || waiting().await == 1).await;
    world.revoke(ANA);
    let reconciling = {
        let app = std::sync::Arc::clone(&world.app);
        tokio::spawn(async move { referrals::reconcile(&app, &PersonId::from(ANA)).await })
    };
    until("both wait", async || waiting().await == 2).await;
    sqlx::raw_sql("SELECT pg_advisory_unlock(4242)").execute(&mut admin).await.unwrap();
    let sent = sending.await.unwrap();
    assert_eq!(sent.state(), S::Requested, "its COMMIT had begun");
    reconciling.await.unwrap().unwrap();
    let held = world.get(CLINIC, &sent.name).await.unwrap();
    assert_eq!(held.state(), S::OnHold);
    assert_eq!(held.source, agency_name(CLINIC));
}
