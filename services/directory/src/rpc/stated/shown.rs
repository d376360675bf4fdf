//! What an agency states of its service, as the contract shows it.

use wire::directory::v1 as pb;

use crate::domain::stated::{Address, Phone, Place, Schedule};

pub(in crate::rpc) fn place_shown(place: &Place) -> pb::Place {
    let address = place.address.as_ref();
    let part = |of: fn(&Address) -> &String| address.map(of).cloned().unwrap_or_default();
    pb::Place {
        display_name: place.name.clone(),
        position: place
            .position
            .map(|at| pb::Position { latitude: at.latitude, longitude: at.longitude }),
        address_1: part(|a| &a.address_1),
        address_2: part(|a| &a.address_2),
        city: part(|a| &a.city),
        state_province: part(|a| &a.state_province),
        postal_code: part(|a| &a.postal_code),
        country: part(|a| &a.country),
        accessibility: place.accessibility.clone(),
    }
}

pub(in crate::rpc) fn schedule_shown(hours: &Schedule) -> pb::Schedule {
    let minute = |time: &str| time.get(..5).unwrap_or_default().to_owned();
    pb::Schedule {
        days: hours.byday.split(',').map(str::to_owned).collect(),
        opens_at: minute(&hours.opens_at),
        closes_at: minute(&hours.closes_at),
        valid_from: hours.valid_from.clone(),
        valid_to: hours.valid_to.clone(),
        description: hours.description.clone(),
    }
}

pub(in crate::rpc) fn phone_shown(phone: &Phone) -> pb::Telephone {
    pb::Telephone {
        number: phone.number.clone(),
        extension: phone.extension.clone(),
        description: phone.description.clone(),
    }
}

/// And back.
pub(super) fn phone(phone: &pb::Telephone) -> Phone {
    Phone {
        number: phone.number.trim().to_owned(),
        extension: phone.extension.clone(),
        description: phone.description.clone(),
    }
}
