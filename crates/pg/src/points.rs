//! For tests: points in the middle of the work, at which a process may be looked at, or ended. In
//! production nobody looks, and each costs one load.

use std::sync::OnceLock;

type Watcher = Box<dyn Fn(&'static str) + Send + Sync>;

static WATCHER: OnceLock<Watcher> = OnceLock::new();

/// Looks on from now to the end of this process. False: somebody else does already.
pub fn watch(watcher: impl Fn(&'static str) + Send + Sync + 'static) -> bool {
    WATCHER.set(Box::new(watcher)).is_ok()
}

/// The work has come to this point.
pub fn reached(point: &'static str) {
    if let Some(watcher) = WATCHER.get() {
        watcher(point);
    }
}
