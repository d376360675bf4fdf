//! `trellis audit`: whether the audit records are what they were, and letting go those that are past their
//! time.

mod purge;
mod verify;

use std::process::ExitCode;

#[derive(Debug, clap::Subcommand)]
pub enum Audit {
    Verify(verify::Args),
    Purge(purge::Args),
}

pub async fn run(audit: Audit) -> anyhow::Result<ExitCode> {
    match audit {
        Audit::Verify(args) => verify::run(args).await,
        Audit::Purge(args) => purge::run(args).await,
    }
}
