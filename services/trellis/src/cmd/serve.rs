//! `trellis serve`: services in production.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use kernel::SystemClock;
use trellis::{Config, database, descriptors};

use super::{Admin, Lifeline, report, service_names, services};

/// Run services
///
/// Prints `listening on ADDRESS` once it serves. SIGTERM or Ctrl-C drains: requests in flight are
/// answered, and it exits 0. Services that run in other processes are found under [peers].
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  trellis serve notes --config /etc/trellis/notes.toml
  trellis serve all --config trellis.toml --migrate

deploy/config/ has a configuration for each, commented.")]
pub struct Args {
    /// Which services this process runs
    #[arg(required = true, value_name = "SERVICE", value_parser = service_names())]
    services: Vec<String>,
    /// The configuration, TOML
    #[arg(long, value_name = "FILE", env = "TRELLIS_CONFIG")]
    config: PathBuf,
    /// Bring the database up to date first, with --admin-url
    #[arg(long)]
    migrate: bool,
    #[command(flatten)]
    admin: Admin,
    /// Write the port into this file once it listens
    #[arg(long, value_name = "FILE")]
    port_file: Option<PathBuf>,
    #[command(flatten)]
    lifeline: Lifeline,
}

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let config = Config::load(&args.config)?;
    let _telemetry = telemetry::init(config.telemetry.clone())?;
    let stop = args.lifeline.stop()?;
    let services = services(&args.services);
    descriptors::enough(&config, &services)?;
    let socket = trellis::bind(&config)?;
    if args.migrate {
        database::migrate(&config, &services, &args.admin.url()?).await?;
    }
    let running =
        trellis::start_on(socket, &config, &services, Arc::new(SystemClock), stop).await?;
    report::listening(running.addr(), args.port_file.as_deref())?;
    let drained = running.join().await?;
    if drained.connections_cut > 0 {
        tracing::warn!(connections = drained.connections_cut, "cut at the end of the drain");
    }
    Ok(ExitCode::SUCCESS)
}
