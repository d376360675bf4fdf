//! Load shedding: so many at once, over all connections, and the next is told at once.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Limits;
use crate::methods::{Kind, Method};

#[derive(Debug)]
pub(crate) struct Admission {
    requests: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    /// Streams that anybody may open, without a token: they take none from those with one.
    public: Arc<Semaphore>,
}

/// Public streams at once, as a part of all.
const PUBLIC_PART: usize = 8;

/// Held until the reply has been sent. Health checks hold none: shedding them would have a busy
/// instance restarted.
pub(crate) struct Admitted(#[allow(dead_code)] Option<OwnedSemaphorePermit>);

impl Admission {
    pub fn new(limits: &Limits) -> Self {
        Self {
            requests: Arc::new(Semaphore::new(limits.requests)),
            streams: Arc::new(Semaphore::new(limits.streams)),
            public: Arc::new(Semaphore::new(limits.streams.div_ceil(PUBLIC_PART))),
        }
    }

    pub fn enter(&self, method: &Method) -> Option<Admitted> {
        let among = match method.kind {
            Kind::Unary if method.service == "grpc.health.v1.Health" => {
                return Some(Admitted(None));
            }
            Kind::Unary => &self.requests,
            _ if method.service.starts_with("grpc.") => &self.public,
            Kind::Stream | Kind::Upload | Kind::Watch => &self.streams,
        };
        Arc::clone(among).try_acquire_owned().ok().map(|p| Admitted(Some(p)))
    }
}
