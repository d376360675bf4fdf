//! Tokens that we make ourselves: services to each other, and the development issuer.

mod dev;
mod key;
mod network;
mod service;

use std::io;

use time::Duration;
use uuid::Uuid;

pub use dev::{DEV_ISSUER, DevIssuer, Mint};
pub use key::SigningKey;
pub use network::NetworkKeys;
pub use service::ServiceTokens;

/// Why a key or a token could not be made. It holds no key and no token.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    #[error("key files: {0}")]
    Io(#[from] io::Error),
    #[error("the key file is readable by others than its owner and group")]
    Exposed,
    #[error("not a PKCS#8 PEM of an ES256 key")]
    Key,
    #[error("the key set beside the key can't be read")]
    KeySet,
    #[error("the token can't be signed")]
    Sign,
    #[error("a token may not live so long, or no time at all")]
    Lifetime,
    #[error("the claims do not fit the kind of caller")]
    Claims,
}

/// A claims set as it is written.
#[derive(serde::Serialize)]
struct ClaimsOut<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: String,
    roles: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    purposes: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agency: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ial: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    family_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    given_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    birthdate: Option<String>,
}

impl<'a> ClaimsOut<'a> {
    fn new(iss: &'a str, aud: &'a str, sub: &'a str, now: kernel::Instant, ttl: Duration) -> Self {
        let iat = now.unix_timestamp();
        Self {
            iss,
            aud,
            sub,
            iat,
            nbf: iat,
            exp: iat.saturating_add(ttl.whole_seconds()),
            jti: Uuid::new_v4().to_string(),
            roles: Vec::new(),
            purposes: Vec::new(),
            agency: None,
            client_id: None,
            ial: None,
            family_name: None,
            given_name: None,
            birthdate: None,
        }
    }
}
