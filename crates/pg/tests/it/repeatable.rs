use pg::{Db, StoreError};

use crate::stage::{Stage, sql};

/// A table whose inserts meet `at_commit` after the statement has answered.
async fn table(stage: &Stage, at_commit: &str) {
    // A superuser's function may end the service's connection and use the sequence.
    sql(
        &mut stage.admin().await,
        &format!(
            "CREATE SEQUENCE attempts;
             CREATE TABLE kept (n int PRIMARY KEY);
             GRANT SELECT, INSERT, UPDATE ON kept TO trellis_stage;
             CREATE FUNCTION last_word() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
                 SET search_path = stage AS $$ BEGIN
                 {at_commit}
                 RETURN NULL;
             END $$;
             CREATE CONSTRAINT TRIGGER last_word AFTER INSERT ON kept
                 DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION last_word();"
        ),
    )
    .await;
}

const DIE: &str = "PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5);";

async fn keep(db: &Db) -> Result<i32, StoreError> {
    db.run_repeatable("keep", |conn| {
        Box::pin(async move {
            let insert = "INSERT INTO kept VALUES (1) ON CONFLICT (n) DO UPDATE SET n = excluded.n
                 RETURNING n";
            Ok(sqlx::query_scalar(insert).fetch_one(conn).await?)
        })
    })
    .await
}

async fn kept(stage: &Stage) -> i64 {
    let mut admin = stage.admin().await;
    sqlx::query_scalar("SELECT count(*) FROM kept").fetch_one(&mut admin).await.unwrap()
}

#[tokio::test]
async fn a_statement_whose_answer_was_lost_runs_again() {
    let stage = Stage::set().await;
    table(&stage, &format!("IF nextval('attempts') = 1 THEN {DIE} END IF;")).await;
    assert_eq!(keep(&stage.db().await).await, Ok(1));
    assert_eq!(kept(&stage).await, 1);
}

#[tokio::test]
async fn one_whose_answer_is_always_lost_is_in_doubt() {
    let stage = Stage::set().await;
    table(&stage, DIE).await;
    let done = keep(&stage.db_of_one().await).await;
    assert!(matches!(done, Err(StoreError::Ambiguous(_))), "{done:?}");
}

#[tokio::test]
async fn a_row_that_was_sent_before_the_commit_failed_is_no_answer() {
    let stage = Stage::set().await;
    table(&stage, "RAISE 'refused' USING ERRCODE = 'check_violation';").await;
    let done = keep(&stage.db().await).await;
    assert!(matches!(done, Err(StoreError::Conflict(_))), "{done:?}");
    assert_eq!(kept(&stage).await, 0);
}
