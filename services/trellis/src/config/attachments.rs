//! Where the bytes of notes' files are.

use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use serde::Deserialize;
use tonic::codegen::http::Uri;

use super::ConfigError;
use crate::secrets;

/// What the notes service goes by.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NotesConfig {
    pub attachments: AttachmentsConfig,
}

/// A folder, or a bucket where one is named.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AttachmentsConfig {
    /// All instances of the service need the same one. `attachments`, unless a bucket is named.
    pub folder: Option<PathBuf>,
    pub s3: Option<S3Config>,
}

/// A bucket of a store that speaks as S3 does.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3Config {
    pub bucket: String,
    pub region: String,
    /// Its URL; left out: Amazon's.
    pub endpoint: Option<String>,
    pub access_key_id: String,
    /// A file that holds the key.
    pub secret_access_key_file: PathBuf,
}

impl AttachmentsConfig {
    /// A folder where nothing is said.
    pub(super) fn settle(&mut self) {
        if self.s3.is_none() {
            self.folder.get_or_insert_with(|| "attachments".into());
        }
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let Some(s3) = &self.s3 else { return Ok(()) };
        if self.folder.is_some() {
            return Err(ConfigError::key("notes.attachments", "takes either folder or s3"));
        }
        let named =
            [("bucket", &s3.bucket), ("region", &s3.region), ("access_key_id", &s3.access_key_id)];
        for (key, value) in named {
            if value.trim().is_empty() {
                let key = format!("notes.attachments.s3.{key}");
                return Err(ConfigError::key(&key, "is empty"));
            }
        }
        let sealed = |url: &String| {
            let uri = url.parse::<Uri>().ok()?;
            match (uri.scheme_str()?, uri.host()?) {
                ("https", _) => Some(()),
                ("http", host) if serve::is_loopback(host) => Some(()),
                _ => None,
            }
        };
        if s3.endpoint.as_ref().is_some_and(|url| sealed(url).is_none()) {
            let key = "notes.attachments.s3.endpoint";
            return Err(ConfigError::key(key, "must be https, or http on a loopback address"));
        }
        Ok(())
    }

    /// Opens it.
    pub(crate) fn open(&self) -> anyhow::Result<notes::Files> {
        match (&self.s3, &self.folder) {
            (Some(s3), _) => s3.open().context("notes.attachments.s3"),
            (None, Some(folder)) => {
                let at = || format!("notes.attachments.folder {}", folder.display());
                notes::Files::folder(folder).with_context(at)
            }
            (None, None) => Err(anyhow!("notes.attachments.folder is missing")),
        }
    }
}

impl S3Config {
    fn open(&self) -> anyhow::Result<notes::Files> {
        let s3 = notes::S3 {
            endpoint: self.endpoint.clone(),
            bucket: self.bucket.clone(),
            region: self.region.clone(),
            access_key_id: self.access_key_id.clone(),
            secret_access_key: secrets::given(&self.secret_access_key_file)?,
        };
        Ok(notes::Files::s3(&s3)?)
    }
}
