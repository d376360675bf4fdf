//! Principals as requests name them, and whose they are to suspend.

use identity::{Named, Principal};
use kernel::{AgencyId, Role};
use permit::Call;
use rpc::{Error, Violation};
use wire::directory::v1 as pb;

use crate::domain::Office;

/// What the caller's roles make of them here.
pub(super) fn office(call: &Call) -> Result<Office, Error> {
    let caller = call.caller();
    if caller.roles().contains(Role::NetworkAdmin) {
        return Ok(Office::Network);
    }
    caller.agency().and_then(AgencyId::uuid).map(Office::Agency).ok_or(Error::NotFound)
}

/// The principal, and its client where it is one. A service of the network is one of its subjects.
pub(super) fn named(of: &pb::Principal) -> Result<(Principal, Option<String>), Vec<Violation>> {
    let named = match (of.subject.as_str(), of.client_id.as_str()) {
        (subject, "") if !subject.is_empty() => Named::Subject(subject),
        ("", client) if !client.is_empty() => Named::Client(client),
        _ => {
            let why = "must name either a subject or a client_id";
            return Err(vec![Violation::new("principal", why)]);
        }
    };
    let client = matches!(named, Named::Client(_)).then(|| of.client_id.clone());
    Ok((Principal::of(&of.issuer, named), client))
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
    }
}
