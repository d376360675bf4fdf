//! RevokeConsent: by the person, and by staff on the person's word.

use std::sync::Arc;

use kernel::{Instant, PersonId};
use permit::{Call, Standing, StandingPermit};
use pg::requests::keep_answer;
use prost::Message as _;
use rpc::{Denial, Error, InTx};
use tonic::Request;
use uuid::Uuid;
use wire::consent::v1 as pb;

use super::{
    access::{reach, refused, staff},
    acts::Ending,
    sign_consent::confirmed_by,
    tell::end,
    write::{again, ended as shown, fence, on_record, wrong_state},
};
use crate::{
    App,
    domain::{Happening, Held, Revocation, Word, may_revoke},
    store,
};

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
    let word = word(&call, &req)?;
    let permit = reach(app, &call, id, true).await?.permit;
    let person = PersonId::from(permit.person_id());
    let on_word = on_word(app, &call, &permit, &person, word).await?;
    let ending = Ending::of(app, &permit, &person).await;
    let write = write(app, once.clone(), permit, id, (on_word, ending));
    let again = |replay| again(app, &call, person.clone(), replay);
    let done = once.written(&app.db, write, again).await;
    let (reply, ()) = on_record(app, &call, &person, id, done).await?;
    // Followers first: they need not wait. A repeat does: its first answer may not have waited.
    app.changes.tell();
    fence().await;
    Ok(reply)
}

/// Staff say how the person said it; the person says nothing of the kind. Told before anything is
/// looked for.
fn word(call: &Call, req: &pb::RevokeConsentRequest) -> Result<Option<Word>, Error> {
    let word = match req.word() {
        pb::RevocationWord::Unspecified => None,
        pb::RevocationWord::Spoken => Some(Word::Spoken),
        pb::RevocationWord::Written => Some(Word::Written),
    };
    match (staff(call).is_some(), word) {
        (true, None) => Err(Error::field("word", "must be given by staff")),
        (false, Some(_)) => Err(Error::field("word", "is for staff, who act on the person's word")),
        (_, word) => Ok(word),
    }
}

/// Whoever says what the person said has met them.
async fn on_word(
    app: &App,
    call: &Call,
    permit: &StandingPermit,
    person: &PersonId,
    word: Option<Word>,
) -> Result<Option<Revocation>, Error> {
    let (Standing::Agency(agency), Some(word)) = (permit.standing(), word) else { return Ok(None) };
    if !app.guard.registered(call, person).await? {
        return Err(refused(app, call, Some(person), None).await);
    }
    Ok(Some(Revocation { agency: agency.clone(), word }))
}

async fn write(
    app: &App,
    once: rpc::Request,
    permit: StandingPermit,
    id: Uuid,
    (on_word, ending): (Option<Revocation>, Ending),
) -> Result<(pb::RevokeConsentResponse, ()), InTx> {
    let (clock, given) = (Arc::clone(&app.clock), Arc::new((once, on_word, ending)));
    app.guard
        .commit_standing(&app.db, "consent.revoke", permit, vec![id], move |tx, permit| {
            let (clock, given) = (Arc::clone(&clock), Arc::clone(&given));
            Box::pin(async move {
                let (once, on_word, ending) = &*given;
                let now = clock.now();
                let held = store::lock(&mut *tx, &permit, id).await?.ok_or(Error::NotFound)?;
                let ended = held.revoke(on_word.clone(), now).map_err(wrong_state)?;
                allowed(&permit, &held, ending, now)?;
                end(tx, &permit, &ended, Happening::Revoked, now).await?;
                let reply = pb::RevokeConsentResponse { consent: Some(shown(&permit, &ended)) };
                let answer = reply.encode_to_vec();
                keep_answer(tx, &once.key, permit.person_id(), id, &answer, now).await?;
                Ok((reply, ()))
            })
        })
        .await
}

/// Revoking protects; ending a refusal opens, and is for who could have signed it. An agency's staff
/// end no refusal but one that is about their own records alone.
fn allowed(
    permit: &StandingPermit,
    held: &Held,
    ending: &Ending,
    now: Instant,
) -> Result<(), Error> {
    let (standing, consent) = (permit.standing(), &held.consent);
    let (own, denial) = match standing {
        Standing::Agency(agency) => {
            (Some(std::slice::from_ref(agency)), Denial::ActionNotPermitted)
        }
        _ => (confirmed_by(permit), Denial::SignInNotConfirmed),
    };
    if !may_revoke(own, consent, now) {
        return Err(Error::Denied(denial));
    }
    // What a sign-in that nobody vouches for may not end forbids something.
    if may_revoke(Some(&[]), consent, now) { Ok(()) } else { ending.allows(standing) }
}
