//! `trellis import hsds`: agencies and their services from files.

mod files;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::bail;
use indicatif::{ProgressBar, ProgressStyle};
use wire::directory::v1::{ImportDirectoryRequest, ImportDirectoryResponse};

use super::Network;
use crate::cmd::say;
use files::Files;

/// The contract's most.
const CHUNK: usize = 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(300);

/// Import a folder of HSDS 3 CSV
///
/// Each organization is imported whole or not at all; importing again changes what has changed and
/// adds nothing twice. Prints each row that was refused, as `table:line:column: reason`, and exits
/// 1 if there was one. An import never sets an agency's flags, status or sign-ins. The token's role
/// is NETWORK_ADMIN.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  trellis token --kind network --role NETWORK_ADMIN > admin.token
  trellis import hsds ./hsds --server http://127.0.0.1:50051 --token-file admin.token")]
pub struct Args {
    /// Folder with organizations.csv, services.csv, …
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    #[command(flatten)]
    network: Network,
}

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let files = Files::read(&args.directory)?;
    for name in &files.left_out {
        eprintln!("trellis: {name}: not a table that is imported; left out");
    }
    let client = args.network.connect().await?;
    let bar = ProgressBar::new(files.bytes());
    bar.set_style(ProgressStyle::with_template(
        "{msg:12} {bar:40} {bytes}/{total_bytes} {bytes_per_sec}",
    )?);
    bar.set_message("sending");
    let sent = bar.clone();
    let total = files.bytes();
    let organizations = files.organizations;
    let chunks = tokio_stream::iter(files.chunks(CHUNK).map(move |(table, data)| {
        sent.inc(data.len() as u64);
        if sent.position() == total {
            sent.set_message(format!("importing {organizations}"));
        }
        ImportDirectoryRequest { table, data, ..Default::default() }
    }));
    let mut directory = client.with_deadline(PATIENCE).directory();
    let reply = directory.import_directory(chunks).await;
    let reply = match reply {
        Ok(reply) => reply.into_inner(),
        Err(status) => {
            bar.abandon();
            bail!("{}: {}", args.network.server, client::explain(&status));
        }
    };
    bar.set_message("done");
    bar.finish();
    Ok(tell(&reply))
}

fn tell(reply: &ImportDirectoryResponse) -> ExitCode {
    for row in &reply.rejections {
        say(&format!("{}:{}:{}: {}", row.table, row.line, row.column, row.reason));
    }
    let shown = i32::try_from(reply.rejections.len()).unwrap_or(i32::MAX);
    if reply.rejection_count > shown {
        say(&format!("… and {} more", reply.rejection_count - shown));
    }
    say(&format!(
        "{} organizations, {} services, {} locations imported; {} organizations refused",
        reply.organizations, reply.services, reply.locations, reply.organizations_refused,
    ));
    match reply.rejection_count + reply.organizations_refused {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
