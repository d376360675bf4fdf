//! For whom what has happened is read: the one judgement of what an agency is told.

use ::rpc::Error;
use kernel::AgencyId;
use permit::{Call, Deferred, Disclosure, ReadReferrals, Refusal, Subscriber};

use crate::{
    App,
    domain::{Event, News},
    reconcile::hidden_is_withdrawn,
    store,
};

/// Where an event is refused and its referral is not withdrawn, a consent has begun again in between, or this
/// reader's purposes do not suffice.
const ATTEMPTS: usize = 2;

/// What is told of an event, and what goes with it; none: nothing was opened for it.
pub(crate) type Told = (News, Option<Disclosure>);

/// Who is told.
pub(crate) enum Reader<'a> {
    /// Who watches.
    Call(&'a Call),
    /// An agency, by this task.
    Subscriber(&'static str, &'a Subscriber),
}

impl Reader<'_> {
    async fn defer(&self, app: &App) -> Result<Deferred<ReadReferrals>, Refusal> {
        match self {
            Self::Call(call) => app.deps.guard.defer(call).await,
            Self::Subscriber(task, subscriber) => {
                app.deps.guard.defer_for(task, (*subscriber).clone())
            }
        }
    }

    fn agency(&self) -> Option<&AgencyId> {
        match self {
            Self::Call(call) => call.caller().agency(),
            Self::Subscriber(_, subscriber) => Some(&subscriber.agency),
        }
    }

    /// What may be told of an event now; none: it is as if there were none.
    pub(crate) async fn released(&self, app: &App, event: &Event) -> Result<Option<Told>, Error> {
        // What is no more there is told to those who may not see it.
        if event.news == News::Withdrawn {
            return Ok(Some((News::Withdrawn, None)));
        }
        // What is withdrawn is withdrawn from the target; a source sees its own, or its purposes do not suffice.
        let from_us = event.record.custodian.as_ref() != self.agency();
        for attempt in 1..=ATTEMPTS {
            let deferred = self.defer(app).await?;
            match app.deps.guard.release(store::sealed(&deferred, event)).await {
                Ok((news, disclosure)) => return Ok(Some((news, Some(disclosure)))),
                // Leaving it out loses nothing only where the agency is told that it was withdrawn.
                Err(Refusal::NotFound) => {
                    let again = from_us && attempt < ATTEMPTS;
                    if !again || hidden_is_withdrawn(app, event).await? {
                        break;
                    }
                }
                // Leaving it out would lose it: whoever comes back with the cursor gets it.
                Err(refusal) => return Err(refusal.into()),
            }
        }
        Ok(None)
    }
}
