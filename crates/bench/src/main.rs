//! What a checked read costs: the same call three times, as an echo, as an unprotected read and as
//! the real GetNote, each behind the same listener on one core of its own, under the load of
//! h2load; what a decision costs, beside Cedar's; what a search of the directory and of notes costs as it
//! grows; what is served under overload; and how soon those who watch are told. `cargo xtask bench` builds this with the release profile and runs it.
//!
//! Nothing ships from here. It puts the services together as the binary does, but for the people
//! service and the directory, which a read by staff does not ask: their answers are fixed.

mod decide;
mod layer;
mod notes;
mod prepare;
mod run;
mod search;
mod serving;
mod store;
mod watch;
mod world;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "trellis-bench", about = "Measures what a checked read costs")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measures, and prints the table
    Run(run::Args),
    /// Measures what is served while many times as much is asked for
    Overload(run::overload::Args),
    /// Measures a decision alone, beside Cedar's
    Decide(decide::Args),
    /// Measures searches of the directory, beside a scan
    Search(search::Args),
    /// Measures searches of notes, and what their time tells
    Notes(notes::Args),
    /// Measures how soon those who watch referrals are told
    Watch(watch::Args),
    /// One of the three servers; ends with its standard input
    Server {
        kind: serving::Kind,
        /// The folder that `run` made
        #[arg(long)]
        home: PathBuf,
        #[arg(long, default_value = "current")]
        runtime: serving::Runtime,
    },
    /// The consent service; ends with its standard input
    Consent {
        #[arg(long)]
        home: PathBuf,
        #[arg(long, default_value = "current")]
        runtime: serving::Runtime,
    },
    /// The referrals service; ends with its standard input
    Referrals {
        #[arg(long)]
        home: PathBuf,
        #[arg(long, default_value = "current")]
        runtime: serving::Runtime,
    },
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Run(args) => run::run(&args),
        Command::Overload(args) => run::overload::run(&args),
        Command::Decide(args) => decide::run(&args),
        Command::Search(args) => search::run(&args),
        Command::Notes(args) => notes::run(&args),
        Command::Watch(args) => watch::run(&args),
        Command::Server { kind, home, runtime } => serving::run(kind, &home, runtime),
        Command::Consent { home, runtime } => serving::run(serving::Kind::Consent, &home, runtime),
        Command::Referrals { home, runtime } => {
            serving::run(serving::Kind::Referrals, &home, runtime)
        }
    }
}
