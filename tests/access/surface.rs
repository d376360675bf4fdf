//! What everybody may ask: health and reflection.

use std::collections::BTreeSet;

use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};
use trellis_tests::Up;

use crate::{contract::rpcs, raw};

fn services() -> BTreeSet<String> {
    rpcs().iter().map(|rpc| rpc.method.parent_service().full_name().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_service_is_listed_by_reflection_and_says_that_it_serves() {
    let up = Up::start().await;
    let channel = raw::connect(up.network().url("directory")).await;
    let asked = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut reflection = ServerReflectionClient::new(channel.clone());
    let answers = reflection.server_reflection_info(tokio_stream::iter([asked])).await;
    let answer = answers.unwrap().into_inner().message().await.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        panic!("{answer:?}");
    };
    let listed: BTreeSet<String> = list.service.into_iter().map(|s| s.name).collect();
    let missing: Vec<_> = services().difference(&listed).cloned().collect();
    assert!(missing.is_empty(), "reflection does not list {missing:?}: {listed:?}");
    let mut health = HealthClient::new(channel);
    for service in services().into_iter().chain([String::new()]) {
        let request = HealthCheckRequest { service: service.clone() };
        let answer = health.check(request).await;
        let answer = answer.unwrap_or_else(|status| panic!("{service}: {status:?}")).into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{service}");
    }
}
