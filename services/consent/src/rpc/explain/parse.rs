//! What is asked, as the policy asks it.

use kernel::{
    AgencyId, CareTeamId, Class, CodeSet, EpisodeId, Instant, Kind, PersonId, PractitionerId,
    RecordId,
};
use policy::{Record, Request, Who};
use rpc::Error;
use wire::{
    Violation,
    consent::v1 as pb,
    convert::{from_wire, id_of, instant, practitioner_from_name, set_from_wire},
};

pub(in crate::rpc) fn instant_of(at: Option<&prost_types::Timestamp>) -> Option<Instant> {
    at.and_then(instant)
}

/// What the annotations can't say.
pub(in crate::rpc) fn odd(req: &pb::ExplainRequest, now: Instant) -> Vec<Violation> {
    let mut found = Vec::new();
    let asked = req.request.clone().unwrap_or_default();
    let of_agency = format!("{}/practitioners/", asked.agency);
    let stray = !asked.practitioner.is_empty() && !asked.practitioner.starts_with(&of_agency);
    if stray || (asked.agency.is_empty() && !asked.practitioner.is_empty()) {
        found.push(Violation::new("request.practitioner", "must be one of request.agency"));
    }
    let record = req.record.clone().unwrap_or_default();
    found.extend(rpc::nil("request.agency", &asked.agency));
    found.extend(rpc::nil("request.practitioner", &asked.practitioner));
    let teams = asked.care_teams.iter().enumerate();
    found.extend(teams.filter_map(|(n, team)| rpc::nil(format!("request.care_teams[{n}]"), team)));
    found.extend(rpc::nil("request.recipient_agency", &asked.recipient_agency));
    found.extend(rpc::nil("record.name", &record.name));
    found.extend(rpc::nil("record.custodian", &record.custodian));
    found.extend(rpc::nil("record.author", &record.author));
    found.extend(rpc::nil("record.episode", &record.episode));
    let kind = req.record.as_ref().and_then(|r| from_wire::<Kind>(r.kind));
    if matches!(kind, Some(Kind::PlanSection | Kind::Support)) {
        found.push(Violation::new("record.kind", "must be one that an agency holds"));
    }
    if instant_of(req.as_of.as_ref()).is_some_and(|at| at > now) {
        found.push(Violation::new("as_of", "must not be in the future"));
    }
    found
}

fn meaningless(field: &str) -> Error {
    Error::field(field, "has a value without a meaning")
}

pub(in crate::rpc) fn request(
    person: &PersonId,
    asked: Option<&pb::ExplainedRequest>,
    confirmed_by: Option<&[AgencyId]>,
) -> Result<Request, Error> {
    let asked = asked.cloned().unwrap_or_default();
    let bad = || meaningless("request");
    let agency = |name: &str| id_of("agencies", name).map(AgencyId::from);
    let who = match agency(&asked.agency) {
        None => Who::Person {
            person: person.clone(),
            confirmed_by: confirmed_by.map(<[AgencyId]>::to_vec),
        },
        Some(agency) => {
            let short = asked.practitioner.rsplit('/').next().unwrap_or_default();
            let teams = asked.care_teams.iter().map(|name| id_of("careTeams", name));
            Who::Practitioner {
                agency,
                practitioner: PractitionerId::new(short),
                roles: set_from_wire(&asked.roles).ok_or_else(bad)?,
                care_teams: teams
                    .map(|id| id.map(CareTeamId::from))
                    .collect::<Option<_>>()
                    .ok_or_else(bad)?,
            }
        }
    };
    Ok(Request {
        who,
        purposes: set_from_wire(&asked.purposes).ok_or_else(bad)?,
        action: from_wire(asked.action).ok_or_else(bad)?,
        recipient_agency: agency(&asked.recipient_agency),
    })
}

pub(in crate::rpc) fn record(
    person: &PersonId,
    told: Option<&pb::ExplainedRecord>,
) -> Result<Record, Error> {
    let told = told.cloned().unwrap_or_default();
    let labels = told.labels.clone().unwrap_or_default();
    let bad = || meaningless("record");
    let id = told.name.rsplit_once('/').map_or(String::new(), |(_, id)| id.to_owned());
    Ok(Record {
        id: RecordId::new(id),
        person: person.clone(),
        kind: from_wire(told.kind).ok_or_else(bad)?,
        class: from_wire(told.record_class).unwrap_or(Class::General),
        custodian: Some(AgencyId::from(id_of("agencies", &told.custodian).ok_or_else(bad)?)),
        author: match told.author.as_str() {
            "" => None,
            name => Some(practitioner_from_name(name).ok_or_else(bad)?),
        },
        episode: (!told.episode.is_empty()).then(|| EpisodeId::new(&told.episode)),
        authored_on: instant_of(told.author_time.as_ref()),
        confidentiality: from_wire(labels.confidentiality),
        sensitivities: match labels.sensitivities.is_empty() {
            true => CodeSet::EMPTY,
            false => set_from_wire(&labels.sensitivities).ok_or_else(bad)?,
        },
        part2: labels.part2,
        victim_service: labels.victim_service,
        release_block: None,
    })
}
