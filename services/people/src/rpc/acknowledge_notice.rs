//! AcknowledgeNotice.

use permit::{Call, StandingPermit};
use prost::Message as _;
use rpc::{Error, InTx};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::people::v1::{AcknowledgeNoticeRequest, AcknowledgeNoticeResponse};

use super::{appoint, list_notices, renew_confirmation_code, shared};
use crate::{
    App,
    store::{
        locate,
        notice::{self, Inbox},
    },
};

const RPC: &str = "trellis.people.v1.PeopleService/AcknowledgeNotice";

/// The person has been told. Absent, somebody else's and one in another inbox are one answer.
pub async fn handle(
    app: &App,
    request: Request<AcknowledgeNoticeRequest>,
) -> Result<Response<AcknowledgeNoticeResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::check(&req).ids(&[("request_id", &req.request_id), ("name", &req.name)]).done()?;
    let id = rpc::id("name", "notices", &req.name)?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let again = |_| async { standing(app, &call, id).await.map(drop) };
    let (reply, ()) = once.written(&app.deps.db, acknowledge(app, &call, id, &once), again).await?;
    Ok(Response::new(reply))
}

async fn standing(app: &App, call: &Call, id: Uuid) -> Result<StandingPermit, Error> {
    let person = locate::notice(&app.deps.db, id).await?.unwrap_or_default();
    appoint::standing(app, call, person, id).await
}

async fn acknowledge(
    app: &App,
    call: &Call,
    id: Uuid,
    once: &rpc::Request,
) -> Result<(AcknowledgeNoticeResponse, ()), InTx> {
    let permit = standing(app, call, id).await?;
    let person = permit.person_id();
    let own = renew_confirmation_code::own(app, call, person, None).await?;
    let inbox = Inbox::of(&permit, own);
    let (now, key) = (app.deps.clock.now(), once.key.clone());
    let (guard, db) = (&app.deps.guard, &app.deps.db);
    let name = "notice.acknowledge";
    let done = guard.commit_standing(db, name, permit, vec![id], move |tx, permit| {
        let (inbox, key) = (inbox.clone(), key.clone());
        Box::pin(async move {
            let held = notice::acknowledge(&mut *tx, &inbox, id, now).await?;
            let held = held.ok_or(Error::NotFound)?;
            let reply = AcknowledgeNoticeResponse { notice: Some(list_notices::told(&held)) };
            let (person, answer) = (permit.person_id(), reply.encode_to_vec());
            pg::requests::keep_answer(tx, &key, person, id, &answer, now).await?;
            Ok::<_, InTx>((reply, ()))
        })
    });
    match done.await {
        Err(InTx::Other(Error::NotFound)) => {
            shared::record_refusal(app, call, person, id).await?;
            Err(Error::NotFound.into())
        }
        done => done,
    }
}
