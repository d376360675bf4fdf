//! Writes: the change, its audit record and a last question to those who know, one transaction.
//!
//! "Revoked" must mean: no write commits under the permit from then on. Asking before COMMIT is not
//! enough, since a revocation may fall between the answer and the COMMIT. So there is a fence: a
//! writer begins its COMMIT within [`FENCE`] of having put the question, or rolls back; and
//! RevokeConsent returns no earlier than [`FENCE`] after its own commit. A writer that was told "still
//! live" was told so before the revocation's commit, so its COMMIT begins before the revocation
//! returns. It needs no lock, no shared memory and no agreement between clocks. EndRepresentative does
//! the same toward the people service.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use kernel::Action;
use ledger::Event;
use pg::{BoxFuture, Db, PgConnection, StoreError, TxError};
use policy::{Reason, Record};

use crate::{
    Act, ByNetwork, Disclosure, Guard, Located, Outage, Permit, Refusal, StandingPermit, event,
    guard::Known, release::Sum, source::put_now, stands,
};

/// How long an answer lets a COMMIT begin, and how long a revocation waits.
pub const FENCE: Duration = Duration::from_millis(100);

/// Attempts at a COMMIT within the fence.
const ATTEMPTS: u32 = 3;

/// Other records of the same person that a write tells of: all of them the caller may read.
#[derive(Debug, Default)]
pub struct ToldFrom {
    /// The caller alone.
    pub read: Vec<Record>,
    /// What goes with what is sent, by parts of it: of each, whom it is sent to may read one of these parts, too.
    pub sent: Vec<Record>,
    /// More was to go with it that the caller may not read, or that is not there: it is not sent.
    pub lacks: bool,
}

impl From<Vec<Record>> for ToldFrom {
    fn from(read: Vec<Record>) -> Self {
        Self { read, ..Self::default() }
    }
}

/// What was written, and what goes with the reply.
#[derive(Debug)]
pub struct Written<T> {
    pub value: T,
    pub disclosure: Disclosure,
}

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is written must be permitted as it will be: by the same answer as what it is written to.
fn written_still<A: Act>(
    known: &Known,
    permit: &Permit<A>,
) -> Result<(), (Refusal, Option<Reason>)> {
    let written = locked(&permit.written).clone();
    if written.is_empty() {
        return Ok(());
    }
    let request = known.request(&permit.ground, A::ACTION).ok_or((Refusal::NotFound, None))?;
    let refused = known.judge(&request, &written).into_iter().find_map(Result::err);
    match refused {
        Some(refused) => Err((Refusal::ActionNotPermitted, Some(refused.reason))),
        None => Ok(()),
    }
}

/// What the last question came to: the audit record of the write, or the refusal and its own.
pub(crate) type Last<D> = Result<(Event, D), (Refusal, Option<Box<Event>>)>;

impl Guard {
    /// Runs `work`, asks whether the permit is still live, writes the audit record and commits, all
    /// or nothing. `work` may run again and must have no effect outside its transaction.
    pub async fn commit<A, T, E, F>(
        &self,
        db: &Db,
        name: &'static str,
        permit: Permit<A>,
        work: F,
    ) -> Result<Written<T>, E>
    where
        A: Act,
        T: Send + 'static,
        E: TxError + From<Refusal>,
        F: for<'c> Fn(&'c mut PgConnection, Arc<Permit<A>>) -> BoxFuture<'c, Result<T, E>>
            + Send
            + Sync
            + 'static,
    {
        self.commit_told_from(db, name, permit, ToldFrom::default(), move |tx, permit| {
            let done = work(tx, permit);
            Box::pin(async move { Ok((done.await?, Vec::new())) })
        })
        .await
    }

    /// As [`Guard::commit`], of what tells of these records of the same person: that the caller may read them still
    /// is judged on the same answer, within the fence, and that whom they are sent to may, on one of the same moment.
    /// `work` gives what the network does beside it, too, to be on record with it: in one go and last, since the head
    /// of the records is locked from there to the COMMIT.
    pub async fn commit_told_from<A, T, E, F>(
        &self,
        db: &Db,
        name: &'static str,
        permit: Permit<A>,
        from: ToldFrom,
        work: F,
    ) -> Result<Written<T>, E>
    where
        A: Act,
        T: Send + 'static,
        E: TxError + From<Refusal>,
        F: for<'c> Fn(
                &'c mut PgConnection,
                Arc<Permit<A>>,
            ) -> BoxFuture<'c, Result<(T, Vec<Event>), E>>
            + Send
            + Sync
            + 'static,
    {
        let permit = Arc::new(permit);
        let (guard, live, from) = (self.clone(), Arc::clone(&permit), Arc::new(from));
        let last = move || -> BoxFuture<'static, Last<Disclosure>> {
            let (guard, permit, from) = (guard.clone(), Arc::clone(&live), Arc::clone(&from));
            Box::pin(async move { guard.still_live(&permit, &from).await })
        };
        let scope = permit.scope();
        let (value, disclosure) =
            self.fenced(db, name, scope, move |tx| work(tx, Arc::clone(&permit)), last).await?;
        Ok(Written { value, disclosure })
    }

    /// Runs `work`, puts the `last` question, writes its audit record and begins the COMMIT within
    /// the fence of having put it; else all of it again.
    pub(crate) async fn fenced<T, D, E, F, L>(
        &self,
        db: &Db,
        name: &'static str,
        scope: pg::Scope,
        work: F,
        last: L,
    ) -> Result<(T, D), E>
    where
        T: Send + 'static,
        D: Send + 'static,
        E: TxError + From<Refusal>,
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<(T, Vec<Event>), E>>
            + Send
            + Sync
            + 'static,
        L: Fn() -> BoxFuture<'static, Last<D>> + Send + Sync + 'static,
    {
        let (work, last) = (Arc::new(work), Arc::new(last));
        for _ in 0..ATTEMPTS {
            let put = Arc::new(Mutex::new(None::<Instant>));
            let refused = Arc::new(Mutex::new(None::<Box<Event>>));
            let within = {
                let put = Arc::clone(&put);
                Arc::new(move || locked(&put).is_some_and(|at| at.elapsed() < FENCE))
            };
            let denied = Arc::clone(&refused);
            let (work, last) = (Arc::clone(&work), Arc::clone(&last));
            let done = db
                .try_tx(name, scope.clone(), Some(within), move |tx| {
                    let (work, last) = (Arc::clone(&work), Arc::clone(&last));
                    let (put, denied) = (Arc::clone(&put), Arc::clone(&denied));
                    Box::pin(async move {
                        let (value, mut events) = work(&mut *tx).await?;
                        *locked(&put) = Some(put_now());
                        let (event, told) = last().await.map_err(|(refusal, event)| {
                            *locked(&denied) = event;
                            refusal
                        })?;
                        events.push(event);
                        ledger::write_in(tx, &events).await?;
                        Ok::<_, E>((value, told))
                    })
                })
                .await;
            // Refused at the last moment: on record like any refusal, the write being undone.
            let event = locked(&refused).take();
            if let Some(event) = event {
                self.record(*event).await?;
            }
            match done {
                Err(error) if matches!(error.as_store(), Some(StoreError::FenceExpired)) => {}
                other => return other,
            }
        }
        Err(E::from(Refusal::Unavailable(Outage::Fence)))
    }

    /// Decides once more, on facts asked for now.
    async fn still_live<A: Act>(&self, permit: &Permit<A>, from: &ToldFrom) -> Last<Disclosure> {
        let located = permit.one.as_ref().ok_or((Refusal::NotFound, None))?;
        let asked = self.ask(&permit.ground, &permit.people);
        let theirs = self.still_theirs(&permit.ground);
        let unread = self.unread_where_sent(&permit.ground, &from.sent);
        let (known, theirs, unread) = futures::join!(asked, theirs, unread);
        let known = known.map_err(|away| (away, None))?;
        let revision = known.revision_of(&located.record.person);
        theirs.map_err(|refusal| {
            let ended = refusal == Refusal::NotFound;
            let event = || event::refused(&permit.ground, located, None, revision, &self.clock);
            (refusal, ended.then(event).map(Box::new))
        })?;
        let opened = self
            .check_one(&known, &permit.ground, located)
            .and_then(|opened| written_still(&known, permit).map(|()| opened))
            .map_err(|(refusal, why)| {
                let event = event::refused(&permit.ground, located, why, revision, &self.clock);
                (refusal, Some(Box::new(event)))
            })?;
        let request = known.request(&permit.ground, Action::Read);
        let request = request.ok_or((Refusal::NotFound, None))?;
        let denied = |record: &Record, reason, own: Option<Refusal>| {
            let told_from = Located { record: record.clone(), parts: Vec::new(), found: true };
            let reason = Some(reason);
            let event = event::refused(&permit.ground, &told_from, reason, revision, &self.clock);
            let refusal = own.unwrap_or_else(|| Refusal::of_record(&told_from, reason));
            (refusal, Some(Box::new(event)))
        };
        for record in from.read.iter().chain(&from.sent) {
            let found = known.judge_one(&request, record);
            found.map_err(|refused| denied(record, refused.reason, None))?;
        }
        if let Some((record, reason, _)) = unread.map_err(|away| (away, None))? {
            return Err(denied(record, reason, Some(Refusal::AttachedNotCovered)));
        }
        if from.lacks {
            // On record of what is sent: of the other nothing is known here.
            let reason = Reason::RecordNotCovered;
            return Err(denied(&located.record, reason, Some(Refusal::AttachedNotCovered)));
        }
        let sum = Sum::of(&opened);
        let mut event = event::permitted(
            &permit.ground,
            &located.record.person,
            std::slice::from_ref(&located.record),
            &sum,
            revision,
            &self.clock,
        );
        event.action = A::RECORDED;
        Ok((event, sum.disclosure(&permit.ground, &known)))
    }

    /// A write to what is the person's own (a consent): recorded in its transaction. That whoever writes stands so
    /// still (the sign-in is the person's, the agency takes part, the representative acts for them) is asked
    /// before the COMMIT, within the fence.
    pub async fn commit_standing<T, E, F>(
        &self,
        db: &Db,
        name: &'static str,
        permit: StandingPermit,
        records: Vec<uuid::Uuid>,
        work: F,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: TxError + From<Refusal>,
        F: for<'c> Fn(&'c mut PgConnection, Arc<StandingPermit>) -> BoxFuture<'c, Result<T, E>>
            + Send
            + Sync
            + 'static,
    {
        let scope = permit.scope();
        let permit = Arc::new(permit);
        let event = event::standing(&permit, records.clone(), true, &self.clock);
        let (guard, live) = (self.clone(), Arc::clone(&permit));
        let last = move || -> BoxFuture<'static, Last<()>> {
            let (guard, permit) = (guard.clone(), Arc::clone(&live));
            let (event, records) = (event.clone(), records.clone());
            Box::pin(async move {
                let denied = |refusal| {
                    let (ground, person) = (&permit.ground, &permit.person);
                    let ended = stands::ended(ground, person, refusal, records, &guard.clock);
                    (refusal, ended.map(Box::new))
                };
                guard.still_stands_to_write(&permit).await.map_err(denied)?;
                Ok((event, ()))
            })
        };
        let done = self.fenced(
            db,
            name,
            scope,
            move |tx| {
                let done = work(tx, Arc::clone(&permit));
                Box::pin(async move { Ok::<_, E>((done.await?, Vec::new())) })
            },
            last,
        );
        let (value, ()) = done.await?;
        Ok(value)
    }

    /// A write of the network's own: recorded in its transaction.
    pub async fn commit_by_network<T, E, F>(
        &self,
        db: &Db,
        name: &'static str,
        act: ByNetwork,
        records: Vec<uuid::Uuid>,
        work: F,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: TxError,
        F: for<'c> Fn(&'c mut PgConnection, Arc<ByNetwork>) -> BoxFuture<'c, Result<T, E>>
            + Send
            + Sync
            + 'static,
    {
        let act = Arc::new(act);
        let event = event::by_network(&act, records, &self.clock);
        self.recorded(db, name, act.scope(), event, move |tx| work(tx, Arc::clone(&act))).await
    }

    async fn recorded<T, E, F>(
        &self,
        db: &Db,
        name: &'static str,
        scope: pg::Scope,
        event: Event,
        work: F,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: TxError,
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, E>> + Send + Sync + 'static,
    {
        let work = Arc::new(work);
        db.try_tx(name, scope, None, move |tx| {
            let (work, event) = (Arc::clone(&work), event.clone());
            Box::pin(async move {
                let value = work(&mut *tx).await?;
                ledger::write_in(tx, &[event]).await?;
                Ok::<_, E>(value)
            })
        })
        .await
    }
}
