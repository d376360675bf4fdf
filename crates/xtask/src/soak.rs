//! `cargo xtask soak`: the long runs, of which `test` has a short smoke.

use std::process::ExitCode;

use crate::{project::Project, run, walls};

/// The tests of a whole network.
const NETWORK: &str = "trellis-tests";
/// Of the tests of notes, the one of a search that hits only what is hidden.
const HITS_HIDDEN: &str = "takes_as_long_as_one_that_hits_nothing";

#[derive(clap::Args)]
pub struct Args {
    /// Rounds of grant and revoke; 0 leaves them out
    #[arg(long, default_value_t = 10_000)]
    rounds: u32,
    /// Generated worlds on which the decision, lists and explanations must agree; 0 leaves them out
    #[arg(long, default_value_t = 1_000_000)]
    worlds: u32,
    /// kill -9 of a service or its database around an audit record; 0 leaves them out
    #[arg(long, default_value_t = 1_000)]
    kills: u32,
    /// Events of referrals, with kill -9 while they are watched; 0 leaves them out
    #[arg(long, default_value_t = 100_000)]
    events: u32,
    /// Minutes of faults of every kind, by a seed that is printed and that TRELLIS_SEED replays; 0 leaves
    /// them out
    #[arg(long, default_value_t = 60)]
    fault_minutes: u32,
    /// Timings of each, for every RPC that reads and for the words of a search, of what is hidden and of what never
    /// was; 0 leaves them out
    #[arg(long, default_value_t = 10_000)]
    alike: u32,
    /// Audit records, in tens of thousands, that are verified in bounded memory (1 GB of disk a million); 0
    /// leaves them out
    #[arg(long, default_value_t = 1_000)]
    ten_thousands: u32,
}

pub fn run(project: &Project, args: &Args) -> anyhow::Result<ExitCode> {
    let passed = (args.worlds == 0 || worlds(project, args.worlds)?)
        && (args.rounds == 0 || lifecycle(project, "TRELLIS_ROUNDS", args.rounds, &[])?)
        && (args.kills == 0
            || lifecycle(project, "TRELLIS_KILLS", args.kills, &["nothing_comes_out"])?)
        && (args.events == 0
            || lifecycle(project, "TRELLIS_EVENTS", args.events, &["whoever_watches"])?)
        && (args.fault_minutes == 0
            || processes(
                project,
                NETWORK,
                "faults",
                ("TRELLIS_FAULTS_SECONDS", args.fault_minutes.saturating_mul(60)),
                &["whatever_fails"],
            )?)
        && (args.alike == 0
            || (alike(project, NETWORK, "access", args.alike, "told_apart_by_time")?
                && alike(project, "trellis-notes", "it", args.alike, HITS_HIDDEN)?))
        && (args.ten_thousands == 0 || verified(project, args.ten_thousands)?);
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Other worlds at every run, with the release profile: a hundred times as many as in `test`.
fn worlds(project: &Project, worlds: u32) -> anyhow::Result<bool> {
    let mut test = project.cargo(&[
        "test",
        "--release",
        "--package",
        "trellis-policy",
        "--test",
        "list_is_filter_of_decide",
        "a_list_and_an_explanation",
        "--",
        "--nocapture",
    ]);
    test.env("TRELLIS_POLICY_WORLDS", worlds.to_string());
    Ok(run::status(&mut test)?.success())
}

fn verified(project: &Project, ten_thousands: u32) -> anyhow::Result<bool> {
    let mut test = project.cargo(&[
        "test",
        "--release",
        "--package",
        "trellis-ledger",
        "--test",
        "it",
        "verifying_takes_no_more_memory",
        "--",
        "--nocapture",
    ]);
    let records = u64::from(ten_thousands) * 10_000;
    test.env("TRELLIS_RECORDS", records.to_string());
    Ok(run::status(&mut test)?.success())
}

/// The tests of one name, of what is not told apart by time, with so many timings of each.
fn alike(
    project: &Project,
    package: &str,
    test: &str,
    timings: u32,
    only: &str,
) -> anyhow::Result<bool> {
    processes(project, package, test, ("TRELLIS_ALIKE", timings), &[only])
}

/// The tests of what happens to services in their lives, or of them those named, with so many of something.
fn lifecycle(project: &Project, what: &str, many: u32, only: &[&str]) -> anyhow::Result<bool> {
    processes(project, NETWORK, "lifecycle", (what, many), only)
}

/// Tests of real processes, and of a package's own that take as long.
fn processes(
    project: &Project,
    package: &str,
    test: &str,
    (what, many): (&str, u32),
    only: &[&str],
) -> anyhow::Result<bool> {
    let built = run::status(&mut project.cargo(&["build", "--package", "trellis"]))?;
    anyhow::ensure!(built.success(), "the binary does not build");
    let mut tests = project.cargo(&[
        "test",
        "--package",
        package,
        "--test",
        test,
        "--",
        "--nocapture",
        "--test-threads",
        "1",
    ]);
    tests
        .args(only)
        .env(what, many.to_string())
        .env("TRELLIS_FIGURES", walls::figures(project)?)
        .env("TRELLIS_BIN", project.target.join("debug").join("trellis"));
    Ok(run::status(&mut tests)?.success())
}
