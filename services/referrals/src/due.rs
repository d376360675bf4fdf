//! What is not answered in time: both sides are told once, and what nobody answers ends.

use std::{sync::Arc, time::Duration};

use ::rpc::Error;
use kernel::{Instant, Kind, PersonId};
use pg::PgConnection;
use tokio::time::MissedTickBehavior;
use uuid::Uuid;

use crate::{
    App,
    domain::{News, State},
    reconcile::{Stop, by_network},
    store::{self, Change, Late, OfNetwork, Told},
};

/// As audit records name it.
const TASK: &str = "trellis.referrals/Unanswered";
/// What a move says that the end of the time to answer made.
const NOT_ANSWERED: &str = "NOT_ANSWERED";
/// From when both were told that the time to answer is over to the end.
pub const EXPIRES_AFTER: time::Duration = time::Duration::days(30);
const EACH: Duration = Duration::from_secs(1);
const MOST: i32 = 100;

/// Looks each second. Without end.
pub(crate) async fn run(app: Arc<App>) {
    let mut ticks = tokio::time::interval(EACH);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // Nothing is lost: the next look finds it again.
        if let Err(error) = look(&app).await {
            tracing::warn!(%error, "what is not answered in time was not looked for");
        }
    }
}

/// Tells of, or ends, what is late now. Another replica's doing is found done.
pub async fn look(app: &App) -> Result<(), Error> {
    let now = app.deps.clock.now();
    let mut after = (Instant::UNIX_EPOCH, Uuid::nil());
    loop {
        let due = app.store.due(now, now - EXPIRES_AFTER, after, MOST).await?;
        for one in &due {
            after = (one.at, one.referral);
            // One that can't be written keeps no other from its turn.
            if let Err(error) = late(app, one.referral, one.person.clone(), now).await {
                tracing::warn!(%error, "an unanswered referral was left for the next look");
            }
        }
        if due.len() < usize::try_from(MOST).unwrap_or(usize::MAX) {
            return Ok(());
        }
    }
}

async fn late(app: &App, referral: Uuid, person: PersonId, now: Instant) -> Result<(), Error> {
    let guard = &app.deps.guard;
    let act = guard.by_network(TASK, Kind::Referral, person);
    let done = guard
        .commit_by_network(app.store.db(), "referral.late", act, vec![referral], move |tx, act| {
            Box::pin(async move { write(tx, &OfNetwork { act: &act, referral }, now).await })
        })
        .await;
    match done {
        Ok(seq) => {
            app.feed.reached(seq);
            Ok(())
        }
        Err(Stop::Nothing) => Ok(()),
        Err(Stop::Store(error)) => Err(error.into()),
        Err(Stop::Refused(refusal)) => Err(refusal.into()),
    }
}

async fn write(tx: &mut PgConnection, hold: &OfNetwork<'_>, now: Instant) -> Result<i64, Stop> {
    let found = store::locked(&mut *tx, hold).await?;
    let news = match store::late(&mut *tx, hold, now, now - EXPIRES_AFTER).await? {
        Some(Late::Overdue) => {
            store::overdue(&mut *tx, hold, now).await?;
            News::Overdue
        }
        Some(Late::Expired) => {
            let change = Change {
                reason: Some(NOT_ANSWERED.to_owned()),
                ..by_network(State::Cancelled, found.target_sees, now)
            };
            store::change(&mut *tx, hold, &found, &change).await?;
            News::State(State::Cancelled)
        }
        None => return Err(Stop::Nothing),
    };
    let only = (!found.target_sees).then_some(found.source);
    Ok(store::tell(tx, hold, &found, Told { news, only, at: now }).await?)
}
