//! NOT_FOUND leaves on a beat. What is refused and what never was walk the same way, but a row that
//! is there still costs its reading some microseconds; over many calls that would tell. So the answer
//! waits for the next whole multiple of `GRAIN` since its call came. So does a reply with [`Beat`].

use std::time::{Duration, Instant};

use tokio::time::Sleep;

use crate::deadline::Deadline;

/// Longer than most answers take, so that nearly all leave on the first beat.
pub(crate) const GRAIN: Duration = Duration::from_millis(10);

/// In the extensions of a reply that says as little as NOT_FOUND: it leaves on the beat, too.
#[derive(Debug, Clone, Copy)]
pub struct Beat;

/// Waits for the beat, but not beyond the deadline; whether the beat came first. Where it did not, the
/// deadline is the answer: a short one must not tell how long the looking took.
pub(crate) async fn hold(started: Instant, deadline: Deadline) -> bool {
    let rest = rest(started.elapsed());
    let left = deadline.remaining().filter(|left| *left <= rest);
    tokio::time::sleep(left.unwrap_or(rest)).await;
    left.is_none()
}

/// The beat itself, for what is told after the reply has begun: whoever waits has a deadline of its own.
pub(crate) fn beat(started: Instant) -> Sleep {
    tokio::time::sleep(rest(started.elapsed()))
}

/// From so long after the call came to the next beat.
fn rest(elapsed: Duration) -> Duration {
    let grain = GRAIN.as_nanos();
    let over = elapsed.as_nanos() % grain;
    Duration::from_nanos(u64::try_from(grain - over).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_differ_by_little_leave_on_the_same_beat() {
        for micros in [0, 1, 800, 9_999] {
            let elapsed = Duration::from_micros(micros);
            assert_eq!(elapsed + rest(elapsed), GRAIN, "{micros}");
        }
        for micros in [10_000, 10_001, 19_999] {
            let elapsed = Duration::from_micros(micros);
            assert_eq!(elapsed + rest(elapsed), 2 * GRAIN, "{micros}");
        }
    }

    #[tokio::test]
    async fn the_wait_ends_with_the_deadline() {
        // Whoever waits for the beat never comes before it; whoever doesn't may be late on a busy machine.
        let mut early = 0;
        for _ in 0..20 {
            let begun = Instant::now();
            assert!(!hold(begun, Deadline::after(Duration::ZERO)).await);
            early += usize::from(begun.elapsed() < GRAIN);
        }
        assert!(early > 0);
        let begun = Instant::now();
        assert!(hold(begun, Deadline::after(Duration::from_secs(9))).await);
        assert!(begun.elapsed() >= GRAIN, "{:?}", begun.elapsed());
    }
}
