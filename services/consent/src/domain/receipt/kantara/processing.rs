//! ISO/IEC TS 27560, PII processing: what is done with which information, by whom, for what.

use kernel::{Code, CodeSet, Kind};
use policy::{ConsentType, Rule};
use serde_json::{Value, json};

use super::{JURISDICTION, all};
use crate::domain::{
    Held,
    receipt::{
        Context, LAW, Party, actions, disclosers, instant, name, object, practitioner, purposes,
        recipients,
    },
};

pub fn of(held: &Held, context: &Context<'_>) -> Value {
    let (consent, say) = (&held.consent, context.say());
    let (rule, consent_name) = (&consent.rule, name("consents", &consent.id));
    let earliest = consent.revocable_after.filter(|_| consent.kind == ConsentType::CriminalJustice);
    let statements = &consent.statements;
    let mut all = object([
        (
            "privacy_notice",
            json!({ "id": consent_name, "text_sha256": held.text_sha256, "reference": LAW }),
        ),
        ("language", json!(context.language.tag())),
        ("consent_type", json!(consent.kind.code())),
        (
            "statements",
            json!({
                "right_to_revoke": statements.right_to_revoke,
                "redisclosure": statements.redisclosure,
                "refusal_consequences": statements.refusal_consequences,
            }),
        ),
        // A record stays with whoever holds it.
        ("storage_locations", ids(&disclosers(rule, context))),
        (
            "retention_period",
            object([
                ("until", json!(consent.expires.map(instant))),
                ("description", json!(say.end(consent.expires))),
            ]),
        ),
        ("jurisdiction", json!(JURISDICTION)),
        (
            "withdrawal_method",
            object([
                ("description", json!(say.right_to_revoke(consent))),
                ("call", json!("trellis.consent.v1.ConsentService/RevokeConsent")),
                ("name", json!(consent_name)),
                ("effective_no_earlier_than", json!(earliest.map(instant))),
            ]),
        ),
        ("exceptions", consent.exceptions.iter().map(|rule| of_rule(rule, context)).collect()),
    ]);
    if let (Value::Object(all), Value::Object(of_rule)) = (&mut all, of_rule(rule, context)) {
        all.extend(of_rule);
    }
    all
}

fn of_rule(rule: &Rule, context: &Context<'_>) -> Value {
    let words = context.say().words;
    let purpose = |code| {
        json!({
            "purpose": words.purpose(code),
            "purpose_type": code.code(),
            "lawful_basis": "consent",
        })
    };
    let information = |kind: Kind| {
        object([
            ("pii_type", json!(kind.code())),
            ("description", json!(words.kind(kind))),
            ("sensitive_pii_category", codes(rule.sensitivities.unwrap_or_else(all))),
        ])
    };
    object([
        ("effect", json!(rule.effect.code())),
        ("purposes", purposes(rule).unwrap_or_else(all).iter().map(purpose).collect()),
        ("processing_method", codes(actions(rule).unwrap_or_else(all))),
        ("pii_information", rule.kinds.unwrap_or_else(all).iter().map(information).collect()),
        ("pii_conditions", conditions(rule)),
        ("pii_controllers", ids(&disclosers(rule, context))),
        ("recipient_third_parties", ids(&recipients(rule, context))),
    ])
}

/// What narrows the information further.
fn conditions(rule: &Rule) -> Value {
    let authors = rule.authors.iter().flatten().map(|whole| practitioner(whole.as_str()));
    object([
        ("classes", json!(rule.classes.map(codes))),
        ("confidentialities", json!(rule.confidentialities.map(codes))),
        ("authors", authors.collect()),
        ("episodes", rule.episodes.iter().flatten().map(|id| id.to_string()).collect()),
        ("records", rule.records.iter().flatten().map(|id| id.to_string()).collect()),
        ("authored_from", json!(rule.authored_from.map(instant))),
        ("authored_until", json!(rule.authored_until.map(instant))),
    ])
}

fn codes<C: Code>(set: CodeSet<C>) -> Value {
    set.iter().map(C::code).collect()
}

fn ids(parties: &[Party]) -> Value {
    parties.iter().map(|party| party.id.as_str()).collect()
}
