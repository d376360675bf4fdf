//! A principal as suspensions name it: a subject or a client of one issuer, as a hash alone.

use sha2::{Digest, Sha256};

/// By which claim of its tokens a principal is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named<'a> {
    /// `sub`: a member of staff, a system, a person's sign-in, a service.
    Subject(&'a str),
    /// `client_id`: whoever signs in by that client.
    Client(&'a str),
}

/// The hash by which a suspension and a token meet. A subject may be a person's: nobody but their issuer and
/// the services that know them anyway needs to hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Principal([u8; 32]);

impl Principal {
    /// Each part with its length before it, so that no two principals spell the same bytes.
    pub fn of(issuer: &str, named: Named<'_>) -> Self {
        let (claim, value) = match named {
            Named::Subject(subject) => ("sub", subject),
            Named::Client(client) => ("client_id", client),
        };
        let mut hash = Sha256::new();
        for part in ["trellis principal v1", issuer, claim, value] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        Self(hash.finalize().into())
    }

    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_principal_is_its_issuers_and_its_claims_alone() {
        let one = Principal::of("https://a", Named::Subject("x"));
        assert_eq!(one, Principal::of("https://a", Named::Subject("x")));
        assert_eq!(one, Principal::from_bytes(*one.as_bytes()));
        for other in [
            Principal::of("https://b", Named::Subject("x")),
            Principal::of("https://a", Named::Client("x")),
            Principal::of("https://a", Named::Subject("X")),
            Principal::of("https://ax", Named::Subject("")),
        ] {
            assert_ne!(one, other);
        }
    }
}
