//! The network's own key, by which services know each other. The private half is one file, the
//! public halves a set beside it: during a rotation the set holds the old one too, so that tokens
//! signed a moment ago still stand.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{
    IssueError,
    key::{SigningKey, load_or_generate, read_set, write, write_set},
};
use crate::config::KeysConfig;

/// Public halves kept: the signing one and those before it.
const OVERLAP: usize = 3;

/// A directory with `network-key.pem` (mode 0600) and `network-jwks.json`.
#[derive(Debug)]
pub struct NetworkKeys {
    directory: PathBuf,
    signing: SigningKey,
}

impl NetworkKeys {
    /// Loads the key, or makes it. The set beside it holds its public half from here on.
    pub fn open(directory: &Path) -> Result<Self, IssueError> {
        fs::create_dir_all(directory)?;
        let signing = load_or_generate(&directory.join("network-key.pem"))?;
        let keys = Self { directory: directory.to_owned(), signing };
        keys.publish(OVERLAP)?;
        Ok(keys)
    }

    pub fn signing_key(&self) -> &SigningKey {
        &self.signing
    }

    /// The set's file, for [`crate::IdentityConfig::service_keys`].
    pub fn jwks_file(&self) -> PathBuf {
        self.directory.join("network-jwks.json")
    }

    pub fn config(&self) -> KeysConfig {
        KeysConfig { jwks_file: Some(self.jwks_file()), jwks_url: None }
    }

    /// A new signing key. Its public half is published before anything is signed with it, and the
    /// one before stays in the set until [`Self::retire`].
    pub fn rotate(&mut self) -> Result<(), IssueError> {
        let (next, pem) = SigningKey::generate()?;
        let before = std::mem::replace(&mut self.signing, next);
        let written = self
            .publish(OVERLAP)
            .and_then(|()| write(&self.directory.join("network-key.pem"), pem.as_bytes(), 0o600));
        if written.is_err() {
            self.signing = before;
        }
        written
    }

    /// Takes all but the signing key out of the set: what they signed falls out.
    pub fn retire(&self) -> Result<(), IssueError> {
        self.publish(1)
    }

    fn publish(&self, keep: usize) -> Result<(), IssueError> {
        let path = self.jwks_file();
        let mut keys: Vec<Value> = vec![self.signing.public_jwk().clone()];
        let others = read_set(&path)?
            .into_iter()
            .filter(|key| key.get("kid").and_then(Value::as_str) != Some(self.signing.kid()));
        keys.extend(others);
        keys.truncate(keep);
        write_set(&path, &keys)
    }
}
