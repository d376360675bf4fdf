//! What an agency may state of a person beside names and birth date. No Debug: it is content.

use serde::{Deserialize, Serialize};

/// All of it optional.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    pub middle_name: String,
    pub former_names: Vec<OtherName>,
    /// The present one first; so with the others.
    pub addresses: Vec<Address>,
    pub phones: Vec<String>,
    pub emails: Vec<String>,
}

/// What is empty in it is as in the profile.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OtherName {
    pub given_name: String,
    pub family_name: String,
}

#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    pub line: String,
    pub city: String,
    pub state: String,
    pub postal_code: String,
    pub country: String,
}
