//! What a person prefers, from the wire and to it.

use rpc::Error;
use wire::{Violation, common::v1::ContactRule as Rule, convert::timestamp, people::v1 as pb};

use crate::domain::{ContactRule, Preferences, SafeContact, Statement};

/// What the annotations can't say.
pub fn wrong(preferences: &pb::Preferences) -> Vec<Violation> {
    let mut found = Vec::new();
    let ways = !preferences.safe_contacts.is_empty();
    match preferences.contact_rule() {
        Rule::SafeWaysOnly if !ways => found.push(Violation::new(
            "preferences.safe_contacts",
            "must have 1 to 5 ways with CONTACT_RULE_SAFE_WAYS_ONLY",
        )),
        Rule::Unspecified if ways => found
            .push(Violation::new("preferences.contact_rule", "must be stated with safe_contacts")),
        Rule::Prohibited if ways => found.push(Violation::new(
            "preferences.safe_contacts",
            "must be empty with CONTACT_RULE_PROHIBITED",
        )),
        _ => {}
    }
    for (i, way) in preferences.safe_contacts.iter().enumerate().take(5) {
        if way.from.is_empty() != way.until.is_empty() {
            let why = "must be set where the other hour is";
            let unset = if way.from.is_empty() { "from" } else { "until" };
            let field = format!("preferences.safe_contacts[{i}].{unset}");
            found.push(Violation::new(field, why));
        } else if !way.from.is_empty() && way.until <= way.from {
            let field = format!("preferences.safe_contacts[{i}].until");
            found.push(Violation::new(field, "must be later than from"));
        }
    }
    found
}

/// As stated.
pub fn stated(given: pb::Preferences) -> Preferences {
    let contact_rule = match given.contact_rule() {
        Rule::Unspecified => None,
        Rule::Open => Some(ContactRule::Open),
        Rule::SafeWaysOnly => Some(ContactRule::SafeWaysOnly),
        Rule::Prohibited => Some(ContactRule::Prohibited),
    };
    Preferences {
        language: given.language,
        interpreter: given.interpreter,
        pronouns: given.pronouns,
        what_matters: given.what_matters,
        staff_gender: given.staff_gender,
        cultural_offering: given.cultural_offering,
        faith_offering: given.faith_offering,
        include_faith_based: given.include_faith_based,
        contact_rule,
        safe_contacts: given.safe_contacts.into_iter().map(way).collect(),
    }
}

fn way(given: pb::SafeContact) -> SafeContact {
    SafeContact {
        way: given.way,
        address: given.address,
        days: given.days,
        from: given.from,
        until: given.until,
        message: given.message,
        introduction: given.introduction,
    }
}

/// The statement as the contract has it.
pub fn told(statement: &Statement) -> pb::Preferences {
    let held = statement.preferences.clone();
    pb::Preferences {
        language: held.language,
        interpreter: held.interpreter,
        pronouns: held.pronouns,
        what_matters: held.what_matters,
        staff_gender: held.staff_gender,
        cultural_offering: held.cultural_offering,
        faith_offering: held.faith_offering,
        include_faith_based: held.include_faith_based,
        contact_rule: held.contact_rule.map_or(Rule::Unspecified, rule).into(),
        safe_contacts: held.safe_contacts.into_iter().map(way_told).collect(),
        etag: statement.id.to_string(),
        set_time: Some(timestamp(statement.at)),
    }
}

fn way_told(held: SafeContact) -> pb::SafeContact {
    pb::SafeContact {
        way: held.way,
        address: held.address,
        days: held.days,
        from: held.from,
        until: held.until,
        message: held.message,
        introduction: held.introduction,
    }
}

/// A rule as the contract has it.
pub fn rule(rule: ContactRule) -> Rule {
    match rule {
        ContactRule::Open => Rule::Open,
        ContactRule::SafeWaysOnly => Rule::SafeWaysOnly,
        ContactRule::Prohibited => Rule::Prohibited,
    }
}

/// The etag of a request; none: whatever stands is replaced.
pub fn expected(etag: &str) -> Result<Option<uuid::Uuid>, Error> {
    match etag {
        "" => Ok(None),
        given => Ok(Some(given.parse().map_err(|_| Error::field("etag", "must be an etag"))?)),
    }
}
