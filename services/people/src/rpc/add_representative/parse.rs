//! The request as terms, or all that is wrong with it at once.

use kernel::{CodeSet, Instant};
use policy::Relationship;
use rpc::Error;
use wire::{
    Violation,
    convert::{from_wire, instant, set_from_wire},
    people::v1::AddRepresentativeRequest,
};

use crate::domain::Terms;

/// `by_person`: the person records them, not an agency.
pub fn terms(
    req: &AddRepresentativeRequest,
    by_person: bool,
    now: Instant,
) -> Result<Terms, Error> {
    let terms = Terms {
        // What is no relationship the annotations have named.
        relationship: from_wire(req.relationship).unwrap_or(Relationship::Relative),
        authority: req.authority.clone(),
        document_sha256: bytes(&req.document_sha256),
        from: req.from_time.as_ref().and_then(instant).unwrap_or(now),
        until: req.until_time.as_ref().and_then(instant),
        excluded: set_from_wire(&req.excluded_sensitivities).unwrap_or(CodeSet::EMPTY),
    };
    let lacking = terms.lacking(by_person, now);
    rpc::check(req)
        .ids(&[("request_id", &req.request_id), ("person", &req.person)])
        .and(lacking.into_iter().map(|(field, why)| Violation::new(field, why)))
        .and(odd(req))
        .done()?;
    Ok(terms)
}

/// What was given and can't be read narrows something, so it is refused.
fn odd(req: &AddRepresentativeRequest) -> Vec<Violation> {
    let times = [("from_time", &req.from_time), ("until_time", &req.until_time)];
    let bad =
        |at: &Option<prost_types::Timestamp>| at.as_ref().is_some_and(|at| instant(at).is_none());
    times
        .into_iter()
        .filter(|(_, at)| bad(at))
        .map(|(field, _)| Violation::new(field, "must be an instant"))
        .collect()
}

/// Of hexadecimal that the annotations have checked; none where it is empty.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks_exact(2).filter_map(|pair| std::str::from_utf8(pair).ok());
    let bytes: Vec<u8> = pairs.filter_map(|pair| u8::from_str_radix(pair, 16).ok()).collect();
    Some(bytes).filter(|bytes| !bytes.is_empty())
}
