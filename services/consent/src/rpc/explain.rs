//! Explain: the decision that requests get, with each rule's part in it, now or at an earlier instant.

pub(super) mod parse;
mod reply;

use kernel::{AgencyId, Instant, PersonId};
use permit::{Call, Standing, StandingPermit};
use policy::{Facts, PersonFacts, explain};
use rpc::Error;
use tonic::Request;
use wire::{consent::v1 as pb, convert::person_facts};

use super::{
    access::{refused, registered},
    draft_consent::language,
    sign_consent::confirmed_by,
};
use crate::App;

const RPC: &str = "trellis.consent.v1.ConsentService/Explain";

pub(super) async fn handle(
    app: &App,
    request: Request<pb::ExplainRequest>,
) -> Result<pb::ExplainResponse, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    let now = app.clock.now();
    rpc::check(&req).and(parse::odd(&req, now)).done()?;
    let person = PersonId::from(rpc::id("person", "people", &req.person)?);
    let language = language("language", &req.language)?;
    let record = parse::record(&person, req.record.as_ref())?;
    let permit = may_ask(app, &call, &person, record.custodian.as_ref()).await?;
    let asked = parse::request(&person, req.request.as_ref(), confirmed_by(&permit))?;
    let as_of = parse::instant_of(req.as_of.as_ref()).unwrap_or(now);
    let facts = OnFile::of(app, &permit, &person, as_of).await?;
    let (_, agencies) = app.agencies()?;
    let by = |facts| explain(&asked, &record, &Facts::new(&agencies, [facts]), as_of);
    // That somebody is one with them is said by nothing but what it refuses.
    let explained = by(&facts.own);
    let explained = if explained.finding.is_ok() { by(&facts.all) } else { explained };
    let explained = app.guard.release_standing(&permit, Vec::new(), explained).await?;
    Ok(reply::explained(&explained, &facts.own, permit.standing(), language, as_of))
}

/// The person, about what those hold who vouch for their sign-in; the privacy officer of the agency
/// that holds the record; who acts for the person, if nothing is withheld from them: an answer tells of
/// what is on file (§2.14).
async fn may_ask(
    app: &App,
    call: &Call,
    person: &PersonId,
    custodian: Option<&AgencyId>,
) -> Result<StandingPermit, Error> {
    let permit = registered(app, call, person).await?;
    let theirs = match permit.standing() {
        Standing::Agency(own) => custodian == Some(own),
        Standing::Representative(acts) if !acts.excluded_sensitivities.is_empty() => false,
        _ => confirmed_by(&permit)
            .is_none_or(|vouch| custodian.is_some_and(|held| vouch.contains(held))),
    };
    if theirs { Ok(permit) } else { Err(refused(app, call, Some(person), None).await) }
}

/// What was on file at an instant.
struct OnFile {
    /// Of the person.
    own: PersonFacts,
    /// With what is refused of them since somebody who is one with them refuses it.
    all: PersonFacts,
}

impl OnFile {
    async fn of(
        app: &App,
        permit: &StandingPermit,
        person: &PersonId,
        as_of: Instant,
    ) -> Result<Self, Error> {
        let found = app.facts.linked_at(permit.person_id(), as_of).await?;
        let read = |wire| person_facts(person.clone(), &wire);
        let stood = found
            .stood(as_of)
            .and_then(|(own, all)| Some(Self { own: read(own)?, all: read(all)? }));
        stood.ok_or(Error::Internal("a kept fact"))
    }
}
