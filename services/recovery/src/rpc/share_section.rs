//! Shares a section, or a record beside the plan, with a practitioner or a supporter, until a time.

use std::sync::Arc;

use kernel::{AgencyId, Instant};
use permit::StandingPermit;
use pg::PgConnection;
use rpc::{Conflict, Error, InTx, Outage};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::{
    Violation,
    convert::{id_of, instant, practitioner_from_name},
    recovery::v1::{ShareSectionRequest, ShareSectionResponse},
};

use super::{
    own::{Own, fence, of_part},
    own_record::of_record,
    reply,
};
use crate::{
    App,
    domain::{Grantee, MOST_SHARES, OwnKind, Share, SharedOf},
    store::{self, Whose},
};

const RPC: &str = "trellis.recovery.v1.RecoveryService/ShareSection";

pub(super) async fn share_section(
    app: &App,
    request: Request<ShareSectionRequest>,
) -> Result<Response<ShareSectionResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let now = app.deps.clock.now();
    let until = request.until_time.as_ref().and_then(instant).filter(|until| *until > now);
    let late = request.until_time.is_some() && until.is_none();
    let late = late.then(|| Violation::new("until_time", "must be in the future"));
    let ids = [("request_id", &*request.request_id), ("section", &*request.section)];
    rpc::check(&request).ids(&ids).and(late).done()?;
    let until = until.ok_or_else(|| Error::field("until_time", "must be in the future"))?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let of = shared_of(&request.section)?;
    let permit = match of {
        SharedOf::Section(section) => of_part(app, &call, section).await?,
        SharedOf::Record(record, kind) => of_record(app, &call, (record, kind)).await?,
    };
    let grantee = grantee(app, "grantee", &request.grantee)?;
    let (id, person) = (ledger::new_id(&app.deps.clock), permit.person_id());
    let new = Arc::new(Share::new(id, (of, person), grantee, (now, until)));
    let own = Own { call, once, permit, id, records: vec![id], tx: "plan.share" };
    let shared = own.made(app, move |tx, permit| {
        let new = Arc::clone(&new);
        Box::pin(async move {
            // Shared so it is to read: that they record is for SetEmploymentSpecialist to say.
            end_naming(&mut *tx, &permit, &new).await?;
            share(tx, &permit, &new, ("grantee", false)).await?;
            Ok(ShareSectionResponse { share: Some(reply::share(&new)) })
        })
    });
    let shared = shared.await?;
    // It may have taken the place of one that would have lasted longer; a repeat of one that did waits, too.
    fence().await;
    Ok(Response::new(shared))
}

/// What is to be shared.
fn shared_of(name: &str) -> Result<SharedOf, Error> {
    let (collection, _) = name.split_once('/').unwrap_or_default();
    match OwnKind::SHARED.into_iter().find(|kind| kind.collection() == collection) {
        Some(kind) => Ok(SharedOf::Record(rpc::id("section", collection, name)?, kind)),
        None => Ok(SharedOf::Section(rpc::id("section", "planSections", name)?)),
    }
}

/// Keeps a share in the place of what there is between the section or record and the grantee.
/// `with_record`: see the store.
pub(super) async fn share(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    new: &Share,
    (field, with_record): (&'static str, bool),
) -> Result<(), InTx> {
    let (of, now): (SharedOf, Instant) = (new.of, new.created_at);
    if !store::is_theirs(&mut *tx, permit, of).await? {
        return Err(Error::NotFound.into());
    }
    let supporters: Vec<Uuid> = new.grantee.supporter().into_iter().collect();
    if store::of_circle(&mut *tx, permit, &supporters, true).await? != supporters {
        return Err(not_of_circle(field).into());
    }
    store::end_with(&mut *tx, permit, of, &new.grantee, now).await?;
    let live = store::live(&mut *tx, permit, of, now).await?;
    if usize::try_from(live).is_ok_and(|live| live >= MOST_SHARES) {
        let (what, limit) = ("shares", MOST_SHARES);
        return Err(Error::Conflict(Conflict::TooMany { what, limit }).into());
    }
    Ok(store::share(tx, permit, new, with_record).await?)
}

fn not_of_circle(field: &str) -> Error {
    Error::field(field, "must be of the circle, and not contribute-only")
}

/// Ends that whom this share is with is the employment specialist, where it is of the plan for work.
pub(super) async fn end_naming(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    of: &Share,
) -> Result<(), InTx> {
    let SharedOf::Record(plan, OwnKind::EmploymentPlan) = of.of else { return Ok(()) };
    let named = store::specialist(&mut *tx, (Whose::from(permit), plan)).await?;
    if named.is_some_and(|named| named.by == of.grantee) {
        let at = of.ended_at.unwrap_or(of.created_at);
        store::end_specialist(tx, permit, at).await?;
    }
    Ok(())
}

/// A supporter, or a practitioner as decisions spell them, of an agency that the directory knows.
pub(super) fn grantee(app: &App, field: &str, name: &str) -> Result<Grantee, Error> {
    if name.starts_with("supporters/") {
        let id = id_of("supporters", name).filter(|id| !id.is_nil());
        return id.map(Grantee::Supporter).ok_or_else(|| not_of_circle(field));
    }
    let wrong = || Error::field(field, "must be of an agency that the directory knows");
    let whole = practitioner_from_name(name).ok_or_else(wrong)?;
    let (agency, _) = whole.as_str().split_once('/').ok_or_else(wrong)?;
    let agency = AgencyId::new(agency);
    let stale = Error::Unavailable(Outage::Directory);
    let (_, agencies) = app.deps.directory.agencies().ok_or(stale)?;
    if agencies.get(&agency).is_some() { Ok(Grantee::Practitioner(whole)) } else { Err(wrong()) }
}
