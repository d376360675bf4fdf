//! RevokeConsent.

use std::sync::Arc;

use kernel::PersonId;
use permit::StandingPermit;
use pg::requests::keep_answer;
use prost::Message as _;
use rpc::{Denial, Error, InTx};
use tonic::Request;
use uuid::Uuid;
use wire::consent::v1 as pb;

use super::{
    access::reach,
    sign_consent::confirmed_by,
    write::{again, fence, for_services, whole, wrong_state},
};
use crate::{App, domain::may_revoke, store};

const RPC: &str = "trellis.consent.v1.ConsentService/RevokeConsent";

pub(super) async fn handle(
    app: &App,
    request: Request<pb::RevokeConsentRequest>,
) -> Result<pb::RevokeConsentResponse, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let id = rpc::id("name", "consents", &req.name)?;
    let permit = reach(app, &call, id, false).await?.permit;
    let person = PersonId::from(permit.person_id());
    let write = write(app, once.clone(), permit, id);
    let again = |replay| again(app, &call, person.clone(), replay);
    let (reply, ()) = once.written(&app.db, write, again).await?;
    // Followers first: they need not wait. A repeat does, as the first answer may not have been
    // waited for.
    app.changes.tell();
    fence().await;
    Ok(reply)
}

async fn write(
    app: &App,
    once: rpc::Request,
    permit: StandingPermit,
    id: Uuid,
) -> Result<(pb::RevokeConsentResponse, ()), InTx> {
    let (clock, once) = (Arc::clone(&app.clock), Arc::new(once));
    app.guard
        .commit_standing(&app.db, "consent.revoke", permit, vec![id], move |tx, permit| {
            let (clock, once) = (Arc::clone(&clock), Arc::clone(&once));
            Box::pin(async move {
                let now = clock.now();
                let held = store::lock(tx, &permit, id).await?.ok_or(Error::NotFound)?;
                let ended = held.revoke(now).map_err(wrong_state)?;
                if !may_revoke(confirmed_by(&permit), &held.consent) {
                    return Err(Error::Denied(Denial::SignInNotConfirmed).into());
                }
                store::change(tx, &permit, &ended, &for_services(&ended)).await?;
                store::record(tx, &[permit.person_id()]).await?;
                let reply = pb::RevokeConsentResponse { consent: Some(whole(&ended)) };
                let answer = reply.encode_to_vec();
                keep_answer(tx, &once.key, permit.person_id(), id, &answer, now).await?;
                Ok((reply, ()))
            })
        })
        .await
}
