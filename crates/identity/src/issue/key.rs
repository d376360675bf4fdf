//! One ES256 signing key and its files.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::{
    Algorithm, EncodingKey, Header,
    jwk::{Jwk, ThumbprintHash},
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{ClaimsOut, IssueError};

/// A private key never leaves this type but to its own file.
#[derive(Clone)]
pub struct SigningKey {
    key: EncodingKey,
    kid: String,
    public: Value,
}

impl SigningKey {
    /// A new key, and the PEM to keep it by.
    pub(super) fn generate() -> Result<(Self, Zeroizing<String>), IssueError> {
        let document =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
                .map_err(|_| IssueError::Key)?;
        let encoded = Zeroizing::new(STANDARD.encode(document.as_ref()));
        let mut pem = Zeroizing::new(String::from("-----BEGIN PRIVATE KEY-----\n"));
        let mut rest = encoded.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at(rest.len().min(64));
            pem.push_str(line);
            pem.push('\n');
            rest = after;
        }
        pem.push_str("-----END PRIVATE KEY-----\n");
        Ok((Self::from_pem(pem.as_bytes())?, pem))
    }

    /// From PKCS#8 in PEM.
    pub fn from_pem(pem: &[u8]) -> Result<Self, IssueError> {
        crate::prepare_crypto().map_err(|_| IssueError::Key)?;
        let key = EncodingKey::from_ec_pem(pem).map_err(|_| IssueError::Key)?;
        let jwk = Jwk::from_encoding_key(&key, Algorithm::ES256).map_err(|_| IssueError::Key)?;
        let kid = jwk.thumbprint(ThumbprintHash::SHA256).map_err(|_| IssueError::Key)?;
        let mut public = serde_json::to_value(&jwk).map_err(|_| IssueError::Key)?;
        let members = public.as_object_mut().ok_or(IssueError::Key)?;
        members.insert("kid".into(), json!(kid));
        members.insert("use".into(), json!("sig"));
        Ok(Self { key, kid, public })
    }

    /// From a file that others than its owner and group can't read.
    pub fn from_pem_file(path: &Path) -> Result<Self, IssueError> {
        let mut file = File::open(path)?;
        if file.metadata()?.permissions().mode() & 0o007 != 0 {
            return Err(IssueError::Exposed);
        }
        let mut pem = Zeroizing::new(Vec::new());
        file.read_to_end(&mut pem)?;
        Self::from_pem(&pem)
    }

    /// RFC 7638's thumbprint.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half as a JWK.
    pub fn public_jwk(&self) -> &Value {
        &self.public
    }

    pub(super) fn sign(&self, claims: &ClaimsOut<'_>) -> Result<String, IssueError> {
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some("at+jwt".into());
        header.kid = Some(self.kid.clone());
        jsonwebtoken::encode(&header, claims, &self.key).map_err(|_| IssueError::Sign)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// The key in this file, made first where there is none.
pub(super) fn load_or_generate(path: &Path) -> Result<SigningKey, IssueError> {
    match SigningKey::from_pem_file(path) {
        Err(IssueError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
            let (key, pem) = SigningKey::generate()?;
            write(path, pem.as_bytes(), 0o600)?;
            Ok(key)
        }
        loaded => loaded,
    }
}

/// Written beside and moved into place: a reader sees the old file or the new one.
pub(super) fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), IssueError> {
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    // Never into a file that was there already: its mode would stay.
    if let Err(error) = fs::remove_file(&beside)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error.into());
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(fs::rename(&beside, path)?)
}

pub(super) fn write_set(path: &Path, keys: &[Value]) -> Result<(), IssueError> {
    let set =
        serde_json::to_vec_pretty(&json!({ "keys": keys })).map_err(|_| IssueError::KeySet)?;
    write(path, &set, 0o644)
}

pub(super) fn read_set(path: &Path) -> Result<Vec<Value>, IssueError> {
    #[derive(serde::Deserialize)]
    struct Set {
        keys: Vec<Value>,
    }
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice::<Set>(&bytes)
            .map(|set| set.keys)
            .map_err(|_| IssueError::KeySet),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}
