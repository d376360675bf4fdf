//! The number of the last event that this process knows of: told by its own commits at once, and
//! looked up twice a second for those of other replicas.

use std::{sync::Arc, time::Duration};

use pg::StoreError;
use tokio::sync::watch;

use crate::App;

const POLL: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub(crate) struct Feed {
    head: watch::Sender<i64>,
}

impl Feed {
    pub(crate) fn new() -> Self {
        Self { head: watch::Sender::new(0) }
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<i64> {
        self.head.subscribe()
    }

    /// An event of this number has been committed, and so have all before it.
    pub(crate) fn reached(&self, seq: i64) {
        self.head.send_if_modified(|head| {
            let further = seq > *head;
            *head = seq.max(*head);
            further
        });
    }
}

impl App {
    /// Asks the store for the head.
    pub(crate) async fn head(&self) -> Result<i64, StoreError> {
        let head = self.store.head().await?;
        self.feed.reached(head);
        Ok(head)
    }
}

/// Without end.
pub(crate) async fn poll(app: Arc<App>) {
    loop {
        if let Err(error) = app.head().await {
            tracing::warn!(%error, "the events could not be read");
        }
        tokio::time::sleep(POLL).await;
    }
}
