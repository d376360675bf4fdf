//! Every service a process of its own, and one of them away.

use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use trellis_tests::{Actor, BOUND, Processes, World, until};
use wire::notes::v1::{GetNoteRequest, ListNotesRequest};

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
