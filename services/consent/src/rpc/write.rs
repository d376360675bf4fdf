//! What the writes share: how a consent goes on the wire, and how a write ends.

use kernel::{ConsentId, PersonId};
use permit::{Call, FENCE, Standing, StandingPermit};
use pg::PgConnection;
use policy::{Consent, Effect};
use prost::Message;
use rpc::{Conflict, Error, InTx, Replay};
use wire::{
    consent::v1 as pb,
    convert::{agency_name, consent_terms, grantor_to_wire, name_of, timestamp, to_wire},
};

use super::access::beside;
use crate::{
    App,
    domain::{Held, Revocation, Word, WrongState},
    store::{self, Seen},
};

/// A version as callers see it.
pub(super) fn etag(version: i32) -> String {
    format!("{version:08x}")
}

/// The whole consent, as the person sees it.
pub(super) fn whole(held: &Held) -> pb::Consent {
    let consent = &held.consent;
    let signature = consent.signature.as_ref();
    pb::Consent {
        name: name_of("consents", &consent.id),
        person: name_of("people", &consent.person),
        terms: Some(consent_terms(consent)),
        status: to_wire(consent.status),
        signed_time: held.signed_at().map(timestamp),
        revoked_time: consent.revoked_at.map(timestamp),
        text: held.text.clone(),
        text_sha256: held.text_sha256.clone(),
        create_time: Some(timestamp(held.created_at)),
        etag: etag(held.version),
        grantor: consent.grantor.as_ref().map(grantor_to_wire),
        signature_method: signature.and_then(|s| s.method).map_or(0, to_wire),
        language: held.language.tag().to_owned(),
        reading_level: held.reading_level,
        recorded_signature: held.recorded.as_ref().map(|recorded| pb::RecordedSignature {
            method: signature.and_then(|s| s.method).map_or(0, to_wire),
            sign_time: held.signed_at().map(timestamp),
            image_sha256: recorded.image_sha256.clone(),
            witness: recorded.witness.clone(),
        }),
        recorded_agency: held.recorded.as_ref().map(|r| agency_name(&r.agency)).unwrap_or_default(),
        revocation: held.revocation.as_ref().map(revocation),
        acknowledgements: Vec::new(),
    }
}

fn revocation(revocation: &Revocation) -> pb::RevocationRecord {
    let word = match revocation.word {
        Word::Spoken => pb::RevocationWord::Spoken,
        Word::Written => pb::RevocationWord::Written,
    };
    pb::RevocationRecord { word: word.into(), agency: agency_name(&revocation.agency) }
}

/// As the caller may see it. To an agency: without what was recorded of a signature, unless it
/// recorded it; and where it replaces consents that do not name the caller's agency, without those
/// and without the text, which tells of them, and its hash, by which a guess could be checked.
pub(super) fn seen(seen: &Seen, permit: &StandingPermit) -> pb::Consent {
    let mut consent = whole(&seen.held);
    if let Standing::Agency(agency) = permit.standing()
        && seen.held.recorded.as_ref().is_none_or(|r| r.agency != *agency)
    {
        consent.recorded_signature = None;
    }
    if !seen.hidden.is_empty() {
        consent.text.clear();
        consent.text_sha256.clear();
        let hidden: Vec<String> =
            seen.hidden.iter().map(|id: &ConsentId| name_of("consents", id)).collect();
        if let Some(terms) = &mut consent.terms {
            terms.supersedes.retain(|name| !hidden.contains(name));
        }
    }
    consent
}

/// As other services are sent it: what a decision needs.
pub(super) fn for_services(held: &Held) -> Vec<u8> {
    let consent = pb::Consent {
        text: String::new(),
        recorded_signature: None,
        revocation: None,
        ..whole(held)
    };
    consent.encode_to_vec()
}

/// What one consent, and all of a person's, may take: every decision about them reads it.
const MOST_CONSENTS: usize = 500;
const MOST_BYTES: i64 = 2 * 1024 * 1024;
const MOST_A_CONSENT: usize = 64 * 1024;

/// Refuses a consent that is too large, and one too many.
pub(super) async fn room(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    held: &Held,
    wire: &[u8],
) -> Result<(), InTx> {
    if wire.len() > MOST_A_CONSENT || held.text.len() > MOST_A_CONSENT {
        return Err(
            Error::field("terms", "must come to at most 64 KiB, and so must its text").into()
        );
    }
    let (consents, bytes) = store::on_file_size(tx, permit).await?;
    let full = usize::try_from(consents).is_ok_and(|n| n >= MOST_CONSENTS)
        || bytes.saturating_add(i64::try_from(wire.len()).unwrap_or(i64::MAX)) > MOST_BYTES;
    if full {
        let limit = MOST_CONSENTS;
        return Err(Error::Conflict(Conflict::TooMany { what: "consents", limit }).into());
    }
    Ok(())
}

/// A write that a sign-in was not confirmed enough for is on record, as every refusal is.
pub(super) async fn on_record<T>(
    app: &App,
    call: &Call,
    person: &PersonId,
    id: uuid::Uuid,
    done: Result<T, Error>,
) -> Result<T, Error> {
    if let Err(Error::Denied(_)) = &done {
        // Not told: the answer says already what it may.
        let _ = app.guard.refuse_standing(call, Some(person), vec![id]).await;
    }
    done
}

pub(super) fn wrong_state(wrong: WrongState) -> Error {
    Error::Conflict(Conflict::WrongState { state: wrong.state, allowed: wrong.allowed })
}

/// Whether a change closes something to anybody. Then it must be as strict as a revocation.
pub(super) fn closes(consent: &Consent) -> bool {
    let denies = |effect| effect == Effect::Deny;
    !consent.supersedes.is_empty()
        || denies(consent.rule.effect)
        || consent.exceptions.iter().any(|rule| denies(rule.effect))
}

/// Writes that were told "still permitted" before the change begin their COMMIT within the fence:
/// only after it may the caller be told that the change stands. The change is in force already.
pub(super) async fn fence() {
    tokio::time::sleep(FENCE).await;
}

/// Authorizes the answer to a repeated request once more, and puts that on record.
pub(super) async fn again(
    app: &App,
    call: &Call,
    person: PersonId,
    replay: Replay,
) -> Result<(), Error> {
    let permit = app.guard.standing_beside(call, person, beside(true)).await?;
    Ok(app.guard.release_standing(&permit, vec![replay.record_id], ()).await?)
}
