//! Notes attached by reference: who reads the referral is told of those that they may read.

use kernel::{Action, Clock as _, Kind, Purpose};
use policy::Consent;
use testkit::fakes::{consent, permitting};
use tonic::Code;
use wire::{convert::name_of, referrals::v1 as pb};

use crate::world::{ANA, BEN, CLINIC, HOUSING, OTHER, Verb, World, fields, fresh, new, refused};

fn with(notes: &[&String]) -> pb::CreateReferralRequest {
    let notes = notes.iter().map(|name| (*name).clone()).collect();
    pb::CreateReferralRequest { notes, send: true, ..new(ANA, HOUSING) }
}

/// Ana's consent that housing reads what the clinic's notes say.
fn notes_too(world: &World) {
    let purposes = [Purpose::Treat, Purpose::CoordinationOfCare];
    let mut rule = permitting(CLINIC, HOUSING, purposes, [Action::Read]);
    rule.kinds = Some([Kind::Note].into());
    let signed = Consent { effective: Some(world.clock.now()), ..consent(ANA, fresh(), rule) };
    world.consents.give(signed);
}

#[tokio::test]
async fn a_target_is_told_of_the_notes_that_it_may_read_and_that_there_are_others() {
    let world = World::agreed().await;
    let (note, other) = (world.note(ANA, CLINIC), world.note(ANA, CLINIC));
    let sent = world.create(CLINIC, with(&[&note, &other])).await.unwrap();
    let all = (vec![note.clone(), other.clone()], false);
    let (clinic, housing) = (world.staff(CLINIC), world.staff(HOUSING));
    assert_eq!(world.attached(&clinic, &sent.name).await.unwrap(), all);
    assert_eq!(world.attached(&world.person("ana"), &sent.name).await.unwrap(), all);
    // The consent covers referrals alone.
    assert_eq!(world.attached(&housing, &sent.name).await.unwrap(), (vec![], true));
    notes_too(&world);
    assert_eq!(world.attached(&housing, &sent.name).await.unwrap(), all);
    let plain = world.sent().await;
    assert_eq!(world.attached(&housing, &plain.name).await.unwrap(), (vec![], false));
    // That the target was told of a note is on record as a read of it.
    let note = note.trim_start_matches("notes/").parse().unwrap();
    let events = world.stage.events().await;
    let told = |e: &&ledger::Event| {
        e.records.contains(&note) && e.rpc.ends_with("/GetReferral") && !e.consents.is_empty()
    };
    assert_eq!(events.iter().filter(told).count(), 1, "{events:?}");
    world.revoke(ANA);
    refused(world.attached(&housing, &sent.name).await, Code::NotFound, "NOT_FOUND");
    assert_eq!(world.attached(&clinic, &sent.name).await.unwrap(), all);
}

#[tokio::test]
async fn another_reader_is_not_told_that_anything_is_attached() {
    let world = World::agreed().await;
    let note = world.note(ANA, CLINIC);
    let sent = world.create(CLINIC, with(&[&note])).await.unwrap();
    world.permit(ANA, CLINIC, OTHER, &[Action::Read]);
    let told = world.attached(&world.staff(OTHER), &sent.name).await.unwrap();
    assert_eq!(told, (vec![], false));
}

#[tokio::test]
async fn what_is_attached_is_about_the_person_and_theirs_who_attach_it_to_read() {
    let world = World::agreed().await;
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
