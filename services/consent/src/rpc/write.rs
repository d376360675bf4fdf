//! What the writes share: their bounds, and how a write ends.

use kernel::PersonId;
use permit::{Call, FENCE, Standing, StandingPermit};
use pg::PgConnection;
use policy::{Consent, Effect};
use rpc::{Conflict, Error, InTx, Replay};

use super::access::beside;
pub(super) use super::shown::{ended, etag, for_services, seen, whole};
use crate::{
    App,
    domain::{Held, WrongState},
    store,
};

/// What one consent may take, and all that the person's side has drafted, and all that agencies have: every
/// decision about the person reads it. Neither takes the other's room.
const MOST_CONSENTS: i64 = 500;
const MOST_BYTES: i64 = 2 * 1024 * 1024;
const MOST_A_CONSENT: usize = 64 * 1024;

/// Of one agency: else one could take the room of all others, and count by it what they have.
const MOST_OF_ONE: i64 = 50;
const MOST_BYTES_OF_ONE: i64 = 256 * 1024;

/// So much each agency has room for, however much others have.
const LEAST_OF_ONE: i64 = 5;
const LEAST_BYTES_OF_ONE: i64 = 128 * 1024;

/// Of all who act for the person together, of the person's side: else they could leave the person no room to
/// refuse or to allow anything.
const MOST_FOR_PERSON: i64 = MOST_CONSENTS / 4;
const MOST_BYTES_FOR_PERSON: i64 = MOST_BYTES / 4;

/// Of restrictions asked of one agency, and of court orders of one agency about a person, ever; and
/// of emergencies that one agency declares about a person in a day.
pub(super) const MOST_BESIDE: i64 = 50;
const MOST_BYTES_BESIDE: i64 = 512 * 1024;

/// Refuses one too many of what is kept beside consents.
pub(super) fn room_beside(what: &'static str, number: i64, bytes: i64) -> Result<(), Error> {
    if number < MOST_BESIDE && bytes <= MOST_BYTES_BESIDE {
        return Ok(());
    }
    Err(too_many(what, MOST_BESIDE))
}

fn too_many(what: &'static str, limit: i64) -> Error {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    Error::Conflict(Conflict::TooMany { what, limit })
}

/// Refuses a consent that is too large, and one too many of who drafts it.
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
    let size = store::on_file_size(tx, permit).await?;
    let wire = i64::try_from(wire.len()).unwrap_or(i64::MAX);
    let fits = |number: i64, bytes: i64, most: i64, most_bytes: i64| {
        number < most && bytes.saturating_add(wire) <= most_bytes
    };
    let share = match permit.standing() {
        Standing::Person { .. } => None,
        Standing::Representative(_) => Some((MOST_FOR_PERSON, MOST_BYTES_FOR_PERSON)),
        Standing::Agency(_) => Some((MOST_OF_ONE, MOST_BYTES_OF_ONE)),
    };
    if let Some((most, most_bytes)) = share
        && !fits(size.own, size.own_bytes, most, most_bytes)
    {
        return Err(too_many("consents", most).into());
    }
    let agency = permit.named_agency().is_some();
    let least = agency && fits(size.ever, size.ever_bytes, LEAST_OF_ONE, LEAST_BYTES_OF_ONE);
    if !least && !fits(size.side, size.side_bytes, MOST_CONSENTS, MOST_BYTES) {
        return Err(too_many("consents", MOST_CONSENTS).into());
    }
    Ok(())
}

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
