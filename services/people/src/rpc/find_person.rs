//! FindPerson.

use kernel::Instant;
use permit::Ask;
use rpc::Error;
use tonic::{Request, Response};
use uuid::Uuid;
use wire::{
    Violation,
    people::v1::{self as pb, FindPersonRequest, FindPersonResponse},
};

use super::{get_person, shared};
use crate::{
    App,
    domain::{self, ContactRule, Identifier},
    store::{
        locate::{self, Named},
        profile,
    },
};

pub enum Wanted {
    Identifier(Identifier),
    Named(Named),
}

const RPC: &str = "trellis.people.v1.PeopleService/FindPerson";

/// Looks among the caller's own registrations and nowhere else. Nobody, and several (a shared
/// identifier, of a mother and a child, say), are an empty reply: a wrong person is worse than none.
pub async fn handle(
    app: &App,
    request: Request<FindPersonRequest>,
) -> Result<Response<FindPersonResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    let wanted = wanted(req, app.deps.clock.now())?;
    let agency = shared::agency(&call)?;
    let db = &app.deps.db;
    let found = match wanted {
        Wanted::Identifier(wanted) => {
            locate::registered(db, app.matching.of_agency(agency, &wanted)).await?
        }
        Wanted::Named(by) => locate::named(db, agency, by).await?,
    };
    let found = match &*found {
        [one] => *one,
        // Nobody has the nil id: a miss walks the same way.
        _ => Uuid::nil(),
    };
    let permit = app.deps.guard.permit(&call, Ask::people(vec![found.into()])).await?;
    let sealed = profile::list(&app.deps.db, &permit, Some(agency)).await?;
    let (read, disclosure) = app.deps.guard.release_page(sealed).await?;
    // They are the caller's own: nothing else was said to it.
    let profiles = read.iter().map(|read| get_person::shown(&call, read, ContactRule::Open));
    let shown = pb::Person { profiles: profiles.collect(), ..shared::person(found, &[]) };
    let found = FindPersonResponse {
        person: Some(shown).filter(|person| !person.profiles.is_empty()),
        disclosure: Some(rpc::disclosure(&disclosure)),
    };
    Ok(rpc::listed(found, read.is_empty()))
}

/// By one of the two, and not by both: what is asked is then what was looked for.
pub fn wanted(req: FindPersonRequest, now: Instant) -> Result<Wanted, Error> {
    let (identifier, demographics) = (req.identifier.as_ref(), req.demographics.as_ref());
    let one = identifier.is_some() != demographics.is_some();
    let one = (!one).then(|| Violation::new("identifier", "or else demographics must be set"));
    let born = demographics.map(|by| domain::birth_date(&by.birth_date, now));
    let wrong =
        born.and_then(Result::err).map(|why| Violation::new("demographics.birth_date", why));
    rpc::check(&req).and(one).and(wrong).done()?;
    Ok(match (req.demographics, born) {
        (Some(by), Some(Ok(birth_date))) => Wanted::Named(Named {
            given_name: by.given_name,
            family_name: by.family_name,
            birth_date,
        }),
        _ => {
            let by = req.identifier.unwrap_or_default();
            Wanted::Identifier(Identifier { system: by.system, value: by.value })
        }
    })
}
