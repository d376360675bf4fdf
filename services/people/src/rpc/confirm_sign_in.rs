//! ConfirmSignIn.

use permit::{Call, Permit, WriteProfiles};
use rpc::{Error, InTx};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::people::v1::{ConfirmSignInRequest, ConfirmSignInResponse};

use super::shared;
use crate::{
    App,
    domain::{Key, ShortCode},
    store::{binding, confirmation, representative::Recorder},
};

const RPC: &str = "trellis.people.v1.PeopleService/ConfirmSignIn";

/// Whose sign-in, and the code that was shown.
#[derive(Clone, Copy)]
struct Shown {
    person: Uuid,
    representative: Option<Uuid>,
    code: Key,
}

/// The caller's agency vouches for the sign-in of the person, or of a representative, whose code it was
/// shown. A replay is authorized again and finds the confirmation made.
pub async fn handle(
    app: &App,
    request: Request<ConfirmSignInRequest>,
) -> Result<Response<ConfirmSignInResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let mut req = request.into_inner();
    let ids = [
        ("request_id", &*req.request_id),
        ("person", &req.person),
        ("representative", &req.representative),
    ];
    rpc::check(&req).ids(&ids).done()?;
    let person = rpc::id("person", "people", &req.person)?;
    let representative =
        rpc::optional_id("representative", "representatives", &req.representative)?;
    // Of what is kept of the request, the code is no part: it could be guessed through.
    let given = ShortCode::given(&std::mem::take(&mut req.code));
    let code = app.matching.of_confirmation(person, representative, &given);
    let shown = Shown { person, representative, code };
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    if once.earlier(&app.deps.db).await?.is_some() {
        shared::own_profile(app, &call, person).await?;
        shared::fence().await;
        return Ok(Response::new(ConfirmSignInResponse {}));
    }
    let permit = shared::own_profile(app, &call, person).await?;
    tried(app, &call, &permit, shown).await?;
    match confirm(app, &call, permit, shown, &once).await {
        Ok(()) => {}
        Err(error) if shared::landed(&error) => {}
        Err(error) => return Err(error.into()),
    }
    shared::fence().await;
    Ok(Response::new(ConfirmSignInResponse {}))
}

/// Whether the code is of a live sign-in. A wrong one is counted, and on record in the same commit;
/// where there is no sign-in, there is nothing to count, and all else is the same.
async fn tried(
    app: &App,
    call: &Call,
    permit: &Permit<WriteProfiles>,
    shown: Shown,
) -> Result<(), InTx> {
    let (recorder, scope) = (Recorder::agency_of(permit), permit.scope());
    let about = shown.representative.unwrap_or_default();
    let refusal = shared::refusal(app, call, shown.person, about);
    let right = app.deps.db.try_tx("sign_in.try", scope, None, move |tx| {
        let refusal = refusal.clone();
        Box::pin(async move {
            let Shown { representative, code, .. } = shown;
            let found = confirmation::of_code(&mut *tx, &recorder, representative, &code).await?;
            if found.is_none() {
                confirmation::count_wrong(&mut *tx, &recorder, representative).await?;
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
    permit: Permit<WriteProfiles>,
    shown: Shown,
    once: &rpc::Request,
) -> Result<(), InTx> {
    let agency = shared::agency(call)?;
    let (staff, now, key) = (shared::sign_in(call), app.deps.clock.now(), once.key.clone());
    let done = app.deps.guard.commit(&app.deps.db, "sign_in.confirm", permit, move |tx, permit| {
        let (staff, key) = (staff.clone(), key.clone());
        Box::pin(async move {
            let recorder = Recorder::agency_of(&permit);
            let Shown { representative, code, .. } = shown;
            let live = confirmation::of_code(&mut *tx, &recorder, representative, &code).await?;
            let live = live.ok_or(Error::NotFound)?;
            // Nobody vouches for a sign-in of their own, or of their agency's staff.
            if live.key == staff || binding::is_staff(&mut *tx, agency, &live.key).await? {
                return Err(Error::NotFound.into());
            }
            if representative.is_none() {
                binding::replace_confirmed(&mut *tx, &permit, live.id, now).await?;
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
            let about = shown.representative.unwrap_or_default();
            shared::record_refusal(app, call, shown.person, about).await?;
            Err(Error::NotFound.into())
        }
        Err(error) => Err(error),
    }
}
