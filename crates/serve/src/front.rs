//! What every call passes before authentication and the service: trace and metrics, load shedding,
//! the deadline, and the net under a panic. One service instead of five layers: each layer would
//! box a future and a body of its own.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures::FutureExt;
use http::{Request, Response};
use telemetry::RequestTrace;
use tonic::body::Body;
use tonic::service::Routes;
use tonic::{Code, Status};
use tower::{BoxError, Service, ServiceExt};

use crate::absence::{self, Beat};
use crate::admission::{Admission, Admitted};
use crate::body::ReplyBody;
use crate::deadline::{self, Deadline};
use crate::intake::{Held, Intake};
use crate::listen::Drain;
use crate::live::{self, Live};
use crate::methods::{Kind, Method, Methods};
use crate::reply;
use crate::shares::Place;
use crate::turn::Turn;

pub(crate) type Reply = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

pub(crate) struct Shared {
    pub methods: Methods,
    pub admission: Admission,
    pub drain: Drain,
    pub held: Arc<Held>,
    /// Unary calls end by then, whatever the client asks for.
    pub cap: Duration,
}

/// `open`: health and reflection. `guarded`: everything else, behind authentication.
#[derive(Clone)]
pub(crate) struct Front<S> {
    pub shared: Arc<Shared>,
    pub open: Routes,
    pub guarded: S,
}

/// One call, until its reply is gone: measured and released when dropped.
pub(crate) struct Call {
    pub trace: RequestTrace,
    method: Method,
    pub started: Instant,
    code: Option<Code>,
    admitted: Option<Admitted>,
    turn: Option<Arc<Turn>>,
    /// The caller's share, once somebody has said whose it is.
    place: Place,
    _live: Option<live::Call>,
}

impl Call {
    pub fn end(&mut self, code: Code) {
        self.code.get_or_insert(code);
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        // Nobody ended it: the client went away.
        let code = self.code.unwrap_or(Code::Cancelled);
        let (name, took) = (reply::code_name(code), self.started.elapsed());
        telemetry::metrics::rpc(self.method.name, name, took);
        self.trace.ended(name, reply::is_fault(code));
        tracing::debug!(target: "trellis", parent: self.trace.span(), code = name, "ended");
    }
}

impl<S> Service<Request<Body>> for Front<S>
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Reply;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, req: Request<Body>) -> Reply {
        self.begin(req)
    }
}

/// When the handler must have answered, and when the whole call must have ended.
fn deadlines(
    kind: Kind,
    started: Instant,
    wanted: Option<Duration>,
    cap: Duration,
) -> (Deadline, Deadline) {
    let of = |left: Option<Duration>| {
        left.map_or_else(Deadline::none, |left| Deadline::of(started.into(), left))
    };
    let capped = Some(wanted.map_or(cap, |w| w.min(cap)));
    match kind {
        Kind::Unary => (of(capped), of(capped)),
        // A stream may last, but its handler begins it in the time of a unary call.
        Kind::Stream | Kind::Watch => (of(capped), of(wanted)),
        Kind::Upload => (of(wanted), of(wanted)),
    }
}

impl<S> Front<S>
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
{
    pub fn begin(&self, req: Request<Body>) -> Reply {
        let method = self.shared.methods.of(req.uri().path());
        let front = self.clone();
        let of = req.extensions();
        // Before the connection is read any further: it may be kept waiting.
        let turn = of.get::<Arc<Turn>>().cloned();
        let admitted = self.shared.admission.enter(&method, turn.as_deref());
        let call = Call {
            trace: telemetry::request(req.headers(), method.service, method.name),
            method,
            started: Instant::now(),
            code: None,
            admitted,
            turn,
            place: Place::of(method.kind),
            _live: of.get::<Arc<Live>>().map(|l| l.enter(method.kind == Kind::Unary)),
        };
        Box::pin(async move { Ok(front.answer(req, call).await) })
    }

    async fn answer(self, mut req: Request<Body>, mut call: Call) -> Response<Body> {
        let Ok(wanted) = deadline::parse(req.headers()) else {
            return refuse(call, &reply::odd_timeout());
        };
        let (first, whole) = deadlines(call.method.kind, call.started, wanted, self.shared.cap);
        if first.remaining().is_some_and(|left| left.is_zero()) {
            return refuse(call, &reply::deadline_exceeded());
        }
        if call.admitted.is_none() {
            telemetry::metrics::refusal(call.method.name, "OVERLOADED");
            return refuse(call, &reply::overloaded());
        }
        req.extensions_mut().insert(whole);
        let (unary, public) = (call.method.kind == Kind::Unary, call.method.is_public());
        // Until the service has answered: what was read is held as a message.
        let (held, replies) = (self.shared.held.share(), self.shared.held.share());
        if public {
            for share in [&held, &replies] {
                share.is_of(self.shared.held.public());
            }
        }
        let place = call.place.with([Arc::clone(&held), Arc::clone(&replies)]);
        req.extensions_mut().insert(place);
        let one = call.method.one_message;
        let req = req.map(|body| Body::new(Intake::new(body, Arc::clone(&held), one, public)));
        let drain = match call.method.kind {
            Kind::Unary => None,
            Kind::Watch => Some(self.shared.drain.watches.clone()),
            Kind::Stream | Kind::Upload => Some(self.shared.drain.streams.clone()),
        };
        let work = AssertUnwindSafe(whole.scope(self.hand_on(req))).catch_unwind();
        let work = call.trace.run(work);
        let done = async {
            match first.instant() {
                Some(at) => tokio::time::timeout_at(at, work).await.ok(),
                None => Some(work.await),
            }
        };
        let answered = match &drain {
            None => done.await,
            Some(ending) => tokio::select! {
                answered = done => answered,
                () = ending.cancelled() => return refuse(call, &reply::draining()),
            },
        };
        match answered {
            None => refuse(call, &reply::deadline_exceeded()),
            Some(Err(_panic)) => refuse(call, &reply::internal()),
            Some(Ok(mut response)) => match reply::dress(response.headers_mut()) {
                // The status is in the headers: nothing follows.
                Some(code) => {
                    if code == Code::NotFound && !absence::hold(call.started, first).await {
                        return refuse(call, &reply::deadline_exceeded());
                    }
                    call.end(code);
                    response
                }
                None => {
                    let beat = response.extensions().get::<Beat>().is_some();
                    if beat && !absence::hold(call.started, first).await {
                        return refuse(call, &reply::deadline_exceeded());
                    }
                    if let Some(turn) = call.turn.as_ref().filter(|_| !public) {
                        turn.guest.was_answered();
                    }
                    let drain = drain.map(|d| d.cancelled_owned());
                    let (parts, body) = response.into_parts();
                    let mut body = ReplyBody::new(body, call, whole, drain, replies);
                    if unary {
                        body = body.encoded().await;
                    }
                    Response::from_parts(parts, Body::new(body))
                }
            },
        }
    }

    async fn hand_on(self, req: Request<Body>) -> Response<Body> {
        let path = req.uri().path();
        if path.starts_with("/grpc.health.v1.") || path.starts_with("/grpc.reflection.") {
            return match self.open.oneshot(req).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
        }
        self.guarded.oneshot(req).await.unwrap_or_else(|_| reply::internal().into_http())
    }
}

fn refuse(mut call: Call, status: &Status) -> Response<Body> {
    call.end(status.code());
    status.clone().into_http()
}
