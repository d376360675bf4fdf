//! Every service a process of its own, known to the others by its certificate.

use tonic::{Code, Status};
use trellis_tests::{Actor, BOUND, Network, Processes, World, until};
use wire::{
    consent::v1::{GetFactsRequest, facts_service_client::FactsServiceClient},
    notes::v1::GetNoteRequest,
};

async fn read(reader: &Actor, name: &str) -> Result<(), Status> {
    let request = GetNoteRequest { name: name.to_owned(), version: 0 };
    reader.notes().get_note(request).await.map(|_| ())
}

/// What consent answers to a token of the service notes, over a connection of this certificate.
async fn asked_for_facts(network: &Network, certificate: Option<&str>) -> Result<(), Status> {
    let token = network.tokens.service("notes", "consent");
    let client = match certificate {
        Some(name) => network.showing("consent", name, token),
        None => network.actor(token).client("consent").clone(),
    };
    let mut facts = FactsServiceClient::new(client.authorized());
    facts.get_facts(GetFactsRequest::default()).await.map(|_| ())
}

#[tokio::test(flavor = "multi_thread")]
async fn services_know_each_other_by_their_certificates_and_another_ones_opens_nothing() {
    let mut processes = Processes::start().await;
    let world = World::new(processes.network()).await;
    let person = world.person(processes.network()).await;
    let note = world.note(&person).await.name;
    assert_eq!(read(&world.manager, &note).await.unwrap_err().code(), Code::NotFound);
    world.consent(&person, &world.agencies.housing).await;
    read(&world.manager, &note).await.unwrap();

    // Whoever has a service's token has it for nothing without its certificate.
    let network = processes.network();
    let nobody = network.actor("x").client("consent").authorized();
    let nobody = FactsServiceClient::new(nobody).get_facts(GetFactsRequest::default()).await;
    let nobody = nobody.unwrap_err();
    assert_eq!(nobody.code(), Code::Unauthenticated);
    for right in ["notes", "all"] {
        let code =
            asked_for_facts(network, Some(right)).await.map_or_else(|s| s.code(), |()| Code::Ok);
        assert!(matches!(code, Code::Ok | Code::InvalidArgument), "{right}: {code:?}");
    }
    for wrong in [Some("people"), Some("consent"), Some("client-agency"), None] {
        let status = asked_for_facts(network, wrong).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated, "{wrong:?}");
        assert_eq!(status.message(), nobody.message(), "{wrong:?}");
        assert_eq!(status.details(), nobody.details(), "{wrong:?}");
    }

    // A service that shows another's certificate asks in vain, and so has nothing to say.
    processes.start_disguised("notes", "people").await;
    let status = read(&world.manager, &note).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    processes.kill("notes");
    processes.start_again("notes").await;
    until("the note is read again", BOUND, || async { read(&world.manager, &note).await.ok() })
        .await;

    // Nor is it asked: where consent is somebody else, notes does not believe it.
    processes.start_disguised("consent", "people").await;
    let status = read(&world.manager, &note).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
}
