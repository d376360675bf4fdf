//! Requests as their handlers read them before they ask the database, for the fuzz targets alone: nothing that
//! ships has this.

use std::any::Any;

use kernel::{AgencyId, Instant};
use policy::Agencies;
use rpc::Error;
use uuid::Uuid;
use wire::referrals::v1 as pb;

use super::{parse, record_contact, suggest_services};

pub fn parse(request: &dyn Any, now: Instant) -> Result<(), Error> {
    if let Some(request) = request.downcast_ref::<pb::CreateReferralRequest>() {
        let (own, agencies) = (AgencyId::from(Uuid::from_u128(1)), Agencies::default());
        rpc::check(request)
            .and(parse::target(&request.target, &own, &agencies))
            .and(parse::respond_by(request.respond_by.as_ref(), now))
            .done()?;
    } else if let Some(request) = request.downcast_ref::<pb::RecordContactRequest>() {
        rpc::check(request).and(record_contact::odd(request, now)).done()?;
    } else if let Some(request) = request.downcast_ref::<pb::SuggestServicesRequest>() {
        let odd = request.search.as_ref().map(suggest_services::odd).unwrap_or_default();
        rpc::check(request).and(odd).done()?;
    }
    Ok(())
}

/// Whether a text is a day of release.
pub fn release(text: &str) -> bool {
    parse::release(text).is_ok()
}
