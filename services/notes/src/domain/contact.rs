//! The facts of a supervision contact.

use kernel::Instant;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// How, with what outcome and when; kind and outcome by the contract's numbers.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    pub kind: i32,
    pub outcome: i32,
    #[serde(with = "time::serde::rfc3339")]
    pub at: Instant,
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub next: Option<Instant>,
}

// What is known of a person stays out of debug lines.
impl std::fmt::Debug for Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contact").finish_non_exhaustive()
    }
}

impl Contact {
    /// Over what no section begins with, which is a length: so that no section hashes the same bytes. Each of the
    /// four is 8 bytes, times in microseconds since 1970, one that is not given as -1.
    pub fn sha256(&self) -> [u8; 32] {
        let micros = |at: Instant| i64::try_from(at.unix_timestamp_nanos() / 1_000).unwrap_or(-1);
        let next = self.next.map_or(-1, micros);
        let facts = [i64::from(self.kind), i64::from(self.outcome), micros(self.at), next];
        let mut hash = Sha256::new();
        hash.update(u64::MAX.to_be_bytes());
        for fact in facts {
            hash.update(fact.to_be_bytes());
        }
        hash.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_facts_hash_otherwise_and_come_back_from_the_column() {
        let at = time::macros::datetime!(2040-03-01 12:00:00.000001 UTC);
        let contact = Contact { kind: 1, outcome: 2, at, next: None };
        let others = [
            Contact { kind: 2, ..contact },
            Contact { outcome: 1, ..contact },
            Contact { at: at + time::Duration::MICROSECOND, ..contact },
            Contact { next: Some(at), ..contact },
        ];
        assert!(others.iter().all(|other| other.sha256() != contact.sha256()));
        for contact in others.into_iter().chain([contact]) {
            let json = serde_json::to_vec(&contact).unwrap();
            assert_eq!(serde_json::from_slice::<Contact>(&json).unwrap(), contact);
        }
    }
}
