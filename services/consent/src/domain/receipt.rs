//! Receipts of a consent for machines. They are made of ids, of codes and of what agencies are
//! called: no person's name is in them.

mod fhir;
mod kantara;

use kernel::{Action, AgencyId, Code, CodeSet, Instant, Purpose};
use policy::{Effect, Rule};
use serde_json::{Map, Value};
use time::format_description::well_known::Rfc3339;

use super::{
    Held,
    text::{Language, Names, Say, Voice},
};

pub use fhir::fhir;
pub use kantara::kantara;

/// The law that every consent is made under.
const LAW: &str = "https://www.ecfr.gov/current/title-42/part-2";

/// What a receipt is made with.
pub struct Context<'a> {
    /// Of the text that was shown.
    pub language: Language,
    /// In the words of who gives it.
    pub voice: Voice,
    pub names: &'a dyn Names,
    pub as_of: Instant,
}

impl Context<'_> {
    fn say(&self) -> Say<'_> {
        Say::new(self.language, self.voice, self.names)
    }
}

/// What has become of a consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Requested,
    Given,
    Refused,
    Withdrawn,
    Expired,
    EnteredInError,
}

/// What has happened to a consent until now, in order; the last is where it stands.
fn history(held: &Held, as_of: Instant) -> Vec<(Instant, State)> {
    let consent = &held.consent;
    let answer = match consent.rule.effect {
        Effect::Permit => State::Given,
        Effect::Deny => State::Refused,
    };
    let withdrawn = consent.revoked_at.or(held.withdrawn_at);
    let in_error = held.in_error.as_ref().map(|in_error| in_error.at);
    let ended = withdrawn.into_iter().chain(in_error).min();
    let expired = held.ends_at().filter(|end| *end <= as_of && ended.is_none_or(|at| *end <= at));
    let mut all = vec![(held.created_at, State::Requested)];
    all.extend(held.signed_at().map(|at| (at, answer)));
    all.extend(expired.map(|at| (at, State::Expired)));
    all.extend(withdrawn.map(|at| (at, State::Withdrawn)));
    all.extend(in_error.map(|at| (at, State::EnteredInError)));
    all
}

/// Until when a consent was in force that was revoked (§2.35(b): no earlier than agreed) or marked as
/// entered in error.
fn stopped_at(held: &Held) -> Option<Instant> {
    let revoked = held.consent.revoked_at;
    let revoked = revoked.map(|at| held.revocable_at().map_or(at, |earliest| at.max(earliest)));
    let marked = held.in_error.as_ref().map(|in_error| in_error.at);
    let stopped = revoked.into_iter().chain(marked).min()?;
    Some(held.ends_at().map_or(stopped, |end| end.min(stopped)))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PartyKind {
    Agency,
    Practitioner,
    CareTeam,
    Class,
    /// Every agency of the network.
    Anyone,
}

/// Who discloses or receives.
#[derive(Debug)]
struct Party {
    kind: PartyKind,
    id: String,
    name: String,
}

fn agency(id: &AgencyId, names: &dyn Names) -> Party {
    let kind = PartyKind::Agency;
    Party { kind, id: name("agencies", id), name: names.agency(id) }
}

/// `agencies/-`: any of them.
fn anyone(context: &Context<'_>) -> Vec<Party> {
    let name = context.say().recipients(None);
    vec![Party { kind: PartyKind::Anyone, id: "agencies/-".to_owned(), name }]
}

/// Who may, or may not, disclose; empty: nobody.
fn disclosers(rule: &Rule, context: &Context<'_>) -> Vec<Party> {
    match &rule.disclosers {
        None => anyone(context),
        Some(d) => d.agencies.iter().map(|id| agency(id, context.names)).collect(),
    }
}

/// Who may, or may not, receive; empty: nobody.
fn recipients(rule: &Rule, context: &Context<'_>) -> Vec<Party> {
    let say = context.say();
    let Some(recipients) = &rule.recipients else { return anyone(context) };
    let mut all: Vec<Party> =
        recipients.agencies.iter().map(|id| agency(id, context.names)).collect();
    all.extend(recipients.practitioners.iter().map(|whole| Party {
        kind: PartyKind::Practitioner,
        id: practitioner(whole.as_str()),
        name: say.practitioner(whole),
    }));
    all.extend(recipients.care_teams.iter().map(|id| Party {
        kind: PartyKind::CareTeam,
        id: name("careTeams", id),
        name: say.care_team(id),
    }));
    all.extend(recipients.class.map(|class| Party {
        kind: PartyKind::Class,
        id: class.to_string(),
        name: say.class(class),
    }));
    all
}

/// What a rule is for; none: anything.
fn purposes(rule: &Rule) -> Option<CodeSet<Purpose>> {
    use Purpose::{HealthcareResearch, LegalProceeding, Marketing};
    let implied = |p: &Purpose| !matches!(p, Marketing | HealthcareResearch | LegalProceeding);
    let permitted = || Purpose::ALL.iter().copied().filter(implied).collect();
    rule.purposes.or_else(|| (rule.effect == Effect::Permit).then(permitted))
}

/// What a rule lets be done, or not; none: anything.
fn actions(rule: &Rule) -> Option<CodeSet<Action>> {
    rule.actions.or_else(|| (rule.effect == Effect::Permit).then(|| [Action::Read].into()))
}

/// An id as the contract names it.
fn name(collection: &str, id: impl std::fmt::Display) -> String {
    format!("{collection}/{id}")
}

/// `agencies/{id}/practitioners/{id}`, of the whole name that decisions use.
fn practitioner(whole: &str) -> String {
    let (agency, who) = whole.split_once('/').unwrap_or(("-", whole));
    format!("agencies/{agency}/practitioners/{who}")
}

fn instant(at: Instant) -> String {
    at.to_offset(time::UtcOffset::UTC).format(&Rfc3339).unwrap_or_default()
}

/// Without what is null or empty, which FHIR does not allow.
fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let absent = |value: &Value| match value {
        Value::Null => true,
        Value::Array(all) => all.is_empty(),
        Value::Object(all) => all.is_empty(),
        _ => false,
    };
    let present = fields.into_iter().filter(|(_, value)| !absent(value));
    Value::Object(present.map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests;
