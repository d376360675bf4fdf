//! Goals and check-ins: whose they are, and how they are made.

use permit::{Call, StandingPermit};
use pg::PgConnection;
use rpc::{Conflict, Error, InTx};
use uuid::Uuid;

use super::own::of_owner;
use crate::{
    App,
    domain::{NewRecord, OwnRecord, Surety},
    store,
};

/// As `themself`, of whoever's this goal or check-in is.
pub(super) async fn of_record(
    app: &App,
    call: &Call,
    record: Uuid,
) -> Result<StandingPermit, Error> {
    let owner = app.store.record_owner(record).await?;
    of_owner(app, call, owner, record).await
}

/// Makes a record, where the person has not as many as there may be.
pub(super) async fn add(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    by: &Surety,
    new: &NewRecord,
    (what, limit): (&'static str, usize),
) -> Result<OwnRecord, InTx> {
    let there = store::count(&mut *tx, permit, new.kind).await?;
    if usize::try_from(there).is_ok_and(|there| there >= limit) {
        return Err(Error::Conflict(Conflict::TooMany { what, limit }).into());
    }
    Ok(store::add(tx, permit, by, new).await?)
}
