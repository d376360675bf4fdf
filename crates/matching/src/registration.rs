//! What a registration holds of a person, as far as it is compared. No Debug: it is content.

use time::Date;

use crate::{name::Name, normal};

/// Administrative gender, where it was recorded as one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sex {
    Female,
    Male,
    Other,
}

/// A value in a system that means the same person everywhere, as a government number does.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identifier {
    pub(crate) system: String,
    pub(crate) value: String,
}

/// A registration in its normal form: made once, compared often.
#[derive(Clone, PartialEq, Eq)]
pub struct Registration {
    pub(crate) given: Name,
    pub(crate) family: Name,
    pub(crate) birth: Date,
    pub(crate) sex: Option<Sex>,
    pub(crate) phone: Option<String>,
    pub(crate) postal_code: Option<String>,
    pub(crate) street: Option<String>,
    /// Sorted.
    pub(crate) identifiers: Vec<Identifier>,
}

/// A registration's normal form, for a comparison elsewhere. No Debug: it is content.
#[derive(Clone)]
pub struct Form {
    /// Words with one space between, and the same without.
    pub given: (String, String),
    pub family: (String, String),
    pub birth: Date,
    pub phone: Option<String>,
    pub postal_code: Option<String>,
    pub street: Option<String>,
    /// Systems and values, sorted.
    pub identifiers: Vec<(String, String)>,
}

impl Registration {
    /// Its normal form. It says nothing of sex.
    pub fn form(&self) -> Form {
        let both = |name: &Name| (name.words.clone(), name.joined.clone());
        let identifiers = self.identifiers.iter();
        Form {
            given: both(&self.given),
            family: both(&self.family),
            birth: self.birth,
            phone: self.phone.clone(),
            postal_code: self.postal_code.clone(),
            street: self.street.clone(),
            identifiers: identifiers.map(|i| (i.system.clone(), i.value.clone())).collect(),
        }
    }

    /// What every registration states.
    pub fn new(given_name: &str, family_name: &str, birth_date: Date) -> Self {
        Self {
            given: Name::new(normal::name(given_name)),
            family: Name::new(normal::family_name(family_name)),
            birth: birth_date,
            sex: None,
            phone: None,
            postal_code: None,
            street: None,
            identifiers: Vec::new(),
        }
    }

    #[must_use]
    pub fn sex(self, sex: Sex) -> Self {
        Self { sex: Some(sex), ..self }
    }

    /// What is no telephone number counts as missing; so with the others.
    #[must_use]
    pub fn phone(self, phone: &str) -> Self {
        Self { phone: normal::phone(phone), ..self }
    }

    #[must_use]
    pub fn postal_code(self, code: &str) -> Self {
        Self { postal_code: normal::postal_code(code), ..self }
    }

    #[must_use]
    pub fn street(self, line: &str) -> Self {
        Self { street: normal::street(line), ..self }
    }

    /// Adds an identifier of a shared system. An agency's own number says nothing to another: leave
    /// it out.
    #[must_use]
    pub fn identifier(mut self, system: &str, value: &str) -> Self {
        if let Some(value) = normal::identifier(value) {
            let one = Identifier { system: system.trim().to_owned(), value };
            if let Err(place) = self.identifiers.binary_search(&one) {
                self.identifiers.insert(place, one);
            }
        }
        self
    }
}

impl std::fmt::Debug for Registration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Registration")
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn a_registration_shows_nothing_of_the_person_when_it_is_printed() {
        let one = Registration::new("Jane", "Roe", date!(1980 - 01 - 02)).phone("5552013344");
        assert_eq!(format!("{one:?}"), "Registration");
    }

    #[test]
    fn what_is_no_value_counts_as_missing() {
        let bare = Registration::new("Jane", "Roe", date!(1980 - 01 - 02));
        let filled = bare.clone().phone("none").postal_code("-").street("").identifier("s", "0000");
        assert!(bare == filled);
    }

    #[test]
    fn identifiers_have_no_order_and_no_repeats() {
        let bare = Registration::new("Jane", "Roe", date!(1980 - 01 - 02));
        let one = bare.clone().identifier("b", "12").identifier("a", "34").identifier("a", "3-4");
        assert!(one == bare.identifier("a", "34").identifier("b", "12"));
    }
}
