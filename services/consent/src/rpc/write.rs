//! What the writes share: how a write ends.

use kernel::PersonId;
use permit::{Call, FENCE};
use policy::{Consent, Effect};
use rpc::{Conflict, Error, Replay};

use super::access::beside;
pub(super) use super::{
    room::{room, room_beside},
    shown::{ended, etag, for_services, seen, whole},
};
use crate::{App, domain::WrongState};

/// A write that was refused, or that found nothing for this caller, is on record, as every refusal
/// is.
pub(super) async fn on_record<T>(
    app: &App,
    call: &Call,
    person: &PersonId,
    id: uuid::Uuid,
    done: Result<T, Error>,
) -> Result<T, Error> {
    if let Err(Error::Denied(_) | Error::NotFound) = &done {
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
