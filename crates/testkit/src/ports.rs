//! Ports for processes that have to know each other's before they start.

use std::{
    env::temp_dir,
    fs::{DirBuilder, File, OpenOptions},
    net::TcpListener,
    ops::Range,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
    sync::{Mutex, PoisonError},
};

use anyhow::{Context as _, bail};
use nix::{fcntl::OFlag, unistd::getuid};
use rand::Rng as _;

/// Below those that the system hands out by itself, so that no connection takes one meanwhile.
const FROM: u16 = 20_000;
const UNTIL: u16 = 32_000;

/// A lock for each port that this process was given, held until it ends.
static OWN: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// So many ports of 127.0.0.1 that nobody listens on now, and that nobody else who asks here is
/// given before this process ends: between the question and the listening is the start of a whole
/// process, and tests run beside each other.
pub fn ports(count: usize) -> anyhow::Result<Vec<u16>> {
    let locks = temp_dir().join(format!("trellis-ports-{}", getuid()));
    DirBuilder::new().recursive(true).mode(0o700).create(&locks).context("a place for locks")?;
    among(FROM..UNTIL, count, &locks)
}

fn among(range: Range<u16>, count: usize, locks: &Path) -> anyhow::Result<Vec<u16>> {
    let mut free = Vec::new();
    let mut random = rand::rng();
    for _ in 0..10_000 {
        if free.len() == count {
            return Ok(free);
        }
        let port = random.random_range(range.clone());
        // Of one process, too, another opening of the file has another lock.
        let lock = lock_of(port, locks)?;
        if lock.try_lock().is_ok() && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            OWN.lock().unwrap_or_else(PoisonError::into_inner).push(lock);
            free.push(port);
        }
    }
    bail!("no {count} free ports");
}

/// The folder's name can be guessed: what somebody else has put there is not followed and not changed.
fn lock_of(port: u16, locks: &Path) -> anyhow::Result<File> {
    let path = locks.join(port.to_string());
    let mut options = OpenOptions::new();
    options
        .create(true)
        .truncate(false)
        .write(true)
        .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits());
    options.open(&path).with_context(|| format!("{}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_port_is_given_once_though_nobody_listens_on_it_yet() {
        let locks = tempfile::tempdir().unwrap();
        // A third of them: by chance alone some would come twice.
        let given: HashSet<u16> =
            (0..4).flat_map(|_| among(18_000..18_150, 12, locks.path()).unwrap()).collect();
        assert_eq!(given.len(), 48);
    }

    #[test]
    fn a_port_that_another_process_was_given_is_not_given() {
        let [here, there] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let port = among(18_000..20_000, 1, there.path()).unwrap()[0];
        let theirs = lock_of(port, here.path()).unwrap();
        theirs.lock().unwrap();
        among(port..port + 1, 1, here.path()).unwrap_err();
        drop(theirs);
        assert_eq!(among(port..port + 1, 1, here.path()).unwrap(), [port]);
    }
}
