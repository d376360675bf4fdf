//! Lists what was disclosed of a person, to that person.

use kernel::{Clock as _, PersonId};
use permit::{Call, Refusal, StandingPermit};
use rpc::{Error, PageKey};
use tonic::{Request, Response};
use wire::audit::v1::{ListDisclosuresRequest, ListDisclosuresResponse};

use super::{audit_event::audit_event, reply};
use crate::{App, domain::Disclosure, store::Page};

const RPC: &str = "trellis.audit.v1.AuditService/ListDisclosures";

pub(super) async fn list_disclosures(
    app: &App,
    request: Request<ListDisclosuresRequest>,
) -> Result<Response<ListDisclosuresResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::check(&request).ids(&[("person", &request.person)]).done()?;
    let person = rpc::id("person", "people", &request.person)?;
    let filter = format!("{person} {}", request.include_custodian_access);
    let begin = app.deps.pages.begin(&call, filter.as_bytes(), &request.page_token)?;
    let permit = permit(app, &call, PersonId::from(person)).await?;
    let page = Page {
        include_custodian_access: request.include_custodian_access,
        before: (begin.instant(), begin.id),
        only: None,
        limit: page_size(&request),
        at: app.deps.clock.now(),
    };
    let read = app.accounts.list(&permit, page).await?;
    // An accounting has no name of its own to record: that it was read is what there is to say.
    let account = app.deps.guard.release_standing(&permit, Vec::new(), read).await?;
    let next_page_token = match account.disclosures.last() {
        Some(last) if account.more => {
            let last = PageKey::of(last.at, last.event_id);
            app.deps.pages.next(&call, filter.as_bytes(), last)?
        }
        _ => String::new(),
    };
    let names = |agency| reply::agency(&app.deps.directory, agency);
    let record = |disclosure: &Disclosure| {
        let mut record = reply::record(disclosure, &names);
        if request.include_audit_events {
            record.audit_event =
                audit_event(&record, &request.person, disclosure.event_id, &app.network);
        }
        record
    };
    Ok(Response::new(ListDisclosuresResponse {
        disclosures: account.disclosures.iter().map(record).collect(),
        next_page_token,
        positions: account.positions.into_iter().map(reply::position).collect(),
    }))
}

/// An entry of many records is long as an AuditEvent: so many always fit in a reply.
const MOST_AUDIT_EVENTS: i64 = 20;

fn page_size(request: &ListDisclosuresRequest) -> i64 {
    let asked = rpc::page_size(request.page_size);
    if request.include_audit_events { asked.min(MOST_AUDIT_EVENTS) } else { asked }
}

/// The person's own, and nobody else's: another person and one who does not exist are refused alike,
/// on record.
pub(super) async fn permit(
    app: &App,
    call: &Call,
    person: PersonId,
) -> Result<StandingPermit, Error> {
    let guard = &app.deps.guard;
    match guard.standing(call, person.clone(), false).await {
        Err(Refusal::NotFound) => {
            Err(guard.refuse_standing(call, Some(&person), Vec::new()).await.into())
        }
        other => Ok(other?),
    }
}
