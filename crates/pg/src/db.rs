//! The pool, and single statements in a task of their own.
//!
//! A future that a caller drops (gRPC drops them on cancellation and at the deadline) must not be
//! the one that talks to the database: sqlx 0.9 returns a connection that was dropped at BEGIN to
//! the pool with its transaction open. So all work runs in a spawned task and the caller awaits
//! that: a caller that goes away stops waiting, and the work ends properly.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sqlx::{PgConnection, PgPool, Postgres, pool::PoolConnection, postgres::PgPoolOptions};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::Instrument as _;

use crate::{BoxFuture, Cause, Config, Lane, Scope, StoreError};

/// A service's database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Db(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pool: PgPool,
    /// One permit a connection: tells "all are taken" from "the server does not answer", which
    /// the pool's own timeout does not.
    permits: Arc<Semaphore>,
    acquire_timeout: Duration,
    pub(crate) work_timeout: Duration,
    /// What waits for nobody: to connect, and to begin.
    pub(crate) begin_timeout: Duration,
    /// One statement, seen from here: the server ends it by itself before that.
    statement_timeout: Duration,
    pub(crate) max_connections: u32,
    pub(crate) schema: String,
    /// A standby must confirm each commit: see `tx`.
    pub(crate) standby: AtomicBool,
}

/// Opens the pool and proves that one connection works.
pub async fn connect(config: &Config) -> Result<Db, StoreError> {
    let pool = PgPoolOptions::new()
        .max_connections(config.max_connections)
        .min_connections(0)
        .acquire_timeout(config.connect_timeout)
        // A dead idle connection is found at BEGIN and replaced; asking first costs a round trip.
        .test_before_acquire(false)
        .idle_timeout(Duration::from_secs(600))
        .max_lifetime(Duration::from_secs(1800))
        .connect_lazy_with(config.options()?);
    let db = Db(Arc::new(Inner {
        pool,
        permits: Arc::new(Semaphore::new(config.max_connections as usize)),
        acquire_timeout: config.acquire_timeout,
        work_timeout: config.work_timeout,
        begin_timeout: config.connect_timeout,
        statement_timeout: config
            .statement_timeout
            .saturating_add(config.connect_timeout)
            .min(config.work_timeout),
        max_connections: config.max_connections,
        schema: config.schema.clone(),
        standby: AtomicBool::new(false),
    }));
    db.ping().await?;
    Ok(db)
}

/// Why a statement has no answer, and whether the database may have run it nevertheless.
struct Stopped {
    error: StoreError,
    doubt: bool,
}

/// A connection and the permit that goes with it.
pub(crate) struct Held {
    pub conn: PoolConnection<Postgres>,
    _permit: OwnedSemaphorePermit,
}

impl Db {
    pub fn schema(&self) -> &str {
        &self.0.schema
    }

    /// For one queue of statements, one after the other.
    pub fn lane(&self) -> Lane {
        Lane::new(self.clone())
    }

    /// Whether everybody who wants a connection has one.
    pub(crate) fn spare(&self) -> bool {
        !self.0.permits.is_closed() && self.0.permits.available_permits() > 0
    }

    pub(crate) async fn acquire(&self) -> Result<Held, StoreError> {
        let wait = Arc::clone(&self.0.permits).acquire_owned();
        let permit = match tokio::time::timeout(self.0.acquire_timeout, wait).await {
            Err(_) => return Err(StoreError::Exhausted),
            Ok(Err(_)) => return Err(StoreError::Unavailable(Cause::of("closed"))),
            Ok(Ok(permit)) => permit,
        };
        Ok(Held { conn: self.0.pool.acquire().await?, _permit: permit })
    }

    /// Runs `work` on a connection without a transaction: for one statement that only reads, such
    /// as a call of a `locate` function (it runs again when a dead connection is found). Rows
    /// behind row-level security need [`Db::run_tx`].
    pub async fn run_one<T, F>(&self, name: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, StoreError>>
            + Send
            + Sync
            + 'static,
    {
        self.one(None, name, work).await
    }

    pub(crate) async fn one<T, F>(
        &self,
        lane: Option<Lane>,
        name: &'static str,
        work: F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, StoreError>>
            + Send
            + Sync
            + 'static,
    {
        let db = self.clone();
        let one =
            async move { db.alone(lane.as_ref(), &work).await.map_err(|stopped| stopped.error) };
        own_task(one.instrument(tracing::info_span!("query", name))).await
    }

    /// Runs one statement that commits by itself, in one round trip, and that leaves the same when
    /// it runs twice: it runs again when its answer was lost. An answer has come only when the
    /// commit is durable; where nobody knows, the error is [`StoreError::Ambiguous`].
    pub async fn run_repeatable<T, F>(&self, name: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, StoreError>>
            + Send
            + Sync
            + 'static,
    {
        self.repeatable(None, name, work).await
    }

    pub(crate) async fn repeatable<T, F>(
        &self,
        lane: Option<Lane>,
        name: &'static str,
        work: F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, StoreError>>
            + Send
            + Sync
            + 'static,
    {
        if self.0.standby.load(Ordering::Relaxed) {
            // A standby must confirm, and no timeout may cancel the wait for it: see `tx`.
            return self.run_tx(name, Scope::nobody(), work).await;
        }
        let db = self.clone();
        let one = async move {
            db.alone(lane.as_ref(), &work).await.map_err(|stopped| match stopped.error {
                StoreError::Unavailable(cause) | StoreError::Contended(cause) if stopped.doubt => {
                    StoreError::Ambiguous(cause)
                }
                StoreError::Exhausted if stopped.doubt => {
                    StoreError::Ambiguous(Cause::of("no connection"))
                }
                error => error,
            })
        };
        own_task(one.instrument(tracing::info_span!("query", name))).await
    }

    async fn alone<T, F>(&self, lane: Option<&Lane>, work: &F) -> Result<T, Stopped>
    where
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, StoreError>>,
    {
        let mut lost = 0;
        loop {
            let held = match lane.and_then(Lane::take) {
                Some(kept) => Ok(kept),
                None => self.acquire().await,
            };
            let mut held = held.map_err(|error| Stopped { error, doubt: lost > 0 })?;
            let done = tokio::time::timeout(self.0.statement_timeout, work(&mut held.conn)).await;
            let Ok(done) = done else {
                // The next connection would wait as long.
                held.conn.close_on_drop();
                let error = StoreError::Unavailable(Cause::of("no answer"));
                return Err(Stopped { error, doubt: true });
            };
            if let Err(error) = &done
                && error.lost_connection()
            {
                held.conn.close_on_drop();
                lost += 1;
                if lost <= self.0.max_connections {
                    continue;
                }
            }
            if let (Ok(_), Some(lane)) = (&done, lane) {
                lane.keep(held);
            }
            return done.map_err(|error| Stopped { error, doubt: lost > 0 });
        }
    }

    pub async fn ping(&self) -> Result<(), StoreError> {
        self.run_one("ping", |conn| {
            Box::pin(async move {
                sqlx::query("SELECT 1").execute(conn).await?;
                Ok(())
            })
        })
        .await
    }

    /// Connections open now, and idle among them: for gauges.
    pub fn connections(&self) -> (u32, usize) {
        (self.0.pool.size(), self.0.pool.num_idle())
    }

    /// Waits for the work in progress, then closes every connection.
    pub async fn close(&self) {
        self.0.permits.close();
        self.0.pool.close().await;
    }
}

/// Runs `work` in a task of its own; a panic in it is an error here.
pub(crate) async fn own_task<T, E>(
    work: impl Future<Output = Result<T, E>> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    match tokio::spawn(work).await {
        Ok(done) => done,
        Err(gone) if gone.is_panic() => Err(E::from(StoreError::internal("panic in a store"))),
        Err(_) => Err(E::from(StoreError::Unavailable(Cause::of("shutting down")))),
    }
}
