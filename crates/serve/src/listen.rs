//! Accepting connections, and the order in which a listener goes away.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use http::Request;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::body::Body;

use crate::conn::{self, Settings};
use crate::front::{Reply, Shared};
use crate::server::Drained;
use crate::turn::Guest;
use crate::{Error, Health};

const BACKLOG: u32 = 1024;

/// A connection that must make room for another one has gone in this time.
const LEAVING: Duration = Duration::from_secs(1);

/// Connections in the order in which they came. When there are as many as there may be, the one that has been there
/// longest without an answer makes room: whoever opens many and asks for nothing, or for nothing that they may, keeps
/// nobody out.
#[derive(Debug, Default)]
pub(crate) struct Guests(Mutex<VecDeque<Weak<Guest>>>);

impl Guests {
    /// Of so many those that have gone are forgotten.
    const MANY: usize = 4_096;

    fn comes(&self) -> Arc<Guest> {
        let guest = Arc::new(Guest::default());
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= Self::MANY {
            all.retain(|guest| guest.upgrade().is_some_and(|guest| !guest.is_known()));
        }
        all.push_back(Arc::downgrade(&guest));
        guest
    }

    /// Whether there was one.
    fn one_leaves(&self) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(guest) = all.pop_front() {
            if let Some(guest) = guest.upgrade().filter(|guest| !guest.is_known()) {
                guest.leave.cancel();
                return true;
            }
        }
        false
    }
}

/// The room that another connection leaves. None: it has not gone in its time.
async fn made(connections: Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    timeout(LEAVING, connections.acquire_owned()).await.ok().and_then(Result::ok)
}

/// What answers the requests of a connection.
pub(crate) trait Serve: Clone + Send + Sync + 'static {
    fn serve(&self, req: Request<Body>) -> Reply;
}

/// The steps of a drain, each a token.
#[derive(Debug, Clone, Default)]
pub(crate) struct Drain {
    /// Connections: no new calls, leave when the last one ended.
    pub closing: CancellationToken,
    /// Streams without an end of their own end now.
    pub watches: CancellationToken,
    /// The others end, because the bound is near.
    pub streams: CancellationToken,
    /// The bound is reached.
    pub kill: CancellationToken,
}

/// Opens the socket. With `reuse_port` several listeners share the address, one for each runtime.
/// To be called within a runtime.
pub fn bind(addr: SocketAddr, reuse_port: bool) -> Result<std::net::TcpListener, Error> {
    let open = || {
        let socket = if addr.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.set_reuseport(reuse_port)?;
        socket.bind(addr)?;
        socket.listen(BACKLOG)?.into_std()
    };
    open().map_err(|why| Error::bind(addr, why))
}

pub(crate) struct Listener<S> {
    pub settings: Arc<Settings>,
    pub shared: Arc<Shared>,
    pub door: S,
    pub connections: Arc<Semaphore>,
    pub guests: Guests,
    pub health: Health,
    pub services: Vec<&'static str>,
    pub lame_duck: Duration,
    pub drain: Duration,
}

impl<S: Serve> Listener<S> {
    pub async fn run(self, socket: TcpListener, stop: CancellationToken) -> Drained {
        let tasks = TaskTracker::new();
        let mut lame = std::pin::pin!(async {
            stop.cancelled().await;
            self.health.drain(&self.services).await;
            sleep(self.lame_duck).await;
        });
        loop {
            tokio::select! {
                () = &mut lame => break,
                accepted = socket.accept() => match accepted {
                    Ok((stream, _)) => self.accepted(stream, &tasks),
                    Err(why) => {
                        // Out of descriptors, most likely: a pause, or this loop would spin.
                        tracing::warn!(target: "trellis", %why, "accept");
                        sleep(Duration::from_millis(20)).await;
                    }
                },
            }
        }
        self.take_backlog(socket, &tasks);
        self.leave(tasks).await
    }

    /// Who is in the backlog has connected: closing the socket now would reset it. Asked of the
    /// socket itself, because the runtime may not have heard of them yet. Closes the socket.
    fn take_backlog(&self, socket: TcpListener, tasks: &TaskTracker) {
        let Ok(socket) = socket.into_std() else { return };
        while let Ok((stream, _)) = socket.accept() {
            let stream = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream));
            if let Ok(stream) = stream {
                self.accepted(stream, tasks);
            }
        }
    }

    fn accepted(&self, stream: TcpStream, tasks: &TaskTracker) {
        let free = Arc::clone(&self.connections).try_acquire_owned().ok();
        if free.is_none() && !self.guests.one_leaves() {
            tracing::debug!(target: "trellis", "too many connections");
            return;
        }
        let (settings, shared) = (Arc::clone(&self.settings), Arc::clone(&self.shared));
        let (door, guest) = (self.door.clone(), self.guests.comes());
        let connections = Arc::clone(&self.connections);
        tasks.spawn(async move {
            let held = match free {
                Some(held) => Some(held),
                None => made(connections).await,
            };
            if held.is_some() {
                tokio::select! {
                    () = conn::serve(stream, &settings, &shared, door, Arc::clone(&guest)) => {}
                    () = guest.leave.cancelled() => {}
                }
            }
        });
    }

    async fn leave(&self, tasks: TaskTracker) -> Drained {
        let (steps, bound) = (&self.shared.drain, self.drain);
        tasks.close();
        steps.closing.cancel();
        steps.watches.cancel();
        // The last eighth of the bound is for telling the streams that are still open.
        let early = bound - bound / 8;
        if timeout(early, tasks.wait()).await.is_err() {
            steps.streams.cancel();
            let _ = timeout(bound / 8, tasks.wait()).await;
        }
        let cut = tasks.len();
        if cut > 0 {
            tracing::warn!(target: "trellis", connections = cut, "drain: the bound is reached");
            steps.kill.cancel();
            tasks.wait().await;
        }
        Drained { connections_cut: cut }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[test]
    fn those_who_have_gone_or_were_answered_are_forgotten_and_who_waits_is_not() {
        let guests = Guests::default();
        let waits = guests.comes();
        let known: Vec<_> = (0..Guests::MANY).map(|_| guests.comes()).collect();
        known.iter().for_each(|guest| guest.was_answered());
        let many = || guests.0.lock().unwrap().len();
        for _ in 0..2 * Guests::MANY {
            drop(guests.comes());
            assert!(many() <= Guests::MANY + 1, "{}", many());
        }
        assert!(guests.one_leaves() && waits.leave.is_cancelled());
        assert!(!guests.one_leaves() && known.iter().all(|guest| !guest.leave.is_cancelled()));
    }

    #[tokio::test]
    async fn who_takes_anothers_place_waits_no_longer_than_that_one_may_take_to_leave() {
        let connections = Arc::new(Semaphore::new(1));
        let held = Arc::clone(&connections).try_acquire_owned().unwrap();
        let begun = Instant::now();
        assert!(made(Arc::clone(&connections)).await.is_none() && begun.elapsed() >= LEAVING);
        let another = tokio::spawn(made(connections));
        drop(held);
        assert!(another.await.unwrap().is_some());
    }
}
