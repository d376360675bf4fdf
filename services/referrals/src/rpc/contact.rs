//! Whether the person of a referral may be contacted: asked each time that one is shown.

use std::{collections::HashMap, time::Duration};

use kernel::{AgencyId, PersonId};
use permit::{Call, Permit, WriteReferrals};
use rpc::{Conflict, Error, Outage};
use uuid::Uuid;
use wire::{
    common::v1::ContactRule as Rule, convert::id_of, people::v1::StatedPreferences,
    referrals::v1 as pb,
};

use crate::{App, store::New};

/// A reply waits no longer for it: what it answers to may have been written already.
const PATIENCE: Duration = Duration::from_millis(500);

/// Says of each whether the person may be contacted. Where they may not, or nobody knows, nothing in it asks for
/// that.
pub(super) async fn ruled<'a>(
    app: &App,
    call: &Call,
    shown: impl IntoIterator<Item = &'a mut pb::Referral>,
) {
    let shown: Vec<&mut pb::Referral> = shown.into_iter().collect();
    let ids = shown.iter().filter_map(|one| id_of("referrals", &one.name)).collect();
    let before = app.store.sources_before(ids).await;
    let rules = shown.iter().map(|one| async {
        // What can't be asked is not known.
        rule(app, call, one, before.as_ref().ok()?).await.ok()
    });
    let rules = tokio::time::timeout(PATIENCE, futures::future::join_all(rules)).await;
    let mut rules = rules.unwrap_or_default().into_iter();
    for one in shown {
        let rule = rules.next().flatten().unwrap_or(Rule::Unspecified);
        one.contact_rule = rule.into();
        one.warm_handoff &= !matches!(rule, Rule::Unspecified | Rule::Prohibited);
    }
}

async fn rule(
    app: &App,
    call: &Call,
    shown: &pb::Referral,
    before: &HashMap<Uuid, Vec<Uuid>>,
) -> Result<Rule, Error> {
    let id = |kind, name| id_of(kind, name).ok_or(Error::Internal("a name of ours"));
    let before = before.get(&id("referrals", &shown.name)?).map(Vec::as_slice).unwrap_or_default();
    let source = id("agencies", &shown.source)?.into();
    let stated = said(app, call, id("people", &shown.person)?.into(), source, before).await?;
    Ok(stated.contact_rule())
}

/// What was said to a referral's source, which goes with it, to the sources of what it follows from, and to the
/// caller's own agency: to no other.
async fn said(
    app: &App,
    call: &Call,
    person: PersonId,
    source: AgencyId,
    before: &[Uuid],
) -> Result<StatedPreferences, Error> {
    let mut agencies = vec![source];
    let more = before.iter().copied().map(AgencyId::from).chain(call.caller().agency().cloned());
    for agency in more {
        if !agencies.contains(&agency) {
            agencies.push(agency);
        }
    }
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
    let mut before = Vec::new();
    if let Some(parent) = &new.parent {
        before.extend(parent.record.custodian.as_ref().and_then(AgencyId::uuid));
        let earlier = app.store.sources_before(vec![parent.id]).await?;
        before.extend(earlier.into_values().flatten());
    }
    let stated = said(app, call, record.person.clone(), source.clone(), &before).await?;
    match stated.contact_rule() {
        Rule::Prohibited => Err(Error::Conflict(Conflict::ContactProhibited)),
        _ => Ok(()),
    }
}
