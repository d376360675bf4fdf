//! What a search asks, and why a service meets it.

mod query;

use kernel::{CodeSet, Instant, Sector};
use time::{Date, Time};
use uuid::Uuid;

use super::{
    CapacityStatus, SupportKind,
    words::{self, Unit},
};

pub(crate) use query::Terms;

/// A place, and how far around it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Near {
    pub latitude: f64,
    pub longitude: f64,
    pub radius_km: f64,
}

/// As clocks show it there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    pub day: Date,
    pub at: Time,
}

/// Conditions of a search; every one given must hold. The first seven may be met by what says nothing of
/// them: see [`Search::open`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Search {
    /// This code and all below it.
    pub need_category: Option<String>,
    pub language: String,
    pub age: Option<i32>,
    pub accessibility: String,
    pub near: Option<Near>,
    pub open_at: Option<Moment>,
    /// Leaves out what says nothing of them.
    pub only_stated: bool,
    /// Each of them is found somewhere.
    pub text: String,
    pub sector: Option<Sector>,
    pub agency: Option<Uuid>,
    /// None of them: of any.
    pub among: Vec<Uuid>,
    pub interpreting: bool,
    pub cultural_offering: String,
    pub faith_offering: String,
    pub include_faith_based: bool,
    pub support_kinds: CodeSet<SupportKind>,
    pub with_capacity: bool,
    pub capacity_statuses: Vec<CapacityStatus>,
    pub capacity_since: Option<Instant>,
}

/// Above it, spiritual support.
const SPIRITUAL: &str = "108-07-08";

impl Search {
    /// Whether faith-based services were asked for, too.
    pub(crate) fn faith_based(&self) -> bool {
        self.include_faith_based
            || !self.faith_offering.is_empty()
            || self.sector == Some(Sector::Faith)
            || self.need_category.as_deref().is_some_and(|code| code.starts_with(SPIRITUAL))
    }

    /// Whether anything is asked that a service may say nothing of.
    pub(crate) fn open(&self) -> bool {
        self.need_category.is_some()
            || !self.language.is_empty()
            || self.age.is_some()
            || !self.accessibility.is_empty()
            || self.near.is_some()
            || self.open_at.is_some()
    }

    pub(crate) fn units(&self) -> Vec<Unit> {
        words::units(&self.text)
    }
}
