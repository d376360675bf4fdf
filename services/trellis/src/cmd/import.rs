//! `trellis import`: files into a network.

mod consents;
mod hsds;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context as _, bail};
use client::{Client, TokenSource};

/// Load agencies and services, or consents on paper, into a network
#[derive(Debug, clap::Subcommand)]
pub enum Import {
    Hsds(hsds::Args),
    Consents(consents::Args),
}

pub async fn run(import: Import) -> anyhow::Result<ExitCode> {
    match import {
        Import::Hsds(args) => hsds::run(args).await,
        Import::Consents(args) => consents::run(args).await,
    }
}

/// Which network, and as whom.
#[derive(Debug, clap::Args)]
struct Network {
    /// Where the network, or the service that is imported into, listens
    #[arg(
        long,
        value_name = "URL",
        env = "TRELLIS_SERVER",
        default_value = "http://127.0.0.1:50051"
    )]
    server: String,
    /// The token of whoever imports
    #[arg(long, value_name = "TOKEN", env = "TRELLIS_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// A file that holds the token
    #[arg(long, value_name = "FILE", conflicts_with = "token")]
    token_file: Option<PathBuf>,
    /// The authority that signed the server's certificate, PEM, for an https server
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

impl Network {
    async fn connect(&self) -> anyhow::Result<Client> {
        let mut connecting = Client::builder(&self.server, TokenSource::fixed(self.token()?));
        if let Some(ca) = &self.ca {
            let pem = std::fs::read(ca).with_context(|| ca.display().to_string())?;
            connecting = connecting.ca_pem(pem);
        }
        Ok(connecting.connect().await?)
    }

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
