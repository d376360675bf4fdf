//! The server as a process: started under a watchdog, waited for, stopped.

use std::{
    fs,
    io::Read as _,
    os::unix::{fs::OpenOptionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::{EmbeddedError, Options, user::ServerUser};

/// The shell becomes the server (`exec`), after leaving a watchdog behind. The watchdog reads a
/// pipe that we hold open and never write to: when we end, however we end, the read returns and
/// it stops the server, provided that the process id is still the server's. It is a grandchild,
/// so that the server never sees it as a child of its own. `$1` data directory, `$2` how to stop
/// the server, `$3` and `$4` directories to remove afterwards or empty, then the server itself.
const UNDER_WATCH: &str = r#"
data=$1; signal=$2; gone=$3; gone_too=$4; shift 4
exec 3<&0 </dev/null
pid=$$
watch() {
    read -r _ <&3
    ours() { [ "$(head -n 1 "$data/postmaster.pid" 2>/dev/null)" = "$pid" ]; }
    tries=0
    while ours && kill -"$signal" "$pid" 2>/dev/null; do
        tries=$((tries + 1))
        [ "$tries" -gt 100 ] && signal=QUIT
        [ "$tries" -gt 150 ] && break
        sleep 0.1
    done
    [ -z "$gone" ] || rm -rf -- "$gone"
    [ -z "$gone_too" ] || rm -rf -- "$gone_too"
}
( watch >/dev/null 2>&1 & )
exec "$@" 3<&-
"#;

pub struct Start<'a> {
    pub bin: &'a Path,
    pub data_dir: &'a Path,
    pub socket_dir: &'a Path,
    pub user: &'a ServerUser,
    pub options: &'a Options,
    pub throw_away: Vec<&'a Path>,
}

impl Start<'_> {
    pub fn run(&self) -> Result<Server, EmbeddedError> {
        let bound = Duration::from_secs(60);
        let started = Instant::now();
        loop {
            let mut server = self.spawn()?;
            match self.wait_ready(&mut server, bound) {
                Ok(()) => return Ok(server),
                // Backends of a server killed a moment ago may still hold its shared memory.
                Err(EmbeddedError::Failed { output, .. })
                    if output.contains("shared memory block")
                        && started.elapsed() < Duration::from_secs(20) =>
                {
                    drop(server);
                    thread::sleep(Duration::from_millis(100));
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn spawn(&self) -> Result<Server, EmbeddedError> {
        let log = self.data_dir.join("server.log");
        let out = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            // The folder is the server's user's: root follows no link that is planted there.
            .custom_flags(nix::fcntl::OFlag::O_NOFOLLOW.bits())
            .open(&log)
            .and_then(|file| self.user.give_file(&file).map(|()| file))
            .map_err(EmbeddedError::io("opening the server's log"))?;
        let err = out.try_clone().map_err(EmbeddedError::io("opening the server's log"))?;
        let stop = if self.options.data_dir.is_some() { Stop::Fast } else { Stop::Immediate };
        let mut command = self.user.command("/bin/sh");
        command
            .args(["-c", UNDER_WATCH, "trellis-postgres"])
            .arg(self.data_dir)
            .arg(stop.name())
            .arg(self.throw_away.first().copied().unwrap_or(Path::new("")))
            .arg(self.throw_away.get(1).copied().unwrap_or(Path::new("")))
            .arg(self.bin.join("postgres"))
            .arg("-D")
            .arg(self.data_dir);
        for (key, value) in self.settings() {
            command.arg("-c").arg(format!("{key}={value}"));
        }
        // A group of its own: Ctrl-C is for us, and we stop the server after we have drained.
        command.process_group(0).stdin(Stdio::piped()).stdout(out).stderr(err);
        let mut child = command.spawn().map_err(EmbeddedError::io("starting the server"))?;
        let pipe = child.stdin.take();
        Ok(Server { child, pipe, stop, log })
    }

    fn settings(&self) -> Vec<(String, String)> {
        let fixed = [
            ("listen_addresses", ""),
            ("unix_socket_permissions", "0700"),
            ("max_connections", "200"),
            ("timezone", "UTC"),
            ("log_timezone", "UTC"),
            // A server's log is not a place for people's data: no statements, no values.
            ("log_min_error_statement", "panic"),
            ("log_error_verbosity", "terse"),
            ("log_parameter_max_length", "0"),
            ("log_parameter_max_length_on_error", "0"),
        ];
        let fast = [
            ("fsync", "off"),
            ("full_page_writes", "off"),
            ("shared_buffers", "64MB"),
            ("max_wal_size", "256MB"),
        ];
        let mut all: Vec<(String, String)> = Vec::new();
        all.extend(fixed.map(|(k, v)| (k.to_owned(), v.to_owned())));
        if self.options.fast {
            all.extend(fast.map(|(k, v)| (k.to_owned(), v.to_owned())));
        }
        all.extend(self.options.settings.iter().cloned());
        let socket = self.socket_dir.to_string_lossy().into_owned();
        all.push(("unix_socket_directories".to_owned(), socket));
        all
    }

    /// The server writes its state into its pid file, as pg_ctl reads it.
    fn wait_ready(&self, server: &mut Server, bound: Duration) -> Result<(), EmbeddedError> {
        let started = Instant::now();
        loop {
            if !server.is_running() {
                return Err(EmbeddedError::Failed { program: "postgres", output: server.tail() });
            }
            let file = fs::read_to_string(self.data_dir.join("postmaster.pid")).unwrap_or_default();
            let mut lines = file.lines();
            let ours = lines.next().is_some_and(|pid| pid == server.pid().to_string());
            if ours && lines.nth(6).is_some_and(|state| state.starts_with("ready")) {
                return Ok(());
            }
            if started.elapsed() > bound {
                return Err(EmbeddedError::NotReady(server.tail()));
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// How the server ends: after its transactions were rolled back and everything was written, or,
/// where the data is thrown away anyhow, at once.
#[derive(Debug, Clone, Copy)]
enum Stop {
    Fast,
    Immediate,
}

impl Stop {
    fn name(self) -> &'static str {
        match self {
            Self::Fast => "INT",
            Self::Immediate => "QUIT",
        }
    }
    fn signal(self) -> Signal {
        match self {
            Self::Fast => Signal::SIGINT,
            Self::Immediate => Signal::SIGQUIT,
        }
    }
}

#[derive(Debug)]
pub struct Server {
    child: Child,
    /// The watchdog reads from it; closing it, or our death, wakes it.
    pipe: Option<ChildStdin>,
    stop: Stop,
    log: PathBuf,
}

impl Server {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// The end of the server's log, for an error message.
    fn tail(&self) -> String {
        let mut text = Vec::new();
        if let Ok(mut file) = fs::File::open(&self.log) {
            let _ = file.read_to_end(&mut text);
        }
        let from = text.len().saturating_sub(2000);
        String::from_utf8_lossy(text.get(from..).unwrap_or_default()).into_owned()
    }

    fn send(&self, signal: Signal) {
        if let Ok(pid) = i32::try_from(self.child.id()) {
            let _ = kill(Pid::from_raw(pid), signal);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Not reaped yet, so the process id is still the server's.
        for (signal, bound) in
            [(self.stop.signal(), 20), (Signal::SIGQUIT, 5), (Signal::SIGKILL, 5)]
        {
            if !self.is_running() {
                break;
            }
            self.send(signal);
            let started = Instant::now();
            while self.is_running() && started.elapsed() < Duration::from_secs(bound) {
                thread::sleep(Duration::from_millis(5));
            }
        }
        // Only now: the watchdog finds nothing left to stop.
        drop(self.pipe.take());
    }
}
