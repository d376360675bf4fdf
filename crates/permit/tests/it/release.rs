use kernel::{Action, Kind, Purpose, Role, Sensitivity};
use ledger::Outcome;
use permit::{Ask, Located, Outage, ReadNotes, Refusal, SendReferrals, WriteNotes, WriteReferrals};
use policy::{BasisKind, Obligation, Redisclosure};
use testkit::fakes::{Staff, consent, permitting};
use uuid::Uuid;

use crate::world::{CLINIC, GET, HOUSING, Stopped, WRITE, World, read};

#[tokio::test]
async fn absent_and_refused_are_one_refusal_after_the_same_questions_and_one_event_each() {
    let world = World::new().await;
    let call = world.housing(GET).await;
    let note = world.note(Uuid::new_v4());
    let (theirs, never) = (note.id.uuid().unwrap(), Uuid::new_v4());

    let refused = read(&world.guard, &call, theirs, Some(&note)).await;
    let absent = read(&world.guard, &call, never, None).await;
    assert_eq!(refused, Err(Refusal::NotFound));
    assert_eq!(refused, absent);

    let asked = world.consents.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].1.len(), asked[1].1.len());
    assert_eq!(asked[0].1[0].on_behalf_of, asked[1].1[0].on_behalf_of);

    let events = world.stage.events().await;
    let told: Vec<_> = events
        .iter()
        .map(|e| (e.outcome, e.person, e.records.clone(), e.reason.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            (Outcome::Deny, note.person.uuid(), vec![theirs], Some("NO_ACTIVE_CONSENT")),
            (Outcome::Deny, None, vec![never], Some("ABSENT")),
        ]
    );
}

#[tokio::test]
async fn absent_and_refused_are_one_for_a_write_too() {
    let world = World::new().await;
    let call = world.housing(WRITE).await;
    let note = world.note(Uuid::new_v4());
    let mut answers = Vec::new();
    for (id, found) in [(note.id.uuid().unwrap(), Some(note)), (Uuid::new_v4(), None)] {
        let ask = Ask::<WriteNotes>::about(Located::of(Kind::Note, id, found));
        answers.push(world.guard.permit(&call, ask).await.map(drop));
    }
    assert_eq!(answers, [Err(Refusal::NotFound), Err(Refusal::NotFound)]);
    assert_eq!(world.outcomes().await, [Outcome::Deny, Outcome::Deny]);
    assert_eq!(world.consents.asked().len(), 2);
}

#[tokio::test]
async fn who_may_see_a_record_but_not_do_this_to_it_is_told_so_and_it_is_on_record() {
    let world = World::new().await;
    let person = Uuid::new_v4();
    world.consent(person, [Action::Read]);
    let note = world.note(person);
    let located = Located::of(Kind::Note, note.id.uuid().unwrap(), Some(note));
    let ask = Ask::<WriteNotes>::about(located);
    let refused = world.guard.permit(&world.housing(WRITE).await, ask).await.unwrap_err();
    assert_eq!(refused, Refusal::ActionNotPermitted);
    assert_eq!(world.one_event().await.reason.as_deref(), Some("ACTION_NOT_PERMITTED"));
}

#[tokio::test]
async fn sending_without_a_consent_is_told_to_the_source_alone() {
    let world = World::new().await;
    let mut referral = world.note(Uuid::new_v4());
    referral.kind = Kind::Referral;
    let located = || Located::of(Kind::Referral, Uuid::new_v4(), Some(referral.clone()));
    let ask = || Ask::<SendReferrals>::about(located()).to(kernel::AgencyId::from(HOUSING));
    let own = world.guard.permit(&world.clinic(WRITE).await, ask()).await.unwrap_err();
    let other = world.guard.permit(&world.housing(WRITE).await, ask()).await.unwrap_err();
    assert_eq!((own, other), (Refusal::ConsentNeeded, Refusal::NotFound));
    assert_eq!(world.outcomes().await, [Outcome::Deny, Outcome::Deny]);
    assert_eq!(world.stage.events().await[0].recipient, Some(HOUSING));
}

#[tokio::test]
async fn a_write_that_sends_too_needs_both_and_says_both() {
    let world = World::new().await;
    let person = Uuid::new_v4();
    let mut referral = world.note(person);
    referral.kind = Kind::Referral;
    let call = world.clinic(WRITE).await;
    let ask = || {
        let located = Located::of(Kind::Referral, Uuid::new_v4(), Some(referral.clone()));
        Ask::<WriteReferrals>::about(located).to(kernel::AgencyId::from(HOUSING))
    };
    assert_eq!(world.guard.permit(&call, ask()).await.unwrap_err(), Refusal::ConsentNeeded);
    world.consent(person, [Action::Read, Action::Refer]);
    let permit = world.guard.permit(&call, ask()).await.unwrap();
    let late = world.guard.permit(&call, ask()).await.unwrap();
    let commit = async |permit| {
        let done = world.guard.commit(&world.stage.db, "test.send", permit, |_, _| {
            Box::pin(async { Ok::<_, Stopped>(()) })
        });
        done.await
    };
    let told = commit(permit).await.unwrap().disclosure;
    assert_eq!(told.bases, [BasisKind::Custodian, BasisKind::Consent]);
    let events = world.stage.events().await;
    assert_eq!(events.last().unwrap().recipient, Some(HOUSING));
    assert_eq!(events.last().unwrap().consents.len(), 1);
    world.revoke(person);
    let refused = commit(late).await.unwrap_err();
    assert_eq!(refused, Stopped::Refused(Refusal::ConsentNeeded));
}

#[tokio::test]
async fn an_opened_record_has_one_event_that_says_on_what_basis() {
    let world = World::new().await;
    let person = Uuid::new_v4();
    let consent = world.consent(person, [Action::Read]);
    world.consents.agency_with(CLINIC, |clinic| clinic.part2_program = true);
    let mut note = world.note(person);
    note.sensitivities = [Sensitivity::Sud].into();
    let id = note.id.uuid().unwrap();

    let deferred = world.guard.defer::<ReadNotes>(&world.housing(GET).await).await.unwrap();
    let sealed = deferred.seal(id, Some((note, "words")));
    assert!(!format!("{sealed:?} {deferred:?}").contains("words"));
    assert!(world.stage.events().await.is_empty());
    let (words, told) = world.guard.release(sealed).await.unwrap();

    assert_eq!(words, "words");
    assert_eq!(told.bases, [BasisKind::Consent]);
    assert_eq!(told.obligations, [Obligation::Part2Notice, Obligation::ConsentCopy]);
    assert_eq!(told.redisclosure, Redisclosure::Prohibited);
    assert_eq!(told.basis.len(), 1);
    assert_eq!(told.consents().next().unwrap().id.uuid(), Some(consent));

    let event = world.one_event().await;
    assert_eq!(event.outcome, Outcome::Permit);
    assert_eq!(event.decision_id, told.decision_id);
    assert_eq!((event.person, event.records.as_slice()), (Some(person), [id].as_slice()));
    assert_eq!(event.custodians, [CLINIC]);
    assert_eq!(event.consents, [(consent, 1)]);
    assert_eq!(event.revision, 1);
    assert_eq!(event.caller.agency, Some(HOUSING));
    assert_eq!(&*event.rpc, GET);
}

#[tokio::test]
async fn nothing_is_opened_and_nothing_is_told_while_the_ledger_is_away() {
    let world = World::new().await;
    let guard = world.without_ledger().await;
    let note = world.note(Uuid::new_v4());
    let id = note.id.uuid().unwrap();
    let away = Refusal::Unavailable(Outage::Audit);
    // Permitted, refused and absent: one answer.
    let own = read(&guard, &world.clinic(GET).await, id, Some(&note)).await;
    let other = read(&guard, &world.housing(GET).await, id, Some(&note)).await;
    let none = read(&guard, &world.housing(GET).await, Uuid::new_v4(), None).await;
    assert_eq!([own, other, none], [Err(away), Err(away), Err(away)]);

    let call = world.clinic(GET).await;
    let ask = Ask::<ReadNotes>::people(vec![note.person.clone()]);
    let list = guard.permit(&call, ask).await.unwrap();
    let page = guard.release_page(list.seal([(note.clone(), "words")])).await;
    assert_eq!(page.unwrap_err(), away);
    let located = Located::of(Kind::Note, id, Some(note));
    let write = guard.permit(&world.housing(WRITE).await, Ask::<WriteNotes>::about(located)).await;
    assert_eq!(write.unwrap_err(), away);
    assert!(world.stage.events().await.is_empty());
}

#[tokio::test]
async fn what_changed_between_the_read_and_the_release_is_refused() {
    let world = World::new().await;
    let (person, call) = (Uuid::new_v4(), world.housing(GET).await);
    world.consent(person, [Action::Read]);
    let note = world.note(person);
    let id = note.id.uuid().unwrap();
    let seal = async || {
        let deferred = world.guard.defer::<ReadNotes>(&call).await.unwrap();
        deferred.seal(id, Some((note.clone(), "words")))
    };
    let (first, second, third) = (seal().await, seal().await, seal().await);
    assert!(world.guard.release(first).await.is_ok());
    world.consents.agency_with(HOUSING, |a| a.status = kernel::AgencyStatus::Suspended);
    assert_eq!(world.guard.release(second).await.unwrap_err(), Refusal::AgencySuspended);
    world.consents.agency_with(HOUSING, |a| a.status = kernel::AgencyStatus::Active);
    world.revoke(person);
    assert_eq!(world.guard.release(third).await.unwrap_err(), Refusal::NotFound);
    let reasons: Vec<_> = world.stage.events().await.into_iter().map(|e| e.reason).collect();
    assert_eq!(reasons, [None, Some("AGENCY_SUSPENDED".into()), Some("CONSENT_REVOKED".into())]);
}

#[tokio::test]
async fn a_consent_that_ends_between_the_read_and_the_release_opens_nothing() {
    let world = World::new().await;
    let person = Uuid::new_v4();
    world.consent(person, [Action::Read]);
    let end = kernel::Clock::now(&world.clock) + time::Duration::SECOND;
    world.consents.facts_of(person, |facts| {
        facts.consents[0].never_expires = false;
        facts.consents[0].expires = Some(end);
    });
    let note = world.note(person);
    let deferred = world.guard.defer::<ReadNotes>(&world.housing(GET).await).await.unwrap();
    let sealed = deferred.seal(note.id.uuid().unwrap(), Some((note, "words")));
    world.clock.set(end);
    assert_eq!(world.guard.release(sealed).await.unwrap_err(), Refusal::NotFound);
}

#[tokio::test]
async fn without_a_purpose_nothing_is_asked_and_a_role_opens_nothing_by_itself() {
    let world = World::new().await;
    let staff = Staff::of(CLINIC, "dr-c").purposes([]);
    let call = world.staff(&staff, GET).await;
    let refused = world.guard.defer::<ReadNotes>(&call).await.unwrap_err();
    assert_eq!(refused, Refusal::ContextMissing);
    assert!(world.consents.asked().is_empty());
    let officer = Staff::of(HOUSING, "mr-o").roles([Role::PrivacyOfficer]);
    let note = world.note(Uuid::new_v4());
    let call = world.staff(&officer, GET).await;
    let read = read(&world.guard, &call, note.id.uuid().unwrap(), Some(&note)).await;
    assert_eq!(read, Err(Refusal::NotFound));
}

/// Two machines' clocks are never quite the same, and one may be set back.
#[tokio::test]
async fn what_was_revoked_by_a_clock_that_is_ahead_of_the_guards_is_revoked() {
    let world = World::new().await;
    let (reads, writes) = (world.housing(GET).await, world.housing(WRITE).await);
    let note = world.note(Uuid::new_v4());
    let (id, person) = (note.id.uuid().unwrap(), note.person.uuid().unwrap());
    world.consent(person, [Action::Read, Action::Write]);
    read(&world.guard, &reads, id, Some(&note)).await.unwrap();
    let now = kernel::Clock::now(&world.clock);
    world.consents.revoke(person, now + time::Duration::HOUR);
    let refused = read(&world.guard, &reads, id, Some(&note)).await;
    assert_eq!(refused, Err(Refusal::NotFound));
    let located = Located::of(Kind::Note, id, Some(note));
    let refused = world.guard.permit(&writes, Ask::<WriteNotes>::about(located)).await;
    assert_eq!(refused.err(), Some(Refusal::NotFound));
}

#[tokio::test]
async fn what_has_expired_where_consents_are_kept_has_expired_for_a_guard_whose_clock_is_behind() {
    let world = World::new().await;
    let call = world.housing(GET).await;
    let note = world.note(Uuid::new_v4());
    let (id, person) = (note.id.uuid().unwrap(), note.person.uuid().unwrap());
    let now = kernel::Clock::now(&world.clock);
    let rule = permitting(CLINIC, HOUSING, [Purpose::Treat], [Action::Read]);
    world.consents.give(policy::Consent {
        expires: Some(now + time::Duration::HOUR),
        never_expires: false,
        ..consent(person, Uuid::new_v4(), rule)
    });
    world.consents.clock_shows(now + time::Duration::HOUR - time::Duration::SECOND);
    read(&world.guard, &call, id, Some(&note)).await.unwrap();
    world.consents.clock_shows(now + time::Duration::HOUR);
    let refused = read(&world.guard, &call, id, Some(&note)).await;
    assert_eq!(refused, Err(Refusal::NotFound));
    // One that is behind the guard's own changes nothing.
    world.consents.clock_shows(now - time::Duration::HOUR);
    read(&world.guard, &call, id, Some(&note)).await.unwrap();
}
