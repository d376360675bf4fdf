//! Waiting with a bound.

use std::time::{Duration, Instant};

use pg::hold::Hold;
use tonic::{Code, Status};

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

/// For as long as it may take on a busy machine: what was not taken up, or shed, is asked again, with the same
/// `request_id`.
pub async fn taken_up<T, F: Future<Output = Result<T, Status>>>(
    mut call: impl FnMut() -> F,
) -> Result<T, Status> {
    let begun = Instant::now();
    loop {
        let refused = match call().await {
            Err(status) => status,
            done => return done,
        };
        let passes = matches!(refused.code(), Code::Unavailable | Code::ResourceExhausted);
        if !passes || begun.elapsed() > BOUND {
            return Err(refused);
        }
        tokio::time::sleep(5 * PAUSE).await;
    }
}

/// Waits until somebody waits for the held table.
pub async fn reached(hold: &mut Hold) {
    assert!(reached_by(1, BOUND, hold).await, "nobody came to the held table");
}

/// Waits until so many wait for the held table. Whether they came in time.
pub async fn reached_by(many: i64, bound: Duration, hold: &mut Hold) -> bool {
    let begun = Instant::now();
    while hold.waiting().await.unwrap() < many {
        if begun.elapsed() > bound {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    true
}
