//! Lists referrals: of one person, or of everybody with one that the caller's agency sends or was
//! sent.

use kernel::{AgencyId, PersonId};
use permit::{Ask, Call, ReadReferrals};
use rpc::{Conflict, Error, PageKey, Violation};
use tonic::{Request, Response};
use wire::referrals::v1::{ListReferralsRequest, ListReferralsResponse};

use super::{contact, reply};
use crate::{
    App,
    store::{MOST_PEOPLE, Page},
};

const RPC: &str = "trellis.referrals.v1.ReferralsService/ListReferrals";

pub(super) async fn handle(
    app: &App,
    request: Request<ListReferralsRequest>,
) -> Result<Response<ListReferralsResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let nobody = request.person.is_empty() && call.caller().agency().is_none();
    let needed = nobody.then(|| Violation::new("person", "must name the person"));
    rpc::check(&request).ids(&[("person", &request.person)]).and(needed).done()?;
    let filter = format!("{} {}", request.person, request.state);
    let begin = app.deps.pages.begin(&call, filter.as_bytes(), &request.page_token)?;
    let people = people(app, &call, &request).await?;
    let guard = &app.deps.guard;
    let permit = guard.permit(&call, Ask::<ReadReferrals>::people(people)).await?;
    let (sealed, next) = app.store.list(&permit, page(&call, &request, begin)).await?;
    let (referrals, disclosure) = guard.release_page(sealed).await?;
    let next_page_token = match next {
        Some((at, id)) => app.deps.pages.next(&call, filter.as_bytes(), PageKey::of(at, id))?,
        None => String::new(),
    };
    let agency = call.caller().agency();
    let mut referrals: Vec<_> = referrals.iter().map(|r| reply::listed(r, agency)).collect();
    reply::cut_now(app, &call, &mut referrals.iter_mut().collect::<Vec<_>>()).await;
    contact::ruled(app, &call, &mut referrals).await;
    let beat = request.person.is_empty() || referrals.is_empty();
    let disclosure = Some(rpc::disclosure(&disclosure));
    let listed = ListReferralsResponse { referrals, next_page_token, disclosure };
    Ok(rpc::listed(listed, beat))
}

async fn people(
    app: &App,
    call: &Call,
    request: &ListReferralsRequest,
) -> Result<Vec<PersonId>, Error> {
    if !request.person.is_empty() {
        return Ok(vec![rpc::id("person", "people", &request.person)?.into()]);
    }
    let agency = call.caller().agency().and_then(AgencyId::uuid).ok_or(Error::NotFound)?;
    let most = Error::Conflict(Conflict::TooMany { what: "people", limit: MOST_PEOPLE });
    app.store.people_of(agency).await?.ok_or(most)
}

fn page(call: &Call, request: &ListReferralsRequest, begin: PageKey) -> Page {
    Page {
        named: !request.person.is_empty(),
        state: i16::try_from(request.state).ok().filter(|state| *state > 0),
        agency: call.caller().agency().and_then(AgencyId::uuid),
        before: (begin.instant(), begin.id),
        limit: rpc::page_size(request.page_size),
    }
}
