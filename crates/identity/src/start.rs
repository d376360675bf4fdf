//! What must hold before the first request.

use std::sync::OnceLock;

use aws_lc_rs::{rand::SystemRandom, signature};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, crypto};

use crate::config::ConfigError;

/// Why this process must not serve.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("keys of issuer {issuer:?}: {why}")]
    Keys { issuer: String, why: &'static str },
    #[error("the HTTP client for key sets can't be made")]
    Http(#[from] reqwest::Error),
    #[error("the token library can't sign and verify here")]
    Crypto,
}

/// Chooses the crypto provider and signs and verifies once: jsonwebtoken would panic at first use
/// if another feature of it ever came into the build.
pub fn prepare_crypto() -> Result<(), StartError> {
    static WORKS: OnceLock<bool> = OnceLock::new();
    let works = WORKS.get_or_init(|| {
        // Refused when a provider is installed already, which the round trip below puts to use.
        let _ = crypto::aws_lc::DEFAULT_PROVIDER.install_default();
        round_trip() == Some(true)
    });
    works.then_some(()).ok_or(StartError::Crypto)
}

fn round_trip() -> Option<bool> {
    use aws_lc_rs::signature::KeyPair;
    let algorithm = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
    let document = signature::EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).ok()?;
    let pair = signature::EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref()).ok()?;
    let private = EncodingKey::from_ec_der(document.as_ref());
    let public = DecodingKey::from_ec_der(pair.public_key().as_ref());
    let signed = crypto::sign(b"trellis", &private, Algorithm::ES256).ok()?;
    let right = crypto::verify(&signed, b"trellis", &public, Algorithm::ES256).ok()?;
    let wrong = crypto::verify(&signed, b"Trellis", &public, Algorithm::ES256).ok()?;
    Some(right && !wrong)
}
