//! Consent in the loop: when the facts about a person change, each referral that was sent about them
//! is decided on again, and what follows is done by the network itself.

use std::{sync::Arc, time::Duration};

use ::rpc::Error;
use facts::Peer;
use kernel::{Kind, PersonId};
use permit::Refusal;
use pg::{BoxFuture, PgConnection, StoreError, TxError};

use crate::{
    App,
    domain::{Consequence, Ending, Event, News, State, consequence},
    store::{self, Change, Locked, OfNetwork, Sent, Told},
};

/// As audit records name it.
const TASK: &str = "trellis.referrals/Reconcile";
/// What a move says that the end of a consent made.
const REVOKED: &str = "CONSENT_REVOKED";
const AGAIN: Duration = Duration::from_millis(200);

/// Follows the changes of people's facts from where it left off. Without end.
pub(crate) async fn follow(app: Arc<App>, consent: Peer) {
    let after = loop {
        match app.store.facts_cursor().await {
            Ok(after) => break after,
            Err(error) => tracing::warn!(%error, "no place to follow the facts from"),
        }
        tokio::time::sleep(AGAIN).await;
    };
    let stop = app.deps.stop.clone();
    facts::follow_facts(consent, after, stop, Following(app)).await;
}

struct Following(Arc<App>);

impl facts::Changes for Following {
    async fn changed(&self, person: PersonId) -> bool {
        let done = reconcile(&self.0, &person).await;
        done.inspect_err(|error| tracing::warn!(%error, "referrals were not reconciled")).is_ok()
    }

    async fn reached(&self, sequence: i64) -> bool {
        let kept = self.0.store.facts_reached(sequence).await;
        kept.inspect_err(|error| tracing::warn!(%error, "a place was not kept")).is_ok()
    }
}

/// Does for every referral of the person what follows from the facts as they are now. Doing it again
/// changes nothing.
pub async fn reconcile(app: &App, person: &PersonId) -> Result<(), Error> {
    let guard = &app.deps.guard;
    let act = guard.by_network(TASK, Kind::Referral, person.clone());
    let sent = app.store.sent(&act).await?;
    // Together, so that they share their questions.
    let covered = sent.iter().map(|sent| guard.covered(&sent.record, &sent.target, sent.purposes));
    let covered = futures::future::try_join_all(covered).await?;
    for (sent, covered) in sent.into_iter().zip(covered) {
        if consequence(sent.standing, sent.target_sees, covered).is_some() {
            carry_out(app, sent).await?;
        }
    }
    Ok(())
}

/// Whether the target of an event's referral is told, or will be, that it no longer sees it. What follows
/// from the end of a consent may still be to come when its first event is refused, and after a new consent
/// nothing does: so it is done first.
pub(crate) async fn hidden_is_withdrawn(app: &App, event: &Event) -> Result<bool, Error> {
    let Some(sent) = seen(app, event).await? else { return Ok(true) };
    let covered = app.deps.guard.covered(&sent.record, &sent.target, sent.purposes).await?;
    if consequence(sent.standing, sent.target_sees, covered).is_none() {
        return Ok(false);
    }
    carry_out(app, sent).await?;
    Ok(seen(app, event).await?.is_none())
}

/// The event's referral, if its target sees it.
async fn seen(app: &App, event: &Event) -> Result<Option<Sent>, Error> {
    let person = event.record.person.clone();
    let act = app.deps.guard.by_network(TASK, Kind::Referral, person);
    let sent = app.store.sent(&act).await?;
    Ok(sent.into_iter().find(|sent| sent.record.id == event.record.id && sent.target_sees))
}

/// Why nothing was written.
pub(crate) enum Stop {
    Store(StoreError),
    Refused(Refusal),
    /// Somebody else was faster.
    Nothing,
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl TxError for Stop {
    fn as_store(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

/// Decides once more with the referral locked, so that of several replicas the last one to write has
/// asked last.
async fn carry_out(app: &App, sent: Sent) -> Result<(), Error> {
    let guard = &app.deps.guard;
    let act = guard.by_network(TASK, Kind::Referral, sent.record.person.clone());
    let id = sent.record.id.uuid().unwrap_or_default();
    let (asked, at, sent) = (guard.clone(), app.deps.clock.now(), Arc::new(sent));
    let done = guard
        .commit_by_network(app.store.db(), "referral.reconcile", act, vec![id], move |tx, act| {
            let (guard, sent) = (asked.clone(), Arc::clone(&sent));
            let work: BoxFuture<'_, Result<i64, Stop>> = Box::pin(async move {
                let hold = OfNetwork { act: &act, referral: id };
                let found = store::locked(&mut *tx, &hold).await?;
                let covered = guard
                    .covered(&sent.record, &sent.target, sent.purposes)
                    .await
                    .map_err(Stop::Refused)?;
                match consequence(found.standing, found.target_sees, covered) {
                    Some(Consequence::Withdraw { hold: true }) => {
                        held(&mut *tx, &hold, &found, at).await?;
                        withdrawn(tx, &hold, &found, at).await
                    }
                    Some(Consequence::Hold) => held(tx, &hold, &found, at).await,
                    Some(Consequence::Withdraw { hold: false }) => {
                        store::sees(&mut *tx, &hold, false).await?;
                        withdrawn(tx, &hold, &found, at).await
                    }
                    Some(Consequence::Return { to }) => returned(tx, &hold, &found, to, at).await,
                    None => Err(Stop::Nothing),
                }
            });
            work
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

pub(crate) fn by_network(to: State, target_sees: bool, at: kernel::Instant) -> Change {
    Change { to, by: None, reason: None, ending: Ending::default(), sent: None, target_sees, at }
}

/// On hold: its source is told.
async fn held(
    tx: &mut PgConnection,
    hold: &OfNetwork<'_>,
    found: &Locked,
    at: kernel::Instant,
) -> Result<i64, Stop> {
    let change =
        Change { reason: Some(REVOKED.to_owned()), ..by_network(State::OnHold, false, at) };
    store::change(&mut *tx, hold, found, &change).await?;
    let told = Told { news: News::State(State::OnHold), only: Some(found.source), at };
    Ok(store::tell(tx, hold, found, told).await?)
}

/// Its target is told that it is withdrawn.
async fn withdrawn(
    tx: &mut PgConnection,
    hold: &OfNetwork<'_>,
    found: &Locked,
    at: kernel::Instant,
) -> Result<i64, Stop> {
    let told = Told { news: News::Withdrawn, only: Some(found.target), at };
    Ok(store::tell(tx, hold, found, told).await?)
}

/// Seen again: both are told where the network moves it back, else the target where it stands.
async fn returned(
    tx: &mut PgConnection,
    hold: &OfNetwork<'_>,
    found: &Locked,
    to: Option<State>,
    at: kernel::Instant,
) -> Result<i64, Stop> {
    let told = match to {
        Some(to) => {
            store::change(&mut *tx, hold, found, &by_network(to, true, at)).await?;
            store::asked_again(&mut *tx, hold, at).await?;
            Told { news: News::State(to), only: None, at }
        }
        None => {
            store::sees(&mut *tx, hold, true).await?;
            store::asked_again(&mut *tx, hold, at).await?;
            Told { news: News::State(found.standing.state), only: Some(found.target), at }
        }
    };
    Ok(store::tell(tx, hold, found, told).await?)
}
