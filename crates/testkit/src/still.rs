//! A clock that stands still, to watch a call wait.

use std::{pin::pin, sync::mpsc, time::Duration};

use tokio::time::{advance, pause, resume};

/// Other work that comes back while a call is watched: many times what the call takes but for its wait.
const OTHERS: usize = 20;
/// Without a clock nothing else would end what never comes back.
const LONGEST: Duration = Duration::from_secs(60);
/// Of tokio's timers.
const TICK: Duration = Duration::from_millis(1);

/// The answer of a call that waits at least so long by tokio's clock. While the clock stands, and again while it stands
/// just before that time, `other` comes back many times and the call does not. That is an order and no measure: a slow
/// machine misses a wait as a fast one does. `other` is work of the same kind that waits for no timer. For the
/// runtime of one thread, in which the service runs too; afterwards its clock is behind the machine's, and so are
/// deadlines by it.
pub async fn waits<T>(
    least: Duration,
    call: impl Future<Output = T>,
    mut other: impl AsyncFnMut(),
) -> T {
    // A clock that stands runs on by itself as soon as all wait, but not while there is blocking work.
    let (holder, hold) = mpsc::channel::<()>();
    let holding = tokio::task::spawn_blocking(move || {
        // Nobody else is left to say so: what waits for a timer meanwhile waits for ever.
        if hold.recv_timeout(LONGEST) == Err(mpsc::RecvTimeoutError::Timeout) {
            eprintln!("the clock has stood for {LONGEST:?}: something waits for a timer");
            std::process::abort();
        }
    });
    let mut call = pin!(call);
    pause();
    for passes in [Duration::ZERO, least.saturating_sub(TICK)] {
        advance(passes).await;
        for _ in 0..OTHERS {
            let answered = tokio::select! {
                biased;
                _ = &mut call => true,
                () = other() => false,
            };
            assert!(!answered, "answered when {passes:?} had passed, and not after {least:?}");
        }
    }
    resume();
    drop(holder);
    let _ = holding.await;
    call.await
}

#[cfg(test)]
mod tests {
    use tokio::{task::yield_now, time::sleep};

    use super::*;

    const LEAST: Duration = Duration::from_millis(100);

    #[tokio::test]
    async fn what_waits_is_answered() {
        let call = async {
            sleep(LEAST).await;
            7
        };
        assert_eq!(waits(LEAST, call, async || yield_now().await).await, 7);
    }

    #[tokio::test]
    #[should_panic(expected = "answered when 0ns had passed")]
    async fn what_does_not_wait_is_told() {
        waits(LEAST, yield_now(), async || yield_now().await).await;
    }

    #[tokio::test]
    #[should_panic(expected = "answered when 99ms had passed")]
    async fn what_waits_for_less_is_told() {
        let call = async { sleep(LEAST - 2 * TICK).await };
        waits(LEAST, call, async || yield_now().await).await;
    }
}
