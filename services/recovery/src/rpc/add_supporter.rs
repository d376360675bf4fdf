//! Asks somebody into the circle, and has the people service invite them.

use std::sync::Arc;

use kernel::PersonId;
use permit::Support;
use rpc::{Conflict, Error, Outage};
use tonic::{Code, Request, Response, Status};
use wire::recovery::v1::{AddSupporterRequest, AddSupporterResponse};

use super::{
    end_supporter::dismiss,
    own::{Own, themself},
    reply,
};
use crate::{
    App,
    domain::{MOST_SUPPORTERS, Supporter},
    store::{self, Whose},
};

const RPC: &str = "trellis.recovery.v1.RecoveryService/AddSupporter";

pub(super) async fn add_supporter(
    app: &App,
    request: Request<AddSupporterRequest>,
) -> Result<Response<AddSupporterResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let ids = [("request_id", &*request.request_id), ("person", &*request.person)];
    rpc::check(&request).ids(&ids).done()?;
    let person = rpc::id("person", "people", &request.person)?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let permit = themself(app, &call, person).await?;
    let said = reply::said(
        &request.called,
        request.relationship,
        &request.support_kinds,
        request.contribute_only,
    );
    let whose = Whose::from(&permit);
    let (id, now) = (ledger::new_id(&app.deps.clock), app.deps.clock.now());
    let new = Supporter { id, person, said, version: 1, created_at: now, ended_at: None };
    let new = Arc::new(new);
    let own = Own { call: call.clone(), once, permit, id, records: vec![id], tx: "circle.add" };
    let added = own.made(app, move |tx, permit| {
        let new = Arc::clone(&new);
        Box::pin(async move {
            let size = store::circle_size(&mut *tx, &permit).await?;
            if usize::try_from(size).is_ok_and(|size| size >= MOST_SUPPORTERS) {
                let (what, limit) = ("supporters", MOST_SUPPORTERS);
                return Err(Error::Conflict(Conflict::TooMany { what, limit }).into());
            }
            store::add_supporter(tx, &permit, &new).await?;
            let supporter = Some(reply::supporter(&new)?);
            Ok(AddSupporterResponse { supporter, ..AddSupporterResponse::default() })
        })
    });
    let mut added = added.await?;
    // A repeat answers as the first time, whoever has joined or was ended since: then nobody is invited.
    let name = added.supporter.as_ref().map(|supporter| &*supporter.name).unwrap_or_default();
    let id = rpc::id("supporter", "supporters", name)?;
    let of = Support { id, person: PersonId::from(person) };
    let by = (call.caller().issuer(), call.caller().subject().as_str());
    let invited = match app.store.is_of_circle(whose, id).await? {
        true => Some(facts::invite_supporter(&app.peers.people, &of, by).await),
        false => None,
    };
    // They may have been ended, and dismissed, before they were invited; or it is not known whether they were.
    let invited = match invited {
        Some(invited) if app.store.is_of_circle(whose, id).await? => invited,
        _ => {
            dismiss(app, &of).await?;
            let ended = Conflict::WrongState { state: "ended", allowed: Vec::new() };
            return Err(Error::Conflict(ended));
        }
    };
    let invited = invited.map_err(|status| not_invited(&status))?;
    (added.code, added.expire_time) = (invited.code, invited.expires);
    Ok(Response::new(added))
}

fn not_invited(status: &Status) -> Error {
    match status.code() {
        Code::FailedPrecondition => {
            Error::Conflict(Conflict::WrongState { state: "joined", allowed: Vec::new() })
        }
        code => {
            tracing::warn!(?code, "a supporter was not invited");
            Error::Unavailable(Outage::People)
        }
    }
}
