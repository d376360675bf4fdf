//! Principals as requests and answers name them, and whose they are to suspend.

use identity::{Named, Principal, plain_text};
use kernel::{AgencyId, Role};
use permit::Call;
use rpc::{Error, Violation};
use wire::{
    convert::{agency_name, name_of, timestamp, to_wire},
    directory::v1 as pb,
};

use crate::domain::{Office, Suspension};

/// What the caller's roles make of them here.
pub(super) fn office(call: &Call) -> Result<Office, Error> {
    let caller = call.caller();
    if caller.roles().contains(Role::NetworkAdmin) {
        return Ok(Office::Network);
    }
    caller.agency().and_then(AgencyId::uuid).map(Office::Agency).ok_or(Error::NotFound)
}

/// The principal, and its client where it is one. A service of the network is one of its subjects. What no token can
/// say is nobody: it is told, since whoever is meant would not be suspended.
pub(super) fn named(of: &pb::Principal) -> Result<(Principal, Option<String>), Vec<Violation>> {
    let (field, said, named) = match (of.subject.as_str(), of.client_id.as_str()) {
        (subject, "") if !subject.is_empty() => {
            ("principal.subject", subject, Named::Subject(subject))
        }
        ("", client) if !client.is_empty() => {
            ("principal.client_id", client, Named::Client(client))
        }
        _ => {
            let why = "must name either a subject or a client_id";
            return Err(vec![Violation::new("principal", why)]);
        }
    };
    if !plain_text(said) {
        return Err(vec![Violation::new(field, "must be as a token can say it")]);
    }
    let client = matches!(named, Named::Client(_)).then(|| of.client_id.clone());
    Ok((Principal::of(&of.issuer, named), client))
}

pub(super) fn suspension(of: &Suspension) -> pb::SuspendedPrincipal {
    pb::SuspendedPrincipal {
        name: name_of("suspendedPrincipals", of.id),
        issuer: of.issuer.clone(),
        client_id: of.client_id.clone().unwrap_or_default(),
        agency: of.agency.map(agency_name).unwrap_or_default(),
        by_network: of.by_network,
        reason: to_wire(of.reason),
        suspend_time: Some(timestamp(of.at)),
    }
}

/// For those who follow.
pub(crate) fn principal_state(of: &Suspension) -> pb::PrincipalState {
    pb::PrincipalState {
        name: name_of("suspendedPrincipals", of.id),
        principal: of.principal.as_bytes().to_vec(),
        agency: of.agency.map(agency_name).unwrap_or_default(),
        suspended: of.ended_at.is_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_principal_is_a_subject_or_a_client_and_not_both() {
        let of = |subject: &str, client_id: &str| {
            let (issuer, subject) = ("https://a".to_owned(), subject.to_owned());
            named(&pb::Principal { issuer, subject, client_id: client_id.to_owned() })
        };
        let subject = Principal::of("https://a", Named::Subject("x"));
        assert_eq!(of("x", "").unwrap(), (subject, None));
        let client = Principal::of("https://a", Named::Client("x"));
        assert_eq!(of("", "x").unwrap(), (client, Some("x".to_owned())));
        for bad in [of("", ""), of("x", "x")] {
            assert_eq!(bad.unwrap_err()[0].field, "principal");
        }
        // What looks like x, and no token says.
        for unseen in "\u{200B}\u{200C}\u{200D}\u{200E}\u{FEFF}\u{AD}\u{2028}".chars() {
            let said = format!("x{unseen}");
            assert_eq!(of(&said, "").unwrap_err()[0].field, "principal.subject", "{said:?}");
            assert_eq!(of("", &said).unwrap_err()[0].field, "principal.client_id", "{said:?}");
        }
        // Longer than a token's, though no more than 255 characters.
        assert_eq!(of(&"é".repeat(128), "").unwrap_err()[0].field, "principal.subject");
        assert!(of(&"é".repeat(127), "").is_ok());
    }
}
