//! What sending asks beyond a move.

use permit::{Act, Guard, Permit};
use pg::PgConnection;
use rpc::{Conflict, Error, InTx};
use uuid::Uuid;

use super::Asked;
use crate::store::{self, Locked, Said};

/// What the person has said no to is not sent again, nobody is asked twice at once, and there is an end to asking.
pub(super) async fn sendable<A: Act>(
    tx: &mut PgConnection,
    permit: &Permit<A>,
    found: &Locked,
    others: &[(Uuid, Locked)],
) -> Result<(), InTx> {
    let conflict = if store::said(tx, permit).await? != Said::Open {
        Conflict::PersonDeclined
    } else if others.iter().any(|(_, other)| other.asks(found.target)) {
        Conflict::AlreadyExists { field: "target" }
    } else if found.row_version >= MOST_MOVES {
        let limit = usize::try_from(MOST_MOVES).unwrap_or(usize::MAX);
        Conflict::TooMany { what: "moves", limit }
    } else {
        return Ok(());
    };
    Err(Error::Conflict(conflict).into())
}

/// Moves after which a referral is not sent once more.
const MOST_MOVES: i64 = 100;

/// Whether its target may read what is sent to it; else it is not told of it either.
pub(super) async fn reads<A: Act>(
    guard: &Guard,
    permit: &Permit<A>,
    found: &Locked,
    asked: &Asked,
) -> Result<bool, InTx> {
    let record = permit.record().ok_or(Error::NotFound)?;
    let (target, purposes) = (found.target.into(), asked.call.caller().purposes());
    Ok(guard.covered(record, &target, purposes).await?.reading)
}
