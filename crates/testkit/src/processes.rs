//! A network of real processes, one a service.

use std::{
    collections::BTreeMap,
    ops::Deref,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use kernel::SystemClock;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use secrecy::ExposeSecret as _;

use crate::{Database, Network, SERVICES, Stage, binary, ports, until_some};

const STARTING: Duration = Duration::from_secs(30);

/// One process. It ends when it is dropped, and when the test ends, however that ends.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// The process drains when this closes.
    held: Option<ChildStdin>,
    config: PathBuf,
    services: Vec<&'static str>,
}

/// A network of processes. Ends them on Drop.
#[derive(Debug)]
pub struct Processes {
    network: Network,
    running: BTreeMap<&'static str, Process>,
    stage: Stage,
}

impl Processes {
    /// Each service in a process of its own.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_as(&SERVICES.map(|service| vec![service])).await
    }

    /// These groups of services, a process each; a group goes by its first service's name.
    pub async fn start_as(groups: &[Vec<&'static str>]) -> anyhow::Result<Self> {
        let stage = Stage::new(Arc::new(SystemClock), migrate).await?;
        let ports = ports(groups.len())?;
        let mut urls = Vec::new();
        for (group, port) in groups.iter().zip(&ports) {
            urls.extend(group.iter().map(|s| (*s, format!("http://127.0.0.1:{port}"))));
        }
        let mut running = BTreeMap::new();
        for (group, port) in groups.iter().zip(&ports) {
            let name = *group.first().context("a group of no services")?;
            let config = stage.config(name, *port, &urls)?;
            running.insert(name, Process::start(config, group.clone())?);
        }
        for (name, process) in &mut running {
            process.ready().await.with_context(|| format!("starting {name}"))?;
        }
        let url_of = |service| urls.iter().find(|(s, _)| *s == service).map(|(_, url)| url.clone());
        let network = Network::at(Arc::clone(&stage.tokens), url_of)?;
        Ok(Self { network, running, stage })
    }

    pub fn network(&self) -> &Network {
        &self.network
    }

    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// The process of a service.
    pub fn process(&mut self, service: &str) -> &mut Process {
        let process = self.running.values_mut().find(|p| p.services.contains(&service));
        process.expect("a service of this network")
    }
}

impl Deref for Processes {
    type Target = Network;
    fn deref(&self) -> &Network {
        &self.network
    }
}

async fn migrate(config: &Path, database: Database) -> anyhow::Result<()> {
    let done = tokio::process::Command::new(binary()?)
        .args(["migrate", "all", "--config"])
        .arg(config)
        .env("TRELLIS_ADMIN_URL", database.admin.expose_secret())
        .output()
        .await?;
    ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}

impl Process {
    fn start(config: PathBuf, services: Vec<&'static str>) -> anyhow::Result<Self> {
        let mut process = Self::spawn(&config, &services)?;
        let held = process.stdin.take();
        Ok(Self { child: process, held, config, services })
    }

    fn spawn(config: &Path, services: &[&str]) -> anyhow::Result<Child> {
        let _ = std::fs::remove_file(port_file(config));
        let log = std::fs::File::create(config.with_extension("log"))?;
        let child = Command::new(binary()?)
            .arg("serve")
            .args(services)
            .arg("--config")
            .arg(config)
            .arg("--port-file")
            .arg(port_file(config))
            .arg("--while-stdin-is-open")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        Ok(child)
    }

    /// Waits until it listens.
    async fn ready(&mut self) -> anyhow::Result<()> {
        let file = port_file(&self.config);
        let listening = async || {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(Err(status));
            }
            file.exists().then_some(Ok(()))
        };
        match until_some("the process listens", STARTING, listening).await? {
            Ok(()) => Ok(()),
            Err(status) => bail!("it ended, {status}: {}", self.log()),
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has written on standard error.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.config.with_extension("log")).unwrap_or_default()
    }

    fn signal(&self, signal: Signal) {
        if let Ok(pid) = i32::try_from(self.child.id()) {
            // Not reaped yet, so the id is still its own.
            let _ = kill(Pid::from_raw(pid), signal);
        }
    }

    /// kill -9, and its end.
    pub fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        let _ = self.child.wait();
    }

    /// SIGTERM; returns how it ended.
    pub async fn terminate(&mut self) -> anyhow::Result<ExitStatus> {
        self.signal(Signal::SIGTERM);
        let ended = async || self.child.try_wait().ok().flatten();
        until_some("the process drains", STARTING, ended).await
    }

    /// SIGSTOP: it is there, and does not answer.
    pub fn pause(&self) {
        self.signal(Signal::SIGSTOP);
    }

    pub fn resume(&self) {
        self.signal(Signal::SIGCONT);
    }

    /// Starts it again, on the port that it had.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.kill();
        let mut child = Self::spawn(&self.config, &self.services)?;
        self.held = child.stdin.take();
        self.child = child;
        self.ready().await
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.kill();
        }
    }
}

fn port_file(config: &Path) -> PathBuf {
    config.with_extension("port")
}
