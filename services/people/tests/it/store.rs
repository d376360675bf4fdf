use pg::{Db, Scope, StoreError};
use uuid::Uuid;

use crate::scored::bare;
use crate::update::changed;
use crate::world::{CLINIC, HOUSING, World, guardian};

const WALLED: [&str; 12] = [
    "person",
    "profile",
    "profile_before",
    "profile_identifier",
    "match_form",
    "match_block",
    "match_doubt",
    "invitation",
    "sign_in",
    "sign_in_confirmation",
    "notice",
    "representative",
];

async fn seen(db: &Db, scope: Scope, table: &'static str) -> Result<Vec<Uuid>, StoreError> {
    let column = if table == "person" { "id" } else { "person_id" };
    db.run_tx("seen", scope, move |tx| {
        Box::pin(async move {
            let sql = sqlx::AssertSqlSafe(format!("SELECT DISTINCT {column} FROM {table}"));
            Ok(sqlx::query_scalar(sql).fetch_all(tx).await?)
        })
    })
    .await
}

#[tokio::test]
async fn a_transaction_sees_rows_of_its_person_alone_in_every_table() {
    let world = World::new().await;
    // Each may be somebody whom another agency holds.
    let mut other = bare(HOUSING);
    (other.given_name, other.family_name) = ("Somebody".into(), "Else".into());
    for request in [bare(HOUSING), other] {
        world.staff(HOUSING).register(request).await.unwrap();
    }
    let john = world.somebody_else(CLINIC).await;
    let jane = world.jane(CLINIC).await;
    for person in [john, jane] {
        for subject in ["old", "new"] {
            let code = world.staff(CLINIC).invite(person).await.unwrap().code;
            world.person(&format!("{subject}-{person}")).accept(&code).await.unwrap();
        }
        world.staff(CLINIC).add_representative(guardian(person)).await.unwrap();
        world.staff(CLINIC).update(changed(person)).await.unwrap();
    }
    for table in WALLED {
        assert_eq!(seen(&world.db, Scope::person(jane), table).await.unwrap(), [jane], "{table}");
        assert!(seen(&world.db, Scope::nobody(), table).await.unwrap().is_empty(), "{table}");
        assert!(world.count(table).await > 1, "{table}");
    }
}

#[tokio::test]
async fn the_service_deletes_nothing() {
    let world = World::new().await;
    world.jane(CLINIC).await;
    for table in WALLED {
        let done = world
            .db
            .run_tx("delete", Scope::nobody(), move |tx| {
                Box::pin(async move {
                    let sql = sqlx::AssertSqlSafe(format!("DELETE FROM {table}"));
                    sqlx::query(sql).execute(tx).await?;
                    Ok(())
                })
            })
            .await;
        assert!(matches!(done, Err(StoreError::Internal(_))), "{table}: {done:?}");
    }
}

#[tokio::test]
async fn every_column_has_a_comment() {
    let world = World::new().await;
    let bare = pg::uncommented(&world.admin_url(), "people").await.unwrap();
    assert!(bare.is_empty(), "{bare:?}");
}

#[tokio::test]
async fn the_index_holds_no_identifier_and_no_demographics() {
    let world = World::new().await;
    world.jane(CLINIC).await;
    world.jane(HOUSING).await;
    let rows: Vec<String> = sqlx::query_scalar(
        "SELECT match_block::text FROM match_block
         UNION ALL SELECT key::text FROM profile_identifier",
    )
    .fetch_all(&mut world.admin().await)
    .await
    .unwrap();
    assert!(rows.len() > 2 * 4 + 4, "{}", rows.len());
    for row in rows {
        for plain in ["M-1", "Roe", "roe", "1980"] {
            assert!(!row.contains(plain), "{row}");
        }
    }
}

#[tokio::test]
async fn the_facts_about_people_are_found_by_index() {
    let world = World::new().await;
    let mut admin = world.admin().await;
    sqlx::raw_sql("SET enable_seqscan = off").execute(&mut admin).await.unwrap();
    let plan: Vec<String> = sqlx::query_scalar(
        "EXPLAIN SELECT person_id FROM sign_in
         WHERE issuer = 'i' AND subject = 's' AND ended_at IS NULL AND representative_id IS NULL",
    )
    .fetch_all(&mut admin)
    .await
    .unwrap();
    assert!(plan.iter().any(|l| l.contains("sign_in_of_one_person")), "{plan:#?}");
    let plan: Vec<String> = sqlx::query_scalar(
        "EXPLAIN SELECT person_id FROM sign_in WHERE issuer = 'i' AND subject = 's'
           AND ended_at IS NULL AND representative_id IS NOT NULL",
    )
    .fetch_all(&mut admin)
    .await
    .unwrap();
    assert!(plan.iter().any(|l| l.contains("sign_in_of_representatives")), "{plan:#?}");
}
