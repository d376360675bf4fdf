//! LinkPeople: that two people are one, for the people service.

use rpc::Error;
use tonic::Request;
use uuid::Uuid;
use wire::{consent::v1 as pb, convert::instant};

use super::write::fence;
use crate::{
    App,
    store::link::{self, Link},
};

pub(super) async fn handle(
    app: &App,
    request: Request<pb::LinkPeopleRequest>,
) -> Result<pb::LinkPeopleResponse, Error> {
    rpc::only_for(&*identity::Caller::of(&request)?, "people")?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let time = |field, time: Option<&_>| {
        time.map(|at| instant(at).ok_or_else(|| Error::field(field, "has no meaning"))).transpose()
    };
    let begun_at = time("begin_time", req.begin_time.as_ref())?;
    let people =
        (rpc::id("person", "people", &req.person)?, rpc::id("other", "people", &req.other)?);
    if people.0 == people.1 {
        return Err(Error::field("other", "must be another person"));
    }
    let link_id = Uuid::try_parse(&req.link).ok().filter(|id| !id.is_nil());
    let link = Link {
        id: link_id.ok_or_else(|| Error::field("link", "must be a UUID, and not the nil one"))?,
        people,
        begun_at: begun_at.ok_or_else(|| Error::field("begin_time", "must be given"))?,
        ended_at: time("end_time", req.end_time.as_ref())?,
    };
    link::take(&app.db, link).await?;
    // Followers first: they need not wait. A repeat does: its first answer may not have waited.
    app.changes.tell();
    fence().await;
    Ok(pb::LinkPeopleResponse {})
}
