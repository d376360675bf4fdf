//! `trellis keys`: what a network has to have before its first start.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use identity::NetworkKeys;
use trellis::secrets;

use super::say;

/// Make the network's key and secrets, where they are missing
///
/// Writes network-key.pem (by which services know each other), network-jwks.json (its public half,
/// which every process needs), page-tokens, people-matching and ledger-key (by which the heads of the
/// audit records are signed) with ledger-key.pub, which verifies them. Keep people-matching as long as
/// the people service's data: with another one nobody is recognised any more.
#[derive(Debug, clap::Args)]
#[command(after_help = "Rotating the network's key, with no call refused:
  trellis keys DIR --rotate      all processes accept both keys; restart them one by one
  trellis keys DIR --retire      once all run with the new one")]
pub struct Args {
    /// Where they are kept
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Make a new network key and keep the old one's public half beside it
    #[arg(long, conflicts_with = "retire")]
    rotate: bool,
    /// Accept the newest network key alone
    #[arg(long)]
    retire: bool,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let at = || args.directory.display().to_string();
    let mut keys = NetworkKeys::open(&args.directory).with_context(at)?;
    if args.rotate {
        keys.rotate().with_context(at)?;
    }
    if args.retire {
        keys.retire().with_context(at)?;
    }
    for name in ["page-tokens", "people-matching"] {
        secrets::read_or_make(&args.directory.join(name))?;
    }
    secrets::ledger_key(&args.directory.join("ledger-key"))?;
    say(&format!("{}: network key {}", at(), keys.signing_key().kid()));
    Ok(ExitCode::SUCCESS)
}
