//! `trellis demo`: the main job, on a network that is made for it and thrown away.

use std::{net::Ipv4Addr, path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Context as _;
use identity::DevIssuer;
use kernel::SystemClock;
use trellis::{Service, database};

use super::up::{AUDIENCE, Data, Host};

/// Play the main job, step by step
///
/// Starts a private PostgreSQL and every service on a free loopback port, plays the story over real
/// gRPC, and ends with exit code 0 when every step went as it should.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Keep the data in this directory instead of throwing it away
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let _telemetry = telemetry::init(telemetry::Config {
        filter: std::env::var_os("TRELLIS_LOG").is_none().then(|| "error".to_owned()),
        ..telemetry::Config::default()
    })?;
    let stop = serve::signals()?;
    let (place, keep) = match args.data {
        Some(dir) => (std::path::absolute(dir)?, true),
        None => (std::env::temp_dir().join(format!("trellis-demo-{}", std::process::id())), false),
    };
    let data = Data::at(place.clone());
    let lock = data.lock()?;
    let socket = serve::bind((Ipv4Addr::LOCALHOST, 0).into(), false)?;
    let mut config = data.config(socket.local_addr()?)?;
    let host = Host::start(&data, None, false).await?;
    host.configure(&data, &mut config)?;
    database::migrate(&config, &Service::ALL, &host.admin_url()).await?;
    let clock = Arc::new(SystemClock);
    let running =
        trellis::start_on(socket, &config, &Service::ALL, clock.clone(), stop.clone()).await?;
    let issuer = DevIssuer::open(&data.keys(), AUDIENCE, clock)?;
    let channel = serve::peer(&format!("http://{}", running.addr()), None)?;
    let played = tokio::select! {
        played = crate::demo::play(channel, &issuer, std::io::stdout()) => played,
        () = stop.cancelled() => Err(anyhow::anyhow!("interrupted")),
    };
    running.shutdown();
    running.join().await?;
    host.stop().await;
    drop(lock);
    if !keep {
        std::fs::remove_dir_all(&place).with_context(|| place.display().to_string())?;
    }
    played.context("the story went another way")?;
    Ok(ExitCode::SUCCESS)
}
