//! What goes wrong when a registration is written down.

use std::fmt;

/// A kind of error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Error {
    Nickname,
    GivenCut,
    GivenSlip,
    FamilyChanged,
    FamilyPart,
    FamilySlip,
    NamesExchanged,
    BirthUnknown,
    DayAndMonth,
    BirthSlip,
    Sex,
    Moved,
    PhoneSlip,
    StreetSlip,
    PostalSlip,
    IdentifierSlip,
    IdentifierOfMother,
}

impl Error {
    /// In the order in which they are made: a short form may have a slip, not the other way round.
    pub const ALL: [Self; 17] = [
        Self::Nickname,
        Self::GivenCut,
        Self::GivenSlip,
        Self::FamilyChanged,
        Self::FamilyPart,
        Self::FamilySlip,
        Self::NamesExchanged,
        Self::BirthUnknown,
        Self::DayAndMonth,
        Self::BirthSlip,
        Self::Sex,
        Self::Moved,
        Self::PhoneSlip,
        Self::StreetSlip,
        Self::PostalSlip,
        Self::IdentifierSlip,
        Self::IdentifierOfMother,
    ];

    /// How often it is made of what it may be made of: a short form of a name that has one.
    pub(super) fn often(self) -> f64 {
        match self {
            Self::GivenSlip | Self::FamilySlip => 0.04,
            Self::NamesExchanged | Self::DayAndMonth | Self::BirthSlip => 0.015,
            Self::Nickname => 0.12,
            Self::GivenCut => 0.03,
            Self::FamilyPart => 0.15,
            Self::FamilyChanged => 0.02,
            Self::BirthUnknown | Self::Sex => 0.005,
            Self::Moved => 0.18,
            Self::PhoneSlip => 0.02,
            Self::StreetSlip => 0.05,
            Self::PostalSlip => 0.01,
            Self::IdentifierSlip => 0.01,
            Self::IdentifierOfMother => 0.3,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GivenSlip => "slip in the given name",
            Self::FamilySlip => "slip in the family name",
            Self::NamesExchanged => "given and family name exchanged",
            Self::Nickname => "nickname or other spelling",
            Self::GivenCut => "given name cut short, or one of two",
            Self::FamilyPart => "one of two family names",
            Self::FamilyChanged => "family name changed",
            Self::DayAndMonth => "day and month exchanged",
            Self::BirthSlip => "slip in the birth date",
            Self::BirthUnknown => "birth date not known: 1 January",
            Self::Sex => "other sex",
            Self::Moved => "moved: other address, often other telephone",
            Self::PhoneSlip => "slip in the telephone",
            Self::StreetSlip => "slip in the street",
            Self::PostalSlip => "slip in the postal code",
            Self::IdentifierSlip => "slip in an identifier",
            Self::IdentifierOfMother => "identifier of an infant's mother",
        })
    }
}

/// A set of kinds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Errors(u32);

impl Errors {
    pub fn add(&mut self, error: Error) {
        self.0 |= 1 << error as u32;
    }

    pub fn has(self, error: Error) -> bool {
        self.0 & (1 << error as u32) != 0
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn both(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
