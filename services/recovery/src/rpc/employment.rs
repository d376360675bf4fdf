//! Plans for work as the contract tells them, and what its annotations can't say of them.

use kernel::Instant;
use prost::Message as _;
use rpc::Error;
use time::{Date, macros::format_description};
use wire::{
    Violation,
    convert::{id_of, name_of, timestamp},
    recovery::v1::{self as pb, EmployerTold, EmploymentDisclosureChoice},
};

use super::reply;
use crate::domain::{
    Content, EmploymentStep, MOST_BYTES, MOST_STEP_BYTES, OwnRecord, Specialist, StepFacets,
    StepKind, latest_day, same_employer,
};

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
    for (n, one) in given.employer_disclosures.iter().enumerate() {
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
fn day(field: &str, text: &str, now: Instant) -> (Option<Date>, Option<Violation>) {
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

/// What a step is; and all that is wrong with it.
pub(super) fn facets(
    given: &pb::EmploymentStepContent,
    now: Instant,
) -> (Option<StepFacets>, Vec<Violation>) {
    let placement = |name: &str| id_of("employmentSteps", name).filter(|id| !id.is_nil());
    let mut kinds = Vec::new();
    if let Some(contact) = &given.employer_contact {
        kinds.push((StepKind::EmployerContact, contact.face_to_face, false, None));
    }
    if given.benefits_counselling.is_some() {
        kinds.push((StepKind::BenefitsCounselling, false, false, None));
    }
    if let Some(job) = &given.placement {
        kinds.push((StepKind::Placement, false, job.competitive, None));
    }
    if let Some(end) = &given.job_end {
        kinds.push((StepKind::JobEnd, false, false, placement(&end.placement)));
    }
    if let Some(contact) = &given.follow_along {
        let of = placement(&contact.placement);
        kinds.push((StepKind::FollowAlong, contact.face_to_face, false, of));
    }
    let (on, odd_day) = day("content.date", &given.date, now);
    let mut wrong: Vec<Violation> = odd_day.into_iter().collect();
    if kinds.len() != 1 {
        wrong.push(Violation::new("content", "must be of exactly one kind"));
    }
    let after = given.follow_along.as_ref();
    if after.is_some_and(|one| one.with_employer == (one.told() == EmployerTold::Unspecified)) {
        let what = "must be given with with_employer, and only with it";
        wrong.push(Violation::new("content.follow_along.told", what));
    }
    if given.encoded_len() > MOST_STEP_BYTES {
        wrong.push(Violation::new("content", "must come to at most 16 KiB"));
    }
    let facets = kinds.pop().zip(on).map(|((kind, face_to_face, competitive, placement), on)| {
        StepFacets { kind, on, face_to_face, competitive, placement }
    });
    (facets, wrong)
}

pub(super) fn step_content(content: &Content) -> Result<pb::EmploymentStepContent, Error> {
    let said = pb::EmploymentStepContent::decode(&*content.0);
    said.map_err(|_| Error::Internal("a step's content"))
}

pub(super) fn step(step: &EmploymentStep) -> Result<pb::EmploymentStep, Error> {
    Ok(pb::EmploymentStep {
        name: name_of("employmentSteps", step.id),
        plan: name_of("employmentPlans", step.plan),
        recorded_by: step.by.as_ref().map(reply::grantee).unwrap_or_default(),
        create_time: Some(timestamp(step.at)),
        error_time: step.error_at.map(timestamp),
        content: Some(step_content(&step.content)?),
    })
}

/// What an employer was told by a step that says so, and in which field; `placed`: of a contact after a placement, with
/// whom that was.
pub(super) fn told<'a>(
    given: &'a pb::EmploymentStepContent,
    placed: &'a str,
) -> Option<(&'a str, EmployerTold, &'static str)> {
    let contact = given.employer_contact.as_ref();
    let contact = contact.map(|one| (&*one.employer, one.told(), "content.employer_contact.told"));
    let after = given.follow_along.as_ref().filter(|one| one.with_employer);
    contact.or_else(|| after.map(|one| (placed, one.told(), "content.follow_along.told")))
}

/// Whether the person lets this employer be told this; what nobody chose is that nothing is told.
pub(super) fn may_be_told(
    plan: &pb::EmploymentPlanContent,
    employer: &str,
    told: EmployerTold,
) -> bool {
    let own = plan.employer_disclosures.iter().find(|one| same_employer(&one.employer, employer));
    let chosen = own.map_or(plan.disclosure.as_ref(), |one| one.disclosure.as_ref());
    match chosen.map(pb::EmploymentDisclosure::choice).unwrap_or_default() {
        _ if told == EmployerTold::Nothing => true,
        EmploymentDisclosureChoice::ThatIHaveSupport => told == EmployerTold::ThatThereIsSupport,
        EmploymentDisclosureChoice::WhatISay => told == EmployerTold::WhatThePersonSays,
        EmploymentDisclosureChoice::Nothing | EmploymentDisclosureChoice::Unspecified => false,
    }
}

#[cfg(test)]
mod tests;
