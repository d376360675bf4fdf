//! `trellis`: the services of a network, and the commands around them.

mod cmd;
mod demo;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Consent-checked care coordination between agencies, over gRPC.
#[derive(Debug, Parser)]
#[command(name = "trellis", version, after_help = EXAMPLES, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Worker threads; 1 runs everything on one
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

const EXAMPLES: &str = "\
Begin here:
  trellis demo                                 the main job, step by step
  trellis up                                   a whole network on this machine, with its database
  trellis token --kind network --role NETWORK_ADMIN
                                               a token for it
  trellis import hsds DIR --server http://127.0.0.1:50051 --token-file FILE
                                               agencies and services from HSDS 3 CSV
  trellis import consents FILE --token-file FILE
                                               consents that were signed on paper, from CSV

In production, each service is its own process:
  trellis keys /etc/trellis/keys               once a network
  trellis pki DIR --trust-domain NAME          certificates, where no authority of yours makes them
  trellis migrate notes --config notes.toml --admin-url-file FILE
  trellis serve notes --config notes.toml
  trellis audit verify all --config all.toml --admin-url-file FILE
                                               whether anybody changed the audit records

`trellis help COMMAND` says more about each. What a command logs is set by TRELLIS_LOG (info, debug,
trellis=debug, …).";

#[derive(Debug, Subcommand)]
enum Command {
    Demo(cmd::demo::Args),
    Up(cmd::up::Args),
    Serve(cmd::serve::Args),
    Migrate(cmd::migrate::Args),
    Keys(cmd::keys::Args),
    Pki(cmd::pki::Args),
    Token(cmd::token::Args),
    #[command(subcommand)]
    Import(cmd::import::Import),
    #[command(subcommand)]
    Policy(cmd::policy::Policy),
    #[command(subcommand)]
    Audit(cmd::audit::Audit),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let threads = cli.threads;
    let done = match cli.command {
        Command::Demo(args) => cmd::block_on(threads, cmd::demo::run(args)),
        Command::Up(args) => cmd::block_on(threads, cmd::up::run(args)),
        Command::Serve(args) => cmd::block_on(threads, cmd::serve::run(args)),
        Command::Migrate(args) => cmd::block_on(threads, cmd::migrate::run(args)),
        Command::Keys(args) => cmd::keys::run(&args),
        Command::Pki(args) => cmd::pki::run(&args),
        Command::Token(args) => cmd::token::run(&args),
        Command::Import(args) => cmd::block_on(threads, cmd::import::run(args)),
        Command::Policy(args) => cmd::policy::run(&args),
        Command::Audit(args) => cmd::block_on(threads, cmd::audit::run(args)),
    };
    done.unwrap_or_else(|error| {
        eprintln!("trellis: {}", cmd::one_line(&error));
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
