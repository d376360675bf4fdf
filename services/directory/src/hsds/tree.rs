//! An organization as a whole: plain data, keyed by the ids of its source.
//!
//! It says nothing of an agency's sector or flags: those are set by a network administrator and
//! are never taken from a directory.

use std::{collections::BTreeSet, sync::Arc};

use kernel::Sector;
use time::{Date, OffsetDateTime};

use super::{
    category::{NeedCategory, SupportKind},
    given::Given,
    value::TimeOfDay,
};

/// An organization and all that hangs below it, every row of it sound.
#[derive(Debug, Clone, PartialEq)]
pub struct OrganizationTree {
    pub id: String,
    pub name: String,
    pub alternate_name: Option<String>,
    pub description: Option<String>,
    pub email: Option<String>,
    pub website: Option<String>,
    pub tax_status: Option<String>,
    pub tax_id: Option<String>,
    pub year_incorporated: Option<i64>,
    pub legal_status: Option<String>,
    pub logo: Option<String>,
    pub uri: Option<String>,
    /// Another organization of the same import.
    pub parent_id: Option<String>,
    pub identifiers: Vec<Identifier>,
    pub programs: Vec<Program>,
    pub services: Vec<Service>,
    /// Those it maintains and those where it offers a service: one location can stand in several
    /// organizations, the same in each.
    pub locations: Vec<Arc<Location>>,
    pub contacts: Vec<Contact>,
    pub phones: Vec<Phone>,
    pub funding: Vec<String>,
    pub attributes: Vec<Attribute>,
    /// Every row of it, its own first, as the source gave them.
    pub rows: Vec<Arc<Given>>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Identifier {
    pub id: String,
    /// As org-id.guide names it.
    pub scheme: Option<String>,
    pub kind: String,
    pub value: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    pub id: String,
    pub name: String,
    pub alternate_name: Option<String>,
    pub description: Option<String>,
}

/// Whether a service is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceStatus {
    Active,
    Inactive,
    Defunct,
    TemporarilyClosed,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    pub id: String,
    pub program_id: Option<String>,
    pub name: String,
    pub alternate_name: Option<String>,
    pub description: Option<String>,
    pub url: Option<String>,
    pub email: Option<String>,
    pub status: ServiceStatus,
    pub interpretation_services: Option<String>,
    pub application_process: Option<String>,
    pub fees_description: Option<String>,
    pub wait_time: Option<String>,
    pub accreditations: Option<String>,
    pub eligibility_description: Option<String>,
    /// In years.
    pub minimum_age: Option<f64>,
    /// In years.
    pub maximum_age: Option<f64>,
    pub assured_date: Option<Date>,
    pub assurer_email: Option<String>,
    pub alert: Option<String>,
    /// From the Open Eligibility codes of its terms, never from its texts.
    pub needs: BTreeSet<NeedCategory>,
    /// Likewise.
    pub support: BTreeSet<SupportKind>,
    /// Likewise: what all its terms agree on, else OTHER.
    pub sector: Sector,
    pub at: Vec<ServiceAtLocation>,
    pub languages: Vec<Language>,
    pub phones: Vec<Phone>,
    pub contacts: Vec<Contact>,
    pub schedules: Vec<Schedule>,
    pub areas: Vec<ServiceArea>,
    pub costs: Vec<CostOption>,
    pub required_documents: Vec<RequiredDocument>,
    pub capacities: Vec<Capacity>,
    pub funding: Vec<String>,
    pub attributes: Vec<Attribute>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ServiceAtLocation {
    pub id: String,
    /// A location of the same tree.
    pub location_id: String,
    pub description: Option<String>,
    pub phones: Vec<Phone>,
    pub contacts: Vec<Contact>,
    pub schedules: Vec<Schedule>,
    pub areas: Vec<ServiceArea>,
    pub attributes: Vec<Attribute>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaceType {
    Physical,
    Postal,
    Virtual,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Location {
    pub id: String,
    pub kind: PlaceType,
    /// The organization that keeps its particulars, where the source says.
    pub maintained_by: Option<String>,
    pub url: Option<String>,
    pub name: Option<String>,
    pub alternate_name: Option<String>,
    pub description: Option<String>,
    pub transportation: Option<String>,
    pub position: Option<Position>,
    pub external_identifier: Option<String>,
    pub external_identifier_type: Option<String>,
    pub addresses: Vec<Address>,
    pub accessibility: Vec<Accessibility>,
    pub languages: Vec<Language>,
    pub phones: Vec<Phone>,
    pub contacts: Vec<Contact>,
    pub schedules: Vec<Schedule>,
    pub attributes: Vec<Attribute>,
}

/// Degrees, WGS 84.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    pub latitude: f64,
    pub longitude: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Address {
    pub id: String,
    pub kind: PlaceType,
    pub attention: Option<String>,
    pub address_1: String,
    pub address_2: Option<String>,
    pub city: String,
    pub region: Option<String>,
    pub state_province: String,
    pub postal_code: String,
    /// Two letters, upper case.
    pub country: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Accessibility {
    pub id: String,
    pub description: Option<String>,
    pub details: Option<String>,
    pub url: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Contact {
    pub id: String,
    pub name: Option<String>,
    pub title: Option<String>,
    pub department: Option<String>,
    pub email: Option<String>,
    pub phones: Vec<Phone>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Phone {
    pub id: String,
    pub number: String,
    pub extension: Option<String>,
    /// An open list: voice, fax, sms, tty, hotline...
    pub kind: Option<String>,
    pub description: Option<String>,
    pub languages: Vec<Language>,
}

/// Spoken there, without an interpreter.
#[derive(Debug, Clone, PartialEq)]
pub struct Language {
    pub id: String,
    pub name: Option<String>,
    pub code: Option<String>,
    pub note: Option<String>,
}

/// An RFC 5545 recurrence, in the columns of HSDS.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    pub id: String,
    pub valid_from: Option<Date>,
    pub valid_to: Option<Date>,
    pub dtstart: Option<Date>,
    /// Hours from UTC.
    pub timezone: Option<f64>,
    pub until: Option<Date>,
    pub count: Option<i64>,
    pub wkst: Option<String>,
    pub freq: Option<String>,
    pub interval: Option<i64>,
    pub byday: Option<String>,
    pub byweekno: Option<String>,
    pub bymonthday: Option<String>,
    pub byyearday: Option<String>,
    pub description: Option<String>,
    pub opens_at: Option<TimeOfDay>,
    pub closes_at: Option<TimeOfDay>,
    pub schedule_link: Option<String>,
    pub attending_type: Option<String>,
    pub notes: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ServiceArea {
    pub id: String,
    pub name: Option<String>,
    pub description: Option<String>,
    pub extent: Option<String>,
    pub extent_type: Option<String>,
    pub uri: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct CostOption {
    pub id: String,
    pub valid_from: Option<Date>,
    pub valid_to: Option<Date>,
    pub option: Option<String>,
    /// Three letters, upper case.
    pub currency: Option<String>,
    /// A decimal as written: at most twelve digits and four places, not negative.
    pub amount: Option<String>,
    pub amount_description: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct RequiredDocument {
    pub id: String,
    pub document: Option<String>,
    pub uri: Option<String>,
}

/// How much of a service there is.
#[derive(Debug, Clone, PartialEq)]
pub struct Capacity {
    pub id: String,
    /// What is counted: beds, hours.
    pub unit: String,
    pub available: i64,
    pub maximum: Option<i64>,
    pub description: Option<String>,
    pub as_of: OffsetDateTime,
}

/// A term of a taxonomy that applies to what it stands on.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    pub id: String,
    pub term: Arc<Term>,
    pub link_type: Option<String>,
    pub value: Option<String>,
    pub label: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    pub id: String,
    pub code: Option<String>,
    pub name: String,
    pub taxonomy: Option<String>,
}
