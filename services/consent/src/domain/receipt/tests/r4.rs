//! What the StructureDefinition of R4's Consent (4.0.1) allows: each element, whether it must be
//! there, and whether it is a list. Types are as deep as receipts go.

use serde_json::{Map, Value};

/// Name, required, a list, and its type.
type Element = (&'static str, bool, bool, Type);

#[derive(Clone, Copy)]
enum Type {
    Text,
    Count,
    Flag,
    /// One of these.
    Code(&'static [&'static str]),
    Of(&'static [Element]),
    Provision,
}

use Type::{Code, Count, Flag, Of, Provision, Text};

const CODING: &[Element] = &[("system", true, false, Text), ("code", true, false, Text)];
const CONCEPT: &[Element] = &[("coding", true, true, Of(CODING))];
const IDENTIFIER: &[Element] = &[("system", true, false, Text), ("value", true, false, Text)];
const REFERENCE: &[Element] = &[
    ("type", false, false, Text),
    ("identifier", false, false, Of(IDENTIFIER)),
    ("display", false, false, Text),
];
const PERIOD: &[Element] = &[("start", false, false, Text), ("end", false, false, Text)];
const META: &[Element] = &[("versionId", false, false, Text), ("lastUpdated", false, false, Text)];
const EXTENSION: &[Element] = &[("url", true, false, Text), ("valueString", true, false, Text)];
const MODIFIER: &[Element] = &[("url", true, false, Text), ("valueBoolean", true, false, Flag)];
const ATTACHMENT: &[Element] = &[
    ("extension", false, true, Of(EXTENSION)),
    ("contentType", false, false, Text),
    ("language", false, false, Text),
    ("data", false, false, Text),
    ("size", false, false, Count),
    ("hash", false, false, Text),
    ("creation", false, false, Text),
];
const POLICY: &[Element] = &[("uri", false, false, Text)];
const ACTOR: &[Element] =
    &[("role", true, false, Of(CONCEPT)), ("reference", true, false, Of(REFERENCE))];
const MEANINGS: &[&str] = &["instance", "related", "dependents", "authoredby"];
const DATA: &[Element] =
    &[("meaning", true, false, Code(MEANINGS)), ("reference", true, false, Of(REFERENCE))];
const PROVISION: &[Element] = &[
    ("modifierExtension", false, true, Of(MODIFIER)),
    ("type", false, false, Code(&["deny", "permit"])),
    ("period", false, false, Of(PERIOD)),
    ("actor", false, true, Of(ACTOR)),
    ("action", false, true, Of(CONCEPT)),
    ("securityLabel", false, true, Of(CODING)),
    ("purpose", false, true, Of(CODING)),
    ("class", false, true, Of(CODING)),
    ("code", false, true, Of(CONCEPT)),
    ("dataPeriod", false, false, Of(PERIOD)),
    ("data", false, true, Of(DATA)),
    ("provision", false, true, Provision),
];
const STATUSES: &[&str] =
    &["draft", "proposed", "active", "rejected", "inactive", "entered-in-error"];
const CONSENT: &[Element] = &[
    ("resourceType", true, false, Code(&["Consent"])),
    ("id", false, false, Text),
    ("meta", false, false, Of(META)),
    ("identifier", false, true, Of(IDENTIFIER)),
    ("status", true, false, Code(STATUSES)),
    ("scope", true, false, Of(CONCEPT)),
    ("category", true, true, Of(CONCEPT)),
    ("patient", false, false, Of(REFERENCE)),
    ("dateTime", false, false, Text),
    ("performer", false, true, Of(REFERENCE)),
    ("organization", false, true, Of(REFERENCE)),
    ("sourceAttachment", false, false, Of(ATTACHMENT)),
    ("policy", false, true, Of(POLICY)),
    ("provision", false, false, Of(PROVISION)),
];

/// What is wrong with a resource, each fault with its path.
pub fn faults(resource: &Value) -> Vec<String> {
    let mut found = Vec::new();
    elements(resource, CONSENT, "Consent", &mut found);
    // ppc-1 and ppc-2; and of the root provision and all others: type.
    for needed in ["policy", "patient"] {
        if resource.get(needed).is_none() {
            found.push(format!("Consent.{needed}: absent"));
        }
    }
    if let Some(root) = resource.get("provision") {
        if root.get("type").is_some() {
            found.push("Consent.provision.type: not in the root".to_owned());
        }
        typed(root, &mut found);
    }
    found
}

fn typed(provision: &Value, found: &mut Vec<String>) {
    for nested in provision.get("provision").and_then(Value::as_array).into_iter().flatten() {
        if nested.get("type").is_none() {
            found.push("a nested provision has no type".to_owned());
        }
        typed(nested, found);
    }
}

fn elements(value: &Value, allowed: &[Element], path: &str, found: &mut Vec<String>) {
    let none = Map::new();
    let object = value.as_object().unwrap_or(&none);
    if object.is_empty() {
        found.push(format!("{path}: no object, or an empty one"));
    }
    for key in object.keys().filter(|key| allowed.iter().all(|(name, ..)| name != key)) {
        found.push(format!("{path}.{key}: no such element"));
    }
    for (name, required, many, of) in allowed {
        let path = format!("{path}.{name}");
        match (object.get(*name), many) {
            (None, _) if *required => found.push(format!("{path}: absent")),
            (None, _) => {}
            (Some(Value::Array(all)), true) if !all.is_empty() => {
                all.iter().for_each(|one| check(one, *of, &path, found));
            }
            (Some(_), true) => found.push(format!("{path}: no list, or an empty one")),
            (Some(one), false) => check(one, *of, &path, found),
        }
    }
}

fn check(value: &Value, of: Type, path: &str, found: &mut Vec<String>) {
    let fits = match of {
        Text => value.as_str().is_some_and(|text| !text.trim().is_empty()),
        Count => value.is_u64(),
        Flag => value.is_boolean(),
        Code(all) => value.as_str().is_some_and(|code| all.contains(&code)),
        Of(allowed) => return elements(value, allowed, path, found),
        Provision => return elements(value, PROVISION, path, found),
    };
    if !fits {
        found.push(format!("{path}: {value}"));
    }
}
