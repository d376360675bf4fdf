//! Details of a profile, from the wire and to it.

use wire::{Violation, people::v1 as pb};

use crate::domain::{Address, Details, OtherName};

/// What the annotations can't say.
pub fn wrong(details: Option<&pb::Details>) -> Vec<Violation> {
    let names = details.map(|d| &*d.former_names).unwrap_or_default().iter().enumerate().take(5);
    names
        .filter(|(_, name)| {
            [&name.given_name, &name.family_name].iter().all(|n| kernel::is_blank(n))
        })
        .map(|(i, _)| {
            let why = "must have a given or a family name";
            Violation::new(format!("details.former_names[{i}]"), why)
        })
        .collect()
}

pub fn stated(details: Option<&pb::Details>) -> Details {
    let Some(details) = details else { return Details::default() };
    Details {
        middle_name: details.middle_name.clone(),
        former_names: details
            .former_names
            .iter()
            .map(|n| OtherName {
                given_name: n.given_name.clone(),
                family_name: n.family_name.clone(),
            })
            .collect(),
        addresses: details.addresses.iter().map(address).collect(),
        phones: details.phones.clone(),
        emails: details.emails.clone(),
    }
}

fn address(pb: &pb::Address) -> Address {
    Address {
        line: pb.line.clone(),
        city: pb.city.clone(),
        state: pb.state.clone(),
        postal_code: pb.postal_code.clone(),
        country: pb.country.clone(),
    }
}

pub fn told(details: &Details) -> pb::Details {
    pb::Details {
        middle_name: details.middle_name.clone(),
        former_names: details
            .former_names
            .iter()
            .map(|n| pb::OtherName {
                given_name: n.given_name.clone(),
                family_name: n.family_name.clone(),
            })
            .collect(),
        addresses: details
            .addresses
            .iter()
            .map(|a| pb::Address {
                line: a.line.clone(),
                city: a.city.clone(),
                state: a.state.clone(),
                postal_code: a.postal_code.clone(),
                country: a.country.clone(),
            })
            .collect(),
        phones: details.phones.clone(),
        emails: details.emails.clone(),
    }
}
