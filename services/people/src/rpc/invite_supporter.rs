//! InviteSupporter and DismissSupporter: for the recovery service alone, which has asked the person.

use permit::Call;
use pg::{PgConnection, Scope};
use rpc::{Conflict, Error, InTx};
use tonic::{Request, Response};
use wire::{
    convert::timestamp,
    people::v1::{
        DismissSupporterRequest, DismissSupporterResponse, InviteSupporterRequest,
        InviteSupporterResponse,
    },
};

use crate::{
    App,
    domain::{Code, LIFETIME},
    store::{
        binding, invitation,
        supporter::{self, Supporter},
    },
};

const INVITE: &str = "trellis.people.v1.PeopleFactsService/InviteSupporter";
const DISMISS: &str = "trellis.people.v1.PeopleFactsService/DismissSupporter";

/// Another invitation in the place of the one before, if there is one: its code is in this reply and nowhere else.
pub async fn invite(
    app: &App,
    request: Request<InviteSupporterRequest>,
) -> Result<Response<InviteSupporterResponse>, Error> {
    let call = rpc::call(&request, INVITE)?;
    rpc::only_for(call.caller(), "recovery")?;
    let req = request.into_inner();
    let given = req.inviter.as_ref();
    let issuer = given.and_then(|by| rpc::plain("inviter.issuer", &by.issuer, false));
    let subject = given.and_then(|by| rpc::plain("inviter.subject", &by.subject, false));
    rpc::check(&req).and(issuer).and(subject).done()?;
    let of = Supporter {
        id: rpc::id("supporter", "supporters", &req.supporter)?,
        person: rpc::id("person", "people", &req.person)?,
    };
    let inviter = req.inviter.ok_or_else(|| Error::field("inviter", "must be given"))?;
    let inviter = invitation::SignInKey { issuer: inviter.issuer, subject: inviter.subject };
    let code = Code::fresh().ok_or(Error::Internal("no randomness"))?;
    let now = app.deps.clock.now();
    let new = invitation::New {
        id: ledger::new_id(&app.deps.clock),
        code_sha256: code.sha256(),
        inviter,
        now,
        expires: now + LIFETIME,
    };
    let expires = new.expires;
    written(app, &call, "supporter.invite", of, move |tx| {
        let new = new.clone();
        Box::pin(async move {
            // Whoever accepts at this moment waits, or is waited for.
            binding::lock(&mut *tx, of.person).await?;
            if supporter::is_bound(&mut *tx, of).await? {
                let bound = Conflict::WrongState { state: "joined", allowed: Vec::new() };
                return Err(Error::Conflict(bound).into());
            }
            supporter::uninvite(&mut *tx, of, new.now).await?;
            Ok(invitation::add_supporter(tx, of, &new).await?)
        })
    })
    .await?;
    Ok(Response::new(InviteSupporterResponse {
        code: code.into_text(),
        expires: Some(timestamp(expires)),
    }))
}

/// Ends the sign-in of a supporter and what could still bind one. Done again it changes nothing.
pub async fn dismiss(
    app: &App,
    request: Request<DismissSupporterRequest>,
) -> Result<Response<DismissSupporterResponse>, Error> {
    let call = rpc::call(&request, DISMISS)?;
    rpc::only_for(call.caller(), "recovery")?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let of = Supporter {
        id: rpc::id("supporter", "supporters", &req.supporter)?,
        person: rpc::id("person", "people", &req.person)?,
    };
    let now = app.deps.clock.now();
    written(app, &call, "supporter.dismiss", of, move |tx| {
        Box::pin(async move {
            binding::lock(&mut *tx, of.person).await?;
            supporter::uninvite(&mut *tx, of, now).await?;
            Ok(supporter::unbind(tx, of, now).await?)
        })
    })
    .await?;
    Ok(Response::new(DismissSupporterResponse {}))
}

/// With its record: the network acts here in consequence of the person's own act.
async fn written<F>(
    app: &App,
    call: &Call,
    name: &'static str,
    of: Supporter,
    work: F,
) -> Result<(), Error>
where
    F: for<'c> Fn(&'c mut PgConnection) -> pg::BoxFuture<'c, Result<(), InTx>>
        + Send
        + Sync
        + 'static,
{
    let mut event = permit::network_event(call, vec![of.id], app.deps.guard.clock());
    event.person = Some(of.person);
    event.bases = vec!["NETWORK".into()];
    let work = std::sync::Arc::new(work);
    let done = app.deps.db.try_tx(name, Scope::person(of.person), None, move |tx| {
        let (event, work) = (event.clone(), std::sync::Arc::clone(&work));
        Box::pin(async move {
            work(&mut *tx).await?;
            ledger::write_in(tx, &[event]).await?;
            Ok::<_, InTx>(())
        })
    });
    Ok(done.await?)
}
