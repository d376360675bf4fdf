//! A service that does what a test asks for. Its messages are strings, so that no code is generated.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use prost::Message;
use prost_types::{
    FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, ServiceDescriptorProto,
};
use tokio::sync::Semaphore;
use tokio_stream::{Stream, StreamExt};
use tonic::body::Body;
use tonic::server::{Grpc, NamedService};
use tonic::{Code, Status};
use tonic_prost::ProstCodec;
use tower::{Service, service_fn};

#[derive(Clone, Default)]
pub struct Echo(pub Arc<State>);

pub struct State {
    pub started: AtomicUsize,
    pub dropped: AtomicUsize,
    pub release: Semaphore,
}

impl Default for State {
    fn default() -> Self {
        Self { started: 0.into(), dropped: 0.into(), release: Semaphore::new(0) }
    }
}

struct Dropped(Arc<State>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, SeqCst);
    }
}

impl State {
    pub fn started(&self) -> usize {
        self.started.load(SeqCst)
    }

    pub fn dropped(&self) -> usize {
        self.dropped.load(SeqCst)
    }

    async fn say(self: Arc<Self>, request: tonic::Request<String>) -> Result<String, Status> {
        self.started.fetch_add(1, SeqCst);
        let deadline = request.extensions().get::<serve::Deadline>().copied();
        let text = request.into_inner();
        let (verb, rest) = text.split_once(':').unwrap_or((&text, ""));
        match verb {
            "hang" => {
                let _dropped = Dropped(Arc::clone(&self));
                std::future::pending().await
            }
            "hold" => {
                let _ = self.release.acquire().await.unwrap();
                Ok("released".to_owned())
            }
            "sleep" => {
                tokio::time::sleep(Duration::from_millis(rest.parse().unwrap())).await;
                Ok("slept".to_owned())
            }
            "panic" => panic!("canary-{rest}"),
            "big" => Ok("x".repeat(rest.parse().unwrap())),
            "left" => {
                assert_eq!(deadline, serve::current_deadline());
                let left = deadline.and_then(|d| d.remaining());
                Ok(left.map_or("none".to_owned(), |left| left.as_millis().to_string()))
            }
            "trace" => Ok(format!("{:x?}", telemetry::current_trace_id())),
            "fail" => Err(Status::new(Code::from(rest.parse::<i32>().unwrap()), "canary")),
            _ => Ok(text),
        }
    }

    fn stream(self: Arc<Self>, text: String) -> impl Stream<Item = Result<String, Status>> {
        self.started.fetch_add(1, SeqCst);
        let dropped = Dropped(Arc::clone(&self));
        // What is refused once the stream has begun, and before anything is told.
        let none = text == "gone";
        let first = tokio_stream::iter((!none).then(|| Ok("first".to_owned())));
        let rest =
            futures::stream::unfold((self, dropped, text), |(state, dropped, text)| async move {
                match text.as_str() {
                    "panic" => panic!("canary"),
                    "end" => None,
                    "gone" => Some((
                        Err(Status::not_found("")),
                        (Arc::clone(&state), dropped, "end".to_owned()),
                    )),
                    "hold" => {
                        let permit = state.release.acquire().await.unwrap();
                        permit.forget();
                        Some((
                            Ok("last".to_owned()),
                            (Arc::clone(&state), dropped, "end".to_owned()),
                        ))
                    }
                    _ => std::future::pending().await,
                }
            });
        first.chain(rest)
    }
}

/// "nothing" leaves on the beat.
fn said(text: String) -> tonic::Response<String> {
    let nothing = text == "nothing";
    let mut reply = tonic::Response::new(text);
    if nothing {
        reply.extensions_mut().insert(serve::Beat);
    }
    reply
}

impl NamedService for Echo {
    const NAME: &'static str = "test.Echo";
}

type Codec = ProstCodec<String, String>;

impl Service<Request<Body>> for Echo {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, req: Request<Body>) -> Self::Future {
        let state = Arc::clone(&self.0);
        let mut grpc = Grpc::new(Codec::default())
            .max_decoding_message_size(serve::MAX_DECODE)
            .max_encoding_message_size(serve::MAX_ENCODE);
        Box::pin(async move {
            Ok(match req.uri().path() {
                "/test.Echo/Say" => {
                    let say = service_fn(move |r| {
                        let state = Arc::clone(&state);
                        async move { state.say(r).await.map(said) }
                    });
                    grpc.unary(say, req).await
                }
                "/test.Echo/Count" | "/test.Echo/WatchAll" => {
                    let stream = service_fn(move |r: tonic::Request<String>| {
                        let text = r.into_inner();
                        let begun = match text.as_str() {
                            "absent" => Err(Status::not_found("")),
                            _ => Ok(tonic::Response::new(Arc::clone(&state).stream(text))),
                        };
                        std::future::ready(begun)
                    });
                    grpc.server_streaming(stream, req).await
                }
                _ => Status::unimplemented("").into_http(),
            })
        })
    }
}

/// What `protoc` would have written.
pub fn descriptors() -> &'static [u8] {
    let method = |name: &str, streams| MethodDescriptorProto {
        name: Some(name.to_owned()),
        input_type: Some(".google.protobuf.StringValue".to_owned()),
        output_type: Some(".google.protobuf.StringValue".to_owned()),
        server_streaming: Some(streams),
        ..Default::default()
    };
    let service = ServiceDescriptorProto {
        name: Some("Echo".to_owned()),
        method: vec![method("Say", false), method("Count", true), method("WatchAll", true)],
        ..Default::default()
    };
    let file = FileDescriptorProto {
        name: Some("test/echo.proto".to_owned()),
        package: Some("test".to_owned()),
        service: vec![service],
        ..Default::default()
    };
    Box::leak(FileDescriptorSet { file: vec![file] }.encode_to_vec().into_boxed_slice())
}
