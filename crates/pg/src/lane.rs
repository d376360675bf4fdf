//! A connection that stays with one queue of statements while there is work.
//!
//! The pool asks the server whether a connection that comes back to it is well: one more round trip for
//! each statement, which those that follow each other closely do without.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sqlx::PgConnection;

use crate::{BoxFuture, Db, StoreError, db::Held};

/// A connection that was not used for one to two of these goes back to the pool.
const LINGER: Duration = Duration::from_millis(20);
/// After so many a busy one goes back, too: a minute. The pool knows which are too old.
const TURNS: u32 = 3_000;

/// One queue's way to the database; its statements see what [`Db::run_one`] shows. Cheap to clone:
/// clones share the one connection, and who finds it taken uses another.
#[derive(Debug, Clone)]
pub struct Lane {
    db: Db,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    held: Option<Held>,
    uses: u64,
    /// A task looks after it.
    watched: bool,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept").field("uses", &self.uses).finish_non_exhaustive()
    }
}

impl Lane {
    pub(crate) fn new(db: Db) -> Self {
        Self { db, kept: Arc::default() }
    }

    /// As [`Db::run_one`].
    pub async fn run_one<T, F>(&self, name: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, StoreError>>
            + Send
            + Sync
            + 'static,
    {
        self.db.one(Some(self.clone()), name, work).await
    }

    /// As [`Db::run_repeatable`].
    pub async fn run_repeatable<T, F>(&self, name: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, StoreError>>
            + Send
            + Sync
            + 'static,
    {
        self.db.repeatable(Some(self.clone()), name, work).await
    }

    pub(crate) fn take(&self) -> Option<Held> {
        let mut kept = self.kept();
        kept.uses += 1;
        kept.held.take()
    }

    /// Keeps a connection that has answered well, unless somebody waits for one.
    pub(crate) fn keep(&self, held: Held) {
        if !self.db.spare() {
            return;
        }
        let watched = {
            let mut kept = self.kept();
            kept.held = Some(held);
            std::mem::replace(&mut kept.watched, true)
        };
        if !watched {
            tokio::spawn(self.clone().watch());
        }
    }

    /// Gives the connection back when it rests, when others want for one, and now and then.
    async fn watch(self) {
        let mut seen = self.kept().uses;
        for _ in 0..TURNS {
            tokio::time::sleep(LINGER).await;
            let uses = self.kept().uses;
            if uses == seen || !self.db.spare() {
                break;
            }
            seen = uses;
        }
        let resting = {
            let mut kept = self.kept();
            kept.watched = false;
            kept.held.take()
        };
        drop(resting);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
