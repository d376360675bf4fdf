//! DeleteNoticeDelivery.

use permit::Call;
use rpc::{Error, InTx};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::people::v1::{DeleteNoticeDeliveryRequest, DeleteNoticeDeliveryResponse};

use super::notice_deliveries;
use crate::{App, domain::Way, store::delivery};

const RPC: &str = "trellis.people.v1.PeopleService/DeleteNoticeDelivery";

/// Ends what the caller's sign-in has set for a way.
pub async fn handle(
    app: &App,
    request: Request<DeleteNoticeDeliveryRequest>,
) -> Result<Response<DeleteNoticeDeliveryResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    let ids = [("request_id", &*req.request_id), ("person", &req.person)];
    rpc::check(&req).ids(&ids).done()?;
    let person = rpc::id("person", "people", &req.person)?;
    let way = notice_deliveries::way(req.way())?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let again = |_| async { notice_deliveries::standing(app, &call, person).await.map(drop) };
    let (reply, ()) =
        once.written(&app.deps.db, end(app, &call, (person, way), &once), again).await?;
    Ok(Response::new(reply))
}

async fn end(
    app: &App,
    call: &Call,
    (person, way): (Uuid, Way),
    once: &rpc::Request,
) -> Result<(DeleteNoticeDeliveryResponse, ()), InTx> {
    let (permit, own) = notice_deliveries::standing(app, call, person).await?;
    let held = notice_deliveries::set_for(app, call, person, way).await?;
    let (now, key) = (app.deps.clock.now(), once.key.clone());
    let (guard, db, records) = (&app.deps.guard, &app.deps.db, vec![held.id]);
    let done = guard.commit_standing(db, "delivery.end", permit, records, move |tx, permit| {
        let key = key.clone();
        Box::pin(async move {
            let ended = delivery::end(&mut *tx, &own, way, now).await?;
            let id = ended.filter(|id| *id == held.id).ok_or(Error::NotFound)?;
            pg::requests::keep_answer(tx, &key, permit.person_id(), id, &[], now).await?;
            Ok::<_, InTx>((DeleteNoticeDeliveryResponse {}, ()))
        })
    });
    done.await
}
