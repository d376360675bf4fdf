//! What a process may hold open: its limits promise so many connections, and the system has to let it have them.

use anyhow::{Context as _, ensure};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::{Config, Service};

/// Besides connections: logs, certificates, anchors, files in parts, peers.
const BESIDES: u64 = 256;

/// Takes all that the system gives, and refuses to start on less than the configuration needs: a process that runs out
/// can open no certificate and no connection to its database either.
pub fn enough(config: &Config, services: &[Service]) -> anyhow::Result<()> {
    let limit = || getrlimit(Resource::RLIMIT_NOFILE).context("RLIMIT_NOFILE");
    let (soft, hard) = limit()?;
    if soft < hard && setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_err() {
        tracing::debug!(soft, hard, "RLIMIT_NOFILE stays as it is");
    }
    let (given, _) = limit()?;
    let connections = config.serve.limits.connections as u64;
    let pool = u64::from(config.database.max_connections.unwrap_or(pg::MAX_CONNECTIONS));
    let ask_themselves = services.iter().filter(|service| service.asks_itself()).count() as u64;
    let themselves = ask_themselves * u64::from(pg::BESIDE);
    let services = services.len() as u64;
    let needed = connections + services * pool + themselves + BESIDES;
    ensure!(
        given >= needed,
        "RLIMIT_NOFILE lets this process open {given} files, and serve.limits.connections = {connections}, \
         database.max_connections = {pool} for each of {services} services, {themselves} for what they ask \
         themselves, and {BESIDES} besides need {needed}: \
         raise it (ulimit -n, LimitNOFILE=), or lower them"
    );
    Ok(())
}
