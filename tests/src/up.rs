//! `trellis up`.

use std::{
    fs::Permissions,
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use tempfile::TempDir;

use crate::{Network, Process, trellis};

/// The first start makes a database cluster, on a machine that may be busy.
const STARTING: Duration = Duration::from_secs(120);

/// A whole network in one process, by the real binary. Dropping it ends it.
pub struct Up {
    pub process: Process,
    pub addr: SocketAddr,
    network: Network,
    data: PathBuf,
    // Goes after the process.
    _throw_away: Option<TempDir>,
}

impl Up {
    /// With data of its own, thrown away at the end.
    pub async fn start() -> Self {
        let dir = throw_away();
        let mut up = Self::start_at(&dir.path().join("data")).await;
        up._throw_away = Some(dir);
        up
    }

    /// The same, which says all that it can: a log of everything, and traces and metrics to this collector.
    pub async fn start_telling(collector: SocketAddr) -> Self {
        let dir = throw_away();
        let env = [
            ("TRELLIS_LOG", "trace".to_owned()),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{collector}")),
        ];
        let mut up = Self::begin(&dir.path().join("data"), &env).await;
        up._throw_away = Some(dir);
        up
    }

    /// On a data directory that is kept: for a second start after the first was killed.
    pub async fn start_at(data: &Path) -> Self {
        Self::begin(data, &[]).await
    }

    async fn begin(data: &Path, env: &[(&str, String)]) -> Self {
        let mut command = Command::new(trellis());
        command.arg("up").arg("--data").arg(data).args(["--port", "0"]);
        command.envs(env.iter().cloned());
        let mut process = Process::start(command, &data.with_extension("log"));
        let addr = process.says("listening on ", STARTING).await;
        let addr: SocketAddr = addr.trim().parse().unwrap();
        let network = Network::new(data, |_| format!("http://{addr}"));
        crate::processes::serving(&network, "directory").await;
        Self { process, addr, network, data: data.to_owned(), _throw_away: None }
    }

    pub fn network(&self) -> &Network {
        &self.network
    }

    pub fn data(&self) -> &Path {
        &self.data
    }
}

/// A folder that the database's user can pass through, as `trellis up` of root needs it.
pub(crate) fn throw_away() -> TempDir {
    let dir = tempfile::Builder::new().prefix("trellis-test-").tempdir().unwrap();
    std::fs::set_permissions(dir.path(), Permissions::from_mode(0o711)).unwrap();
    dir
}
