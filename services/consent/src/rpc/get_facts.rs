//! GetFacts: asked at every decision of every service.

use std::collections::HashMap;

use kernel::{AgencyId, AgencyStatus};
use policy::Agencies;
use prost::Message as _;
use rpc::Error;
use tonic::Request;
use wire::{
    consent::v1 as pb,
    convert::{agency_name, id_of, name_of, timestamp, to_wire},
};

use crate::App;

pub(super) async fn handle(
    app: &App,
    request: Request<pb::GetFactsRequest>,
) -> Result<pb::GetFactsResponse, Error> {
    let req = request.into_inner();
    rpc::valid(&req)?;
    // The annotations hold for every name. The nil one is nobody's, and takes the same path: one odd
    // question must not leave a whole group without its answers.
    let people: Option<Vec<_>> =
        req.questions.iter().map(|question| id_of("people", &question.person)).collect();
    let people = people.ok_or_else(|| Error::field("questions", "must name people/{uuid}"))?;
    let (directory_revision, agencies) = app.agencies()?;
    let revisions = app.facts.revisions(people.clone()).await?;
    let known = req.questions.iter().map(|q| q.known_revision);
    let changed: Vec<bool> = revisions.iter().zip(known).map(|(r, known)| *r != known).collect();
    let wanted: Vec<_> =
        people.into_iter().zip(&changed).filter(|(_, changed)| **changed).map(|(p, _)| p).collect();
    let on_file = match wanted.is_empty() {
        true => Vec::new(),
        false => app.facts.on_file(wanted).await?,
    };
    let now = app.clock.now();
    let mut on_file = on_file.iter();
    let mut facts = Vec::with_capacity(revisions.len());
    let mut room = FULL;
    for (revision, changed) in revisions.into_iter().zip(changed) {
        facts.push(match changed {
            false => pb::PersonFacts { revision, ..pb::PersonFacts::default() },
            true => {
                let found = on_file.next().ok_or(Error::Internal("facts"))?;
                let answer = found.answer(now).ok_or(Error::Internal("a kept fact"))?;
                fitting(answer, &mut room)
            }
        });
    }
    let agencies = match req.directory_revision == directory_revision {
        true => Vec::new(),
        false => flags(&agencies),
    };
    let time = Some(timestamp(app.clock.now()));
    Ok(pb::GetFactsResponse { facts, directory_revision, agencies, time })
}

/// Bytes of facts in one reply, but for the first answer: one person with much on file must not
/// leave the others of a group without theirs.
const FULL: usize = 16 * 1024 * 1024;

/// The answer, or that there is none this time. The first always fits.
fn fitting(answer: pb::PersonFacts, room: &mut usize) -> pb::PersonFacts {
    let (size, first) = (answer.encoded_len(), *room == FULL);
    if size > *room && !first {
        return pb::PersonFacts { later: true, ..pb::PersonFacts::default() };
    }
    *room = room.saturating_sub(size);
    answer
}

fn flags(agencies: &Agencies) -> Vec<pb::AgencyFlags> {
    let mut teams = HashMap::<&AgencyId, Vec<pb::CareTeamMembers>>::new();
    for team in agencies.care_teams() {
        teams.entry(&team.agency).or_default().push(pb::CareTeamMembers {
            name: name_of("careTeams", &team.id),
            members: team.members.iter().map(|member| member.as_str().to_owned()).collect(),
        });
    }
    let one = |agency: &policy::Agency| pb::AgencyFlags {
        name: agency_name(&agency.id),
        sector: to_wire(agency.sector),
        active: agency.status == AgencyStatus::Active,
        part2_program: agency.part2_program,
        victim_service_provider: agency.victim_service_provider,
        covered_entity: agency.covered_entity,
        care_teams: teams.get(&agency.id).cloned().unwrap_or_default(),
    };
    agencies.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_reply_puts_the_rest_off_and_always_answers_one() {
        let large = || pb::PersonFacts {
            consents: vec![pb::Consent { text: "x".repeat(FULL), ..pb::Consent::default() }],
            ..pb::PersonFacts::default()
        };
        let small = || pb::PersonFacts { revision: 7, ..pb::PersonFacts::default() };
        let mut room = FULL;
        assert!(!fitting(large(), &mut room).later);
        assert!(fitting(small(), &mut room).later);
        let mut room = FULL;
        assert!(!fitting(small(), &mut room).later);
        assert!(fitting(large(), &mut room).later);
        assert!(!fitting(small(), &mut room).later);
    }
}
