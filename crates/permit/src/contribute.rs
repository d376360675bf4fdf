//! Who gives something to a person without seeing anything: one of their circle, or staff of an agency that has
//! registered them. What they wrote themself, and what became of it, is all that they are told.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use identity::CallerKind;
use kernel::{Action, PersonId};
use pg::{BoxFuture, Db, PgConnection, Scope, TxError};
use policy::Who;
use uuid::Uuid;

use crate::{
    Call, Guard, Refusal, Support,
    commit::{Last, locked},
    event,
    guard::nobody,
    permit::Ground,
    stands,
};

/// Who gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contributor {
    /// `supporters/{id}`. Whether the person has ended that, whoever holds their circle says.
    Supporter(Uuid),
    /// `agency/practitioner`.
    Staff(String),
}

impl Contributor {
    /// As records name them: `supporters/{id}` or `agency/practitioner`.
    pub fn text(&self) -> String {
        match self {
            Self::Supporter(id) => Support::grantee(*id),
            Self::Staff(whole) => whole.clone(),
        }
    }
}

/// The guard's word on it.
pub struct ContributorPermit {
    pub(crate) ground: Arc<Ground>,
    pub(crate) person: PersonId,
    by: Contributor,
}

impl ContributorPermit {
    pub fn scope(&self) -> Scope {
        Scope::people(self.person.uuid())
    }
    pub fn person_id(&self) -> Uuid {
        self.person.uuid().unwrap_or_default()
    }
    pub fn by(&self) -> &Contributor {
        &self.by
    }
}

impl fmt::Debug for ContributorPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContributorPermit").field("rpc", &self.ground.rpc).finish_non_exhaustive()
    }
}

impl Guard {
    /// Whether the caller stands so to this person now.
    pub async fn contributor(
        &self,
        call: &Call,
        person: PersonId,
    ) -> Result<ContributorPermit, Refusal> {
        let who = self.who(call).await?;
        let by = match (&who, call.caller().kind()) {
            (Who::Supporter { .. }, _) => {
                self.supporter_of(call, &person).await?.map(Contributor::Supporter)
            }
            (Who::Practitioner { .. }, CallerKind::Staff { agency, practitioner })
                if self.registered(call, &person).await? =>
            {
                self.takes_part(agency).await?;
                Some(Contributor::Staff(format!("{agency}/{practitioner}")))
            }
            _ => None,
        };
        let by = by.filter(|_| person != nobody()).ok_or(Refusal::NotFound)?;
        let ground = Arc::new(Ground {
            rpc: call.rpc(),
            call: Some(call.clone()),
            subscriber: None,
            who: Some(who),
            action: Action::Write,
            kind: kernel::Kind::Support,
            recipient: None,
            decision_id: Uuid::new_v4(),
        });
        Ok(ContributorPermit { ground, person, by })
    }

    async fn still_contributes(&self, permit: &ContributorPermit) -> Result<(), Refusal> {
        let call = permit.ground.call.as_ref().ok_or(Refusal::NotFound)?;
        let now = self.contributor(call, permit.person.clone()).await?;
        if now.by == permit.by { permit.ground.in_force() } else { Err(Refusal::NotFound) }
    }

    /// A write of theirs: recorded in its transaction, by what `work` says it was about. That they still stand so is
    /// asked before the COMMIT, within the fence.
    pub async fn commit_contribution<T, E, F>(
        &self,
        db: &Db,
        name: &'static str,
        permit: ContributorPermit,
        work: F,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: TxError + From<Refusal>,
        F: for<'c> Fn(
                &'c mut PgConnection,
                Arc<ContributorPermit>,
            ) -> BoxFuture<'c, Result<(T, Vec<Uuid>), E>>
            + Send
            + Sync
            + 'static,
    {
        let scope = permit.scope();
        let permit = Arc::new(permit);
        let (guard, live) = (self.clone(), Arc::clone(&permit));
        let about = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&about);
        let last = move || -> BoxFuture<'static, Last<()>> {
            let (guard, permit, records) =
                (guard.clone(), Arc::clone(&live), locked(&told).clone());
            Box::pin(async move {
                let denied = |refusal| {
                    let (ground, person) = (&permit.ground, &permit.person);
                    let ended =
                        stands::ended(ground, person, refusal, records.clone(), &guard.clock);
                    (refusal, ended.map(Box::new))
                };
                guard.still_contributes(&permit).await.map_err(denied)?;
                Ok((event::contributed(&permit, records, Action::Write, &guard.clock), ()))
            })
        };
        let done = self.fenced(
            db,
            name,
            scope,
            move |tx| {
                let (done, about) = (work(tx, Arc::clone(&permit)), Arc::clone(&about));
                Box::pin(async move {
                    let (value, records) = done.await?;
                    *locked(&about) = records;
                    Ok::<_, E>((value, Vec::new()))
                })
            },
            last,
        );
        let (value, ()) = done.await?;
        Ok(value)
    }

    /// Opens what they wrote themself: recorded, then opened.
    pub async fn release_contribution<T>(
        &self,
        permit: &ContributorPermit,
        records: Vec<Uuid>,
        value: T,
    ) -> Result<T, Refusal> {
        if let Err(refusal) = self.still_contributes(permit).await {
            let (ground, person) = (&permit.ground, &permit.person);
            if let Some(event) = stands::ended(ground, person, refusal, records, &self.clock) {
                self.record(event).await?;
            }
            return Err(refusal);
        }
        self.record(event::contributed(permit, records, Action::Read, &self.clock)).await?;
        Ok(value)
    }
}
