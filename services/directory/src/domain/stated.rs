//! What an agency states of its service where HSDS has tables of their own for it. The names are those of
//! HSDS: searches and exports read it by them.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stated {
    #[serde(rename = "interpretation_services", skip_serializing_if = "String::is_empty")]
    pub interpreting: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub culture: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faith: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_age: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum_age: Option<i32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Place>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub schedules: Vec<Schedule>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub email: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<Phone>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Place {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accessibility: Vec<String>,
}

/// Degrees, WGS 84.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Position {
    pub latitude: f64,
    pub longitude: f64,
}

/// All of it but the second line, or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    pub address_1: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub address_2: String,
    pub city: String,
    pub state_province: String,
    pub postal_code: String,
    pub country: String,
}

/// Hours of a plain week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    pub freq: String,
    /// Days with commas between.
    pub byday: String,
    /// HH:MM:SS.
    pub opens_at: String,
    pub closes_at: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub valid_from: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub valid_to: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Phone {
    pub number: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub extension: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
}
