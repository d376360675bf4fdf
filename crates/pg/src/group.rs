//! Grouping of concurrent questions: many callers, one statement.
//!
//! A group is whatever arrived while the last one was under way. It waits for nobody, so a lone
//! question is asked at once and a crowd shares. Groups run in tasks of their own: a caller that
//! goes away takes no other caller's answer, nor its own question's effect, with it.

use std::{future::Future, panic::AssertUnwindSafe, sync::Arc};

use futures::FutureExt as _;
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::StoreError;

/// How much a [`Group`] takes at once.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Questions in one group.
    pub max_group: usize,
    /// Questions waiting; one more is refused at once.
    pub queue: usize,
    /// Groups under way at the same time.
    pub in_flight: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_group: 256, queue: 4096, in_flight: 1 }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GroupError<E> {
    /// The queue is full.
    #[error("too much at once")]
    Overloaded,
    /// The group could not be asked: its code panicked, answered short, or is shutting down.
    #[error("no answer")]
    Broken,
    #[error("{0}")]
    Failed(E),
}

impl From<GroupError<StoreError>> for StoreError {
    fn from(error: GroupError<StoreError>) -> Self {
        match error {
            GroupError::Overloaded => Self::Exhausted,
            GroupError::Broken => Self::internal("group"),
            GroupError::Failed(error) => error,
        }
    }
}

type Asked<K, V, E> = (K, oneshot::Sender<Result<V, GroupError<E>>>);

/// A queue of questions and the tasks that answer them in groups. Cheap to clone; the tasks end
/// when the last clone is dropped and the queue is empty.
pub struct Group<K, V, E = StoreError> {
    name: &'static str,
    queue: mpsc::Sender<Asked<K, V, E>>,
}

impl<K, V, E> Clone for Group<K, V, E> {
    fn clone(&self) -> Self {
        Self { name: self.name, queue: self.queue.clone() }
    }
}

impl<K, V, E> std::fmt::Debug for Group<K, V, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Group").field(&self.name).finish()
    }
}

impl<K, V, E> Group<K, V, E>
where
    K: Send + 'static,
    V: Send + 'static,
    E: Clone + Send + Sync + 'static,
{
    /// `run` answers a group: one value a key, in the keys' order. Must be called in a runtime.
    pub fn new<F, Fut>(name: &'static str, limits: Limits, run: F) -> Self
    where
        F: Fn(Vec<K>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Vec<V>, E>> + Send + 'static,
    {
        let (queue, asked) = mpsc::channel(limits.queue.max(1));
        let (asked, run) = (Arc::new(Mutex::new(asked)), Arc::new(run));
        for _ in 0..limits.in_flight.max(1) {
            let (asked, run) = (Arc::clone(&asked), Arc::clone(&run));
            tokio::spawn(worker(name, limits.max_group.max(1), asked, run));
        }
        Self { name, queue }
    }

    /// Asks in the next group. Dropping the future does not take the question back.
    pub async fn ask(&self, key: K) -> Result<V, GroupError<E>> {
        let (reply, answer) = oneshot::channel();
        self.queue.try_send((key, reply)).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => GroupError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => GroupError::Broken,
        })?;
        answer.await.unwrap_or(Err(GroupError::Broken))
    }

    /// Questions that wait now: for a gauge.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }
}

async fn worker<K, V, E, F, Fut>(
    name: &'static str,
    max_group: usize,
    asked: Arc<Mutex<mpsc::Receiver<Asked<K, V, E>>>>,
    run: Arc<F>,
) where
    E: Clone,
    F: Fn(Vec<K>) -> Fut,
    Fut: Future<Output = Result<Vec<V>, E>>,
{
    let mut batch = Vec::new();
    loop {
        // The lock is the turn: the next group gathers while every worker is busy.
        if asked.lock().await.recv_many(&mut batch, max_group).await == 0 {
            return;
        }
        let (keys, replies): (Vec<K>, Vec<_>) = batch.drain(..).unzip();
        let count = keys.len();
        // A panic is this group's, not the queue's. The call itself may panic, too.
        let answers = AssertUnwindSafe(async { run(keys).await }).catch_unwind().await;
        match answers {
            Ok(Ok(values)) if values.len() == count => {
                for (reply, value) in replies.into_iter().zip(values) {
                    let _ = reply.send(Ok(value));
                }
            }
            Ok(Err(error)) => fail(replies, &GroupError::Failed(error)),
            Ok(Ok(_)) | Err(_) => {
                // Never shift answers to the wrong questions.
                tracing::error!(group = name, "a group panicked or answered short");
                fail(replies, &GroupError::Broken);
            }
        }
    }
}

fn fail<V, E: Clone>(
    replies: Vec<oneshot::Sender<Result<V, GroupError<E>>>>,
    error: &GroupError<E>,
) {
    for reply in replies {
        let _ = reply.send(Err(error.clone()));
    }
}
