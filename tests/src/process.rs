//! One process of ours.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// A process that is ended, by its id, when this is dropped: asked first, then killed.
pub struct Process {
    child: Child,
    lines: mpsc::Receiver<String>,
    log: PathBuf,
}

/// How long a process may take to end when asked.
const ENDING: Duration = Duration::from_secs(20);

impl Process {
    /// Starts it; what it says on stderr goes to the file `log`.
    pub fn start(mut command: Command, log: &Path) -> Self {
        let errors = File::options().create(true).append(true).open(log).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors);
        let mut child = command.spawn().unwrap_or_else(|e| panic!("{command:?}: {e}"));
        let (out, lines) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                // Read on when nobody listens any more: the process must not block.
                let _ = out.send(line);
            }
        });
        Self { child, lines, log: log.to_owned() }
    }

    /// What follows `prefix` in the first line of stdout that begins so.
    pub async fn says(&mut self, prefix: &str, bound: Duration) -> String {
        let begun = Instant::now();
        loop {
            match self.lines.try_recv() {
                Ok(line) => {
                    if let Some(rest) = line.strip_prefix(prefix) {
                        return rest.to_owned();
                    }
                }
                Err(mpsc::TryRecvError::Empty) if begun.elapsed() < bound => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(why) => panic!("never said {prefix:?} ({why}):\n{}", self.errors()),
            }
        }
    }

    /// What it said on stderr.
    pub fn errors(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// kill -9, and waits until it is gone.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM; `ended` waits.
    pub fn terminate(&mut self) {
        self.signal(Signal::SIGTERM);
    }

    /// SIGSTOP: it is there, and does nothing. Returns when it has come to a standstill.
    pub fn pause(&mut self) {
        self.signal(Signal::SIGSTOP);
        let stat = format!("/proc/{}/stat", self.id());
        let stands = |stat: &str| stat.rsplit_once(") ").is_some_and(|(_, s)| s.starts_with('T'));
        let begun = Instant::now();
        while !std::fs::read_to_string(&stat).is_ok_and(|stat| stands(&stat)) {
            assert!(begun.elapsed() < ENDING, "it goes on");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    pub fn resume(&mut self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&mut self, signal: Signal) {
        // Not reaped yet, so the id is still its own.
        if self.runs() {
            let id = i32::try_from(self.child.id()).unwrap();
            let _ = kill(Pid::from_raw(id), signal);
        }
    }

    /// Its end, if that comes in time.
    pub fn ended(&mut self, bound: Duration) -> Option<ExitStatus> {
        let begun = Instant::now();
        loop {
            match self.child.try_wait().unwrap() {
                Some(status) => return Some(status),
                None if begun.elapsed() >= bound => return None,
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }
}

/// kill -9 of all that a process has started.
pub fn kill_children(parent: u32) {
    let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
    for child in children.unwrap_or_default().split_whitespace() {
        let _ = child.parse().map(|child| kill(Pid::from_raw(child), Signal::SIGKILL));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.terminate();
        if self.ended(ENDING).is_none() {
            self.kill();
        }
    }
}
