//! A search as it was asked.

use kernel::{CodeSet, Instant};
use rpc::{Error, Violation};
use time::{Date, Duration, Month, Time};
use wire::{
    convert::{from_wire, set_from_wire},
    directory::v1::{Near as NearPb, SearchServicesRequest},
};

use crate::domain::{Moment, Near, Search, words::spoken};

const MOST_KM: f64 = 200.0;

pub(in crate::rpc) fn search(req: &SearchServicesRequest, now: Instant) -> Result<Search, Error> {
    let mut bad = wire::validate(req);
    let near = req.near.as_ref().map(|near| place(near, &mut bad));
    let open_at = moment(&req.open_at);
    if open_at.is_none() && !req.open_at.is_empty() && !bad.iter().any(|v| v.field == "open_at") {
        bad.push(Violation::new("open_at", "must be a day of the calendar"));
    }
    // What names none would be no condition at all.
    let language = req.language.trim();
    let names_none = !language.is_empty() && spoken(language).is_empty();
    if names_none && !bad.iter().any(|v| v.field == "language") {
        bad.push(Violation::new("language", "must name a language"));
    }
    if !bad.is_empty() {
        return Err(Error::Invalid(bad));
    }
    let support_kinds = set_from_wire(&req.support_kinds).unwrap_or(CodeSet::EMPTY);
    let hours = i64::from(req.max_capacity_age_hours);
    Ok(Search {
        need_category: (!req.need_category.is_empty()).then(|| req.need_category.clone()),
        language: language.to_owned(),
        age: (req.age > 0).then_some(req.age),
        accessibility: req.accessibility.trim().to_owned(),
        near,
        open_at,
        only_stated: req.only_stated,
        text: req.text.trim().to_owned(),
        sector: from_wire(req.sector),
        agency: rpc::optional_id("agency", "agencies", &req.agency)?,
        among: Vec::new(),
        interpreting: req.interpreting,
        cultural_offering: req.cultural_offering.trim().to_owned(),
        faith_offering: req.faith_offering.trim().to_owned(),
        include_faith_based: req.include_faith_based,
        support_kinds,
        with_capacity: req.with_capacity,
        capacity_statuses: req.capacity_statuses.iter().filter_map(|n| from_wire(*n)).collect(),
        capacity_since: (hours > 0).then(|| now - Duration::hours(hours)),
    })
}

fn place(near: &NearPb, bad: &mut Vec<Violation>) -> Near {
    let mut within = |name: &str, holds: bool, why: &str| {
        if !holds {
            bad.push(Violation::new(format!("near.{name}"), why));
        }
    };
    // Nothing holds of what is no number.
    within("latitude", near.latitude.abs() <= 90.0, "must be -90 to 90");
    within("longitude", near.longitude.abs() <= 180.0, "must be -180 to 180");
    let radius = near.radius_km > 0.0 && near.radius_km <= MOST_KM;
    within("radius_km", radius, "must be more than 0, at most 200");
    Near { latitude: near.latitude, longitude: near.longitude, radius_km: near.radius_km }
}

/// `YYYY-MM-DDTHH:MM`.
fn moment(text: &str) -> Option<Moment> {
    let (day, at) = text.split_once('T')?;
    let mut day = day.split('-');
    let (year, month, of_month) = (day.next()?, day.next()?, day.next()?);
    let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
    let day = Date::from_calendar_date(year.parse().ok()?, month, of_month.parse().ok()?).ok()?;
    let (hour, minute) = at.split_once(':')?;
    Some(Moment { day, at: Time::from_hms(hour.parse().ok()?, minute.parse().ok()?, 0).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_day_of_the_calendar_and_a_minute() {
        let read = moment("2026-02-28T09:30").unwrap();
        assert_eq!(read.day, time::macros::date!(2026 - 02 - 28));
        assert_eq!(read.at, time::macros::time!(9:30));
        for none in ["", "2026-02-29T09:30", "2026-02-28", "2026-02-28T24:00"] {
            assert_eq!(moment(none), None, "{none}");
        }
    }
}
