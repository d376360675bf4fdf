//! Several that ask for the same: one of them at most is taken on.

use kernel::{AgencyId, Instant, Kind, PersonId};
use permit::{Guard, Permit, WriteReferrals};
use pg::PgConnection;
use rpc::{Conflict, Error, InTx};
use uuid::Uuid;

use crate::{
    domain::{Ending, Mover, News, State},
    store::{self, Change, Hold, Locked, MOST_IN_GROUP, New, OfNetwork, Told},
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

/// The group of another referral, which this one joins: the caller's agency's own, of the same person,
/// which waits for an answer or is a draft. Whatever else it is, it is refused in the same words.
pub(super) async fn joined(
    tx: &mut PgConnection,
    permit: &Permit<WriteReferrals>,
    new: &New,
    other: Uuid,
) -> Result<Uuid, InTx> {
    let wrong = || {
        let what = "must be a draft or unanswered referral of your agency's about this person";
        InTx::from(Error::field("group", what))
    };
    let source = permit.agency().and_then(AgencyId::uuid);
    let group = store::own_group(&mut *tx, permit.person_id(), other, source).await?;
    let group = group.ok_or_else(wrong)?;
    store::lock_group(&mut *tx, group).await?;
    let members = store::others(&mut *tx, permit, group).await?;
    let named = members.iter().find(|(id, _)| *id == other).map(|(_, member)| member);
    let named = named.ok_or_else(wrong)?;
    free(&members)?;
    if !named.standing.waits() {
        return Err(wrong());
    }
    if store::declined(&mut *tx, permit.person_id(), group, new.target).await? {
        return Err(Error::Conflict(Conflict::PersonDeclined).into());
    }
    let asked = |member: &Locked| member.target == new.target && member.standing.waits();
    if members.iter().any(|(_, member)| asked(member)) {
        return Err(Error::field("target", "is asked in this group already").into());
    }
    if members.len() >= MOST_IN_GROUP {
        let many = Conflict::TooMany { what: "referrals of a group", limit: MOST_IN_GROUP };
        return Err(Error::Conflict(many).into());
    }
    store::found(tx, permit.person_id(), group).await?;
    Ok(group)
}
