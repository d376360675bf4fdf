//! `trellis audit verify`: whether the audit records are what they were.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use kernel::{Clock as _, SystemClock};
use ledger::{
    VerifyingKey,
    months::{LEAST_MONTHS, USUAL_MONTHS, first_kept},
    verify::{Progress, Verifying, verify},
};
use serde::{Deserialize, Serialize};
use trellis::{Config, Service, database, secrets};

use super::super::{Admin, say, service_names, services};

/// How often the state is written down.
const KEEP: Duration = Duration::from_secs(2);
/// How far down an anchor is looked for: by service and by instance.
const DEPTH: usize = 2;
/// Found something.
const FOUND: u8 = 1;

/// Verify that nobody changed the audit records since they were sealed
///
/// Reads every record of a service's ledger, works out the tree anew, and compares it with the signed
/// heads beside the records and with those anchored in files. One line a finding, then one line a
/// service: how many records, over how many the last anchored head is, and how many lie beyond it, for
/// which nothing is proved yet. Exits 0 when all holds, 1 when something was found.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  trellis audit verify notes --config notes.toml --admin-url-file /run/secrets/admin-url \\
    --key ledger-key.pub --anchors /mnt/anchors --state notes-verify.json")]
pub struct Args {
    /// Which services' records
    #[arg(required = true, value_name = "SERVICE", value_parser = service_names())]
    services: Vec<String>,
    /// The configuration, TOML
    #[arg(long, value_name = "FILE", env = "TRELLIS_CONFIG")]
    config: PathBuf,
    #[command(flatten)]
    admin: Admin,
    /// A public key that signed heads, and earlier ones; unset: the one beside ledger.key
    #[arg(long = "key", value_name = "FILE")]
    keys: Vec<PathBuf>,
    /// Directories with SERVICE.checkpoints, in them or up to two levels down; unset: ledger.anchors
    #[arg(long, value_name = "DIR")]
    anchors: Vec<PathBuf>,
    /// Where a service has no anchor, compare the heads beside its records alone
    #[arg(long)]
    without_anchors: bool,
    /// Records that are older may be gone: as `purge` keeps them
    #[arg(long, value_name = "N", default_value_t = USUAL_MONTHS,
        value_parser = clap::value_parser!(u16).range(i64::from(LEAST_MONTHS)..=1200))]
    keep_months: u16,
    /// Kept while it runs; where it is there already, verifying goes on from it. For one service
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
}

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let config = Config::load(&args.config)?;
    let services = services(&args.services);
    ensure!(args.state.is_none() || services.len() == 1, "--state is for one service");
    let keys = keys(&config, &args.keys)?;
    let folders = match args.anchors.is_empty() {
        true => vec![config.ledger.anchors.clone()],
        false => args.anchors.clone(),
    };
    let mut holds = true;
    for service in services {
        let progress = one(&config, service, &args, &keys, &folders);
        holds &= progress.await.with_context(|| format!("verifying {service}"))?;
    }
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}

fn keys(config: &Config, files: &[PathBuf]) -> anyhow::Result<Vec<VerifyingKey>> {
    if !files.is_empty() {
        return secrets::public_keys(files);
    }
    let beside = config.ledger.key.with_extension("pub");
    secrets::public_keys(std::iter::once(&beside).chain(&config.ledger.earlier_keys))
}

/// Whether the records of a service hold.
async fn one(
    config: &Config,
    service: Service,
    args: &Args,
    keys: &[VerifyingKey],
    folders: &[PathBuf],
) -> anyhow::Result<bool> {
    let log = config.log_name(service).context("network.audience names no ledger")?;
    let state = State::open(args.state.as_deref(), log.as_str())?;
    let past = first_kept(SystemClock.now().date(), args.keep_months).midnight().assume_utc();
    let mut given =
        Verifying::new(log, keys.to_vec()).gone_before(past).answered(wire::written_once());
    let files = anchors(folders, service)?;
    for path in &files {
        let bytes = fs::read(path).with_context(|| path.display().to_string())?;
        given.anchors(&String::from_utf8_lossy(&bytes));
    }
    if files.is_empty() {
        ensure!(args.without_anchors, "no {service}.checkpoints is there: see --without-anchors");
        say(&format!("{service}: no anchor: only the heads beside the records are compared"));
    }
    let mut conn = database::reading(config, service, &args.admin.url()?).await?;
    let done = verified(&mut conn, &given, state, service).await?;
    for finding in &done.findings {
        say(&format!("{service}: {finding}"));
    }
    if done.more_findings > 0 {
        say(&format!("{service}: {} more of the kind", done.more_findings));
    }
    let anchored = given.anchored();
    let beyond = done.records.saturating_sub(anchored);
    let verdict = if done.holds() { "holds" } else { "DOES NOT HOLD" };
    let gone = match done.gone {
        0 => String::new(),
        gone => format!(" ({gone} of them past their time, and gone)"),
    };
    say(&format!(
        "{service}: {verdict}: {} records{gone}, {} heads; the last anchored head is over {anchored}, \
         and {beyond} lie beyond it",
        done.records, done.heads,
    ));
    Ok(done.holds())
}

async fn verified(
    conn: &mut pg::PgConnection,
    given: &Verifying,
    mut state: State,
    service: Service,
) -> anyhow::Result<Progress> {
    let bar = ProgressBar::new(0);
    bar.set_style(ProgressStyle::with_template("{msg:12} {bar:40} {pos}/{len} {per_sec} {eta}")?);
    bar.set_message(service.name());
    let mut kept = Ok(());
    let from = state.progress.take();
    let done = verify(conn, given, from, |at, total, resumable| {
        bar.set_length(total);
        bar.set_position(at.records);
        if resumable && kept.is_ok() {
            kept = state.keep(at);
        }
    });
    let done = done.await?;
    bar.finish_and_clear();
    kept?;
    state.done()?;
    Ok(done)
}

/// The files that a service's heads were anchored in.
fn anchors(folders: &[PathBuf], service: Service) -> anyhow::Result<Vec<PathBuf>> {
    let name = format!("{}.checkpoints", service.name());
    let mut found = Vec::new();
    let mut folders: Vec<(PathBuf, usize)> = folders.iter().map(|f| (f.clone(), 0)).collect();
    while let Some((folder, depth)) = folders.pop() {
        let at = || folder.display().to_string();
        for entry in fs::read_dir(&folder).with_context(at)? {
            let path = entry.with_context(at)?.path();
            match () {
                () if path.is_dir() && depth < DEPTH => folders.push((path, depth + 1)),
                () if path.is_file() && path.ends_with(&name) => found.push(path),
                () => {}
            }
        }
    }
    Ok(found)
}

/// Where verifying has come to, in a file.
struct State {
    path: Option<PathBuf>,
    log: String,
    progress: Option<Progress>,
    kept: Instant,
}

/// The file.
#[derive(Serialize, Deserialize)]
struct Kept<P> {
    log: String,
    at: P,
}

impl State {
    fn open(path: Option<&Path>, log: &str) -> anyhow::Result<Self> {
        let (mut progress, log, kept) = (None, log.to_owned(), Instant::now());
        let Some(path) = path else { return Ok(Self { path: None, log, progress, kept }) };
        let name = || path.display().to_string();
        match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            read => {
                let kept: Kept<Progress> =
                    serde_json::from_slice(&read.with_context(name)?).with_context(name)?;
                ensure!(kept.log == log, "{}: is of {}", name(), kept.log);
                progress = Some(kept.at);
            }
        }
        Ok(Self { path: Some(path.to_owned()), log, progress, kept })
    }

    fn keep(&mut self, at: &Progress) -> anyhow::Result<()> {
        let Some(path) = self.path.as_ref().filter(|_| self.kept.elapsed() >= KEEP) else {
            return Ok(());
        };
        let beside = path.with_extension("new");
        let name = || path.display().to_string();
        let text = serde_json::to_vec(&Kept { log: self.log.clone(), at })?;
        fs::write(&beside, text).with_context(name)?;
        fs::rename(&beside, path).with_context(name)?;
        self.kept = Instant::now();
        Ok(())
    }

    /// What was verified is verified anew the next time.
    fn done(&self) -> anyhow::Result<()> {
        match self.path.as_ref().map(fs::remove_file) {
            Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }
}
