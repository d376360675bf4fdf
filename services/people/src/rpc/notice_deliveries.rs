//! What the RPCs about deliveries do alike, and ListNoticeDeliveries.

use permit::{Call, StandingPermit};
use rpc::Error;
use tonic::{Request, Response};
use uuid::Uuid;
use wire::{
    convert::{name_of, timestamp},
    people::v1::{self as pb, ListNoticeDeliveriesRequest, ListNoticeDeliveriesResponse},
};

use super::{appoint, renew_confirmation_code};
use crate::{
    App,
    domain::{Delivery, Way},
    store::{confirmation::Own, delivery},
};

const RPC: &str = "trellis.people.v1.PeopleService/ListNoticeDeliveries";

/// To the person, of the sign-in that asks.
pub async fn handle(
    app: &App,
    request: Request<ListNoticeDeliveriesRequest>,
) -> Result<Response<ListNoticeDeliveriesResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::check(&req).ids(&[("person", &req.person)]).done()?;
    let person = rpc::id("person", "people", &req.person)?;
    let (permit, own) = standing(app, &call, person).await?;
    let found = delivery::list(&app.deps.db, own).await?;
    let ids = found.iter().map(|one| one.id).collect();
    let found = app.deps.guard.release_standing(&permit, ids, found).await?;
    let deliveries = found.iter().map(told).collect();
    Ok(Response::new(ListNoticeDeliveriesResponse { deliveries }))
}

/// The person's own right, and the binding by which they ask.
pub async fn standing(
    app: &App,
    call: &Call,
    person: Uuid,
) -> Result<(StandingPermit, Own), Error> {
    let permit = appoint::standing(app, call, person, Uuid::nil()).await?;
    let own = renew_confirmation_code::own(app, call, person, None).await?;
    Ok((permit, own.ok_or(Error::NotFound)?))
}

/// What the caller's sign-in has set for a way.
pub async fn set_for(app: &App, call: &Call, person: Uuid, way: Way) -> Result<Delivery, Error> {
    let (_, own) = standing(app, call, person).await?;
    let found = delivery::list(&app.deps.db, own).await?.into_iter();
    found.into_iter().find(|one| one.way == way).ok_or(Error::NotFound)
}

pub fn way(given: pb::DeliveryWay) -> Result<Way, Error> {
    match given {
        pb::DeliveryWay::Email => Ok(Way::Email),
        pb::DeliveryWay::Webhook => Ok(Way::Webhook),
        pb::DeliveryWay::Unspecified => Err(Error::field("way", "must be stated")),
    }
}

/// As the person is shown it.
pub fn told(held: &Delivery) -> pb::NoticeDelivery {
    let to = |way| if held.way == way { held.place.to.clone() } else { String::new() };
    pb::NoticeDelivery {
        name: name_of("noticeDeliveries", held.id),
        way: i32::from(held.way as i16),
        email: to(Way::Email),
        url: to(Way::Webhook),
        time_zone: held.place.zone.clone(),
        safe_way: held.safe_way,
        state: i32::from(held.state as i16),
        set_time: Some(timestamp(held.set_at)),
        last_delivery_time: held.delivered_at.map(timestamp),
        failing_since: held.failing_since.map(timestamp),
        last_failure: held.last_failure.map_or(0, |failure| i32::from(failure as i16)),
        etag: held.id.to_string(),
    }
}
