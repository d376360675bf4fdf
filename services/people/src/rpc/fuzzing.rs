//! Requests as their handlers read them before they ask the database, for the fuzz targets alone: nothing that
//! ships has this.

use std::any::Any;

use kernel::Instant;
use rpc::Error;
use wire::people::v1 as pb;

use super::{
    add_representative, details, find_person, preferences, register_person, set_notice_delivery,
};
use crate::{Outbound, domain};

pub fn parse(request: &dyn Any, now: Instant, out: &Outbound) -> Result<(), Error> {
    if let Some(request) = request.downcast_ref::<pb::RegisterPersonRequest>() {
        register_person::parse::profile(request, now)?;
    } else if let Some(request) = request.downcast_ref::<pb::UpdatePersonRequest>() {
        let _ = domain::birth_date(&request.birth_date, now);
        rpc::check(request).and(details::wrong(request.details.as_ref())).done()?;
        details::stated(request.details.as_ref());
    } else if let Some(request) = request.downcast_ref::<pb::FindPersonRequest>() {
        find_person::wanted(request.clone(), now)?;
    } else if let Some(request) = request.downcast_ref::<pb::AddRepresentativeRequest>() {
        add_representative::parse::terms(request, false, now)?;
        add_representative::parse::terms(request, true, now)?;
    } else if let Some(request) = request.downcast_ref::<pb::SetPreferencesRequest>() {
        let given = request.preferences.clone().unwrap_or_default();
        rpc::check(request).and(preferences::wrong(&given)).done()?;
        preferences::expected(&given.etag)?;
        preferences::stated(given);
    } else if let Some(request) = request.downcast_ref::<pb::SetNoticeDeliveryRequest>() {
        let given = request.delivery.clone().unwrap_or_default();
        rpc::check(request).and(set_notice_delivery::wrong(&given, Some(out))).done()?;
        zone(&given, now);
    }
    Ok(())
}

/// What was accepted as a zone has an hour at every time.
fn zone(given: &pb::NoticeDelivery, now: Instant) {
    if domain::is_zone(&given.time_zone) {
        let safe = domain::SafeContact {
            from: "08:00".to_owned(),
            until: "17:00".to_owned(),
            ..domain::SafeContact::default()
        };
        domain::within(&safe, &given.time_zone, now);
    }
}
