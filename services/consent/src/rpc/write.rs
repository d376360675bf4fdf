//! What the writes share: how a consent goes on the wire, and how a write ends.

use kernel::ConsentId;
use permit::{Call, FENCE};
use policy::{Consent, Effect};
use prost::Message;
use rpc::{Conflict, Error, Replay};
use wire::{
    consent::v1 as pb,
    convert::{consent_terms, name_of, timestamp, to_wire},
};

use crate::{
    App,
    domain::{Held, WrongState},
    store::Seen,
};

/// The whole consent.
pub(super) fn whole(held: &Held) -> pb::Consent {
    let consent = &held.consent;
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
        etag: format!("{:08x}", held.version),
    }
}

/// As the caller may see it: where it replaces consents that do not name the caller's agency,
/// without those and without the text, which tells of them.
pub(super) fn seen(seen: &Seen) -> pb::Consent {
    let mut consent = whole(&seen.held);
    if !seen.hidden.is_empty() {
        consent.text.clear();
        let hidden: Vec<String> =
            seen.hidden.iter().map(|id: &ConsentId| name_of("consents", id)).collect();
        if let Some(terms) = &mut consent.terms {
            terms.supersedes.retain(|name| !hidden.contains(name));
        }
    }
    consent
}

/// As other services are sent it.
pub(super) fn for_services(held: &Held) -> Vec<u8> {
    pb::Consent { text: String::new(), ..whole(held) }.encode_to_vec()
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
    person: kernel::PersonId,
    replay: Replay,
) -> Result<(), Error> {
    let permit = app.guard.standing(call, person, true).await?;
    Ok(app.guard.release_standing(&permit, vec![replay.record_id], ()).await?)
}
