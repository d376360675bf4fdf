use pg::{Allow, Scope, StoreError};

use crate::stage::{Stage, event};

const ALLOW: Allow = Allow { unsafe_durability: true };

#[tokio::test]
async fn the_role_can_neither_change_nor_delete_nor_number_events() {
    let stage = Stage::set().await;
    stage.ledger.record(event()).await.unwrap();
    for forbidden in [
        "UPDATE audit_event SET detail = '{}'",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event",
        "INSERT INTO audit_event (seq) VALUES (7)",
        "UPDATE ledger_head SET seq = 0",
        "DELETE FROM ledger_head",
        "UPDATE tree_head SET note = ''",
        "DELETE FROM tree_head",
        "UPDATE tree_node SET hash = ''",
        "TRUNCATE tree_node",
        "INSERT INTO ledger_head VALUES (false, 1)",
    ] {
        let done = stage
            .db
            .run_tx("forbidden", Scope::nobody(), move |tx| {
                Box::pin(async move {
                    sqlx::query(forbidden).execute(tx).await?;
                    Ok(())
                })
            })
            .await;
        let Err(StoreError::Internal(cause)) = done else { panic!("{forbidden}: {done:?}") };
        assert_eq!(cause.sqlstate(), Some("42501"), "{forbidden}");
    }
    assert_eq!(stage.assert_gapless().await, 1);
}

#[tokio::test]
async fn even_the_owner_can_neither_change_nor_delete_events() {
    let stage = Stage::set().await;
    stage.ledger.record(event()).await.unwrap();
    let mut owner = stage.owner().await;
    for quiet in ["UPDATE audit_event SET detail = '{}'", "DELETE FROM audit_event"] {
        let done = sqlx::query(quiet).execute(&mut owner).await.unwrap();
        assert_eq!(done.rows_affected(), 0, "{quiet}");
    }
}

#[tokio::test]
async fn events_are_seen_only_by_who_says_that_it_follows() {
    let stage = Stage::set().await;
    stage.ledger.record(event()).await.unwrap();
    let seen = stage
        .db
        .run_tx("bare", Scope::nobody(), |tx| {
            Box::pin(async move {
                Ok(sqlx::query_scalar::<_, i64>("SELECT count(*) FROM audit_event")
                    .fetch_one(tx)
                    .await?)
            })
        })
        .await;
    assert_eq!(seen, Ok(0));
    assert_eq!(stage.ledger.follow(0, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_service_role_passes_the_check_with_a_ledger_in_its_schema() {
    let stage = Stage::set().await;
    assert_eq!(pg::check_server(&stage.db, ALLOW).await, Ok(()));
}

#[tokio::test]
async fn every_column_is_commented() {
    let stage = Stage::set().await;
    let admin = stage.admin_url().to_owned().into();
    assert_eq!(pg::uncommented(&admin, "stage").await.unwrap(), Vec::<String>::new());
}
