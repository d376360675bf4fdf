//! The request as a profile, or all that is wrong with it at once.

use kernel::Instant;
use rpc::Error;
use wire::{Violation, common::v1::Identifier as PbIdentifier, people::v1::RegisterPersonRequest};

use crate::{
    domain::{self, Identifier, Profile},
    rpc::details,
};

pub fn profile(req: &RegisterPersonRequest, now: Instant) -> Result<Profile, Error> {
    let birth_date =
        domain::birth_date(&req.birth_date, now).map_err(|why| Violation::new("birth_date", why));
    rpc::check(req)
        .ids(&[("request_id", &req.request_id)])
        .and(birth_date.as_ref().err().cloned())
        .and(identifiers(&req.identifiers))
        .and(details::wrong(req.details.as_ref()))
        .done()?;
    let (confidentiality, sensitivities, part2, victim_service) =
        rpc::labels("labels", req.labels.as_ref())?;
    Ok(Profile {
        identifiers: req.identifiers.iter().map(identifier).collect(),
        given_name: req.given_name.clone(),
        family_name: req.family_name.clone(),
        birth_date: birth_date.map_err(|why| Error::Invalid(vec![why]))?,
        preferred_language: req.preferred_language.clone(),
        details: details::stated(req.details.as_ref()),
        confidentiality,
        sensitivities,
        part2,
        victim_service,
        version: 1,
    })
}

pub fn identifier(pb: &PbIdentifier) -> Identifier {
    Identifier { system: pb.system.clone(), value: pb.value.clone() }
}

/// Of at most the ten that the contract allows.
fn identifiers(all: &[PbIdentifier]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (i, one) in all.iter().enumerate().take(10) {
        violations.extend(unclean(&format!("identifiers[{i}]"), one));
        if all.iter().take(i).any(|earlier| earlier == one) {
            let field = format!("identifiers[{i}]");
            violations.push(Violation::new(field, "must not repeat an earlier one"));
        }
    }
    violations
}

/// What can't be seen in an identifier, or is around it.
pub fn unclean(field: &str, one: &PbIdentifier) -> Vec<Violation> {
    let parts = [("system", &one.system), ("value", &one.value)].into_iter();
    parts
        .filter(|(_, text)| domain::unclean(text))
        .map(|(part, _)| {
            let why = "must have no hidden or surrounding characters";
            Violation::new(format!("{field}.{part}"), why)
        })
        .collect()
}
