//! Ports for processes that have to know each other's before they start.

use std::{
    env::temp_dir,
    fs::{self, File},
    net::TcpListener,
    ops::Range,
    sync::{Mutex, PoisonError},
};

use anyhow::{Context as _, bail};
use nix::unistd::getuid;
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
    among(FROM..UNTIL, count)
}

fn among(range: Range<u16>, count: usize) -> anyhow::Result<Vec<u16>> {
    let mut free = Vec::new();
    let mut random = rand::rng();
    for _ in 0..10_000 {
        if free.len() == count {
            return Ok(free);
        }
        let port = random.random_range(range.clone());
        // Of one process, too, another opening of the file has another lock.
        let lock = lock_of(port)?;
        if lock.try_lock().is_ok() && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            OWN.lock().unwrap_or_else(PoisonError::into_inner).push(lock);
            free.push(port);
        }
    }
    bail!("no {count} free ports");
}

fn lock_of(port: u16) -> anyhow::Result<File> {
    let locks = temp_dir().join(format!("trellis-ports-{}", getuid()));
    fs::create_dir_all(&locks).with_context(|| format!("{}", locks.display()))?;
    let path = locks.join(port.to_string());
    File::create(&path).with_context(|| format!("{}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_port_is_given_once_though_nobody_listens_on_it_yet() {
        let given: HashSet<u16> = (0..4).flat_map(|_| among(19_000..19_064, 10).unwrap()).collect();
        assert_eq!(given.len(), 40);
    }

    #[test]
    fn a_port_that_another_process_was_given_is_not_given() {
        let theirs = lock_of(19_100).unwrap();
        theirs.lock().unwrap();
        among(19_100..19_101, 1).unwrap_err();
        drop(theirs);
        assert_eq!(among(19_100..19_101, 1).unwrap(), [19_100]);
    }
}
