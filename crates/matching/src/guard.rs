//! What no sum can outvote: each stands for a way in which two people look like one.

use std::fmt;

use crate::{Field, Level, Levels};

/// Why two registrations are not linked by themselves, whatever their sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Guard {
    /// A single-valued system, and two values: two people, or one of them mistyped.
    Identifiers,
    /// Given names that are no forms of one: twins share all the rest.
    GivenNames,
    /// A letter is the first of many names, of twins' too. Lifted by an identifier.
    Initial,
    /// Birth dates that no one slip explains: parent and child of one name share all the rest.
    BirthDates,
    /// Sexes differ and so do the given names, if only by a slip (Alexander and Alexandra).
    Sexes,
    /// Family names differ and no telephone, street or identifier agrees.
    FamilyNames,
    /// Names and birth date alone agree, and the name is common or the birth date one that often stands
    /// for an unknown.
    CommonName,
    /// Neither the names nor the birth date agree whole, and no telephone, street or identifier does.
    Slips,
}

impl Guard {
    pub const ALL: [Self; 8] = [
        Self::Identifiers,
        Self::GivenNames,
        Self::Initial,
        Self::BirthDates,
        Self::Sexes,
        Self::FamilyNames,
        Self::CommonName,
        Self::Slips,
    ];

    /// Whether it stands against linking. `common`: the names are.
    pub fn stands(self, levels: &Levels, common: bool) -> bool {
        let [given, family, birth, sex, ..] = *levels;
        let (identified, contacted) = (identified(levels), contacted(levels));
        match self {
            Self::Identifiers => {
                matches!(Field::Identifier.of(levels), Level::Different | Level::Near)
            }
            Self::GivenNames => {
                matches!(given, Level::Different | Level::Similar | Level::Missing)
            }
            Self::Initial => given == Level::Initial && !identified,
            Self::BirthDates => matches!(birth, Level::Different | Level::Year),
            Self::Sexes => sex == Level::Different && given != Level::Exact,
            Self::FamilyNames => {
                let differ = matches!(family, Level::Different | Level::Similar | Level::Missing);
                differ && !contacted
            }
            Self::CommonName => {
                let postal = Field::PostalCode.of(levels) == Level::Exact;
                (common || birth == Level::Unsure) && !contacted && !postal
            }
            Self::Slips => {
                let whole = [given, family] == [Level::Exact, Level::Exact]
                    || [given, family] == [Level::Swapped, Level::Swapped];
                !whole && birth != Level::Exact && !contacted
            }
        }
    }
}

/// An identifier agrees whole.
fn identified(levels: &Levels) -> bool {
    Field::Identifier.of(levels) == Level::Exact
}

/// Something agrees that few others share.
fn contacted(levels: &Levels) -> bool {
    let agrees = |field: Field| matches!(field.of(levels), Level::Exact | Level::Near);
    identified(levels) || agrees(Field::Phone) || agrees(Field::Street)
}

/// Names of two people, as both have them, and no identifier in common: they are not even in doubt, or
/// every pair of twins would be.
pub fn are_two(levels: &Levels, both_names: bool) -> bool {
    Field::GivenName.of(levels) == Level::Different && both_names && !identified(levels)
}

impl fmt::Display for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identifiers => "they have two identifiers where a person has one",
            Self::GivenNames => "the given names may be those of two people, of twins for example",
            Self::Initial => "a first letter may be another person's, a twin's for example",
            Self::BirthDates => {
                "the birth dates may be those of two people, of parent and child for example"
            }
            Self::Sexes => "the sexes differ, and the given names are not the same",
            Self::FamilyNames => {
                "the family names are not the same, and no telephone, street or identifier is"
            }
            Self::CommonName => {
                "nothing but the names and birth date agrees, and others share them"
            }
            Self::Slips => {
                "neither the names nor the birth date are the same, and no telephone, street or \
                 identifier is"
            }
        })
    }
}
