//! The real binary, run to its end or kept running.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tempfile::TempDir;
use testkit::{until, until_some};

/// A first start makes a database; the machine may be busy.
pub const STARTING: Duration = Duration::from_secs(60);

pub fn trellis() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trellis"));
    // What the machine's owner has set is not this test's.
    for name in ["CONFIG", "DATA", "TOKEN", "SERVER", "DATABASE_URL", "ADMIN_URL", "LOG"] {
        command.env_remove(format!("TRELLIS_{name}"));
    }
    command.stdin(Stdio::null());
    command
}

/// How a command ended, and what it said.
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

pub fn run(command: &mut Command) -> Ended {
    let done = command.output().unwrap();
    Ended {
        code: done.status.code(),
        out: String::from_utf8_lossy(&done.stdout).into_owned(),
        err: String::from_utf8_lossy(&done.stderr).into_owned(),
    }
}

impl Ended {
    /// One line on standard error, exit 1, and no backtrace.
    pub fn is_one_line(&self, holding: &[&str]) {
        assert_eq!(self.code, Some(1), "{} {}", self.out, self.err);
        assert_eq!(self.err.lines().count(), 1, "{}", self.err);
        for part in holding {
            assert!(self.err.contains(part), "{part:?} is not in {:?}", self.err);
        }
    }
}

/// A folder that the database's unprivileged user can pass through.
pub fn folder() -> TempDir {
    let dir = tempfile::Builder::new().prefix("trellis-it-").tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o711)).unwrap();
    dir
}

/// `trellis up`, until it is dropped.
pub struct Up {
    child: Child,
    _held: ChildStdin,
    data: PathBuf,
    port_file: PathBuf,
}

impl Up {
    pub async fn start(data: &Path, more: &[&str]) -> Self {
        let port_file = data.with_extension("port");
        let _ = fs::remove_file(&port_file);
        let log = fs::File::create(data.with_extension("log")).unwrap();
        let mut child = trellis()
            .args(["up", "--while-stdin-is-open", "--port", "0", "--data"])
            .arg(data)
            .arg("--port-file")
            .arg(&port_file)
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let held = child.stdin.take().unwrap();
        let mut up = Self { child, _held: held, data: data.to_owned(), port_file };
        let ended = until_some("up listens", STARTING, async || {
            up.port_file.exists().then_some(None).or_else(|| up.child.try_wait().unwrap().map(Some))
        });
        let ended = ended.await.unwrap();
        assert!(ended.is_none(), "{ended:?}: {}", up.log());
        up
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.data.with_extension("log")).unwrap_or_default()
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", fs::read_to_string(&self.port_file).unwrap().trim())
    }

    /// A token of its development issuer.
    pub fn token(&self, args: &[&str]) -> String {
        let done = run(trellis().arg("token").arg("--data").arg(&self.data).args(args));
        assert_eq!(done.code, Some(0), "{}", done.err);
        done.out.trim().to_owned()
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    pub async fn ended(&mut self) -> ExitStatus {
        let ended = async || self.child.try_wait().unwrap();
        until_some("up ends", STARTING, ended).await.unwrap()
    }

    /// The postmaster's process id.
    pub fn postgres(&self) -> String {
        let file = fs::read_to_string(self.data.join("postgres/postmaster.pid")).unwrap();
        file.lines().next().unwrap().to_owned()
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal(Signal::SIGTERM);
            let _ = self.child.wait();
        }
    }
}

/// Waits until no process has this id.
pub async fn is_gone(pid: &str) {
    let gone = async || !Path::new("/proc").join(pid).exists();
    until("the process is gone", STARTING, gone).await.unwrap();
}
