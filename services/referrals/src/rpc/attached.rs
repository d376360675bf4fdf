//! Notes that are attached by reference: whoever reads the referral is told of those that they may read.

use std::collections::BTreeMap;

use kernel::{AgencyId, PersonId, RecordId};
use permit::{
    Ask, Call, Disclosure, Permit, ReadNotes, Refusal, SendReferrals, ToldFrom, WriteReferrals,
};
use policy::Record;
use rpc::{Error, InTx, Outage};
use uuid::Uuid;
use wire::convert::name_of;

use crate::{App, domain::Referral, store::New};

/// What the caller may be told of what is attached.
#[derive(Debug, Default)]
pub(super) struct Attached {
    pub notes: Vec<String>,
    /// There are others: for the source, who attached them, and for nobody else. That there is a note at all is
    /// what a consent opens.
    pub withheld: bool,
    /// Why the notes may be told of.
    pub disclosure: Option<Disclosure>,
}

/// Those of these notes about the person of which the caller may read something now, and what: each kind of their
/// sections. Each is decided on and on record as a read of it is. On record is whom they are about, too, whether or not there is one.
async fn readable(
    app: &App,
    call: &Call,
    ids: &[Uuid],
    person: &PersonId,
) -> Result<(BTreeMap<RecordId, Vec<Record>>, Option<Disclosure>), Error> {
    let none = (BTreeMap::new(), None);
    if ids.is_empty() {
        return Ok(none);
    }
    let located = app.notes.located(ids).await.map_err(|_| Error::Unavailable(Outage::Notes))?;
    let guard = &app.deps.guard;
    let permit = match guard.permit(call, Ask::<ReadNotes>::people(vec![person.clone()])).await {
        Ok(permit) => permit,
        Err(Refusal::NotFound) => return Ok(none),
        Err(refusal) => return Err(refusal.into()),
    };
    let theirs = located.into_iter().filter(|record| record.person == *person);
    let sealed = permit.seal(theirs.map(|record| (record.clone(), record)));
    match guard.release_page(sealed).await {
        Ok((opened, disclosure)) => {
            let mut notes: BTreeMap<_, Vec<Record>> = BTreeMap::new();
            for record in opened {
                notes.entry(record.id.clone()).or_default().push(record);
            }
            Ok((notes, Some(disclosure)))
        }
        Err(Refusal::NotFound) => Ok(none),
        Err(refusal) => Err(refusal.into()),
    }
}

/// What the caller reads of the notes that a new referral names. Whoever attaches a note may read it, and where the
/// referral is sent, so may its target: else that there is one would be all that it could learn. Asked of whoever has
/// the permit to write it, and to send it; whatever is wrong is refused in the same words.
pub(super) async fn may_be(
    app: &App,
    call: &Call,
    new: &New,
    permit: &Permit<WriteReferrals>,
) -> Result<(Vec<Record>, Option<Disclosure>), InTx> {
    let person = &permit.record().ok_or(Error::NotFound)?.person;
    let ids = new.attached.as_slice();
    let (readable, disclosure) = readable(app, call, ids, person).await?;
    let mut read = Vec::new();
    for (n, id) in ids.iter().enumerate() {
        let note = readable.get(&RecordId::from(*id)).ok_or_else(|| unfit(n))?;
        read.extend_from_slice(note);
    }
    // Of what the caller reads of each.
    if let Some(note) = app.deps.guard.unread_with(permit, &read).await? {
        let n = ids.iter().position(|id| RecordId::from(*id) == note.id);
        return Err(unfit(n.unwrap_or_default()).into());
    }
    Ok((read, disclosure))
}

fn unfit(n: usize) -> Error {
    let what = "must be a signed note about this person that you, and whom it is sent to, may read";
    Error::field(&format!("notes[{n}]"), what)
}

/// What the caller reads of the notes of what is about to be sent as it was written: with these it goes, where its
/// target may read them. Of a draft, not without the others: one that was entered in error and one that the caller
/// may read no more are not told apart.
pub(super) async fn may_go(
    app: &App,
    call: &Call,
    permit: &Permit<SendReferrals>,
    draft: bool,
) -> Result<(ToldFrom, Option<Disclosure>), InTx> {
    let person = &permit.record().ok_or(Error::NotFound)?.person;
    let ids = app.store.attached(permit).await?;
    let (readable, disclosure) = readable(app, call, &ids, person).await?;
    let all = ids.iter().all(|id| readable.contains_key(&RecordId::from(*id)));
    let sent = readable.into_values().flatten().collect();
    Ok((ToldFrom { sent, lacks: draft && !all, ..ToldFrom::default() }, disclosure))
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
    let (readable, disclosure) = readable(app, call, ids, &referral.record.person).await?;
    let (told, withheld): (Vec<Uuid>, Vec<Uuid>) =
        ids.iter().partition(|id| readable.contains_key(&RecordId::from(**id)));
    let source = agency.is_some() && agency == referral.record.custodian.as_ref();
    let notes = told.into_iter().map(|id| name_of("notes", id)).collect();
    Ok(Attached { notes, withheld: source && !withheld.is_empty(), disclosure })
}
