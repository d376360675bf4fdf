//! `trellis import`: agencies and their services from files.

mod files;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context as _, bail};
use client::{Client, TokenSource};
use indicatif::{ProgressBar, ProgressStyle};
use wire::directory::v1::{ImportDirectoryRequest, ImportDirectoryResponse};

use super::say;
use files::Files;

/// The contract's most.
const CHUNK: usize = 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(300);

/// Load agencies and services into a network's directory
#[derive(Debug, clap::Subcommand)]
pub enum Import {
    Hsds(Hsds),
}

/// Import a folder of HSDS 3 CSV
///
/// Each organization is imported whole or not at all; importing again changes what has changed and
/// adds nothing twice. Prints each row that was refused, as `table:line:column: reason`, and exits
/// 1 if there was one. An import never sets an agency's flags, status or sign-ins.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  trellis token --kind network --role NETWORK_ADMIN > admin.token
  trellis import hsds ./hsds --server http://127.0.0.1:50051 --token-file admin.token")]
pub struct Hsds {
    /// Folder with organizations.csv, services.csv, …
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Where the directory service listens
    #[arg(
        long,
        value_name = "URL",
        env = "TRELLIS_SERVER",
        default_value = "http://127.0.0.1:50051"
    )]
    server: String,
    /// A token with the role NETWORK_ADMIN
    #[arg(long, value_name = "TOKEN", env = "TRELLIS_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// A file that holds the token
    #[arg(long, value_name = "FILE", conflicts_with = "token")]
    token_file: Option<PathBuf>,
    /// The authority that signed the server's certificate, PEM, for an https server
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

pub async fn run(Import::Hsds(args): Import) -> anyhow::Result<ExitCode> {
    let files = Files::read(&args.directory)?;
    for name in &files.left_out {
        eprintln!("trellis: {name}: not a table that is imported; left out");
    }
    let mut connecting = Client::builder(&args.server, TokenSource::fixed(args.token()?));
    if let Some(ca) = &args.ca {
        let pem = std::fs::read(ca).with_context(|| ca.display().to_string())?;
        connecting = connecting.ca_pem(pem);
    }
    let client = connecting.connect().await?;
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
        ImportDirectoryRequest { table, data }
    }));
    let mut directory = client.with_deadline(PATIENCE).directory();
    let reply = directory.import_directory(chunks).await;
    let reply = match reply {
        Ok(reply) => reply.into_inner(),
        Err(status) => {
            bar.abandon();
            bail!("{}: {}", args.server, client::explain(&status));
        }
    };
    bar.set_message("done");
    bar.finish();
    Ok(tell(&reply))
}

impl Hsds {
    fn token(&self) -> anyhow::Result<String> {
        match (&self.token, &self.token_file) {
            (Some(token), _) => Ok(token.trim().to_owned()),
            (None, Some(path)) => {
                let text = std::fs::read_to_string(path);
                Ok(text.with_context(|| path.display().to_string())?.trim().to_owned())
            }
            (None, None) => bail!("--token-file, --token or TRELLIS_TOKEN is missing"),
        }
    }
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
