//! `cargo xtask bench`: what a checked read costs, beside an echo and an unprotected read.

use std::process::{Command, ExitCode};

use crate::{project::Project, run, tools};

#[derive(clap::Args)]
pub struct Args {
    /// One short run of each with the debug build: shows that it works, not how fast
    #[arg(long)]
    smoke: bool,
    /// Passed on to `trellis-bench run`; --help there tells what
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

pub fn run(project: &Project, args: &Args) -> anyhow::Result<ExitCode> {
    tools::h2load()?;
    let status = run::status(command(project, args.smoke)?.args(&args.rest))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Builds the benchmark; what to run then.
pub fn command(project: &Project, smoke: bool) -> anyhow::Result<Command> {
    let build = ["build", "--package", "trellis-bench"];
    let release: &[&str] = if smoke { &[] } else { &["--release"] };
    run::must(project.cargo(&build).args(release))?;
    let profile = if smoke { "debug" } else { "release" };
    let mut command = project.command(project.target.join(profile).join("trellis-bench"), &["run"]);
    if smoke {
        command.arg("--smoke");
    }
    Ok(command)
}
