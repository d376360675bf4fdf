//! Steps of a plan for work as the contract tells them, and what an employer may be told.

use kernel::Instant;
use prost::Message as _;
use rpc::Error;
use wire::{
    Violation,
    convert::{id_of, name_of, timestamp},
    recovery::v1::{self as pb, EmployerTold, EmploymentDisclosureChoice},
};

use super::{employment::day, reply};
use crate::domain::{Content, EmploymentStep, StepFacets, StepKind, same_employer};

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
