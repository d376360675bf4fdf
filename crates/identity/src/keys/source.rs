//! Where a key set is read: a file, or a URL that is trusted because its TLS is.

use std::{path::PathBuf, time::Duration};

use reqwest::{Client, StatusCode, Url, redirect::Policy};
use tokio::io::AsyncReadExt;

use crate::config::KeyLocation;

/// Real sets are a few KiB.
const MAX_BYTES: usize = 256 * 1024;
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) enum Source {
    File(PathBuf),
    Url(Client, Url),
}

impl Source {
    pub(crate) fn at(location: KeyLocation) -> Result<Self, reqwest::Error> {
        Ok(match location {
            KeyLocation::File(path) => Self::File(path),
            KeyLocation::Url(url) => {
                // A redirect could lead off https, or into the network.
                let client =
                    Client::builder().redirect(Policy::none()).timeout(PATIENCE).build()?;
                Self::Url(client, url)
            }
        })
    }

    /// A file that can't be read is a fault of the configuration; a provider may come back.
    pub(crate) fn must_be_there_at_start(&self) -> bool {
        matches!(self, Self::File(_))
    }

    /// The document, or why not, in words that hold nothing of it.
    pub(crate) async fn fetch(&self) -> Result<Vec<u8>, &'static str> {
        let bytes = match self {
            Self::File(path) => {
                let file = tokio::fs::File::open(path).await;
                let mut bytes = Vec::new();
                file.map_err(|_| "the key file can't be opened")?
                    .take(MAX_BYTES as u64 + 1)
                    .read_to_end(&mut bytes)
                    .await
                    .map_err(|_| "the key file can't be read")?;
                bytes
            }
            Self::Url(client, url) => {
                let sent = client.get(url.clone()).send().await;
                let mut answer = sent.map_err(|_| "the provider can't be reached")?;
                if answer.status() != StatusCode::OK {
                    return Err("the provider did not answer 200");
                }
                let mut bytes = Vec::new();
                while let Some(chunk) =
                    answer.chunk().await.map_err(|_| "the provider's answer broke off")?
                {
                    if bytes.len() + chunk.len() > MAX_BYTES {
                        return Err("the key set is too large");
                    }
                    bytes.extend_from_slice(&chunk);
                }
                bytes
            }
        };
        (bytes.len() <= MAX_BYTES).then_some(bytes).ok_or("the key set is too large")
    }
}
