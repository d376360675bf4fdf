//! That the parts of an explanation are the parts that the finding has: what they come to is worked
//! out here from the parts alone.

use std::collections::BTreeSet;

use kernel::{Action, ConsentId};
use policy::{
    BasisKind, Bearing, Consent, ConsentStatus, Explanation, Lack, Part, PartKind, Reason, Record,
    Request, RulePlace, Who, agency_kinds,
};

use crate::world::World;

/// Everything that must hold between the finding and the parts.
pub fn agree(world: &World, record: &Record, explanation: &Explanation) {
    let parts = &explanation.parts;
    match &explanation.finding {
        Ok(opened) => {
            let opening: Vec<&Part> = bearing(parts, |b| b == Bearing::Opens).collect();
            let kinds: BTreeSet<_> = opening.iter().map(|part| part.kind).collect();
            assert_eq!(kinds, BTreeSet::from([kind_of(opened.basis)]), "{explanation:?}");
            let on_file = opening.iter().filter_map(|part| part.id.clone());
            assert_eq!(on_file.collect::<BTreeSet<_>>(), set(&opened.ids), "{explanation:?}");
            assert_eq!(bearing(parts, |b| b == Bearing::Refuses).count(), 0, "{explanation:?}");
        }
        Err(refused) => {
            assert_eq!(bearing(parts, |b| b == Bearing::Opens).count(), 0, "{explanation:?}");
            let refusing = refusing(parts, PartKind::ConsentDeny);
            if refused.reason == Reason::DeniedByDirective {
                assert_eq!(refusing, set(&refused.consents), "{explanation:?}");
            }
            let expected = reasons(&world.request, record, parts);
            assert!(expected.contains(&refused.reason), "{expected:?}, {explanation:?}");
        }
    }
    let stands = |lack| bearing(parts, move |b| b.lack() == Some(lack)).count() > 0;
    let refused = bearing(parts, |b| b == Bearing::Refuses).count() > 0;
    assert!(!stands(Lack::Overridden) || refused, "{explanation:?}");
    assert!(!stands(Lack::OtherBasis) || explanation.finding.is_ok(), "{explanation:?}");
    complete(world, record, parts);
}

fn set(ids: &[ConsentId]) -> BTreeSet<ConsentId> {
    ids.iter().cloned().collect()
}

fn bearing(parts: &[Part], holds: impl Fn(Bearing) -> bool) -> impl Iterator<Item = &Part> {
    parts.iter().filter(move |part| holds(part.bearing))
}

fn refusing(parts: &[Part], kind: PartKind) -> BTreeSet<ConsentId> {
    bearing(parts, |b| b == Bearing::Refuses)
        .filter(|part| part.kind == kind)
        .filter_map(|part| part.id.clone())
        .collect()
}

fn kind_of(basis: BasisKind) -> PartKind {
    match basis {
        BasisKind::Share => PartKind::Share,
        BasisKind::Custodian => PartKind::Custodian,
        BasisKind::SelfAccess => PartKind::SelfAccess,
        BasisKind::Representative => PartKind::Representative,
        BasisKind::Emergency => PartKind::Emergency,
        BasisKind::CourtOrder => PartKind::CourtOrder,
        BasisKind::Consent => PartKind::ConsentPermit,
    }
}

/// The stages of a permit, the furthest first.
const STAGES: &[(Lack, Reason)] = &[
    (Lack::Custodian, Reason::RecordNotCovered),
    (Lack::Record, Reason::RecordNotCovered),
    (Lack::Action, Reason::ActionNotPermitted),
    (Lack::Purpose, Reason::PurposeNotPermitted),
    (Lack::Recipient, Reason::RecipientNotCovered),
    (Lack::Expired, Reason::ConsentExpired),
    (Lack::NotYetEffective, Reason::ConsentNotYetEffective),
    (Lack::Revoked, Reason::ConsentRevoked),
    (Lack::NotActive, Reason::NoActiveConsent),
    (Lack::Superseded, Reason::NoActiveConsent),
];

/// The reasons of a DENY that the parts leave possible: one, but where nothing that counts is on
/// file or the person's own bases fail.
fn reasons(request: &Request, record: &Record, parts: &[Part]) -> Vec<Reason> {
    let has = |kind, lack| parts.iter().any(|p| p.kind == kind && p.bearing.lack() == Some(lack));
    let refuses = |kind| parts.iter().any(|p| p.kind == kind && p.bearing == Bearing::Refuses);
    if refuses(PartKind::Request) {
        return vec![Reason::ContextMissing, Reason::EvaluationError, Reason::AgencySuspended];
    }
    let agency = match &request.who {
        Who::Practitioner { agency, .. } if agency_kinds().contains(record.kind) => agency,
        _ => return vec![Reason::WithheldFromPerson, Reason::NoActiveConsent],
    };
    if evaluation_fails(parts) {
        return vec![Reason::EvaluationError];
    }
    if has(PartKind::Emergency, Lack::Documentation) {
        return vec![Reason::EmergencyDocumentationMissing];
    }
    if refuses(PartKind::ConsentDeny) {
        return vec![Reason::DeniedByDirective];
    }
    if refuses(PartKind::Restriction) {
        return vec![Reason::Restricted];
    }
    let permits = parts.iter().filter(|part| part.kind == PartKind::ConsentPermit);
    let lacks: BTreeSet<Lack> = permits.filter_map(|part| part.bearing.lack()).collect();
    let sends_others = request.action == Action::Refer && record.custodian.as_ref() != Some(agency);
    let furthest = STAGES.iter().find(|(lack, _)| lacks.contains(lack));
    match furthest {
        Some(_) if sends_others => vec![Reason::RecordNotCovered],
        Some((_, reason)) => vec![*reason],
        None => vec![
            Reason::VictimServicesReleaseRequired,
            Reason::CounselingNotesConsentRequired,
            Reason::ProceedingsNeedOrder,
            Reason::NoActiveConsent,
            Reason::RecordNotCovered,
        ],
    }
}

fn evaluation_fails(parts: &[Part]) -> bool {
    parts.iter().any(|part| part.bearing.lack() == Some(Lack::CannotBeEvaluated))
}

/// Everything on file about the person is named, each rule once, and nothing of anybody else.
fn complete(world: &World, record: &Record, parts: &[Part]) {
    let facts = world.persons.iter().filter(|facts| facts.person == record.person);
    let mut expected: Vec<(Option<ConsentId>, Option<RulePlace>)> = Vec::new();
    for facts in facts {
        let drafts = evaluation_fails(parts);
        let named = |c: &&Consent| drafts || c.status != ConsentStatus::Draft;
        for consent in facts.consents.iter().filter(named) {
            let id = Some(consent.id.clone());
            expected.push((id.clone(), Some(RulePlace::Root)));
            let exceptions = 0..consent.exceptions.len();
            expected.extend(exceptions.map(|at| (id.clone(), Some(RulePlace::Exception(at)))));
        }
        let shares = facts.shares.iter().filter(|share| share.record == record.id);
        let others = (facts.restrictions.iter().map(|r| &r.id))
            .chain(facts.emergency_accesses.iter().map(|e| &e.id))
            .chain(facts.court_orders.iter().map(|o| &o.id))
            .chain(shares.map(|s| &s.id));
        expected.extend(others.map(|id| (Some(id.clone()), None)));
    }
    let on_file = parts.iter().filter(|part| part.id.is_some());
    let mut named: Vec<_> = on_file.map(|part| (part.id.clone(), part.rule)).collect();
    named.sort();
    expected.sort();
    assert_eq!(named, expected, "{parts:?}");
}
