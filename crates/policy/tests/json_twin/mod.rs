//! The predicate read from its serialized form alone, as the SQL function reads it. Nothing here
//! uses the crate's own evaluation, so that the form is known to say everything.

use kernel::{Code, Confidentiality, Instant, Kind, Sensitivity};
use policy::Record;
use serde_json::Value;
use time::format_description::well_known::Rfc3339;

/// The columns that a store has, and what it computes of them.
struct Row<'a> {
    record: &'a Record,
    part2: bool,
    victim_service: bool,
    confidentiality: u64,
    sensitivities: u64,
    unlabelled: bool,
}

pub fn admits(form: &Value, record: &Record) -> bool {
    let held_by = |list: &str| {
        let ids = form["custodians"][list].as_array().expect("a list");
        record.custodian.as_ref().is_some_and(|id| ids.iter().any(|known| known == id.as_str()))
    };
    let own = matches!(record.kind, Kind::PlanSection | Kind::Support);
    if !(held_by("known") || (record.custodian.is_none() && own)) {
        return false;
    }
    let part2 = record.part2 || held_by("part2");
    let stated = u64::from(record.sensitivities.bits());
    let sensitivities = if part2 && stated == 0 { bit(Sensitivity::Sud) } else { stated };
    let restricted = Confidentiality::Restricted.index();
    let rank = record.confidentiality.map_or(restricted, Code::index);
    let row = Row {
        record,
        part2,
        victim_service: record.victim_service || held_by("victim"),
        confidentiality: if sensitivities != 0 || part2 { rank.max(restricted) } else { rank }
            .into(),
        sensitivities,
        unlabelled: record.confidentiality.is_none() && stated == 0,
    };
    // Of everybody, and of the row's own person.
    let people = form["people"].as_object().expect("clauses by person");
    let mine = people.get(record.person.as_str());
    let any = |name: &str| {
        let lists = [Some(form), mine].into_iter().flatten();
        let mut lists = lists.map(|of| of[name].as_array().expect("a list"));
        lists.any(|list| list.iter().any(|clause| row.holds(clause)))
    };
    any("open") || (any("consent") && !any("deny"))
}

fn bit(code: impl Code) -> u64 {
    1 << code.index()
}

impl Row<'_> {
    fn holds(&self, clause: &Value) -> bool {
        clause
            .as_object()
            .expect("an object")
            .iter()
            .all(|(key, value)| self.has(key, value, clause))
    }

    fn has(&self, key: &str, value: &Value, clause: &Value) -> bool {
        let r = self.record;
        let mask = || value.as_u64().expect("a mask");
        let listed = |id: Option<&str>| {
            id.is_some_and(|id| value.as_array().expect("a list").iter().any(|one| one == id))
        };
        let at = || Instant::parse(value.as_str().expect("a time"), &Rfc3339).expect("RFC 3339");
        let undated = clause.get("undated").is_some_and(|u| u == true);
        let any = |mask: u64| {
            self.sensitivities & mask != 0
                || self.unlabelled
                || (self.part2 && mask & bit(Sensitivity::Sud) != 0)
        };
        match key {
            "person" => value == r.person.as_str(),
            "kinds" => mask() & bit(r.kind) != 0,
            "classes" => mask() & bit(r.class) != 0,
            "custodians" => listed(r.custodian.as_ref().map(|id| id.as_str())),
            "confidentialities" => mask() & (1 << self.confidentiality) != 0,
            "sensitive_within" => self.sensitivities != 0 && self.sensitivities & !mask() == 0,
            "sensitive_any" => any(mask()),
            "sensitive_none" => !any(mask()),
            "part2" => value == self.part2,
            "victim_service" => value == self.victim_service,
            "authors" => listed(r.author.as_ref().map(|id| id.as_str())),
            "episodes" => listed(r.episode.as_ref().map(|id| id.as_str())),
            "records" => listed(Some(r.id.as_str())),
            "authored_from" => r.authored_on.map_or(undated, |t| t >= at()),
            "authored_until" => r.authored_on.map_or(undated, |t| t < at()),
            "undated" => true,
            "unblocked_at" => {
                r.release_block.as_ref().is_none_or(|b| b.until.is_some_and(|until| until <= at()))
            }
            "unless" => !value.as_array().expect("a list").iter().any(|clause| self.holds(clause)),
            other => panic!("a key that the store does not know: {other}"),
        }
    }
}
