//! `trellis audit purge`: the text of records that are past their time goes.

use std::process::ExitCode;

use anyhow::Context as _;
use kernel::{Clock as _, SystemClock};
use ledger::months::{LEAST_MONTHS, USUAL_MONTHS, months_before, purge_held, purge_month};
use secrecy::SecretString;
use time::{Date, Month};
use trellis::{Config, Service, database};
use uuid::Uuid;

use super::super::{Admin, say, service_names, services};

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
    for service in services(&args.services) {
        one(&config, service, &args, &admin).await.with_context(|| format!("purging {service}"))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn one(
    config: &Config,
    service: Service,
    args: &Args,
    admin: &SecretString,
) -> anyhow::Result<()> {
    let mut conn = database::retaining(config, service, admin).await?;
    let months = months_before(&mut conn, args.keep_months).await?;
    if args.dry_run {
        for month in &months {
            say(&format!("{service}: {} would go", short(*month)));
        }
        say(&format!("{service}: {} months would go", months.len()));
        return Ok(());
    }
    for month in months {
        // Asked anew each time: a hold may have been placed meanwhile.
        let held = held(config, admin).await?;
        let gone = purge_month(&mut conn, month, &held).await;
        let gone = gone.with_context(|| short(month))?;
        say(&format!(
            "{service}: {}: {} records, {} of them held",
            short(month),
            gone.records,
            gone.held
        ));
    }
    let held = held(config, admin).await?;
    let lifted = purge_held(&mut conn, &held).await?;
    say(&format!("{service}: {lifted} records whose hold was lifted"));
    if service == Service::Audit {
        let before = before(SystemClock.now().date(), args.keep_months);
        let gone = audit::purge_copy(&mut conn, before, &held).await?;
        say(&format!("{service}: {gone} records of the copy"));
    }
    Ok(())
}

/// The people whose records stay. Where they can't be asked for nothing goes.
async fn held(config: &Config, admin: &SecretString) -> anyhow::Result<Vec<Uuid>> {
    let mut conn = database::reading(config, Service::Audit, admin).await?;
    audit::held(&mut conn).await.context("the legal holds could not be read")
}

fn short(month: Date) -> String {
    format!("{}-{:02}", month.year(), u8::from(month.month()))
}

/// The first day of the earliest month that stays.
fn before(today: Date, keep: u16) -> Date {
    let months = today.year() * 12 + i32::from(u8::from(today.month())) - 1 - i32::from(keep);
    let month = u8::try_from(months.rem_euclid(12) + 1).ok().and_then(|m| Month::try_from(m).ok());
    let first = month.and_then(|m| Date::from_calendar_date(months.div_euclid(12), m, 1).ok());
    first.unwrap_or(Date::MIN)
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn a_month_stays_for_so_many_months_after_it() {
        assert_eq!(before(date!(2026 - 11 - 28), 72), date!(2020 - 11 - 01));
        assert_eq!(before(date!(2026 - 01 - 01), 36), date!(2023 - 01 - 01));
        assert_eq!(before(date!(2026 - 12 - 31), 37), date!(2023 - 11 - 01));
        assert_eq!(short(date!(2023 - 01 - 01)), "2023-01");
    }
}
