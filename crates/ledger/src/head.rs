//! Signed heads of a tree, as checkpoints of transparency logs: C2SP's tlog-checkpoint and signed-note,
//! with Ed25519. The time of the head is a line of its own after the root.

use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use kernel::Instant;
use sha2::{Digest as _, Sha256};
use time::{UtcOffset, format_description::well_known::Rfc3339};

use crate::merkle::Hash;

/// The kind of a signature by Ed25519 in a signed note.
const ED25519_NOTE: u8 = 1;
const KEY_ID: usize = 4;

/// The name of a log: it is in every head and in the signer's name, so that the head of one log can't
/// pass for another's. No spaces and no plus sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogName(String);

impl LogName {
    pub fn new(name: impl Into<String>) -> Option<Self> {
        let name = name.into();
        let fits = |c: char| !c.is_whitespace() && !c.is_control() && c != '+';
        (!name.is_empty() && name.len() <= 200 && name.chars().all(fits)).then_some(Self(name))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is signed: so many records, and their root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeHead {
    pub size: u64,
    pub root: Hash,
    /// By the clock of whoever signed.
    pub at: Instant,
}

/// A text that is no signed head of this log by this key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadNote {
    #[error("is no checkpoint of this log")]
    Text,
    #[error("is not signed by this key")]
    Signature,
}

impl TreeHead {
    fn text(&self, log: &LogName) -> Option<String> {
        let at = self.at.to_offset(UtcOffset::UTC).format(&Rfc3339).ok()?;
        let root = STANDARD.encode(self.root);
        Some(format!("{}\n{}\n{root}\ntime {at}\n", log.0, self.size))
    }

    /// None: a time that can't be written.
    pub fn sign(&self, log: &LogName, key: &SigningKey) -> Option<String> {
        let text = self.text(log)?;
        let mut line = key_id(log, key.0.public_key().as_ref()).to_vec();
        line.extend_from_slice(key.0.sign(text.as_bytes()).as_ref());
        Some(format!("{text}\n\u{2014} {} {}\n", log.0, STANDARD.encode(line)))
    }

    /// The head that a note states, once it is known to be this key's. A note is spelled in one way: what
    /// is changed in it, even where it would read the same, is refused.
    pub fn open(note: &str, log: &LogName, key: &VerifyingKey) -> Result<Self, BadNote> {
        let (text, signature) = note.split_once("\n\n").ok_or(BadNote::Text)?;
        let text = format!("{text}\n");
        let head = Self::read(&text, log).ok_or(BadNote::Text)?;
        let line = signature.strip_prefix("\u{2014} ").and_then(|line| line.strip_suffix('\n'));
        let line = line.and_then(|line| line.strip_prefix(log.as_str())).ok_or(BadNote::Text)?;
        let line = line.strip_prefix(' ').and_then(|line| STANDARD.decode(line).ok());
        let line = line.ok_or(BadNote::Text)?;
        let (id, signature) = line.split_at_checked(KEY_ID).ok_or(BadNote::Text)?;
        let public = UnparsedPublicKey::new(&ED25519, key.0);
        let signed = id == key_id(log, &key.0) && public.verify(text.as_bytes(), signature).is_ok();
        if signed { Ok(head) } else { Err(BadNote::Signature) }
    }

    fn read(text: &str, log: &LogName) -> Option<Self> {
        let mut lines = text.lines();
        let head = Self {
            size: match (lines.next()? == log.as_str(), lines.next()?) {
                (true, size) => size.parse().ok()?,
                _ => return None,
            },
            root: STANDARD.decode(lines.next()?).ok()?.try_into().ok()?,
            at: Instant::parse(lines.next()?.strip_prefix("time ")?, &Rfc3339).ok()?,
        };
        (head.text(log)? == text).then_some(head)
    }
}

fn key_id(log: &LogName, public: &[u8]) -> [u8; KEY_ID] {
    let hash = Sha256::new()
        .chain_update(log.as_str())
        .chain_update([b'\n', ED25519_NOTE])
        .chain_update(public)
        .finalize();
    let [a, b, c, d, ..]: [u8; 32] = hash.into();
    [a, b, c, d]
}

/// By which heads are signed.
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// None: not a seed of Ed25519.
    pub fn from_seed(seed: &[u8; 32]) -> Option<Self> {
        Ed25519KeyPair::from_seed_unchecked(seed).ok().map(Self)
    }

    pub fn verifying(&self) -> Option<VerifyingKey> {
        self.0.public_key().as_ref().try_into().ok().map(VerifyingKey)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKey").field(&self.verifying()).finish()
    }
}

/// By which signatures are checked: 32 bytes, in base64 where it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifyingKey([u8; 32]);

impl VerifyingKey {
    pub fn parse(text: &str) -> Option<Self> {
        STANDARD.decode(text.trim()).ok()?.try_into().ok().map(Self)
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn log(name: &str) -> LogName {
        LogName::new(name).unwrap()
    }

    fn key(n: u8) -> (SigningKey, VerifyingKey) {
        let key = SigningKey::from_seed(&[n; 32]).unwrap();
        let public = key.verifying().unwrap();
        (key, public)
    }

    fn head() -> TreeHead {
        TreeHead { size: 12, root: [7; 32], at: datetime!(2026-03-01 10:00:00.25 UTC) }
    }

    #[test]
    fn what_was_signed_opens_with_its_log_and_its_key_alone() {
        let ((own, public), (_, other)) = (key(1), key(2));
        let notes = log("care.example.org/notes");
        let note = head().sign(&notes, &own).unwrap();
        assert_eq!(TreeHead::open(&note, &notes, &public), Ok(head()));
        assert_eq!(TreeHead::open(&note, &notes, &other), Err(BadNote::Signature));
        let elsewhere = log("care.example.org/audit");
        assert_eq!(TreeHead::open(&note, &elsewhere, &public), Err(BadNote::Text));
        assert_eq!(VerifyingKey::parse(&public.to_string()), Some(public));
    }

    #[test]
    fn no_byte_of_a_note_can_be_changed_and_none_added_or_left_out() {
        let (own, public) = key(1);
        let notes = log("n");
        let note = head().sign(&notes, &own).unwrap();
        for at in 0..note.len() {
            for bit in 0..8 {
                let mut bytes = note.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let opened = String::from_utf8(bytes).map(|n| TreeHead::open(&n, &notes, &public));
                assert!(!matches!(opened, Ok(Ok(_))), "byte {at}, bit {bit}");
            }
            let mut bytes = note.clone().into_bytes();
            bytes.remove(at);
            let opened = String::from_utf8(bytes).map(|n| TreeHead::open(&n, &notes, &public));
            assert!(!matches!(opened, Ok(Ok(_))), "without byte {at}");
        }
        for more in [format!("{note}\n"), format!(" {note}"), note.replace("12\n", "012\n")] {
            assert!(TreeHead::open(&more, &notes, &public).is_err(), "{more:?}");
        }
    }

    /// The example of golang.org/x/mod/sumdb/note, which C2SP's signed-note follows.
    #[test]
    fn a_key_has_the_id_that_others_give_it() {
        let raw = STANDARD.decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").unwrap();
        assert_eq!(raw[0], ED25519_NOTE);
        assert_eq!(key_id(&log("PeterNeumann"), &raw[1..]), [0xc7, 0x4f, 0x20, 0xa3]);
    }

    #[test]
    fn a_log_has_a_name_that_cannot_be_taken_apart_otherwise() {
        for bad in ["", "a b", "a+b", "a\nb", "a\u{a0}b"] {
            assert_eq!(LogName::new(bad), None, "{bad:?}");
        }
    }
}
