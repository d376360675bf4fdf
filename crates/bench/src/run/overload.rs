//! Many times what can be served is asked for, for a while: what is served still, and whether health checks are
//! answered. The best that was served before is the reference.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use pg::Embedded;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use super::{
    Expected, Stage,
    child::Child,
    cores::{self, Cores, Layout},
    load::Load,
    report::{median, table},
    set,
};
use crate::serving::{Kind, Runtime};

/// So many times the best.
const TIMES: f64 = 5.0;
/// Clients that offer it, and calls that each may have open.
const CLIENTS: usize = 64;
const OPEN: usize = 100;
/// Calls that each has open where the best is sought: up to 384 at once of the 512 that there is room for. A quarter of
/// the room is left to connections that were answered before, and these are new.
const EACH: &[usize] = &[1, 4, 6];
/// In a smoke run, of a build that serves few.
const EACH_OF_FEW: &[usize] = &[1, 2];
/// Of the best, at least so much is served still.
const LEAST: f64 = 0.8;
/// A health check is answered in this time; by a debug build on a busy machine, in the other.
const HEALTHY: Duration = Duration::from_secs(1);
const HEALTHY_SMOKE: Duration = Duration::from_secs(5);
/// One every so often.
const BETWEEN: Duration = Duration::from_millis(50);

fn healthy(smoke: bool) -> Duration {
    if smoke { HEALTHY_SMOKE } else { HEALTHY }
}

#[derive(Debug, clap::Args)]
pub struct Args {
    /// One short run, to see that it works; its figures say nothing
    #[arg(long)]
    smoke: bool,
    /// Runs of each; the median counts
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Seconds of each run
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Notes, each of another person
    #[arg(long, default_value_t = 10_000)]
    notes: usize,
    /// Where the database goes: a disk's folder that others can enter
    #[arg(long, default_value = "/var/tmp")]
    disk: PathBuf,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    // Before there is a second thread or process: they inherit it.
    let cores = Cores::share_out()?;
    let home = cores::home(&args.disk)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let notes = if args.smoke { 200 } else { args.notes };
        let stage = set(notes, &cores, home.path()).await?;
        let measured = measure(args, &cores, home.path(), &stage).await;
        let Stage { database, consent, .. } = stage;
        drop(consent);
        Embedded::stop(database).await;
        let figures = measured?;
        print!("{figures}");
        if let Some(folder) = std::env::var_os("TRELLIS_FIGURES").filter(|_| !args.smoke) {
            fs::write(Path::new(&folder).join("overload.md"), format!("## Overload\n\n{figures}"))?;
        }
        figures.hold()
    })
}

async fn measure(
    args: &Args,
    cores: &Cores,
    home: &Path,
    stage: &Stage,
) -> anyhow::Result<Figures> {
    let mut server = Child::server(Kind::C, home, cores, Runtime::Current)?;
    Expected::check(&stage.expected, Kind::C, server.channel()?, &stage.world).await?;
    stage.place(cores, Layout::Apart)?;
    let notes = stage.world.notes.len();
    let (time, runs, each) = match args.smoke {
        true => (Duration::from_millis(600), 1, EACH_OF_FEW),
        false => (Duration::from_secs_f64(args.seconds), args.runs.max(1), EACH),
    };
    let load = Load::of(CLIENTS, server.addr(), notes);
    load.put(home, time)?;
    stage.place(cores, Layout::Apart)?;
    let mut seen = Figures {
        runs: Vec::new(),
        health: Health::default(),
        peak: 0,
        idle: 0,
        smoke: args.smoke,
    };
    seen.idle = peak(server.pid())?;
    for _ in 0..runs {
        let (best, calls) = best(&mut server, &load, each, (home, time)).await?;
        let rate = Some(best * TIMES / CLIENTS as f64);
        let offering = Load { open: OPEN, rate, ..load.clone() };
        let watching = Watching::start(server.channel()?, healthy(args.smoke));
        let under = served(&mut server, &offering, home, time).await?;
        seen.health.add(watching.end().await?);
        seen.runs.push(Run { best, calls, under: under.goodput, answered: under.answered });
    }
    seen.peak = peak(server.pid())?;
    // It serves as before.
    Expected::check(&stage.expected, Kind::C, server.channel()?, &stage.world).await?;
    Ok(seen)
}

/// The most that is served in a second, and with how many calls at once: ever more are made, as long as none is shed.
async fn best(
    server: &mut Child,
    load: &Load,
    each: &[usize],
    (home, time): (&Path, Duration),
) -> anyhow::Result<(f64, usize)> {
    let (mut best, mut calls) = (0.0, 0);
    for open in each {
        let load = Load { open: *open, ..load.clone() };
        let seen = served(server, &load, home, time).await?;
        // One call of each is no overload, whatever else went wrong.
        if seen.unserved > 0 && *open > 1 {
            break;
        }
        if seen.goodput > best {
            (best, calls) = (seen.goodput, CLIENTS * open);
        }
    }
    ensure!(best > 0.0, "nothing was served");
    Ok((best, calls))
}

/// What became of a load.
struct Served {
    /// Served, and answered at all, in a second.
    goodput: f64,
    answered: f64,
    /// Calls that were answered with something else than what they asked for.
    unserved: u64,
}

async fn served(
    server: &mut Child,
    load: &Load,
    home: &Path,
    time: Duration,
) -> anyhow::Result<Served> {
    let (before, _) = server.counts()?;
    let (load, at) = (load.clone(), home.to_owned());
    let seen = tokio::task::spawn_blocking(move || load.put(&at, time)).await??;
    let (after, _) = server.counts()?;
    let served = after - before;
    Ok(Served {
        goodput: served as f64 / time.as_secs_f64(),
        answered: seen.throughput,
        unserved: seen.requests.saturating_sub(served),
    })
}

/// The most memory that a process has had, in bytes.
fn peak(pid: u32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes * 1024)
}

/// Health checks, while something goes on.
struct Watching {
    stop: CancellationToken,
    task: JoinHandle<Health>,
}

#[derive(Debug, Default)]
struct Health {
    asked: usize,
    unanswered: usize,
    slowest: Duration,
}

impl Health {
    fn add(&mut self, other: Self) {
        self.asked += other.asked;
        self.unanswered += other.unanswered;
        self.slowest = self.slowest.max(other.slowest);
    }
}

impl Watching {
    fn start(channel: tonic::transport::Channel, bound: Duration) -> Self {
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            let mut health = HealthClient::new(channel);
            let mut seen = Health::default();
            while !stopped.is_cancelled() {
                let begun = Instant::now();
                let asked =
                    tokio::time::timeout(bound, health.check(HealthCheckRequest::default()));
                let serving = match asked.await {
                    Ok(Ok(answer)) => answer.into_inner().status() == ServingStatus::Serving,
                    Ok(Err(_)) | Err(_) => false,
                };
                seen.asked += 1;
                seen.unanswered += usize::from(!serving);
                seen.slowest = seen.slowest.max(begun.elapsed());
                tokio::time::sleep(BETWEEN).await;
            }
            seen
        });
        Self { stop, task }
    }

    async fn end(self) -> anyhow::Result<Health> {
        self.stop.cancel();
        Ok(self.task.await?)
    }
}

#[derive(Debug, Clone, Copy)]
struct Run {
    best: f64,
    /// At once, where the best was served.
    calls: usize,
    under: f64,
    answered: f64,
}

#[derive(Debug)]
struct Figures {
    runs: Vec<Run>,
    health: Health,
    /// Memory of the server at most: before, and at the end.
    idle: u64,
    peak: u64,
    smoke: bool,
}

impl Figures {
    fn kept(&self) -> f64 {
        median(self.runs.iter().map(|run| run.under / run.best).collect())
    }

    fn hold(&self) -> anyhow::Result<()> {
        ensure!(self.health.asked > 0, "no health check was made");
        ensure!(
            self.health.unanswered == 0,
            "{} of {} health checks were not answered in {:?}",
            self.health.unanswered,
            self.health.asked,
            healthy(self.smoke)
        );
        ensure!(
            self.smoke || self.kept() >= LEAST,
            "under {TIMES} times what can be served, {:.2} of the best was served: less than {LEAST}",
            self.kept()
        );
        Ok(())
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["run", "calls at best", "offered / best", "answered / best", "served / best"];
        let mut table = table(&head, 0);
        for (n, run) in self.runs.iter().enumerate() {
            table.add_row([
                (n + 1).to_string(),
                run.calls.to_string(),
                format!("{TIMES:.1}"),
                format!("{:.2}", run.answered / run.best),
                format!("{:.2}", run.under / run.best),
            ]);
        }
        writeln!(f, "{table}\n")?;
        if self.smoke {
            writeln!(f, "A smoke run: it shows that all works. Its figures say nothing.\n")?;
        }
        let megabytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        writeln!(
            f,
            "GetNote, checked and on record, on one core; all else has the others. {CLIENTS} clients with up to \
             {OPEN} calls open each offer {TIMES}\ntimes the best that they got with up to {} calls open each and none \
             shed; what is answered and not served was shed.\nMedian served / best: {:.2}.\n{} health checks meanwhile, \
             {} not answered, the slowest in {:.0} ms. Memory of the server at most: {:.0} MiB before, {:.0} MiB at \
             the end.\n",
            EACH.iter().max().unwrap_or(&1),
            self.kept(),
            self.health.asked,
            self.health.unanswered,
            self.health.slowest.as_secs_f64() * 1e3,
            megabytes(self.idle),
            megabytes(self.peak),
        )
    }
}
