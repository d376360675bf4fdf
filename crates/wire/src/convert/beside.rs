//! What opens or closes records beside consents: restrictions, emergency accesses, court orders.

use kernel::{AgencyId, ConsentId, EpisodeId, PersonId, PractitionerId};
use policy::{
    CourtOrder, EmergencyAccess, PersonFacts, Restriction, RestrictionReason, RestrictionStatus,
};

use super::{
    consent::{
        absent_if_empty, condition, optional, person_facts_consent, recipients, recipients_to_wire,
        records,
    },
    from_wire, id_of, name_of, practitioner_from_name, set_to_wire, to_wire,
};
use crate::consent::v1 as pb;

/// A restriction as asked for. None where a value has no meaning.
pub fn restriction(
    id: ConsentId,
    person: PersonId,
    terms: &pb::RestrictionTerms,
) -> Option<Restriction> {
    Some(Restriction {
        id,
        person,
        status: RestrictionStatus::Requested,
        reason: Some(from_wire::<RestrictionReason>(terms.reason)?),
        recipients: terms
            .recipients
            .as_ref()
            .map(recipients)
            .map_or(Some(None), |r| r.map(Some))?,
        purposes: condition(&terms.purposes)?,
        custodian: Some(AgencyId::from(id_of("agencies", &terms.custodian)?)),
        records: records(&terms.records)?,
        episodes: absent_if_empty(terms.episodes.iter().map(EpisodeId::new).collect()),
    })
}

/// What a restriction covers, as the contract says it.
pub fn restriction_terms(restriction: &Restriction) -> pb::RestrictionTerms {
    pb::RestrictionTerms {
        reason: restriction.reason.map_or(0, to_wire),
        custodian: restriction
            .custodian
            .as_ref()
            .map(|c| name_of("agencies", c))
            .unwrap_or_default(),
        recipients: restriction.recipients.as_ref().map(recipients_to_wire),
        purposes: restriction.purposes.map(set_to_wire).unwrap_or_default(),
        records: restriction.records.iter().flatten().map(|id| name_of("notes", id)).collect(),
        episodes: restriction.episodes.iter().flatten().map(ToString::to_string).collect(),
    }
}

/// A restriction on file, as the consent service states it to other services.
pub fn person_facts_restriction(wire: &pb::Restriction) -> Option<Restriction> {
    let id = ConsentId::from(id_of("restrictions", &wire.name)?);
    let person = PersonId::from(id_of("people", &wire.person)?);
    let mut restriction = restriction(id, person, wire.terms.as_ref()?)?;
    restriction.status = from_wire(wire.status)?;
    Some(restriction)
}

/// An emergency access on file, as the consent service states it to other services.
pub fn person_facts_emergency(wire: &pb::Emergency) -> Option<EmergencyAccess> {
    let whole = practitioner_from_name(&wire.practitioner)?;
    let (agency, practitioner) = whole.as_str().split_once('/')?;
    let facts = wire.facts.clone().unwrap_or_default();
    let given = |text: String| (!text.is_empty()).then_some(text);
    Some(EmergencyAccess {
        id: ConsentId::from(id_of("emergencies", &wire.name)?),
        person: PersonId::from(id_of("people", &wire.person)?),
        agency: AgencyId::new(agency),
        practitioner: PractitionerId::new(practitioner),
        recipient_name: given(facts.recipient_name),
        recipient_affiliation: given(facts.recipient_affiliation),
        nature: given(facts.nature),
        consent_unobtainable: given(facts.consent_unobtainable),
        granted_at: optional(wire.grant_time.as_ref())?,
        expires: optional(wire.expire_time.as_ref())?,
    })
}

/// A court order as recorded. None where a value has no meaning.
pub fn court_order(
    id: ConsentId,
    person: PersonId,
    custodian: AgencyId,
    terms: &pb::CourtOrderTerms,
) -> Option<CourtOrder> {
    Some(CourtOrder {
        id,
        person,
        court: Some(terms.court.clone()),
        section: Some(terms.section.clone()),
        order: terms.order,
        subpoena: terms.subpoena,
        recipient_agency: AgencyId::from(id_of("agencies", &terms.recipient_agency)?),
        custodian,
        records: records(&terms.records)?.unwrap_or_default(),
        issued_at: optional(terms.issue_time.as_ref())?,
        expires: optional(terms.expire_time.as_ref())?,
        accepted_by: None,
    })
}

/// A court order on file, as the consent service states it to other services.
pub fn person_facts_court_order(wire: &pb::CourtOrder) -> Option<CourtOrder> {
    let id = ConsentId::from(id_of("courtOrders", &wire.name)?);
    let person = PersonId::from(id_of("people", &wire.person)?);
    let custodian = AgencyId::from(id_of("agencies", &wire.custodian)?);
    let mut order = court_order(id, person, custodian, wire.terms.as_ref()?)?;
    order.accepted_by = (!wire.accepted_by.is_empty()).then(|| wire.accepted_by.clone());
    Some(order)
}

/// What a revision stands for. One fact that can't be read would be left out, and it might forbid:
/// then there are none.
pub fn person_facts(person: PersonId, wire: &pb::PersonFacts) -> Option<PersonFacts> {
    let mut facts = PersonFacts::new(person);
    facts.consents = all(&wire.consents, person_facts_consent)?;
    facts.restrictions = all(&wire.restrictions, person_facts_restriction)?;
    facts.emergency_accesses = all(&wire.emergencies, person_facts_emergency)?;
    facts.court_orders = all(&wire.court_orders, person_facts_court_order)?;
    Some(facts)
}

fn all<W, T>(wire: &[W], read: impl Fn(&W) -> Option<T>) -> Option<Vec<T>> {
    wire.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use kernel::RecordId;
    use uuid::Uuid;

    use super::*;

    fn name(collection: &str, n: u128) -> String {
        name_of(collection, Uuid::from_u128(n))
    }

    #[test]
    fn a_restriction_survives_the_wire() {
        let terms = pb::RestrictionTerms {
            reason: to_wire(RestrictionReason::PaidInFull),
            custodian: name("agencies", 1),
            recipients: Some(pb::Recipients {
                agencies: vec![name("agencies", 2)],
                ..pb::Recipients::default()
            }),
            purposes: vec![to_wire(kernel::Purpose::HealthcarePayment)],
            records: vec![name("notes", 3)],
            episodes: vec![Uuid::from_u128(4).to_string()],
        };
        let wire = pb::Restriction {
            name: name("restrictions", 5),
            person: name("people", 6),
            status: to_wire(RestrictionStatus::Agreed),
            terms: Some(terms.clone()),
            ..pb::Restriction::default()
        };
        let there = person_facts_restriction(&wire).unwrap();
        assert_eq!(there.status, RestrictionStatus::Agreed);
        assert_eq!(restriction_terms(&there), terms);
        let odd = pb::Restriction { status: 9, ..wire };
        assert_eq!(person_facts_restriction(&odd), None);
    }

    #[test]
    fn an_emergency_that_leaves_a_fact_out_stays_without_it() {
        let wire = pb::Emergency {
            name: name("emergencies", 1),
            person: name("people", 2),
            practitioner: format!("{}/practitioners/dr-er", name("agencies", 3)),
            facts: Some(pb::EmergencyFacts {
                recipient_name: "Dr. Moss".to_owned(),
                ..pb::EmergencyFacts::default()
            }),
            ..pb::Emergency::default()
        };
        let access = person_facts_emergency(&wire).unwrap();
        assert_eq!(access.agency, AgencyId::from(Uuid::from_u128(3)));
        assert_eq!(access.practitioner, PractitionerId::new("dr-er"));
        assert_eq!((access.nature, access.granted_at), (None, None));
    }

    #[test]
    fn a_court_order_is_accepted_by_nobody_until_it_says_so() {
        let wire = pb::CourtOrder {
            name: name("courtOrders", 1),
            person: name("people", 2),
            custodian: name("agencies", 3),
            terms: Some(pb::CourtOrderTerms {
                order: true,
                recipient_agency: name("agencies", 4),
                records: vec![name("notes", 5)],
                ..pb::CourtOrderTerms::default()
            }),
            ..pb::CourtOrder::default()
        };
        let order = person_facts_court_order(&wire).unwrap();
        assert_eq!((order.accepted_by, order.subpoena), (None, false));
        assert_eq!(order.records, vec![RecordId::from(Uuid::from_u128(5))]);
    }
}
