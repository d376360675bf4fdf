//! Code systems, and how FHIR writes a code and a reference.

use serde_json::{Value, json};

use crate::domain::receipt::{Party, PartyKind, object};

pub const SCOPE: &str = "http://terminology.hl7.org/CodeSystem/consentscope";
pub const CONSENT_CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/consentcategorycodes";
pub const CONSENT_ACTION: &str = "http://terminology.hl7.org/CodeSystem/consentaction";
pub const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
pub const ACT_REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
pub const CONFIDENTIALITY: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
pub const PARTICIPATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
pub const LOINC: &str = "http://loinc.org";

// This network's own, where HL7 has no code, or none as exact.
pub const PURPOSE: &str = "https://trellis.example/fhir/CodeSystem/purpose";
pub const ACTION: &str = "https://trellis.example/fhir/CodeSystem/action";
pub const RECORD_KIND: &str = "https://trellis.example/fhir/CodeSystem/record-kind";
pub const RECORD_CLASS: &str = "https://trellis.example/fhir/CodeSystem/record-class";
pub const CONSENT_TYPE: &str = "https://trellis.example/fhir/CodeSystem/consent-type";
pub const RECIPIENT_CLASS: &str = "https://trellis.example/fhir/CodeSystem/recipient-class";
/// The contract's names: `people/…`, `agencies/…`.
pub const NAMES: &str = "https://trellis.example/fhir/NamingSystem/name";
/// SHA-256 of an attachment's data, in hexadecimal.
pub const SHA256: &str = "https://trellis.example/fhir/StructureDefinition/attachment-sha256";
/// Of a provision whose conditions R4 would read more widely: its levels of confidentiality are these
/// alone, and each of the meanings in its data must hold. A modifier, so that whoever does not know
/// it does not act on the provision.
pub const EXACT: &str = "https://trellis.example/fhir/StructureDefinition/exact-conditions";

pub fn coding(system: &str, code: &str) -> Value {
    json!({ "system": system, "code": code })
}

pub fn concept(codings: Vec<Value>) -> Value {
    json!({ "coding": codings })
}

pub fn identifier(name: &str) -> Value {
    json!({ "system": NAMES, "value": name })
}

pub fn named(resource: &str, name: &str) -> Value {
    json!({ "type": resource, "identifier": identifier(name) })
}

pub fn reference(party: &Party) -> Value {
    let (resource, system) = match party.kind {
        PartyKind::Agency | PartyKind::Anyone => ("Organization", NAMES),
        PartyKind::Practitioner => ("Practitioner", NAMES),
        PartyKind::CareTeam => ("CareTeam", NAMES),
        PartyKind::Class => ("Group", RECIPIENT_CLASS),
    };
    object([
        ("type", json!(resource)),
        ("identifier", json!({ "system": system, "value": party.id })),
        ("display", json!(party.name)),
    ])
}
