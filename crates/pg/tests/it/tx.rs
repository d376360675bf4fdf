use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use futures::poll;
use pg::{Config, Db, Scope, StoreError, TxError};
use tokio::sync::{Barrier, Semaphore};
use uuid::Uuid;

use crate::stage::{Stage, sql, until};

async fn count(db: &Db) -> i64 {
    db.run_one("count", |conn| {
        Box::pin(async move {
            Ok(sqlx::query_scalar("SELECT value FROM counter WHERE name = 'x'")
                .fetch_optional(conn)
                .await?
                .unwrap_or(0))
        })
    })
    .await
    .unwrap()
}

async fn bump(tx: &mut pg::PgConnection) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar("SELECT next_values('x', 1)").fetch_one(tx).await?)
}

/// Backends of the stage's service that have a transaction open while nobody works in it.
async fn idle_in_transaction(stage: &Stage) -> i64 {
    sqlx::query_scalar(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 \
         AND usename = 'trellis_stage' AND state LIKE 'idle in transaction%'",
    )
    .bind(&stage.database)
    .fetch_one(&mut stage.admin().await)
    .await
    .unwrap()
}

#[tokio::test]
async fn a_caller_dropped_at_begin_leaves_a_clean_connection_to_the_next() {
    let stage = Stage::set().await;
    let db = stage.db_of_one().await;
    // Drop the caller's future after each number of polls, BEGIN's own among them.
    for polls in 0..40 {
        {
            let work = db.run_tx("dropped", Scope::person(Uuid::from_u128(1)), |tx| {
                Box::pin(async move { bump(tx).await })
            });
            let mut work = pin!(work);
            for _ in 0..polls {
                if poll!(&mut work).is_ready() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        until("the connection to be free", async || {
            let seen = db.run_one("after", |conn| {
                Box::pin(async move {
                    // Outside a transaction each statement has a time of its own, and nobody's
                    // rows are in scope.
                    let first: String =
                        sqlx::query_scalar("SELECT now()::text").fetch_one(&mut *conn).await?;
                    let (second, people): (String, String) = sqlx::query_as(
                        "SELECT now()::text, COALESCE(current_setting('trellis.people', true), '')",
                    )
                    .fetch_one(&mut *conn)
                    .await?;
                    assert_ne!(first, second, "in a transaction");
                    assert_eq!(people, "");
                    Ok(())
                })
            });
            !matches!(seen.await, Err(StoreError::Exhausted))
        })
        .await;
        assert_eq!(idle_in_transaction(&stage).await, 0, "after {polls} polls");
    }
    assert_eq!(db.connections().0, 1);
}

#[tokio::test]
async fn work_goes_on_when_its_caller_goes_away() {
    let stage = Stage::set().await;
    let db = stage.db().await;
    let begun = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&begun);
    let task = tokio::spawn({
        let db = db.clone();
        async move {
            db.run_tx("abandoned", Scope::nobody(), move |tx| {
                let begun = Arc::clone(&begun);
                Box::pin(async move {
                    begun.store(true, Ordering::SeqCst);
                    sqlx::query("SELECT pg_sleep(0.05)").execute(&mut *tx).await?;
                    bump(tx).await
                })
            })
            .await
        }
    });
    until("it to begin", async || seen.load(Ordering::SeqCst)).await;
    task.abort();
    until("it to commit", async || count(&db).await == 1).await;
}

#[tokio::test]
async fn a_serialization_failure_runs_again_and_gives_up_after_three() {
    let stage = Stage::set().await;
    let db = stage.db().await;
    let runs = Arc::new(AtomicU32::new(0));
    for (failures, ok) in [(2, true), (3, false)] {
        runs.store(0, Ordering::SeqCst);
        let counted = Arc::clone(&runs);
        let done = db
            .run_tx("contended", Scope::nobody(), move |tx| {
                let run = counted.fetch_add(1, Ordering::SeqCst);
                Box::pin(async move {
                    let value = bump(&mut *tx).await?;
                    if run < failures {
                        let fail = "DO $$ BEGIN RAISE EXCEPTION '' USING ERRCODE = '40001'; END $$";
                        sqlx::query(fail).execute(tx).await?;
                    }
                    Ok(value)
                })
            })
            .await;
        assert_eq!(runs.load(Ordering::SeqCst), 3);
        assert_eq!(done.is_ok(), ok, "{done:?}");
        assert_eq!(count(&db).await, 1, "what was rolled back is not there");
    }
}

#[tokio::test]
async fn two_transactions_that_lock_each_other_out_both_end_well() {
    let stage = Stage::set().await;
    let db = stage.db().await;
    let both = |first: &'static str, second: &'static str| {
        let db = db.clone();
        tokio::spawn(async move {
            db.run_tx("crossing", Scope::nobody(), move |tx| {
                Box::pin(async move {
                    for name in [first, second] {
                        sqlx::query("SELECT next_values($1, 1)")
                            .bind(name)
                            .execute(&mut *tx)
                            .await?;
                        sqlx::query("SELECT pg_sleep(0.1)").execute(&mut *tx).await?;
                    }
                    Ok(())
                })
            })
            .await
        })
    };
    let (a, b) = (both("a", "b"), both("b", "a"));
    assert_eq!((a.await.unwrap(), b.await.unwrap()), (Ok(()), Ok(())));
}

#[tokio::test]
async fn an_expired_fence_rolls_back_and_is_asked_after_the_work() {
    let stage = Stage::set().await;
    let db = stage.db().await;
    let worked = Arc::new(AtomicBool::new(false));
    for within in [false, true] {
        worked.store(false, Ordering::SeqCst);
        let (fence, work) = (Arc::clone(&worked), Arc::clone(&worked));
        let done = db
            .run_tx_fenced(
                "fenced",
                Scope::nobody(),
                Arc::new(move || {
                    assert!(fence.load(Ordering::SeqCst), "asked before the work was done");
                    within
                }),
                move |tx| {
                    let worked = Arc::clone(&work);
                    Box::pin(async move {
                        let value = bump(tx).await;
                        worked.store(true, Ordering::SeqCst);
                        value
                    })
                },
            )
            .await;
        assert_eq!(done, if within { Ok(1) } else { Err(StoreError::FenceExpired) });
        assert_eq!(count(&db).await, i64::from(within));
    }
}

#[tokio::test]
async fn a_failed_statement_that_the_work_swallowed_is_no_success() {
    let stage = Stage::set().await;
    let db = stage.db().await;
    let done = db
        .run_tx("swallowed", Scope::nobody(), |tx| {
            Box::pin(async move {
                bump(&mut *tx).await?;
                assert!(sqlx::query("SELECT 1/0").execute(tx).await.is_err());
                Ok(())
            })
        })
        .await;
    assert!(done.is_err(), "PostgreSQL answers such a COMMIT with a quiet ROLLBACK");
    assert_eq!(count(&db).await, 0);
}

#[tokio::test]
async fn a_connection_lost_during_commit_is_ambiguous() {
    let stage = Stage::set().await;
    let mut owner = stage.owner().await;
    // A deferred trigger runs inside COMMIT: there the backend ends itself.
    sql(
        &mut owner,
        "CREATE TABLE fatal (n int);
         CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); RETURN NULL;
         END $$;
         CREATE CONSTRAINT TRIGGER die AFTER INSERT ON fatal DEFERRABLE INITIALLY DEFERRED
             FOR EACH ROW EXECUTE FUNCTION die();",
    )
    .await;
    let db = stage.db().await;
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let done = db
        .run_tx("dies", Scope::nobody(), move |tx| {
            counted.fetch_add(1, Ordering::SeqCst);
            Box::pin(async move {
                sqlx::query("INSERT INTO fatal VALUES (1)").execute(tx).await?;
                Ok(())
            })
        })
        .await;
    assert!(matches!(done, Err(StoreError::Ambiguous(_))), "{done:?}");
    assert_eq!(runs.load(Ordering::SeqCst), 1, "never repeated by itself");
    assert_eq!(count(&db).await, 0, "the pool has a live connection for the next");
}

#[tokio::test]
async fn a_pool_whose_connections_all_died_serves_the_next_transaction() {
    let stage = Stage::set().await;
    let db = stage.db().await;
    // All at work at the same time, so each on a connection of its own.
    let together = Arc::new(Barrier::new(8));
    let many: Vec<_> = (0..8)
        .map(|_| {
            let (db, together) = (db.clone(), Arc::clone(&together));
            tokio::spawn(async move {
                db.run_one("together", move |_| {
                    let together = Arc::clone(&together);
                    Box::pin(async move {
                        together.wait().await;
                        Ok(())
                    })
                })
                .await
            })
        })
        .collect();
    for one in many {
        one.await.unwrap().unwrap();
    }
    until("them to be idle", async || db.connections().1 >= 8).await;
    sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND usename = 'trellis_stage'")
        .bind(&stage.database)
        .execute(&mut stage.admin().await)
        .await
        .unwrap();
    let done = db.run_tx("next", Scope::nobody(), |tx| Box::pin(bump(tx))).await;
    assert_eq!(done, Ok(1));
}

#[tokio::test]
async fn an_exhausted_pool_says_so_soon() {
    let stage = Stage::set().await;
    let db = stage.db_of_one().await;
    let (taken, done) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let busy = tokio::spawn({
        let (db, taken, done) = (db.clone(), Arc::clone(&taken), Arc::clone(&done));
        async move {
            db.run_one("busy", move |_| {
                let (taken, done) = (Arc::clone(&taken), Arc::clone(&done));
                Box::pin(async move {
                    taken.add_permits(1);
                    drop(done.acquire().await);
                    Ok(())
                })
            })
            .await
        }
    });
    drop(taken.acquire().await);
    // After 100 ms; the other keeps its connection until it is told so below.
    let refused = db.run_tx("refused", Scope::nobody(), |tx| Box::pin(bump(tx)));
    let refused = tokio::time::timeout(Duration::from_secs(2), refused).await.unwrap();
    assert_eq!(refused, Err(StoreError::Exhausted));
    done.add_permits(1);
    busy.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_statement_and_a_lock_wait_no_longer_than_configured() {
    let stage = Stage::set().await;
    let config = Config {
        statement_timeout: Duration::from_millis(150),
        lock_timeout: Duration::from_millis(50),
        ..stage.config()
    };
    let db = pg::connect(&config).await.unwrap();
    let slow = db.run_tx("slow", Scope::nobody(), |tx| {
        Box::pin(async move {
            sqlx::query("SELECT pg_sleep(30)").execute(tx).await?;
            Ok(())
        })
    });
    assert!(matches!(slow.await, Err(StoreError::Unavailable(_))));

    let mut admin = stage.admin().await;
    sql(&mut admin, "BEGIN; LOCK TABLE counter").await;
    let locked = db.run_tx("locked", Scope::nobody(), |tx| Box::pin(bump(tx))).await;
    assert!(matches!(locked, Err(StoreError::Contended(_))), "{locked:?}");
}

#[tokio::test]
async fn a_panic_in_the_work_rolls_back_and_is_an_error() {
    let stage = Stage::set().await;
    let db = stage.db_of_one().await;
    let done = db
        .run_tx("panics", Scope::nobody(), |tx| {
            Box::pin(async move {
                bump(tx).await?;
                if true {
                    panic!("on purpose");
                }
                Ok(())
            })
        })
        .await;
    assert!(matches!(done, Err(StoreError::Internal(_))));
    until("the connection to be back", async || db.ping().await.is_ok()).await;
    assert_eq!(count(&db).await, 0);
}

#[tokio::test]
async fn a_domains_own_error_rolls_back_and_comes_out_as_itself() {
    #[derive(Debug, PartialEq)]
    enum Refused {
        Stale,
        Store(StoreError),
    }
    impl From<StoreError> for Refused {
        fn from(error: StoreError) -> Self {
            Self::Store(error)
        }
    }
    impl TxError for Refused {
        fn as_store(&self) -> Option<&StoreError> {
            match self {
                Self::Store(error) => Some(error),
                Self::Stale => None,
            }
        }
    }
    let stage = Stage::set().await;
    let db = stage.db().await;
    let done: Result<(), Refused> = db
        .try_tx("refused", Scope::nobody(), None, |tx| {
            Box::pin(async move {
                bump(tx).await?;
                Err(Refused::Stale)
            })
        })
        .await;
    assert_eq!(done, Err(Refused::Stale));
    assert_eq!(count(&db).await, 0);
}

#[tokio::test]
async fn a_reading_scope_cannot_write() {
    let stage = Stage::set().await;
    let db = stage.db().await;
    let done = db.run_tx("reads", Scope::nobody().reading(), |tx| Box::pin(bump(tx))).await;
    assert!(done.is_err());
    assert_eq!(count(&db).await, 0);
}

#[tokio::test]
async fn a_constraint_is_a_conflict_and_its_values_stay_inside() {
    let stage = Stage::set().await;
    let db = stage.db().await;
    let done = db
        .run_tx("twice", Scope::nobody(), |tx| {
            Box::pin(async move {
                for _ in 0..2 {
                    sqlx::query("INSERT INTO counter VALUES ('Jane Roe', 1)")
                        .execute(&mut *tx)
                        .await?;
                }
                Ok(())
            })
        })
        .await;
    let Err(error) = done else { panic!("no conflict") };
    assert_eq!(error.constraint(), Some("counter_pkey"));
    assert!(!format!("{error} {error:?}").contains("Jane"));
}

#[tokio::test]
async fn a_value_that_postgresql_cannot_hold_is_invalid_not_internal() {
    let stage = Stage::set().await;
    let db = stage.db().await;
    let done = db
        .run_tx("nul", Scope::nobody(), |tx| {
            Box::pin(async move {
                sqlx::query("INSERT INTO counter VALUES ($1, 1)").bind("a\0b").execute(tx).await?;
                Ok(())
            })
        })
        .await;
    assert!(matches!(done, Err(StoreError::Invalid(_))), "{done:?}");
}

#[tokio::test]
async fn counters_become_visible_in_their_order() {
    let stage = Stage::set().await;
    let db = stage.db().await;
    let all: Vec<_> = (0..20)
        .map(|_| {
            let db = db.clone();
            tokio::spawn(
                async move { db.run_tx("n", Scope::nobody(), |tx| Box::pin(bump(tx))).await },
            )
        })
        .collect();
    let mut values = Vec::new();
    for one in all {
        values.push(one.await.unwrap().unwrap());
    }
    values.sort_unstable();
    assert_eq!(values, (1..=20).collect::<Vec<i64>>(), "each once, none skipped");
}
