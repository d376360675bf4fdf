//! A collector of traces and metrics (OTLP over gRPC) that keeps the bytes it is sent.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use futures::future::BoxFuture;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full};
use tokio::{net::TcpListener, task::JoinHandle};
use tonic::{
    Status,
    body::Body,
    server::NamedService,
    transport::{Server, server::TcpIncoming},
};

/// It ends when it is dropped.
#[derive(Debug)]
pub struct Collector {
    addr: SocketAddr,
    kept: Kept,
    serving: JoinHandle<()>,
}

type Kept = Arc<Mutex<Vec<u8>>>;

impl Collector {
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let kept = Kept::default();
        let router = Server::builder()
            .add_service(Traces(Arc::clone(&kept)))
            .add_service(Metrics(Arc::clone(&kept)));
        let serving = tokio::spawn(async move {
            let _ = router.serve_with_incoming(TcpIncoming::from(listener)).await;
        });
        Ok(Self { addr, kept, serving })
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Takes what has come since it was last asked.
    pub fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.kept.lock().expect("nobody panics with it"))
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn collect(kept: Kept, request: Request<Body>) -> Result<Response<Body>, Infallible> {
    // What breaks off was not sent.
    if let Ok(bytes) = request.into_body().collect().await {
        kept.lock().expect("nobody panics with it").extend_from_slice(&bytes.to_bytes());
    }
    // An empty message: whatever was sent, all of it was accepted.
    let message = Full::new(bytes::Bytes::from_static(&[0; 5]));
    let mut trailers = HeaderMap::new();
    let _ = Status::ok("").add_header(&mut trailers);
    let body = message.with_trailers(std::future::ready(Some(Ok(trailers))));
    let mut response = Response::new(Body::new(body));
    let kind = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert("content-type", kind);
    Ok(response)
}

macro_rules! collects {
    ($service:ident, $name:literal) => {
        #[derive(Clone)]
        struct $service(Kept);

        impl NamedService for $service {
            const NAME: &'static str = $name;
        }

        impl tower::Service<Request<Body>> for $service {
            type Response = Response<Body>;
            type Error = Infallible;
            type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

            fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
                Poll::Ready(Ok(()))
            }

            fn call(&mut self, request: Request<Body>) -> Self::Future {
                Box::pin(collect(Arc::clone(&self.0), request))
            }
        }
    };
}
collects!(Traces, "opentelemetry.proto.collector.trace.v1.TraceService");
collects!(Metrics, "opentelemetry.proto.collector.metrics.v1.MetricsService");
