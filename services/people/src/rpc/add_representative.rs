//! AddRepresentative.

pub(super) mod parse;

use permit::Call;
use rpc::{Conflict, Error, InTx, Outage, Replay};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::{
    convert::timestamp,
    people::v1::{AddRepresentativeRequest, AddRepresentativeResponse},
};

use super::{
    appoint::{self, Right},
    shared,
};
use crate::{
    App,
    domain::{Code, LIFETIME, Terms},
    store::{
        binding, invitation,
        representative::{self, Which},
    },
};

const RPC: &str = "trellis.people.v1.PeopleService/AddRepresentative";

/// Records a representative and invites them. As with an invitation of the person, the code is in
/// this reply and nowhere else.
pub async fn handle(
    app: &App,
    request: Request<AddRepresentativeRequest>,
) -> Result<Response<AddRepresentativeResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    let terms = parse::terms(&req, call.caller().agency().is_none(), app.deps.clock.now())?;
    let person = rpc::id("person", "people", &req.person)?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    if let Some(replay) = once.earlier(&app.deps.db).await? {
        return renew(app, &call, person, replay).await;
    }
    match add(app, &call, person, terms, &once).await {
        Err(error) if shared::landed(&error) => {
            let replay = once.earlier(&app.deps.db).await?;
            renew(app, &call, person, replay.ok_or(Error::Unavailable(Outage::Overloaded))?).await
        }
        done => Ok(Response::new(done?)),
    }
}

async fn add(
    app: &App,
    call: &Call,
    person: Uuid,
    terms: Terms,
    once: &rpc::Request,
) -> Result<AddRepresentativeResponse, InTx> {
    let right = appoint::right(app, call, person, Uuid::nil()).await?;
    let to_person = matches!(right, Right::Person(_));
    let code = Code::fresh().ok_or(Error::Internal("no randomness"))?;
    let (now, id) = (app.deps.clock.now(), ledger::new_id(&app.deps.clock));
    let new = invitation::New {
        id: ledger::new_id(&app.deps.clock),
        code_sha256: code.sha256(),
        inviter: shared::sign_in(call),
        now,
        expires: now + LIFETIME,
    };
    let (expires, notice, key) = (new.expires, ledger::new_id(&app.deps.clock), once.key.clone());
    let work = right.commit(app, "representative.add", vec![id], move |tx, recorder| {
        let (terms, new, key) = (terms.clone(), new.clone(), key.clone());
        Box::pin(async move {
            // One at a time a person, as with their own sign-in.
            binding::lock(&mut *tx, recorder.person()).await?;
            representative::add(&mut *tx, &recorder, id, &terms, &new.inviter, now).await?;
            invitation::add_for(&mut *tx, &recorder, id, &new).await?;
            binding::recorder_seen(&mut *tx, &recorder, &new.inviter).await?;
            let what = "REPRESENTATIVE_ADDED";
            representative::tell(&mut *tx, &recorder, notice, what, id, now).await?;
            // Without the code, so there is nothing of the answer to keep.
            pg::requests::keep_answer(tx, &key, recorder.person(), id, &[], now).await?;
            Ok(representative::list(tx, &recorder, Which::one(id), None).await?.pop())
        })
    });
    let held = work.await?.ok_or(Error::Internal("what was just recorded"))?;
    Ok(AddRepresentativeResponse {
        representative: Some(appoint::told(&held, to_person)),
        code: code.into_text(),
        expires: Some(timestamp(expires)),
    })
}

/// Authorized as the first time was; only an invitation that can still be used gets another code.
async fn renew(
    app: &App,
    call: &Call,
    person: Uuid,
    replay: Replay,
) -> Result<Response<AddRepresentativeResponse>, Error> {
    let id = replay.record_id;
    let right = appoint::right(app, call, person, id).await?;
    let to_person = matches!(right, Right::Person(_));
    let code = Code::fresh().ok_or(Error::Internal("no randomness"))?;
    let (hash, now) = (code.sha256(), app.deps.clock.now());
    let renewed = right.commit(app, "representative.renew", vec![id], move |tx, recorder| {
        let hash = hash.clone();
        Box::pin(async move {
            let ended = Conflict::WrongState { state: "ended", allowed: Vec::new() };
            let expires = invitation::renew_for(&mut *tx, &recorder, id, &hash, now).await?;
            let held = representative::list(tx, &recorder, Which::one(id), None).await?.pop();
            held.zip(expires).ok_or(InTx::Other(Error::Conflict(ended)))
        })
    });
    let (held, expires) = renewed.await?;
    Ok(Response::new(AddRepresentativeResponse {
        representative: Some(appoint::told(&held, to_person)),
        code: code.into_text(),
        expires: Some(timestamp(expires)),
    }))
}
