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

/// What holds for one agency: what it heard, and what the person states themself.
#[derive(Clone, Default)]
pub struct Holding {
    pub heard: Option<Statement>,
    pub own: Option<Statement>,
}

impl Holding {
    fn both(&self) -> impl Iterator<Item = &Preferences> {
        // The person's own word goes first.
        self.own.iter().chain(&self.heard).map(|statement| &statement.preferences)
    }

    /// The stricter of the two; nothing said stands against nothing.
    pub fn contact_rule(&self) -> ContactRule {
        let rules = self.both().filter_map(|stated| stated.contact_rule);
        rules.fold(ContactRule::Open, max)
    }

    /// The first that is stated.
    pub fn first<'a, T>(&'a self, of: impl Fn(&'a Preferences) -> Option<T>) -> Option<T> {
        self.both().find_map(of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(preferences: Preferences) -> Option<Statement> {
        Some(Statement { id: Uuid::nil(), at: Instant::UNIX_EPOCH, preferences })
    }

    fn rule(rule: Option<ContactRule>) -> Option<Statement> {
        said(Preferences { contact_rule: rule, ..Preferences::default() })
    }

    #[test]
    fn of_contacting_the_stricter_word_holds_whoever_says_it() {
        use ContactRule::{Open, Prohibited, SafeWaysOnly};
        assert_eq!(Holding::default().contact_rule(), Open);
        for (heard, own, holds) in [
            (Some(Open), Some(Prohibited), Prohibited),
            (Some(Prohibited), Some(Open), Prohibited),
            (Some(SafeWaysOnly), Some(Open), SafeWaysOnly),
            (Some(Prohibited), None, Prohibited),
            (None, Some(SafeWaysOnly), SafeWaysOnly),
            (None, None, Open),
        ] {
            let holding = Holding { heard: rule(heard), own: rule(own) };
            assert_eq!(holding.contact_rule(), holds);
        }
    }

    #[test]
    fn the_persons_own_word_goes_before_what_was_heard_field_by_field() {
        let heard = Preferences { language: "es".into(), interpreter: 3, ..Default::default() };
        let own = Preferences { language: "qu".into(), ..Default::default() };
        let holding = Holding { heard: said(heard), own: said(own) };
        let language = |p: &Preferences| Some(p.language.clone()).filter(|l| !l.is_empty());
        assert_eq!(holding.first(language).unwrap(), "qu");
        assert_eq!(holding.first(|p| Some(p.interpreter).filter(|i| *i > 0)), Some(3));
    }
}
