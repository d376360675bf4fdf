//! Writes to what is done for a plan for work: the person's, and their employment specialist's, who writes only while
//! the plan is shared with them.

use std::sync::Arc;

use kernel::{Instant, Kind, PersonId, Role};
use permit::{Ask, Call, Disclosure, Located, ReadPlans, RecordSteps};
use pg::{BoxFuture, PgConnection, requests::keep_answer};
use prost::Message;
use rpc::{Denial, Error, InTx};
use uuid::Uuid;

use super::{
    list_crises::whole_name,
    own::{Own, of_owner},
};
use crate::{
    App,
    domain::{Grantee, record},
    store::{self, Whose},
};

/// Whose plan it is, and who writes: none, the person themself.
#[derive(Debug, Clone)]
pub(super) struct By {
    pub(super) plan: (Whose, Uuid),
    pub(super) specialist: Option<Grantee>,
}

/// A write to what is done for a plan.
pub(super) struct Written {
    pub(super) call: Call,
    pub(super) once: rpc::Request,
    pub(super) plan: Uuid,
    /// Whose plan it is; none: there is no such plan.
    pub(super) owner: Option<Uuid>,
    /// The transaction's name.
    pub(super) tx: &'static str,
}

impl Written {
    /// Writes under the plan's lock, once, or answers as the first time. It is on record by the plan.
    pub(super) async fn made<M, F>(self, app: &App, make: F) -> Result<M, Error>
    where
        M: Message + Default + 'static,
        F: for<'c> Fn(&'c mut PgConnection, By) -> BoxFuture<'c, Result<M, InTx>>
            + Send
            + Sync
            + 'static,
    {
        if !self.call.caller().roles().contains(Role::Person) {
            return self.by_specialist(app, make).await;
        }
        let Self { call, once, plan, owner, tx } = self;
        let permit = of_owner(app, &call, owner, plan).await?;
        let own = Own { call, once, permit, id: plan, records: vec![plan], tx };
        own.made(app, move |tx, permit| {
            make(tx, By { plan: (Whose::from(&*permit), plan), specialist: None })
        })
        .await
    }

    async fn by_specialist<M, F>(self, app: &App, make: F) -> Result<M, Error>
    where
        M: Message + Default + 'static,
        F: for<'c> Fn(&'c mut PgConnection, By) -> BoxFuture<'c, Result<M, InTx>>
            + Send
            + Sync
            + 'static,
    {
        let Self { call, once, plan, owner, tx: name } = self;
        let guard = &app.deps.guard;
        let who = Grantee::of(&whole_name(&call)?);
        let shared = Arc::new((make, once.key.clone(), who));
        let clock = Arc::clone(&app.deps.clock);
        let write = async {
            let found = owner.map(|person| record(plan, person));
            let located = Located::of(Kind::PlanSection, plan, found);
            let permit = guard.permit(&call, Ask::<RecordSteps>::about(located)).await?;
            let written = guard.commit(app.store.db(), name, permit, move |tx, permit| {
                let (shared, now) = (Arc::clone(&shared), clock.now());
                Box::pin(async move {
                    let (make, key, who) = &*shared;
                    let (whose, person) = (Whose::from(&*permit), permit.person_id());
                    works(&mut *tx, (whose, plan), who, now).await?;
                    let by = By { plan: (whose, plan), specialist: Some(who.clone()) };
                    let reply = make(&mut *tx, by).await?;
                    keep_answer(tx, key, person, plan, &reply.encode_to_vec(), now).await?;
                    Ok::<_, InTx>(reply)
                })
            });
            let written = written.await?;
            Ok((written.value, written.disclosure))
        };
        let again = |_| readable(app, &call, plan, owner);
        let done = once.written(app.store.db(), write, again).await;
        if let (Err(Error::Denied(_) | Error::NotFound), Some(person)) = (&done, owner) {
            // Not told: the answer says already what it may.
            let _ = guard.refuse_standing(&call, Some(&PersonId::from(person)), vec![plan]).await;
        }
        Ok(done?.0)
    }
}

/// Whether they work on the plan still, under its lock: by then whoever would end it waits until this transaction ends.
async fn works(
    tx: &mut PgConnection,
    plan: (Whose, Uuid),
    who: &Grantee,
    now: Instant,
) -> Result<(), InTx> {
    if !store::lock_for(&mut *tx, plan.0).await?
        || !store::is_shared_with(&mut *tx, plan, who, now).await?
    {
        return Err(Error::NotFound.into());
    }
    let named = store::specialist(tx, plan).await?;
    // They may read it: that it is theirs to record is not what they are shown.
    if named.is_some_and(|named| named.by == *who) {
        Ok(())
    } else {
        Err(Error::Denied(Denial::ActionNotPermitted).into())
    }
}

/// Whether the plan is open to the caller now: decided, and on record.
async fn readable(
    app: &App,
    call: &Call,
    plan: Uuid,
    owner: Option<Uuid>,
) -> Result<Disclosure, Error> {
    let guard = &app.deps.guard;
    let deferred = guard.defer::<ReadPlans>(call).await?;
    let sealed = deferred.seal(plan, owner.map(|person| (record(plan, person), ())));
    Ok(guard.release(sealed).await?.1)
}
