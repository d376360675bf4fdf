//! Consents. An empty list on the wire is an absent condition: the contract can't say "a list of
//! nothing", but `recipients` and `disclosers` are messages, and naming nobody there is kept.

use kernel::{AgencyId, CareTeamId, ConsentId, EpisodeId, PersonId, PractitionerId, RecordId};
use policy::{
    Consent, ConsentStatus, ConsentType, Disclosers, Effect, Grantor, Recipients, Relationship,
    Rule, Signature, SignatureMethod, Statements,
};

use super::{
    agency_name, from_wire, id_of, instant, name_of, practitioner_from_name, practitioner_name,
    set_from_wire, set_to_wire, timestamp, to_wire,
};
use crate::consent::v1 as pb;

/// A consent as drafted: what the person would sign. None where a value has no meaning; the
/// contract's annotations were checked before, so that is a fault of this conversion.
pub fn consent(id: ConsentId, person: PersonId, terms: &pb::ConsentTerms) -> Option<Consent> {
    let statements = terms.statements.unwrap_or_default();
    Some(Consent {
        id,
        person,
        kind: from_wire::<ConsentType>(terms.r#type)?,
        status: ConsentStatus::Draft,
        effective: optional(terms.effective.as_ref())?,
        expires: optional(terms.expires.as_ref())?,
        never_expires: terms.never_expires,
        revoked_at: None,
        revocable_after: optional(terms.revocable_after.as_ref())?,
        grantor: grantor(None),
        co_grantor: None,
        signature: None,
        description: (!terms.description.is_empty()).then(|| terms.description.clone()),
        statements: Statements {
            right_to_revoke: statements.right_to_revoke,
            redisclosure: statements.redisclosure,
            refusal_consequences: statements.refusal_consequences,
        },
        supersedes: ids(&terms.supersedes, "consents", ConsentId::from)?,
        rule: consent_rule(terms.rule.as_ref()?)?,
        exceptions: terms.exceptions.iter().map(consent_rule).collect::<Option<_>>()?,
        person_deceased: false,
    })
}

/// Who gives a consent: the person, unless it says otherwise. None where a value has no meaning.
pub fn grantor(wire: Option<&pb::Grantor>) -> Option<Grantor> {
    let wire = wire.cloned().unwrap_or_default();
    Some(Grantor {
        relationship: match wire.relationship {
            0 => Relationship::SelfSigned,
            other => from_wire(other)?,
        },
        name: None,
        authority: (!wire.authority.is_empty()).then_some(wire.authority),
        alleged_abuser: false,
        agency: match wire.agency.as_str() {
            "" => None,
            name => Some(AgencyId::from(id_of("agencies", name)?)),
        },
    })
}

/// Who signed beside the grantor: nobody, unless it says so. None where a value has no meaning.
pub fn co_grantor(wire: Option<&pb::Grantor>) -> Option<Option<Grantor>> {
    match wire {
        Some(_) => grantor(wire).map(Some),
        None => Some(None),
    }
}

/// The contract's form of who gives a consent.
pub fn grantor_to_wire(grantor: &Grantor) -> pb::Grantor {
    pb::Grantor {
        relationship: to_wire(grantor.relationship),
        authority: grantor.authority.clone().unwrap_or_default(),
        agency: grantor.agency.as_ref().map(agency_name).unwrap_or_default(),
    }
}

/// A consent on file, as the consent service states it to other services.
pub fn person_facts_consent(wire: &pb::Consent) -> Option<Consent> {
    let person = PersonId::from(id_of("people", &wire.person)?);
    let id = ConsentId::from(id_of("consents", &wire.name)?);
    let mut consent = consent(id, person, wire.terms.as_ref()?)?;
    consent.status = from_wire::<ConsentStatus>(wire.status)?;
    consent.revoked_at = optional(wire.revoked_time.as_ref())?;
    if let Some(signed) = &wire.signed_time {
        consent.signature = Some(Signature {
            method: from_wire::<SignatureMethod>(wire.signature_method),
            signed_at: Some(instant(signed)?),
        });
    }
    Some(consent)
}

/// A rule.
pub fn consent_rule(rule: &pb::Rule) -> Option<Rule> {
    let mut out = Rule::new(from_wire::<Effect>(rule.effect)?);
    out.recipients = match &rule.recipients {
        None => None,
        Some(r) => Some(recipients(r)?),
    };
    out.disclosers = match &rule.disclosers {
        None => None,
        Some(d) => Some(Disclosers { agencies: ids(&d.agencies, "agencies", AgencyId::from)? }),
    };
    out.purposes = condition(&rule.purposes)?;
    out.actions = condition(&rule.actions)?;
    out.kinds = condition(&rule.kinds)?;
    out.classes = condition(&rule.classes)?;
    out.confidentialities = condition(&rule.confidentialities)?;
    out.sensitivities = condition(&rule.sensitivities)?;
    out.authors = absent_if_empty(practitioners(&rule.authors)?);
    out.episodes = absent_if_empty(rule.episodes.iter().map(EpisodeId::new).collect());
    out.records = records(&rule.records)?;
    out.authored_from = optional(rule.authored_from.as_ref())?;
    out.authored_until = optional(rule.authored_until.as_ref())?;
    Some(out)
}

/// The contract's form of what a consent says. Records carry no kind in the domain, so they are
/// named as notes or referrals by the rule's kinds where these say so, else as notes.
pub fn consent_terms(consent: &Consent) -> pb::ConsentTerms {
    pb::ConsentTerms {
        r#type: to_wire(consent.kind),
        description: consent.description.clone().unwrap_or_default(),
        rule: Some(rule_to_wire(&consent.rule)),
        exceptions: consent.exceptions.iter().map(rule_to_wire).collect(),
        effective: consent.effective.map(timestamp),
        expires: consent.expires.map(timestamp),
        never_expires: consent.never_expires,
        revocable_after: consent.revocable_after.map(timestamp),
        statements: Some(pb::Statements {
            right_to_revoke: consent.statements.right_to_revoke,
            redisclosure: consent.statements.redisclosure,
            refusal_consequences: consent.statements.refusal_consequences,
        }),
        supersedes: consent.supersedes.iter().map(|id| name_of("consents", id)).collect(),
    }
}

fn rule_to_wire(rule: &Rule) -> pb::Rule {
    let collection = match rule.kinds {
        Some(kinds) if kinds == [kernel::Kind::Referral].into() => "referrals",
        _ => "notes",
    };
    pb::Rule {
        effect: to_wire(rule.effect),
        recipients: rule.recipients.as_ref().map(recipients_to_wire),
        disclosers: rule
            .disclosers
            .as_ref()
            .map(|d| pb::Disclosers { agencies: d.agencies.iter().map(agency_name).collect() }),
        purposes: rule.purposes.map(set_to_wire).unwrap_or_default(),
        actions: rule.actions.map(set_to_wire).unwrap_or_default(),
        kinds: rule.kinds.map(set_to_wire).unwrap_or_default(),
        classes: rule.classes.map(set_to_wire).unwrap_or_default(),
        confidentialities: rule.confidentialities.map(set_to_wire).unwrap_or_default(),
        sensitivities: rule.sensitivities.map(set_to_wire).unwrap_or_default(),
        authors: rule.authors.iter().flatten().map(practitioner_name).collect(),
        episodes: rule.episodes.iter().flatten().map(ToString::to_string).collect(),
        records: rule.records.iter().flatten().map(|id| name_of(collection, id)).collect(),
        authored_from: rule.authored_from.map(timestamp),
        authored_until: rule.authored_until.map(timestamp),
    }
}

pub(super) fn recipients(wire: &pb::Recipients) -> Option<Recipients> {
    Some(Recipients {
        agencies: ids(&wire.agencies, "agencies", AgencyId::from)?,
        practitioners: practitioners(&wire.practitioners)?,
        care_teams: ids(&wire.care_teams, "careTeams", CareTeamId::from)?,
        class: match wire.recipient_class {
            0 => None,
            class => Some(from_wire(class)?),
        },
    })
}

pub(super) fn recipients_to_wire(recipients: &Recipients) -> pb::Recipients {
    pb::Recipients {
        agencies: recipients.agencies.iter().map(agency_name).collect(),
        practitioners: recipients.practitioners.iter().map(practitioner_name).collect(),
        care_teams: recipients.care_teams.iter().map(|id| name_of("careTeams", id)).collect(),
        recipient_class: recipients.class.map_or(0, to_wire),
    }
}

pub(super) fn records(names: &[String]) -> Option<Option<Vec<RecordId>>> {
    let id = |name: &String| name.rsplit_once('/').map(|(_, id)| RecordId::new(id));
    names.iter().map(id).collect::<Option<_>>().map(absent_if_empty)
}

pub(super) fn condition<C: kernel::Code>(numbers: &[i32]) -> Option<Option<kernel::CodeSet<C>>> {
    if numbers.is_empty() {
        return Some(None);
    }
    set_from_wire(numbers).map(Some)
}

pub(super) fn absent_if_empty<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

fn ids<T>(names: &[String], collection: &str, make: impl Fn(uuid::Uuid) -> T) -> Option<Vec<T>> {
    names.iter().map(|name| id_of(collection, name).map(&make)).collect()
}

fn practitioners(names: &[String]) -> Option<Vec<PractitionerId>> {
    names.iter().map(|name| practitioner_from_name(name)).collect()
}

pub(super) fn optional(at: Option<&prost_types::Timestamp>) -> Option<Option<kernel::Instant>> {
    match at {
        None => Some(None),
        Some(at) => instant(at).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_consent_survives_the_wire_and_naming_nobody_stays_naming_nobody() {
        let agency = AgencyId::from(uuid::Uuid::from_u128(1));
        let mut rule = Rule::new(Effect::Permit);
        rule.recipients = Some(Recipients {
            agencies: vec![agency.clone()],
            practitioners: vec![PractitionerId::new(format!("{agency}/dr-a"))],
            ..Recipients::default()
        });
        rule.disclosers = Some(Disclosers::default());
        rule.purposes = Some([kernel::Purpose::Treat, kernel::Purpose::CoordinationOfCare].into());
        rule.records = Some(vec![RecordId::from(uuid::Uuid::from_u128(9))]);
        let mut denial = Rule::new(Effect::Deny);
        denial.sensitivities = Some([kernel::Sensitivity::Hiv].into());
        let id = ConsentId::from(uuid::Uuid::from_u128(2));
        let person = PersonId::from(uuid::Uuid::from_u128(3));
        let terms = pb::ConsentTerms {
            r#type: to_wire(ConsentType::General),
            rule: Some(rule_to_wire(&rule)),
            exceptions: vec![rule_to_wire(&denial)],
            expires: Some(prost_types::Timestamp { seconds: 1_900_000_000, nanos: 0 }),
            ..pb::ConsentTerms::default()
        };
        let there = consent(id.clone(), person.clone(), &terms).unwrap();
        assert_eq!(there.rule, rule);
        assert_eq!(there.exceptions, vec![denial]);
        let back = consent(id, person, &consent_terms(&there)).unwrap();
        assert_eq!(back, there);
    }

    #[test]
    fn a_code_that_is_not_known_drops_the_whole_rule_and_never_one_condition() {
        let mut rule = pb::Rule { effect: to_wire(Effect::Permit), ..pb::Rule::default() };
        rule.purposes = vec![to_wire(kernel::Purpose::Treat), 99];
        assert_eq!(consent_rule(&rule), None);
    }
}
