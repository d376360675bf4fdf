//! Every service a process of its own, and one of them away.

use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use trellis_tests::{Actor, BOUND, Processes, World, until};
use wire::{
    notes::v1::{GetNoteRequest, ListNotesRequest},
    people::v1::GetPersonRequest,
    referrals::v1::GetReferralRequest,
};

async fn read(reader: &Actor, name: &str) -> Result<(), Status> {
    let request = GetNoteRequest { name: name.to_owned(), version: 0 };
    reader.notes().get_note(request).await.map(|_| ())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_consent_service_nothing_is_disclosed_and_with_it_again_it_is() {
    let mut processes = Processes::start().await;
    let world = World::new(processes.network()).await;
    let person = world.person(processes.network()).await;
    let note = world.note(&person).await.name;
    world.consent(&person, &world.agencies.housing).await;
    read(&world.manager, &note).await.unwrap();

    processes.kill("consent");
    for reader in [&world.manager, &world.clinician, &world.unrelated] {
        let status = read(reader, &note).await.expect_err("served without facts");
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        let info = status.get_details_error_info().unwrap();
        assert_eq!(info.reason, "CONSENT_SERVICE_UNAVAILABLE");
        assert!(status.get_details_retry_info().is_some(), "{status:?}");
        let list = ListNotesRequest { person: person.name.clone(), ..ListNotesRequest::default() };
        let status = reader.notes().list_notes(list).await.expect_err("listed without facts");
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    }

    processes.start_again("consent").await;
    until("the note is read again", BOUND, || async { read(&world.manager, &note).await.ok() })
        .await;
    let status = read(&world.unrelated, &note).await.expect_err("served to anybody");
    assert_eq!(status.code(), Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_service_that_stands_still_is_an_answer_in_time_and_never_a_permit() {
    let mut processes = Processes::start().await;
    let world = World::new(processes.network()).await;
    let person = world.person(processes.network()).await;
    let note = world.note(&person).await.name;
    world.consent(&person, &world.agencies.housing).await;
    let referral = world.referral(&person, true).await.name;
    read(&world.manager, &note).await.unwrap();

    processes.process("consent").pause();
    // Facts are waited for 2 seconds; the rest is for a machine that is busy.
    let bound = std::time::Duration::from_secs(6);
    let manager = &world.manager;
    let list = ListNotesRequest { person: person.name.clone(), ..ListNotesRequest::default() };
    let refer = GetReferralRequest { name: referral.clone() };
    let (mut notes, mut referrals, mut people) =
        (manager.notes(), manager.referrals(), world.clinician.people());
    let profile = GetPersonRequest { name: person.name.clone() };
    let begun = std::time::Instant::now();
    let (one, many, sent, who) = tokio::join!(
        read(manager, &note),
        notes.list_notes(list),
        referrals.get_referral(refer),
        people.get_person(profile),
    );
    let took = begun.elapsed();
    for status in [one.err(), many.err(), sent.err(), who.err()] {
        let status = status.expect("served without facts");
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    }
    assert!(took < bound, "{took:?}");
    processes.process("consent").resume();
    until("the note is read again", BOUND, || async { read(manager, &note).await.ok() }).await;
}
