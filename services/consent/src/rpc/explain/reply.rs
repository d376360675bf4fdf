//! An explanation as the contract tells it.

use kernel::{AgencyId, Code as _, ConsentId, Instant};
use permit::Standing;
use policy::{Bearing, Explanation, Part, PartKind, PersonFacts, RulePlace};
use wire::{
    consent::v1 as pb,
    convert::{name_of, set_to_wire, timestamp, to_wire},
};

use crate::domain::{
    explain::{in_words, part_in_words},
    may_see, named_agencies,
    text::Language,
};

/// What the caller may be told of. A consent has a name only for those who may read it.
pub(super) fn explained(
    explanation: &Explanation,
    facts: &PersonFacts,
    standing: &Standing,
    language: Language,
    as_of: Instant,
) -> pb::ExplainResponse {
    let part = |part: &Part| pb::ExplainedPart {
        kind: to_wire(part.kind),
        name: name(part, facts, standing),
        rule: match part.rule {
            Some(RulePlace::Exception(index)) => {
                i32::try_from(index).unwrap_or(i32::MAX).saturating_add(1)
            }
            _ => 0,
        },
        effect: effect(part.bearing).into(),
        lacks: part.bearing.lack().map_or(0, to_wire),
        explanation: part_in_words(language, part),
    };
    let mut reply = pb::ExplainResponse {
        explanation: in_words(language, explanation).to_owned(),
        parts: explanation.parts.iter().filter(|p| told(p, facts, standing)).map(part).collect(),
        as_of: Some(timestamp(as_of)),
        ..pb::ExplainResponse::default()
    };
    match &explanation.finding {
        Ok(opened) => {
            reply.permitted = true;
            reply.basis = to_wire(opened.basis);
            reply.obligations = set_to_wire(opened.obligations);
            reply.redisclosure = to_wire(opened.redisclosure);
        }
        Err(refused) => reply.reason = refused.reason.code().to_owned(),
    }
    reply
}

/// A part of what is on file is told to those whose it is; one that decides is told to all, without
/// its name. What else is on file is nobody's business: it may be about others' records.
fn told(part: &Part, facts: &PersonFacts, standing: &Standing) -> bool {
    let decides = matches!(part.bearing, Bearing::Opens | Bearing::Refuses);
    decides || part.id.as_ref().is_none_or(|id| theirs(part.kind, id, facts, standing))
}

fn effect(bearing: Bearing) -> pb::PartEffect {
    match bearing {
        Bearing::Opens => pb::PartEffect::Opens,
        Bearing::Refuses => pb::PartEffect::Refuses,
        Bearing::WouldOpenBut(_) => pb::PartEffect::WouldOpenBut,
        Bearing::DoesNotApply(_) => pb::PartEffect::DoesNotApply,
    }
}

fn name(part: &Part, facts: &PersonFacts, standing: &Standing) -> String {
    let Some(id) = part.id.as_ref().filter(|id| theirs(part.kind, id, facts, standing)) else {
        return String::new();
    };
    let collection = match part.kind {
        PartKind::ConsentPermit | PartKind::ConsentDeny => "consents",
        PartKind::Restriction => "restrictions",
        PartKind::Emergency => "emergencies",
        PartKind::CourtOrder => "courtOrders",
        _ => "shares",
    };
    name_of(collection, id)
}

fn theirs(kind: PartKind, id: &ConsentId, facts: &PersonFacts, standing: &Standing) -> bool {
    let vouched = |all: &Option<Vec<AgencyId>>, agency: Option<&AgencyId>| {
        all.as_ref().is_none_or(|all| agency.is_some_and(|agency| all.contains(agency)))
    };
    let own = |agency: Option<&AgencyId>| match standing {
        Standing::Agency(own) => agency == Some(own),
        Standing::Person { confirmed_by } => vouched(confirmed_by, agency),
        Standing::Representative(acts) => vouched(&acts.confirmed_by, agency),
    };
    match kind {
        PartKind::ConsentPermit | PartKind::ConsentDeny => {
            let consent = facts.consents.iter().find(|c| c.id == *id);
            consent.is_some_and(|consent| match standing {
                Standing::Agency(agency) => named_agencies(consent).contains(agency),
                Standing::Person { confirmed_by } => may_see(confirmed_by.as_deref(), consent),
                Standing::Representative(acts) => may_see(acts.confirmed_by.as_deref(), consent),
            })
        }
        PartKind::Restriction => {
            let asked = facts.restrictions.iter().find(|r| r.id == *id);
            asked.is_some_and(|r| own(r.custodian.as_ref()))
        }
        PartKind::CourtOrder => {
            own(facts.court_orders.iter().find(|o| o.id == *id).map(|o| &o.custodian))
        }
        PartKind::Emergency => {
            own(facts.emergency_accesses.iter().find(|e| e.id == *id).map(|e| &e.agency))
        }
        _ => true,
    }
}
