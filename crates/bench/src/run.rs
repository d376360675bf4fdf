//! The measurement: everything started and pinned, replies checked, load put on, the table printed.

mod check;
pub mod child;
pub mod cores;
mod load;
pub mod overload;
pub mod report;
mod verified;

use std::{path::PathBuf, time::Duration};

use anyhow::{Context as _, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use pg::Embedded;
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use crate::{
    prepare,
    serving::{Kind, Runtime},
    store,
    world::World,
};
use check::Expected;
use child::Child;
use cores::{Cores, Layout};
use load::Load;
use report::{Cell, Report};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// One short run of each, to see that it works; its figures say nothing
    #[arg(long)]
    smoke: bool,
    /// Runs of each; the median is shown
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Seconds of each run, after a second that is not counted
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Only these numbers of clients
    #[arg(long, value_delimiter = ',', default_values_t = [1, 8, 64])]
    clients: Vec<usize>,
    /// Only these servers
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["a", "b", "c", "d"])]
    only: Vec<Kind>,
    /// Does not measure which runtime is cheaper, but takes this one
    #[arg(long)]
    runtime: Option<Runtime>,
    /// Only these places for the database and the consent service
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["anywhere", "apart"])]
    layouts: Vec<Layout>,
    /// Notes, each of another person
    #[arg(long, default_value_t = 10_000)]
    notes: usize,
    /// Where the database goes: a disk's folder that others can enter
    #[arg(long, default_value = "/var/tmp")]
    disk: PathBuf,
}

impl Args {
    fn runs(&self) -> usize {
        if self.smoke { 1 } else { self.runs.max(1) }
    }
    /// What is read for the first time is read from elsewhere: each server has seen all notes, and
    /// each person's consents, before the first run.
    fn first(&self) -> Duration {
        Duration::from_secs_f64(if self.smoke { 1.0 } else { 5.0 })
    }
    fn warm_up(&self) -> Duration {
        Duration::from_secs_f64(if self.smoke { 0.4 } else { 1.0 })
    }
    fn seconds(&self) -> Duration {
        Duration::from_secs_f64(if self.smoke { 0.5 } else { self.seconds })
    }
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    // Before there is a second thread or process: they inherit it.
    let cores = Cores::share_out()?;
    let home = cores::home(&args.disk)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(measure(args, &cores, home.path()))
}

/// The processes of one measurement.
struct Stage {
    database: Embedded,
    admin: SecretString,
    consent: Child,
    expected: Expected,
    world: World,
}

impl Stage {
    /// The database and the consent service, wherever this layout has them.
    fn place(&self, cores: &Cores, layout: Layout) -> anyhow::Result<()> {
        let postmaster = self.database.pid();
        cores.place(layout, &[postmaster, self.consent.pid()])?;
        // A process may end while we look, and needs no place then.
        for pid in child::children(postmaster)? {
            cores.place(layout, &[pid]).ok();
        }
        Ok(())
    }
}

async fn measure(args: &Args, cores: &Cores, home: &std::path::Path) -> anyhow::Result<()> {
    let mut stage = set(args.notes, cores, home).await?;
    let runtimes = runtimes(args, cores, home, &stage)?;
    let chosen = runtimes.chosen;
    let mut servers = Vec::new();
    for kind in &args.only {
        servers.push((*kind, Child::server(*kind, home, cores, chosen)?));
    }
    for (kind, server) in &servers {
        stage.expected.check(*kind, server.channel()?, &stage.world).await?;
    }
    for (_, server) in &servers {
        let load = Load::of(64, server.addr(), stage.world.notes.len());
        load.put(home, args.first())?;
    }
    let mut cells: Vec<Cell> = Vec::new();
    let rounds = args.runs() * args.clients.len() * args.layouts.len() * servers.len();
    let bar = bar(rounds)?;
    let turns = (0..args.runs()).flat_map(|_| &args.layouts);
    for (layout, clients) in turns.flat_map(|l| args.clients.iter().map(move |n| (*l, *n))) {
        stage.place(cores, layout)?;
        for (kind, server) in &mut servers {
            bar.set_message(format!("{} x {clients}, {}", report::short(*kind), layout.name()));
            let load = Load::of(clients, server.addr(), stage.world.notes.len());
            load.put(home, args.warm_up())?;
            // Connections made since may have come with another place.
            stage.place(cores, layout)?;
            let at = (*kind, layout);
            cells.push(one(&load, at, server, &mut stage, args.seconds(), home)?);
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    on_record(&mut servers, &stage).await?;
    drop(servers);
    let report = Report {
        cells,
        runtimes,
        verified: verified::all(&stage.admin, home).await?,
        cores: cores.clone(),
        database: store::settings(stage.admin.expose_secret()).await?,
        notes: stage.world.notes.len(),
        runs: args.runs(),
        seconds: args.seconds(),
        smoke: args.smoke,
    };
    print!("{report}");
    drop(stage.consent);
    stage.database.stop().await;
    Ok(())
}

/// The database, the consent service, and what there is to read.
async fn set(count: usize, cores: &Cores, home: &std::path::Path) -> anyhow::Result<Stage> {
    let notes = ("notes", &notes::MIGRATIONS);
    let database = prepare::database(home, notes).await?;
    store::open_role(database.admin_url().expose_secret(), prepare::OPEN_ROLE).await?;
    let admin = database.admin_url();
    let mut world = prepare::world(&database, home)?;
    let consent = Child::consent(home)?;
    world.consent = format!("http://{}", consent.addr());
    world.save(home)?;
    let template = {
        let notes = Child::server(Kind::C, home, cores, Runtime::Current)?;
        prepare::template(home, notes.channel()?, consent.channel()?)
            .await
            .context("the template")?
    };
    let people: Vec<Uuid> = (0..count).map(|_| Uuid::new_v4()).collect();
    let ids = || -> Vec<Uuid> {
        let clock = crate::world::clock();
        (0..count).map(|_| ledger::new_id(&clock)).collect()
    };
    let (notes, consents) = (ids(), ids());
    store::fill(admin.expose_secret(), &template, &people, &notes, &consents).await?;
    world.notes = notes;
    world.save(home)?;
    let expected = Expected::new(template, people, consents);
    Ok(Stage { database, admin, consent, expected, world })
}

/// Which of tokio's runtimes serves at less cost: the echo, and the read that all this is about,
/// by turns. The read decides.
fn runtimes(
    args: &Args,
    cores: &Cores,
    home: &std::path::Path,
    stage: &Stage,
) -> anyhow::Result<report::Runtimes> {
    if args.smoke || args.runtime.is_some() {
        let chosen = args.runtime.unwrap_or(Runtime::Current);
        return Ok(report::Runtimes { chosen, measured: Vec::new() });
    }
    let mut servers = Vec::new();
    for runtime in [Runtime::Current, Runtime::Multi] {
        for kind in [Kind::A, Kind::C] {
            let server = Child::server(kind, home, cores, runtime)?;
            let load = Load::of(64, server.addr(), stage.world.notes.len());
            load.put(home, args.first())?;
            servers.push((runtime, kind, server, load, Vec::new()));
        }
    }
    for _ in 0..3 {
        for (_, _, server, load, costs) in &mut servers {
            let (before, (ok, _)) = (server.cpu()?, server.counts()?);
            load.put(home, Duration::from_secs(1))?;
            let (cpu, (ok_now, _)) = (server.cpu()?.saturating_sub(before), server.counts()?);
            costs.push(report::micros_each(cpu, ok_now - ok));
        }
    }
    let measured: Vec<_> = servers
        .into_iter()
        .map(|(runtime, kind, _, _, costs)| (runtime, kind, report::median(costs)))
        .collect();
    let reads = measured.iter().filter(|(_, kind, _)| *kind == Kind::C);
    let cheaper = reads.min_by(|one, other| one.2.total_cmp(&other.2));
    Ok(report::Runtimes { chosen: cheaper.map_or(Runtime::Current, |m| m.0), measured })
}

/// One measured run: what h2load saw, and what the processes used meanwhile.
fn one(
    load: &Load,
    (kind, layout): (Kind, Layout),
    server: &mut Child,
    stage: &mut Stage,
    time: Duration,
    home: &std::path::Path,
) -> anyhow::Result<Cell> {
    let (ok, failed) = server.counts()?;
    let postgres = || child::postgres(stage.database.pid());
    let before = (server.cpu()?, stage.consent.cpu()?, postgres()?);
    let seen = load.put(home, time)?;
    let after = (server.cpu()?, stage.consent.cpu()?, postgres()?);
    let (ok_now, failed_now) = server.counts()?;
    let requests = ok_now - ok;
    ensure!(failed_now == failed, "{} calls did not end with OK", failed_now - failed);
    ensure!(requests >= seen.requests, "h2load saw more replies than the server gave");
    let each =
        |from: Duration, to: Duration| report::micros_each(to.saturating_sub(from), requests);
    Ok(Cell {
        kind,
        layout,
        clients: load.clients,
        throughput: seen.throughput,
        p50: seen.p50,
        p99: seen.p99,
        server: each(before.0, after.0),
        consent: each(before.1, after.1),
        postgres: each(before.2, after.2),
    })
}

/// Every note that was served is on record, each once.
async fn on_record(servers: &mut [(Kind, Child)], stage: &Stage) -> anyhow::Result<()> {
    let Some((_, server)) = servers.iter_mut().find(|(kind, _)| *kind == Kind::C) else {
        return Ok(());
    };
    let (served, _) = server.counts()?;
    let on_record = store::audited(stage.admin.expose_secret()).await?;
    ensure!(on_record >= served, "{served} reads were served, and {on_record} are on record");
    // A call that h2load left when its time was up is on record, and its reply went nowhere.
    println!("{served} reads of notes were served, and {on_record} are on record\n");
    Ok(())
}

fn bar(rounds: usize) -> anyhow::Result<ProgressBar> {
    let bar = ProgressBar::new(rounds.try_into()?);
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len} {msg} ({eta} to go)")?);
    Ok(bar)
}
