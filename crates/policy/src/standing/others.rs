//! What is on file beside consents. Each `…_lacks` says the first thing that one fact lacks for
//! this request; a record is not looked at here.

use kernel::{Action, CodeSet, Instant, Purpose, Role, Sensitivity};

use super::AgencyAsk;
use crate::{
    Record,
    codes::{Lack, RestrictionReason, RestrictionStatus},
    person::{CourtOrder, EmergencyAccess, PersonFacts, Restriction, Share},
};

/// The restrictions that bind this recipient and any asserted purpose.
pub(crate) fn restrictions<'a>(
    facts: &'a PersonFacts,
    ask: &AgencyAsk<'_>,
) -> Vec<&'a Restriction> {
    let binds = |r: &&Restriction| r.person == facts.person && restriction_lacks(r, ask).is_none();
    facts.restrictions.iter().filter(binds).collect()
}

/// An empty list of purposes narrows nothing.
pub(crate) fn restriction_lacks(restriction: &Restriction, ask: &AgencyAsk<'_>) -> Option<Lack> {
    let agreed = match restriction.status {
        RestrictionStatus::Agreed => true,
        // What was paid in full the plan may not have, agreed or not (164.522(a)(1)(vi)).
        RestrictionStatus::Requested => {
            restriction.reason == Some(RestrictionReason::PaidInFull)
                && ask.recipient.agency.sector == kernel::Sector::HealthPlan
        }
        RestrictionStatus::Ended => return Some(Lack::Ended),
    };
    let recipient = restriction.recipients.as_ref();
    let purposes = restriction.purposes;
    first(&[
        (agreed, Lack::NotAgreed),
        (recipient.is_none_or(|listed| ask.recipient.is_among(listed)), Lack::Recipient),
        (purposes.is_none_or(|p| p.is_empty() || p.intersects(ask.purposes)), Lack::Purpose),
    ])
}

impl Restriction {
    /// An empty list narrows nothing: a restriction that says too little restricts.
    pub(crate) fn covers_record(&self, record: &Record) -> bool {
        self.custodian.as_ref().is_none_or(|c| record.custodian.as_ref() == Some(c))
            && self.records.as_ref().is_none_or(|r| r.is_empty() || r.contains(&record.id))
            && self.episodes.as_ref().is_none_or(|e| {
                e.is_empty() || record.episode.as_ref().is_some_and(|x| e.contains(x))
            })
    }
}

/// The emergency accesses that open this person's records to the caller, and whether each is
/// documented in full.
pub(crate) fn emergencies<'a>(
    facts: &'a PersonFacts,
    ask: &AgencyAsk<'_>,
    as_of: Instant,
) -> Vec<(&'a EmergencyAccess, bool)> {
    let opens =
        |e: &&EmergencyAccess| e.person == facts.person && emergency_lacks(e, ask, as_of).is_none();
    facts.emergency_accesses.iter().filter(opens).map(|e| (e, is_documented(e))).collect()
}

/// Whether the four facts of §2.51(c) are given.
pub(crate) fn is_documented(access: &EmergencyAccess) -> bool {
    let told = [
        &access.recipient_name,
        &access.recipient_affiliation,
        &access.nature,
        &access.consent_unobtainable,
    ];
    told.into_iter().all(is_given)
}

pub(crate) fn emergency_lacks(
    access: &EmergencyAccess,
    ask: &AgencyAsk<'_>,
    as_of: Instant,
) -> Option<Lack> {
    let within: CodeSet<Purpose> =
        [Purpose::EmergencyTreat, Purpose::Treat, Purpose::BreakTheGlass].into();
    let declared_by_caller =
        access.agency == ask.agency.id && access.practitioner == *ask.practitioner;
    first(&[
        (declared_by_caller, Lack::Recipient),
        (ask.agency.covered_entity, Lack::CoveredEntity),
        (ask.roles.contains(Role::Medical), Lack::Role),
        (ask.purposes.is_subset(within), Lack::Purpose),
        (ask.action == Action::Read, Lack::Action),
        (begun(access.granted_at, as_of), Lack::NotYetEffective),
        (lasts(access.expires, as_of), Lack::Expired),
    ])
}

/// The court orders that compel disclosure to the caller.
pub(crate) fn court_orders<'a>(
    facts: &'a PersonFacts,
    ask: &AgencyAsk<'_>,
    as_of: Instant,
) -> Vec<&'a CourtOrder> {
    let compels =
        |o: &&CourtOrder| o.person == facts.person && court_order_lacks(o, ask, as_of).is_none();
    facts.court_orders.iter().filter(compels).collect()
}

/// An order alone authorises, a subpoena alone opens nothing (§2.61).
pub(crate) fn court_order_lacks(
    order: &CourtOrder,
    ask: &AgencyAsk<'_>,
    as_of: Instant,
) -> Option<Lack> {
    first(&[
        (order.order, Lack::Order),
        (order.subpoena, Lack::Subpoena),
        (is_given(&order.accepted_by), Lack::Acceptance),
        (order.recipient_agency == ask.agency.id, Lack::Recipient),
        (ask.purposes == [Purpose::LegalProceeding].into(), Lack::Purpose),
        (ask.action == Action::Read, Lack::Action),
        (begun(order.issued_at, as_of), Lack::NotYetEffective),
        (lasts(order.expires, as_of), Lack::Expired),
    ])
}

impl CourtOrder {
    pub(crate) fn covers_record(&self, record: &Record) -> bool {
        record.custodian.as_ref() == Some(&self.custodian) && self.records.contains(&record.id)
    }
}

/// The shares with one grantee that are open.
pub(crate) fn shares<'a>(
    facts: &'a PersonFacts,
    is_grantee: &dyn Fn(&str) -> bool,
    as_of: Instant,
) -> Vec<&'a Share> {
    let open = |s: &&Share| s.person == facts.person && share_lacks(s, is_grantee, as_of).is_none();
    facts.shares.iter().filter(open).collect()
}

pub(crate) fn share_lacks(
    share: &Share,
    is_grantee: &dyn Fn(&str) -> bool,
    as_of: Instant,
) -> Option<Lack> {
    first(&[
        (is_grantee(&share.grantee), Lack::Recipient),
        (lasts(share.until, as_of), Lack::Expired),
    ])
}

/// Whether `subject` represents the person at `as_of`, and what is withheld from them: what any of
/// their appointments in force excludes.
pub(crate) fn represents(
    facts: &PersonFacts,
    subject: &kernel::Subject,
    as_of: Instant,
) -> Option<CodeSet<Sensitivity>> {
    facts
        .representatives
        .iter()
        .filter(|r| {
            r.person == facts.person
                && r.subject == *subject
                && r.from.is_none_or(|from| from <= as_of)
                && r.until.is_none_or(|until| as_of < until)
        })
        .map(|r| r.excluded_sensitivities)
        .reduce(CodeSet::union)
}

pub(crate) fn is_given(text: &Option<String>) -> bool {
    text.as_deref().is_some_and(|text| !text.trim().is_empty())
}

/// An instant that is missing and needed: never.
fn begun(from: Option<Instant>, as_of: Instant) -> bool {
    from.is_some_and(|from| from <= as_of)
}

fn lasts(until: Option<Instant>, as_of: Instant) -> bool {
    until.is_some_and(|until| as_of < until)
}

fn first(conditions: &[(bool, Lack)]) -> Option<Lack> {
    conditions.iter().find(|(holds, _)| !holds).map(|(_, lack)| *lack)
}
