//! What services state to each other, and what is signed: between the contract and the domain.

use std::any::Any;

use kernel::{ConsentId, PersonId};
use prost::Message;
use uuid::Uuid;
use wire::{consent::v1 as pb, convert};

fn ids() -> (ConsentId, PersonId) {
    (ConsentId::from(Uuid::from_u128(1)), PersonId::from(Uuid::from_u128(2)))
}

/// The first byte says what it is a statement of.
pub fn run(data: &[u8]) {
    let Some((kind, bytes)) = data.split_first() else { return };
    match kind % 5 {
        0 => decoded(bytes, convert::person_facts_consent),
        1 => decoded(bytes, convert::person_facts_restriction),
        2 => decoded(bytes, convert::person_facts_emergency),
        3 => decoded(bytes, convert::person_facts_court_order),
        _ => decoded(bytes, |facts: &pb::PersonFacts| convert::person_facts(ids().1, facts)),
    }
}

fn decoded<M: Message + Default, T>(bytes: &[u8], read: impl Fn(&M) -> T) {
    if let Ok(message) = M::decode(bytes) {
        read(&message);
    }
}

/// Terms that the contract's annotations let through say the same on the way back.
pub fn terms(request: &dyn Any) {
    let draft = request.downcast_ref::<pb::DraftConsentRequest>();
    let record = request.downcast_ref::<pb::RecordSignedConsentRequest>();
    let valid = draft.is_some_and(|r| rpc::valid(r).is_ok());
    let valid = valid || record.is_some_and(|r| rpc::valid(r).is_ok());
    let told = draft.and_then(|r| r.terms.as_ref()).or(record.and_then(|r| r.terms.as_ref()));
    if let Some(terms) = told.filter(|_| valid) {
        let (id, person) = ids();
        let Some(there) = convert::consent(id.clone(), person.clone(), terms) else { return };
        let back = convert::consent(id, person, &convert::consent_terms(&there));
        assert!(back == Some(there), "a consent says something else after the wire");
    }
    if let Some(request) = request.downcast_ref::<pb::RequestRestrictionRequest>()
        && let Some(terms) = &request.terms
        && rpc::valid(request).is_ok()
    {
        let (id, person) = ids();
        let Some(there) = convert::restriction(id.clone(), person.clone(), terms) else { return };
        let back = convert::restriction(id, person, &convert::restriction_terms(&there));
        assert!(back == Some(there), "a restriction says something else after the wire");
    }
}
