//! The walls behind the queries.

use pg::{Scope, StoreError};

use crate::world::*;

#[tokio::test]
async fn every_column_has_a_comment() {
    let world = World::new().await;
    let none: Vec<String> = pg::uncommented(&world.admin_url(), "audit").await.unwrap();
    assert_eq!(none, [] as [&str; 0]);
}

#[tokio::test]
async fn a_transaction_sees_the_rows_of_the_people_in_its_scope_and_no_others() {
    let world = World::new().await;
    let audit = world.audit().await;
    world.notes.record(world.read(JANE)).await.unwrap();
    world.notes.record(world.next_read(ELSE)).await.unwrap();
    let of_nobody = ledger::Event { person: None, ..world.next_read(JANE) };
    world.notes.record(of_nobody).await.unwrap();
    world.reaches("notes", 3).await;
    let seen = async |scope: Scope| {
        audit
            .db
            .run_tx("test.seen", scope.reading(), |tx| {
                Box::pin(async move {
                    Ok(sqlx::query_scalar::<_, uuid::Uuid>("SELECT person_id FROM disclosure")
                        .fetch_all(tx)
                        .await?)
                })
            })
            .await
            .unwrap()
    };
    assert_eq!(seen(Scope::nobody()).await, [] as [uuid::Uuid; 0]);
    assert_eq!(seen(Scope::person(JANE)).await, [JANE]);
    assert_eq!(seen(Scope::person(ELSE)).await, [ELSE]);
}

#[tokio::test]
async fn what_is_in_the_accounting_is_never_changed_or_taken_out() {
    let world = World::new().await;
    let audit = world.audit().await;
    world.notes.record(world.read(JANE)).await.unwrap();
    world.reaches("notes", 1).await;
    for sql in [
        "UPDATE disclosure SET outcome = 'DENY'",
        "DELETE FROM disclosure",
        "TRUNCATE disclosure",
        "DELETE FROM ledger_position",
    ] {
        let done = audit
            .db
            .run_tx("test.change", Scope::person(JANE), move |tx| {
                Box::pin(async move {
                    sqlx::query(sql).execute(tx).await?;
                    Ok(())
                })
            })
            .await;
        let Err(StoreError::Internal(cause)) = done else { panic!("{sql}: {done:?}") };
        assert_eq!(cause.sqlstate(), Some("42501"), "{sql}");
    }
    assert_eq!(world.rows("notes").await.len(), 1);
}
