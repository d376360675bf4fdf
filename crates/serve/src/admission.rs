//! Load shedding: so many at once, over all connections, and the next is told at once.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Limits;
use crate::methods::{Kind, Method};
use crate::turn::{Guest, Turn};

#[derive(Debug)]
pub(crate) struct Admission {
    requests: Arc<Semaphore>,
    most: usize,
    each: u32,
    streams: Arc<Semaphore>,
    /// Streams that anybody may open, without a token: they take none from those with one.
    public: Arc<Semaphore>,
}

/// Public streams at once, as a part of all.
const PUBLIC_PART: usize = 8;

/// Held until the reply has been sent. Health checks are counted for each connection alone:
/// shedding them would have a busy instance restarted.
pub(crate) struct Admitted(#[allow(dead_code)] Option<OwnedSemaphorePermit>);

impl Admission {
    pub fn new(limits: &Limits) -> Self {
        Self {
            requests: Arc::new(Semaphore::new(limits.requests)),
            most: limits.requests,
            each: limits.max_concurrent_streams,
            streams: Arc::new(Semaphore::new(limits.streams)),
            public: Arc::new(Semaphore::new(limits.streams.div_ceil(PUBLIC_PART))),
        }
    }

    /// Of a connection that begins.
    pub fn turn(&self, guest: Arc<Guest>) -> Turn {
        Turn::new(Arc::clone(&self.requests), self.most, self.each, guest)
    }

    pub fn enter(&self, method: &Method, turn: Option<&Turn>) -> Option<Admitted> {
        let among = match method.kind {
            Kind::Unary if method.service == "grpc.health.v1.Health" => {
                return match turn {
                    Some(turn) => turn.check().map(|p| Admitted(Some(p))),
                    None => Some(Admitted(None)),
                };
            }
            Kind::Unary => match turn {
                Some(turn) => return turn.enter().map(|p| Admitted(Some(p))),
                None => &self.requests,
            },
            _ if method.is_public() => &self.public,
            Kind::Stream | Kind::Upload | Kind::Watch => &self.streams,
        };
        Arc::clone(among).try_acquire_owned().ok().map(|p| Admitted(Some(p)))
    }
}
