//! Sealing the ledgers of the services that run here.

use std::{fs::DirBuilder, os::unix::fs::DirBuilderExt as _, sync::Arc};

use anyhow::{Context as _, anyhow};
use kernel::Clock;
use ledger::{Ledger, SEAL_EVERY, Seal, SigningKey};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{Config, Service, secrets};

pub(super) struct Heads {
    seed: [u8; 32],
    /// They end with a last head once the background work ends.
    pub(super) sealing: Vec<JoinHandle<()>>,
}

impl Heads {
    pub(super) fn new(config: &Config) -> anyhow::Result<Self> {
        let seed = secrets::read(&config.ledger.key).context("ledger.key")?;
        let folder = &config.ledger.anchors;
        let made = DirBuilder::new().recursive(true).mode(0o750).create(folder);
        made.with_context(|| format!("ledger.anchors {}", folder.display()))?;
        Ok(Self { seed, sealing: Vec::new() })
    }

    pub(super) fn seal(
        &mut self,
        config: &Config,
        of: Service,
        ledger: &Ledger,
        clock: &Arc<dyn Clock>,
        ending: &CancellationToken,
    ) -> anyhow::Result<()> {
        let key = SigningKey::from_seed(&self.seed).context("ledger.key is no seed of Ed25519")?;
        let log = config.log_name(of).ok_or_else(|| anyhow!("network.audience names no log"))?;
        let seal = Seal { log, key, every: SEAL_EVERY, anchor: config.anchor(of) };
        let sealing = ledger.seal(seal, Arc::clone(clock), ending.clone());
        self.sealing.push(sealing.context("ledger.anchors")?);
        Ok(())
    }
}
