//! `trellis policy check`: conformance cases through the engine that serves requests.

use std::{fs, path::PathBuf, process::ExitCode};

use super::say;

/// Check the disclosure rules against conformance cases
#[derive(Debug, clap::Subcommand)]
pub enum Policy {
    Check(Check),
}

/// Run conformance cases through the decision engine
///
/// One line a case: `ok ID`, or `FAIL ID: what differed`; then `N passed, M failed`. Exits 0 when
/// all passed, 1 when one failed, 2 when a file can't be read as cases.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trellis policy check crates/policy/tests/cases/*.json")]
pub struct Check {
    /// JSON files of cases
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub fn run(Policy::Check(args): &Policy) -> anyhow::Result<ExitCode> {
    let (mut passed, mut failed, mut unread) = (0, 0, false);
    for path in &args.files {
        let read = fs::read(path).map_err(|error| error.to_string());
        match read.and_then(|json| policy::cases::check_file(&json).map_err(|e| e.to_string())) {
            Ok(report) => {
                for result in &report.results {
                    say(&result.to_string());
                }
                passed += report.passed();
                failed += report.failed();
            }
            Err(why) => {
                eprintln!("trellis: {}: {why}", path.display());
                unread = true;
            }
        }
    }
    say(&format!("{passed} passed, {failed} failed"));
    Ok(match (unread, failed) {
        (true, _) => ExitCode::from(2),
        (false, 0) => ExitCode::SUCCESS,
        (false, _) => ExitCode::FAILURE,
    })
}
