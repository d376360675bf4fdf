use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use serve::Server;
use tokio_stream::StreamExt;
use tonic::body::Body;
use tonic::{Code, Status};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_reflection::pb::{v1, v1alpha};
use tower::{Layer, Service};

use crate::echo::{Echo, descriptors};
use crate::support::{Client, config, soon, start};

async fn names_v1(url: String) -> Vec<String> {
    use v1::server_reflection_request::MessageRequest;
    use v1::server_reflection_response::MessageResponse;
    let channel = serve::peer(&url, None).unwrap();
    let mut client = v1::server_reflection_client::ServerReflectionClient::new(channel);
    let request = v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut replies =
        client.server_reflection_info(tokio_stream::once(request)).await.unwrap().into_inner();
    match replies.next().await.unwrap().unwrap().message_response.unwrap() {
        MessageResponse::ListServicesResponse(list) => {
            list.service.into_iter().map(|s| s.name).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn reflection_lists_what_is_mounted_in_v1_and_describes_it_in_v1alpha() {
    let (server, _) = start("").await;
    let url = format!("http://{}", server.addr());
    let names = soon(names_v1(url.clone())).await;
    for name in ["test.Echo", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"] {
        assert!(names.iter().any(|n| n == name), "{names:?}");
    }
    use v1alpha::server_reflection_request::MessageRequest;
    use v1alpha::server_reflection_response::MessageResponse;
    let channel = serve::peer(&url, None).unwrap();
    let mut client = v1alpha::server_reflection_client::ServerReflectionClient::new(channel);
    let request = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::FileContainingSymbol("test.Echo".to_owned())),
    };
    let mut replies =
        client.server_reflection_info(tokio_stream::once(request)).await.unwrap().into_inner();
    let reply = soon(replies.next()).await.unwrap().unwrap().message_response.unwrap();
    assert!(matches!(reply, MessageResponse::FileDescriptorResponse(_)), "{reply:?}");
}

#[tokio::test]
async fn reflection_is_gone_when_it_is_switched_off() {
    let (server, _) = start("reflection = false").await;
    let client = Client::to(server.addr()).await;
    let path = "grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    assert_eq!(client.call(path, "", &[]).await.unwrap().code(), Code::Unimplemented);
}

#[tokio::test]
async fn health_answers_for_the_whole_for_each_service_and_for_what_a_service_says_of_itself() {
    let builder = Server::builder(config("")).add_service(Echo::default());
    let health = builder.health();
    let server = builder.start().await.unwrap();
    let channel = serve::peer(&format!("http://{}", server.addr()), None).unwrap();
    let client = HealthClient::new(channel);
    let ask = |service: &str| {
        let (mut client, service) = (client.clone(), service.to_owned());
        async move {
            let reply = client.check(HealthCheckRequest { service }).await;
            reply.map(|r| r.into_inner().status().as_str_name().to_owned()).map_err(|e| e.code())
        }
    };
    assert_eq!(ask("").await.unwrap(), "SERVING");
    assert_eq!(ask("test.Echo").await.unwrap(), "SERVING");
    assert_eq!(ask("test.Nothing").await.unwrap_err(), Code::NotFound);
    health.set("test.Echo", false).await;
    assert_eq!(ask("test.Echo").await.unwrap(), "NOT_SERVING");
    server.shutdown();
    soon(server.join()).await.unwrap();
    health.set("test.Echo", true).await; // too late, and harmless
}

/// An authentication that lets nobody in.
#[derive(Clone)]
struct Nobody;

#[derive(Clone)]
struct Shut;

impl<S> Layer<S> for Nobody {
    type Service = Shut;

    fn layer(&self, _: S) -> Shut {
        Shut
    }
}

impl Service<Request<Body>> for Shut {
    type Response = Response<Body>;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, std::io::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), std::io::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, req: Request<Body>) -> Self::Future {
        let answer = match req.headers().contains_key("break") {
            true => Err(std::io::Error::other("canary")),
            false => Ok(Status::unauthenticated("no token").into_http()),
        };
        Box::pin(std::future::ready(answer))
    }
}

#[tokio::test]
async fn authentication_stands_before_the_services_and_behind_health() {
    let server = Server::builder(config(""))
        .add_service(Echo::default())
        .descriptors(descriptors())
        .auth(Nobody)
        .start()
        .await
        .unwrap();
    let client = Client::to(server.addr()).await;
    for path in
        ["test.Echo/Say", "test.Echo/WatchAll", "test.Nothing/Here", "grpc.health.v1x/Check"]
    {
        let reply = client.call(path, "x", &[]).await.unwrap();
        assert_eq!(reply.code(), Code::Unauthenticated, "{path}");
    }
    let health = client.call("grpc.health.v1.Health/Check", "", &[]).await.unwrap();
    assert_eq!(health.code(), Code::Ok);
    let broken = client.call("test.Echo/Say", "x", &[("break", "1")]).await.unwrap();
    assert_eq!(broken.code(), Code::Internal);
    assert!(!format!("{:?}", broken.status).contains("canary"));
}
