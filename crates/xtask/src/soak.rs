//! `cargo xtask soak`: the long runs, of which `test` has a short smoke.

use std::process::ExitCode;

use crate::{project::Project, run};

#[derive(clap::Args)]
pub struct Args {
    /// Rounds of grant and revoke
    #[arg(long, default_value_t = 10_000)]
    rounds: u32,
}

pub fn run(project: &Project, args: &Args) -> anyhow::Result<ExitCode> {
    let built = run::status(&mut project.cargo(&["build", "--package", "trellis"]))?;
    anyhow::ensure!(built.success(), "the binary does not build");
    let mut tests = project.cargo(&[
        "test",
        "--package",
        "trellis-tests",
        "--test",
        "lifecycle",
        "--",
        "--nocapture",
        "--test-threads",
        "1",
    ]);
    tests
        .env("TRELLIS_ROUNDS", args.rounds.to_string())
        .env("TRELLIS_BIN", project.target.join("debug").join("trellis"));
    let status = run::status(&mut tests)?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
