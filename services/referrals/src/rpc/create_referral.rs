//! Writes a referral, as a draft or at once as sent.

use std::sync::Arc;

use kernel::AgencyId;
use permit::{Ask, Call, Disclosure, Guard, Permit, WriteReferrals};
use pg::{
    PgConnection,
    requests::{RequestKey, keep_answer},
};
use policy::Record;
use rpc::{Conflict, Error, InTx, Outage};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::{
    convert::name_of,
    referrals::v1::{CreateReferralRequest, CreateReferralResponse},
};

use super::{attached, group, messages::Shows, parse, reply};
use crate::{
    App,
    domain::News,
    store::{self, Followed, Locked, MOST_IN_GROUP, New, Told},
};

const RPC: &str = "trellis.referrals.v1.ReferralsService/CreateReferral";

pub(super) async fn handle(
    app: &App,
    request: Request<CreateReferralRequest>,
) -> Result<Response<CreateReferralResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let (_, agencies) =
        app.deps.directory.agencies().ok_or(Error::Unavailable(Outage::Directory))?;
    let source = call.caller().agency().ok_or(Error::NotFound)?;
    rpc::check(&request)
        .ids(&[
            ("request_id", &request.request_id),
            ("person", &request.person),
            ("service", &request.service),
        ])
        .and(parse::target(&request.target, source, &agencies))
        .and(parse::respond_by(request.respond_by.as_ref(), app.deps.clock.now()))
        .done()?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let record = parse::record(app, &call, source, &agencies, &request)?;
    let new = parse::new(app, &call, &request)?;
    let again = |replay| reply::again(app, &call, replay);
    let writing = written::<CreateReferralResponse>(app, &call, record, new, once.key.clone());
    let done = once.written(app.store.db(), writing, again).await?;
    Ok(reply::response(done))
}

/// Writes it for whoever may, and answers with it.
pub(super) async fn written<R: Shows>(
    app: &App,
    call: &Call,
    record: Record,
    new: New,
    key: RequestKey,
) -> Result<(R, Disclosure), InTx> {
    attached::must_be_read(app, call, &new.attached, &record.person).await?;
    let mut ask = Ask::<WriteReferrals>::new_record(record);
    if new.sent.is_some() {
        ask = ask.to(AgencyId::from(new.target));
    }
    let guard = &app.deps.guard;
    let permit = guard.permit(call, ask).await?;
    let kept = Arc::new((new, key, guard.clone()));
    let written = guard
        .commit(app.store.db(), "referral.create", permit, move |tx, permit| {
            let kept = Arc::clone(&kept);
            Box::pin(async move { write(tx, &kept.2, &permit, &kept.0, &kept.1).await })
        })
        .await?;
    let (reply, seq) = written.value;
    app.feed.reached(seq);
    Ok((reply, written.disclosure))
}

async fn write<R: Shows>(
    tx: &mut PgConnection,
    guard: &Guard,
    permit: &Permit<WriteReferrals>,
    new: &New,
    key: &RequestKey,
) -> Result<(R, i64), InTx> {
    if new.sent.is_some() {
        store::sending(&mut *tx, permit).await?;
    }
    if let Some(parent) = &new.parent {
        follows(&mut *tx, guard, permit, parent).await?;
    }
    let group = match new.group {
        Some(other) => Some(joined(&mut *tx, permit, new, other).await?),
        None => None,
    };
    // What its target may not read it is not told of either.
    let target_sees = match (new.sent, permit.record()) {
        (Some(purposes), Some(record)) => {
            guard.covered(record, &new.target.into(), purposes).await?.reading
        }
        _ => false,
    };
    let made = store::create(&mut *tx, permit, new, group, target_sees).await?;
    let referral = store::reread(&mut *tx, permit).await?;
    let mut shown = reply::referral(&referral, permit.agency());
    // It has just been read.
    shown.parent = referral.parent.map(|id| name_of("referrals", id)).unwrap_or_default();
    let reply = R::of(shown);
    let only = (!made.target_sees).then_some(made.source);
    let told = Told { news: News::State(made.standing.state), only, at: new.at };
    let seq = store::tell(&mut *tx, permit, &made, told).await?;
    let answer = reply.encode_to_vec();
    let (person, record) = (permit.person_id(), permit.record_id());
    keep_answer(tx, key, person, record, &answer, new.at).await?;
    Ok((reply, seq))
}

/// What another referral follows from is to the caller's agency, which may read it still, about the same
/// person, and taken on.
async fn follows(
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

/// The group of another referral, which this one joins: the caller's agency's own, of the same person,
/// which waits for an answer or is a draft. Whatever else it is, it is refused in the same words.
async fn joined(
    tx: &mut PgConnection,
    permit: &Permit<WriteReferrals>,
    new: &New,
    other: Uuid,
) -> Result<Uuid, InTx> {
    let wrong = || {
        let what = "must be a draft or unanswered referral of your agency's about this person";
        InTx::from(Error::field("group", what))
    };
    let source = permit.agency().and_then(AgencyId::uuid);
    let group = store::own_group(&mut *tx, permit.person_id(), other, source).await?;
    let group = group.ok_or_else(wrong)?;
    store::lock_group(&mut *tx, group).await?;
    let members = store::others(&mut *tx, permit, group).await?;
    let named = members.iter().find(|(id, _)| *id == other).map(|(_, member)| member);
    let named = named.ok_or_else(wrong)?;
    group::free(&members)?;
    if !named.standing.waits() {
        return Err(wrong());
    }
    if store::declined(&mut *tx, permit.person_id(), group, new.target).await? {
        return Err(Error::Conflict(Conflict::PersonDeclined).into());
    }
    let asked = |member: &Locked| member.target == new.target && member.standing.waits();
    if members.iter().any(|(_, member)| asked(member)) {
        return Err(Error::field("target", "is asked in this group already").into());
    }
    if members.len() >= MOST_IN_GROUP {
        let many = Conflict::TooMany { what: "referrals of a group", limit: MOST_IN_GROUP };
        return Err(Error::Conflict(many).into());
    }
    store::found(tx, permit.person_id(), group).await?;
    Ok(group)
}
