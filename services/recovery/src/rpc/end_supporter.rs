//! Ends that somebody is of the circle, as strictly as a share ends.

use std::sync::Arc;

use kernel::PersonId;
use permit::Support;
use rpc::{Conflict, Error, Outage};
use tonic::{Request, Response};
use wire::recovery::v1::{EndSupporterRequest, EndSupporterResponse};

use super::{
    own::{Own, fence, of_part},
    reply,
};
use crate::{App, domain::Supporter, store};

const RPC: &str = "trellis.recovery.v1.RecoveryService/EndSupporter";

pub(super) async fn end_supporter(
    app: &App,
    request: Request<EndSupporterRequest>,
) -> Result<Response<EndSupporterResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let ids = [("request_id", &*request.request_id), ("name", &*request.name)];
    rpc::check(&request).ids(&ids).done()?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let id = rpc::id("name", "supporters", &request.name)?;
    let permit = of_part(app, &call, id).await?;
    let (person, clock) = (permit.person_id(), Arc::clone(&app.deps.clock));
    let own = Own { call, once, permit, id, records: vec![id], tx: "circle.end" };
    let ended = own.made(app, move |tx, permit| {
        let now = clock.now();
        Box::pin(async move {
            let before = store::supporter(&mut *tx, &permit, id).await?.ok_or(Error::NotFound)?;
            if before.ended_at.is_some() {
                let over = Conflict::WrongState { state: "ended", allowed: Vec::new() };
                return Err(Error::Conflict(over).into());
            }
            store::end_supporter(tx, &permit, id, now).await?;
            let ended = Supporter { ended_at: Some(now), ..before };
            Ok(EndSupporterResponse { supporter: Some(reply::supporter(&ended)?) })
        })
    });
    let ended = ended.await;
    match &ended {
        // Whoever ended them may not have come to tell it.
        Ok(_) | Err(Error::Conflict(Conflict::WrongState { .. })) => {}
        Err(_) => return ended.map(Response::new),
    }
    // It is in force already. A repeat waits and tells, too: its first answer may not have.
    let of = Support { id, person: PersonId::from(person) };
    let (told, ()) = tokio::join!(dismiss(app, &of), fence());
    told?;
    ended.map(Response::new)
}

/// Has the people service bind the sign-in of who is not of the circle no more.
pub(super) async fn dismiss(app: &App, of: &Support) -> Result<(), Error> {
    facts::dismiss_supporter(&app.peers.people, of).await.map_err(|status| {
        tracing::warn!(code = ?status.code(), "the sign-in of a supporter who was ended is bound still");
        Error::Unavailable(Outage::People)
    })
}
