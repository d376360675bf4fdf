//! The same consents as Cedar policies: each PERMIT a `permit`, each DENY exception a `forbid` that
//! has the conditions of its root too, after its own as `policy` has them. What is one of a list is
//! written as equalities, which Cedar evaluates faster than a set.

use std::{fmt::Write as _, str::FromStr as _};

use anyhow::Context as _;
use cedar_policy::{Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request};
use kernel::{Code, CodeSet, Instant};
use policy::{Consent, Effect, Record, Rule};
use serde_json::json;

use super::question::{ACTION, AGENCY, NOW, PRACTITIONER, PURPOSE, Question};

/// The authorizer and the policies, parsed once.
pub struct Engine {
    authorizer: Authorizer,
    policies: PolicySet,
}

/// One request, made once, with the entities that it is about.
pub struct Asked<'a> {
    engine: &'a Engine,
    request: Request,
    entities: Entities,
}

impl Engine {
    pub fn new(question: &Question) -> anyhow::Result<Self> {
        let mut text = String::new();
        for consent in &question.facts.consents {
            write(&mut text, consent)?;
        }
        let policies = PolicySet::from_str(&text).context("the policies")?;
        Ok(Self { authorizer: Authorizer::new(), policies })
    }

    pub fn ask(&self, record: &Record) -> anyhow::Result<Asked<'_>> {
        let principal = EntityUid::from_str(&format!("Practitioner::{PRACTITIONER:?}"))?;
        let action = EntityUid::from_str(&format!("Action::{:?}", ACTION.code()))?;
        let resource = EntityUid::from_str(&format!("Record::{:?}", record.id.as_str()))?;
        let context = json!({"purposes": [PURPOSE.code()], "now": NOW.unix_timestamp()});
        let context = Context::from_json_value(context, None)?;
        let entities = json!([
            {"uid": {"type": "Practitioner", "id": PRACTITIONER}, "parents": [],
             "attrs": {"agency": AGENCY}},
            {"uid": {"type": "Record", "id": record.id.as_str()}, "parents": [], "attrs": {
                "person": record.person.as_str(), "kind": record.kind.code(),
                "custodian": record.custodian.as_ref().map_or("", |id| id.as_str()),
                "author": record.author.as_ref().map_or("", |id| id.as_str()),
                "episode": record.episode.as_ref().map_or("", |id| id.as_str()),
                "confidentiality": record.confidentiality.map_or("R", Code::code),
                "sensitivities": codes(record.sensitivities),
            }},
        ]);
        let entities = Entities::from_json_value(entities, None)?;
        let request = Request::new(principal, action, resource, context, None)?;
        Ok(Asked { engine: self, request, entities })
    }
}

impl Asked<'_> {
    pub fn allows(&self) -> bool {
        let Engine { authorizer, policies } = self.engine;
        let response = authorizer.is_authorized(&self.request, policies, &self.entities);
        response.decision() == Decision::Allow
    }
}

fn write(text: &mut String, consent: &Consent) -> anyhow::Result<()> {
    let person = format!("resource.person == {:?}", consent.person.as_str());
    let mut root = vec![person];
    root.extend(in_force(consent.effective, consent.expires));
    root.extend(conditions(&consent.rule)?);
    let scope = format!("principal, action == Action::{:?}, resource", ACTION.code());
    writeln!(text, "permit({scope}) when {{ {} }};", root.join(" && "))?;
    for exception in &consent.exceptions {
        let mut all = conditions(exception)?;
        all.extend_from_slice(&root);
        writeln!(text, "forbid({scope}) when {{ {} }};", all.join(" && "))?;
    }
    Ok(())
}

fn in_force(effective: Option<Instant>, expires: Option<Instant>) -> Vec<String> {
    let at = |instant: Instant| instant.unix_timestamp();
    let from = effective.map(|from| format!("context.now >= {}", at(from)));
    let until = expires.map(|until| format!("context.now < {}", at(until)));
    from.into_iter().chain(until).collect()
}

/// The conditions of a rule, in the order in which `policy` looks at them. Those that no rule of
/// the question has are not translated.
fn conditions(rule: &Rule) -> anyhow::Result<Vec<String>> {
    anyhow::ensure!(
        rule.classes.is_none() && rule.records.is_none() && rule.authored_from.is_none(),
        "a condition that is not translated"
    );
    let mut all = Vec::new();
    let agencies = rule.recipients.as_ref().map(|listed| ids(&listed.agencies));
    all.extend(agencies.map(|ids| one_of("principal.agency", &ids)));
    all.extend(rule.purposes.map(|purposes| {
        let permit = rule.effect == Effect::Permit;
        let method = if permit { "containsAll" } else { "containsAny" };
        format!("{:?}.{method}(context.purposes)", codes(purposes))
    }));
    let custodians = rule.disclosers.as_ref().map(|listed| ids(&listed.agencies));
    all.extend(custodians.map(|ids| one_of("resource.custodian", &ids)));
    all.extend(rule.kinds.map(|kinds| one_of("resource.kind", &codes(kinds))));
    let confidentialities = rule.confidentialities.map(codes);
    all.extend(confidentialities.map(|codes| one_of("resource.confidentiality", &codes)));
    all.extend(rule.sensitivities.map(|sensitivities| {
        format!("resource.sensitivities.containsAny({:?})", codes(sensitivities))
    }));
    let authors = rule.authors.as_ref();
    all.extend(authors.map(|authors| one_of("resource.author", &ids(authors))));
    let episodes = rule.episodes.as_ref();
    all.extend(episodes.map(|episodes| one_of("resource.episode", &ids(episodes))));
    Ok(all)
}

fn one_of(what: &str, listed: &[impl AsRef<str>]) -> String {
    let equal: Vec<String> =
        listed.iter().map(|one| format!("{what} == {:?}", one.as_ref())).collect();
    format!("({})", equal.join(" || "))
}

fn ids<T: std::fmt::Display>(listed: &[T]) -> Vec<String> {
    listed.iter().map(ToString::to_string).collect()
}

fn codes<T: Code>(set: CodeSet<T>) -> Vec<&'static str> {
    set.iter().map(Code::code).collect()
}
