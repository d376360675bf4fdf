//! How far two values agree.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    GivenName,
    FamilyName,
    BirthDate,
    Sex,
    Phone,
    PostalCode,
    Street,
    Identifier,
}

/// How far two values of a field agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Exact,
    /// One is a short form, or another spelling, of the other.
    Nickname,
    /// One is a part of the other: one of two names, or a name cut short.
    Part,
    /// A slip apart. Of a birth date: one digit, or two neighbouring ones exchanged.
    Near,
    /// One is the other's first letter alone.
    Initial,
    /// A slip apart, but both are names that people have.
    Similar,
    /// Given and family name, or day and month, exchanged.
    Swapped,
    /// The same year, and 1 January in one or both, which often stands for a day that nobody knows.
    Unsure,
    /// The same year and nothing more.
    Year,
    Different,
    /// At least one says nothing: weight 0, always.
    Missing,
}

impl Level {
    pub const ALL: [Self; 11] = [
        Self::Exact,
        Self::Nickname,
        Self::Part,
        Self::Near,
        Self::Initial,
        Self::Similar,
        Self::Swapped,
        Self::Unsure,
        Self::Year,
        Self::Different,
        Self::Missing,
    ];
}

/// One level a field, in the order of `Field::ALL`.
pub type Levels = [Level; Field::ALL.len()];

impl Field {
    pub const ALL: [Self; 8] = [
        Self::GivenName,
        Self::FamilyName,
        Self::BirthDate,
        Self::Sex,
        Self::Phone,
        Self::PostalCode,
        Self::Street,
        Self::Identifier,
    ];

    /// The levels that a comparison of this field can have, but `Missing`.
    pub fn levels(self) -> &'static [Level] {
        use Level::{
            Different, Exact, Initial, Near, Nickname, Part, Similar, Swapped, Unsure, Year,
        };
        match self {
            Self::GivenName => &[Exact, Nickname, Part, Near, Initial, Similar, Swapped, Different],
            Self::FamilyName => &[Exact, Part, Near, Similar, Swapped, Different],
            Self::BirthDate => &[Exact, Near, Swapped, Unsure, Year, Different],
            Self::Sex => &[Exact, Different],
            Self::Phone | Self::PostalCode | Self::Street | Self::Identifier => {
                &[Exact, Near, Different]
            }
        }
    }

    /// This field's level.
    pub fn of(self, levels: &Levels) -> Level {
        let [given, family, birth, sex, phone, postal_code, street, identifier] = *levels;
        match self {
            Self::GivenName => given,
            Self::FamilyName => family,
            Self::BirthDate => birth,
            Self::Sex => sex,
            Self::Phone => phone,
            Self::PostalCode => postal_code,
            Self::Street => street,
            Self::Identifier => identifier,
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GivenName => "given name",
            Self::FamilyName => "family name",
            Self::BirthDate => "birth date",
            Self::Sex => "sex",
            Self::Phone => "telephone",
            Self::PostalCode => "postal code",
            Self::Street => "street",
            Self::Identifier => "identifier",
        })
    }
}
