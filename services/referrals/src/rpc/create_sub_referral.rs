//! Writes a referral that follows from one to the caller's agency.

use kernel::AgencyId;
use permit::{Call, Disclosure, Guard, Permit, WriteReferrals};
use pg::PgConnection;
use policy::{Agencies, Facets, Record};
use rpc::{Conflict, Denial, Error, InTx, Outage};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::{
    convert::name_of,
    referrals::v1::{CreateReferralRequest, CreateSubReferralRequest, CreateSubReferralResponse},
};

use super::{create_referral::written, parse, reply};
use crate::{
    App,
    store::{self, Followed, MOST_IN_GROUP, New},
};

const RPC: &str = "trellis.referrals.v1.ReferralsService/CreateSubReferral";

pub(super) async fn handle(
    app: &App,
    request: Request<CreateSubReferralRequest>,
) -> Result<Response<CreateSubReferralResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let (_, agencies) =
        app.deps.directory.agencies().ok_or(Error::Unavailable(Outage::Directory))?;
    let source = call.caller().agency().ok_or(Error::NotFound)?;
    rpc::check(&request)
        .ids(&[
            ("request_id", &request.request_id),
            ("parent", &request.parent),
            ("service", &request.service),
        ])
        .and(parse::target(&request.target, source, &agencies))
        .and(parse::respond_by(request.respond_by.as_ref(), app.deps.clock.now()))
        .done()?;
    let parent = rpc::id("parent", "referrals", &request.parent)?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let key = once.key.clone();
    let again = |replay| reply::followed_again(app, &call, replay);
    let writing = async {
        let ((record, new), of_parent) =
            following(app, &call, parent, source, &agencies, &request).await?;
        let written = written::<CreateSubReferralResponse>(app, &call, record, new, key);
        let (reply, disclosure) = written.await?;
        Ok::<_, InTx>((reply, (true, disclosure.and(of_parent))))
    };
    let done: (CreateSubReferralResponse, _) = once.written(app.store.db(), writing, again).await?;
    let (mut reply, (named, disclosure)) = done;
    if let Some(shown) = reply.referral.as_mut().filter(|_| !named) {
        // It was named when it was written, and may be read no more.
        shown.parent.clear();
    }
    Ok(reply::response(app, &call, (reply, disclosure)).await)
}

/// As any referral of the caller's agency about the parent's person, with the parent's labels beside its own:
/// what it tells it tells from there. And why the caller may read the parent.
async fn following(
    app: &App,
    call: &Call,
    parent: Uuid,
    source: &AgencyId,
    agencies: &Agencies,
    request: &CreateSubReferralRequest,
) -> Result<((Record, New), Disclosure), InTx> {
    let (read, disclosure) = reply::read(app, call, parent).await?;
    if read.target != *source {
        return Err(Error::Denied(Denial::ActionNotPermitted).into());
    }
    let asked = CreateReferralRequest {
        request_id: request.request_id.clone(),
        person: name_of("people", &read.record.person),
        target: request.target.clone(),
        service: request.service.clone(),
        need_category: request.need_category.clone(),
        priority: request.priority,
        summary: request.summary.clone(),
        labels: request.labels.clone(),
        send: request.send,
        group: request.group.clone(),
        expected_release_date: request.expected_release_date.clone(),
        warm_handoff: request.warm_handoff,
        respond_by: request.respond_by,
        notes: request.notes.clone(),
    };
    let mut record = parse::record(app, call, source, agencies, &asked)?;
    let custodian = read.record.custodian.as_ref().and_then(|id| agencies.get(id));
    record.derive_labels([&Facets::of(&read.record, custodian)]);
    let purposes = call.caller().purposes();
    let parent = Followed { id: parent, record: read.record, purposes };
    let new = New { parent: Some(parent), ..parse::new(app, call, &asked)? };
    Ok(((record, new), disclosure))
}

/// What another referral follows from is to the caller's agency, which may read it still, about the same
/// person, and taken on.
pub(super) async fn follows(
    tx: &mut PgConnection,
    guard: &Guard,
    permit: &Permit<WriteReferrals>,
    parent: &Followed,
) -> Result<(), InTx> {
    let agency = permit.agency().ok_or(Error::NotFound)?;
    let source = agency.uuid().ok_or(Error::NotFound)?;
    let found = store::parent(tx, permit, parent.id, source).await?.ok_or(Error::NotFound)?;
    if !guard.covered(&parent.record, agency, parent.purposes).await?.reading {
        return Err(Error::NotFound.into());
    }
    let parent = found;
    if !parent.standing.is_taken() {
        let (state, allowed) = (parent.standing.state.name(), Vec::new());
        return Err(Error::Conflict(Conflict::WrongState { state, allowed }).into());
    }
    if usize::try_from(parent.followed_by).unwrap_or(usize::MAX) >= MOST_IN_GROUP {
        let many = Conflict::TooMany { what: "referrals that follow", limit: MOST_IN_GROUP };
        return Err(Error::Conflict(many).into());
    }
    Ok(())
}
