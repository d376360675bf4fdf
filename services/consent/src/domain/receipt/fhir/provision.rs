//! Rules as provisions. An absent condition is an absent element, but for what a PERMIT without it
//! does not cover, which FHIR would read into it.

use kernel::{Action, Code, CodeSet, Confidentiality, Kind, Purpose};
use policy::{Consent, Effect, Rule};
use serde_json::{Value, json};

use super::terms::{self, coding, concept, identifier, named, reference};
use crate::domain::receipt::{
    Context, Party, PartyKind, actions, disclosers, instant, name, object, practitioner, purposes,
    recipients,
};

/// The consent's rule, its exceptions inside.
pub fn of(consent: &Consent, context: &Context<'_>) -> Value {
    let exceptions = consent.exceptions.iter().map(|rule| provision(rule, Vec::new(), context));
    provision(&consent.rule, exceptions.collect(), context)
}

fn provision(rule: &Rule, exceptions: Vec<Value>, context: &Context<'_>) -> Value {
    let exact = wider_in_r4(rule).then(|| [json!({ "url": terms::EXACT, "valueBoolean": true })]);
    object([
        ("modifierExtension", json!(exact)),
        ("type", json!(if rule.effect == Effect::Permit { "permit" } else { "deny" })),
        ("actor", actors(rule, context)),
        ("action", each(actions(rule), action)),
        ("securityLabel", labels(rule)),
        ("purpose", each(purposes(rule), purpose)),
        ("class", each(rule.kinds, |kind| coding(terms::RECORD_KIND, kind.code()))),
        ("code", each(rule.classes, |c| concept(vec![coding(terms::RECORD_CLASS, c.code())]))),
        (
            "dataPeriod",
            object([
                ("start", json!(rule.authored_from.map(instant))),
                ("end", json!(rule.authored_until.map(instant))),
            ]),
        ),
        ("data", data(rule)),
        ("provision", json!(exceptions)),
    ])
}

/// In R4 a level of confidentiality stands for all below it too, and one entry of `data` is enough.
fn wider_in_r4(rule: &Rule) -> bool {
    let with_all_below = |levels: CodeSet<Confidentiality>| {
        let mut above = Confidentiality::ALL.iter().skip_while(|level| levels.contains(**level));
        !above.any(|level| levels.contains(*level))
    };
    let data = [rule.records.is_some(), rule.authors.is_some(), rule.episodes.is_some()];
    rule.confidentialities.is_some_and(|levels| !with_all_below(levels))
        || data.iter().filter(|given| **given).count() > 1
}

fn each<C: Code>(codes: Option<CodeSet<C>>, write: impl Fn(C) -> Value) -> Value {
    codes.iter().flat_map(|set| set.iter()).map(write).collect()
}

/// Custodians and recipients; none of a part that is anybody.
fn actors(rule: &Rule, context: &Context<'_>) -> Value {
    let nobody = context.say().nobody();
    let part = |role: &str, parties: Vec<Party>| {
        let role = concept(vec![coding(terms::PARTICIPATION, role)]);
        let actor = |reference: Value| json!({ "role": role, "reference": reference });
        // No actor would be anybody.
        if parties.is_empty() {
            return vec![actor(json!({ "display": nobody }))];
        }
        let named = parties.iter().filter(|party| party.kind != PartyKind::Anyone);
        named.map(|party| actor(reference(party))).collect()
    };
    let mut all = part("CST", disclosers(rule, context));
    all.extend(part("PRCP", recipients(rule, context)));
    json!(all)
}

/// HL7's nearest, and our own, which is exact.
fn action(code: Action) -> Value {
    let nearest = match code {
        Action::Read => "access",
        Action::Write => "correct",
        Action::Transition => "use",
        Action::Refer => "disclose",
    };
    concept(vec![coding(terms::CONSENT_ACTION, nearest), coding(terms::ACTION, code.code())])
}

fn purpose(code: Purpose) -> Value {
    let system = match code {
        Purpose::Supervision | Purpose::HousingPlacement | Purpose::EmploymentSupport => {
            terms::PURPOSE
        }
        _ => terms::ACT_REASON,
    };
    coding(system, code.code())
}

fn labels(rule: &Rule) -> Value {
    let levels = rule.confidentialities.iter().flat_map(|set| set.iter());
    let levels = levels.map(|level| coding(terms::CONFIDENTIALITY, level.code()));
    let subjects = rule.sensitivities.iter().flat_map(|set| set.iter());
    levels.chain(subjects.map(|about| coding(terms::ACT_CODE, about.code()))).collect()
}

fn data(rule: &Rule) -> Value {
    let entry = |meaning: &str, reference| json!({ "meaning": meaning, "reference": reference });
    // The domain keeps no kind of a record that is named: the contract names it in the same way.
    let collection = match rule.kinds {
        Some(kinds) if kinds == [Kind::Referral].into() => "referrals",
        _ => "notes",
    };
    let records =
        rule.records.iter().flatten().map(|id| {
            entry("instance", json!({ "identifier": identifier(&name(collection, id)) }))
        });
    let authors = rule
        .authors
        .iter()
        .flatten()
        .map(|whole| entry("authoredby", named("Practitioner", &practitioner(whole.as_str()))));
    let episodes = rule
        .episodes
        .iter()
        .flatten()
        .map(|id| entry("dependents", named("EpisodeOfCare", &name("episodes", id))));
    records.chain(authors).chain(episodes).collect()
}
