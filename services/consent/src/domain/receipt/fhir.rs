//! A consent as a FHIR R4 Consent (http://hl7.org/fhir/R4/consent.html).
//!
//! The root provision has no type there ("not permitted in root rule, required in all nested
//! rules"): it holds the period, and the consent's rule is the one provision in it, whose own
//! provisions are the exceptions. What a type of consent never opens is law and not rule: `category`
//! says the type. References are logical: no FHIR server stands behind the names.

mod provision;
mod terms;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use kernel::Code as _;
use policy::{Consent, ConsentStatus, ConsentType, Effect, Relationship};
use serde_json::{Value, json};

use super::{Context, LAW, agency, instant, name, object, stopped_at};
use crate::domain::Held;
use terms::{coding, concept, named, reference};

pub fn fhir(held: &Held, context: &Context<'_>) -> Value {
    let consent = &held.consent;
    let signed = held.signed_at();
    let marked = held.in_error.as_ref().map(|in_error| in_error.at);
    let ended = marked.or(consent.revoked_at).or(held.withdrawn_at);
    let changed = ended.or(signed).unwrap_or(held.created_at);
    let disclosers = consent.rule.disclosers.iter().flat_map(|d| &d.agencies);
    object([
        ("resourceType", json!("Consent")),
        ("id", json!(consent.id.as_str())),
        ("meta", json!({ "versionId": held.version.to_string(), "lastUpdated": instant(changed) })),
        ("identifier", json!([terms::identifier(&name("consents", &consent.id))])),
        ("status", json!(status(consent.status))),
        ("scope", concept(vec![coding(terms::SCOPE, "patient-privacy")])),
        ("category", category(consent)),
        ("patient", named("Patient", &name("people", &consent.person))),
        ("dateTime", json!(instant(signed.unwrap_or(held.created_at)))),
        ("performer", json!(signed.map(|_| performers(consent)))),
        ("organization", disclosers.map(|id| reference(&agency(id, context.names))).collect()),
        ("sourceAttachment", attachment(held, context)),
        ("policy", json!([{ "uri": LAW }])),
        (
            "provision",
            object([
                ("period", period(held)),
                ("provision", json!([provision::of(consent, context)])),
            ]),
        ),
    ])
}

/// As the consent stands by itself. Time is in the period: an active one may have expired, and a
/// revoked one of §2.35 may be in force until the end that is said there.
fn status(status: ConsentStatus) -> &'static str {
    match status {
        ConsentStatus::Draft => "draft",
        ConsentStatus::Active => "active",
        ConsentStatus::Inactive => "entered-in-error",
        ConsentStatus::Revoked => "inactive",
    }
}

/// LOINC's consent document, and HL7's consent to disclose (IDSCL) where it is one.
fn category(consent: &Consent) -> Value {
    let disclosure =
        (consent.rule.effect == Effect::Permit).then(|| coding(terms::ACT_CODE, "IDSCL"));
    let research = (consent.kind == ConsentType::Research)
        .then(|| coding(terms::CONSENT_CATEGORY, "research"));
    let document = coding(terms::LOINC, "59284-0");
    let kind = coding(terms::CONSENT_TYPE, consent.kind.code());
    let all = [Some(document), disclosure, research, Some(kind)];
    all.into_iter().flatten().map(|one| concept(vec![one])).collect()
}

/// Who signed: the person, or whoever acted for them, by what they are and not by name; or both.
fn performers(consent: &Consent) -> Vec<Value> {
    let person = || named("Patient", &name("people", &consent.person));
    let performer = |grantor: &policy::Grantor| match grantor.relationship {
        Relationship::SelfSigned => person(),
        other => json!({ "type": "RelatedPerson", "display": other.code() }),
    };
    let signed: Vec<Value> = consent.signers().map(performer).collect();
    if signed.is_empty() { vec![person()] } else { signed }
}

/// The text that was shown. FHIR's own hash is SHA-1; what was signed is named by its SHA-256.
fn attachment(held: &Held, context: &Context<'_>) -> Value {
    use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
    let text = held.text.as_bytes();
    json!({
        "extension": [{ "url": terms::SHA256, "valueString": held.text_sha256 }],
        "contentType": "text/plain; charset=utf-8",
        "language": context.language.tag(),
        "data": BASE64.encode(text),
        "size": text.len(),
        "hash": BASE64.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, text)),
        "creation": instant(held.created_at),
    })
}

/// From when until when it is, or was, in force.
fn period(held: &Held) -> Value {
    let end = stopped_at(held).or(held.consent.expires);
    // Revoked before its beginning, it was never in force.
    let start = held.consent.effective.map(|start| end.map_or(start, |end| start.min(end)));
    object([("start", json!(start.map(instant))), ("end", json!(end.map(instant)))])
}
