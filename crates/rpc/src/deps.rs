//! What every service is given to start.

use std::sync::Arc;

use facts::Directory;
use kernel::Clock;
use permit::Guard;
use pg::Db;
use tokio_util::sync::CancellationToken;

use crate::Pages;

/// The parts that the binary, or a test, puts together for a service.
#[derive(Clone)]
pub struct Deps {
    pub db: Db,
    pub guard: Guard,
    pub clock: Arc<dyn Clock>,
    pub pages: Pages,
    pub directory: Arc<Directory>,
    /// Ends background tasks and streams.
    pub stop: CancellationToken,
}

impl std::fmt::Debug for Deps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Deps")
    }
}
