//! Who took part.

use kernel::{Code as _, CodeSet, Role};
use serde_json::{Value, json};
use wire::{audit::v1::DisclosureRecord, convert::from_wire};

use super::{
    purposes,
    shape::{Shape, was_sent},
    terms::{self, coding, concept, known, object},
};

pub fn agents(record: &DisclosureRecord, shape: Shape, person: &str, network: &str) -> Value {
    let mut all = vec![client(record, shape, person, network), server(shape, network)];
    if !record.practitioner.is_empty() {
        all.push(user(record, shape));
    }
    let custodian = |name: &String| {
        let who = known("Organization", name);
        json!({ "type": shape.custodian(record), "who": who, "requestor": false })
    };
    all.extend(record.custodians.iter().map(custodian));
    Value::Array(all)
}

/// Whoever got something, or asked: ledgers know no application that could stand here.
fn client(record: &DisclosureRecord, shape: Shape, person: &str, network: &str) -> Value {
    let asked_alone = record.practitioner.is_empty();
    let roles = if asked_alone { roles(record) } else { Vec::new() };
    object([
        ("type", shape.client()),
        ("role", json!(roles)),
        ("who", party(record, person, network)),
        ("requestor", json!(asked_alone && !was_sent(record))),
        ("network", terms::unknown()),
    ])
}

/// The agency; or, by their roles, the person, those who act for them, or the network.
fn party(record: &DisclosureRecord, person: &str, network: &str) -> Value {
    if !record.agency.is_empty() {
        return known("Organization", &record.agency);
    }
    let held: CodeSet<Role> = held(record).collect();
    // By what they are, and not by name.
    let related = |role: Role| json!({ "type": "RelatedPerson", "display": role.code() });
    match held {
        roles if roles.contains(Role::Person) => known("Patient", person),
        roles if roles.contains(Role::Representative) => related(Role::Representative),
        roles if roles.contains(Role::Supporter) => related(Role::Supporter),
        roles if roles.contains(Role::Service) => terms::network("Device", network),
        _ => terms::network("Organization", network),
    }
}

/// The same as who keeps the record, as BALP demands of the source of a disclosure.
fn server(shape: Shape, network: &str) -> Value {
    let kind = if terms::is_uri(network) { "5" } else { "1" };
    json!({
        "type": shape.server(),
        "who": terms::network("Device", network),
        "requestor": false,
        "network": { "address": network, "type": kind },
    })
}

fn user(record: &DisclosureRecord, shape: Shape) -> Value {
    let purposes: Vec<Value> = purposes(record).collect();
    object([
        ("type", shape.user()),
        ("role", json!(roles(record))),
        ("who", known("Practitioner", &practitioner(record))),
        ("requestor", json!(true)),
        ("purposeOfUse", json!(purposes)),
    ])
}

/// An id of a practitioner is one within their agency.
fn practitioner(record: &DisclosureRecord) -> String {
    let within = format!("practitioners/{}", record.practitioner);
    if record.agency.is_empty() { within } else { format!("{}/{within}", record.agency) }
}

fn held(record: &DisclosureRecord) -> impl Iterator<Item = Role> {
    record.roles.iter().filter_map(|number| from_wire(*number))
}

fn roles(record: &DisclosureRecord) -> Vec<Value> {
    held(record).map(|role| concept(coding(terms::ROLE, role.code()))).collect()
}
