//! MarkConsentEnteredInError: by the person, and by staff of the agency that recorded it as signed by
//! hand.

use std::sync::Arc;

use kernel::{AgencyId, Instant, PersonId};
use permit::{Standing, StandingPermit};
use pg::requests::keep_answer;
use prost::Message as _;
use rpc::{Denial, Error, InTx};
use tonic::Request;
use uuid::Uuid;
use wire::{consent::v1 as pb, convert::from_wire};

use super::{
    access::reach,
    acts::Ending,
    tell::end,
    write::{again, closes, ended as shown, fence, on_record, wrong_state},
};
use crate::{
    App,
    domain::{Happening, Held, InError, Mistake, lasts_as_agreed, may_see},
    store,
};

const RPC: &str = "trellis.consent.v1.ConsentService/MarkConsentEnteredInError";

pub(super) async fn handle(
    app: &App,
    request: Request<pb::MarkConsentEnteredInErrorRequest>,
) -> Result<pb::MarkConsentEnteredInErrorResponse, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let id = rpc::id("name", "consents", &req.name)?;
    let mistake =
        from_wire(req.mistake).ok_or_else(|| Error::field("mistake", "must say what was wrong"))?;
    let permit = reach(app, &call, id, true).await?.permit;
    let person = PersonId::from(permit.person_id());
    let ending = Ending::of(app, &permit, &person).await;
    let write = write(app, once.clone(), permit, id, (mistake, ending));
    let again = |replay| again(app, &call, person.clone(), replay);
    let done = once.written(&app.db, write, again).await;
    let (reply, ()) = on_record(app, &call, &person, id, done).await?;
    // As a revocation: followers need not wait, and a repeat does.
    app.changes.tell();
    fence().await;
    Ok(reply)
}

async fn write(
    app: &App,
    once: rpc::Request,
    permit: StandingPermit,
    id: Uuid,
    (mistake, ending): (Mistake, Ending),
) -> Result<(pb::MarkConsentEnteredInErrorResponse, ()), InTx> {
    let (clock, given) = (Arc::clone(&app.clock), Arc::new((once, ending)));
    app.guard
        .commit_standing(&app.db, "consent.in_error", permit, vec![id], move |tx, permit| {
            let (clock, given) = (Arc::clone(&clock), Arc::clone(&given));
            Box::pin(async move {
                let (once, ending) = &*given;
                let now = clock.now();
                let held = store::lock(tx, &permit, id).await?.ok_or(Error::NotFound)?;
                let agency = allowed(permit.standing(), &held, ending, now)?;
                let marked = held.mark(InError { at: now, mistake, agency });
                let marked = marked.map_err(wrong_state)?;
                end(tx, &permit, &marked, Happening::EnteredInError, now).await?;
                let consent = Some(shown(&permit, &marked));
                let reply = pb::MarkConsentEnteredInErrorResponse { consent };
                let answer = reply.encode_to_vec();
                keep_answer(tx, &once.key, permit.person_id(), id, &answer, now).await?;
                Ok((reply, ()))
            })
        })
        .await
}

/// Whose staff marks it, if this caller may; none: the person. What undoes a refusal, or the
/// replacing of another consent, opens: that is for the person alone, by a sign-in that stands
/// everywhere.
fn allowed(
    standing: &Standing,
    held: &Held,
    ending: &Ending,
    now: Instant,
) -> Result<Option<AgencyId>, Error> {
    let consent = &held.consent;
    let denied = |denial| Err(Error::Denied(denial));
    match standing {
        Standing::Person { confirmed_by } => {
            // It says of a consent what only those may say who see it.
            if !may_see(confirmed_by.as_deref(), consent) {
                return Err(Error::NotFound);
            }
            if confirmed_by.is_some() && closes(consent) {
                return denied(Denial::SignInNotConfirmed);
            }
            if closes(consent) {
                ending.allows(standing)?;
            }
            // What a revocation does not end yet, their word that it was a mistake does not either.
            let signed = held.signed_at().is_some() && held.in_error.is_none();
            if signed && lasts_as_agreed(consent, now) {
                return denied(Denial::ActionNotPermitted);
            }
            Ok(None)
        }
        Standing::Agency(own) => {
            let recorded = held.recorded.as_ref().is_some_and(|r| r.agency == *own);
            if !recorded || closes(consent) {
                return denied(Denial::ActionNotPermitted);
            }
            Ok(Some(own.clone()))
        }
        Standing::Representative(_) => denied(Denial::ActionNotPermitted),
    }
}
