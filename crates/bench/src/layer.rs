//! The same layer before all three servers. h2load sends one fixed body and fixed headers, and can
//! vary the path alone; so this turns `/n/<k>` into the call that is measured, with the body and
//! the token of note k prepared in memory. And it counts how calls end, by their gRPC status:
//! h2load sees that all of them are HTTP 200.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use bytes::{BufMut as _, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Request, Response, Uri, header::AUTHORIZATION};
use http_body::Frame;
use prost::Message as _;
use tonic::{Status, body::Body, transport::server::TcpConnectInfo};
use tower::{Layer, Service};
use wire::notes::v1::GetNoteRequest;

use crate::world::World;

/// How calls ended.
#[derive(Debug, Default)]
pub struct Counts {
    ok: AtomicU64,
    failed: AtomicU64,
}

impl Counts {
    pub fn read(&self) -> (u64, u64) {
        (self.ok.load(Relaxed), self.failed.load(Relaxed))
    }

    /// `headers` are those that hold the status.
    fn ended(&self, headers: &HeaderMap) -> bool {
        let Some(status) = headers.get(Status::GRPC_STATUS) else { return false };
        let one = if status == "0" { &self.ok } else { &self.failed };
        one.fetch_add(1, Relaxed);
        true
    }
}

/// All calls that will be made.
#[derive(Debug)]
pub struct Prepared {
    uri: Uri,
    bodies: Vec<Bytes>,
    tokens: Vec<HeaderValue>,
    pub counts: Counts,
}

impl Prepared {
    pub fn new(world: &World, path: &'static str) -> anyhow::Result<Arc<Self>> {
        let body = |id: &uuid::Uuid| -> anyhow::Result<Bytes> {
            let message =
                GetNoteRequest { name: format!("notes/{id}"), version: 0 }.encode_to_vec();
            let mut framed = BytesMut::with_capacity(5 + message.len());
            framed.put_u8(0);
            framed.put_u32(u32::try_from(message.len())?);
            framed.put_slice(&message);
            Ok(framed.freeze())
        };
        let token = |token: &String| -> anyhow::Result<HeaderValue> {
            let mut value = HeaderValue::try_from(format!("Bearer {token}"))?;
            value.set_sensitive(true);
            Ok(value)
        };
        Ok(Arc::new(Self {
            uri: Uri::from_static(path),
            bodies: world.notes.iter().map(body).collect::<Result<_, _>>()?,
            tokens: world.tokens.iter().map(token).collect::<Result<_, _>>()?,
            counts: Counts::default(),
        }))
    }

    /// Every client of h2load walks through the same list from its beginning: each connection
    /// begins elsewhere in it.
    fn place(&self, request: &Request<Body>) -> Option<usize> {
        let k: usize = request.uri().path().strip_prefix("/n/")?.parse().ok()?;
        let from =
            request.extensions().get::<TcpConnectInfo>().and_then(TcpConnectInfo::remote_addr);
        let begin = usize::from(from.map_or(0, |addr| addr.port())).wrapping_mul(7_919);
        k.wrapping_add(begin).checked_rem(self.bodies.len())
    }

    fn turn(&self, mut request: Request<Body>) -> Request<Body> {
        let Some(place) = self.place(&request) else { return request };
        let token = place.checked_rem(self.tokens.len()).and_then(|t| self.tokens.get(t));
        let (Some(body), Some(token)) = (self.bodies.get(place), token) else { return request };
        *request.uri_mut() = self.uri.clone();
        request.headers_mut().insert(AUTHORIZATION, token.clone());
        request.map(|sent| Body::new(Swapped { sent, ours: Some(body.clone()) }))
    }
}

/// Reads what was sent to its end, and is the prepared body.
struct Swapped {
    sent: Body,
    ours: Option<Bytes>,
}

impl http_body::Body for Swapped {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        while self.ours.is_some() {
            match Pin::new(&mut self.sent).poll_frame(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(Some(Ok(_))) => {}
                Poll::Ready(None) => {
                    return Poll::Ready(self.ours.take().map(|ours| Ok(Frame::data(ours))));
                }
            }
        }
        Poll::Ready(None)
    }
}

/// A reply that is looked at as it goes.
struct Counted {
    reply: Body,
    prepared: Arc<Prepared>,
}

impl http_body::Body for Counted {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let polled = Pin::new(&mut self.reply).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(trailers) = frame.trailers_ref() {
                    self.prepared.counts.ended(trailers);
                }
            }
            Poll::Ready(Some(Err(_))) => {
                self.prepared.counts.failed.fetch_add(1, Relaxed);
            }
            Poll::Ready(None) | Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.reply.is_end_stream()
    }
}

/// Puts [`Turned`] before a service.
#[derive(Debug, Clone)]
pub struct BenchLayer(pub Arc<Prepared>);

impl<S> Layer<S> for BenchLayer {
    type Service = Turned<S>;

    fn layer(&self, inner: S) -> Turned<S> {
        Turned { inner, prepared: Arc::clone(&self.0) }
    }
}

#[derive(Debug, Clone)]
pub struct Turned<S> {
    inner: S,
    prepared: Arc<Prepared>,
}

impl<S> Service<Request<Body>> for Turned<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let answering = self.inner.call(self.prepared.turn(request));
        let prepared = Arc::clone(&self.prepared);
        Box::pin(async move {
            let reply = answering.await?;
            if prepared.counts.ended(reply.headers()) {
                return Ok(reply);
            }
            Ok(reply.map(|reply| Body::new(Counted { reply, prepared })))
        })
    }
}
