//! What has happened lately, read once in this process and handed to whoever watches by their agency: of
//! many who watch only those of the two agencies concerned wake, and none of them asks the database.
//!
//! A number is told by its own commit at once, and looked for twice a second for those of other replicas.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use pg::{StoreError, points};
use tokio::sync::watch;
use uuid::Uuid;

use crate::{
    App,
    domain::{Event, Heard},
};

const POLL: Duration = Duration::from_millis(500);
/// Read at once.
const BATCH: i32 = 1_000;
/// Taken at once by one who watches.
const SOME: i32 = 100;
/// Kept in memory: who is further behind reads from the database.
const KEPT: usize = 20_000;

#[derive(Debug)]
pub(crate) struct Feed {
    /// The last number that was committed, as far as is known.
    head: watch::Sender<i64>,
    lately: Mutex<Lately>,
}

#[derive(Debug, Default)]
struct Lately {
    /// Every event after this number and up to the other is here; none at first.
    span: Option<(i64, i64)>,
    /// In their order.
    all: VecDeque<Arc<Heard>>,
    of: HashMap<Uuid, VecDeque<Arc<Heard>>>,
    /// Those who watch, by agency: the last number that concerns it.
    wakes: HashMap<Uuid, watch::Sender<i64>>,
}

impl Lately {
    fn add(&mut self, heard: Heard) {
        let heard = Arc::new(heard);
        for agency in heard.concerns() {
            self.of.entry(agency).or_default().push_back(Arc::clone(&heard));
            if let Some(wake) = self.wakes.get(&agency) {
                wake.send_replace(heard.event.seq);
            }
        }
        self.all.push_back(heard);
    }

    /// Lets the oldest go.
    fn trim(&mut self, kept: usize) {
        while self.all.len() > kept {
            let Some(oldest) = self.all.pop_front() else { return };
            for agency in oldest.concerns() {
                if let Some(own) = self.of.get_mut(&agency) {
                    own.pop_front();
                    if own.is_empty() {
                        self.of.remove(&agency);
                    }
                }
            }
            if let Some((after, _)) = &mut self.span {
                *after = oldest.event.seq;
            }
        }
        self.wakes.retain(|_, wake| wake.receiver_count() > 0);
    }
}

impl Feed {
    pub(crate) fn new() -> Self {
        Self { head: watch::Sender::new(0), lately: Mutex::default() }
    }

    fn lately(&self) -> MutexGuard<'_, Lately> {
        self.lately.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes whenever something concerns the agency.
    pub(crate) fn subscribe(&self, agency: Uuid) -> watch::Receiver<i64> {
        let mut lately = self.lately();
        lately.wakes.entry(agency).or_insert_with(|| watch::Sender::new(0)).subscribe()
    }

    /// Wakes whenever something was committed, to whomever it is to be told.
    pub(crate) fn heads(&self) -> watch::Receiver<i64> {
        self.head.subscribe()
    }

    /// An event of this number has been committed, and so have all before it.
    pub(crate) fn reached(&self, seq: i64) {
        self.head.send_if_modified(|head| {
            let further = seq > *head;
            *head = seq.max(*head);
            further
        });
    }

    /// What concerns the agency after a number, at most so many, and up to which number that is all that
    /// there is (none: there may be more). None: it is not in memory (any more), or not up to `least` yet.
    fn since(
        &self,
        agency: Uuid,
        (after, least): (i64, i64),
        most: usize,
    ) -> Option<(Vec<Event>, Option<i64>)> {
        let lately = self.lately();
        let here = |(from, upto): &(i64, i64)| *from <= after && *upto >= least;
        let (_, upto) = lately.span.filter(here)?;
        let own = lately.of.get(&agency).into_iter().flatten();
        let new = own.filter(|heard| heard.event.seq > after);
        let events: Vec<Event> = new.take(most).map(|heard| heard.event.clone()).collect();
        let whole = (events.len() < most).then_some(upto);
        Some((events, whole))
    }
}

impl App {
    /// Asks the store for the head.
    pub(crate) async fn head(&self) -> Result<i64, StoreError> {
        let head = self.store.head().await?;
        self.feed.reached(head);
        Ok(head)
    }

    /// What concerns the agency after a number, and up to which number, `least` or a later one, that is all
    /// that there is; none: there may be more.
    pub(crate) async fn events_of(
        &self,
        agency: Uuid,
        after: i64,
        least: i64,
    ) -> Result<(Vec<Event>, Option<i64>), StoreError> {
        let most = usize::try_from(SOME).unwrap_or(usize::MAX);
        if let Some(lately) = self.feed.since(agency, (after, least), most) {
            return Ok(lately);
        }
        let head = self.head().await?;
        let events = self.store.events(agency, after, head, SOME).await?;
        let whole = (events.len() < most).then_some(head);
        Ok((events, whole))
    }

    /// Reads on to the head. What is there at the first time is history, and stays in the database.
    async fn read_on(&self) -> Result<(), StoreError> {
        let head = *self.feed.head.borrow();
        let span = self.feed.lately().span;
        let Some((_, mut upto)) = span else {
            self.feed.lately().span = Some((head, head));
            return Ok(());
        };
        while upto < head {
            let all = self.store.all_events(upto, head, BATCH).await?;
            points::reached("feed.read");
            let reached = match all.last() {
                Some(last) if all.len() == usize::try_from(BATCH).unwrap_or(usize::MAX) => {
                    last.event.seq
                }
                _ => head,
            };
            let mut lately = self.feed.lately();
            all.into_iter().for_each(|heard| lately.add(heard));
            if let Some((_, end)) = &mut lately.span {
                *end = reached;
            }
            lately.trim(KEPT);
            drop(lately);
            points::reached("feed.handed");
            upto = reached;
        }
        Ok(())
    }
}

/// Without end.
pub(crate) async fn poll(app: Arc<App>) {
    let mut heads = app.feed.head.subscribe();
    let mut look = tokio::time::interval(POLL);
    loop {
        tokio::select! {
            changed = heads.changed() => if changed.is_err() { return },
            _ = look.tick() => {
                if let Err(error) = app.head().await {
                    tracing::warn!(%error, "the events could not be read");
                    // Without a head what is history is not known.
                    continue;
                }
            }
        }
        if let Err(error) = app.read_on().await {
            tracing::warn!(%error, "the events could not be read");
            tokio::time::sleep(POLL).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::Instant;

    use super::*;
    use crate::domain::{News, State};

    const A: Uuid = Uuid::from_u128(0xa);
    const B: Uuid = Uuid::from_u128(0xb);
    const C: Uuid = Uuid::from_u128(0xc);

    fn heard(seq: i64, source: Uuid, target: Uuid, only: Option<Uuid>) -> Heard {
        let record = permit::FacetRow {
            id: Uuid::from_u128(1),
            person_id: Uuid::from_u128(2),
            class: 0,
            custodian_id: Some(source),
            author: None,
            episode_id: None,
            authored_at: None,
            confidentiality: None,
            sensitivities: 0,
            part2: false,
            victim_service: false,
            release_block_until: None,
        };
        let record = record.record(kernel::Kind::Referral).unwrap();
        let news = News::State(State::Requested);
        let event = Event { seq, record, news, at: Instant::UNIX_EPOCH };
        Heard { event, source, target, only }
    }

    fn feed(after: i64, all: Vec<Heard>) -> Feed {
        let feed = Feed::new();
        let upto = all.last().map_or(after, |last| last.event.seq);
        let mut lately = feed.lately();
        lately.span = Some((after, upto));
        all.into_iter().for_each(|heard| lately.add(heard));
        drop(lately);
        feed
    }

    fn seqs(feed: &Feed, agency: Uuid, after: i64, most: usize) -> Option<(Vec<i64>, Option<i64>)> {
        let (events, whole) = feed.since(agency, (after, 0), most)?;
        Some((events.into_iter().map(|event| event.seq).collect(), whole))
    }

    #[test]
    fn each_agency_gets_what_concerns_it_in_order_and_hears_how_far_that_is_all() {
        let all = vec![
            heard(5, A, B, None),
            heard(6, A, C, None),
            heard(7, B, A, Some(A)),
            heard(9, C, B, None),
        ];
        let feed = feed(4, all);
        assert_eq!(seqs(&feed, A, 4, 9), Some((vec![5, 6, 7], Some(9))));
        assert_eq!(seqs(&feed, B, 4, 9), Some((vec![5, 9], Some(9))));
        assert_eq!(seqs(&feed, C, 6, 9), Some((vec![9], Some(9))));
        assert_eq!(seqs(&feed, A, 4, 2), Some((vec![5, 6], None)), "there may be more");
        assert_eq!(seqs(&feed, A, 6, 1), Some((vec![7], None)));
        assert_eq!(seqs(&feed, Uuid::nil(), 4, 9), Some((vec![], Some(9))));
        assert_eq!(seqs(&feed, A, 20, 9), Some((vec![], Some(9))), "further than is known");
        assert_eq!(seqs(&feed, A, 3, 9), None, "before what is here");
        assert_eq!(seqs(&Feed::new(), A, 0, 9), None, "nothing is here yet");
        assert!(feed.since(A, (4, 9), 9).is_some() && feed.since(A, (4, 10), 9).is_none());
    }

    #[test]
    fn what_is_let_go_is_known_to_be_gone() {
        let all = (1..=6).map(|n| heard(n, A, if n % 2 == 0 { B } else { C }, None)).collect();
        let feed = feed(0, all);
        feed.lately().trim(4);
        assert_eq!(seqs(&feed, A, 1, 9), None);
        assert_eq!(seqs(&feed, A, 2, 9), Some((vec![3, 4, 5, 6], Some(6))));
        assert_eq!(seqs(&feed, B, 2, 9), Some((vec![4, 6], Some(6))));
        feed.lately().trim(0);
        assert_eq!(seqs(&feed, C, 5, 9), None);
        assert_eq!(seqs(&feed, C, 6, 9), Some((vec![], Some(6))));
        assert!(feed.lately().of.is_empty());
    }

    #[test]
    fn only_those_whom_it_concerns_wake() {
        let feed = feed(0, Vec::new());
        let mut watching = [A, B, C].map(|agency| feed.subscribe(agency));
        feed.lately().add(heard(1, A, B, Some(B)));
        let woke = watching.each_mut().map(|w| w.has_changed().unwrap());
        assert_eq!(woke, [false, true, false]);
        drop(watching);
        feed.lately().trim(9);
        assert!(feed.lately().wakes.is_empty(), "nobody watches any more");
    }
}
