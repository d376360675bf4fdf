//! The binding itself.

use kernel::{AgencyId, AgencyStatus, Role};
use permit::Call;
use pg::{PgConnection, StoreError};
use prost::Message as _;
use rpc::{Error, InTx, Outage};
use uuid::Uuid;
use wire::{convert::name_of, people::v1::AcceptInvitationResponse};

use crate::{
    App,
    domain::{self, ShortCode},
    rpc::shared,
    store::{
        binding, confirmation,
        invitation::{self, Presented, SignInKey},
        profile,
    },
};

/// Uses the invitation up and binds, in one transaction with its audit record. Whoever accepts is
/// nobody's person yet, so no permit stands behind this: the agency's invitation does.
pub async fn accept(
    app: &App,
    call: &Call,
    presented: &Presented,
    once: &rpc::Request,
) -> Result<AcceptInvitationResponse, InTx> {
    let new = Accepting::of(app, call, presented)?;
    let code = ShortCode::fresh().ok_or(Error::Internal("no randomness"))?;
    let hash = app.matching.of_confirmation(presented.person(), presented.representative(), &code);
    let mut reply = AcceptInvitationResponse {
        person: name_of("people", presented.person()),
        representative: presented
            .representative()
            .map(|id| name_of("representatives", id))
            .unwrap_or_default(),
        ..AcceptInvitationResponse::default()
    };
    // Kept without the code.
    let answer = reply.encode_to_vec();
    let mut event = permit::network_event(call, vec![presented.id()], app.deps.guard.clock());
    event.person = Some(presented.person());
    event.bases = vec!["INVITATION".into()];
    let (key, now, presented) = (once.key.clone(), new.now, presented.clone());
    let scope = presented.scope();
    app.deps
        .while_vouched("sign_in.bind", scope, call, move |tx| {
            let (new, presented) = (new.clone(), presented.clone());
            let (key, answer, event) = (key.clone(), answer.clone(), event.clone());
            Box::pin(async move {
                let id = bind(&mut *tx, &presented, &new).await?;
                let id = id.ok_or(Error::NotFound)?;
                confirmation::give(&mut *tx, &presented, id, &hash).await?;
                pg::requests::keep_answer(tx, &key, presented.person(), id, &answer, now).await?;
                ledger::write_in(tx, &[event]).await?;
                Ok::<_, InTx>(())
            })
        })
        .await?;
    shared::fence().await;
    reply.confirmation_code = code.into_text();
    Ok(reply)
}

/// What would be bound.
#[derive(Clone)]
struct Accepting {
    /// A token of the kind invited, and an agency that vouches, or the person.
    admitted: bool,
    key: SignInKey,
    /// Who signed in, where that was proofed. It proves a representative, but not their appointment.
    proofed: Option<identity::Proofed>,
    id: Uuid,
    now: kernel::Instant,
}

impl Accepting {
    fn of(app: &App, call: &Call, presented: &Presented) -> Result<Self, Error> {
        let directory = app.deps.directory.agencies();
        let (_, agencies) = directory.ok_or(Error::Unavailable(Outage::Directory))?;
        let active = |agency| {
            let inviting = agencies.get(&AgencyId::from(agency));
            inviting.is_some_and(|a| a.status == AgencyStatus::Active)
        };
        let vouches = presented.agency().map_or(presented.representative().is_some(), active);
        let role = match presented.representative() {
            Some(_) => Role::Representative,
            None => Role::Person,
        };
        Ok(Self {
            admitted: vouches && call.caller().roles().contains(role),
            key: shared::sign_in(call),
            proofed: call
                .caller()
                .proofed()
                .filter(|_| presented.representative().is_none())
                .cloned(),
            id: ledger::new_id(&app.deps.clock),
            now: app.deps.clock.now(),
        })
    }
}

/// The binding's id; none where it may not be.
async fn bind(
    tx: &mut PgConnection,
    presented: &Presented,
    new: &Accepting,
) -> Result<Option<Uuid>, StoreError> {
    let live = binding::live(&mut *tx, presented, &new.key).await?;
    let agency = presented.agency().unwrap_or_default();
    let staff = binding::is_staff(&mut *tx, agency, &new.key).await?;
    let stands = binding::inviter_stands(&mut *tx, presented).await?;
    let taken = invitation::take(&mut *tx, presented, &new.key, new.now).await?;
    let stated = profile::stated(&mut *tx, presented).await?;
    if !taken || staff || !stands || !new.admitted {
        return Ok(None);
    }
    let proofed = new.proofed.as_ref().is_some_and(|p| domain::stands(p, agency, &stated));
    let id = live.unwrap_or(new.id);
    match live {
        // The same sign-in: another agency vouches for it.
        Some(_) if proofed => binding::proof(&mut *tx, presented, id).await?,
        Some(_) => {}
        None => binding::bind(&mut *tx, presented, id, &new.key, proofed, new.now).await?,
    }
    if presented.representative().is_none() {
        binding::replace(&mut *tx, presented, id, proofed, new.now).await?;
        if live.is_none() {
            binding::tell_others(&mut *tx, presented, id, new.now).await?;
        }
    }
    binding::vouch(tx, presented, id, new.now).await?;
    Ok(Some(id))
}
