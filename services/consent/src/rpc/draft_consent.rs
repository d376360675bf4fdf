//! DraftConsent.

use std::sync::Arc;

use kernel::{ConsentId, PersonId};
use permit::{Standing, StandingPermit};
use pg::requests::keep_answer;
use policy::Consent;
use prost::Message as _;
use rpc::{Error, InTx};
use tonic::Request;
use uuid::Uuid;
use wire::{consent::v1 as pb, convert::consent};

use super::{
    access::registered,
    acts::{is_hidden, represents},
    against::{Against, against},
    nobody, violations,
    write::{again, for_services, room, whole},
};
use crate::{
    App,
    app::DisplayNames,
    domain::{
        Held,
        text::{self, Language},
    },
    store,
};

const RPC: &str = "trellis.consent.v1.ConsentService/DraftConsent";

pub(super) async fn handle(
    app: &App,
    request: Request<pb::DraftConsentRequest>,
) -> Result<pb::DraftConsentResponse, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::check(&req).and(nobody::of_terms(req.terms.as_ref())).done()?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let person = PersonId::from(rpc::id("person", "people", &req.person)?);
    let permit = registered(app, &call, &person).await?;
    let id = ledger::new_id(&app.clock);
    let terms = req.terms.unwrap_or_default();
    let mut draft = consent(ConsentId::from(id), person.clone(), &terms)
        .ok_or_else(|| Error::field("terms", "has a value without a meaning"))?;
    if let Standing::Representative(acts) = permit.standing() {
        draft.grantor = Some(represents(acts));
    }
    let language = language("language", &req.language)?;
    let against = against(app, &draft).await?.signed_with(app, &call);
    let write = write(app, once.clone(), permit, draft, against, language);
    let again = |replay| again(app, &call, person.clone(), replay);
    let (reply, ()) = once.written(&app.db, write, again).await?;
    Ok(reply)
}

async fn write(
    app: &App,
    once: rpc::Request,
    permit: StandingPermit,
    draft: Consent,
    against: Against,
    language: Language,
) -> Result<(pb::DraftConsentResponse, ()), InTx> {
    let id = draft.id.uuid().unwrap_or_default();
    let (clock, directory) = (Arc::clone(&app.clock), Arc::clone(&app.directory));
    let given = Arc::new((once, draft, against));
    app.guard
        .commit_standing(&app.db, "consent.draft", permit, vec![id], move |tx, permit| {
            let (given, clock) = (Arc::clone(&given), Arc::clone(&clock));
            let names = DisplayNames(Arc::clone(&directory));
            Box::pin(async move {
                let (once, draft, against) = &*given;
                let now = clock.now();
                let mut on_file = store::on_file(tx, &permit).await?;
                // What the drafter may not see is as if it never was: no circle leads to a new draft.
                on_file.retain(|consent| !is_hidden(&permit, consent));
                let lacking = violations::of_signing(draft, against, &on_file, now);
                if !lacking.is_empty() {
                    return Err(Error::Invalid(lacking).into());
                }
                let drafted_by = permit.named_agency();
                let held = worded(draft, &on_file, drafted_by, language, &names, now);
                let wire = for_services(&held);
                room(tx, &permit, &held, &wire).await?;
                store::insert(tx, &permit, &held, &wire).await?;
                let reply = pb::DraftConsentResponse { consent: Some(whole(&held)) };
                let answer = reply.encode_to_vec();
                keep_answer(tx, &once.key, permit.person_id(), id, &answer, now).await?;
                Ok((reply, ()))
            })
        })
        .await
}

/// The language that a tag names; empty: English.
pub(super) fn language(field: &str, tag: &str) -> Result<Language, Error> {
    if tag.is_empty() {
        return Ok(Language::default());
    }
    Language::from_tag(tag).ok_or_else(|| Error::field(field, "must be \"en\" or \"es\""))
}

/// The draft with the text to show.
pub(super) fn worded(
    draft: &Consent,
    on_file: &[Consent],
    drafted_by: Option<Uuid>,
    language: Language,
    names: &DisplayNames,
    now: kernel::Instant,
) -> Held {
    let superseded: Vec<&Consent> =
        on_file.iter().filter(|c| draft.supersedes.contains(&c.id)).collect();
    let text = text::write(language, draft, &superseded, names);
    Held {
        consent: draft.clone(),
        created_at: now,
        withdrawn_at: None,
        drafted_agency: drafted_by.map(Into::into),
        text_sha256: text::sha256(&text),
        text,
        language,
        reading_level: text::reading_level(language, draft, &superseded),
        recorded: None,
        revocation: None,
        rule_pack: None,
        in_error: None,
        version: 1,
    }
}
