//! Following changes of people's facts: what a service does in consequence of a revocation.

use std::{collections::BTreeMap, future::Future, time::Duration};

use futures::StreamExt as _;
use kernel::PersonId;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use wire::{
    consent::v1::{
        WatchFactsRequest, WatchFactsResponse, facts_service_client::FactsServiceClient,
    },
    convert::id_of,
};

use crate::Peer;

const SILENCE: Duration = Duration::from_secs(10);
const AGAIN: Duration = Duration::from_millis(200);
/// How often what failed is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// Changes that are dealt with at once, where so many are there.
const TOGETHER: usize = 16;
/// People set aside at once; beyond it nothing new is begun.
const MOST_ASIDE: usize = 1_000;

/// What is done about changes. Doing it again must change nothing.
pub trait Changes: Send + Sync {
    /// Deals with a person whose facts have changed; whether it did.
    fn changed(&self, person: PersonId) -> impl Future<Output = bool> + Send;
    /// All changes up to this number are dealt with: where to begin another time.
    fn reached(&self, sequence: i64) -> impl Future<Output = bool> + Send;
}

/// Follows all changes after number `after`, in order. One that can't be dealt with is set aside and
/// tried again, so that one person does not keep the others waiting; the place to begin another time
/// stays before it.
pub async fn follow_facts(peer: Peer, after: i64, stop: CancellationToken, changes: impl Changes) {
    let mut place = Place::after(after);
    let following = async {
        loop {
            let mut client = FactsServiceClient::new(peer.followed());
            match client.watch_facts(WatchFactsRequest { after: place.read }).await {
                Ok(stream) => read(stream.into_inner(), &mut place, &changes).await,
                Err(status) => tracing::debug!(code = ?status.code(), "no facts to follow"),
            }
            place.retry(&changes).await;
            tokio::time::sleep(AGAIN).await;
        }
    };
    stop.run_until_cancelled(following).await;
}

/// Until the stream ends, is silent, or too much is set aside.
async fn read(
    stream: tonic::Streaming<WatchFactsResponse>,
    place: &mut Place,
    changes: &impl Changes,
) {
    let mut stream = stream.ready_chunks(TOGETHER);
    let mut retry = Instant::now() + RETRY;
    let mut silent = Instant::now() + SILENCE;
    while place.aside.len() < MOST_ASIDE {
        tokio::select! {
            messages = tokio::time::timeout_at(silent, stream.next()) => {
                let Ok(Some(messages)) = messages else { return };
                silent = Instant::now() + SILENCE;
                let broken = messages.iter().any(Result::is_err);
                let whole = messages.into_iter().map_while(Result::ok);
                let whole = whole.filter_map(|change| {
                    Some((change.sequence, PersonId::from(id_of("people", &change.person)?)))
                });
                place.take(whole.collect(), changes).await;
                if broken {
                    return;
                }
            }
            () = tokio::time::sleep_until(retry), if !place.aside.is_empty() => {
                place.retry(changes).await;
                retry = Instant::now() + RETRY;
            }
        }
    }
}

/// How far changes have been read, and which of them wait for another try.
#[derive(Debug)]
struct Place {
    read: i64,
    /// As told to [`Changes::reached`].
    told: i64,
    aside: BTreeMap<i64, PersonId>,
}

impl Place {
    fn after(sequence: i64) -> Self {
        Self { read: sequence, told: sequence, aside: BTreeMap::new() }
    }

    /// Deals with these changes, in their order; each person is dealt with once, and different ones together.
    async fn take(&mut self, these: Vec<(i64, PersonId)>, changes: &impl Changes) {
        let Some((last, _)) = these.last() else { return };
        let read = *last;
        // The first of each person's: what is set aside waits from there.
        let mut people: Vec<(i64, PersonId)> = Vec::new();
        for (sequence, person) in these {
            if people.iter().all(|(_, other)| *other != person) {
                people.push((sequence, person));
            }
        }
        let done = people.iter().map(|(_, person)| changes.changed(person.clone()));
        let done = futures::future::join_all(done).await;
        for ((sequence, person), done) in people.into_iter().zip(done) {
            if done {
                // What was to be done about earlier changes of the same person is done with this one.
                self.aside.retain(|_, waiting| *waiting != person);
            } else {
                tracing::warn!(sequence, "a change of facts could not be dealt with yet");
                self.aside.insert(sequence, person);
            }
        }
        self.read = read;
        self.tell(changes).await;
    }

    async fn retry(&mut self, changes: &impl Changes) {
        let waiting: Vec<(i64, PersonId)> =
            self.aside.iter().map(|(sequence, person)| (*sequence, person.clone())).collect();
        for (sequence, person) in waiting {
            if self.aside.contains_key(&sequence) && changes.changed(person.clone()).await {
                self.aside.retain(|_, other| *other != person);
            }
        }
        self.tell(changes).await;
    }

    /// Tells how far all is dealt with, where that is further than before.
    async fn tell(&mut self, changes: &impl Changes) {
        let done = self.aside.keys().next().map_or(self.read, |first| first - 1);
        if done > self.told && changes.reached(done).await {
            self.told = done;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::HashSet,
        sync::{Mutex, PoisonError},
    };

    use super::*;

    #[derive(Default)]
    struct Fake {
        stuck: Mutex<HashSet<PersonId>>,
        done: Mutex<Vec<PersonId>>,
        reached: Mutex<Vec<i64>>,
    }

    fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
        mutex.lock().unwrap_or_else(PoisonError::into_inner)
    }

    impl Changes for Fake {
        async fn changed(&self, person: PersonId) -> bool {
            if locked(&self.stuck).contains(&person) {
                return false;
            }
            locked(&self.done).push(person);
            true
        }

        async fn reached(&self, sequence: i64) -> bool {
            locked(&self.reached).push(sequence);
            true
        }
    }

    fn person(name: &str) -> PersonId {
        PersonId::new(name)
    }

    #[tokio::test]
    async fn one_person_keeps_no_other_waiting_and_the_place_stays_before_them() {
        let fake = Fake::default();
        locked(&fake.stuck).insert(person("b"));
        let mut place = Place::after(4);
        let these = |all: &[(i64, &str)]| all.iter().map(|(n, name)| (*n, person(name))).collect();
        place.take(these(&[(5, "a")]), &fake).await;
        place.take(these(&[(6, "b"), (7, "c"), (8, "b")]), &fake).await;
        assert_eq!(*locked(&fake.done), [person("a"), person("c")]);
        assert_eq!((place.read, locked(&fake.reached).as_slice()), (8, &[5][..]));
        place.retry(&fake).await;
        assert_eq!(locked(&fake.reached).as_slice(), [5]);
        locked(&fake.stuck).clear();
        place.retry(&fake).await;
        assert_eq!(locked(&fake.reached).as_slice(), [5, 8]);
        // Once for both of theirs.
        assert_eq!(*locked(&fake.done), [person("a"), person("c"), person("b")]);
        assert!(place.aside.is_empty());
    }

    #[tokio::test]
    async fn changes_that_are_there_together_are_dealt_with_together_and_each_person_once() {
        /// Nobody is done before two have begun.
        struct Two(tokio::sync::Barrier, Mutex<Vec<PersonId>>);
        impl Changes for Two {
            async fn changed(&self, person: PersonId) -> bool {
                locked(&self.1).push(person);
                self.0.wait().await;
                true
            }
            async fn reached(&self, sequence: i64) -> bool {
                assert_eq!(sequence, 3);
                true
            }
        }
        let two = Two(tokio::sync::Barrier::new(2), Mutex::default());
        let mut place = Place::after(0);
        let these = vec![(1, person("a")), (2, person("b")), (3, person("a"))];
        let taken = place.take(these, &two);
        tokio::time::timeout(Duration::from_secs(10), taken).await.unwrap_or_else(|_| panic!());
        assert_eq!(locked(&two.1).as_slice(), [person("a"), person("b")]);
        assert_eq!((place.read, place.told), (3, 3));
    }

    #[tokio::test]
    async fn a_later_change_of_the_same_person_settles_the_earlier_one() {
        let fake = Fake::default();
        locked(&fake.stuck).insert(person("a"));
        let mut place = Place::after(0);
        place.take(vec![(1, person("a"))], &fake).await;
        locked(&fake.stuck).clear();
        place.take(vec![(2, person("a"))], &fake).await;
        assert!(place.aside.is_empty());
        assert_eq!(locked(&fake.reached).as_slice(), [2]);
    }
}
