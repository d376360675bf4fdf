//! ISO/IEC TS 27560, party identification and events: who is in a consent, and what became of it.

use std::collections::BTreeMap;

use kernel::{Code, Instant};
use policy::Relationship;
use serde_json::{Value, json};

use crate::domain::{
    Held,
    named::rules,
    receipt::{
        Context, Party, PartyKind, State, disclosers, history, instant, name, object, recipients,
        stopped_at,
    },
};

/// Each party of the rule and its exceptions once, with what it is there.
pub fn parties(held: &Held, context: &Context<'_>) -> Value {
    let mut found: BTreeMap<String, (Party, Vec<&str>)> = BTreeMap::new();
    let mut add = |parties: Vec<Party>, role| {
        for party in parties {
            let (_, roles) = found.entry(party.id.clone()).or_insert((party, Vec::new()));
            if !roles.contains(&role) {
                roles.push(role);
            }
        }
    };
    for rule in rules(&held.consent) {
        add(disclosers(rule, context), "pii_controller");
        add(recipients(rule, context), "recipient_third_party");
    }
    let write = |(party, roles): (Party, Vec<&str>)| {
        json!({
            "party_id": party.id,
            "party_name": party.name,
            "party_type": kind(party.kind),
            "party_role": roles,
            "party_contact": party.id,
        })
    };
    found.into_values().map(write).collect()
}

fn kind(kind: PartyKind) -> &'static str {
    match kind {
        PartyKind::Agency => "agency",
        PartyKind::Practitioner => "practitioner",
        PartyKind::CareTeam => "care_team",
        PartyKind::Class => "recipient_class",
        PartyKind::Anyone => "any_agency",
    }
}

/// In order; the last is where the consent stands.
pub fn of(held: &Held, as_of: Instant) -> Value {
    history(held, as_of).into_iter().map(|(at, state)| event(held, at, state)).collect()
}

fn event(held: &Held, at: Instant, state: State) -> Value {
    let consent = &held.consent;
    let person = name("people", &consent.person);
    let answered = matches!(state, State::Given | State::Refused);
    let signature = consent.signature.as_ref().filter(|_| answered);
    let mut signers: Vec<_> = consent.signers().map(|by| by.relationship.code()).collect();
    if signers.is_empty() {
        signers.push(Relationship::SelfSigned.code());
    }
    let drafted = held.drafted_agency.as_ref().filter(|_| state == State::Requested);
    let in_error = held.in_error.as_ref().filter(|_| state == State::EnteredInError);
    let marked_by = in_error.and_then(|in_error| in_error.agency.as_ref());
    let stops = matches!(state, State::Withdrawn | State::EnteredInError);
    object([
        ("event_time", json!(instant(at))),
        ("event_type", json!("explicit")),
        ("event_state", json!(word(state))),
        // Whoever acts for the person, it is the person's consent.
        ("entity_id", json!(drafted.or(marked_by).map_or(person, |id| name("agencies", id)))),
        ("relationship", json!(signature.map(|_| signers.join(", ")))),
        ("method", json!(signature.and_then(|s| s.method).map(Code::code))),
        ("validity_duration", json!(signature.map(|_| validity(held)))),
        ("in_force_until", json!(stopped_at(held).filter(|_| stops).map(instant))),
        ("mistake", json!(in_error.map(|in_error| in_error.mistake.code()))),
    ])
}

fn word(state: State) -> &'static str {
    match state {
        State::Requested => "consent_requested",
        State::Given => "consent_given",
        State::Refused => "consent_refused",
        State::Withdrawn => "consent_withdrawn",
        State::Expired => "consent_expired",
        State::EnteredInError => "consent_invalidated",
    }
}

/// As signed: an interval of ISO 8601-2, where ".." is open.
fn validity(held: &Held) -> String {
    let side = |at: Option<Instant>| at.map_or_else(|| "..".to_owned(), instant);
    format!("{}/{}", side(held.begins_at()), side(held.ends_at()))
}
