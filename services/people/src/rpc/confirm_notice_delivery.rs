//! ConfirmNoticeDelivery.

use permit::Call;
use rpc::{Error, InTx};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::people::v1::{ConfirmNoticeDeliveryRequest, ConfirmNoticeDeliveryResponse};

use super::{notice_deliveries, shared};
use crate::{
    App,
    domain::{ShortCode, Way},
    store::{confirmation::Own, delivery},
};

const RPC: &str = "trellis.people.v1.PeopleService/ConfirmNoticeDelivery";

/// The caller has read what came to their address. A replay is authorized again and finds it confirmed.
pub async fn handle(
    app: &App,
    request: Request<ConfirmNoticeDeliveryRequest>,
) -> Result<Response<ConfirmNoticeDeliveryResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let mut req = request.into_inner();
    let ids = [("request_id", &*req.request_id), ("person", &req.person)];
    rpc::check(&req).ids(&ids).done()?;
    let person = rpc::id("person", "people", &req.person)?;
    // Of what is kept of the request, the code is no part: it could be guessed through.
    let given = ShortCode::given(&std::mem::take(&mut req.code));
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    if once.earlier(&app.deps.db).await?.is_none() {
        let (_, own) = notice_deliveries::standing(app, &call, person).await?;
        tried(app, &call, own, &given).await?;
        match confirm(app, &call, person, given, &once).await {
            Err(error) if shared::landed(&error) => {}
            done => done?,
        }
    }
    let held = notice_deliveries::set_for(app, &call, person, Way::Email).await?;
    let delivery = Some(notice_deliveries::told(&held));
    Ok(Response::new(ConfirmNoticeDeliveryResponse { delivery }))
}

/// Whether it is the code. A wrong one is counted, and on record in the same commit.
async fn tried(app: &App, call: &Call, own: Own, given: &ShortCode) -> Result<(), InTx> {
    let refusal = shared::refusal(app, call, own.person(), Uuid::nil());
    let (matching, given, now) =
        (std::sync::Arc::clone(&app.matching), given.clone(), app.deps.clock.now());
    let right = app.deps.db.try_tx("delivery.try", own.scope(), None, move |tx| {
        let (refusal, matching, given) = (refusal.clone(), matching.clone(), given.clone());
        Box::pin(async move {
            let key = |id| matching.of_delivery(id, &given);
            let found = delivery::tried(&mut *tx, &own, key, now).await?;
            if found.is_none() {
                ledger::write_in(tx, &[refusal]).await?;
            }
            Ok::<_, InTx>(found.is_some())
        })
    });
    if right.await? { Ok(()) } else { Err(Error::NotFound.into()) }
}

async fn confirm(
    app: &App,
    call: &Call,
    person: Uuid,
    given: ShortCode,
    once: &rpc::Request,
) -> Result<(), InTx> {
    let (permit, own) = notice_deliveries::standing(app, call, person).await?;
    let held = notice_deliveries::set_for(app, call, person, Way::Email).await?;
    let (matching, now, key) =
        (std::sync::Arc::clone(&app.matching), app.deps.clock.now(), once.key.clone());
    let (guard, db, records) = (&app.deps.guard, &app.deps.db, vec![held.id]);
    let done = guard.commit_standing(db, "delivery.confirm", permit, records, move |tx, permit| {
        let (matching, given, key) = (matching.clone(), given.clone(), key.clone());
        Box::pin(async move {
            let code = |id| matching.of_delivery(id, &given);
            let found = delivery::tried(&mut *tx, &own, code, now).await?;
            let id = found.filter(|id| *id == held.id).ok_or(Error::NotFound)?;
            delivery::confirm(&mut *tx, &own, id).await?;
            pg::requests::keep_answer(tx, &key, permit.person_id(), id, &[], now).await?;
            Ok::<_, InTx>(())
        })
    });
    done.await
}
