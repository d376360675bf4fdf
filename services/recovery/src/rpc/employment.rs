//! Plans for work as the contract tells them, and what its annotations can't say of them.

use kernel::Instant;
use prost::Message as _;
use rpc::Error;
use time::{Date, macros::format_description};
use wire::{
    Violation,
    convert::{name_of, timestamp},
    recovery::v1::{self as pb, EmploymentDisclosureChoice},
};

use super::reply;
use crate::domain::{Content, MOST_BYTES, OwnRecord, Specialist, latest_day, same_employer};

/// As the contract has it.
const MOST_EMPLOYERS: usize = 50;

/// What a plan is to say, as it is kept; and what is wrong with it.
pub(super) fn content(
    given: Option<&pb::EmploymentPlanContent>,
    now: Instant,
) -> (Content, Vec<Violation>) {
    let Some(given) = given else { return (Content(Vec::new()), Vec::new()) };
    let mut wrong = Vec::new();
    let hours = given.preferences.as_ref().map(|wants| (wants.least_hours, wants.most_hours));
    if hours.is_some_and(|(least, most)| most > 0 && most < least) {
        let what = "must be no fewer than least_hours";
        wrong.push(Violation::new("content.preferences.most_hours", what));
    }
    wrong.extend(given.disclosure.as_ref().and_then(|all| unsaid("content.disclosure", all)));
    // More is the annotation's to refuse, and would be compared with all others.
    for (n, one) in given.employer_disclosures.iter().enumerate().take(MOST_EMPLOYERS) {
        let field = format!("content.employer_disclosures[{n}]");
        let chosen = one.disclosure.as_ref();
        wrong.extend(chosen.and_then(|all| unsaid(&format!("{field}.disclosure"), all)));
        let before = given.employer_disclosures.iter().take(n);
        if before.into_iter().any(|other| same_employer(&other.employer, &one.employer)) {
            wrong.push(Violation::new(format!("{field}.employer"), "must be there once"));
        }
    }
    wrong.extend(given.benefits_counselling.iter().flat_map(|benefits| counselled(benefits, now)));
    let bytes = given.encode_to_vec();
    if bytes.len() > MOST_BYTES {
        wrong.push(Violation::new("content", "must come to at most 64 KiB"));
    }
    (Content(bytes), wrong)
}

fn unsaid(field: &str, disclosure: &pb::EmploymentDisclosure) -> Option<Violation> {
    let says = disclosure.choice() == EmploymentDisclosureChoice::WhatISay;
    let what = "must be given with WHAT_I_SAY, and only with it";
    (says != disclosure.words.is_some()).then(|| Violation::new(format!("{field}.words"), what))
}

fn counselled(benefits: &pb::BenefitsCounselling, now: Instant) -> Vec<Violation> {
    let field = |name: &str| format!("content.benefits_counselling.{name}");
    let (offered, odd_offer) = optional_day(&field("offer_date"), &benefits.offer_date, now);
    let (done, odd_done) = optional_day(&field("done_date"), &benefits.done_date, now);
    let mut wrong: Vec<Violation> = odd_offer.into_iter().chain(odd_done).collect();
    if offered.zip(done).is_some_and(|(offered, done)| done < offered) {
        wrong.push(Violation::new(field("done_date"), "must not be before offer_date"));
    }
    if benefits.declined && !benefits.done_date.is_empty() {
        wrong.push(Violation::new(field("declined"), "must not be with done_date"));
    }
    wrong
}

fn optional_day(field: &str, text: &str, now: Instant) -> (Option<Date>, Option<Violation>) {
    if text.is_empty() { (None, None) } else { day(field, text, now) }
}

/// A day, and what is wrong with it; what does not look like one is the annotation's to refuse.
pub(super) fn day(field: &str, text: &str, now: Instant) -> (Option<Date>, Option<Violation>) {
    if text.len() != "2026-05-04".len() {
        return (None, None);
    }
    match Date::parse(text, format_description!("[year]-[month]-[day]")) {
        Err(_) => (None, Some(Violation::new(field, "must be a day of the calendar"))),
        Ok(day) if day > latest_day(now) => {
            (None, Some(Violation::new(field, "must not be in the future")))
        }
        Ok(day) => (Some(day), None),
    }
}

/// `own`: to the person themself.
pub(super) fn plan(
    record: &OwnRecord,
    specialist: Option<&Specialist>,
    own: bool,
) -> Result<pb::EmploymentPlan, Error> {
    Ok(pb::EmploymentPlan {
        name: name_of("employmentPlans", record.id),
        person: name_of("people", record.person),
        version: record.version,
        create_time: Some(timestamp(record.created_at)),
        write_time: Some(timestamp(record.written_at)),
        etag: if own { record.version.to_string() } else { String::new() },
        content: Some(said(&record.content)?),
        specialist: specialist.map(specialist_shown),
    })
}

pub(super) fn said(content: &Content) -> Result<pb::EmploymentPlanContent, Error> {
    let said = pb::EmploymentPlanContent::decode(&*content.0);
    said.map_err(|_| Error::Internal("an employment plan's content"))
}

pub(super) fn specialist_shown(specialist: &Specialist) -> pb::EmploymentSpecialist {
    pb::EmploymentSpecialist {
        practitioner: reply::grantee(&specialist.by),
        create_time: Some(timestamp(specialist.named_at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_employers_without_end_only_as_many_are_compared_as_the_contract_allows() {
        let one = pb::EmployerDisclosure { employer: "Acme".to_owned(), disclosure: None };
        let employer_disclosures = vec![one; 2_000];
        let given = pb::EmploymentPlanContent { employer_disclosures, ..Default::default() };
        let (_, wrong) = content(Some(&given), Instant::UNIX_EPOCH);
        assert_eq!(wrong.len(), MOST_EMPLOYERS - 1);
    }
}
