//! Tells agencies by webhook what their Watch tells: the same events, judged the same, in the same order. One
//! replica at a time delivers to a webhook, one event at a time, and its place moves on once the event was
//! delivered, or was not to be told.

mod drive;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use ::rpc::Error;
use kernel::AgencyId;
use tokio::{
    task::{self, JoinSet},
    time::MissedTickBehavior,
};
use uuid::Uuid;

use crate::{App, store::Waiting};

/// As audit records name it.
const TASK: &str = "trellis.referrals/Webhook";
/// How often retries are looked for.
const EACH: Duration = Duration::from_secs(1);
/// Events are looked for so often at most.
const SHORT: Duration = Duration::from_millis(50);
/// Webhooks that one replica delivers to at once.
const AT_ONCE: usize = 256;

/// Up to where it is known that there is nothing for a webhook that stands at a place.
type Quiet = HashMap<Uuid, (i64, i64)>;

/// Until the service stops; then whatever is being delivered is left to another replica.
pub(crate) async fn run(app: Arc<App>) {
    let (mut heads, stop) = (app.feed.heads(), app.deps.stop.clone());
    let mut ticks = tokio::time::interval(EACH);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut at_work, mut quiet) = (JoinSet::new(), Quiet::new());
    // Which task delivers to which webhook.
    let mut driven: HashMap<task::Id, Uuid> = HashMap::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = heads.changed() => {}
            _ = ticks.tick() => {}
            Some(done) = at_work.join_next_with_id() => ended(&mut driven, done),
        }
        // All that have ended: others wait for their places.
        while let Some(done) = at_work.try_join_next_with_id() {
            ended(&mut driven, done);
        }
        heads.borrow_and_update();
        let busy = driven.values().copied().collect();
        match look(&app, &busy, &mut quiet).await {
            Ok(busy) => {
                for id in busy.into_iter().take(AT_ONCE.saturating_sub(driven.len())) {
                    driven.insert(at_work.spawn(drive::run(Arc::clone(&app), id)).id(), id);
                }
            }
            Err(error) => tracing::warn!(%error, "webhooks were not looked for"),
        }
        tokio::time::sleep(SHORT).await;
    }
    while at_work.join_next().await.is_some() {}
}

/// One that broke is delivered to again once its lease has ended.
fn ended(driven: &mut HashMap<task::Id, Uuid>, done: Result<(task::Id, ()), task::JoinError>) {
    let id = match done {
        Ok((id, _)) => id,
        Err(broken) => broken.id(),
    };
    driven.remove(&id);
}

/// Those for which there is something.
async fn look(app: &App, driven: &HashSet<Uuid>, quiet: &mut Quiet) -> Result<Vec<Uuid>, Error> {
    let mut known = Quiet::new();
    let mut busy = Vec::new();
    for Waiting { id, agency, reached } in app.store.waiting(app.deps.clock.now()).await? {
        if driven.contains(&id) || !active(app, &agency.into()) {
            continue;
        }
        let before = quiet.get(&id).filter(|(at, _)| *at == reached);
        let after = before.map_or(reached, |(_, upto)| *upto);
        let (events, whole) = app.feed.events_of(&[agency], after, 0).await?;
        if events.is_empty() {
            known.insert(id, (reached, after.max(whole.unwrap_or_default())));
        } else {
            busy.push(id);
        }
    }
    *quiet = known;
    Ok(busy)
}

/// Whether the directory says that the agency takes part; where it says nothing nothing is delivered.
fn active(app: &App, agency: &AgencyId) -> bool {
    app.deps.directory.takes_part(agency) == Some(true)
}
