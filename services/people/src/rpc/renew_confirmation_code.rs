//! RenewConfirmationCode.

use kernel::Role;
use permit::Call;
use pg::requests::RequestKey;
use rpc::{Error, InTx};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::people::v1::{RenewConfirmationCodeRequest, RenewConfirmationCodeResponse};

use super::shared;
use crate::{
    App,
    domain::ShortCode,
    store::confirmation::{self, Own},
};

const RPC: &str = "trellis.people.v1.PeopleService/RenewConfirmationCode";

/// Another code for the caller's own sign-in. It is in this reply and nowhere else, so a replay gets
/// one more, and the one before is void.
pub async fn handle(
    app: &App,
    request: Request<RenewConfirmationCodeRequest>,
) -> Result<Response<RenewConfirmationCodeResponse>, Error> {
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
    let first = once.earlier(&app.deps.db).await?.is_none();
    let renewed = match own(app, &call, person, representative).await? {
        Some(own) => match renew(app, &call, own, Some(once.key.clone()).filter(|_| first)).await {
            Err(error) if shared::landed(&error) => renew(app, &call, own, None).await,
            done => done,
        },
        None => Err(Error::NotFound.into()),
    };
    match renewed {
        Err(InTx::Other(Error::NotFound)) => {
            let about = representative.unwrap_or_default();
            shared::record_refusal(app, &call, person, about).await?;
            Err(Error::NotFound)
        }
        done => Ok(Response::new(RenewConfirmationCodeResponse { code: done?.into_text() })),
    }
}

/// The caller's own live binding, by a token of its kind.
pub async fn own(
    app: &App,
    call: &Call,
    person: Uuid,
    representative: Option<Uuid>,
) -> Result<Option<Own>, Error> {
    let role = match representative {
        Some(_) => Role::Representative,
        None => Role::Person,
    };
    if !call.caller().roles().contains(role) {
        return Ok(None);
    }
    let key = shared::sign_in(call);
    Ok(confirmation::own(&app.deps.db, key, person, representative).await?)
}

/// A fresh code in the place of the one before, with its audit record; `key`: and the request's.
pub async fn renew(
    app: &App,
    call: &Call,
    own: Own,
    key: Option<RequestKey>,
) -> Result<ShortCode, InTx> {
    let code = ShortCode::fresh().ok_or(Error::Internal("no randomness"))?;
    let hash = app.matching.of_confirmation(own.person(), own.representative(), &code);
    let mut event = permit::network_event(call, vec![own.id()], app.deps.guard.clock());
    event.person = Some(own.person());
    event.bases = match own.representative() {
        Some(_) => vec!["REPRESENTATIVE".into()],
        None => vec!["SELF".into()],
    };
    let now = app.deps.clock.now();
    let work = app.deps.while_vouched("confirmation.renew", own.scope(), call, move |tx| {
        let (key, event) = (key.clone(), event.clone());
        Box::pin(async move {
            if !confirmation::renew(&mut *tx, &own, &hash).await? {
                return Err(Error::NotFound.into());
            }
            if let Some(key) = key {
                // Without the code, so there is nothing of the answer to keep.
                pg::requests::keep_answer(tx, &key, own.person(), own.id(), &[], now).await?;
            }
            ledger::write_in(tx, &[event]).await?;
            Ok::<_, InTx>(())
        })
    });
    work.await?;
    Ok(code)
}
