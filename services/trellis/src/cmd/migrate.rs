//! `trellis migrate`: schemas and roles, made and brought up to date.

use std::{path::PathBuf, process::ExitCode};

use trellis::{Config, database};

use super::{Admin, say, service_names, services};

/// Make the services' schemas and roles, and bring them up to date
///
/// Each service has a schema of its own, a role that owns it and that nobody can log in as, a role
/// that it runs as, which owns nothing, and one for `trellis audit purge` that nobody can log in as.
/// Running it again changes nothing. Run it before the new version of a service starts: an older
/// version runs on a newer schema.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  trellis migrate all --config trellis.toml --admin-url-file /run/secrets/admin-url")]
pub struct Args {
    /// Which services' schemas
    #[arg(required = true, value_name = "SERVICE", value_parser = service_names())]
    services: Vec<String>,
    /// The configuration, TOML
    #[arg(long, value_name = "FILE", env = "TRELLIS_CONFIG")]
    config: PathBuf,
    #[command(flatten)]
    admin: Admin,
}

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let config = Config::load(&args.config)?;
    let _telemetry = telemetry::init(config.telemetry.clone())?;
    let services = services(&args.services);
    let admin = args.admin.url()?;
    database::migrate(&config, &services, &admin).await?;
    database::walls_stand(&config, &services, &admin).await?;
    for service in services {
        say(&format!("{service}: up to date"));
    }
    Ok(ExitCode::SUCCESS)
}
