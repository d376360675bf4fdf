use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use pg::{Config, Db, Lane, Scope, StoreError};

use crate::stage::{Stage, until};

/// Which of the server's processes answers.
async fn backend(lane: &Lane) -> Result<i32, StoreError> {
    lane.run_one("test.backend", |conn| {
        Box::pin(
            async move { Ok(sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(conn).await?) },
        )
    })
    .await
}

async fn of_two(stage: &Stage) -> Db {
    pg::connect(&Config { max_connections: 2, ..stage.config() }).await.unwrap()
}

#[tokio::test]
async fn statements_of_a_lane_share_a_connection_that_goes_back_when_it_rests() {
    let stage = Stage::set().await;
    let db = of_two(&stage).await;
    until("the first connection to be idle", async || db.connections().1 == 1).await;
    let lane = db.lane();
    let first = backend(&lane).await.unwrap();
    assert_eq!(db.connections().1, 0, "the lane keeps it");
    for _ in 0..20 {
        assert_eq!(backend(&lane).await, Ok(first));
    }
    until("it to come back", async || db.connections().1 == 1).await;
    assert_eq!(backend(&lane).await, Ok(first));
}

#[tokio::test]
async fn a_busy_lane_takes_no_connection_that_somebody_waits_for() {
    let stage = Stage::set().await;
    let db = of_two(&stage).await;
    let (stop, answers) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let busy = tokio::spawn({
        let (lane, stop, answers) = (db.lane(), Arc::clone(&stop), Arc::clone(&answers));
        async move {
            while !stop.load(Ordering::Relaxed) {
                backend(&lane).await?;
                answers.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<_, StoreError>(())
        }
    });
    until("the lane to be busy", async || answers.load(Ordering::Relaxed) > 10).await;
    let together = Arc::new(tokio::sync::Barrier::new(2));
    let pair = [0, 1].map(|_| {
        let together = Arc::clone(&together);
        db.run_tx("test.both", Scope::nobody(), move |_| {
            let together = Arc::clone(&together);
            Box::pin(async move {
                together.wait().await;
                Ok(())
            })
        })
    });
    // Each waits for the other inside its transaction: both must have a connection.
    let [one, other] = pair;
    assert_eq!(tokio::join!(one, other), (Ok(()), Ok(())));
    stop.store(true, Ordering::Relaxed);
    assert_eq!(busy.await.unwrap(), Ok(()));
}

#[tokio::test]
async fn a_busy_lane_does_not_keep_a_pool_from_closing() {
    let stage = Stage::set().await;
    let db = of_two(&stage).await;
    let answers = Arc::new(AtomicU32::new(0));
    let busy = tokio::spawn({
        let (lane, answers) = (db.lane(), Arc::clone(&answers));
        async move {
            while backend(&lane).await.is_ok() {
                answers.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    until("the lane to be busy", async || answers.load(Ordering::Relaxed) > 10).await;
    let closed = tokio::time::timeout(std::time::Duration::from_secs(5), db.close()).await;
    assert!(closed.is_ok(), "the lane keeps its connection");
    busy.await.unwrap();
}

#[tokio::test]
async fn a_kept_connection_that_died_is_replaced() {
    let stage = Stage::set().await;
    let db = of_two(&stage).await;
    let lane = db.lane();
    let first = backend(&lane).await.unwrap();
    sqlx::query("SELECT pg_terminate_backend($1)")
        .bind(first)
        .execute(&mut stage.admin().await)
        .await
        .unwrap();
    assert_ne!(backend(&lane).await.unwrap(), first);
}

#[tokio::test]
async fn a_pool_of_one_is_never_kept() {
    let stage = Stage::set().await;
    let db = stage.db_of_one().await;
    let lane = db.lane();
    for _ in 0..3 {
        backend(&lane).await.unwrap();
        let done = db.run_tx("test.next", Scope::nobody(), |_| Box::pin(async { Ok(()) })).await;
        assert_eq!(done, Ok(()));
    }
}
