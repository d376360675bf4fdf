use pg::{Db, PgConnection, Scope, StoreError};
use uuid::Uuid;

use crate::stage::{Stage, sql};

const JANE: Uuid = Uuid::from_u128(0xa);
const JOHN: Uuid = Uuid::from_u128(0xb);
const NONE: [Uuid; 0] = [];

/// A table as a service's migration makes it.
async fn walled() -> (Stage, Db) {
    let stage = Stage::set().await;
    sql(
        &mut stage.owner().await,
        "CREATE TABLE note (id uuid PRIMARY KEY, person_id uuid NOT NULL, body text NOT NULL);
         SELECT protect('note');
         CREATE FUNCTION locate_note(wanted uuid) RETURNS TABLE (person uuid) LANGUAGE sql STABLE
             SECURITY DEFINER SET search_path = stage, pg_temp
             AS $f$ SELECT person_id FROM note WHERE id = wanted $f$;",
    )
    .await;
    let db = stage.db().await;
    for person in [JANE, JOHN] {
        write(&db, Scope::person(person), person).await.unwrap();
    }
    (stage, db)
}

/// The note's id is the person's, for short.
async fn write(db: &Db, scope: Scope, person: Uuid) -> Result<(), StoreError> {
    db.run_tx("write", scope, move |tx| {
        Box::pin(async move {
            sqlx::query("INSERT INTO note VALUES ($1, $1, 'x')").bind(person).execute(tx).await?;
            Ok(())
        })
    })
    .await
}

async fn all(tx: &mut PgConnection) -> Result<Vec<Uuid>, StoreError> {
    Ok(sqlx::query_scalar("SELECT person_id FROM note ORDER BY 1").fetch_all(tx).await?)
}

async fn seen(db: &Db, scope: Scope) -> Vec<Uuid> {
    db.run_tx("seen", scope, |tx| Box::pin(all(tx))).await.unwrap()
}

#[tokio::test]
async fn a_transaction_sees_the_rows_of_its_people_and_of_nobody_else() {
    let (_stage, db) = walled().await;
    assert_eq!(seen(&db, Scope::person(JANE)).await, [JANE]);
    assert_eq!(seen(&db, Scope::people([JOHN, JANE]).reading()).await, [JANE, JOHN]);
    assert_eq!(seen(&db, Scope::person(Uuid::from_u128(0xc))).await, NONE);
}

#[tokio::test]
async fn without_people_there_are_no_rows() {
    let (_stage, db) = walled().await;
    assert_eq!(seen(&db, Scope::nobody()).await, NONE);
    assert_eq!(db.run_one("bare", |conn| Box::pin(all(conn))).await, Ok(vec![]));
}

#[tokio::test]
async fn a_pooled_connection_does_not_remember_its_last_people() {
    let (stage, _) = walled().await;
    let db = stage.db_of_one().await;
    assert_eq!(seen(&db, Scope::person(JANE)).await, [JANE]);
    assert_eq!(seen(&db, Scope::nobody()).await, NONE);
    let failed: Result<(), _> = db
        .run_tx("fails", Scope::person(JANE), |_| Box::pin(async { Err(StoreError::FenceExpired) }))
        .await;
    assert!(failed.is_err());
    assert_eq!(seen(&db, Scope::nobody()).await, NONE);
}

#[tokio::test]
async fn a_row_of_somebody_else_can_be_neither_written_nor_taken_over_nor_moved() {
    let (_stage, db) = walled().await;
    let third = Uuid::from_u128(0xc);
    assert!(write(&db, Scope::person(JANE), third).await.is_err());
    let changed = db
        .run_tx("take", Scope::person(JANE), |tx| {
            Box::pin(async move {
                let done = sqlx::query("UPDATE note SET body = 'y' WHERE id = $1")
                    .bind(JOHN)
                    .execute(tx)
                    .await?;
                Ok(done.rows_affected())
            })
        })
        .await;
    assert_eq!(changed, Ok(0));
    let moved = db
        .run_tx("move", Scope::person(JANE), |tx| {
            Box::pin(async move {
                sqlx::query("UPDATE note SET person_id = $1").bind(JOHN).execute(tx).await?;
                Ok(())
            })
        })
        .await;
    assert!(moved.is_err());
}

#[tokio::test]
async fn the_door_without_a_person_returns_facets_only() {
    let (_stage, db) = walled().await;
    let found = db
        .run_one("locate", |conn| {
            Box::pin(async move {
                Ok(sqlx::query_scalar::<_, Uuid>("SELECT person FROM locate_note($1)")
                    .bind(JOHN)
                    .fetch_optional(conn)
                    .await?)
            })
        })
        .await;
    assert_eq!(found, Ok(Some(JOHN)));
}

#[tokio::test]
async fn a_broken_setting_is_an_error_not_everybody() {
    let (_stage, db) = walled().await;
    let done = db
        .run_tx("broken", Scope::nobody(), |tx| {
            Box::pin(async move {
                sqlx::query("SELECT set_config('trellis.people', 'all', true)")
                    .execute(&mut *tx)
                    .await?;
                all(tx).await
            })
        })
        .await;
    assert!(matches!(done, Err(StoreError::Invalid(_))), "{done:?}");
}

#[tokio::test]
async fn an_index_serves_the_wall() {
    let (stage, _) = walled().await;
    let mut owner = stage.owner().await;
    sql(
        &mut owner,
        "CREATE INDEX ON note (person_id); SET ROLE trellis_stage; SET enable_seqscan = off;
         SELECT set_config('trellis.people', '00000000-0000-0000-0000-00000000000a', false)",
    )
    .await;
    let plan: Vec<String> =
        sqlx::query_scalar("EXPLAIN SELECT body FROM note").fetch_all(&mut owner).await.unwrap();
    assert!(plan.iter().any(|line| line.contains("Index Cond: (person_id = ANY")), "{plan:#?}");
}

#[tokio::test]
async fn a_table_with_facets_is_walled_commented_and_filtered_by_visibility() {
    let stage = Stage::set().await;
    sql(
        &mut stage.owner().await,
        "CREATE TABLE plan (id uuid PRIMARY KEY); COMMENT ON COLUMN plan.id IS 'Its id.';
         SELECT add_facets('plan')",
    )
    .await;
    assert_eq!(pg::uncommented(&stage.admin_url(), "stage").await.unwrap(), Vec::<String>::new());
    let db = stage.db().await;
    let seen = |vis: &'static str| {
        let db = db.clone();
        async move {
            db.run_tx("plan", Scope::person(JANE), move |tx| {
                Box::pin(async move {
                    sqlx::query(
                        "INSERT INTO plan (id, person_id, kind, class) VALUES ($1, $1, 3, 0)
                         ON CONFLICT DO NOTHING",
                    )
                    .bind(JANE)
                    .execute(&mut *tx)
                    .await?;
                    Ok(sqlx::query_scalar::<_, i64>(
                        "SELECT count(*) FROM plan WHERE visible($1::text::jsonb, id, person_id,
                             kind, class, custodian_id, author, episode_id, authored_at,
                             confidentiality, sensitivities, part2, victim_service,
                             release_block_until)",
                    )
                    .bind(vis)
                    .fetch_one(tx)
                    .await?)
                })
            })
            .await
        }
    };
    assert_eq!(seen(r#"{"open": [{"kinds": 8}], "consent": [], "deny": []}"#).await, Ok(1));
    assert_eq!(seen(r#"{"open": [{"kinds": 7}], "consent": [], "deny": []}"#).await, Ok(0));
}
