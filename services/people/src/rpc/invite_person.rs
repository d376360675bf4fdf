//! InvitePerson.

use permit::{Call, Written};
use rpc::{Conflict, Error, InTx, Outage, Replay};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::{
    convert::timestamp,
    people::v1::{InvitePersonRequest, InvitePersonResponse},
};

use super::shared;
use crate::{
    App,
    domain::{Code, LIFETIME},
    store::{binding, invitation},
};

const RPC: &str = "trellis.people.v1.PeopleService/InvitePerson";

/// Makes an invitation. Its code is in this reply and nowhere else, so a replay can't show it again:
/// it gets a fresh code, and the one before is void.
pub async fn handle(
    app: &App,
    request: Request<InvitePersonRequest>,
) -> Result<Response<InvitePersonResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::check(&req).ids(&[("request_id", &req.request_id), ("person", &req.person)]).done()?;
    let person = rpc::id("person", "people", &req.person)?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    if let Some(replay) = once.earlier(&app.deps.db).await? {
        return renew(app, &call, person, replay).await;
    }
    match invite(app, &call, person, &once).await {
        Err(InTx::Store(error)) if shared::landed(&InTx::Store(error.clone())) => {
            let replay = once.earlier(&app.deps.db).await?;
            renew(app, &call, person, replay.ok_or(Error::Unavailable(Outage::Overloaded))?).await
        }
        done => Ok(Response::new(done?)),
    }
}

async fn invite(
    app: &App,
    call: &Call,
    person: Uuid,
    once: &rpc::Request,
) -> Result<InvitePersonResponse, InTx> {
    let permit = shared::own_profile(app, call, person).await?;
    let code = Code::fresh().ok_or(Error::Internal("no randomness"))?;
    let now = app.deps.clock.now();
    let new = invitation::New {
        id: ledger::new_id(&app.deps.clock),
        code_sha256: code.sha256(),
        inviter: shared::sign_in(call),
        now,
        expires: now + LIFETIME,
    };
    let reply =
        InvitePersonResponse { code: code.into_text(), expires: Some(timestamp(new.expires)) };
    let key = once.key.clone();
    let written =
        app.deps.guard.commit(&app.deps.db, "invitation.create", permit, move |tx, permit| {
            let (new, key) = (new.clone(), key.clone());
            Box::pin(async move {
                // One at a time a person, so that two invitations end each other in their order.
                binding::lock(&mut *tx, permit.person_id()).await?;
                invitation::add(&mut *tx, &permit, &new).await?;
                binding::seen_as_staff(&mut *tx, &permit, &new.inviter).await?;
                // Without the code, so there is nothing of the answer to keep.
                pg::requests::keep_answer(tx, &key, permit.person_id(), new.id, &[], now).await?;
                Ok::<_, InTx>(())
            })
        });
    written.await?;
    Ok(reply)
}

/// Authorized as the first time was; only an invitation that can still be used gets another code.
async fn renew(
    app: &App,
    call: &Call,
    person: Uuid,
    replay: Replay,
) -> Result<Response<InvitePersonResponse>, Error> {
    let permit = shared::own_profile(app, call, person).await?;
    let code = Code::fresh().ok_or(Error::Internal("no randomness"))?;
    let (hash, now, id) = (code.sha256(), app.deps.clock.now(), replay.record_id);
    let renewed =
        app.deps.guard.commit(&app.deps.db, "invitation.renew", permit, move |tx, permit| {
            let hash = hash.clone();
            Box::pin(async move {
                let ended = Conflict::WrongState { state: "ended", allowed: Vec::new() };
                invitation::renew(tx, &permit, id, &hash, now)
                    .await?
                    .ok_or(InTx::Other(Error::Conflict(ended)))
            })
        });
    let Written { value: expires, .. } = renewed.await.map_err(Error::from)?;
    Ok(Response::new(InvitePersonResponse {
        code: code.into_text(),
        expires: Some(timestamp(expires)),
    }))
}
