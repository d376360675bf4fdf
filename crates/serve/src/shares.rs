//! Of what a process can do, nobody has more than a share: so many calls a second, and so many at once, for each
//! agency and for each person. Who it is, the layer of authentication has said.

use std::collections::HashMap;
use std::future::{Ready, ready};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::Either;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use http::{Extensions, Request, Response};
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};

use crate::config;
use crate::intake::Share;
use crate::methods::Kind;
use crate::reply;

/// After so many calls those who have been quiet for a while are forgotten: to look at all at each call would cost.
const FORGET_AFTER: usize = 4_096;

/// Whose share a call is taken from. `key`: the same for the same caller, as a hash that nobody outside can aim at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sharer {
    Agency(u64),
    Individual(u64),
}

/// Puts [`Shared`] behind authentication. `of` says whose share a request is taken from; nobody's: not limited here.
#[derive(Clone)]
pub struct ShareLayer<F> {
    shares: Arc<Shares>,
    of: F,
}

impl<F> ShareLayer<F>
where
    F: Fn(&Extensions) -> Option<Sharer>,
{
    pub fn new(config: &crate::Shares, of: F) -> Self {
        Self { shares: Arc::new(Shares::new(config)), of }
    }
}

impl<F: Clone, S> Layer<S> for ShareLayer<F> {
    type Service = Shared<F, S>;

    fn layer(&self, inner: S) -> Shared<F, S> {
        Shared { layer: self.clone(), inner }
    }
}

/// A service that nobody can take from the others.
#[derive(Clone)]
pub struct Shared<F, S> {
    layer: ShareLayer<F>,
    inner: S,
}

impl<F, S> Service<Request<Body>> for Shared<F, S>
where
    F: Fn(&Extensions) -> Option<Sharer>,
    S: Service<Request<Body>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Either<S::Future, Ready<Result<Response<Body>, S::Error>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut req: Request<Body>) -> Self::Future {
        let Some(sharer) = (self.layer.of)(req.extensions()) else {
            return Either::Left(self.inner.call(req));
        };
        // Without a place to be held in, the share would be given back at once.
        let Some(place) = req.extensions_mut().remove::<Place>() else {
            return Either::Right(ready(Ok(reply::internal().into_http())));
        };
        match self.layer.shares.enter(sharer, place.kind) {
            Ok(held) => {
                place.take(held);
                Either::Left(self.inner.call(req))
            }
            Err(refused) => Either::Right(ready(Ok(refused.into_http()))),
        }
    }
}

/// Where a share is held until the reply is gone.
#[derive(Clone)]
pub(crate) struct Place {
    kind: Kind,
    held: Arc<Mutex<Option<Held>>>,
    /// Of the request and of the reply.
    messages: Option<[Arc<Share>; 2]>,
}

impl Place {
    pub fn of(kind: Kind) -> Self {
        Self { kind, held: Arc::default(), messages: None }
    }

    /// The same, where the bytes of these messages are the caller's as well.
    pub fn with(&self, messages: [Arc<Share>; 2]) -> Self {
        Self { messages: Some(messages), ..self.clone() }
    }

    fn take(&self, held: Held) {
        for message in self.messages.iter().flatten() {
            message.is_of(&held.bytes);
        }
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(held);
    }
}

/// Given back when dropped.
struct Held {
    shares: Arc<Shares>,
    sharer: Sharer,
    stream: bool,
    /// Of messages, that the sharer holds in all their calls.
    bytes: Arc<AtomicUsize>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.shares.leave(self.sharer, self.stream);
    }
}

struct Rate {
    limiter: DefaultKeyedRateLimiter<u64>,
    calls: AtomicUsize,
    share: config::Share,
}

impl Rate {
    fn new(share: config::Share) -> Self {
        let most = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(most(share.per_second)).allow_burst(most(share.burst));
        Self { limiter: RateLimiter::keyed(quota), calls: AtomicUsize::new(0), share }
    }

    fn check(&self, key: u64) -> Result<(), Status> {
        if self.calls.fetch_add(1, Relaxed) % FORGET_AFTER == FORGET_AFTER - 1 {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(&key).map_err(|early| {
            let wait = early.wait_time_from(DefaultClock::default().now());
            reply::rate_limited("calls a second", self.share.per_second, wait)
        })
    }
}

#[derive(Default)]
struct AtOnce {
    calls: u32,
    streams: u32,
    bytes: Arc<AtomicUsize>,
}

struct Shares {
    agencies: Rate,
    individuals: Rate,
    /// Unary calls and streams that are going on.
    at_once: Mutex<HashMap<Sharer, AtOnce>>,
}

impl Shares {
    fn new(config: &crate::Shares) -> Self {
        let (agencies, individuals) = (Rate::new(config.agency), Rate::new(config.individual));
        Self { agencies, individuals, at_once: Mutex::default() }
    }

    fn enter(self: &Arc<Self>, sharer: Sharer, kind: Kind) -> Result<Held, Status> {
        let (rate, key) = match sharer {
            Sharer::Agency(key) => (&self.agencies, key),
            Sharer::Individual(key) => (&self.individuals, key),
        };
        let stream = kind != Kind::Unary;
        let bytes = {
            let mut at_once = self.at_once.lock().unwrap_or_else(PoisonError::into_inner);
            let AtOnce { calls, streams, bytes } = at_once.entry(sharer).or_default();
            let (held, what, most) = match stream {
                false => (calls, "calls at once", rate.share.calls),
                true => (streams, "streams at once", rate.share.streams),
            };
            if *held >= most {
                return Err(reply::rate_limited(what, most, Duration::from_secs(1)));
            }
            *held += 1;
            Arc::clone(bytes)
        };
        let held = Held { shares: Arc::clone(self), sharer, stream, bytes };
        rate.check(key)?;
        Ok(held)
    }

    fn leave(&self, sharer: Sharer, stream: bool) {
        let mut at_once = self.at_once.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(theirs) = at_once.get_mut(&sharer) else { return };
        let held = if stream { &mut theirs.streams } else { &mut theirs.calls };
        *held = held.saturating_sub(1);
        if (theirs.calls, theirs.streams) == (0, 0) {
            at_once.remove(&sharer);
        }
    }
}
