//! Doors to the private parsers, for the fuzz targets alone: nothing that ships has them.

use http::HeaderMap;
use kernel::{CodeSet, Instant, Purpose};

use crate::{
    Asserts, AuthError, IssuerConfig, JwsAlgorithm,
    authenticator::asked,
    json,
    keys::KeySet,
    token::{Claims, Compact, Trust},
};

/// What every target's token is made for.
pub const AUDIENCE: &str = "https://trellis.example";
const ISSUER: &str = "https://sign-in.example";

/// A token's parts, where its form is the one that there is.
#[derive(Debug)]
pub struct Parts {
    pub algorithm: String,
    pub kid: String,
    pub payload: Vec<u8>,
}

/// Whether the bytes are one JSON object without duplicate members.
pub fn is_plain_object(bytes: &[u8]) -> bool {
    json::is_plain_object(bytes)
}

/// The one bearer token of a request.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    crate::token::bearer(headers).ok()
}

pub fn compact(token: &str) -> Option<Parts> {
    let Compact { algorithm, kid, payload, .. } = Compact::parse(token).ok()?;
    Some(Parts { algorithm, kid, payload })
}

/// Claims as an issuer that may say everything says them; the end that was accepted.
pub fn claims(payload: &[u8], now: Instant) -> Result<Instant, &'static str> {
    let config = IssuerConfig {
        issuer: ISSUER.to_owned(),
        jwks_file: None,
        jwks_url: None,
        algorithms: vec![JwsAlgorithm::ES256],
        asserts: Asserts::ALL.to_vec(),
        identity_proofing: true,
        certificate_bound: false,
        b2b: false,
        discovery: false,
    };
    let accepted = Claims::parse(payload)?.accept(&Trust::of(&config, AUDIENCE), [0; 32], now)?;
    accepted.window.check(now)?;
    Ok(accepted.window.expires_at)
}

/// How many keys of a provider's answer are usable.
pub fn keys(bytes: &[u8]) -> Result<usize, &'static str> {
    let all = [
        JwsAlgorithm::ES256,
        JwsAlgorithm::ES384,
        JwsAlgorithm::EdDSA,
        JwsAlgorithm::RS256,
        JwsAlgorithm::PS512,
    ];
    KeySet::parse(bytes, &all).map(|set| set.len())
}

/// The `purpose-of-use` metadata.
pub fn purposes(headers: &HeaderMap) -> Result<Option<CodeSet<Purpose>>, AuthError> {
    asked(headers)
}
