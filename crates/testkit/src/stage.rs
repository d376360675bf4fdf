//! What a network stands on: keys, secrets, a database, and configurations that name them.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use identity::{DEV_ISSUER, NetworkKeys};
use kernel::Clock;
use tempfile::TempDir;

use crate::{Database, Postgres, Tokens};

pub const AUDIENCE: &str = "trellis-tests";
/// The client that every agency of a test is registered with.
pub const CLIENT_ID: &str = "tests";
pub const SERVICES: [&str; 7] =
    ["directory", "people", "consent", "referrals", "notes", "recovery", "audit"];

/// Thrown away at the end.
#[derive(Debug)]
pub struct Stage {
    dir: TempDir,
    pub database: Database,
    pub tokens: Arc<Tokens>,
}

impl Stage {
    /// `migrate` is given a configuration's file and a database to make the schemas in, once a test
    /// process.
    pub async fn new(
        clock: Arc<dyn Clock>,
        migrate: impl AsyncFnOnce(&Path, Database) -> anyhow::Result<()>,
    ) -> anyhow::Result<Self> {
        let dir = tempfile::Builder::new().prefix("trellis-test-").tempdir()?;
        let keys = dir.path().join("keys");
        NetworkKeys::open(&keys)?;
        for name in ["page-tokens", "people-matching", "ledger-key"] {
            let mut file = fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(keys.join(name))?;
            writeln!(file, "{}", hex::encode(rand::random::<[u8; 32]>()))?;
        }
        let tokens = Arc::new(Tokens::new(&keys, clock)?);
        let path = dir.path();
        let database = Postgres::shared()
            .await?
            .migrated(async |template| {
                let config = write(path, "migrate", &template.url, 0, &[])?;
                migrate(&config, template).await
            })
            .await
            .context("migrating")?;
        Ok(Self { dir, database, tokens })
    }

    /// A configuration's file. `peers`: where services are that the process does not run.
    pub fn config(
        &self,
        name: &str,
        port: u16,
        peers: &[(&str, String)],
    ) -> anyhow::Result<PathBuf> {
        write(self.dir.path(), name, &self.database.url, port, peers)
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }
}

fn write(
    dir: &Path,
    name: &str,
    database: &str,
    port: u16,
    peers: &[(&str, String)],
) -> anyhow::Result<PathBuf> {
    let peers: String =
        peers.iter().map(|(service, url)| format!("{service} = \"{url}\"\n")).collect();
    let text = format!(
        r#"
[network]
audience = "{AUDIENCE}"

[[issuers]]
issuer = "{DEV_ISSUER}"
jwks_file = "keys/dev-issuer-jwks.json"
algorithms = ["ES256"]
asserts = ["AGENCY_STAFF", "PERSON", "NETWORK"]
identity_proofing = true

[service_key]
directory = "keys"

[serve]
listen = "127.0.0.1:{port}"
plaintext = true
drain_seconds = 10

[database]
url = "{database}"
max_connections = 8
# The server of tests does not wait for the disk.
unsafe_durability = true

[secrets]
page_tokens = "keys/page-tokens"
people_matching = "keys/people-matching"

[ledger]
key = "keys/ledger-key"
anchors = "anchors-{name}"

[telemetry]
filter = "warn"

[peers]
{peers}"#
    );
    let path = dir.join(format!("{name}.toml"));
    fs::write(&path, text)?;
    Ok(path)
}
