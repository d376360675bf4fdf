//! The compact serialization and its header.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, header::AUTHORIZATION};
use serde::Deserialize;

use super::{MAX_TOKEN_BYTES, Refused};
use crate::json;

const SCHEME: &[u8] = b"bearer ";
const MAX_KID: usize = 255;

/// The one bearer token of a request: one value, one space, and only the letters of a token.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<&str, Refused> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or("no authorization")?.as_bytes();
    if values.next().is_some() {
        return Err("more than one authorization");
    }
    if value.len() > SCHEME.len() + MAX_TOKEN_BYTES {
        return Err("too long");
    }
    let (scheme, token) = value.split_at_checked(SCHEME.len()).ok_or("no bearer token")?;
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return Err("not the bearer scheme");
    }
    if token.is_empty() || !token.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b)) {
        return Err("letters that no token has");
    }
    std::str::from_utf8(token).map_err(|_| "letters that no token has")
}

/// A token taken apart; nothing in it is believed yet.
pub(crate) struct Compact<'a> {
    /// What was signed.
    pub(crate) message: &'a str,
    pub(crate) signature: &'a str,
    pub(crate) algorithm: String,
    pub(crate) kid: String,
    pub(crate) payload: Vec<u8>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
    // Keys and rules that a token would bring along: refused, whatever they hold.
    #[serde(default, deserialize_with = "json::given")]
    jku: Option<serde_json::Value>,
    #[serde(default, deserialize_with = "json::given")]
    jwk: Option<serde_json::Value>,
    #[serde(default, deserialize_with = "json::given")]
    x5u: Option<serde_json::Value>,
    #[serde(default, deserialize_with = "json::given")]
    x5c: Option<serde_json::Value>,
    #[serde(default, deserialize_with = "json::given")]
    crit: Option<serde_json::Value>,
    #[serde(default, deserialize_with = "json::given")]
    b64: Option<serde_json::Value>,
    #[serde(default, deserialize_with = "json::given")]
    zip: Option<serde_json::Value>,
    #[serde(default, deserialize_with = "json::given")]
    enc: Option<serde_json::Value>,
}

impl Header {
    fn brings_its_own_rules(&self) -> bool {
        [&self.jku, &self.jwk, &self.x5u, &self.x5c, &self.crit, &self.b64, &self.zip, &self.enc]
            .iter()
            .any(|member| member.is_some())
    }
}

impl<'a> Compact<'a> {
    pub(crate) fn parse(token: &'a str) -> Result<Self, Refused> {
        let (message, signature) = token.rsplit_once('.').ok_or("not three parts")?;
        let (header, payload) = message.split_once('.').ok_or("not three parts")?;
        if payload.contains('.') || signature.is_empty() {
            return Err("not three parts");
        }
        // No padding, no other alphabet, no stray bits at the end: one spelling a token.
        let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| "header not base64url")?;
        let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| "claims not base64url")?;
        if !json::is_plain_object(&header) || !json::is_plain_object(&payload) {
            return Err("not plain JSON");
        }
        let header: Header = serde_json::from_slice(&header).map_err(|_| "header unreadable")?;
        if header.brings_its_own_rules() {
            return Err("header brings keys or rules");
        }
        let typ = header.typ.to_ascii_lowercase();
        if typ.strip_prefix("application/").unwrap_or(&typ) != "at+jwt" {
            return Err("not an access token");
        }
        if header.kid.is_empty() || header.kid.len() > MAX_KID {
            return Err("no key id");
        }
        Ok(Self { message, signature, algorithm: header.alg, kid: header.kid, payload })
    }
}
