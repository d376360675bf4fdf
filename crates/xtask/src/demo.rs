//! `cargo xtask demo`: builds the binary and plays the story.

use std::process::ExitCode;

use crate::{project::Project, run};

#[derive(clap::Args)]
pub struct Args {
    /// Passed on to `trellis demo`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

pub fn run(project: &Project, args: &Args) -> anyhow::Result<ExitCode> {
    run::must(&mut project.cargo(&["build", "--package", "trellis"]))?;
    let binary = project.target.join("debug").join("trellis");
    let status = run::status(project.command(binary, &["demo"]).args(&args.rest))?;
    // A signal has no code of its own.
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(1)))
}
