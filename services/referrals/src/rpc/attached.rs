//! Notes that are attached by reference: whoever reads the referral is told of those that they may read.

use std::collections::BTreeSet;

use kernel::{AgencyId, PersonId, RecordId};
use permit::{Ask, Call, ReadNotes, Refusal};
use rpc::{Error, InTx, Outage};
use uuid::Uuid;
use wire::convert::name_of;

use crate::{App, domain::Referral};

/// What the caller may be told of what is attached.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Attached {
    pub notes: Vec<String>,
    /// There are others.
    pub withheld: bool,
}

/// Those of these notes about the person that the caller may read now, each decided on and on record as a
/// read of it is.
async fn readable(
    app: &App,
    call: &Call,
    ids: &[Uuid],
    person: &PersonId,
) -> Result<BTreeSet<RecordId>, Error> {
    if ids.is_empty() {
        return Ok(BTreeSet::new());
    }
    let located = app.notes.located(ids).await.map_err(|_| Error::Unavailable(Outage::Notes))?;
    let guard = &app.deps.guard;
    let permit = match guard.permit(call, Ask::<ReadNotes>::people(vec![person.clone()])).await {
        Ok(permit) => permit,
        Err(Refusal::NotFound) => return Ok(BTreeSet::new()),
        Err(refusal) => return Err(refusal.into()),
    };
    let theirs = located.into_iter().filter(|record| record.person == *person);
    let sealed = permit.seal_found(theirs.map(|record| (record.clone(), record.id)));
    match guard.release_page(sealed).await {
        Ok((opened, _)) => Ok(opened.into_iter().collect()),
        Err(Refusal::NotFound) => Ok(BTreeSet::new()),
        Err(refusal) => Err(refusal.into()),
    }
}

/// Whoever attaches a note may read it. Whatever else it is, it is refused in the same words.
pub(super) async fn must_be_read(
    app: &App,
    call: &Call,
    ids: &[Uuid],
    person: &PersonId,
) -> Result<(), InTx> {
    let readable = readable(app, call, ids, person).await?;
    let odd = ids.iter().position(|id| !readable.contains(&RecordId::from(*id)));
    match odd {
        Some(n) => {
            let what = "must be a signed note about this person that you may read";
            Err(Error::field(&format!("notes[{n}]"), what).into())
        }
        None => Ok(()),
    }
}

/// What is attached to a referral that was released to the caller.
pub(super) async fn to(app: &App, call: &Call, referral: &Referral) -> Result<Attached, Error> {
    let agency: Option<&AgencyId> = call.caller().agency();
    let sides = [referral.record.custodian.as_ref(), Some(&referral.target)];
    // As with what was said: for the two agencies and the person's own side.
    if agency.is_some() && !sides.contains(&agency) {
        return Ok(Attached::default());
    }
    let ids = &referral.attached;
    let readable = readable(app, call, ids, &referral.record.person).await?;
    let (told, withheld): (Vec<Uuid>, Vec<Uuid>) =
        ids.iter().partition(|id| readable.contains(&RecordId::from(**id)));
    let notes = told.into_iter().map(|id| name_of("notes", id)).collect();
    Ok(Attached { notes, withheld: !withheld.is_empty() })
}
