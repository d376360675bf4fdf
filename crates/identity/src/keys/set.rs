//! A JWKS as we take it: public signature keys with an id of their own, for the algorithms that
//! the issuer is configured with. Everything else in it is left aside.

use std::collections::HashMap;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, EcdsaVerificationAlgorithm, ParsedPublicKey,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, crypto};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{config::JwsAlgorithm, json};

const MAX_KEYS: usize = 64;
const MAX_KID: usize = 255;

pub(crate) struct VerifyingKey {
    pub(crate) algorithm: JwsAlgorithm,
    key: DecodingKey,
}

impl VerifyingKey {
    /// The algorithm is the key's; what the header says was only compared with it.
    pub(crate) fn verifies(&self, message: &[u8], signature: &str) -> bool {
        matches!(crypto::verify(signature, message, &self.key, self.algorithm.into()), Ok(true))
    }
}

pub(crate) struct KeySet {
    keys: HashMap<String, VerifyingKey>,
    digest: [u8; 32],
}

#[derive(Deserialize)]
struct RawSet {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct RawKey {
    kid: String,
    kty: String,
    alg: Option<String>,
    #[serde(rename = "use")]
    used_for: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    d: Option<serde::de::IgnoredAny>,
}

impl KeySet {
    pub(crate) fn parse(bytes: &[u8], algorithms: &[JwsAlgorithm]) -> Result<Self, &'static str> {
        if !json::is_plain_object(bytes) {
            return Err("the key set is not plain JSON");
        }
        let raw: RawSet =
            serde_json::from_slice(bytes).map_err(|_| "the document is not a key set")?;
        if raw.keys.len() > MAX_KEYS {
            return Err("the key set holds too many keys");
        }
        let mut keys = HashMap::new();
        let mut digests = Vec::new();
        for raw in raw.keys {
            // A key of a kind we don't know is no reason to refuse those that we do.
            let Ok(raw) = serde_json::from_value::<RawKey>(raw) else { continue };
            let Some((key, digest)) = raw.usable(algorithms) else { continue };
            if keys.insert(raw.kid, key).is_some() {
                return Err("two keys of the set have one id");
            }
            digests.push(digest);
        }
        if keys.is_empty() {
            return Err("the key set holds no usable key");
        }
        digests.sort_unstable();
        let digest = Sha256::digest(digests.concat()).into();
        Ok(Self { keys, digest })
    }

    pub(crate) fn get(&self, kid: &str) -> Option<&VerifyingKey> {
        self.keys.get(kid)
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn same_as(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl RawKey {
    /// The key and a digest of all that it is, if it is a public signature key for one of the
    /// issuer's algorithms.
    fn usable(&self, algorithms: &[JwsAlgorithm]) -> Option<(VerifyingKey, [u8; 32])> {
        let signs = self.used_for.as_deref().is_none_or(|used| used == "sig")
            && self.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        // A private half published is a key that anybody may hold.
        if self.kid.is_empty() || self.kid.len() > MAX_KID || !signs || self.d.is_some() {
            return None;
        }
        let algorithm = self.algorithm(algorithms)?;
        let (key, material) = self.material(algorithm)?;
        let mut hash = Sha256::new();
        for part in [self.kid.as_bytes(), algorithm.name().as_bytes(), &material] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Some((VerifyingKey { algorithm, key }, hash.finalize().into()))
    }

    /// What the key says it is for, else what its type can only be for.
    fn algorithm(&self, allowed: &[JwsAlgorithm]) -> Option<JwsAlgorithm> {
        let mut fitting = allowed.iter().copied().filter(|algorithm| {
            let fits = match algorithm {
                JwsAlgorithm::ES256 => self.is("EC", Some("P-256")),
                JwsAlgorithm::ES384 => self.is("EC", Some("P-384")),
                JwsAlgorithm::EdDSA => self.is("OKP", Some("Ed25519")),
                rsa => rsa.is_rsa() && self.is("RSA", None),
            };
            fits && self.alg.as_deref().is_none_or(|alg| alg == algorithm.name())
        });
        // Two that fit (RSA without `alg`) would leave the choice to the token's header.
        fitting.next().filter(|_| fitting.next().is_none())
    }

    fn is(&self, kty: &str, crv: Option<&str>) -> bool {
        self.kty == kty && self.crv.as_deref() == crv
    }

    fn material(&self, algorithm: JwsAlgorithm) -> Option<(DecodingKey, Vec<u8>)> {
        let of_length = |text: &Option<String>, length: usize| {
            let bytes = URL_SAFE_NO_PAD.decode(text.as_ref()?).ok()?;
            (bytes.len() == length).then_some(bytes)
        };
        let coordinate = match algorithm {
            JwsAlgorithm::ES256 | JwsAlgorithm::EdDSA => 32,
            JwsAlgorithm::ES384 => 48,
            _ => {
                let n = URL_SAFE_NO_PAD.decode(self.n.as_ref()?).ok()?;
                let e = URL_SAFE_NO_PAD.decode(self.e.as_ref()?).ok()?;
                let key = DecodingKey::from_rsa_raw_components(&n, &e);
                return is_rsa_key(&n, &e).then(|| (key, [n, e].concat()));
            }
        };
        let x = of_length(&self.x, coordinate)?;
        if algorithm == JwsAlgorithm::EdDSA {
            return Some((DecodingKey::from_ed_der(&x), x));
        }
        let point = [&[4][..], &x, &of_length(&self.y, coordinate)?].concat();
        let curve: &'static EcdsaVerificationAlgorithm = match algorithm {
            JwsAlgorithm::ES256 => &ECDSA_P256_SHA256_FIXED,
            _ => &ECDSA_P384_SHA384_FIXED,
        };
        // A point off the curve verifies nothing, and must not stand for a key that does.
        ParsedPublicKey::new(curve, &point).ok()?;
        Some((DecodingKey::from_ec_der(&point), point))
    }
}

/// What the verifier itself will ask at each signature: a modulus of 2048 to 8192 bits, an exponent of 2 to 33 (by 1,
/// whatever is signed is its own signature), both odd and without zeros before them.
fn is_rsa_key(modulus: &[u8], exponent: &[u8]) -> bool {
    let bits = |number: &[u8]| match number {
        [first, rest @ ..] if *first != 0 => {
            Some(8 - first.leading_zeros() + 8 * rest.len() as u32)
        }
        _ => None,
    };
    let odd = |number: &[u8]| number.last().is_some_and(|last| last % 2 == 1);
    bits(modulus).is_some_and(|bits| (2048..=8192).contains(&bits))
        && bits(exponent).is_some_and(|bits| (2..=33).contains(&bits))
        && odd(modulus)
        && odd(exponent)
}
