//! A stream that a test scripts.

use futures::stream::{BoxStream, StreamExt as _, unfold};
use tokio::sync::watch;
use tonic::Status;

/// Messages by their numbers, for whoever follows; the stream stays open for more.
#[derive(Debug)]
pub struct Script<M>(watch::Sender<Vec<(i64, M)>>);

impl<M> Clone for Script<M> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<M> Default for Script<M> {
    fn default() -> Self {
        Self(watch::Sender::new(Vec::new()))
    }
}

impl<M: Clone + Send + Sync + 'static> Script<M> {
    /// What comes next.
    pub fn push(&self, number: i64, message: M) {
        self.0.send_modify(|all| all.push((number, message)));
    }

    /// Those after a number, in order.
    pub fn after(&self, number: i64) -> BoxStream<'static, Result<M, Status>> {
        let next = |(mut told, after): (watch::Receiver<Vec<(i64, M)>>, i64)| async move {
            let later = |(number, _): &&(i64, M)| *number > after;
            let all = told.wait_for(|all| all.iter().any(|one| later(&one))).await.ok()?;
            let (number, message) = all.iter().find(later)?.clone();
            drop(all);
            Some((Ok(message), (told, number)))
        };
        unfold((self.0.subscribe(), number), next).boxed()
    }
}
