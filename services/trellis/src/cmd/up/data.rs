//! What `up` keeps between runs.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, anyhow};
use identity::{DevIssuer, NetworkKeys};
use kernel::SystemClock;
use nix::fcntl::{Flock, FlockArg};
use serve::ServeConfig;
use trellis::{
    Config,
    config::{
        AttachmentsConfig, ConsentConfig, DatabaseConfig, DirectoryConfig, LedgerConfig,
        NetworkConfig, NotesConfig, Peers, PeopleConfig, RecoveryConfig, ReferralsConfig, Secrets,
        ServiceKey,
    },
    secrets,
};

use super::AUDIENCE;

/// The data directory: `postgres/`, `keys/`, `secrets/`, `anchors/`, `attachments/`.
pub struct Data(PathBuf);

impl Data {
    pub fn at(directory: PathBuf) -> Self {
        Self(directory)
    }

    pub fn directory(&self) -> &Path {
        &self.0
    }

    pub fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }

    pub fn postgres(&self) -> PathBuf {
        self.0.join("postgres")
    }

    pub fn secret(&self, name: &str) -> PathBuf {
        self.0.join("secrets").join(name)
    }

    /// One network a data directory. Held until the end of the process, however it ends.
    pub fn lock(&self) -> anyhow::Result<Flock<File>> {
        let name = || self.0.display().to_string();
        // Others may pass through, and read nothing: as root the database runs as another user.
        DirBuilder::new().recursive(true).mode(0o711).create(&self.0).with_context(name)?;
        for inner in [self.keys(), self.0.join("secrets")] {
            DirBuilder::new().recursive(true).mode(0o700).create(&inner).with_context(name)?;
        }
        let path = self.0.join("lock");
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
        Flock::lock(file.with_context(name)?, FlockArg::LockExclusiveNonblock)
            .map_err(|_| anyhow!("another `trellis up` is using {}", self.0.display()))
    }

    /// The configuration of a network that lives here, all but its database; what it needs is made.
    pub fn config(&self, listen: SocketAddr) -> anyhow::Result<Config> {
        let keys = self.keys();
        let name = || keys.display().to_string();
        NetworkKeys::open(&keys).with_context(name)?;
        let issuer = DevIssuer::open(&keys, AUDIENCE, Arc::new(SystemClock)).with_context(name)?;
        for name in ["page-tokens", "people-matching"] {
            secrets::read_or_make(&self.secret(name))?;
        }
        secrets::ledger_key(&self.secret("ledger-key"))?;
        Ok(Config {
            network: NetworkConfig {
                audience: AUDIENCE.to_owned(),
                trust_domain: None,
                shared_identifier_systems: NetworkConfig::shared_systems(),
            },
            issuers: vec![issuer.config()],
            service_key: ServiceKey { directory: Some(keys.clone()), ..ServiceKey::default() },
            serve: ServeConfig { listen, plaintext: true, ..ServeConfig::default() },
            database: DatabaseConfig::default(),
            peers: Peers::default(),
            secrets: Secrets {
                page_tokens: self.secret("page-tokens"),
                people_matching: Some(self.secret("people-matching")),
            },
            ledger: LedgerConfig {
                key: self.secret("ledger-key"),
                earlier_keys: Vec::new(),
                anchors: self.anchors(),
            },
            directory: DirectoryConfig::default(),
            consent: ConsentConfig::default(),
            people: PeopleConfig::default(),
            referrals: ReferralsConfig::default(),
            notes: NotesConfig {
                attachments: AttachmentsConfig { folder: Some(self.attachments()), s3: None },
            },
            recovery: RecoveryConfig::default(),
            telemetry: telemetry::Config::default(),
        })
    }

    /// Where the heads of the ledgers are anchored.
    pub fn anchors(&self) -> PathBuf {
        self.0.join("anchors")
    }

    /// Where the files of notes are.
    fn attachments(&self) -> PathBuf {
        self.0.join("attachments")
    }

    /// Throws the private database away, the heads of what was in it and the files that went with it.
    pub fn empty(&self) -> anyhow::Result<()> {
        for folder in [self.postgres(), self.anchors(), self.attachments()] {
            match fs::remove_dir_all(&folder) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| folder.display().to_string());
                }
                _ => {}
            }
        }
        Ok(())
    }
}
