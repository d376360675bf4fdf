//! ConfirmSignIn.

use permit::Call;
use rpc::{Error, InTx};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::people::v1::{ConfirmSignInRequest, ConfirmSignInResponse};

use super::shared;
use crate::{App, store::binding};

const RPC: &str = "trellis.people.v1.PeopleService/ConfirmSignIn";

/// The caller's agency vouches for the live sign-in of the person, or of a representative. A replay is authorized again and finds
/// the confirmation made.
pub async fn handle(
    app: &App,
    request: Request<ConfirmSignInRequest>,
) -> Result<Response<ConfirmSignInResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    let ids = [
        ("request_id", &*req.request_id),
        ("person", &req.person),
        ("representative", &req.representative),
    ];
    rpc::check(&req).ids(&ids).done()?;
    let person = rpc::id("person", "people", &req.person)?;
    let representative =
        rpc::optional_id("representative", "representatives", &req.representative)?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    if once.earlier(&app.deps.db).await?.is_some() {
        shared::own_profile(app, &call, person).await?;
        return Ok(Response::new(ConfirmSignInResponse {}));
    }
    match confirm(app, &call, person, representative, &once).await {
        Ok(()) => Ok(Response::new(ConfirmSignInResponse {})),
        Err(error) if shared::landed(&error) => Ok(Response::new(ConfirmSignInResponse {})),
        Err(error) => Err(error.into()),
    }
}

async fn confirm(
    app: &App,
    call: &Call,
    person: Uuid,
    representative: Option<Uuid>,
    once: &rpc::Request,
) -> Result<(), InTx> {
    let permit = shared::own_profile(app, call, person).await?;
    let agency = shared::agency(call)?;
    let (staff, now, key) = (shared::sign_in(call), app.deps.clock.now(), once.key.clone());
    let done = app.deps.guard.commit(&app.deps.db, "sign_in.confirm", permit, move |tx, permit| {
        let (staff, key) = (staff.clone(), key.clone());
        Box::pin(async move {
            let live = binding::live(&mut *tx, permit.person_id(), representative).await?;
            let live = live.ok_or(Error::NotFound)?;
            // Nobody vouches for a sign-in of their own, or of their agency's staff.
            if live.key == staff || binding::is_staff(&mut *tx, agency, &live.key).await? {
                return Err(Error::NotFound.into());
            }
            binding::confirm(&mut *tx, &permit, live.id, now).await?;
            binding::seen_as_staff(&mut *tx, &permit, &staff).await?;
            pg::requests::keep_answer(tx, &key, permit.person_id(), live.id, &[], now).await?;
            Ok::<_, InTx>(())
        })
    });
    match done.await {
        Ok(_) => Ok(()),
        Err(InTx::Other(Error::NotFound)) => {
            shared::record_refusal(app, call, person, representative.unwrap_or_default()).await?;
            Err(Error::NotFound.into())
        }
        Err(error) => Err(error),
    }
}
