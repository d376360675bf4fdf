//! What goes on in one connection: enough to see that it idles, or that nobody reads its replies.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};

/// Two generations of unary calls. A call of the generation before the last one that has still not
/// ended outlived its deadline: its reply waits for a client that does not read (zero window).
#[derive(Debug, Default)]
pub(crate) struct Live {
    calls: AtomicU64,
    open: AtomicU32,
    generation: AtomicU32,
    unary: [AtomicU32; 2],
}

/// Whether the other side takes what is written. hyper ends the calls of one that answers no PING, and
/// then waits, for as long as it likes, until that is written as well.
#[derive(Debug, Default)]
pub(crate) struct Taking {
    refused: AtomicBool,
    before: AtomicBool,
}

impl Taking {
    /// A write was taken, or has to wait.
    pub fn saw(&self, taken: bool) {
        self.refused.store(!taken, Relaxed);
        if taken {
            self.before.store(false, Relaxed);
        }
    }

    /// Whether nothing was taken since the last turn.
    pub fn turn(&self) -> State {
        let refused = self.refused.load(Relaxed);
        let stalled = self.before.swap(refused, Relaxed) && refused;
        if stalled { State::Stalled } else { State::Busy }
    }
}

/// A call of the connection, until its reply is gone.
pub(crate) struct Call {
    live: Arc<Live>,
    slot: Option<usize>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum State {
    Busy,
    Idle,
    Stalled,
}

impl Live {
    pub fn enter(self: &Arc<Self>, unary: bool) -> Call {
        self.calls.fetch_add(1, Relaxed);
        self.open.fetch_add(1, Relaxed);
        let slot = unary.then(|| self.generation.load(Relaxed) as usize % 2);
        if let Some(count) = slot.and_then(|s| self.unary.get(s)) {
            count.fetch_add(1, Relaxed);
        }
        Call { live: Arc::clone(self), slot }
    }

    /// Calls so far: when it stands still and nothing is open, the connection idles.
    pub fn calls(&self) -> u64 {
        self.calls.load(Relaxed)
    }

    pub fn state(&self, calls_before: u64) -> State {
        let idle = self.open.load(Relaxed) == 0 && self.calls() == calls_before;
        if idle { State::Idle } else { State::Busy }
    }

    /// Begins a generation; to be called no more often than the longest deadline.
    pub fn turn(&self) -> State {
        let next = self.generation.load(Relaxed).wrapping_add(1);
        if self.unary.get(next as usize % 2).is_some_and(|n| n.load(Relaxed) > 0) {
            return State::Stalled;
        }
        self.generation.store(next, Relaxed);
        State::Busy
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.live.open.fetch_sub(1, Relaxed);
        if let Some(count) = self.slot.and_then(|s| self.live.unary.get(s)) {
            count.fetch_sub(1, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_takes_nothing_for_a_turn_is_stalled() {
        let taking = Taking::default();
        assert_eq!(taking.turn(), State::Busy);
        taking.saw(false);
        assert_eq!(taking.turn(), State::Busy, "it may have been a moment ago");
        taking.saw(true);
        taking.saw(false);
        assert_eq!(taking.turn(), State::Busy);
        assert_eq!(taking.turn(), State::Stalled);
    }

    #[test]
    fn a_unary_call_that_outlives_two_turns_is_stalled_and_a_stream_is_not() {
        let live = Arc::new(Live::default());
        let stream = live.enter(false);
        let call = live.enter(true);
        assert_eq!(live.turn(), State::Busy);
        assert_eq!(live.turn(), State::Stalled);
        drop(call);
        assert_eq!(live.turn(), State::Busy);
        assert_eq!(live.turn(), State::Busy);
        assert_eq!(live.state(live.calls()), State::Busy);
        drop(stream);
        assert_eq!(live.state(live.calls()), State::Idle);
        assert_eq!(live.state(0), State::Busy);
    }
}
