//! What has happened lately, read once in this process and handed to whoever watches, by keys that say whom or
//! what it concerns: of many who watch only those concerned wake, and none of them asks the database.
//!
//! A number is told by its own commit at once, and looked for twice a second for those of other replicas.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::future::select_all;
use pg::{StoreError, points};
use tokio::sync::{Notify, watch};
use uuid::Uuid;

const POLL: Duration = Duration::from_millis(500);
/// Read at once.
const BATCH: i32 = 1_000;
/// Taken at once by one who watches.
const SOME: i32 = 100;
/// Kept in memory: who is further behind reads from the database.
const KEPT: usize = 20_000;

/// What has a number of its own, in the order of the commits.
pub trait Numbered: Clone + Send + Sync + 'static {
    fn seq(&self) -> i64;
}

/// Where events are kept, each with a number that is never seen before an earlier one.
pub trait Log: Send + Sync + 'static {
    type Event: Numbered;

    /// The last number that was committed; 0 before the first.
    fn head(&self) -> impl Future<Output = Result<i64, StoreError>> + Send;

    /// All after the first number and up to the second, in order, at most so many.
    fn all(
        &self,
        span: (i64, i64),
        most: i32,
    ) -> impl Future<Output = Result<Vec<Heard<Self::Event>>, StoreError>> + Send;

    /// Of these the ones that concern any of the keys.
    fn of(
        &self,
        keys: &[Uuid],
        span: (i64, i64),
        most: i32,
    ) -> impl Future<Output = Result<Vec<Self::Event>, StoreError>> + Send;
}

/// An event, and what it concerns, each key once.
#[derive(Debug, Clone)]
pub struct Heard<E> {
    pub event: E,
    pub concerns: Vec<Uuid>,
}

/// Events after a number, and up to which number that is all that there is; none: there may be more.
pub type Next<E> = (Vec<E>, Option<i64>);

pub struct Feed<L: Log> {
    log: L,
    /// The last number that was committed, as far as is known.
    head: watch::Sender<i64>,
    /// Something was committed, whatever its number.
    committed: Notify,
    lately: Mutex<Lately<L::Event>>,
}

impl<L: Log> std::fmt::Debug for Feed<L> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed").field("head", &*self.head.borrow()).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Lately<E> {
    /// Every event after this number and up to the other is here; none at first.
    span: Option<(i64, i64)>,
    /// In their order.
    all: VecDeque<Arc<Heard<E>>>,
    of: HashMap<Uuid, VecDeque<Arc<Heard<E>>>>,
    /// Those who watch, by key: the last number that concerns it.
    wakes: HashMap<Uuid, watch::Sender<i64>>,
}

impl<E: Numbered> Lately<E> {
    fn new() -> Self {
        Self { span: None, all: VecDeque::new(), of: HashMap::new(), wakes: HashMap::new() }
    }

    fn add(&mut self, heard: Heard<E>) {
        let heard = Arc::new(heard);
        for key in &heard.concerns {
            self.of.entry(*key).or_default().push_back(Arc::clone(&heard));
            if let Some(wake) = self.wakes.get(key) {
                wake.send_replace(heard.event.seq());
            }
        }
        self.all.push_back(heard);
    }

    /// Lets the oldest go, and what nobody watches any more.
    fn trim(&mut self, kept: usize) {
        while self.all.len() > kept {
            let Some(oldest) = self.all.pop_front() else { return };
            for key in &oldest.concerns {
                if let Some(own) = self.of.get_mut(key) {
                    own.pop_front();
                    if own.is_empty() {
                        self.of.remove(key);
                    }
                }
            }
            if let Some((after, _)) = &mut self.span {
                *after = oldest.event.seq();
            }
        }
        self.wakes.retain(|_, wake| wake.receiver_count() > 0);
    }
}

/// Wakes whoever watches some keys.
#[derive(Debug)]
pub struct Wakes(Vec<watch::Receiver<i64>>);

impl Wakes {
    /// What comes from now on wakes.
    pub fn mark_seen(&mut self) {
        self.0.iter_mut().for_each(watch::Receiver::mark_unchanged);
    }

    /// Never, where nothing is watched.
    pub async fn changed(&mut self) {
        if self.0.is_empty() {
            return std::future::pending().await;
        }
        let all = self.0.iter_mut().map(|wake| Box::pin(wake.changed()));
        // Their senders are in the feed, and the feed outlives who watches.
        let _ = select_all(all).await;
    }
}

impl<L: Log> Feed<L> {
    pub fn new(log: L) -> Self {
        let (head, committed) = (watch::Sender::new(0), Notify::new());
        Self { log, head, committed, lately: Mutex::new(Lately::new()) }
    }

    fn lately(&self) -> MutexGuard<'_, Lately<L::Event>> {
        self.lately.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes whenever something concerns one of the keys.
    pub fn subscribe(&self, keys: &[Uuid]) -> Wakes {
        let mut lately = self.lately();
        let mut wake = |key: &Uuid| {
            lately.wakes.entry(*key).or_insert_with(|| watch::Sender::new(0)).subscribe()
        };
        Wakes(keys.iter().map(&mut wake).collect())
    }

    /// Wakes whenever something was committed, to whomever it is to be told.
    pub fn heads(&self) -> watch::Receiver<i64> {
        self.head.subscribe()
    }

    /// An event of this number has been committed, and so have all before it.
    pub fn reached(&self, seq: i64) {
        self.head.send_if_modified(|head| {
            let further = seq > *head;
            *head = seq.max(*head);
            further
        });
    }

    /// Something may have been committed: whoever writes does not know its number.
    pub fn look(&self) {
        self.committed.notify_one();
    }

    /// What concerns the keys after a number, at most so many. None: it is not in memory (any more), or not up
    /// to `least` yet.
    fn since(
        &self,
        keys: &[Uuid],
        (after, least): (i64, i64),
        most: usize,
    ) -> Option<Next<L::Event>> {
        let lately = self.lately();
        let here = |(from, upto): &(i64, i64)| *from <= after && *upto >= least;
        let (_, upto) = lately.span.filter(here)?;
        let mut found = BTreeMap::new();
        for own in keys.iter().filter_map(|key| lately.of.get(key)) {
            let new = own.iter().filter(|heard| heard.event.seq() > after);
            found.extend(new.take(most).map(|heard| (heard.event.seq(), heard)));
        }
        let events: Vec<_> = found.values().take(most).map(|heard| heard.event.clone()).collect();
        let whole = (events.len() < most).then_some(upto);
        Some((events, whole))
    }

    /// Asks the log for the head.
    pub async fn head(&self) -> Result<i64, StoreError> {
        let head = self.log.head().await?;
        self.reached(head);
        Ok(head)
    }

    /// What concerns the keys after a number; all that there is up to `least` or later, or there may be more.
    pub async fn events_of(
        &self,
        keys: &[Uuid],
        after: i64,
        least: i64,
    ) -> Result<Next<L::Event>, StoreError> {
        let most = usize::try_from(SOME).unwrap_or(usize::MAX);
        if let Some(lately) = self.since(keys, (after, least), most) {
            return Ok(lately);
        }
        let head = self.head().await?;
        let events = self.log.of(keys, (after, head), SOME).await?;
        let whole = (events.len() < most).then_some(head);
        Ok((events, whole))
    }

    /// Reads on to the head. What is there at the first time is history, and stays in the database.
    async fn read_on(&self) -> Result<(), StoreError> {
        let head = *self.head.borrow();
        let span = self.lately().span;
        let Some((_, mut upto)) = span else {
            self.lately().span = Some((head, head));
            return Ok(());
        };
        while upto < head {
            let all = self.log.all((upto, head), BATCH).await?;
            points::reached("feed.read");
            let reached = match all.last() {
                Some(last) if all.len() == usize::try_from(BATCH).unwrap_or(usize::MAX) => {
                    last.event.seq()
                }
                _ => head,
            };
            let mut lately = self.lately();
            all.into_iter().for_each(|heard| lately.add(heard));
            if let Some((_, end)) = &mut lately.span {
                *end = reached;
            }
            drop(lately);
            points::reached("feed.handed");
            upto = reached;
        }
        self.lately().trim(KEPT);
        Ok(())
    }

    /// Hands on what is committed, without end.
    pub async fn poll(&self) {
        let mut heads = self.head.subscribe();
        let mut look = tokio::time::interval(POLL);
        loop {
            let told = tokio::select! {
                changed = heads.changed() => if changed.is_err() { return } else { true },
                () = self.committed.notified() => false,
                _ = look.tick() => false,
            };
            if !told && let Err(error) = self.head().await {
                tracing::warn!(%error, "the events could not be read");
                // Without a head what is history is not known.
                continue;
            }
            if let Err(error) = self.read_on().await {
                tracing::warn!(%error, "the events could not be read");
                tokio::time::sleep(POLL).await;
            }
        }
    }
}

#[cfg(test)]
mod tests;
