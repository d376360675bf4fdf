//! Requests as their handlers read them before they ask the database, for the fuzz targets alone: nothing that
//! ships has this.

use std::any::Any;

use kernel::{AgencyId, Instant, PersonId};
use policy::Agencies;
use rpc::Error;
use uuid::Uuid;
use wire::consent::v1 as pb;

use super::{declare_emergency, draft_consent, explain, record_court_order, request_restriction};

pub fn parse(request: &dyn Any, now: Instant) -> Result<(), Error> {
    let agencies = Agencies::default();
    if let Some(request) = request.downcast_ref::<pb::ExplainRequest>() {
        rpc::check(request).and(explain::parse::odd(request, now)).done()?;
        let person = PersonId::from(rpc::id("person", "people", &request.person)?);
        explain::parse::request(&person, request.request.as_ref(), None)?;
        explain::parse::record(&person, request.record.as_ref())?;
    } else if let Some(request) = request.downcast_ref::<pb::DeclareEmergencyRequest>() {
        let facts = request.facts.clone().unwrap_or_default();
        rpc::check(request).and(declare_emergency::blank(&facts)).done()?;
    } else if let Some(request) = request.downcast_ref::<pb::RecordCourtOrderRequest>() {
        rpc::valid(request)?;
        let terms = request.terms.clone().unwrap_or_default();
        record_court_order::odd(&terms, &AgencyId::from(Uuid::from_u128(1)), &agencies);
    } else if let Some(request) = request.downcast_ref::<pb::RequestRestrictionRequest>() {
        rpc::valid(request)?;
        let terms = request.terms.clone().unwrap_or_default();
        request_restriction::unknown_agencies(&terms, &agencies);
    } else if let Some(request) = request.downcast_ref::<pb::DraftConsentRequest>() {
        draft_consent::language("language", &request.language)?;
    }
    Ok(())
}
