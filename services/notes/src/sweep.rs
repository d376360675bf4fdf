//! Files that were begun and never finished are given up, and what there is of them goes.

use std::{sync::Arc, time::Duration as Wait};

use rpc::Error;
use time::Duration;

use crate::{App, store::attachment};

/// What was not finished so long after its beginning is given up.
const KEPT_UNFINISHED: Duration = Duration::hours(24);
/// Its parts go so long after it was given up: whoever was sending it has stopped by then.
const GRACE: Duration = Duration::hours(1);
/// How often it is looked for, and how many at a time.
const LOOK: Wait = Wait::from_secs(600);
const MOST: i32 = 100;

pub(crate) async fn follow(app: Arc<App>) {
    loop {
        tokio::time::sleep(LOOK).await;
        if let Err(error) = sweep(&app).await {
            tracing::warn!(%error, "files that were never finished could not be removed");
        }
    }
}

/// One round: how many were given up, and of how many the parts were removed.
pub async fn sweep(app: &App) -> Result<(usize, usize), Error> {
    let (db, now) = (app.store.db(), app.deps.clock.now());
    let found = attachment::unfinished(db, now - KEPT_UNFINISHED, now - GRACE, MOST).await?;
    let (mut given_up, mut removed) = (0, 0);
    for file in found {
        if file.discarded {
            app.files.remove(file.stored_as).await?;
            attachment::removed(db, file.person, file.id, now).await?;
            removed += 1;
        } else {
            attachment::discard(db, file.person, file.id, now).await?;
            given_up += 1;
        }
    }
    Ok((given_up, removed))
}
