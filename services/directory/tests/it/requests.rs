use futures::future::join_all;
use tonic::Code;
use wire::directory::v1::{ListAgenciesRequest, SuspendAgencyRequest};

use crate::support::{Network, registration, request_id, told};

async fn count(network: &Network) -> usize {
    let all = network.admin().list_agencies(ListAgenciesRequest::default()).await.unwrap();
    all.into_inner().agencies.len()
}

#[tokio::test]
async fn a_repeated_request_answers_as_the_first_time_and_does_nothing_again() {
    let network = Network::start().await;
    let asked = registration("Clinic");
    let first = network.admin().register_agency(asked.clone()).await.unwrap().into_inner();
    let name = first.agency.as_ref().unwrap().name.clone();
    let suspend =
        SuspendAgencyRequest { request_id: request_id(), name, reason: "an audit".into() };
    let suspended = network.admin().suspend_agency(suspend.clone()).await.unwrap().into_inner();
    // Also after what it made has changed, and from another state than the one it moved from.
    let again = network.admin().register_agency(asked).await.unwrap().into_inner();
    assert_eq!(again, first);
    let again = network.admin().suspend_agency(suspend).await.unwrap().into_inner();
    assert_eq!(again, suspended);
    assert_eq!(count(&network).await, 1);
}

#[tokio::test]
async fn a_request_id_with_another_payload_or_for_another_rpc_is_refused() {
    let network = Network::start().await;
    let asked = registration("Clinic");
    let agency = network.register(asked.clone()).await;
    let mut other = asked.clone();
    other.display_name = "Other".into();
    let refused = network.admin().register_agency(other).await.unwrap_err();
    assert_eq!(told(&refused), (Code::FailedPrecondition, "REQUEST_ID_REUSED".into()));
    let suspend = SuspendAgencyRequest {
        request_id: asked.request_id,
        name: agency.name,
        reason: "an audit".into(),
    };
    let refused = network.admin().suspend_agency(suspend).await.unwrap_err();
    assert_eq!(told(&refused), (Code::FailedPrecondition, "REQUEST_ID_REUSED".into()));
    assert_eq!(count(&network).await, 1);
}

#[tokio::test]
async fn a_request_id_means_nothing_from_another_caller() {
    let network = Network::start().await;
    let asked = registration("Clinic");
    let first = network.register(asked.clone()).await;
    let other = network.other_admin().register_agency(asked).await.unwrap().into_inner();
    assert_ne!(other.agency.unwrap().name, first.name);
    assert_eq!(count(&network).await, 2);
}

#[tokio::test]
async fn one_request_sent_many_times_at_once_lands_once() {
    let network = Network::start().await;
    let asked = registration("Clinic");
    let all = join_all((0..8).map(|_| {
        let mut admin = network.admin();
        let asked = asked.clone();
        async move { admin.register_agency(asked).await.unwrap().into_inner() }
    }))
    .await;
    assert!(all.iter().all(|reply| *reply == all[0]));
    assert_eq!(count(&network).await, 1);

    let name = all[0].agency.as_ref().unwrap().name.clone();
    let suspend =
        SuspendAgencyRequest { request_id: request_id(), name, reason: "an audit".into() };
    let all = join_all((0..8).map(|_| {
        let mut admin = network.admin();
        let suspend = suspend.clone();
        async move { admin.suspend_agency(suspend).await.unwrap().into_inner() }
    }))
    .await;
    assert!(all.iter().all(|reply| *reply == all[0]));
}
