//! Waiting with a bound.

use std::time::{Duration, Instant};

/// How long anything may take that has no bound of its own.
pub const BOUND: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);

/// Asks again until there is an answer. Panics, naming what was waited for, at the bound.
pub async fn until<T, F: Future<Output = Option<T>>>(
    what: &str,
    bound: Duration,
    mut ask: impl FnMut() -> F,
) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begun.elapsed() < bound, "not within {bound:?}: {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Waits until somebody waits for the held table.
pub async fn reached(hold: &mut pg::hold::Hold) {
    for _ in 0..2_000 {
        if hold.waiting().await.unwrap() > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("nobody came to the held table");
}
