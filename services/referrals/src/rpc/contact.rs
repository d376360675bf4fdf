//! Whether the person of a referral may be contacted: asked each time that one is shown.

use kernel::{AgencyId, PersonId};
use permit::{Call, Permit, WriteReferrals};
use rpc::{Conflict, Error, Outage};
use wire::{
    common::v1::ContactRule as Rule, convert::id_of, people::v1::StatedPreferences,
    referrals::v1 as pb,
};

use crate::{App, store::New};

/// Says of each whether the person may be contacted. Where they may not, or nobody knows, nothing in it asks for
/// that.
pub(super) async fn ruled<'a>(
    app: &App,
    call: &Call,
    shown: impl IntoIterator<Item = &'a mut pb::Referral>,
) {
    let shown: Vec<&mut pb::Referral> = shown.into_iter().collect();
    let asked = shown.iter().map(|one| rule(app, call, one));
    let rules = futures::future::join_all(asked).await;
    for (one, rule) in shown.into_iter().zip(rules) {
        one.contact_rule = rule.into();
        one.warm_handoff &= !matches!(rule, Rule::Unspecified | Rule::Prohibited);
    }
}

async fn rule(app: &App, call: &Call, shown: &pb::Referral) -> Rule {
    let ids = id_of("people", &shown.person).zip(id_of("agencies", &shown.source));
    let Some((person, source)) = ids else { return Rule::Unspecified };
    match said(app, call, person.into(), source.into()).await {
        Ok(stated) => stated.contact_rule(),
        Err(_) => Rule::Unspecified,
    }
}

/// What was said to a referral's source, which goes with it, and to the caller's own agency: to no other.
async fn said(
    app: &App,
    call: &Call,
    person: PersonId,
    source: AgencyId,
) -> Result<StatedPreferences, Error> {
    let mut agencies = vec![source];
    agencies.extend(call.caller().agency().filter(|own| !agencies.contains(own)).cloned());
    let stated = app.preferences.of(person, agencies).await;
    stated.map_err(|_| Error::Unavailable(Outage::People))
}

/// Nobody is handed over warmly who may not be contacted.
pub(super) async fn may_be_handed_over(
    app: &App,
    call: &Call,
    new: &New,
    permit: &Permit<WriteReferrals>,
) -> Result<(), Error> {
    let record = permit.record().filter(|_| new.warm_handoff);
    let Some((record, source)) = record.zip(call.caller().agency()) else { return Ok(()) };
    let stated = said(app, call, record.person.clone(), source.clone()).await?;
    match stated.contact_rule() {
        Rule::Prohibited => Err(Error::Conflict(Conflict::ContactProhibited)),
        _ => Ok(()),
    }
}
