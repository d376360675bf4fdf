//! Which fields an update names (AIP-134). What it names wrongly is told all at once, by its place in the
//! mask: what the caller wrote is never said back.

use std::collections::BTreeMap;

use prost_types::FieldMask;
use wire::Violation;

/// The most that one update names.
const MOST: usize = 50;

/// The fields of an update: each known to its handler, each once.
#[derive(Debug, Clone)]
pub struct Mask(BTreeMap<&'static str, usize>);

impl Mask {
    /// Reads a mask. `known`: what may be named; `output`: what only the server sets.
    pub fn read(
        asked: Option<&FieldMask>,
        known: &[&'static str],
        output: &[&str],
    ) -> Result<Self, Vec<Violation>> {
        let paths = asked.map(|mask| mask.paths.as_slice()).unwrap_or_default();
        let mut bad = Vec::new();
        if paths.is_empty() {
            bad.push(Violation::new("update_mask", "must name 1 field at least"));
        }
        if paths.len() > MOST {
            bad.push(Violation::new("update_mask", format!("must name {MOST} fields at most")));
        }
        let mut named = BTreeMap::new();
        for (place, path) in paths.iter().take(MOST).enumerate() {
            let field = known.iter().find(|field| *field == path);
            let wrong = match field {
                Some(field) if named.contains_key(field) => "is named already",
                Some(field) => {
                    named.insert(*field, place);
                    continue;
                }
                None => unknown(path, known, output),
            };
            bad.push(at(place, wrong));
        }
        if bad.is_empty() { Ok(Self(named)) } else { Err(bad) }
    }

    pub fn names(&self, field: &str) -> bool {
        self.0.contains_key(field)
    }

    pub fn names_any(&self, fields: &[&str]) -> bool {
        fields.iter().any(|field| self.names(field))
    }

    /// What is wrong with naming any of these, each at its place.
    pub fn refused(&self, fields: &[&str], why: &str) -> Vec<Violation> {
        let named = fields.iter().filter_map(|field| self.0.get(field));
        named.map(|place| at(*place, why)).collect()
    }
}

fn at(place: usize, why: &str) -> Violation {
    Violation::new(format!("update_mask.paths[{place}]"), why)
}

fn unknown(path: &str, known: &[&str], output: &[&str]) -> &'static str {
    let whole = path.split('.').next().unwrap_or_default();
    if path == "*" {
        "must name fields one by one"
    } else if output.contains(&whole) {
        "is set by the server"
    } else if known.contains(&whole) {
        "must name the field whole, and nothing below it"
    } else {
        "is no field that can be changed"
    }
}
