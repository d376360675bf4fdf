//! `cargo xtask bench`: what a decision costs, beside Cedar's; what a search of the directory costs,
//! beside a scan; what a search of notes costs as they grow, and what its time tells; how soon those who watch referrals are told; what is served while five times
//! as much is asked for; and what a checked read costs, beside an echo and an unprotected read.

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use crate::{project::Project, run, tools, walls};

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
    let program = build(project, args.smoke)?;
    run::must(&mut decide(project, &program, args.smoke))?;
    run::must(&mut search(project, &program, args.smoke))?;
    run::must(&mut notes(project, &program, args.smoke))?;
    run::must(&mut watch(project, &program, args.smoke))?;
    run::must(measure(project, &program, args.smoke).args(&args.rest))?;
    // Last: it fails where too little is served, and all else has been told by then.
    let status = run::status(&mut overload(project, &program, args.smoke)?)?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Builds the benchmark; for a smoke run, as `test` has built it with all else: by itself it and much
/// that it needs would have other features, and be built again.
pub fn build(project: &Project, smoke: bool) -> anyhow::Result<PathBuf> {
    let mut build = match smoke {
        true => project.linted(&["build", "--workspace", "--all-targets"])?,
        false => project.cargo(&["build", "--release", "--package", "trellis-bench"]),
    };
    run::must(&mut build)?;
    let profile = if smoke { "debug" } else { "release" };
    Ok(project.target.join(profile).join("trellis-bench"))
}

/// The decision alone.
pub fn decide(project: &Project, program: &Path, smoke: bool) -> Command {
    command(project, program, "decide", smoke)
}

/// Searches of the directory.
pub fn search(project: &Project, program: &Path, smoke: bool) -> Command {
    command(project, program, "search", smoke)
}

/// Searches of notes.
pub fn notes(project: &Project, program: &Path, smoke: bool) -> Command {
    command(project, program, "notes", smoke)
}

/// How soon those who watch are told.
pub fn watch(project: &Project, program: &Path, smoke: bool) -> Command {
    command(project, program, "watch", smoke)
}

/// The read, under more load than it bears.
pub fn overload(project: &Project, program: &Path, smoke: bool) -> anyhow::Result<Command> {
    let mut overload = command(project, program, "overload", smoke);
    overload.env("TRELLIS_FIGURES", walls::figures(project)?);
    Ok(overload)
}

/// The read, under load.
pub fn measure(project: &Project, program: &Path, smoke: bool) -> Command {
    command(project, program, "run", smoke)
}

fn command(project: &Project, program: &Path, what: &str, smoke: bool) -> Command {
    let mut command = project.command(program, &[what]);
    if smoke {
        command.arg("--smoke");
    }
    command
}
