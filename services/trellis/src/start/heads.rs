//! Sealing the ledgers of the services that run here.

use std::{fs::DirBuilder, os::unix::fs::DirBuilderExt as _, sync::Arc};

use anyhow::{Context as _, anyhow};
use kernel::Clock;
use ledger::{Ledger, SEAL_EVERY, Seal, SigningKey, VerifyingKey};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{Config, Service, secrets};

pub(super) struct Heads {
    seed: [u8; 32],
    earlier: Vec<VerifyingKey>,
    /// They end with a last head once the background work ends.
    pub(super) sealing: Vec<JoinHandle<()>>,
}

impl Heads {
    pub(super) fn new(config: &Config) -> anyhow::Result<Self> {
        let seed = secrets::read(&config.ledger.key).context("ledger.key")?;
        let earlier = secrets::public_keys(&config.ledger.earlier_keys);
        let earlier = earlier.context("ledger.earlier_keys")?;
        let folder = &config.ledger.anchors;
        let made = DirBuilder::new().recursive(true).mode(0o750).create(folder);
        made.with_context(|| format!("ledger.anchors {}", folder.display()))?;
        Ok(Self { seed, earlier, sealing: Vec::new() })
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
        let earlier = self.earlier.clone();
        let seal = Seal { log, key, earlier, every: SEAL_EVERY, anchor: config.anchor(of) };
        let sealing = ledger.seal(seal, Arc::clone(clock), ending.clone());
        self.sealing.push(sealing.context("ledger.anchors")?);
        Ok(())
    }
}
