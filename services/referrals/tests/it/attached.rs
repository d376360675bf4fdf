//! Notes attached by reference: who reads the referral is told of those that they may read.

use kernel::{Action, Clock as _, CodeSet, Instant, Kind, Purpose};
use policy::{Consent, ConsentStatus};
use testkit::fakes::{Consents, bearer, consent, permitting};
use tonic::{Code, Status};
use uuid::Uuid;
use wire::{
    common::v1 as common,
    convert::{agency_name, name_of},
    referrals::v1 as pb,
};

use crate::{
    follow_up::{follow, following, taken_on},
    world::{
        ANA, BEN, CLINIC, HOUSING, Move, OTHER, PROGRAMME, PURPOSES, Verb, World, fields, fresh,
        new, refused, staff,
    },
};

fn with(notes: &[&String]) -> pb::CreateReferralRequest {
    let notes = notes.iter().map(|name| (*name).clone()).collect();
    pb::CreateReferralRequest { notes, send: true, ..new(ANA, HOUSING) }
}

/// Ana's consent that an agency reads what another's notes say, until so long from now.
fn notes_too(world: &World, from: Uuid, to: Uuid, lasts: time::Duration) {
    notes_for(world, (from, to), PURPOSES.into(), lasts);
}

fn notes_for(
    world: &World,
    (from, to): (Uuid, Uuid),
    purposes: CodeSet<Purpose>,
    lasts: time::Duration,
) {
    let mut rule = permitting(from, to, purposes, [Action::Read]);
    rule.kinds = Some([Kind::Note].into());
    let signed = Consent {
        effective: Some(world.clock.now()),
        expires: Some(world.clock.now() + lasts),
        never_expires: false,
        ..consent(ANA, fresh(), rule)
    };
    world.consents.give(signed);
}

const LONG: time::Duration = time::Duration::days(90);
const SHORT: time::Duration = time::Duration::MINUTE;

/// All that a caller is told.
fn told(refusal: &Status) -> (Code, String, Vec<u8>) {
    (refusal.code(), refusal.message().to_owned(), refusal.details().to_vec())
}

fn id_of(name: &str) -> Uuid {
    name.split_once('/').unwrap().1.parse().unwrap()
}

/// Refusals on record of sending this, or with this, to housing.
async fn denied(world: &World, name: &str) -> usize {
    let id = id_of(name);
    let events = world.stage.events().await;
    let denied = |e: &&ledger::Event| {
        e.outcome == ledger::Outcome::Deny && e.records == [id] && e.recipient == Some(HOUSING)
    };
    events.iter().filter(denied).count()
}

#[tokio::test]
async fn a_target_is_told_of_the_notes_that_it_may_read_and_never_that_there_are_others() {
    let world = World::agreed().await;
    let (note, other) = (world.note(ANA, CLINIC), world.note(ANA, CLINIC));
    notes_too(&world, CLINIC, HOUSING, SHORT);
    let sent = world.create(CLINIC, with(&[&note, &other])).await.unwrap();
    let all = (vec![note.clone(), other.clone()], false);
    let (clinic, housing) = (world.staff(CLINIC), world.staff(HOUSING));
    for reader in [&clinic, &world.person("ana"), &housing] {
        assert_eq!(world.attached(reader, &sent.name).await.unwrap(), all);
    }
    // That the target was told of a note is on record as a read of it.
    let note = note.trim_start_matches("notes/").parse().unwrap();
    let events = world.stage.events().await;
    let told = |e: &&ledger::Event| {
        e.records.contains(&note) && e.rpc.ends_with("/GetReferral") && !e.consents.is_empty()
    };
    assert_eq!(events.iter().filter(told).count(), 1, "{events:?}");
    // What remains covers referrals alone: a referral with notes is then as one without.
    world.clock.advance(2 * SHORT);
    let none = (vec![], false);
    assert_eq!(world.attached(&housing, &sent.name).await.unwrap(), none);
    let plain = world.sent().await;
    assert_eq!(world.attached(&housing, &plain.name).await.unwrap(), none);
    world.revoke(ANA);
    refused(world.attached(&housing, &sent.name).await, Code::NotFound, "NOT_FOUND");
    assert_eq!(world.attached(&clinic, &sent.name).await.unwrap(), all);
}

#[tokio::test]
async fn its_source_is_told_that_it_attached_what_it_may_read_no_more() {
    let world = World::agreed().await;
    let theirs = world.note(ANA, OTHER);
    notes_too(&world, OTHER, CLINIC, SHORT);
    notes_too(&world, OTHER, HOUSING, LONG);
    let sent = world.create(CLINIC, with(&[&theirs])).await.unwrap();
    world.clock.advance(2 * SHORT);
    let (clinic, housing) = (world.staff(CLINIC), world.staff(HOUSING));
    assert_eq!(world.attached(&clinic, &sent.name).await.unwrap(), (vec![], true));
    assert_eq!(world.attached(&housing, &sent.name).await.unwrap(), (vec![theirs], false));
}

#[tokio::test]
async fn what_is_sent_with_a_note_that_its_target_may_not_read_is_refused() {
    let world = World::agreed().await;
    let note = world.note(ANA, CLINIC);
    let refusal = world.create(CLINIC, with(&[&note])).await.unwrap_err();
    assert_eq!(fields(&refusal), ["notes[0]"]);
    assert_eq!(world.count("SELECT count(*) FROM referral").await, 0);
    assert_eq!(denied(&world, &note).await, 1);
    notes_too(&world, CLINIC, HOUSING, LONG);
    world.create(CLINIC, with(&[&note])).await.unwrap();
}

#[tokio::test]
async fn who_may_not_send_to_an_agency_is_not_told_whether_it_may_read_a_note() {
    let world = World::new().await;
    let note = world.note(ANA, CLINIC);
    // One of the two may read the note; to neither of them may the clinic send anything.
    notes_too(&world, CLINIC, HOUSING, LONG);
    let mut answers = Vec::new();
    for target in [HOUSING, OTHER] {
        let asked = pb::CreateReferralRequest { target: agency_name(target), ..with(&[&note]) };
        answers.push(world.create(CLINIC, asked).await);
    }
    let parent = taken_on(&world).await;
    let theirs = world.note(ANA, HOUSING);
    notes_too(&world, HOUSING, CLINIC, LONG);
    for target in [CLINIC, OTHER] {
        let notes = vec![theirs.clone()];
        let asked = following(&parent.name, target);
        let asked = pb::CreateSubReferralRequest { notes, send: true, ..asked };
        answers.push(follow(&world, HOUSING, asked).await);
    }
    let answers: Vec<_> = answers.into_iter().map(|answer| told(&answer.unwrap_err())).collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert!(String::from_utf8_lossy(&answers[0].2).contains("CONSENT_NEEDED"));
    // Nor has anybody looked at the notes.
    let (note, theirs) = (id_of(&note), id_of(&theirs));
    let events = world.stage.events().await;
    let of_notes = |e: &&ledger::Event| e.records.contains(&note) || e.records.contains(&theirs);
    assert_eq!(events.iter().filter(of_notes).count(), 0, "{events:?}");
}

#[tokio::test]
async fn what_may_not_be_attached_is_told_in_the_same_words_whatever_is_wrong() {
    let world = World::agreed().await;
    let mut answers = Vec::new();
    // That its target may not read, that its source may not, and that is not there.
    for note in [world.note(ANA, CLINIC), world.note(ANA, OTHER), name_of("notes", fresh())] {
        answers.push(told(&world.create(CLINIC, with(&[&note])).await.unwrap_err()));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[tokio::test]
async fn the_notice_and_the_consent_for_a_note_come_with_the_referral() {
    let world = World::agreed().await;
    let labels = common::Labels { part2: true, ..common::Labels::default() };
    let note = world.note_labelled(ANA, CLINIC, labels);
    notes_too(&world, CLINIC, HOUSING, LONG);
    let sent = world.create(CLINIC, with(&[&note])).await.unwrap();
    let ask = || bearer(&world.staff(HOUSING), pb::GetReferralRequest { name: sent.name.clone() });
    let reply = world.client.clone().get_referral(ask()).await.unwrap().into_inner();
    assert_eq!(reply.notes, [note]);
    let disclosure = reply.disclosure.unwrap();
    assert!(disclosure.notice.is_some());
    assert_eq!((disclosure.basis.len(), disclosure.consents.len()), (2, 2));
    assert_eq!(disclosure.redisclosure(), common::Redisclosure::Prohibited);
    // Without it, as before.
    let plain = world.sent().await;
    let ask = bearer(&world.staff(HOUSING), pb::GetReferralRequest { name: plain.name });
    let reply = world.client.clone().get_referral(ask).await.unwrap().into_inner();
    let disclosure = reply.disclosure.unwrap();
    assert!(disclosure.notice.is_none() && disclosure.consents.is_empty());
}

#[tokio::test]
async fn attaching_is_on_record_alike_whether_or_not_there_is_such_a_note() {
    let world = World::agreed().await;
    let hidden = world.note(ANA, OTHER);
    let before = world.stage.events().await.len();
    for bad in [&hidden, &name_of("notes", fresh())] {
        world.create(CLINIC, with(&[bad])).await.unwrap_err();
    }
    let events = world.stage.events().await.split_off(before);
    let [hidden, absent] = &events[..] else { panic!("{events:?}") };
    assert_eq!((hidden.person, &*hidden.records), (Some(ANA), &[][..]));
    assert_eq!((absent.person, &*absent.records), (Some(ANA), &[][..]));
}

#[tokio::test]
async fn that_a_programmes_note_goes_along_is_answered_with_the_notice_and_its_consent() {
    let world = World::new().await;
    world.agree(ANA, CLINIC, OTHER);
    notes_too(&world, PROGRAMME, CLINIC, LONG);
    notes_too(&world, PROGRAMME, OTHER, LONG);
    let clinic = world.staff(CLINIC);
    let ask = async |notes: &[String], send| {
        let request = pb::CreateReferralRequest { notes: notes.to_vec(), send, ..new(ANA, OTHER) };
        let reply = world.client.clone().create_referral(bearer(&clinic, request)).await.unwrap();
        let reply = reply.into_inner();
        (reply.referral.unwrap(), reply.disclosure.unwrap())
    };
    let (_, plain) = ask(&[], true).await;
    assert!(plain.notice.is_none() && plain.consents.is_empty());
    let notes = [world.note(ANA, PROGRAMME)];
    let (_, sent) = ask(&notes, true).await;
    let (draft, drafted) = ask(&notes, false).await;
    let request = pb::SendReferralRequest {
        name: draft.name,
        request_id: fresh().to_string(),
        etag: draft.etag,
    };
    let moved = world.client.clone().send_referral(bearer(&clinic, request)).await.unwrap();
    for disclosure in [sent, drafted, moved.into_inner().disclosure.unwrap()] {
        let of_notes = [agency_name(PROGRAMME)];
        let scopes = disclosure.consents.iter().filter(|scope| scope.disclosers == of_notes);
        assert!(disclosure.notice.is_some() && scopes.count() == 1, "{disclosure:?}");
    }
}

#[tokio::test]
async fn another_reader_is_not_told_that_anything_is_attached() {
    let world = World::agreed().await;
    let note = world.note(ANA, CLINIC);
    notes_too(&world, CLINIC, HOUSING, LONG);
    let sent = world.create(CLINIC, with(&[&note])).await.unwrap();
    world.permit(ANA, CLINIC, OTHER, &[Action::Read]);
    let told = world.attached(&world.staff(OTHER), &sent.name).await.unwrap();
    assert_eq!(told, (vec![], false));
}

#[tokio::test]
async fn what_is_attached_is_about_the_person_and_theirs_who_attach_it_to_read() {
    let world = World::agreed().await;
    notes_too(&world, CLINIC, HOUSING, LONG);
    let good = world.note(ANA, CLINIC);
    let (bens, others) = (world.note(BEN, CLINIC), world.note(ANA, OTHER));
    let absent = name_of("notes", fresh());
    for bad in [&bens, &others, &absent] {
        let refusal = world.create(CLINIC, with(&[&good, bad])).await.unwrap_err();
        assert_eq!(fields(&refusal), ["notes[1]"]);
    }
    for (bad, field) in [
        (vec![good.clone(), good.clone()], "notes"),
        (vec!["notes/1".to_owned()], "notes[0]"),
        ((0..21).map(|_| name_of("notes", fresh())).collect(), "notes"),
    ] {
        let asked = pb::CreateReferralRequest { notes: bad, ..new(ANA, HOUSING) };
        let refusal = world.create(CLINIC, asked).await.unwrap_err();
        assert_eq!(fields(&refusal), [field]);
    }
    assert_eq!(world.count("SELECT count(*) FROM referral").await, 0);
}

#[tokio::test]
async fn while_nobody_knows_where_notes_are_what_has_some_is_not_shown_and_what_has_none_is() {
    let world = World::agreed().await;
    let note = world.note(ANA, CLINIC);
    notes_too(&world, CLINIC, HOUSING, LONG);
    let sent = world.create(CLINIC, with(&[&note])).await.unwrap();
    let plain = world.sent().await;
    world.notes_away();
    let clinic = world.staff(CLINIC);
    let refusal = world.attached(&clinic, &sent.name).await;
    refused(refusal, Code::Unavailable, "NOTES_UNAVAILABLE");
    let refusal = world.create(CLINIC, with(&[&note])).await;
    refused(refusal, Code::Unavailable, "NOTES_UNAVAILABLE");
    assert_eq!(world.attached(&clinic, &plain.name).await.unwrap(), (vec![], false));
    // It is moved all the same.
    world.go(Verb::Accept, HOUSING, &sent.name).await.unwrap();
}

/// From the clinic to housing with this note, not sent yet.
async fn drafted_with(world: &World, note: &str) -> pb::Referral {
    let draft = pb::CreateReferralRequest { send: false, ..with(&[&note.to_owned()]) };
    world.create(CLINIC, draft).await.unwrap()
}

#[tokio::test]
async fn nothing_is_written_with_a_note_that_may_be_read_no_more_at_the_commit() {
    let world = World::new().await;
    let theirs = world.note(ANA, OTHER);
    notes_too(&world, OTHER, CLINIC, LONG);
    let at = world.clock.now();
    // The permit was asked for, and the note listed and released, when the person revokes. A draft needs no consent.
    world.consents.after(2, move |consents| consents.revoke(ANA, at));
    let draft = pb::CreateReferralRequest { send: false, ..with(&[&theirs]) };
    let refusal = world.create(CLINIC, draft).await;
    refused(refusal, Code::NotFound, "NOT_FOUND");
    assert_eq!(world.count("SELECT count(*) FROM referral").await, 0);
}

#[tokio::test]
async fn a_draft_is_not_sent_with_a_note_that_its_target_may_not_read() {
    let world = World::agreed().await;
    let theirs = world.note(ANA, OTHER);
    notes_too(&world, OTHER, CLINIC, LONG);
    let draft = drafted_with(&world, &theirs).await;
    let sent = world.go(Verb::Send, CLINIC, &draft.name).await;
    refused(sent, Code::FailedPrecondition, "CONSENT_NEEDED");
    assert_eq!(world.get(CLINIC, &draft.name).await.unwrap(), draft);
    assert_eq!(denied(&world, &theirs).await, 1);
    notes_too(&world, OTHER, HOUSING, SHORT);
    world.go(Verb::Send, CLINIC, &draft.name).await.unwrap();
    // Nor sent again; that it stands elsewhere is said before.
    world.clock.advance(2 * SHORT);
    let again = world.go(Verb::Send, CLINIC, &draft.name).await;
    refused(again, Code::FailedPrecondition, "WRONG_STATE");
    world.go(Verb::Cancel, CLINIC, &draft.name).await.unwrap();
    let again = world.go(Verb::Reopen, CLINIC, &draft.name).await;
    refused(again, Code::FailedPrecondition, "CONSENT_NEEDED");
    assert_eq!(denied(&world, &theirs).await, 2);
    notes_too(&world, OTHER, HOUSING, LONG);
    world.go(Verb::Reopen, CLINIC, &draft.name).await.unwrap();
}

#[tokio::test]
async fn a_draft_is_not_sent_with_a_note_that_its_source_may_read_no_more() {
    let world = World::agreed().await;
    let theirs = world.note(ANA, OTHER);
    notes_too(&world, OTHER, CLINIC, SHORT);
    notes_too(&world, OTHER, HOUSING, LONG);
    let draft = drafted_with(&world, &theirs).await;
    let clock = world.clock.clone();
    // Sending is permitted, the note listed and released, and the transaction under way, when the time is over.
    world.consents.after(3, move |_| clock.advance(2 * SHORT));
    let sent = world.go(Verb::Send, CLINIC, &draft.name).await;
    refused(sent, Code::NotFound, "NOT_FOUND");
    assert_eq!(world.get(CLINIC, &draft.name).await.unwrap(), draft);
    let sent = world.go(Verb::Send, CLINIC, &draft.name).await;
    refused(sent, Code::FailedPrecondition, "CONSENT_NEEDED");
    assert_eq!(world.get(CLINIC, &draft.name).await.unwrap(), draft);
    assert_eq!(denied(&world, &draft.name).await, 1);
    notes_too(&world, OTHER, CLINIC, LONG);
    world.go(Verb::Send, CLINIC, &draft.name).await.unwrap();
}

#[tokio::test]
async fn a_draft_goes_with_a_note_that_its_target_may_read_for_what_it_is_sent_for() {
    let world = World::agreed().await;
    let note = world.note(ANA, CLINIC);
    notes_for(&world, (CLINIC, HOUSING), [Purpose::Treat].into(), LONG);
    let draft = drafted_with(&world, &note).await;
    let purposes = [[Purpose::Treat], [Purpose::CoordinationOfCare]];
    let [treating, coordinating] =
        purposes.map(|purposes| world.sign_ins.staff(&staff(CLINIC).purposes(purposes)));
    let sent = Verb::Send.ask(&world, &coordinating, Move::of(&draft.name)).await;
    refused(sent, Code::FailedPrecondition, "CONSENT_NEEDED");
    Verb::Send.ask(&world, &treating, Move::of(&draft.name)).await.unwrap();
}

#[tokio::test]
async fn of_a_draft_that_is_not_sent_nobody_learns_that_a_note_was_entered_in_error() {
    let world = World::agreed().await;
    let (wrong, lost) = (world.note(ANA, OTHER), world.note(ANA, OTHER));
    notes_too(&world, OTHER, CLINIC, SHORT);
    notes_too(&world, OTHER, HOUSING, LONG);
    let mut answers = Vec::new();
    let drafts = [drafted_with(&world, &wrong).await, drafted_with(&world, &lost).await];
    world.clock.advance(2 * SHORT);
    world.entered_in_error(&wrong);
    for draft in &drafts {
        answers.push(told(&world.go(Verb::Send, CLINIC, &draft.name).await.unwrap_err()));
        assert_eq!(denied(&world, &draft.name).await, 1);
    }
    assert_eq!(answers[0], answers[1]);
    // What can be done is said.
    assert!(answers[0].1.contains("write a new referral without it"), "{answers:?}");
    world.go(Verb::Error, CLINIC, &drafts[0].name).await.unwrap();
    world.sent().await;
}

#[tokio::test]
async fn what_was_sent_with_a_note_that_is_no_more_is_sent_again_without() {
    let world = World::agreed().await;
    let (wrong, lost) = (world.note(ANA, CLINIC), world.note(ANA, OTHER));
    notes_too(&world, CLINIC, HOUSING, LONG);
    notes_too(&world, OTHER, CLINIC, SHORT);
    notes_too(&world, OTHER, HOUSING, LONG);
    let sent = world.create(CLINIC, with(&[&wrong, &lost])).await.unwrap();
    world.go(Verb::Reject, HOUSING, &sent.name).await.unwrap();
    world.entered_in_error(&wrong);
    world.clock.advance(2 * SHORT);
    let again = world.go(Verb::Reopen, CLINIC, &sent.name).await.unwrap();
    assert_eq!(again.state(), pb::ReferralState::Requested);
    let (clinic, housing) = (world.staff(CLINIC), world.staff(HOUSING));
    assert_eq!(world.attached(&clinic, &sent.name).await.unwrap(), (vec![], true));
    assert_eq!(world.attached(&housing, &sent.name).await.unwrap(), (vec![lost], false));
}

/// Ana revokes what she signed about notes; what she refers goes as before.
fn no_more_notes(consents: &Consents, at: Instant) {
    consents.facts_of(ANA, |facts| {
        let notes: Option<CodeSet<Kind>> = Some([Kind::Note].into());
        for consent in facts.consents.iter_mut().filter(|consent| consent.rule.kinds == notes) {
            consent.status = ConsentStatus::Revoked;
            consent.revoked_at = Some(at);
        }
    });
}

#[tokio::test]
async fn nothing_is_sent_with_a_note_that_its_target_may_read_no_more_at_the_commit() {
    let world = World::agreed().await;
    let note = world.note(ANA, CLINIC);
    let at = world.clock.now();
    // The permit was asked for, and the note listed, released and found to be for its target, when the person revokes.
    let revoked_after = |asked| world.consents.after(asked, move |all| no_more_notes(all, at));
    notes_too(&world, CLINIC, HOUSING, LONG);
    revoked_after(3);
    let sent = world.create(CLINIC, with(&[&note])).await;
    refused(sent, Code::FailedPrecondition, "CONSENT_NEEDED");
    assert_eq!(world.count("SELECT count(*) FROM referral").await, 0);
    // That it was refused is on record, of the note and its target.
    assert_eq!(denied(&world, &note).await, 1);

    notes_too(&world, CLINIC, HOUSING, LONG);
    let draft = drafted_with(&world, &note).await;
    // In the transaction.
    revoked_after(3);
    let sent = world.go(Verb::Send, CLINIC, &draft.name).await;
    refused(sent, Code::FailedPrecondition, "CONSENT_NEEDED");
    assert_eq!(world.get(CLINIC, &draft.name).await.unwrap(), draft);

    notes_too(&world, CLINIC, HOUSING, LONG);
    world.go(Verb::Send, CLINIC, &draft.name).await.unwrap();
    world.go(Verb::Cancel, CLINIC, &draft.name).await.unwrap();
    let cancelled = world.get(CLINIC, &draft.name).await.unwrap();
    revoked_after(2);
    let again = world.go(Verb::Reopen, CLINIC, &draft.name).await;
    refused(again, Code::FailedPrecondition, "CONSENT_NEEDED");
    assert_eq!(world.get(CLINIC, &draft.name).await.unwrap(), cancelled);
    notes_too(&world, CLINIC, HOUSING, LONG);
    world.go(Verb::Reopen, CLINIC, &draft.name).await.unwrap();
}

#[tokio::test]
async fn while_nobody_knows_where_notes_are_what_has_some_is_not_sent() {
    let world = World::agreed().await;
    let note = world.note(ANA, CLINIC);
    notes_too(&world, CLINIC, HOUSING, LONG);
    let (draft, plain) = (drafted_with(&world, &note).await, world.draft().await);
    world.notes_away();
    let sent = world.go(Verb::Send, CLINIC, &draft.name).await;
    refused(sent, Code::Unavailable, "NOTES_UNAVAILABLE");
    world.go(Verb::Send, CLINIC, &plain.name).await.unwrap();
}
