//! A consent as a Kantara Consent Receipt 1.1.0, with the sections of ISO/IEC TS 27560:2023 beside
//! Kantara's own fields: the record, the processing, the parties and the events.
//!
//! Whoever holds records is a PII controller, and whoever they are shared with is a third party. How
//! to reach an agency is the directory's: `contact` and `party_contact` are the name to ask it for.

mod events;
mod processing;

use kernel::{Code, CodeSet};
use serde_json::{Value, json};

use super::{Context, LAW, Party, disclosers, name, object, purposes};
use crate::domain::Held;

const JURISDICTION: &str = "US";

pub fn kantara(held: &Held, context: &Context<'_>) -> Value {
    let (consent, say) = (&held.consent, context.say());
    let rule = &consent.rule;
    let method = consent.signature.as_ref().and_then(|signature| signature.method);
    let consent_name = name("consents", &consent.id);
    let receipt_id = format!("{consent_name}/receipts/{}", held.version);
    let person = name("people", &consent.person);
    let subjects = rule.sensitivities.unwrap_or_else(all);
    object([
        ("version", json!("KI-CR-v1.1.0")),
        ("jurisdiction", json!(JURISDICTION)),
        ("consentTimestamp", json!(held.signed_at().unwrap_or(held.created_at).unix_timestamp())),
        ("collectionMethod", json!(method.map_or("UNSIGNED", Code::code))),
        ("consentReceiptID", json!(receipt_id)),
        ("language", json!(context.language.tag())),
        ("piiPrincipalId", json!(person)),
        ("piiControllers", disclosers(rule, context).iter().map(controller).collect()),
        ("policyUrl", json!(LAW)),
        ("services", json!([service(held, context)])),
        ("sensitive", json!(!subjects.is_empty())),
        ("spiCat", subjects.iter().map(|about| say.words.sensitivity(about)).collect()),
        (
            "record",
            object([
                ("schema_version", json!("ISO/IEC TS 27560:2023")),
                ("record_id", json!(consent_name)),
                ("receipt_id", json!(receipt_id)),
                ("pii_principal_id", json!(person)),
                ("supersedes", consent.supersedes.iter().map(|id| name("consents", id)).collect()),
            ]),
        ),
        ("pii_processing", processing::of(held, context)),
        ("party_identification", events::parties(held, context)),
        ("event", events::of(held, context.as_of)),
    ])
}

fn all<C: Code>() -> CodeSet<C> {
    C::ALL.iter().copied().collect()
}

fn controller(party: &Party) -> Value {
    json!({ "piiController": party.name, "contact": party.id })
}

fn service(held: &Held, context: &Context<'_>) -> Value {
    let (consent, say) = (&held.consent, context.say());
    let rule = &consent.rule;
    let kinds: Vec<&str> =
        rule.kinds.unwrap_or_else(all).iter().map(|k| say.words.kind(k)).collect();
    let (termination, recipients) =
        (say.end(consent.expires), say.recipients(rule.recipients.as_ref()));
    let purpose = |code| {
        json!({
            "purpose": say.words.purpose(code),
            "purposeCategory": [code.code()],
            "consentType": "EXPLICIT",
            "piiCategory": kinds,
            "termination": termination,
            "thirdPartyDisclosure": true,
            "thirdPartyName": recipients,
        })
    };
    json!({
        "service": say.words.title(consent.kind, rule.effect),
        "purposes": purposes(rule).unwrap_or_else(all).iter().map(purpose).collect::<Vec<_>>(),
    })
}
