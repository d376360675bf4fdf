//! Several that ask for the same: one of them at most is taken on.

use kernel::{Instant, Kind, PersonId};
use permit::Guard;
use pg::PgConnection;
use rpc::{Conflict, Error, InTx};
use uuid::Uuid;

use crate::{
    domain::{Ending, Mover, News, State},
    store::{self, Change, Hold, Locked, OfNetwork, Told},
};

/// As audit records name it.
const TASK: &str = "trellis.referrals/AcceptedElsewhere";
/// What a move says that an acceptance elsewhere made.
const ELSEWHERE: &str = "ACCEPTED_ELSEWHERE";

/// Locks the group of a referral, then its others.
pub(super) async fn locked(
    tx: &mut PgConnection,
    hold: &impl Hold,
) -> Result<Vec<(Uuid, Locked)>, InTx> {
    let group = store::group_of(&mut *tx, hold.person(), hold.id()).await?;
    let group = group.ok_or(Error::NotFound)?;
    store::lock_group(&mut *tx, group).await?;
    Ok(store::others(tx, hold, group).await?)
}

/// Refused where one is taken on: a second acceptance could only be a mistake.
pub(super) fn free(others: &[(Uuid, Locked)]) -> Result<(), Error> {
    match others.iter().any(|(_, other)| other.standing.is_taken()) {
        true => Err(Error::Conflict(Conflict::AcceptedElsewhere)),
        false => Ok(()),
    }
}

/// Cancels what waits for an answer: the network's act, and the record of it, which is the caller's to keep.
/// All rows are locked before the first event is told.
pub(super) async fn give_up(
    tx: &mut PgConnection,
    guard: &Guard,
    person: Uuid,
    others: Vec<(Uuid, Locked)>,
    at: Instant,
) -> Result<Option<ledger::Event>, InTx> {
    let act = guard.by_network(TASK, Kind::Referral, PersonId::from(person));
    let waits = |(_, other): &(Uuid, Locked)| other.standing.may(Mover::Network, State::Cancelled);
    let others: Vec<_> = others.into_iter().filter(waits).collect();
    for (referral, other) in &others {
        let change = Change {
            to: State::Cancelled,
            by: None,
            reason: Some(ELSEWHERE.to_owned()),
            ending: Ending::default(),
            sent: None,
            target_sees: other.target_sees,
            at,
        };
        let hold = OfNetwork { act: &act, referral: *referral };
        store::change(&mut *tx, &hold, other, &change).await?;
    }
    for (referral, other) in &others {
        let only = (!other.target_sees).then_some(other.source);
        let told = Told { news: News::State(State::Cancelled), only, at };
        store::tell(&mut *tx, &OfNetwork { act: &act, referral: *referral }, other, told).await?;
    }
    let ids: Vec<Uuid> = others.iter().map(|(id, _)| *id).collect();
    Ok((!ids.is_empty()).then(|| guard.event_by_network(&act, ids)))
}
