//! EndRepresentative.

use permit::Call;
use prost::Message as _;
use rpc::{Conflict, Error, InTx};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::people::v1::{EndRepresentativeRequest, EndRepresentativeResponse};

use super::{
    appoint::{self, Right},
    shared,
};
use crate::{
    App,
    store::{
        binding, locate,
        representative::{self, Which},
    },
};

const RPC: &str = "trellis.people.v1.PeopleService/EndRepresentative";

/// Ends an appointment, as strictly as a revocation: writes that were told "still acts" before it
/// begin their COMMIT within the fence, and only after it does this return. A repeat waits, too: the
/// first answer may not have been waited for.
pub async fn handle(
    app: &App,
    request: Request<EndRepresentativeRequest>,
) -> Result<Response<EndRepresentativeResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::check(&req).ids(&[("request_id", &req.request_id), ("name", &req.name)]).done()?;
    let id = rpc::id("name", "representatives", &req.name)?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let again = |_| async { right(app, &call, id).await.map(drop) };
    let (reply, ()) = once.written(&app.deps.db, end(app, &call, id, &once), again).await?;
    shared::fence().await;
    Ok(Response::new(reply))
}

/// The person's, and that of the agency that recorded it. What another agency recorded is not there.
async fn right(app: &App, call: &Call, id: Uuid) -> Result<Right, Error> {
    let found = locate::representative(&app.deps.db, id).await?;
    let own = match call.caller().agency() {
        Some(_) => Some(shared::agency(call)?),
        None => None,
    };
    let person = found.filter(|(_, agency)| own.is_none() || own == *agency);
    appoint::right(app, call, person.map(|(person, _)| person).unwrap_or_default(), id).await
}

async fn end(
    app: &App,
    call: &Call,
    id: Uuid,
    once: &rpc::Request,
) -> Result<(EndRepresentativeResponse, ()), InTx> {
    let right = right(app, call, id).await?;
    let to_person = matches!(right, Right::Person(_));
    let (now, notice) = (app.deps.clock.now(), ledger::new_id(&app.deps.clock));
    let (by, key) = (shared::sign_in(call), once.key.clone());
    let ended = right.commit(app, "representative.end", vec![id], move |tx, recorder| {
        let (by, key) = (by.clone(), key.clone());
        Box::pin(async move {
            // Whoever accepts or confirms at this moment waits, or is waited for.
            binding::lock(&mut *tx, recorder.person()).await?;
            if !representative::end(&mut *tx, &recorder, id, &by, now).await? {
                let ended = Conflict::WrongState { state: "ended", allowed: Vec::new() };
                return Err(Error::Conflict(ended).into());
            }
            let what = "REPRESENTATIVE_ENDED";
            representative::tell(&mut *tx, &recorder, notice, what, id, now).await?;
            let held = representative::list(&mut *tx, &recorder, Which::one(id), None).await?.pop();
            let held = held.ok_or(Error::Internal("what was just ended"))?;
            let representative = Some(appoint::told(&held, to_person));
            let reply = EndRepresentativeResponse { representative };
            let answer = reply.encode_to_vec();
            pg::requests::keep_answer(tx, &key, recorder.person(), id, &answer, now).await?;
            Ok((reply, ()))
        })
    });
    ended.await
}
