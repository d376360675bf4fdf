//! Whose records, which, and what opened them.

use kernel::Code;
use policy::{BasisKind, Obligation};
use serde_json::{Value, json};
use wire::{audit::v1::DisclosureRecord, convert::from_wire};

use super::{
    shape::Shape,
    terms::{self, coding, known, named},
};

pub fn entities(record: &DisclosureRecord, shape: Shape, person: &str) -> Value {
    let mut all = vec![patient(person)];
    all.extend(shape.is_query().then(query));
    all.extend(record.records.iter().map(|name| object(shape, name)));
    all.extend(record.consents.iter().map(|name| relied_on(name)));
    all.push(decision(record));
    Value::Array(all)
}

fn patient(person: &str) -> Value {
    json!({
        "what": known("Patient", person),
        "type": coding(terms::ENTITY_TYPE, "1"),
        "role": coding(terms::OBJECT_ROLE, "1"),
    })
}

/// The ledger keeps what was found, and not the request's text, which BALP wants here.
fn query() -> Value {
    json!({
        "type": coding(terms::ENTITY_TYPE, "2"),
        "role": coding(terms::OBJECT_ROLE, "24"),
        "_query": terms::unknown(),
    })
}

/// A "System Object"; beside a query, which is the one such object there, by its collection.
fn object(shape: Shape, name: &str) -> Value {
    let kind = if shape.is_query() { collection(name) } else { coding(terms::ENTITY_TYPE, "2") };
    json!({ "what": named(name), "type": kind, "role": coding(terms::OBJECT_ROLE, "4") })
}

/// A consent as BALP's decisions have it, or what else stood in for one.
fn relied_on(name: &str) -> Value {
    if name.starts_with("consents/") {
        let kind = coding(terms::RESOURCE, "Consent");
        return json!({ "what": known("Consent", name), "type": kind });
    }
    json!({ "what": named(name), "type": collection(name) })
}

fn collection(name: &str) -> Value {
    coding(terms::COLLECTION, name.split('/').next().unwrap_or_default())
}

/// The decision, a "Security Resource", and what of the record FHIR has no place for.
fn decision(record: &DisclosureRecord) -> Value {
    let detail = |kind: &str, text: &str| json!({ "type": kind, "valueString": text });
    let mut details = vec![detail("sequence", &record.sequence.to_string())];
    details.extend(codes::<BasisKind>(&record.bases).map(|code| detail("basis", code)));
    details.extend(codes::<Obligation>(&record.obligations).map(|code| detail("obligation", code)));
    let id = format!("urn:uuid:{}", record.decision_id);
    json!({
        "what": { "identifier": { "system": terms::URI, "value": id } },
        "type": coding(terms::ENTITY, "decision"),
        "role": coding(terms::OBJECT_ROLE, "13"),
        "detail": details,
    })
}

fn codes<C: Code>(numbers: &[i32]) -> impl Iterator<Item = &'static str> {
    numbers.iter().filter_map(|number| from_wire::<C>(*number)).map(Code::code)
}
