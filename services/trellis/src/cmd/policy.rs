//! `trellis policy`: conformance cases through the engine that serves requests, and rule packs.

use std::{fs, path::PathBuf, process::ExitCode};

use trellis::config::{DEFAULT_RULES, Pack};

use super::say;

/// Check the disclosure rules against conformance cases, and rule packs
#[derive(Debug, clap::Subcommand)]
pub enum Policy {
    Check(Check),
    Rules(Rules),
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

/// Check rule packs, or show the reviewed default
///
/// Of each pack its name, `ok ID-VERSION`. One that can't be used is one line that names file, key and
/// limit, and exit code 1. Without a file it shows the default, every rule with its source.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trellis policy rules deploy/config/rules/example-state.toml")]
pub struct Rules {
    /// TOML files of rules
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub fn run(policy: &Policy) -> anyhow::Result<ExitCode> {
    match policy {
        Policy::Check(args) => check(args),
        Policy::Rules(args) => rules(args),
    }
}

fn rules(args: &Rules) -> anyhow::Result<ExitCode> {
    if args.files.is_empty() {
        say(DEFAULT_RULES.trim_end());
    }
    for path in &args.files {
        say(&format!("ok {}", Pack::load(path)?.name()));
    }
    Ok(ExitCode::SUCCESS)
}

fn check(args: &Check) -> anyhow::Result<ExitCode> {
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
