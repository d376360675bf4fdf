//! `trellis audit purge`: the text of records that are past their time goes.

use std::{process::ExitCode, time::Duration};

use anyhow::Context as _;
use kernel::{Clock as _, SystemClock};
use ledger::months::{
    self, LEAST_MONTHS, USUAL_MONTHS, first_kept, months_before, purge_held, purge_month,
};
use pg::{PgConnection, StoreError};
use secrecy::SecretString;
use time::Date;
use trellis::{Config, Service, database};
use uuid::Uuid;

use super::super::{Admin, say, service_names, services};

/// Rows of the copy in one transaction.
const SOME: i64 = 20_000;
/// How often a month is tried that somebody reads, and how long between.
const TRIES: u32 = 5;
const AGAIN: Duration = Duration::from_secs(2);

/// Let audit records go that are past their time
///
/// Whole months (UTC) that ended --keep-months ago or earlier: who asked for what goes, and number, id and
/// commitment stay, so that the tree and its proofs hold as before. Records about people under a legal hold
/// stay whole, and go when the hold has been lifted. With the audit service, its copy goes as well. Works as
/// a role that may do this and nothing else.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  trellis audit purge all --config all.toml --admin-url-file /run/secrets/admin-url --dry-run")]
pub struct Args {
    /// Which services' records
    #[arg(required = true, value_name = "SERVICE", value_parser = service_names())]
    services: Vec<String>,
    /// The configuration, TOML
    #[arg(long, value_name = "FILE", env = "TRELLIS_CONFIG")]
    config: std::path::PathBuf,
    #[command(flatten)]
    admin: Admin,
    /// For how many months records are kept after the month they are of
    #[arg(long, value_name = "N", default_value_t = USUAL_MONTHS,
        value_parser = clap::value_parser!(u16).range(i64::from(LEAST_MONTHS)..=1200))]
    keep_months: u16,
    /// Say what would go, and let nothing go
    #[arg(long)]
    dry_run: bool,
}

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let config = Config::load(&args.config)?;
    let admin = args.admin.url()?;
    let mut failed = None;
    // One that can't be purged now keeps no other's records.
    for service in services(&args.services) {
        let mut purge = Purge { config: &config, service, args: &args, admin: &admin };
        if let Err(error) = purge.all().await.with_context(|| format!("purging {service}")) {
            say(&format!("{service}: not all of it is gone"));
            failed.get_or_insert(error);
        }
    }
    match failed {
        None => Ok(ExitCode::SUCCESS),
        Some(error) => Err(error),
    }
}

struct Purge<'a> {
    config: &'a Config,
    service: Service,
    args: &'a Args,
    admin: &'a SecretString,
}

impl Purge<'_> {
    async fn all(&mut self) -> anyhow::Result<()> {
        let service = self.service;
        let mut conn = database::retaining(self.config, service, self.admin).await?;
        let months = months_before(&mut conn, self.args.keep_months).await?;
        if self.args.dry_run {
            for month in &months {
                say(&format!("{service}: {} would go", short(*month)));
            }
            say(&format!("{service}: {} months would go", months.len()));
            return Ok(());
        }
        for month in months {
            self.month(&mut conn, month).await.with_context(|| short(month))?;
        }
        let (mut lifted, mut copied) = (0, 0);
        self.held_to(&mut conn, async |conn, held| {
            lifted = purge_held(conn, held).await?;
            Ok(())
        })
        .await?;
        say(&format!("{service}: {lifted} records whose hold was lifted"));
        if service == Service::Audit {
            let before = first_kept(SystemClock.now().date(), self.args.keep_months);
            let mut some = SOME;
            while some == SOME {
                self.held_to(&mut conn, async |conn, held| {
                    some = audit::purge_copy(conn, before, held, SOME).await?;
                    Ok(())
                })
                .await?;
                copied += some;
            }
            say(&format!("{service}: {copied} records of the copy"));
        }
        Ok(())
    }

    /// Again where somebody reads the month's records just now.
    async fn month(&self, conn: &mut PgConnection, month: Date) -> anyhow::Result<()> {
        let mut tries = 1;
        loop {
            let mut gone = None;
            let done = self
                .held_to(conn, async |conn, held| {
                    gone = Some(purge_month(conn, month, held).await?);
                    Ok(())
                })
                .await;
            match (done, gone) {
                (Ok(()), Some(gone)) => {
                    say(&format!(
                        "{}: {}: {} records, {} of them held",
                        self.service,
                        short(month),
                        gone.records,
                        gone.held
                    ));
                    return Ok(());
                }
                (Err(error), _) if busy(&error) && tries < TRIES => {
                    tries += 1;
                    tokio::time::sleep(AGAIN).await;
                }
                (done, _) => return done,
            }
        }
    }

    /// Runs `work` for the people who are held, in a transaction; and anew, undone, where somebody was held
    /// meanwhile. Between the last look and the COMMIT no hold is placed.
    async fn held_to(
        &self,
        conn: &mut PgConnection,
        mut work: impl AsyncFnMut(&mut PgConnection, &[Uuid]) -> Result<(), StoreError>,
    ) -> anyhow::Result<()> {
        let mut held = self.held().await?;
        loop {
            months::begin(conn).await?;
            let done = match work(conn, &held).await {
                Ok(()) => audit::none_placed(conn).await,
                Err(error) => Err(error),
            };
            let now = match done {
                Ok(()) => self.held().await,
                Err(error) => Err(error.into()),
            };
            match now {
                Ok(now) if now.iter().all(|person| held.contains(person)) => {
                    return Ok(months::end(conn, true).await?);
                }
                Ok(now) => held = now,
                Err(error) => {
                    months::end(conn, false).await?;
                    return Err(error);
                }
            }
            months::end(conn, false).await?;
        }
    }

    /// The people whose records stay. Where they can't be asked for nothing goes.
    async fn held(&self) -> anyhow::Result<Vec<Uuid>> {
        let mut conn = database::reading(self.config, Service::Audit, self.admin).await?;
        audit::held(&mut conn).await.context("the legal holds could not be read")
    }
}

/// Whether somebody has the records open.
fn busy(error: &anyhow::Error) -> bool {
    let store = error.chain().find_map(|cause| cause.downcast_ref::<StoreError>());
    matches!(store, Some(StoreError::Contended(_)))
}

fn short(month: Date) -> String {
    format!("{}-{:02}", month.year(), u8::from(month.month()))
}
