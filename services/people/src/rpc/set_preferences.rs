//! SetPreferences.

use permit::Call;
use prost::Message as _;
use rpc::{Error, InTx};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::people::v1::{SetPreferencesRequest, SetPreferencesResponse};

use super::{
    appoint::{self, Right},
    preferences, renew_confirmation_code, shared,
};
use crate::{
    App,
    domain::Statement,
    store::preference::{self, By},
};

const RPC: &str = "trellis.people.v1.PeopleService/SetPreferences";

/// States what the person prefers: their own word, or what the caller's agency heard of them. Absent, refused and
/// not registered are one.
pub async fn handle(
    app: &App,
    request: Request<SetPreferencesRequest>,
) -> Result<Response<SetPreferencesResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    let wrong = req.preferences.as_ref().map(preferences::wrong).unwrap_or_default();
    let ids = [("request_id", &*req.request_id), ("person", &req.person)];
    rpc::check(&req).ids(&ids).and(wrong).done()?;
    let person = rpc::id("person", "people", &req.person)?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let again = |_| async { right(app, &call, person).await.map(drop) };
    let (reply, ()) =
        once.written(&app.deps.db, state(app, &call, person, req, &once), again).await?;
    Ok(Response::new(reply))
}

async fn right(app: &App, call: &Call, person: Uuid) -> Result<Right, Error> {
    appoint::right(app, call, person, Uuid::nil()).await
}

async fn state(
    app: &App,
    call: &Call,
    person: Uuid,
    req: SetPreferencesRequest,
    once: &rpc::Request,
) -> Result<(SetPreferencesResponse, ()), InTx> {
    let expected = preferences::expected(&req.etag)?;
    let right = right(app, call, person).await?;
    let by = match &right {
        Right::Agency(_) => By::Agency(shared::agency(call)?),
        Right::Person(_) => {
            let own = renew_confirmation_code::own(app, call, person, None).await?;
            By::Own(own.ok_or(Error::NotFound)?)
        }
    };
    let new = Statement {
        id: ledger::new_id(&app.deps.clock),
        at: app.deps.clock.now(),
        preferences: preferences::stated(req.preferences.unwrap_or_default()),
    };
    let (writer, key) = (shared::sign_in(call), once.key.clone());
    let done = right.commit(app, "preference.state", vec![new.id], move |tx, recorder| {
        let (new, writer, key) = (new.clone(), writer.clone(), key.clone());
        Box::pin(async move {
            let kept = preference::state(&mut *tx, &recorder, by, &new, expected, &writer).await?;
            let kept = kept.ok_or(Error::Conflict(rpc::Conflict::Stale))?;
            let reply = SetPreferencesResponse { preferences: Some(preferences::told(&kept)) };
            let answer = reply.encode_to_vec();
            pg::requests::keep_answer(tx, &key, recorder.person(), new.id, &answer, new.at).await?;
            Ok::<_, InTx>((reply, ()))
        })
    });
    done.await
}
