//! The processes: started, asked, and how much of a core they have used.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::SocketAddr,
    path::Path,
    process::{ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use tonic::transport::Channel;

use super::cores::Cores;
use crate::serving::{Kind, Runtime};

/// One of our servers. It ends with its standard input, and so with us.
#[derive(Debug)]
pub struct Child {
    process: std::process::Child,
    asking: ChildStdin,
    answers: BufReader<ChildStdout>,
    addr: SocketAddr,
}

impl Child {
    /// A server under measurement, on its own core.
    pub fn server(
        kind: Kind,
        home: &Path,
        cores: &Cores,
        runtime: Runtime,
    ) -> anyhow::Result<Self> {
        let mut command = Command::new("taskset");
        let name = super::report::short(kind);
        command.args(["--cpu-list", &cores.server.to_string()]);
        command.arg(std::env::current_exe()?).args(["server", name]);
        command.args(["--runtime", runtime.name()]).arg("--home").arg(home);
        Self::start(command, &home.join(format!("{name}.log")))
    }

    /// The consent service, where everything else is.
    pub fn consent(home: &Path) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("consent").arg("--home").arg(home);
        Self::start(command, &home.join("consent.log"))
    }

    /// The referrals service, on the core of what is measured.
    pub fn referrals(home: &Path, cores: &Cores, runtime: Runtime) -> anyhow::Result<Self> {
        let mut command = Command::new("taskset");
        command.args(["--cpu-list", &cores.server.to_string()]);
        command.arg(std::env::current_exe()?).args(["referrals", "--runtime", runtime.name()]);
        command.arg("--home").arg(home);
        Self::start(command, &home.join("referrals.log"))
    }

    fn start(mut command: Command, log: &Path) -> anyhow::Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(fs::File::create(log)?);
        let mut process = command.spawn().context("taskset comes with the package util-linux")?;
        let asking = process.stdin.take().context("no input")?;
        let mut answers = BufReader::new(process.stdout.take().context("no output")?);
        let mut line = String::new();
        answers.read_line(&mut line)?;
        let said = || fs::read_to_string(log).unwrap_or_default();
        let addr = line.trim().parse().with_context(|| format!("did not start: {}", said()))?;
        Ok(Self { process, asking, answers, addr })
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub fn channel(&self) -> anyhow::Result<Channel> {
        Ok(serve::peer(&format!("http://{}", self.addr), None)?)
    }

    /// Calls that ended with OK, and those that did not.
    pub fn counts(&mut self) -> anyhow::Result<(u64, u64)> {
        writeln!(self.asking, "counts")?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let (ok, failed) = line.trim().split_once(' ').context("a server is gone")?;
        Ok((ok.parse()?, failed.parse()?))
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    pub fn cpu(&self) -> anyhow::Result<Duration> {
        Ok(stat(self.process.id())?.cpu)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Of the database server and all its processes.
pub fn postgres(postmaster: u32) -> anyhow::Result<Duration> {
    let mut all = stat(postmaster)?.cpu;
    for pid in children(postmaster)? {
        // A process may end while we look.
        all += stat(pid).map(|stat| stat.cpu).unwrap_or_default();
    }
    Ok(all)
}

/// The processes that a process has started.
pub fn children(parent: u32) -> anyhow::Result<Vec<u32>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        // A process may end while we look.
        if stat(pid).is_ok_and(|stat| stat.parent == parent) {
            found.push(pid);
        }
    }
    Ok(found)
}

struct Stat {
    parent: u32,
    cpu: Duration,
}

fn stat(pid: u32) -> anyhow::Result<Stat> {
    parse(&fs::read_to_string(format!("/proc/{pid}/stat"))?)
}

/// Linux counts both in hundredths of a second for every program.
const TICK: Duration = Duration::from_millis(10);

/// The name stands in parentheses and may hold anything: what counts is behind the last one.
fn parse(stat: &str) -> anyhow::Result<Stat> {
    let (_, rest) = stat.rsplit_once(')').context("stat")?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    ensure!(fields.len() > 12, "stat");
    let number =
        |at: usize| -> anyhow::Result<u32> { Ok(fields.get(at).context("stat")?.parse()?) };
    Ok(Stat { parent: number(1)?, cpu: TICK * (number(11)? + number(12)?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_whatever_its_name() {
        let stat = parse("7 (a ) b) S 3 7 7 0 -1 4194560 1 0 0 0 12 30 0 0 20 0 1 0 9").unwrap();
        assert_eq!((stat.parent, stat.cpu), (3, Duration::from_millis(420)));
        assert!(parse("7 (a").is_err());
    }
}
