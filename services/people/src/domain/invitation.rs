//! An invitation's code: shown once, kept nowhere.

use aws_lc_rs::rand;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use time::Duration;

/// How long an invitation may be used.
pub const LIFETIME: Duration = Duration::days(7);

/// 256 random bits. No Debug: whoever has the code is the person.
pub struct Code(String);

impl Code {
    /// None when the machine gives no randomness.
    pub fn fresh() -> Option<Self> {
        let mut bits = [0; 32];
        rand::fill(&mut bits).ok()?;
        Some(Self(URL_SAFE_NO_PAD.encode(bits)))
    }

    /// As a caller gave it.
    pub fn given(text: String) -> Self {
        Self(text)
    }

    /// What is kept of it.
    pub fn sha256(&self) -> Vec<u8> {
        Sha256::digest(self.0.as_bytes()).to_vec()
    }

    pub fn into_text(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_long_and_no_two_are_the_same() {
        let (a, b) = (Code::fresh().unwrap(), Code::fresh().unwrap());
        assert_ne!(a.sha256(), b.sha256());
        assert_eq!(Code::given(a.0.clone()).sha256(), a.sha256());
        let text = a.into_text();
        assert_eq!(text.len(), 43);
        assert!(text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_'));
    }
}
