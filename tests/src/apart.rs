//! A deployment of one agency: all services but the directory, in a process and a database of their own.

use std::{collections::BTreeMap, fs, net::SocketAddr, process::Command};

use pg::{Embedded, embedded};
use secrecy::{ExposeSecret as _, SecretString};
use tempfile::TempDir;

use crate::{
    BOUND, Detours, Network, Process, Processes, SERVICES,
    binary::trellis,
    processes::{config, done, free_port, keep, serving},
    up::throw_away,
};

/// Dropping it ends it.
pub struct Apart {
    process: Process,
    network: Network,
    // In this order: the process, its database, its files.
    postgres: Embedded,
    _dir: TempDir,
}

impl Processes {
    /// A deployment that holds the people of this agency alone. It knows the network's directory and issuers, and
    /// the network's other services don't know of it.
    pub async fn apart(&self, agency: &str) -> Apart {
        let dir = throw_away();
        let options = embedded::Options { fast: true, ..embedded::Options::default() };
        let postgres = Embedded::start(options).await.unwrap();
        let at = free_port();
        let directory = self.network().url("directory").to_owned();
        let listening: SocketAddr = directory.trim_start_matches("https://").parse().unwrap();
        let ports: BTreeMap<_, _> = SERVICES.map(|name| (name, at)).into_iter().collect();
        let ports = ports.into_iter().map(|(name, at)| match name {
            "directory" => (name, listening),
            _ => (name, at),
        });
        let admin = dir.path().join("admin-url");
        keep(&admin, postgres.admin_url().expose_secret());
        let data = self.network().data();
        let registers = format!("[people]\nregisters = {{ only = [\"{agency}\"] }}\n");
        let text =
            config(data, &admin, &ports.collect(), &Detours::default(), "", "all", &registers);
        let file = dir.path().join("apart.toml");
        fs::write(&file, text).unwrap();
        let own = SERVICES.into_iter().filter(|name| *name != "directory");
        let command = |verb: &str| {
            let mut command = Command::new(trellis());
            command.arg(verb).args(own.clone()).arg("--config").arg(&file);
            command
        };
        done(command("migrate").arg("--admin-url-file").arg(&admin));
        let mut process = Process::start(command("serve"), &dir.path().join("apart.log"));
        process.says("listening on ", BOUND).await;
        let network = Network::new(data, |name| match name {
            "directory" => directory.clone(),
            _ => format!("https://{at}"),
        });
        serving(&network, "people").await;
        Apart { process, network, postgres, _dir: dir }
    }
}

impl Apart {
    pub fn network(&self) -> &Network {
        &self.network
    }

    pub fn admin_url(&self) -> SecretString {
        self.postgres.admin_url()
    }

    /// What it said on stderr.
    pub fn errors(&self) -> String {
        self.process.errors()
    }
}
