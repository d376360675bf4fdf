//! Writes a referral, as a draft or at once as sent.

use std::sync::Arc;

use kernel::AgencyId;
use permit::{Ask, Call, Disclosure, Guard, Permit, ToldFrom, WriteReferrals};
use pg::{
    PgConnection,
    requests::{RequestKey, keep_answer},
};
use policy::Record;
use rpc::{Error, InTx, Outage};
use tonic::{Request, Response};
use wire::{
    convert::name_of,
    referrals::v1::{CreateReferralRequest, CreateReferralResponse},
};

use super::{attached, contact, create_sub_referral, group, messages::Shows, parse, reply};
use crate::{
    App,
    domain::News,
    store::{self, New, Told},
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
    Ok(reply::response(app, &call, done).await)
}

/// Writes it for whoever may, and answers with it.
pub(super) async fn written<R: Shows>(
    app: &App,
    call: &Call,
    record: Record,
    new: New,
    key: RequestKey,
) -> Result<(R, Disclosure), InTx> {
    let mut ask = Ask::<WriteReferrals>::new_record(record);
    if new.sent.is_some() {
        ask = ask.to(AgencyId::from(new.target));
    }
    let guard = &app.deps.guard;
    let permit = guard.permit(call, ask).await?;
    // To whoever may send to the target, and to nobody else: whether it reads a note is a consent's to tell.
    let (sent, opened) = attached::may_be(app, call, &new, &permit).await?;
    contact::may_be_handed_over(app, call, &new, &permit).await?;
    // What it follows from it tells of, too.
    let read = new.parent.iter().map(|parent| parent.record.clone()).collect();
    let from = ToldFrom { read, sent, lacks: false };
    let kept = Arc::new((new, key, guard.clone()));
    let written = guard
        .commit_told_from(app.store.db(), "referral.create", permit, from, move |tx, permit| {
            let kept = Arc::clone(&kept);
            Box::pin(async move {
                let written = write(tx, &kept.2, &permit, &kept.0, &kept.1).await?;
                Ok::<_, InTx>((written, Vec::new()))
            })
        })
        .await?;
    let (reply, seq) = written.value;
    app.feed.reached(seq);
    // That the notes may be read it tells, too.
    Ok((reply, opened.into_iter().fold(written.disclosure, Disclosure::and)))
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
        create_sub_referral::follows(&mut *tx, guard, permit, parent).await?;
    }
    let group = match new.group {
        Some(other) => Some(group::joined(&mut *tx, permit, new, other).await?),
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
