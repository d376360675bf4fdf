//! GetFacts: asked at every decision of every service.

use kernel::{AgencyStatus, Instant};
use policy::Agencies;
use prost::Message as _;
use rpc::Error;
use tonic::Request;
use wire::{
    consent::v1 as pb,
    convert::{agency_name, id_of, person_facts_consent, timestamp, to_wire},
};

use crate::{App, domain::next_turn, store::OnFile};

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
    for (revision, changed) in revisions.into_iter().zip(changed) {
        facts.push(match changed {
            false => pb::PersonFacts { revision, ..pb::PersonFacts::default() },
            true => answered(on_file.next().ok_or(Error::Internal("facts"))?, now)?,
        });
    }
    let agencies = match req.directory_revision == directory_revision {
        true => Vec::new(),
        false => flags(&agencies),
    };
    Ok(pb::GetFactsResponse { facts, directory_revision, agencies })
}

/// The facts, and until when they stand if nothing is done. An asker that is sent no consents has
/// been told that with the revision it holds.
fn answered(on_file: &OnFile, now: Instant) -> Result<pb::PersonFacts, Error> {
    let bad = || Error::Internal("a kept consent");
    let mut consents = Vec::with_capacity(on_file.consents.len());
    let mut read = Vec::with_capacity(on_file.consents.len());
    for bytes in &on_file.consents {
        let consent = pb::Consent::decode(&**bytes).map_err(|_| bad())?;
        read.push(person_facts_consent(&consent).ok_or_else(bad)?);
        consents.push(consent);
    }
    Ok(pb::PersonFacts {
        revision: on_file.revision,
        consents,
        changed: true,
        until: next_turn(&read, now).map(timestamp),
    })
}

fn flags(agencies: &Agencies) -> Vec<pb::AgencyFlags> {
    let one = |agency: &policy::Agency| pb::AgencyFlags {
        name: agency_name(&agency.id),
        sector: to_wire(agency.sector),
        active: agency.status == AgencyStatus::Active,
        part2_program: agency.part2_program,
        victim_service_provider: agency.victim_service_provider,
        covered_entity: agency.covered_entity,
    };
    agencies.iter().map(one).collect()
}
