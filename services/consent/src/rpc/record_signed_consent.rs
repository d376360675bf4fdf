//! RecordSignedConsent: what was signed by hand, on paper or on a screen that staff hold.

use std::sync::Arc;

use kernel::{AgencyId, ConsentId, Instant, PersonId};
use permit::{Call, StandingPermit};
use pg::requests::keep_answer;
use policy::{Consent, ConsentStatus, Signature};
use prost::Message as _;
use rpc::{Denial, Error, InTx};
use tonic::Request;
use uuid::Uuid;
use wire::{
    consent::v1 as pb,
    convert::{co_grantor, consent, from_wire, grantor, instant},
};

use super::{
    access::{registered, staff},
    against::{Against, against},
    draft_consent::{language, worded},
    nobody,
    tell::tell_signed,
    violations,
    write::{again, closes, fence, for_services, on_record, room, whole},
};
use crate::{
    App,
    app::DisplayNames,
    domain::{Recorded, may_sign, text::Language},
    store,
};

const RPC: &str = "trellis.consent.v1.ConsentService/RecordSignedConsent";

pub(super) async fn handle(
    app: &App,
    request: Request<pb::RecordSignedConsentRequest>,
) -> Result<pb::RecordSignedConsentResponse, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::check(&req).and(nobody::of_paper(&req)).done()?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let person = PersonId::from(rpc::id("person", "people", &req.person)?);
    let permit = registered(app, &call, &person).await?;
    let id = ledger::new_id(&app.clock);
    let paper = paper(&call, id, person.clone(), &req, app.clock.now())?;
    let against = against(app, &paper.signed).await?;
    let write = write(app, once.clone(), permit, paper, against);
    let again = async |replay| again(app, &call, person.clone(), replay).await.map(|()| true);
    let done = once.written(&app.db, write, again).await;
    let (reply, closing) = on_record(app, &call, &person, id, done).await?;
    app.changes.tell();
    if closing {
        fence().await;
    }
    Ok(reply)
}

/// What was signed, as it takes effect now, and what was recorded of it.
struct Paper {
    signed: Consent,
    recorded: Recorded,
    language: Language,
}

fn paper(
    call: &Call,
    id: Uuid,
    person: PersonId,
    req: &pb::RecordSignedConsentRequest,
    now: Instant,
) -> Result<Paper, Error> {
    let (agency, who) = staff(call).ok_or(Error::NotFound)?;
    let terms = req.terms.clone().unwrap_or_default();
    let odd = || Error::field("terms", "has a value without a meaning");
    let signature = req.signature.clone().unwrap_or_default();
    let draft = consent(ConsentId::from(id), person, &terms).ok_or_else(odd)?;
    let signed = Consent {
        status: ConsentStatus::Active,
        grantor: grantor(req.grantor.as_ref()),
        co_grantor: co_grantor(req.co_grantor.as_ref()).ok_or_else(odd)?,
        // No earlier than its recording: until now nobody could know of it.
        effective: Some(draft.effective.map_or(now, |stated| stated.max(now))),
        signature: Some(Signature {
            method: from_wire(signature.method),
            signed_at: signature.sign_time.as_ref().and_then(instant),
        }),
        ..draft
    };
    let recorded = Recorded {
        agency: agency.clone(),
        practitioner: who.clone(),
        image_sha256: signature.image_sha256,
        witness: signature.witness.trim().to_owned(),
    };
    if recorded.witness.is_empty() {
        return Err(Error::field("signature.witness", "must not be blank"));
    }
    Ok(Paper { signed, recorded, language: language("language", &req.language)? })
}

async fn write(
    app: &App,
    once: rpc::Request,
    permit: StandingPermit,
    paper: Paper,
    against: Against,
) -> Result<(pb::RecordSignedConsentResponse, bool), InTx> {
    let id = paper.signed.id.uuid().unwrap_or_default();
    let (clock, directory) = (Arc::clone(&app.clock), Arc::clone(&app.directory));
    let given = Arc::new((once, paper, against));
    app.guard
        .commit_standing(&app.db, "consent.record_signed", permit, vec![id], move |tx, permit| {
            let (given, clock) = (Arc::clone(&given), Arc::clone(&clock));
            let names = DisplayNames(Arc::clone(&directory));
            Box::pin(async move {
                let (once, Paper { signed, recorded, language }, against) = &*given;
                let now = clock.now();
                let on_file = store::on_file(tx, &permit).await?;
                allowed(&recorded.agency, signed, &on_file)?;
                let lacking = violations::of_signed(signed, against, &on_file, now);
                if !lacking.is_empty() {
                    return Err(Error::Invalid(lacking).into());
                }
                let by = permit.named_agency();
                let mut held = worded(signed, &on_file, by, *language, &names, now);
                held.recorded = Some(recorded.clone());
                held.rule_pack = Some(against.rules.name().to_owned());
                let wire = for_services(&held);
                room(tx, &permit, &held, &wire).await?;
                store::insert(tx, &permit, &held, &wire).await?;
                tell_signed(tx, &permit, signed, &on_file, now).await?;
                store::record(tx, &[permit.person_id()]).await?;
                let reply = pb::RecordSignedConsentResponse { consent: Some(whole(&held)) };
                let answer = reply.encode_to_vec();
                keep_answer(tx, &once.key, permit.person_id(), id, &answer, now).await?;
                Ok((reply, closes(signed)))
            })
        })
        .await
}

/// Whoever records could have signed it themself: it opens, and replaces, only what is about the
/// recording agency's own records.
fn allowed(agency: &AgencyId, signed: &Consent, on_file: &[Consent]) -> Result<(), Error> {
    let superseded = on_file.iter().filter(|c| signed.supersedes.contains(&c.id));
    let may = may_sign(Some(std::slice::from_ref(agency)), signed, superseded);
    may.then_some(()).ok_or(Error::Denied(Denial::SignInNotConfirmed))
}
