//! Getting events on record: grouped for reads, inside the write's own transaction for writes.

use std::{sync::Arc, time::Duration};

use pg::{Db, Group, GroupError, Lane, Limits, PgConnection, StoreError, points};

use crate::{Event, columns::Columns};

#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// Events waiting for the disk; one more is refused at once.
    pub queue: usize,
    /// Events in one commit.
    pub max_batch: usize,
    /// Repetitions of a commit that went unanswered.
    pub retries: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { queue: 4096, max_batch: 512, retries: 5 }
    }
}

/// The event is not known to be durable: release nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    #[error("the ledger is unavailable")]
    Unavailable,
    #[error("the ledger refused the event")]
    Refused(#[source] StoreError),
}

type Recorded = Result<(), LedgerError>;

/// A service's ledger. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ledger {
    pub(crate) db: Db,
    group: Group<Event, Recorded, LedgerError>,
    #[cfg(feature = "unrecorded")]
    unrecorded: bool,
}

impl Ledger {
    /// Starts the writer. It ends when the last clone has been dropped and all is written.
    pub fn start(db: Db, config: Config) -> Self {
        let limits = Limits { max_group: config.max_batch, queue: config.queue, in_flight: 1 };
        let lane = db.lane();
        let group = Group::new("ledger", limits, move |events: Vec<Event>| {
            let lane = lane.clone();
            async move { Ok(write(&lane, events.into(), config.retries).await) }
        });
        Self {
            db,
            group,
            #[cfg(feature = "unrecorded")]
            unrecorded: false,
        }
    }

    /// A ledger that forgets the records of reads: for measuring what they cost.
    #[cfg(feature = "unrecorded")]
    pub fn unrecorded(db: Db) -> Self {
        Self { unrecorded: true, ..Self::start(db, Config::default()) }
    }

    /// Records a read. Returns when the event is durable, together with whatever else was waiting;
    /// a caller that stops waiting does not take its event out of the queue.
    pub async fn record(&self, event: Event) -> Result<(), LedgerError> {
        #[cfg(feature = "unrecorded")]
        if self.unrecorded {
            return Ok(());
        }
        match self.group.ask(event).await {
            Ok(recorded) => recorded,
            Err(GroupError::Failed(error)) => Err(error),
            Err(GroupError::Overloaded | GroupError::Broken) => Err(LedgerError::Unavailable),
        }
    }

    /// Events that wait now: for a gauge.
    pub fn waiting(&self) -> usize {
        self.group.waiting()
    }
}

/// Records a write in the write's own transaction: both happen or neither. Call it last, since
/// the ledger's head stays locked until the commit. Returns the number of the last event.
pub async fn write_in(tx: &mut PgConnection, events: &[Event]) -> Result<i64, StoreError> {
    let columns = Columns::of(events)?;
    points::reached("ledger.write");
    let last = columns.append(tx).await?;
    points::reached("ledger.written");
    Ok(last)
}

/// One commit for all. Where the database refuses, half by half, until the event that it cannot
/// hold is alone: it takes nobody else's answer with it.
async fn write(lane: &Lane, events: Arc<[Event]>, retries: u32) -> Vec<Recorded> {
    let mut recorded = vec![Err(LedgerError::Unavailable); events.len()];
    let whole = 0..events.len();
    let mut todo = vec![whole];
    while let Some(range) = todo.pop() {
        let some = events.get(range.clone()).unwrap_or_default();
        let done = match Columns::of(some) {
            Ok(columns) => append(lane, Arc::new(columns), retries).await,
            Err(error) => Err(LedgerError::Refused(error)),
        };
        if matches!(done, Err(LedgerError::Refused(_))) && range.len() > 1 {
            let middle = range.start + range.len() / 2;
            todo.extend([range.start..middle, middle..range.end]);
        } else if let Some(some) = recorded.get_mut(range) {
            some.fill(done);
        }
    }
    recorded
}

async fn append(lane: &Lane, columns: Arc<Columns>, retries: u32) -> Recorded {
    let mut wait = Duration::from_millis(10);
    let mut unanswered = 0;
    loop {
        points::reached("ledger.batch");
        let events = Arc::clone(&columns);
        let done = lane
            .run_repeatable("ledger.record", move |conn| {
                let events = Arc::clone(&events);
                Box::pin(async move { events.append(conn).await })
            })
            .await;
        match done {
            Ok(_) => {
                points::reached("ledger.durable");
                return Ok(());
            }
            // It may be there. The same ids again are there once, whichever it was.
            Err(StoreError::Ambiguous(cause)) if unanswered < retries => {
                tracing::warn!(%cause, "an audit commit went unanswered");
                unanswered += 1;
            }
            // Once in doubt, find out, within the same bound: the server may be coming back.
            Err(StoreError::Unavailable(_)) if unanswered > 0 && unanswered < retries => {
                unanswered += 1;
            }
            Err(error) => {
                tracing::error!(%error, cause = ?error, events = columns.len(), "audit records were not written");
                return Err(match error {
                    StoreError::BadRow { .. }
                    | StoreError::Invalid(_)
                    | StoreError::Internal(_) => LedgerError::Refused(error),
                    _ => LedgerError::Unavailable,
                });
            }
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(Duration::from_millis(500));
    }
}
