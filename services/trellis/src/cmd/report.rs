//! Telling whoever started a process where it listens.

use std::{fs, net::SocketAddr, path::Path};

use anyhow::Context as _;

use super::say;

/// The line that a script or test waits for, and the port in a file where one is wanted.
pub fn listening(addr: SocketAddr, port_file: Option<&Path>) -> anyhow::Result<()> {
    if let Some(path) = port_file {
        // Moved into place: who reads it reads all of it.
        let beside = path.with_extension("new");
        fs::write(&beside, format!("{}\n", addr.port()))
            .and_then(|()| fs::rename(&beside, path))
            .with_context(|| format!("--port-file {}", path.display()))?;
    }
    say(&format!("listening on {addr}"));
    Ok(())
}
