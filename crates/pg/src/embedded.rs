//! The private PostgreSQL of `trellis up` and of the tests: found or fetched, started as an
//! unprivileged user, reached through a socket in a directory that only that user can enter, and
//! ended with the process that started it, even if that is killed with -9.

mod binaries;
mod data;
mod orphan;
mod process;
mod user;
mod wheel;

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::SecretString;

use process::Server;
use user::ServerUser;

/// The superuser of the private server. It exists for provisioning and migrations only.
pub const ADMIN: &str = "trellis_admin";

#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Kept when given; else a temporary directory, thrown away at the end.
    pub data_dir: Option<PathBuf>,
    /// Where the socket goes; else a temporary directory. Its path must be short.
    pub socket_dir: Option<PathBuf>,
    /// `postgresql.conf` settings on top of ours.
    pub settings: Vec<(String, String)>,
    /// For tests: does not wait for the disk, and is made from a cached template. What such a
    /// server reports as durable is so against kill -9, not against a power cut.
    pub fast: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    #[error("no PostgreSQL >= 15 on this machine, and fetching one failed: {0}")]
    NoBinaries(String),
    #[error("started as root, and there is no user postgres or nobody to run the server as")]
    NoUser,
    #[error("{path} cannot be entered by the user that the server runs as ({user})")]
    Unreachable { path: PathBuf, user: String },
    #[error("the socket's path is longer than the system allows: {0}")]
    SocketPath(PathBuf),
    #[error("another server is using {0}")]
    InUse(PathBuf),
    #[error("{program} failed: {output}")]
    Failed { program: &'static str, output: String },
    #[error("the server was not ready in time: {0}")]
    NotReady(String),
    #[error("{what}: {source}")]
    Io { what: &'static str, source: io::Error },
}

impl EmbeddedError {
    fn io(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what, source }
    }
}

/// A running server; dropping it stops it and waits, within bounds.
#[derive(Debug)]
pub struct Embedded {
    server: Server,
    socket_dir: PathBuf,
    data_dir: PathBuf,
    /// Directories that go when the server has gone; after `server`, which drops first.
    _throw_away: Vec<tempfile::TempDir>,
}

impl Embedded {
    /// Starts a server and waits until it answers.
    pub async fn start(options: Options) -> Result<Self, EmbeddedError> {
        match tokio::task::spawn_blocking(move || Self::start_blocking(&options)).await {
            Ok(started) => started,
            Err(_) => Err(EmbeddedError::NotReady("the starter panicked".into())),
        }
    }

    /// As [`Embedded::start`], for code that is not async.
    pub fn start_blocking(options: &Options) -> Result<Self, EmbeddedError> {
        let user = ServerUser::pick()?;
        let bin = binaries::find(&user)?;
        let mut throw_away = Vec::new();
        let data_dir = match &options.data_dir {
            Some(dir) => data::own_dir(dir, &user)?,
            None => data::temp_dir(&mut throw_away, &user)?,
        };
        let socket_dir = match &options.socket_dir {
            Some(dir) => data::own_dir(dir, &user)?,
            None => data::temp_dir(&mut throw_away, &user)?,
        };
        // sun_path holds 108 bytes with the terminator.
        if socket_dir.join(".s.PGSQL.5432.lock").as_os_str().len() > 106 {
            return Err(EmbeddedError::SocketPath(socket_dir));
        }
        orphan::wait_until_free(&data_dir, Duration::from_secs(30))?;
        data::init(&bin, &data_dir, &user, options.fast)?;
        let start = process::Start {
            bin: &bin,
            data_dir: &data_dir,
            socket_dir: &socket_dir,
            user: &user,
            options,
            throw_away: throw_away.iter().map(tempfile::TempDir::path).collect(),
        };
        let server = start.run()?;
        Ok(Self { server, socket_dir, data_dir, _throw_away: throw_away })
    }

    /// Connects as the superuser to the database `postgres`.
    pub fn admin_url(&self) -> SecretString {
        self.url(ADMIN, "postgres").into()
    }

    /// A role's URL. It holds no secret: whoever can enter the socket's directory is trusted.
    pub fn url(&self, role: &str, database: &str) -> String {
        let mut host = String::new();
        for byte in self.socket_dir.to_string_lossy().bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => {
                    host.push(char::from(byte));
                }
                other => host.push_str(&format!("%{other:02X}")),
            }
        }
        format!("postgres://{role}@localhost/{database}?host={host}")
    }

    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The postmaster's process id, for tests that kill it.
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// Whether the postmaster still runs.
    pub fn is_running(&mut self) -> bool {
        self.server.is_running()
    }

    /// Stops the server without blocking the runtime.
    pub async fn stop(self) {
        let _ = tokio::task::spawn_blocking(move || drop(self)).await;
    }
}
