//! Named transactions: a task of their own, the people in scope, retry, a last look before COMMIT.

use std::sync::{Arc, atomic::Ordering};

use sqlx::{Connection as _, PgConnection, Postgres, Transaction, pool::PoolConnection};
use tokio::time::timeout;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::{BoxFuture, Cause, Db, StoreError, db::own_task, points};

/// Attempts at one unit of work, the first included.
const ATTEMPTS: u32 = 3;

/// Evaluated immediately before COMMIT is sent; `false` rolls back.
pub type Tail = Arc<dyn Fn() -> bool + Send + Sync>;

/// What a transaction may touch. Row-level security compares with `people`; nobody means no row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    pub people: Vec<Uuid>,
    /// READ ONLY on one snapshot: a list and its count agree.
    pub read_only: bool,
}

impl Scope {
    /// Tables without a person's data only.
    pub fn nobody() -> Self {
        Self::default()
    }

    pub fn person(id: Uuid) -> Self {
        Self { people: vec![id], read_only: false }
    }

    pub fn people(ids: impl IntoIterator<Item = Uuid>) -> Self {
        Self { people: ids.into_iter().collect(), read_only: false }
    }

    #[must_use]
    pub fn reading(self) -> Self {
        Self { read_only: true, ..self }
    }

    /// As `current_people()` reads it.
    fn setting(&self) -> String {
        let ids: Vec<String> = self.people.iter().map(Uuid::to_string).collect();
        ids.join(",")
    }
}

/// An error of a unit of work: a store's, or a domain's own that must roll back.
pub trait TxError: From<StoreError> + Send + 'static {
    fn as_store(&self) -> Option<&StoreError>;
}

impl TxError for StoreError {
    fn as_store(&self) -> Option<&StoreError> {
        Some(self)
    }
}

impl Db {
    /// Runs `work` in a transaction and commits it. `work` runs again, at most twice, after a
    /// serialization failure or a deadlock: it must have no effect outside the transaction.
    ///
    /// ```text
    /// db.run_tx("note.create", Scope::person(person), move |tx| Box::pin(async move {
    ///     sqlx::query!("INSERT INTO …", id).execute(&mut *tx).await?;
    ///     ledger.write_in(tx, &events).await?;
    ///     Ok(id)
    /// })).await
    /// ```
    pub async fn run_tx<T, F>(
        &self,
        name: &'static str,
        scope: Scope,
        work: F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, StoreError>>
            + Send
            + Sync
            + 'static,
    {
        self.try_tx(name, scope, None, work).await
    }

    /// As [`Db::run_tx`]; `still_within` has the last word, immediately before COMMIT is sent.
    pub async fn run_tx_fenced<T, F>(
        &self,
        name: &'static str,
        scope: Scope,
        still_within: Tail,
        work: F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, StoreError>>
            + Send
            + Sync
            + 'static,
    {
        self.try_tx(name, scope, Some(still_within), work).await
    }

    /// As [`Db::run_tx`] for work whose errors are a domain's own: any `Err` rolls back.
    pub async fn try_tx<T, E, F>(
        &self,
        name: &'static str,
        scope: Scope,
        still_within: Option<Tail>,
        work: F,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: TxError,
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, E>> + Send + Sync + 'static,
    {
        let db = self.clone();
        let span = tracing::info_span!("tx", name, attempts = tracing::field::Empty);
        let all = async move {
            let (mut attempts, mut dead) = (1, 0);
            loop {
                match attempt(&db, &scope, still_within.as_ref(), &work).await {
                    Ok(value) => {
                        tracing::Span::current().record("attempts", attempts);
                        return Ok(value);
                    }
                    // Dead since it was last used: every connection of the pool may be.
                    Err(Failed::Before(error))
                        if error.lost_connection() && dead < db.0.max_connections =>
                    {
                        dead += 1;
                    }
                    Err(Failed::Before(error)) => return Err(E::from(error)),
                    Err(Failed::Within(error)) => {
                        let again = error.as_store().is_some_and(StoreError::worth_retrying);
                        if !again || attempts >= ATTEMPTS {
                            tracing::Span::current().record("attempts", attempts);
                            return Err(error);
                        }
                        attempts += 1;
                    }
                }
            }
        };
        own_task(all.instrument(span)).await
    }
}

enum Failed<E> {
    /// Nothing has been asked of the database yet.
    Before(StoreError),
    Within(E),
}

impl<E: TxError> Failed<E> {
    fn store(&self) -> Option<&StoreError> {
        match self {
            Self::Before(error) => Some(error),
            Self::Within(error) => error.as_store(),
        }
    }
}

async fn attempt<T, E, F>(
    db: &Db,
    scope: &Scope,
    still_within: Option<&Tail>,
    work: &F,
) -> Result<T, Failed<E>>
where
    E: TxError,
    F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, E>>,
{
    // An error here is not a dead connection: none was to be had.
    let mut held = db.acquire().await.map_err(|error| Failed::Within(E::from(error)))?;
    let done = on(&mut held.conn, db, scope, still_within, work).await;
    if let Err(error) = &done
        && error
            .store()
            .is_some_and(|e| e.lost_connection() || matches!(e, StoreError::Ambiguous(_)))
    {
        held.conn.close_on_drop();
    }
    done
}

async fn on<T, E, F>(
    conn: &mut PoolConnection<Postgres>,
    db: &Db,
    scope: &Scope,
    still_within: Option<&Tail>,
    work: &F,
) -> Result<T, Failed<E>>
where
    E: TxError,
    F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, E>>,
{
    let limit = db.0.work_timeout;
    // A connection whose other end is gone, and nobody said so, is found here.
    let mut tx = match timeout(limit.min(db.0.begin_timeout), begin(conn, scope)).await {
        Ok(begun) => begun.map_err(Failed::Before)?,
        // A server that stopped answering: the next connection would wait as long.
        Err(_) => return Err(Failed::Within(E::from(no_answer()))),
    };
    let worked = match timeout(limit, work(&mut tx)).await {
        Ok(Ok(value)) => timeout(limit, settle(db, &mut tx, scope))
            .await
            .unwrap_or_else(|_| Err(no_answer()))
            .map(|()| value)
            .map_err(E::from),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(E::from(no_answer())),
    };
    let worked = worked.and_then(|value| match still_within {
        Some(still) if !still() => Err(E::from(StoreError::FenceExpired)),
        _ => Ok(value),
    });
    match worked {
        Ok(value) => match timeout(limit, commit(tx)).await {
            Ok(Ok(())) => Ok(value),
            Ok(Err(error)) => Err(Failed::Within(E::from(StoreError::of_commit(&error)))),
            Err(_) => Err(Failed::Within(E::from(StoreError::Ambiguous(Cause::of("no answer"))))),
        },
        Err(error) => {
            let lost = error.as_store().is_some_and(StoreError::lost_connection);
            if !lost && !matches!(timeout(limit, tx.rollback()).await, Ok(Ok(()))) {
                tracing::debug!("rollback was not answered");
            }
            Err(Failed::Within(error))
        }
    }
}

async fn commit(tx: Transaction<'_, Postgres>) -> Result<(), sqlx::Error> {
    points::reached("tx.commit");
    tx.commit().await?;
    points::reached("tx.committed");
    Ok(())
}

async fn begin<'c>(
    conn: &'c mut PoolConnection<Postgres>,
    scope: &Scope,
) -> Result<Transaction<'c, Postgres>, StoreError> {
    let mut tx = if scope.read_only {
        conn.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?
    } else {
        conn.begin().await?
    };
    if !scope.people.is_empty() {
        // Until the end of this transaction only: the next user of the connection sees nobody.
        sqlx::query("SELECT set_config('trellis.people', $1, true)")
            .bind(scope.setting())
            .execute(&mut *tx)
            .await?;
    }
    Ok(tx)
}

/// A COMMIT after a failed statement is a ROLLBACK that reports success, so a statement that
/// `work` let fail must fail here. And a COMMIT that is cancelled while it waits for a standby
/// reports success without being durable: where one is configured, no timeout may cancel it.
async fn settle(db: &Db, tx: &mut PgConnection, scope: &Scope) -> Result<(), StoreError> {
    if scope.read_only {
        return Ok(());
    }
    let statement = match db.0.standby.load(Ordering::Relaxed) {
        true => "SET LOCAL statement_timeout = 0",
        false => "SELECT 1",
    };
    sqlx::query(statement).execute(tx).await?;
    Ok(())
}

fn no_answer() -> StoreError {
    StoreError::Unavailable(Cause::of("no answer"))
}
