//! What an agency states of its service: one check for those who add one and those who change one.

mod shown;

use time::{Date, macros::format_description};
use uuid::Uuid;
use wire::{
    convert::set_from_wire,
    directory::v1::{self as pb, CreateServiceRequest},
};

use rpc::{Error, Violation};

pub(super) use self::shown::{phone_shown, place_shown, schedule_shown};
use crate::domain::{
    Service, has_control,
    stated::{Address, Place, Position, Schedule, Stated},
};

/// The service as it is stated, or all that is wrong with it.
pub(super) fn service(
    req: &CreateServiceRequest,
    id: Uuid,
    agency: Uuid,
) -> Result<Service, Error> {
    let mut bad = wire::validate(req);
    for (i, language) in req.languages.iter().enumerate() {
        if has_control(language) || kernel::is_blank(language) {
            let why = "must have characters, and none that nobody sees";
            bad.push(Violation::new(format!("languages[{i}]"), why));
        }
    }
    if req.maximum_age > 0 && req.maximum_age < req.minimum_age {
        bad.push(Violation::new("maximum_age", "must not be less than minimum_age"));
    }
    for (i, place) in req.places.iter().enumerate() {
        bad.extend(unfit_place(&format!("places[{i}]"), place));
    }
    for (i, schedule) in req.schedules.iter().enumerate() {
        bad.extend(unfit_dates(&format!("schedules[{i}]"), schedule));
    }
    let support_kinds = match set_from_wire(&req.support_kinds) {
        Some(kinds) if bad.is_empty() => kinds,
        _ => return Err(Error::Invalid(bad)),
    };
    Ok(Service {
        id,
        agency,
        display_name: req.display_name.trim().to_owned(),
        description: req.description.clone(),
        need_categories: req.need_categories.clone(),
        languages: req.languages.clone(),
        support_kinds,
        eligibility: req.eligibility.clone(),
        application_process: req.application_process.clone(),
        fees: req.fees.clone(),
        stated: stated(req),
        capacity: None,
        version: 1,
    })
}

/// The parts of an address that HSDS asks for.
fn parts(place: &pb::Place) -> [(&'static str, &str); 5] {
    [
        ("address_1", &place.address_1),
        ("city", &place.city),
        ("state_province", &place.state_province),
        ("postal_code", &place.postal_code),
        ("country", &place.country),
    ]
}

fn has_address(place: &pb::Place) -> bool {
    !place.address_2.is_empty() || parts(place).iter().any(|(_, part)| !part.is_empty())
}

fn unfit_place(path: &str, place: &pb::Place) -> Vec<Violation> {
    if !has_address(place) && place.position.is_none() {
        return vec![Violation::new(path, "must have a position, an address, or both")];
    }
    let missing = parts(place).into_iter().filter(|(_, part)| part.trim().is_empty());
    let why = "must be stated where another part of the address is";
    let told = missing.map(|(part, _)| Violation::new(format!("{path}.{part}"), why));
    told.filter(|_| has_address(place)).collect()
}

fn unfit_dates(path: &str, schedule: &pb::Schedule) -> Vec<Violation> {
    let day = |text: &str| Date::parse(text, format_description!("[year]-[month]-[day]")).ok();
    let dates = [("valid_from", &schedule.valid_from), ("valid_to", &schedule.valid_to)];
    let mut bad: Vec<_> = dates
        .iter()
        .filter(|(_, text)| !text.is_empty() && day(text).is_none())
        .map(|(name, _)| Violation::new(format!("{path}.{name}"), "must be a day that there is"))
        .collect();
    if let (Some(first), Some(last)) = (day(&schedule.valid_from), day(&schedule.valid_to))
        && last < first
    {
        bad.push(Violation::new(format!("{path}.valid_to"), "must not be before valid_from"));
    }
    bad
}

fn stated(req: &CreateServiceRequest) -> Stated {
    let age = |years: i32| (years > 0).then_some(years);
    Stated {
        interpreting: req.interpreting.trim().to_owned(),
        culture: req.cultural_offerings.clone(),
        faith: req.faith_offerings.clone(),
        minimum_age: age(req.minimum_age),
        maximum_age: age(req.maximum_age),
        places: req.places.iter().map(place).collect(),
        schedules: req.schedules.iter().map(schedule).collect(),
        url: req.url.clone(),
        email: req.email.clone(),
        phones: req.phones.iter().map(shown::phone).collect(),
    }
}

fn place(place: &pb::Place) -> Place {
    let position = place.position.as_ref();
    Place {
        name: place.display_name.trim().to_owned(),
        position: position.map(|at| Position { latitude: at.latitude, longitude: at.longitude }),
        address: has_address(place).then(|| Address {
            address_1: place.address_1.clone(),
            address_2: place.address_2.clone(),
            city: place.city.clone(),
            state_province: place.state_province.clone(),
            postal_code: place.postal_code.clone(),
            country: place.country.clone(),
        }),
        accessibility: place.accessibility.clone(),
    }
}

fn schedule(hours: &pb::Schedule) -> Schedule {
    Schedule {
        freq: "WEEKLY".to_owned(),
        byday: hours.days.join(","),
        opens_at: format!("{}:00", hours.opens_at),
        closes_at: format!("{}:00", hours.closes_at),
        valid_from: hours.valid_from.clone(),
        valid_to: hours.valid_to.clone(),
        description: hours.description.clone(),
    }
}
