//! How much may be on file about a person.

use permit::{Standing, StandingPermit};
use pg::PgConnection;
use rpc::{Conflict, Error, InTx};

use super::acts::represents;
use crate::{
    domain::Held,
    store::{self, OnFileSize},
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

/// All that the person's side has drafted, with what it has withdrawn of late: that frees its room, and is kept.
const MOST_EVER: i64 = 2_000;
const MOST_BYTES_EVER: i64 = 8 * 1024 * 1024;
/// After so long what was withdrawn counts no more: somebody who stole a sign-in leaves the person their say.
const FORGOTTEN: time::Duration = time::Duration::days(30);

/// Of all who act for the person together, of the person's side, such a part: else they could leave the person no room
/// to refuse or to allow anything.
const PART_FOR_PERSON: i64 = 4;

/// So much each appointment has room for, however much those before it have drafted: whoever is the guardian now of
/// somebody who can't sign must be able to.
const LEAST_OF_APPOINTMENT: i64 = 25;
const LEAST_BYTES_OF_APPOINTMENT: i64 = 128 * 1024;

/// Of restrictions asked of one agency, and of court orders of one agency about a person, ever; and
/// of emergencies that one agency declares about a person in a day.
const MOST_BESIDE: i64 = 50;
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
    let authority = match permit.standing() {
        Standing::Representative(acts) => represents(acts).authority,
        Standing::Person { .. } | Standing::Agency(_) => None,
    };
    let since = held.created_at - FORGOTTEN;
    let size = store::on_file_size(tx, permit, authority.as_deref(), since).await?;
    let more = i64::try_from(wire.len()).unwrap_or(i64::MAX);
    match fullness(permit.standing(), &size, more) {
        Some(most) => Err(too_many("consents", most).into()),
        None => Ok(()),
    }
}

/// What bound one of so many bytes more would go beyond.
fn fullness(standing: &Standing, size: &OnFileSize, more: i64) -> Option<i64> {
    let fits = |number: i64, bytes: i64, most: i64, most_bytes: i64| {
        number < most && bytes.saturating_add(more) <= most_bytes
    };
    let side = fits(size.side, size.side_bytes, MOST_CONSENTS, MOST_BYTES);
    if let Standing::Agency(_) = standing {
        let least = fits(size.one_ever, size.one_ever_bytes, LEAST_OF_ONE, LEAST_BYTES_OF_ONE);
        return match fits(size.own, size.own_bytes, MOST_OF_ONE, MOST_BYTES_OF_ONE) {
            false => Some(MOST_OF_ONE),
            true => Some(MOST_CONSENTS).filter(|_| !least && !side),
        };
    }
    // So many parts of what the side has.
    let own = |parts: i64| {
        let of = |most: i64| most / PART_FOR_PERSON * parts;
        fits(size.own, size.own_bytes, of(MOST_CONSENTS), of(MOST_BYTES))
            && fits(size.own_ever, size.own_ever_bytes, of(MOST_EVER), of(MOST_BYTES_EVER))
    };
    let (most, most_bytes) = (LEAST_OF_APPOINTMENT, LEAST_BYTES_OF_APPOINTMENT);
    let acts =
        matches!(standing, Standing::Representative(acts) if represents(acts).authority.is_some());
    let least = acts && fits(size.one_ever, size.one_ever_bytes, most, most_bytes);
    // The last part is the person's alone, whoever is appointed.
    let share = own(1) || (least && own(PART_FOR_PERSON - 1));
    if matches!(standing, Standing::Representative(_)) && !share {
        return Some(MOST_CONSENTS / PART_FOR_PERSON);
    }
    if !side {
        return Some(MOST_CONSENTS);
    }
    let ever = fits(size.side_ever, size.side_ever_bytes, MOST_EVER, MOST_BYTES_EVER);
    Some(MOST_EVER).filter(|_| !ever)
}
