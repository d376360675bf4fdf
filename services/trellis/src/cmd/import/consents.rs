//! `trellis import consents`: consents that were signed on paper, from a file.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context as _, bail, ensure};
use client::Client;
use futures::{StreamExt as _, stream};
use indicatif::{ProgressBar, ProgressStyle};
use tonic::{Code, Status};

use trellis::paper::{self, Refused, Row, column_of};

use super::Network;
use crate::cmd::say;

/// Rows under way at once: the consent service commits what arrives together, together.
const AT_ONCE: usize = 8;

/// Record consents that were signed on paper, from a CSV file
///
/// Each row becomes one RecordSignedConsent by the agency whose staff the token names. Prints each
/// row that was refused, as `file:line:column: reason`, and exits 1 if there was one; the others are
/// recorded. A row is known by what it says: the same file, or the file with the refused rows put
/// right, can be imported again with the same sign-in, and records nothing twice.
#[derive(Debug, clap::Args)]
#[command(after_help = paper::HELP)]
pub struct Args {
    /// The consents, CSV with a header
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    network: Network,
}

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let file = args.file.display().to_string();
    let bytes = std::fs::read(&args.file).with_context(|| file.clone())?;
    let rows = paper::read(&bytes).with_context(|| file.clone())?;
    ensure!(!rows.is_empty(), "{file}: holds no row");
    let client = args.network.connect().await?;
    let bar = ProgressBar::new(rows.len() as u64);
    bar.set_style(ProgressStyle::with_template("{msg:12} {bar:40} {pos}/{len} {per_sec}")?);
    bar.set_message("recording");
    let (mut recorded, mut refused) = (0u64, 0u64);
    let mut done = stream::iter(rows).map(|row| record(&client, row)).buffered(AT_ONCE);
    while let Some((line, answer)) = done.next().await {
        match answer {
            Ok(faults) if faults.is_empty() => recorded += 1,
            Ok(faults) => {
                refused += 1;
                bar.suspend(|| tell(&file, line, &faults));
            }
            // Every other row would meet it too.
            Err(status) => {
                bar.abandon();
                say(&format!("{recorded} consents on record; stopped at line {line}"));
                bail!("{}: {}", args.network.server, client::explain(&status));
            }
        }
        bar.inc(1);
    }
    bar.set_message("done");
    bar.finish();
    say(&format!("{recorded} consents on record; {refused} rows refused"));
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tell(file: &str, line: u64, faults: &[Refused]) {
    for fault in faults {
        say(&format!("{file}:{line}:{}: {}", fault.column, fault.reason));
    }
}

/// What was wrong with the row; nothing: it is on record. `Err`: the network took none.
async fn record(client: &Client, row: Row) -> (u64, Result<Vec<Refused>, Status>) {
    let Row { line, cells } = row;
    let request = match cells.and_then(paper::request) {
        Ok(request) => request,
        Err(faults) => return (line, Ok(faults)),
    };
    let answer = client::retry(|| {
        let (mut consents, request) = (client.consents(), request.clone());
        async move { consents.record_signed_consent(request).await }
    });
    let answer = match answer.await {
        Ok(_) => Ok(Vec::new()),
        Err(status) => of_the_row(&status).ok_or(status),
    };
    (line, answer)
}

/// What a refusal says about the row; none where it is about the caller or the network.
fn of_the_row(status: &Status) -> Option<Vec<Refused>> {
    let wrong = client::violations(status);
    if !wrong.is_empty() {
        let told = wrong.into_iter().map(|v| Refused::new(column_of(&v.field), v.description));
        return Some(told.collect());
    }
    let reason = client::reason(status).map(|given| given.reason);
    let one = |column: &str, why: &str| Some(vec![Refused::new(column, why)]);
    match (status.code(), reason.as_deref()) {
        (Code::NotFound, _) => one("person", "this agency has registered no such person"),
        (_, Some("SIGN_IN_NOT_CONFIRMED")) => {
            one("disclosers", "an agency records only what is about its own records")
        }
        (_, Some("LIMIT_EXCEEDED")) => {
            one("person", "has as many consents of one agency as can be on file")
        }
        (Code::FailedPrecondition, _) => one("", status.message()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_about_the_caller_or_the_network_is_no_fault_of_the_row() {
        for code in [Code::Unauthenticated, Code::PermissionDenied, Code::Unavailable] {
            assert!(of_the_row(&Status::new(code, "")).is_none(), "{code:?}");
        }
        let unknown = of_the_row(&Status::not_found("")).unwrap();
        assert_eq!(unknown[0].column, "person");
    }
}
