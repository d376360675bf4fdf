//! Why a service was found, in plain words: a line for each condition.

use kernel::Code as _;
use wire::{convert::name_of, directory::v1::SearchResult};

use crate::{
    domain::{
        Capacity, CapacityStatus, Search, Service,
        words::{Unit, need_of_code},
    },
    rpc::convert::Fresh,
    store::search::Hit,
};

pub(super) fn result(search: &Search, units: &[Unit], hit: &Hit, fresh: Fresh) -> SearchResult {
    SearchResult {
        service: name_of("services", hit.service.id),
        rank: hit.rank,
        why: why(search, units, hit, fresh),
    }
}

fn why(search: &Search, units: &[Unit], hit: &Hit, fresh: Fresh) -> Vec<String> {
    let stated = hit.stated;
    let mut why: Vec<String> = Vec::new();
    for (n, unit) in units.iter().enumerate() {
        why.push(text(unit, hit.said.get(n) == Some(&true)));
    }
    if let Some(code) = &search.need_category {
        let name = need_of_code(code).map_or(code.as_str(), |need| need.name);
        why.push(match stated.need {
            true => format!("need: {name}"),
            false => format!("need: {name}, by its words; no category stated"),
        });
    }
    if !search.language.is_empty() {
        let speaks = || format!("speaks {}", search.language);
        why.push(if stated.language { speaks() } else { "languages not stated".into() });
    }
    if search.interpreting {
        why.push("has interpreting".into());
    }
    let offerings = [("culture", &search.cultural_offering), ("faith", &search.faith_offering)];
    for (kind, said) in offerings.into_iter().filter(|(_, said)| !said.is_empty()) {
        why.push(format!("{kind}: {said}"));
    }
    if search.age.is_some() {
        why.push(if stated.age { ages(hit.ages) } else { "ages not stated".into() });
    }
    if !search.accessibility.is_empty() {
        let offers = || format!("accessible: {}", search.accessibility);
        why.push(if stated.accessibility { offers() } else { "accessibility not stated".into() });
    }
    if search.near.is_some() {
        let away = |km: f64| format!("{km:.1} km away");
        let km = hit.km.filter(|_| stated.near);
        why.push(km.map_or_else(|| "place not stated".into(), away));
    }
    if let Some(moment) = search.open_at {
        let open = || {
            format!("open on {} at {:02}:{:02}", moment.day, moment.at.hour(), moment.at.minute())
        };
        why.push(if stated.open { open() } else { "hours not stated".into() });
    }
    if let Some(sector) = search.sector {
        why.push(format!("sector: {}", sector.code()));
    }
    let kinds =
        hit.service.support_kinds.iter().filter(|kind| search.support_kinds.contains(*kind));
    why.extend(kinds.map(|kind| format!("support: {}", kind.code())));
    why.extend(asks_capacity(search).then(|| room(&hit.service, fresh)).flatten());
    why
}

fn text(unit: &Unit, own: bool) -> String {
    let said = &unit.said;
    match (&unit.meant, unit.need) {
        (Some(meant), _) if own => format!("text: {said} as {meant}"),
        (None, _) if own => format!("text: {said}"),
        (_, Some(need)) => format!("text: {said} as {}", need.name),
        (_, None) => format!("text: {}", unit.word()),
    }
}

fn ages(ages: (Option<f64>, Option<f64>)) -> String {
    match ages {
        (Some(from), Some(to)) => format!("ages {from} to {to}"),
        (Some(from), None) => format!("ages {from} and over"),
        (None, Some(to)) => format!("ages up to {to}"),
        (None, None) => "any age".into(),
    }
}

fn asks_capacity(search: &Search) -> bool {
    search.with_capacity || !search.capacity_statuses.is_empty() || search.capacity_since.is_some()
}

fn room(service: &Service, fresh: Fresh) -> Option<String> {
    let Capacity { status, as_of, .. } = service.capacity.as_ref()?;
    let says = match status {
        CapacityStatus::Capacity => "has capacity",
        CapacityStatus::NoCapacity => "has no capacity",
        CapacityStatus::Waitlist => "has a waiting list",
        CapacityStatus::AdditionalAssessmentRequired => "needs an assessment first",
    };
    let (hour, minute) = (as_of.hour(), as_of.minute());
    let stale = if *as_of < fresh.since { ", stale" } else { "" };
    Some(format!("{says} as of {} {hour:02}:{minute:02} UTC{stale}", as_of.date()))
}
