//! Waiting for something, within a bound.

use std::time::{Duration, Instant};

use anyhow::bail;

const LOOK: Duration = Duration::from_millis(10);

/// Asks until the answer is yes. No other way of waiting belongs into a test.
pub async fn until(
    what: &str,
    bound: Duration,
    mut ask: impl AsyncFnMut() -> bool,
) -> anyhow::Result<()> {
    until_some(what, bound, async || ask().await.then_some(())).await
}

/// Asks until there is an answer.
pub async fn until_some<T>(
    what: &str,
    bound: Duration,
    mut ask: impl AsyncFnMut() -> Option<T>,
) -> anyhow::Result<T> {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return Ok(answer);
        }
        if begun.elapsed() > bound {
            bail!("not within {bound:?}: {what}");
        }
        tokio::time::sleep(LOOK).await;
    }
}
