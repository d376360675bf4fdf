//! A connection that asks for more than there is room for is not read for a while. To shed a call costs far
//! less than to serve it, but not nothing: whoever sends many times what can be served would have the
//! process do little else than shed. So the connection is not read until there is room, a second at most, and
//! what it sends meanwhile waits in its socket, at no cost to anybody else.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// After so long it is read in any case: a call that waits is owed an answer, and a health check, too.
const LONGEST: Duration = Duration::from_secs(1);
/// Between looks for room.
const MOMENT: Duration = Duration::from_millis(50);

/// At most this part of all calls is kept for the connection whose turn it is, and this part is left to those who were
/// answered before: whoever begins many calls and ends none takes nothing from them.
const PART: usize = 4;

/// Health checks at once on one connection. They take no room, so that a busy instance is not taken for a dead
/// one; without a bound a client would fill the process with checks that never end.
const CHECKS: usize = 8;

/// A connection as the listener knows it.
#[derive(Debug, Default)]
pub(crate) struct Guest {
    answered: AtomicBool,
    pub leave: CancellationToken,
}

impl Guest {
    /// A call that needs a token was answered with what it asked for.
    pub fn was_answered(&self) {
        self.answered.store(true, Relaxed);
    }

    pub fn is_known(&self) -> bool {
        self.answered.load(Relaxed)
    }
}

/// Where the calls of one connection find room.
#[derive(Debug)]
pub(crate) struct Turn {
    room: Arc<Semaphore>,
    most: usize,
    checks: Arc<Semaphore>,
    /// Calls that a connection may have read in its turn.
    calls: u32,
    /// Never waits: its calls are those of many.
    service: bool,
    pub guest: Arc<Guest>,
    shed: AtomicBool,
    kept: Mutex<Kept>,
}

/// Room that is kept for a connection in its turn.
#[derive(Debug, Default)]
struct Kept {
    /// Which of its turns: what ends an earlier one leaves this one alone.
    turn: u64,
    room: Option<OwnedSemaphorePermit>,
}

impl Turn {
    /// `room`: for so many calls at once, over all connections. `each`: of one connection.
    pub fn new(room: Arc<Semaphore>, most: usize, each: u32, guest: Arc<Guest>) -> Self {
        let part = u32::try_from(most / PART).unwrap_or(u32::MAX);
        Self {
            room,
            most,
            checks: Arc::new(Semaphore::new(CHECKS)),
            calls: part.clamp(1, each.max(1)),
            service: false,
            guest,
            shed: AtomicBool::new(false),
            kept: Mutex::default(),
        }
    }

    /// Of a connection whose certificate names a service, or not.
    #[must_use]
    pub fn of_service(self, service: bool) -> Self {
        Self { service, ..self }
    }

    /// Room for a health check.
    pub fn check(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.checks).try_acquire_owned().ok()
    }

    /// Room for a call, of what is kept for this connection or of what is free. None: it is shed, and the
    /// connection waits.
    pub fn enter(&self) -> Option<OwnedSemaphorePermit> {
        if let Some(kept) = &mut self.kept().room
            && let Some(one) = kept.split(1)
        {
            return Some(one);
        }
        let left = if self.guest.is_known() { 0 } else { self.most / PART };
        let entered = match self.room.available_permits() > left {
            true => Arc::clone(&self.room).try_acquire_owned().ok(),
            false => None,
        };
        if entered.is_none() && !self.service {
            self.shed.store(true, Relaxed);
        }
        entered
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps room for the turn that begins, and says which one it is.
    fn keep(&self, room: OwnedSemaphorePermit) -> u64 {
        let mut kept = self.kept();
        let turn = kept.turn.wrapping_add(1);
        *kept = Kept { turn, room: Some(room) };
        turn
    }

    /// Keeps nothing more for this turn.
    fn ends(&self, turn: u64) {
        let mut kept = self.kept();
        if kept.turn == turn {
            kept.room = None;
        }
    }

    /// Its turn, once there is room for it. Room is kept for those alone who were answered before: a stranger waits,
    /// and takes what is free then. It is kept for a moment only: whoever is given it may not be able to read.
    async fn come(self: Arc<Self>) {
        let begun = Instant::now();
        while begun.elapsed() < LONGEST {
            sleep(MOMENT).await;
            let room = || Arc::clone(&self.room).try_acquire_many_owned(self.calls).ok();
            let Some(kept) = self.guest.is_known().then(room).flatten() else { continue };
            let turn = self.keep(kept);
            tokio::spawn(async move {
                sleep(MOMENT * 2).await;
                self.ends(turn);
            });
            return;
        }
    }
}

/// When a stream is read.
pub(crate) struct Pace {
    turn: Arc<Turn>,
    waiting: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Pace {
    pub fn new(turn: Arc<Turn>) -> Self {
        Self { turn, waiting: None }
    }

    /// Ready: now.
    pub fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.turn.shed.swap(false, Relaxed) && self.waiting.is_none() {
            self.waiting = Some(Box::pin(Arc::clone(&self.turn).come()));
        }
        if let Some(waiting) = &mut self.waiting {
            ready!(waiting.as_mut().poll(cx));
            self.waiting = None;
        }
        Poll::Ready(())
    }

    /// There is nothing more to read for now: what is kept is everybody's again.
    pub fn is_through(&self) {
        self.turn.kept().room = None;
    }
}

impl Drop for Pace {
    fn drop(&mut self) {
        // Calls may outlive their connection by a little, and hold on to the turn.
        self.is_through();
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::time::timeout;

    use super::*;
    use crate::sniff::Sniffed;

    fn room_for(calls: usize) -> Arc<Semaphore> {
        Arc::new(Semaphore::new(calls))
    }

    fn paced<IO>(io: IO, turn: &Arc<Turn>) -> Sniffed<IO> {
        Sniffed::new([0; 24], 0, io).paced(Arc::clone(turn))
    }

    fn turn(room: &Arc<Semaphore>, most: usize) -> Arc<Turn> {
        let guest = Arc::new(Guest::default());
        guest.was_answered();
        Arc::new(Turn::new(Arc::clone(room), most, 128, guest))
    }

    #[test]
    fn a_turn_is_a_part_of_the_room_and_no_more_than_a_connection_may_have() {
        let calls = |most, each| Turn::new(room_for(most), most, each, Arc::default()).calls;
        assert_eq!(
            (calls(512, 128), calls(512, 16), calls(40, 128), calls(1, 128)),
            (128, 16, 10, 1)
        );
    }

    #[tokio::test]
    async fn who_was_shed_is_read_when_there_is_room_and_the_room_is_theirs() {
        let room = room_for(8);
        let turn = turn(&room, 8);
        let held: Vec<_> = (0..8).map(|_| turn.enter().unwrap()).collect();
        let (mut ours, theirs) = tokio::io::duplex(64);
        let mut paced = paced(theirs, &turn);
        ours.write_all(b"ab").await.unwrap();
        assert_eq!(paced.read_u8().await.unwrap(), b'a');
        assert!(turn.enter().is_none(), "there is no room");
        let reading = tokio::spawn(async move {
            let read = paced.read_u8().await.unwrap();
            (read, paced)
        });
        tokio::time::sleep(LONGEST / 4).await;
        assert!(!reading.is_finished(), "it waits for its turn");
        drop(held);
        let (read, mut paced) = reading.await.unwrap();
        assert_eq!(read, b'b');
        let others: Vec<_> =
            std::iter::from_fn(|| Arc::clone(&room).try_acquire_owned().ok()).collect();
        assert_eq!(others.len(), 6, "two are kept");
        let call = turn.enter();
        assert!(call.is_some(), "for this connection");
        // Once there is nothing to read, what was kept is everybody's again.
        let more = timeout(Duration::from_millis(1), paced.read_u8()).await;
        assert!(more.is_err() && room.available_permits() == 1);
        drop((call, others));
        assert_eq!(room.available_permits(), 8);
    }

    #[tokio::test]
    async fn who_was_shed_is_read_after_a_second_in_any_case() {
        let room = room_for(1);
        let turn = turn(&room, 1);
        let _held = turn.enter().unwrap();
        assert!(turn.enter().is_none());
        let mut paced = paced(&b"a"[..], &turn);
        let begun = Instant::now();
        assert_eq!(paced.read_u8().await.unwrap(), b'a');
        assert!(begun.elapsed() >= LONGEST, "{:?}", begun.elapsed());
    }

    #[test]
    fn strangers_leave_a_part_of_the_room_to_those_who_were_answered() {
        let room = room_for(8);
        let stranger = Turn::new(Arc::clone(&room), 8, 128, Arc::default());
        let taken: Vec<_> = std::iter::from_fn(|| stranger.enter()).collect();
        let known = turn(&room, 8);
        let rest: Vec<_> = std::iter::from_fn(|| known.enter()).collect();
        assert_eq!((taken.len(), rest.len()), (6, 2));
    }

    #[tokio::test]
    async fn no_room_is_kept_for_strangers_and_a_service_never_waits() {
        let room = room_for(8);
        let stranger = Arc::new(Turn::new(Arc::clone(&room), 8, 128, Arc::default()));
        stranger.shed.store(true, Relaxed);
        let mut paced = paced(&b"a"[..], &stranger);
        let begun = Instant::now();
        assert_eq!(paced.read_u8().await.unwrap(), b'a');
        assert!(begun.elapsed() >= LONGEST && room.available_permits() == 8);
        let service = Turn::new(room_for(0), 0, 128, Arc::default()).of_service(true);
        assert!(service.enter().is_none() && !service.shed.load(Relaxed));
    }

    #[tokio::test]
    async fn a_connection_that_ends_gives_back_what_was_kept_for_it() {
        let room = room_for(8);
        let turn = turn(&room, 8);
        turn.shed.store(true, Relaxed);
        let mut paced = paced(&b"a"[..], &turn);
        assert_eq!(paced.read_u8().await.unwrap(), b'a');
        assert_eq!(room.available_permits(), 6);
        drop(paced);
        assert_eq!(room.available_permits(), 8);
    }

    #[tokio::test]
    async fn what_is_kept_and_not_read_for_is_everybodys_again_in_a_moment() {
        let room = room_for(8);
        let turn = turn(&room, 8);
        Arc::clone(&turn).come().await;
        assert_eq!(room.available_permits(), 6);
        let all = async {
            while room.available_permits() < 8 {
                sleep(MOMENT).await;
            }
        };
        timeout(LONGEST * 5, all).await.unwrap();
    }

    #[test]
    fn the_end_of_a_turn_takes_nothing_of_a_later_one() {
        let room = room_for(8);
        let turn = turn(&room, 8);
        let two = || Arc::clone(&room).try_acquire_many_owned(2).unwrap();
        let (first, second) = (turn.keep(two()), turn.keep(two()));
        turn.ends(first);
        assert_eq!(room.available_permits(), 6);
        turn.ends(second);
        assert_eq!(room.available_permits(), 8);
    }
}
