//! The task that tells what time alone changes: a consent begins, or ends.

use std::{sync::Arc, time::Duration};

use tokio::time::MissedTickBehavior;

use crate::{App, store};

const EACH: Duration = Duration::from_secs(1);

/// Looks each second, until the service stops.
pub(crate) async fn run(app: Arc<App>) {
    let mut ticks = tokio::time::interval(EACH);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let stop = app.stop.clone();
    let looking = async {
        loop {
            ticks.tick().await;
            match store::tell(&app.db, app.clock.now()).await {
                Ok(true) => app.changes.tell(),
                Ok(false) => {}
                // Nothing is lost: the next look begins where this one did.
                Err(error) => tracing::warn!(%error, cause = ?error, "turns were not told"),
            }
        }
    };
    stop.run_until_cancelled(looking).await;
}
