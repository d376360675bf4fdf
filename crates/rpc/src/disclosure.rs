//! The disclosure part of a reply, with the notice of 42 CFR 2.32.

use kernel::ConsentId;
use policy::{BasisKind, Consent, Effect, Obligation, Rule};
use wire::{
    common::v1 as pb,
    convert::{agency_name, name_of, set_to_wire, timestamp, to_wire},
};

/// Version of the notice's text.
const NOTICE_VERSION: &str = "2.32(a)(1)/2024";

/// Version of the short form's text.
const SHORT_VERSION: &str = "2.32(a)(2)/2024";

/// 42 CFR 2.32(a)(2), as amended in 2024: the short form of the notice.
const SHORT: &str = "42 CFR part 2 prohibits unauthorized use or disclosure of these records.";

/// 42 CFR 2.32(a)(1), as amended in 2024: the long form of the notice.
const NOTICE: &str = "This record which has been disclosed to you is protected by Federal \
confidentiality rules (42 CFR part 2). These rules prohibit you from using or disclosing this \
record, or testimony that describes the information contained in this record, in any civil, \
criminal, administrative, or legislative proceedings by any Federal, State, or local authority, \
against the patient, unless authorized by the consent of the patient, except as provided at 42 CFR \
2.12(c)(5) or as authorized by a court in accordance with 42 CFR 2.64 or 2.65. In addition, the \
Federal rules prohibit you from making any other use or disclosure of this record unless at least \
one of the following applies: (i) Further use or disclosure is expressly permitted by the written \
consent of the individual whose information is being disclosed in this record or as otherwise \
permitted by 42 CFR part 2; (ii) You are a covered entity or business associate and have received \
the record for treatment, payment, or health care operations; or (iii) You have received the record \
from a covered entity or business associate as permitted by 45 CFR part 164, subparts A and E. A \
general authorization for the release of medical or other information is NOT sufficient to meet the \
required elements of written consent to further use or redisclose the record (see 42 CFR 2.31).";

/// The reply's form of a disclosure.
pub fn disclosure(disclosure: &permit::Disclosure) -> pb::Disclosure {
    let copy = disclosure.obligations.contains(&Obligation::ConsentCopy);
    pb::Disclosure {
        decision_id: disclosure.decision_id.to_string(),
        bases: disclosure.bases.iter().map(|b| to_wire(*b)).collect(),
        basis: disclosure.basis.iter().map(|(kind, id)| basis_name(*kind, id)).collect(),
        obligations: disclosure.obligations.iter().map(|o| to_wire(*o)).collect(),
        redisclosure: to_wire(disclosure.redisclosure),
        notice: notice(disclosure, NOTICE_VERSION, NOTICE),
        consents: if copy { disclosure.consents().map(scope).collect() } else { Vec::new() },
    }
}

/// The short form of the notice, for what is told of records and is no reply; none where none is owed.
pub fn short_notice(disclosure: &permit::Disclosure) -> Option<pb::Notice> {
    notice(disclosure, SHORT_VERSION, SHORT)
}

fn notice(disclosure: &permit::Disclosure, version: &str, text: &str) -> Option<pb::Notice> {
    let owed = disclosure.obligations.contains(&Obligation::Part2Notice);
    owed.then(|| pb::Notice {
        version: version.to_owned(),
        language: "en".to_owned(),
        text: text.to_owned(),
    })
}

/// What a decision relied on, as the contract names it.
pub fn basis_name(kind: BasisKind, id: &ConsentId) -> String {
    name_of(collection(kind), id)
}

/// What a basis is named in.
fn collection(kind: BasisKind) -> &'static str {
    match kind {
        BasisKind::Emergency => "emergencies",
        BasisKind::CourtOrder => "courtOrders",
        BasisKind::Share => "shares",
        _ => "consents",
    }
}

/// What a consent covers: the permitting rules taken together, the root one first.
fn scope(consent: &Consent) -> pb::ConsentScope {
    let permits = |rule: &&Rule| rule.effect == Effect::Permit;
    let rules: Vec<&Rule> =
        std::iter::once(&consent.rule).chain(&consent.exceptions).filter(permits).collect();
    let mut scope = pb::ConsentScope {
        consent: name_of("consents", &consent.id),
        description: consent.description.clone().unwrap_or_default(),
        expires: consent.expires.map(timestamp),
        ..pb::ConsentScope::default()
    };
    for rule in rules {
        add(&mut scope.purposes, rule.purposes.map(set_to_wire).unwrap_or_default());
        let disclosers = rule.disclosers.iter().flat_map(|d| &d.agencies);
        add(&mut scope.disclosers, disclosers.map(agency_name));
        let recipients = rule.recipients.iter().flat_map(|r| &r.agencies);
        add(&mut scope.recipients, recipients.map(agency_name));
    }
    scope
}

fn add<T: PartialEq>(list: &mut Vec<T>, more: impl IntoIterator<Item = T>) {
    for one in more {
        if !list.contains(&one) {
            list.push(one);
        }
    }
}
