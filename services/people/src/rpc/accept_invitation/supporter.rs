//! The binding of a supporter: their sign-in opens nothing but what the person shares with them.

use kernel::Role;
use permit::Call;
use pg::Scope;
use prost::Message as _;
use rpc::{Error, InTx};
use wire::{convert::name_of, people::v1::AcceptInvitationResponse};

use crate::{
    App,
    rpc::shared,
    store::{
        binding,
        invitation::{self, Presented},
        supporter::{self, Supporter},
    },
};

/// Uses the invitation up and binds, in one transaction with its audit record.
pub async fn accept(
    app: &App,
    call: &Call,
    presented: &Presented,
    of: Supporter,
    once: &rpc::Request,
) -> Result<AcceptInvitationResponse, InTx> {
    let admitted = call.caller().roles().contains(Role::Supporter)
        && !call.caller().roles().contains(Role::Person);
    let reply = AcceptInvitationResponse {
        person: name_of("people", of.person),
        supporter: name_of("supporters", of.id),
        ..AcceptInvitationResponse::default()
    };
    let mut event = permit::network_event(call, vec![presented.id()], app.deps.guard.clock());
    event.person = Some(of.person);
    event.bases = vec!["INVITATION".into()];
    let (id, now) = (ledger::new_id(&app.deps.clock), app.deps.clock.now());
    let (key, by, answer) = (once.key.clone(), shared::sign_in(call), reply.encode_to_vec());
    let presented = presented.clone();
    app.deps
        .while_vouched("supporter.bind", Scope::person(of.person), call, move |tx| {
            let (key, by, answer) = (key.clone(), by.clone(), answer.clone());
            let (presented, event) = (presented.clone(), event.clone());
            Box::pin(async move {
                binding::lock(&mut *tx, of.person).await?;
                let stands = binding::inviter_stands(&mut *tx, &presented).await?;
                let taken = invitation::take(&mut *tx, &presented, &by, now).await?;
                if !(admitted && stands && taken) {
                    return Err(Error::NotFound.into());
                }
                supporter::bind(&mut *tx, &presented, of, id, &by, now).await?;
                pg::requests::keep_answer(tx, &key, of.person, id, &answer, now).await?;
                ledger::write_in(tx, &[event]).await?;
                Ok::<_, InTx>(())
            })
        })
        .await?;
    Ok(reply)
}

/// Whether the caller's sign-in is bound to the supporter that an answer named.
pub async fn own(app: &App, call: &Call, of: Supporter) -> Result<bool, Error> {
    if !call.caller().roles().contains(Role::Supporter) {
        return Ok(false);
    }
    let key = shared::sign_in(call);
    let scope = Scope::person(of.person).reading();
    let own = app.deps.db.run_tx("supporter.own", scope, move |tx| {
        let key = key.clone();
        Box::pin(async move { supporter::is_own(tx, of, &key).await })
    });
    Ok(own.await?)
}
