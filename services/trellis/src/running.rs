//! Services that run, and the order in which they go.

use std::{net::SocketAddr, time::Duration};

use pg::Db;
use serve::Drained;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

/// How long pools may take to close at the end.
const CLOSING: Duration = Duration::from_secs(5);

/// The services of one process, listening. Dropping it ends their background work.
#[derive(Debug)]
pub struct Running {
    pub(crate) public: serve::Running,
    pub(crate) internal: Option<serve::Running>,
    pub(crate) background: DropGuard,
    pub(crate) sealing: Vec<JoinHandle<()>>,
    pub(crate) databases: Vec<Db>,
}

impl Running {
    /// Where users and other processes call.
    pub fn addr(&self) -> SocketAddr {
        self.public.addr()
    }

    /// Begins the drain. `join` waits for its end.
    pub fn shutdown(&self) {
        self.public.shutdown();
    }

    /// Waits for the end of the listener, then ends what stands behind it: requests in flight need
    /// their peers and their database until the last one is answered.
    pub async fn join(self) -> anyhow::Result<Drained> {
        let drained = self.public.join().await?;
        // Whoever here follows another service here would keep the inner listener busy.
        drop(self.background);
        if let Some(internal) = self.internal {
            internal.shutdown();
            internal.join().await?;
        }
        // Within their own bound; what they leave gets its head at the next start.
        futures::future::join_all(self.sealing).await;
        let closing = futures::future::join_all(self.databases.iter().map(Db::close));
        if tokio::time::timeout(CLOSING, closing).await.is_err() {
            tracing::warn!("connections to the database did not close in time");
        }
        Ok(drained)
    }
}

/// Ends background work, by hand or when it is dropped.
pub(crate) fn background() -> (CancellationToken, DropGuard) {
    let stop = CancellationToken::new();
    (stop.clone(), stop.drop_guard())
}
