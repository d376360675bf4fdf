//! A disclosure as a FHIR R4 AuditEvent (http://hl7.org/fhir/R4/auditevent.html), after the patterns
//! of IHE's Basic Audit Log Patterns (BALP, https://profiles.ihe.net/ITI/BALP/).
//!
//! It is made from the contract's record alone: what that does not tell can't be told here.
//! References are logical, as no FHIR server stands behind the names.

mod agent;
mod entity;
mod shape;
mod terms;

use kernel::{Action, Code as _, Purpose};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;
use wire::{
    audit::v1::DisclosureRecord,
    convert::{from_wire, instant},
};

use shape::Shape;
use terms::{coding, concept, object};

/// Compact JSON. `person` is people/{uuid}, and `network` the audience, which is the log's name.
pub(super) fn audit_event(
    record: &DisclosureRecord,
    person: &str,
    event_id: Uuid,
    network: &str,
) -> String {
    let shape = Shape::of(record);
    let profiles: Vec<String> = shape.profile().into_iter().collect();
    let purposes: Vec<Value> = purposes(record).collect();
    let event = object([
        ("resourceType", json!("AuditEvent")),
        ("id", json!(event_id)),
        ("meta", object([("profile", json!(profiles))])),
        ("type", shape.kind()),
        ("subtype", subtypes(record, shape)),
        ("action", json!(shape.action())),
        ("recorded", recorded(record)),
        ("outcome", json!("0")),
        // The whole of it in words, which BALP encourages for a disclosure.
        ("outcomeDesc", terms::text(&record.explanation)),
        ("purposeOfEvent", json!(purposes)),
        ("agent", agent::agents(record, shape, person, network)),
        ("source", source(record, network)),
        ("entity", entity::entities(record, shape, person)),
    ]);
    event.to_string()
}

/// What the pattern asks for first; then, exactly, our action and the call.
fn subtypes(record: &DisclosureRecord, shape: Shape) -> Value {
    let mut all = shape.subtypes();
    let action = from_wire::<Action>(record.action);
    all.extend(action.map(|action| coding(terms::ACTION, action.code())));
    all.push(coding(terms::RPC, &record.rpc));
    Value::Array(all)
}

fn recorded(record: &DisclosureRecord) -> Value {
    let at = record.time.as_ref().and_then(instant);
    json!(at.and_then(|at| at.format(&Rfc3339).ok()))
}

/// HL7's code, or our own where it has none.
fn purposes(record: &DisclosureRecord) -> impl Iterator<Item = Value> {
    let known = record.purposes.iter().filter_map(|number| from_wire::<Purpose>(*number));
    known.map(|purpose| {
        let system = match purpose {
            Purpose::Supervision | Purpose::HousingPlacement | Purpose::EmploymentSupport => {
                terms::PURPOSE
            }
            _ => terms::ACT_REASON,
        };
        concept(coding(system, purpose.code()))
    })
}

/// The network keeps the record, in the ledger of one of its services.
fn source(record: &DisclosureRecord, network: &str) -> Value {
    object([
        ("site", terms::text(&record.service)),
        ("observer", terms::network("Device", network)),
        ("type", json!([coding(terms::SOURCE_TYPE, "4")])),
    ])
}

#[cfg(test)]
mod tests;
