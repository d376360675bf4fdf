//! A profile: what an agency states of a person. It has no Debug: it is content.

use kernel::{CodeSet, Confidentiality, Instant, Sensitivity};
use time::{Date, macros::format_description};

use super::Details;

/// Identifiers of one profile, over all registrations.
pub const MAX_IDENTIFIERS: i64 = 100;

/// An identifier as registered; compared byte for byte.
#[derive(Clone, PartialEq, Eq)]
pub struct Identifier {
    pub system: String,
    pub value: String,
}

/// What an agency states of a person.
#[derive(Clone)]
pub struct Profile {
    pub identifiers: Vec<Identifier>,
    pub given_name: String,
    pub family_name: String,
    pub birth_date: Date,
    pub preferred_language: String,
    pub details: Details,
    pub confidentiality: Option<Confidentiality>,
    pub sensitivities: CodeSet<Sensitivity>,
    pub part2: bool,
    pub victim_service: bool,
    /// How often it was stated.
    pub version: i32,
}

impl Profile {
    /// Takes over what another statement of the same agency says more strictly of who may see it, and nothing
    /// that says less; whether anything changed.
    pub fn labelled_as(&mut self, other: &Self) -> bool {
        let before = (self.confidentiality, self.sensitivities, self.part2, self.victim_service);
        let unstated = Confidentiality::Restricted;
        self.confidentiality = match other.confidentiality {
            Some(stated) if stated > self.confidentiality.unwrap_or(unstated) => Some(stated),
            _ => self.confidentiality,
        };
        self.sensitivities = self.sensitivities.union(other.sensitivities);
        self.part2 |= other.part2;
        self.victim_service |= other.victim_service;
        before != (self.confidentiality, self.sensitivities, self.part2, self.victim_service)
    }
}

/// A day of the calendar, in this or an earlier day of UTC.
pub fn birth_date(text: &str, now: Instant) -> Result<Date, &'static str> {
    let date = Date::parse(text, format_description!("[year]-[month]-[day]"))
        .map_err(|_| "must be a day of the calendar")?;
    if date > now.to_offset(time::UtcOffset::UTC).date() {
        return Err("must not be in the future");
    }
    Ok(date)
}

/// What an identifier's value may not be: it is compared byte for byte, so what can't be seen in it
/// would keep a person from being found.
pub fn unclean(value: &str) -> bool {
    value.trim() != value || value.is_empty() || value.chars().any(hidden)
}

fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_birth_date_is_a_real_day_that_has_begun() {
        let now = time::macros::datetime!(2026-03-01 12:00 UTC);
        assert!(birth_date("2026-03-01", now).is_ok());
        assert!(birth_date("2024-02-29", now).is_ok());
        for bad in ["2026-03-02", "2023-02-29", "2026-02-30", "1990-13-01", "", "1990-1-1"] {
            assert!(birth_date(bad, now).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_can_not_be_seen_is_no_part_of_an_identifier() {
        assert!(!unclean("A 1-2"));
        for bad in ["", " ", " 1", "1 ", "1\u{200B}2", "\u{202E}1", "1\u{7f}"] {
            assert!(unclean(bad), "{bad:?}");
        }
    }
}
