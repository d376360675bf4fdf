//! Where a key set is read: a file, or a URL that is trusted because its TLS is.

use std::{path::PathBuf, time::Duration};

use reqwest::{Client, StatusCode, Url, redirect::Policy};
use serde::Deserialize;
use tokio::io::AsyncReadExt;

use crate::{
    config::{KeyLocation, trustworthy},
    json,
};

/// Real sets are a few KiB, and so is a provider's metadata.
const MAX_BYTES: usize = 256 * 1024;
/// For all that one refresh asks.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) enum Source {
    File(PathBuf),
    Url(Client, Url),
    /// The set is where the issuer's own metadata says, which is asked each time: the set may move.
    Discovery {
        client: Client,
        issuer: String,
        document: Url,
    },
}

/// What we read of OpenID Connect Discovery's metadata.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

impl Source {
    pub(crate) fn at(location: KeyLocation) -> Result<Self, reqwest::Error> {
        // A redirect could lead off https, or into the network.
        let client = |of: &Url| {
            let plain = Client::builder().redirect(Policy::none()).timeout(PATIENCE);
            // http is of this machine alone, and believed for it: a proxy would be another.
            if of.scheme() == "http" { plain.no_proxy().build() } else { plain.build() }
        };
        Ok(match location {
            KeyLocation::File(path) => Self::File(path),
            KeyLocation::Url(url) => Self::Url(client(&url)?, url),
            KeyLocation::Discovery { issuer, document } => {
                Self::Discovery { client: client(&document)?, issuer, document }
            }
        })
    }

    /// A file that can't be read is a fault of the configuration; a provider may come back.
    pub(crate) fn must_be_there_at_start(&self) -> bool {
        matches!(self, Self::File(_))
    }

    /// The document, or why not, in words that hold nothing of it.
    pub(crate) async fn fetch(&self) -> Result<Vec<u8>, &'static str> {
        let set = async {
            match self {
                Self::File(path) => read(path).await,
                Self::Url(client, url) => get(client, url).await,
                Self::Discovery { client, issuer, document } => {
                    let set = key_set(&get(client, document).await?, issuer, document)?;
                    get(client, &set).await
                }
            }
        };
        // Each question has its bound; this one is for both of them.
        tokio::time::timeout(PATIENCE, set).await.map_err(|_| "the provider is too slow")?
    }
}

async fn read(path: &PathBuf) -> Result<Vec<u8>, &'static str> {
    let file = tokio::fs::File::open(path).await;
    let mut bytes = Vec::new();
    file.map_err(|_| "the key file can't be opened")?
        .take(MAX_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .await
        .map_err(|_| "the key file can't be read")?;
    (bytes.len() <= MAX_BYTES).then_some(bytes).ok_or("the key file is too large")
}

async fn get(client: &Client, url: &Url) -> Result<Vec<u8>, &'static str> {
    let sent = client.get(url.clone()).send().await;
    let mut answer = sent.map_err(|_| "the provider can't be reached")?;
    if answer.status() != StatusCode::OK {
        return Err("the provider did not answer 200");
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|_| "the provider's answer broke off")? {
        if bytes.len() + chunk.len() > MAX_BYTES {
            return Err("the provider's answer is too large");
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Where the set is. Metadata of another issuer, be it by one letter, is a mix-up or an attack.
fn key_set(bytes: &[u8], issuer: &str, document: &Url) -> Result<Url, &'static str> {
    if !json::is_plain_object(bytes) {
        return Err("the provider's metadata is not plain JSON");
    }
    let metadata: Metadata =
        serde_json::from_slice(bytes).map_err(|_| "the document is no provider's metadata")?;
    if metadata.issuer != issuer {
        return Err("the metadata is another issuer's");
    }
    // What came over TLS does not lead off it.
    let sealed =
        |url: &Url| trustworthy(url) && (url.scheme() == "https" || document.scheme() == "http");
    let url = Url::parse(&metadata.jwks_uri).ok().filter(sealed);
    url.ok_or("the metadata's jwks_uri is not https")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_over_tls_does_not_lead_off_it() {
        let document = |text: &str| Url::parse(text).unwrap();
        let sealed = document("https://sign-in.example/.well-known/openid-configuration");
        let loopback = document("http://127.0.0.1:1/.well-known/openid-configuration");
        for (at, uri, taken) in [
            (&sealed, "https://keys.example/jwks", true),
            (&sealed, "http://keys.example/jwks", false),
            (&sealed, "http://127.0.0.1:1/jwks", false),
            (&loopback, "http://127.0.0.1:1/jwks", true),
            (&loopback, "http://keys.example/jwks", false),
        ] {
            let text = format!("{{\"issuer\":\"x\",\"jwks_uri\":\"{uri}\"}}");
            assert_eq!(key_set(text.as_bytes(), "x", at).is_ok(), taken, "{at} {uri}");
            assert!(key_set(text.as_bytes(), "y", at).is_err());
        }
    }
}
