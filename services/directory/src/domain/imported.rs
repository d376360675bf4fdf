//! An HSDS organization as the directory keeps it. What the contract has no field for, or only a
//! shorter one, is kept whole beside: nothing of a source is lost.
//!
//! Sector, flags, status and bindings are not here: no import sets them.

mod rows;

use std::{collections::BTreeSet, sync::Arc};

use kernel::{CodeSet, Instant};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::{
    SupportKind,
    text::{line, lines},
};
use crate::hsds;

pub(crate) use rows::Rows;
use rows::object;

const NAME: usize = 200;
const ABOUT_AGENCY: usize = 2_000;
const ABOUT_SERVICE: usize = 4_000;
const CATEGORIES: usize = 20;
const LANGUAGES: usize = 50;
const WORD: usize = 50;
const MOST_UNITS: i64 = 1_000_000;

#[derive(Debug)]
pub(crate) struct Organization {
    /// Its own, should it be new.
    pub id: Uuid,
    pub source_id: String,
    /// Source id of another organization.
    pub parent: Option<String>,
    pub display_name: String,
    pub description: String,
    pub published: Value,
    pub services: Vec<Service>,
    pub capacities: Vec<Capacity>,
    pub rows: Rows,
    /// All of it as it was given.
    pub given: Vec<Arc<hsds::Given>>,
}

/// As the store takes it: one JSON object a row.
#[derive(Debug, Serialize)]
pub(crate) struct Service {
    /// Its own, should it be new.
    pub id: Uuid,
    pub source_id: String,
    pub display_name: String,
    pub description: String,
    pub need_categories: Vec<String>,
    pub languages: Vec<String>,
    pub support_kinds: u32,
    pub eligibility: String,
    pub application_process: String,
    pub fees: String,
    pub listed: bool,
    pub published: Value,
}

/// The newest that the source says of a service.
#[derive(Debug)]
pub(crate) struct Capacity {
    pub source_id: String,
    pub available: i32,
    pub unit: String,
    pub as_of: Instant,
    pub maximum: Option<i32>,
}

impl Organization {
    /// `now`: what a source says as of a later time is kept, and not believed.
    pub(crate) fn of(
        tree: &hsds::OrganizationTree,
        now: Instant,
        new_id: impl Fn() -> Uuid,
    ) -> Self {
        let description = tree.description.clone().unwrap_or_default();
        Self {
            id: new_id(),
            source_id: tree.id.clone(),
            parent: tree.parent_id.clone(),
            display_name: name(&tree.name, &tree.id),
            description: lines(&description, ABOUT_AGENCY),
            published: object([
                ("name", tree.name.clone().into()),
                ("alternate_name", tree.alternate_name.clone().into()),
                ("description", cut(&description, ABOUT_AGENCY)),
                ("email", tree.email.clone().into()),
                ("website", tree.website.clone().into()),
                ("tax_status", tree.tax_status.clone().into()),
                ("tax_id", tree.tax_id.clone().into()),
                ("year_incorporated", tree.year_incorporated.into()),
                ("legal_status", tree.legal_status.clone().into()),
                ("logo", tree.logo.clone().into()),
                ("uri", tree.uri.clone().into()),
                ("funding", list(&tree.funding)),
            ]),
            services: tree.services.iter().map(|s| service(s, new_id())).collect(),
            capacities: tree.services.iter().filter_map(|s| capacity(s, now)).collect(),
            rows: Rows::of(tree),
            given: tree.rows.clone(),
        }
    }
}

/// A name that is nothing but what may not stand in one is replaced by the id.
fn name(text: &str, id: &str) -> String {
    let name = line(text, NAME);
    if name.is_empty() { line(id, NAME) } else { name }
}

/// The whole text where the column holds less of it.
fn cut(text: &str, most: usize) -> Value {
    if lines(text, most) == text { Value::Null } else { text.into() }
}

fn list(texts: &[String]) -> Value {
    if texts.is_empty() { Value::Null } else { texts.to_vec().into() }
}

fn service(service: &hsds::Service, id: Uuid) -> Service {
    let text = |text: &Option<String>| lines(text.as_deref().unwrap_or_default(), ABOUT_SERVICE);
    let whole = |text: &Option<String>| cut(text.as_deref().unwrap_or_default(), ABOUT_SERVICE);
    Service {
        id,
        source_id: service.id.clone(),
        display_name: name(&service.name, &service.id),
        description: text(&service.description),
        need_categories: categories(service),
        languages: languages(service),
        support_kinds: support_kinds(service).bits(),
        eligibility: text(&service.eligibility_description),
        application_process: text(&service.application_process),
        fees: text(&service.fees_description),
        listed: service.status == hsds::ServiceStatus::Active,
        published: object([
            ("name", service.name.clone().into()),
            ("status", status(service.status).into()),
            ("program_id", service.program_id.clone().into()),
            ("alternate_name", service.alternate_name.clone().into()),
            ("description", whole(&service.description)),
            ("url", service.url.clone().into()),
            ("email", service.email.clone().into()),
            ("interpretation_services", service.interpretation_services.clone().into()),
            ("application_process", whole(&service.application_process)),
            ("fees_description", whole(&service.fees_description)),
            ("wait_time", service.wait_time.clone().into()),
            ("accreditations", service.accreditations.clone().into()),
            ("eligibility_description", whole(&service.eligibility_description)),
            ("minimum_age", service.minimum_age.into()),
            ("maximum_age", service.maximum_age.into()),
            ("assured_date", service.assured_date.map(|d| d.to_string()).into()),
            ("assurer_email", service.assurer_email.clone().into()),
            ("alert", service.alert.clone().into()),
            ("funding", list(&service.funding)),
        ]),
    }
}

fn status(status: hsds::ServiceStatus) -> &'static str {
    match status {
        hsds::ServiceStatus::Active => "active",
        hsds::ServiceStatus::Inactive => "inactive",
        hsds::ServiceStatus::Defunct => "defunct",
        hsds::ServiceStatus::TemporarilyClosed => "temporarily closed",
    }
}

/// Codes of Open Eligibility as the contract spells them, in their order.
fn categories(service: &hsds::Service) -> Vec<String> {
    let terms = service.attributes.iter().map(|a| &a.term);
    let open = terms.filter(|t| {
        t.taxonomy.as_deref().is_some_and(|name| name.eq_ignore_ascii_case("Open Eligibility"))
    });
    let codes: BTreeSet<&str> =
        open.filter_map(|t| t.code.as_deref()).filter(|code| is_category(code)).collect();
    codes.into_iter().take(CATEGORIES).map(str::to_owned).collect()
}

/// `103`, `103-02` and so on, at most three levels below the first.
fn is_category(code: &str) -> bool {
    let digits =
        |part: &str, count| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
    let mut parts = code.split('-');
    parts.next().is_some_and(|top| digits(top, 3))
        && parts.clone().count() <= 3
        && parts.all(|part| digits(part, 2))
}

fn languages(service: &hsds::Service) -> Vec<String> {
    let mut known: Vec<String> = Vec::new();
    for language in &service.languages {
        let word = language.name.as_ref().or(language.code.as_ref());
        let word = line(word.map(String::as_str).unwrap_or_default(), WORD);
        if !word.is_empty() && !known.contains(&word) && known.len() < LANGUAGES {
            known.push(word);
        }
    }
    known
}

fn support_kinds(service: &hsds::Service) -> CodeSet<SupportKind> {
    let kind = |kind: &hsds::SupportKind| match kind {
        hsds::SupportKind::Emotional => SupportKind::Emotional,
        hsds::SupportKind::Informational => SupportKind::Informational,
        hsds::SupportKind::Instrumental => SupportKind::Instrumental,
        hsds::SupportKind::Affiliational => SupportKind::Affiliational,
    };
    service.support.iter().map(kind).collect()
}

fn capacity(service: &hsds::Service, now: Instant) -> Option<Capacity> {
    let known = service.capacities.iter().filter(|c| c.as_of <= now);
    let newest = known.max_by_key(|c| c.as_of)?;
    Some(Capacity {
        source_id: service.id.clone(),
        available: i32::try_from(newest.available.clamp(0, MOST_UNITS)).unwrap_or_default(),
        unit: line(&newest.unit, WORD),
        maximum: newest
            .maximum
            .and_then(|units| i32::try_from(units.clamp(0, MOST_UNITS)).ok())
            .filter(|units| *units > 0),
        // As the database will give it back.
        as_of: newest
            .as_of
            .replace_nanosecond(newest.as_of.nanosecond() / 1_000 * 1_000)
            .unwrap_or(newest.as_of),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_category_is_spelled_as_the_contract_spells_it() {
        for good in ["103", "103-02", "108-07-09-01"] {
            assert!(is_category(good), "{good}");
        }
        for odd in ["", "1", "10a", "1035", "103-", "103-2", "103-02-01-01-01", "-103"] {
            assert!(!is_category(odd), "{odd}");
        }
    }

    #[test]
    fn a_text_that_fits_is_kept_once() {
        assert_eq!(cut("short", 10), Value::Null);
        assert_eq!(cut("longer", 3), Value::from("longer"));
        assert_eq!(name("\u{202E}", "id-1"), "id-1");
    }
}
