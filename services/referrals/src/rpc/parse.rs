//! What a new referral's request says.

use kernel::{AgencyId, AgencyStatus, Class, Instant, Kind, PersonId, PractitionerId, RecordId};
use permit::Call;
use policy::{Agencies, Record};
use prost_types::Timestamp;
use rpc::{Error, Outage, Violation};
use time::{Date, Duration, macros::format_description};
use wire::{
    common::v1::Labels,
    convert::{id_of, instant},
    referrals::v1::{CreateReferralRequest, Priority},
};

use crate::{App, store::New};

/// An active agency that the directory knows, and not the caller's own.
pub(super) fn target(target: &str, source: &AgencyId, agencies: &Agencies) -> Option<Violation> {
    // Another form of name is the annotations' to refuse.
    let target = AgencyId::from(id_of("agencies", target)?);
    if target == *source {
        return Some(Violation::new("target", "must be another agency than the caller's"));
    }
    (!target_is(&target, source, agencies))
        .then(|| Violation::new("target", "must be an active agency of the directory"))
}

/// Whether a referral may be for an agency: another one, and active.
pub(super) fn target_is(target: &AgencyId, source: &AgencyId, agencies: &Agencies) -> bool {
    let active = agencies.get(target).is_some_and(|a| a.status == AgencyStatus::Active);
    active && target != source
}

/// How far ahead an answer may be asked for.
const LONGEST: Duration = Duration::days(365);

/// What is wrong with until when an answer is asked for.
pub(super) fn respond_by(given: Option<&Timestamp>, now: Instant) -> Option<Violation> {
    let at = given.map(instant)?;
    let ahead = at.is_some_and(|at| at > now && at <= now + LONGEST);
    (!ahead).then(|| Violation::new("respond_by", "must be later than now, by 365 days at most"))
}

/// The record as it will be: its custodian and author are the caller's. What a programme or a
/// victim-service provider writes stays what it is, wherever it goes.
pub(super) fn record(
    app: &App,
    call: &Call,
    source: &AgencyId,
    agencies: &Agencies,
    request: &CreateReferralRequest,
) -> Result<Record, Error> {
    record_of(app, call, source, agencies, &request.person, request.labels.as_ref())
}

/// As [`record`], of this person and with these labels.
pub(super) fn record_of(
    app: &App,
    call: &Call,
    source: &AgencyId,
    agencies: &Agencies,
    person: &str,
    labels: Option<&Labels>,
) -> Result<Record, Error> {
    let (confidentiality, sensitivities, part2, victim_service) = rpc::labels("labels", labels)?;
    let own = agencies.get(source).ok_or(Error::Unavailable(Outage::Directory))?;
    Ok(Record {
        id: RecordId::from(ledger::new_id(&app.deps.clock)),
        person: PersonId::from(rpc::id("person", "people", person)?),
        kind: Kind::Referral,
        class: Class::General,
        custodian: Some(source.clone()),
        author: Some(PractitionerId::new(format!("{source}/{}", call.caller().subject()))),
        episode: None,
        authored_on: Some(app.deps.clock.now()),
        confidentiality,
        sensitivities,
        part2: part2 || own.part2_program,
        victim_service: victim_service || own.victim_service_provider,
        release_block: None,
    })
}

pub(super) fn new(app: &App, call: &Call, request: &CreateReferralRequest) -> Result<New, Error> {
    let priority = match request.priority() {
        Priority::Unspecified => Priority::Routine,
        given => given,
    };
    Ok(New {
        target: rpc::id("target", "agencies", &request.target)?,
        service: rpc::optional_id("service", "services", &request.service)?,
        need_category: request.need_category.clone(),
        priority: i16::try_from(i32::from(priority)).unwrap_or_default(),
        summary: request.summary.clone(),
        group: rpc::optional_id("group", "referrals", &request.group)?,
        expected_release: release(&request.expected_release_date)?,
        warm_handoff: request.warm_handoff,
        respond_by: request.respond_by.as_ref().and_then(instant),
        parent: None,
        attached: request
            .notes
            .iter()
            .map(|name| rpc::id("notes", "notes", name))
            .collect::<Result<_, _>>()?,
        sent: request.send.then(|| call.caller().purposes()),
        at: app.deps.clock.now(),
    })
}

/// A day, where one is given.
pub(super) fn release(text: &str) -> Result<Option<Date>, Error> {
    if text.is_empty() {
        return Ok(None);
    }
    let day = Date::parse(text, format_description!("[year]-[month]-[day]"));
    let wrong = |_| Error::field("expected_release_date", "must be a day, YYYY-MM-DD");
    day.map(Some).map_err(wrong)
}
