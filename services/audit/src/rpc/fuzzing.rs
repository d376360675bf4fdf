//! Requests as their handlers read them before they ask the database, for the fuzz targets alone: nothing that
//! ships has this.

use std::any::Any;

use rpc::Error;
use uuid::Uuid;
use wire::audit::v1 as pb;

use super::{list_access_events, suspend_accounting};

pub fn parse(request: &dyn Any) -> Result<(), Error> {
    if let Some(request) = request.downcast_ref::<pb::ListAccessEventsRequest>() {
        rpc::check(request).and(list_access_events::odd(request)).done()?;
        list_access_events::filter(request);
    } else if let Some(request) = request.downcast_ref::<pb::SuspendAccountingRequest>() {
        let odd = suspend_accounting::check::odd(request, Uuid::from_u128(1));
        rpc::check(request).and(odd).done()?;
    }
    Ok(())
}
