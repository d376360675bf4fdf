//! The serialized form: `{"custodians", "open", "consent", "deny", "people": {"<person>": {"open",
//! "consent", "deny"}}}`.
//!
//! A clause about one person stands under `people`, and nowhere else. No row of anybody else meets
//! it, so that each row is judged by the clauses of everybody and its own person's: with fifty
//! people in one question that is a fiftieth of the work.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::{Clause, DenyClause, Visibility};
use crate::Custodians;

#[derive(Default, Serialize)]
struct Clauses<'a> {
    open: Vec<&'a Clause>,
    consent: Vec<&'a Clause>,
    deny: Vec<&'a DenyClause>,
}

#[derive(Serialize)]
struct Plain<'a> {
    custodians: &'a Custodians,
    #[serde(flatten)]
    of_all: Clauses<'a>,
    people: BTreeMap<&'a str, Clauses<'a>>,
}

impl Serialize for Visibility {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (mut of_all, mut people) = (Clauses::default(), BTreeMap::new());
        for clause in &self.open {
            of(&mut of_all, &mut people, clause).open.push(clause);
        }
        for clause in &self.consent {
            of(&mut of_all, &mut people, clause).consent.push(clause);
        }
        for clause in &self.deny {
            of(&mut of_all, &mut people, &clause.when).deny.push(clause);
        }
        Plain { custodians: &self.custodians, of_all, people }.serialize(serializer)
    }
}

/// The clauses among which this one stands.
fn of<'m, 'a>(
    of_all: &'m mut Clauses<'a>,
    people: &'m mut BTreeMap<&'a str, Clauses<'a>>,
    clause: &'a Clause,
) -> &'m mut Clauses<'a> {
    match &clause.person {
        Some(person) => people.entry(person.as_str()).or_default(),
        None => of_all,
    }
}
