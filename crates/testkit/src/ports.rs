//! Ports for processes that have to know each other's before they start.

use std::net::TcpListener;

use anyhow::bail;
use rand::Rng as _;

/// Below those that the system hands out by itself, so that no connection takes one meanwhile.
const FROM: u16 = 20_000;
const UNTIL: u16 = 32_000;

/// So many ports of 127.0.0.1 that nobody listens on now.
pub fn ports(count: usize) -> anyhow::Result<Vec<u16>> {
    let mut free = Vec::new();
    let mut random = rand::rng();
    for _ in 0..10_000 {
        if free.len() == count {
            return Ok(free);
        }
        let port = random.random_range(FROM..UNTIL);
        if !free.contains(&port) && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            free.push(port);
        }
    }
    bail!("no {count} free ports");
}
