//! When two registrations are one person.

use std::collections::HashSet;

use aws_lc_rs::hmac;
use matching::{Frequencies, Judgement, Registration, Rule, Weights, Wrong};
use uuid::Uuid;

use super::{Compared, Identifier, ShortCode, Similar, similar};

/// A keyed hash that stands for content in an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key([u8; 32]);

impl Key {
    pub fn bytes(self) -> Vec<u8> {
        self.0.to_vec()
    }

    /// Whether it is this one, in a time that says nothing of how far it is.
    pub fn is(self, kept: &[u8]) -> bool {
        aws_lc_rs::constant_time::verify_slices_are_equal(&self.0, kept).is_ok()
    }

    /// A number to lock on. Two keys with one number only wait for each other.
    pub fn lock(self) -> i64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        i64::from_be_bytes([a, b, c, d, e, f, g, h])
    }
}

/// The rule, and the secret without which an index of birth dates and numbers could be guessed
/// through.
pub struct Matching {
    secret: hmac::Key,
    shared: HashSet<String>,
    rule: Rule,
    many_valued: Vec<String>,
}

impl std::fmt::Debug for Matching {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Matching")
    }
}

impl Matching {
    /// `secret` must stay the same as long as the index: with another one nobody is recognised.
    /// `shared`: the systems whose identifiers mean the same person everywhere.
    pub fn new(secret: &[u8; 32], shared: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            secret: hmac::Key::new(hmac::HMAC_SHA256, secret),
            shared: shared.into_iter().map(Into::into).collect(),
            rule: Rule::default(),
            many_valued: Vec::new(),
        }
    }

    /// By these weights and thresholds, if they stand.
    pub fn weighing(self, weights: Weights) -> Result<Self, Wrong> {
        let many_valued = weights.many_valued.iter().cloned().collect();
        Ok(Self { rule: Rule::new(weights, Frequencies::default())?, many_valued, ..self })
    }

    /// Systems in which a person may have several identifiers at once.
    pub fn many_valued(&self) -> &[String] {
        &self.many_valued
    }

    /// Who of these is, or may be, the same person.
    pub fn similar(&self, compared: &[Compared]) -> Vec<Similar> {
        similar::people(&self.rule, compared)
    }

    /// How far those agree that agree best.
    pub fn closest(&self, compared: &[Compared]) -> Option<Judgement> {
        similar::best(&self.rule, compared)
    }

    /// What a profile shares with those that it is compared with, as keys.
    pub fn blocks(&self, forms: &[Registration]) -> Vec<Key> {
        let blocks = forms.iter().flat_map(matching::blocks);
        let mut keys: Vec<Key> =
            blocks.map(|block| self.hash(&[b"block v1", block.as_bytes()])).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    pub fn is_shared(&self, identifier: &Identifier) -> bool {
        self.shared.contains(&identifier.system)
    }

    /// How an agency's own registrations are looked up.
    pub fn of_agency(&self, agency: Uuid, identifier: &Identifier) -> Key {
        self.hash(&[
            b"registered v1",
            agency.as_bytes(),
            identifier.system.as_bytes(),
            identifier.value.as_bytes(),
        ])
    }

    /// What is kept of the confirmation code of somebody's sign-in. Keyed: so few letters could be
    /// guessed through.
    pub fn of_confirmation(
        &self,
        person: Uuid,
        representative: Option<Uuid>,
        code: &ShortCode,
    ) -> Key {
        self.hash(&[
            b"confirmation v1",
            person.as_bytes(),
            representative.unwrap_or_default().as_bytes(),
            code.as_str().as_bytes(),
        ])
    }

    /// The code that was sent to where a person is told: `delivery` is what it confirms.
    pub fn of_delivery(&self, delivery: Uuid, code: &ShortCode) -> Key {
        self.hash(&[b"delivery v1", delivery.as_bytes(), code.as_str().as_bytes()])
    }

    /// Each part with its length before it, so that no two spell the same bytes.
    fn hash(&self, parts: &[&[u8]]) -> Key {
        let mut mac = hmac::Context::with_key(&self.secret);
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        let mut key = [0; 32];
        key.copy_from_slice(mac.sign().as_ref());
        Key(key)
    }
}

/// Whom a registration may be of.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Candidates {
    /// Known to the agency by an identifier of its own.
    pub own: Vec<Uuid>,
    /// Known to the agency by a shared identifier, the names and the birth date.
    pub same: Vec<Uuid>,
    /// Who is, or may be, the same by all that is stated.
    pub similar: Vec<Similar>,
}

impl Candidates {
    /// The person; none: a new one. What the agency itself states comes first, its own identifiers before
    /// all else; then what weighs enough, which is never anybody whom the agency holds already: so which of
    /// its registrations are one person says nothing of what others state. Where any of these points to
    /// several people nobody is recognised: a false link is the worse error.
    pub fn person(&self) -> Option<Uuid> {
        let mut links = self.similar.iter().filter(|one| one.link).map(|one| one.member);
        match (self.own.first(), &*self.same, (links.next(), links.next())) {
            (Some(own), ..) => Some(*own),
            (None, [one], _) => Some(*one),
            (None, [], (Some(one), None)) => Some(one),
            _ => None,
        }
    }

    /// The agency's own identifiers are of two people.
    pub fn contradict(&self) -> bool {
        self.own.len() > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_of_its_agency_and_of_its_secret() {
        let id = Identifier { system: "urn:trellis:medicaid".into(), value: "1".into() };
        let rule = |secret| Matching::new(&[secret; 32], ["urn:trellis:medicaid"]);
        let [a, b] = [1, 2].map(Uuid::from_u128);
        let key = rule(7).of_agency(a, &id);
        assert_ne!(key, rule(7).of_agency(b, &id));
        assert_ne!(key, rule(8).of_agency(a, &id));
    }

    #[test]
    fn two_people_recognised_are_nobody() {
        let [a, b] = [1, 2].map(Uuid::from_u128);
        let found = |own: &[Uuid], same: &[Uuid]| Candidates {
            own: own.to_vec(),
            same: same.to_vec(),
            similar: Vec::new(),
        };
        assert_eq!(found(&[], &[]).person(), None);
        assert_eq!(found(&[], &[a]).person(), Some(a));
        assert_eq!(found(&[], &[a, b]).person(), None);
        assert_eq!(found(&[b], &[a]).person(), Some(b));
        assert!(found(&[a, b], &[]).contradict());
    }
}
