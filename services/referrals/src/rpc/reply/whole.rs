//! A referral with that from which it follows.

use kernel::Role;
use permit::{Call, Disclosure, Others};
use rpc::{Error, Replay};
use wire::{convert::name_of, referrals::v1 as pb};

use super::{super::contact, cut, read, referral};
use crate::{App, domain::Referral};

/// One referral as its reader is shown it, and why: that it was released, and what it follows from.
pub(in crate::rpc) async fn whole(
    app: &App,
    call: &Call,
    (read, disclosure): (&Referral, Disclosure),
) -> Result<(pb::Referral, Disclosure), Error> {
    let mut shown = referral(read, call.caller().agency());
    if call.caller().roles().contains(Role::Representative) {
        let person = read.record.person.clone();
        let others = Others { agencies: false, representatives: true };
        let permit = app.deps.guard.standing_beside(call, person, others).await?;
        cut(&mut shown, permit.standing());
    }
    let disclosure = match parent(app, call, read).await? {
        Some((name, of_parent)) => {
            shown.parent = name;
            disclosure.and(of_parent)
        }
        None => disclosure,
    };
    contact::ruled(app, call, Some(&mut shown)).await;
    Ok((shown, disclosure))
}

/// As [`super::again`], of a reply that names what the referral follows from: whether it may do so still.
pub(in crate::rpc) async fn followed_again(
    app: &App,
    call: &Call,
    replay: Replay,
) -> Result<(bool, Disclosure), Error> {
    let (referral, disclosure) = read(app, call, replay.record_id).await?;
    Ok(match parent(app, call, &referral).await? {
        Some((_, of_parent)) => (true, disclosure.and(of_parent)),
        None => (false, disclosure),
    })
}

/// What it follows from is between its source and another agency: for the source and the person's side, as far
/// as they may read it.
async fn parent(
    app: &App,
    call: &Call,
    of: &Referral,
) -> Result<Option<(String, Disclosure)>, Error> {
    let agency = call.caller().agency();
    let theirs = agency.is_none() || agency == of.record.custodian.as_ref();
    let Some(parent) = of.parent.filter(|_| theirs) else { return Ok(None) };
    match read(app, call, parent).await {
        Ok((_, disclosure)) => Ok(Some((name_of("referrals", parent), disclosure))),
        Err(Error::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}
