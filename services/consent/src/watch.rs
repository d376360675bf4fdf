//! Word of changes within this process, so that followers need not wait for their next look.

use tokio::sync::watch;

/// Says that something was committed, not what: a follower reads that from the store.
pub(crate) struct Changes(watch::Sender<()>);

impl Default for Changes {
    fn default() -> Self {
        Self(watch::Sender::new(()))
    }
}

impl Changes {
    /// Call it after the commit.
    pub(crate) fn tell(&self) {
        self.0.send_replace(());
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<()> {
        self.0.subscribe()
    }
}
