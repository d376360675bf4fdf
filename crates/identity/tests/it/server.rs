//! Over a socket: tonic's own server and client around the layer.

use identity::AuthLayer;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Code, Request, client::Grpc, transport::Channel};
use tonic_prost::ProstCodec;

use crate::{
    kinds::reason_of,
    world::{GET_NOTE, World},
};

async fn call(channel: &Channel, path: &'static str, token: Option<&str>) -> tonic::Status {
    let mut grpc = Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    let mut request = Request::new(());
    if let Some(token) = token {
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    }
    let codec = ProstCodec::<(), ()>::default();
    let path = http::uri::PathAndQuery::from_static(path);
    grpc.unary(request, path, codec).await.map_or_else(|status| status, |_| tonic::Status::ok(""))
}

#[tokio::test]
async fn a_real_client_reads_the_refusal_and_probes_need_no_token() {
    let world = World::new().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (_reporter, health) = tonic_health::server::health_reporter();
    let server = tonic::transport::Server::builder()
        .layer(AuthLayer::new(world.authenticator.clone()))
        .add_service(health)
        .serve_with_incoming(TcpListenerStream::new(listener));
    let server = tokio::spawn(server);
    let channel = Channel::from_shared(address).unwrap().connect().await.unwrap();

    assert_eq!(call(&channel, "/grpc.health.v1.Health/Check", None).await.code(), Code::Ok);
    let refused = call(&channel, GET_NOTE, None).await;
    assert_eq!((refused.code(), &*reason_of(&refused)), (Code::Unauthenticated, "UNAUTHENTICATED"));
    let huge = "a".repeat(10_000);
    let refused = call(&channel, GET_NOTE, Some(&huge)).await;
    assert_eq!((refused.code(), &*reason_of(&refused)), (Code::Unauthenticated, "UNAUTHENTICATED"));
    // Admitted by the layer, and not there: tonic's own answer.
    let token = world.clinic.token(&world.staff());
    assert_eq!(call(&channel, GET_NOTE, Some(&token)).await.code(), Code::Unimplemented);
    server.abort();
}
