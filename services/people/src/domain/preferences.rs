//! What a person prefers. No Debug: it is content.

use std::cmp::max;

use kernel::Instant;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// By its place in the contract's list: the later, the stricter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ContactRule {
    #[default]
    Open,
    SafeWaysOnly,
    Prohibited,
}

/// All of it optional. Numbers are those of the contract.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    pub language: String,
    pub interpreter: i32,
    pub pronouns: String,
    pub what_matters: String,
    pub staff_gender: i32,
    pub cultural_offering: String,
    pub faith_offering: String,
    pub include_faith_based: bool,
    pub contact_rule: Option<ContactRule>,
    /// The preferred one first.
    pub safe_contacts: Vec<SafeContact>,
}

#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SafeContact {
    pub way: i32,
    pub address: String,
    pub days: Vec<i32>,
    pub from: String,
    pub until: String,
    pub message: i32,
    pub introduction: String,
}

/// A statement as it is kept.
#[derive(Clone)]
pub struct Statement {
    pub id: Uuid,
    pub at: Instant,
    pub preferences: Preferences,
}

/// What the person said themself of being contacted, by one sign-in.
#[derive(Clone)]
pub struct OwnWord {
    pub at: Instant,
    pub rule: ContactRule,
    /// It stands everywhere.
    pub proofed: bool,
    /// Who vouches for it, or vouched until it ended.
    pub vouching: Vec<Uuid>,
}

impl OwnWord {
    /// Whether this later word replaces the other: nobody who vouched for that one could be deceived by this one
    /// alone. One agency's surety could be that agency's own.
    fn replaces(&self, other: &Self) -> bool {
        self.proofed
            || !other.proofed && other.vouching.iter().all(|agency| self.vouching.contains(agency))
    }
}

/// What the person's own words come to: the strictest of those that stand.
pub fn own_rule(words: Vec<OwnWord>) -> ContactRule {
    standing(words).iter().map(|word| word.rule).fold(ContactRule::Open, max)
}

/// Those of the person's own words that no later one replaces.
pub fn standing(mut words: Vec<OwnWord>) -> Vec<OwnWord> {
    words.sort_by_key(|word| word.at);
    let mut standing: Vec<OwnWord> = Vec::new();
    for word in words {
        standing.retain(|earlier| !word.replaces(earlier));
        standing.push(word);
    }
    standing
}

/// What holds for one agency: what it heard, and what the person states themself.
#[derive(Clone, Default)]
pub struct Holding {
    pub heard: Option<Statement>,
    /// The last of the person's own.
    pub own: Option<Statement>,
    /// The strictest of all that was said and stands, under another name of theirs, too.
    pub contact_rule: ContactRule,
}

impl Holding {
    fn both(&self) -> impl Iterator<Item = &Preferences> {
        // The person's own word goes first.
        self.own.iter().chain(&self.heard).map(|statement| &statement.preferences)
    }

    /// The first that is stated.
    pub fn first<'a, T>(&'a self, of: impl Fn(&'a Preferences) -> Option<T>) -> Option<T> {
        self.both().find_map(of)
    }
}

#[cfg(test)]
mod tests {
    use ContactRule::{Open, Prohibited, SafeWaysOnly};

    use super::*;

    const A: Uuid = Uuid::from_u128(1);
    const B: Uuid = Uuid::from_u128(2);

    fn word(minute: i64, rule: ContactRule, proofed: bool, vouching: &[Uuid]) -> OwnWord {
        let at = Instant::UNIX_EPOCH + time::Duration::minutes(minute);
        OwnWord { at, rule, proofed, vouching: vouching.to_vec() }
    }

    #[test]
    fn a_later_word_lifts_a_stricter_one_only_where_it_stands_as_well() {
        assert_eq!(own_rule(Vec::new()), Open);
        for (earlier, later, holds) in [
            ((false, &[A][..]), (false, &[A][..]), Open),
            ((false, &[A]), (false, &[A, B]), Open),
            ((false, &[A, B]), (true, &[]), Open),
            ((true, &[A]), (true, &[]), Open),
            ((false, &[A, B]), (false, &[A]), Prohibited),
            ((false, &[A]), (false, &[B]), Prohibited),
            ((true, &[A]), (false, &[A, B]), Prohibited),
        ] {
            let earlier = word(1, Prohibited, earlier.0, earlier.1);
            let later = word(2, Open, later.0, later.1);
            assert_eq!(own_rule(vec![later, earlier]), holds);
        }
        let all = vec![
            word(1, Prohibited, false, &[A]),
            word(2, SafeWaysOnly, false, &[B]),
            word(3, Open, false, &[A]),
        ];
        assert_eq!(own_rule(all), SafeWaysOnly);
    }

    #[test]
    fn the_persons_own_word_goes_before_what_was_heard_field_by_field() {
        let said =
            |preferences| Some(Statement { id: Uuid::nil(), at: Instant::UNIX_EPOCH, preferences });
        let heard = Preferences { language: "es".into(), interpreter: 3, ..Default::default() };
        let own = Preferences { language: "qu".into(), ..Default::default() };
        let holding = Holding { heard: said(heard), own: said(own), ..Default::default() };
        let language = |p: &Preferences| Some(p.language.clone()).filter(|l| !l.is_empty());
        assert_eq!(holding.first(language).unwrap(), "qu");
        assert_eq!(holding.first(|p| Some(p.interpreter).filter(|i| *i > 0)), Some(3));
    }
}
