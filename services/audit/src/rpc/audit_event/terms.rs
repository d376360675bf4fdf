//! Code systems, and how FHIR writes a code and a reference.

use serde_json::{Map, Value, json};

pub const BALP: &str = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.";

pub const DICOM: &str = "http://dicom.nema.org/resources/ontology/DCM";
pub const SNOMED: &str = "http://snomed.info/sct";
pub const EVENT_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-event-type";
pub const ENTITY_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
pub const OBJECT_ROLE: &str = "http://terminology.hl7.org/CodeSystem/object-role";
pub const SOURCE_TYPE: &str = "http://terminology.hl7.org/CodeSystem/security-source-type";
pub const LIFECYCLE: &str = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle";
pub const PARTICIPATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
pub const ACT_REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
pub const INTERACTION: &str = "http://hl7.org/fhir/restful-interaction";
pub const RESOURCE: &str = "http://hl7.org/fhir/resource-types";
pub const URI: &str = "urn:ietf:rfc:3986";
const ABSENT: &str = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";

// This network's own, as in the receipts of consents.
pub const PURPOSE: &str = "https://trellis.example/fhir/CodeSystem/purpose";
pub const ACTION: &str = "https://trellis.example/fhir/CodeSystem/action";
pub const ROLE: &str = "https://trellis.example/fhir/CodeSystem/role";
/// A call by its whole name, such as `trellis.notes.v1.NotesService/GetNote`.
pub const RPC: &str = "https://trellis.example/fhir/CodeSystem/rpc";
/// What a name stands for: what comes before its slash.
pub const COLLECTION: &str = "https://trellis.example/fhir/CodeSystem/collection";
/// One code: `decision`.
pub const ENTITY: &str = "https://trellis.example/fhir/CodeSystem/audit-entity";
/// The contract's names: `people/…`, `agencies/…`.
const NAMES: &str = "https://trellis.example/fhir/NamingSystem/name";

pub fn coding(system: &str, code: &str) -> Value {
    json!({ "system": system, "code": code })
}

pub fn concept(coding: Value) -> Value {
    json!({ "coding": [coding] })
}

/// By one of the contract's names.
pub fn named(name: &str) -> Value {
    json!({ "identifier": { "system": NAMES, "value": name } })
}

/// The same, where it is known what FHIR calls such a thing.
pub fn known(resource: &str, name: &str) -> Value {
    json!({ "type": resource, "identifier": { "system": NAMES, "value": name } })
}

/// By its URI; an audience may be another text, which is of no system.
pub fn network(resource: &str, network: &str) -> Value {
    let system = is_uri(network).then_some(URI);
    let identifier = object([("system", json!(system)), ("value", json!(network))]);
    json!({ "type": resource, "identifier": identifier })
}

pub fn is_uri(network: &str) -> bool {
    network.contains("://") || network.starts_with("urn:")
}

/// Stands where an element is required and the ledger does not keep it.
pub fn unknown() -> Value {
    json!({ "extension": [{ "url": ABSENT, "valueCode": "unknown" }] })
}

/// Nothing where it is empty.
pub fn text(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { json!(text) }
}

/// Without what is null or empty, which FHIR does not allow.
pub fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let absent = |value: &Value| match value {
        Value::Null => true,
        Value::Array(all) => all.is_empty(),
        Value::Object(all) => all.is_empty(),
        _ => false,
    };
    let present = fields.into_iter().filter(|(_, value)| !absent(value));
    Value::Object(present.map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>())
}
