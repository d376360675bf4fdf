//! SignConsent.

use std::sync::Arc;

use kernel::{AgencyId, Instant, PersonId};
use permit::{Standing, StandingPermit};
use pg::requests::keep_answer;
use policy::Consent;
use prost::Message as _;
use rpc::{Conflict, Denial, Error, InTx};
use tonic::Request;
use uuid::Uuid;
use wire::{Violation, consent::v1 as pb};

use super::{
    access::reach,
    acts::{is_grantor, is_hidden},
    against::{Against, signed_by},
    tell::tell_signed,
    violations,
    write::{again, closes, fence, for_services, on_record, whole, wrong_state},
};
use crate::{
    App,
    domain::{Held, keeps_nothing_of, may_sign},
    store,
};

const RPC: &str = "trellis.consent.v1.ConsentService/SignConsent";

pub(super) async fn handle(
    app: &App,
    request: Request<pb::SignConsentRequest>,
) -> Result<pb::SignConsentResponse, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let id = rpc::id("name", "consents", &req.name)?;
    let reached = reach(app, &call, id, false).await?;
    // Nobody could sign what is hidden from them, and nobody is told that it is there, nor by how long others take
    // who are asked: before them.
    let draft = store::read(&app.db, &reached.permit, id).await?;
    if draft.is_none_or(|seen| is_hidden(&reached.permit, &seen.held.consent)) {
        return Err(reached.nothing(app, &call).await);
    }
    let permit = reached.permit;
    let person = PersonId::from(permit.person_id());
    let themself = matches!(permit.standing(), Standing::Person { .. });
    let against = signed_by(app, &person, themself, None).await?.signed_with(app, &call);
    let write = write(app, once.clone(), permit, id, req.text_sha256, against);
    // What a repeat had to wait for, its first answer may not have been waited for.
    let again =
        async |replay| again(app, &call, person.clone(), replay).await.map(|()| Closing(true));
    let done = once.written(&app.db, write, again).await;
    let (reply, closing) = on_record(app, &call, &person, id, done).await?;
    app.changes.tell();
    if closing.0 {
        fence().await;
    }
    Ok(reply)
}

/// Whether what was signed closes something to anybody.
struct Closing(bool);

async fn write(
    app: &App,
    once: rpc::Request,
    permit: StandingPermit,
    id: Uuid,
    shown: String,
    against: Against,
) -> Result<(pb::SignConsentResponse, Closing), InTx> {
    let clock = Arc::clone(&app.clock);
    let given = Arc::new((once, shown, against));
    app.guard
        .commit_standing(&app.db, "consent.sign", permit, vec![id], move |tx, permit| {
            let (given, clock) = (Arc::clone(&given), Arc::clone(&clock));
            Box::pin(async move {
                let (once, shown, against) = &*given;
                let now = clock.now();
                let draft = store::lock(tx, &permit, id).await?.ok_or(Error::NotFound)?;
                let on_file = store::on_file(tx, &permit).await?;
                let signed = signed(&permit, &draft, &on_file, shown, against, now)?;
                store::change(tx, &permit, &signed, &for_services(&signed)).await?;
                tell_signed(tx, &permit, &signed.consent, &on_file, now).await?;
                store::record(tx, &[permit.person_id()]).await?;
                let reply = pb::SignConsentResponse { consent: Some(whole(&signed)) };
                let answer = reply.encode_to_vec();
                keep_answer(tx, &once.key, permit.person_id(), id, &answer, now).await?;
                Ok((reply, Closing(closes(&signed.consent))))
            })
        })
        .await
}

/// The draft, signed, if nothing stands in the way: its state, another text than was shown, a
/// sign-in that can't sign for this, or what the consent lacks by now.
fn signed(
    permit: &StandingPermit,
    draft: &Held,
    on_file: &[Consent],
    shown: &str,
    against: &Against,
    now: Instant,
) -> Result<Held, Error> {
    draft.signable().map_err(wrong_state)?;
    if draft.text_sha256 != shown {
        let other = Violation::new("text_sha256", "must be the hash of the text that was shown");
        return Err(Error::Conflict(Conflict::ConsentIncomplete(vec![other])));
    }
    if !is_grantor(permit.standing(), &draft.consent) {
        return Err(Error::Denied(Denial::ActionNotPermitted));
    }
    let superseded = on_file.iter().filter(|c: &&Consent| draft.consent.supersedes.contains(&c.id));
    if let Standing::Representative(acts) = permit.standing()
        && !superseded.clone().all(|old| keeps_nothing_of(old, acts.excluded_sensitivities))
    {
        return Err(Error::Denied(Denial::ActionNotPermitted));
    }
    if !may_sign(confirmed_by(permit), &draft.consent, superseded) {
        return Err(Error::Denied(Denial::SignInNotConfirmed));
    }
    let lacking = violations::of_signing(&draft.consent, against, on_file, now);
    if !lacking.is_empty() {
        return Err(Error::Conflict(Conflict::ConsentIncomplete(lacking)));
    }
    draft.sign(against.rules.name(), now).map_err(wrong_state)
}

/// The agencies that vouch for the sign-in; none: it stands everywhere.
pub(super) fn confirmed_by(permit: &StandingPermit) -> Option<&[AgencyId]> {
    match permit.standing() {
        Standing::Person { confirmed_by } => confirmed_by.as_deref(),
        Standing::Representative(acts) => acts.confirmed_by.as_deref(),
        // Nobody vouches for what is no sign-in of the person.
        Standing::Agency(_) => Some(&[]),
    }
}
