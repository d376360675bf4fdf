//! AcceptInvitation.

mod bind;
mod supporter;

use permit::Call;
use rpc::{Error, InTx, Outage, Replay};
use tonic::{Request, Response};
use wire::people::v1::{AcceptInvitationRequest, AcceptInvitationResponse};

use super::{renew_confirmation_code, shared};
use crate::{
    App,
    domain::Code,
    store::{
        binding, invitation,
        supporter::{ONE_A_PERSON, Supporter},
    },
};

const RPC: &str = "trellis.people.v1.PeopleService/AcceptInvitation";

/// Binds the caller's sign-in to the person, the representative or the supporter invited. A code that is wrong, used, ended or expired, a
/// sign-in of somebody else's or of the agency's own staff: one answer, after the same work.
pub async fn handle(
    app: &App,
    request: Request<AcceptInvitationRequest>,
) -> Result<Response<AcceptInvitationResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::check(&req).ids(&[("request_id", &req.request_id)]).done()?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    if let Some(replay) = once.earlier(&app.deps.db).await? {
        return replayed(app, &call, &once, replay).await;
    }
    let presented = invitation::presented(&app.deps.db, &Code::given(req.code)).await?;
    let accepted = match presented.supporter() {
        Some(of) => supporter::accept(app, &call, &presented, of, &once).await,
        None => bind::accept(app, &call, &presented, &once).await,
    };
    match accepted {
        Ok(reply) => Ok(Response::new(reply)),
        Err(error) if shared::landed(&error) => match once.earlier(&app.deps.db).await? {
            Some(replay) => replayed(app, &call, &once, replay).await,
            None => Err(Error::Unavailable(Outage::Overloaded)),
        },
        Err(error) if hidden(&error) => {
            // The same request may have used the code a moment ago.
            if let Some(replay) = once.earlier(&app.deps.db).await? {
                return replayed(app, &call, &once, replay).await;
            }
            shared::record_refusal(app, &call, presented.person(), presented.id()).await?;
            Err(Error::NotFound)
        }
        Err(error) => Err(error.into()),
    }
}

fn hidden(error: &InTx) -> bool {
    match error {
        InTx::Store(error) => {
            [Some(binding::OF_ONE_PERSON), Some(ONE_A_PERSON)].contains(&error.constraint())
        }
        InTx::Other(error) => matches!(error, Error::NotFound),
    }
}

/// The answer is the caller's as long as their sign-in is bound to what it names. The code is kept
/// nowhere, so this shows a fresh one.
async fn replayed(
    app: &App,
    call: &Call,
    once: &rpc::Request,
    replay: Replay,
) -> Result<Response<AcceptInvitationResponse>, Error> {
    let mut answer: AcceptInvitationResponse = once.answer(&app.deps.db, replay).await?;
    let person = rpc::id("person", "people", &answer.person)?;
    if let Some(id) = rpc::optional_id("supporter", "supporters", &answer.supporter)? {
        let own = supporter::own(app, call, Supporter { id, person }).await?;
        return if own { Ok(Response::new(answer)) } else { Err(Error::NotFound) };
    }
    let representative =
        rpc::optional_id("representative", "representatives", &answer.representative)?;
    let own = renew_confirmation_code::own(app, call, person, representative).await?;
    let own = own.ok_or(Error::NotFound)?;
    let code = renew_confirmation_code::renew(app, call, own, None).await?;
    shared::fence().await;
    answer.confirmation_code = code.into_text();
    Ok(Response::new(answer))
}
