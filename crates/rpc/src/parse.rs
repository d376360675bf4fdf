//! Wire to domain, once: the contract's annotations first, all violations at once.

use kernel::{CodeSet, Confidentiality, Sensitivity};
use uuid::Uuid;
use wire::{
    Violation,
    common::v1::Labels,
    convert::{from_wire, id_of, set_from_wire},
};

use crate::Error;

/// Refuses a message that breaks the contract's annotations.
pub fn valid<M: prost_protovalidate::Validate>(message: &M) -> Result<(), Error> {
    let violations = wire::validate(message);
    if violations.is_empty() { Ok(()) } else { Err(Error::Invalid(violations)) }
}

/// What is wrong with a message: the contract's annotations first, then what they can't say. All is
/// told at once.
#[derive(Debug)]
pub struct Check(Vec<Violation>);

/// Begins a [`Check`].
pub fn check<M: prost_protovalidate::Validate>(message: &M) -> Check {
    Check(wire::validate(message))
}

impl Check {
    /// Fields that hold a UUID, or a name with one: the annotations let the nil one through.
    #[must_use]
    pub fn ids(mut self, fields: &[(&str, &str)]) -> Self {
        let told = |(field, value): &(&str, &str)| nil(*field, value);
        // Before those of long lists: only so many fit into a status.
        self.0.splice(0..0, fields.iter().filter_map(told));
        self
    }

    #[must_use]
    pub fn and(mut self, more: impl IntoIterator<Item = Violation>) -> Self {
        self.0.extend(more);
        self
    }

    pub fn done(self) -> Result<(), Error> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Invalid(self.0)) }
    }
}

/// What is wrong with a field that holds the nil UUID, or a name with it: the agency's in a practitioner's, too.
pub fn nil(field: impl Into<String>, value: &str) -> Option<Violation> {
    let nil = |part: &str| Uuid::try_parse(part).is_ok_and(|id| id.is_nil());
    let wrong = "must not be the nil UUID";
    value.split('/').any(nil).then(|| Violation::new(field, wrong))
}

/// The UUID of a name that the annotations have checked already.
pub fn id(field: &str, collection: &str, name: &str) -> Result<Uuid, Error> {
    id_of(collection, name)
        .filter(|id| !id.is_nil())
        .ok_or_else(|| Error::field(field, &format!("must be {collection}/{{uuid}}")))
}

/// As [`id`]; empty is none.
pub fn optional_id(field: &str, collection: &str, name: &str) -> Result<Option<Uuid>, Error> {
    if name.is_empty() { Ok(None) } else { id(field, collection, name).map(Some) }
}

/// A text that shows as it reads: no control characters but those of `lines`, none that change the direction
/// of text; in one line, a name, none that is not seen either, but for the joiners that words of some scripts have.
pub fn plain(field: &str, text: &str, lines: bool) -> Option<Violation> {
    let hidden = |c: char| match lines {
        true => {
            kernel::changes_direction(c) || (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        }
        false => kernel::is_unseen(c),
    };
    let wrong = "must have nothing that is not seen or that changes the direction of text";
    text.chars().any(hidden).then(|| Violation::new(field, wrong))
}

/// 0 means 50.
pub fn page_size(asked: i32) -> i64 {
    if asked == 0 { 50 } else { i64::from(asked.clamp(1, 200)) }
}

/// Labels as stated; absent ones are unstated, and unstated is restricted.
pub fn labels(
    field: &str,
    labels: Option<&Labels>,
) -> Result<(Option<Confidentiality>, CodeSet<Sensitivity>, bool, bool), Error> {
    let Some(labels) = labels else { return Ok((None, CodeSet::EMPTY, false, false)) };
    let sensitivities = set_from_wire(&labels.sensitivities).ok_or_else(|| {
        Error::Invalid(vec![Violation::new(format!("{field}.sensitivities"), "unknown value")])
    })?;
    Ok((from_wire(labels.confidentiality), sensitivities, labels.part2, labels.victim_service))
}
