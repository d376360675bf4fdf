use sqlx::{Connection as _, PgConnection};

use tonic::Code;
use wire::{convert::agency_name, directory::v1::AgencyStatus};

use crate::world::{
    ANA, CLINIC, Stage, World, agencies, record, recording, sql, sql_value, terms, told, until,
};

#[tokio::test]
async fn every_column_has_its_comment() {
    let stage = Stage::set().await;
    assert_eq!(pg::uncommented(&stage.admin().into(), "consent").await.unwrap(), [] as [&str; 0]);
}

#[tokio::test]
async fn the_services_role_is_held_by_the_walls() {
    let world = World::new().await;
    pg::check_server(&world.db, pg::Allow { unsafe_durability: true }).await.unwrap();
    world.signed("ana", terms()).await;
    world.signed("ben", terms()).await;
    for table in ["consent", "person_revision", "fact_change", "request_log"] {
        for (people, rows) in [(vec![], 0), (vec![ANA], 1)] {
            let scope = pg::Scope::people(people).reading();
            let found = world
                .db
                .run_tx("test.count", scope, move |tx| {
                    Box::pin(async move {
                        let text = format!("SELECT count(DISTINCT person_id) FROM {table}");
                        Ok(sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(text))
                            .fetch_one(tx)
                            .await?)
                    })
                })
                .await
                .unwrap();
            assert_eq!(found, rows, "{table}");
        }
    }
}

#[tokio::test]
async fn what_was_signed_is_kept_as_signed() {
    let world = World::new().await;
    let signed = world.signed("ana", terms()).await;
    world.draft(&world.person("ana"), ANA, terms()).await.unwrap();
    let mut conn = PgConnection::connect(&world.stage.admin()).await.unwrap();
    sqlx::raw_sql("SET search_path = consent").execute(&mut conn).await.unwrap();
    for change in [
        "text = 'I allow everything'",
        "text_sha256 = repeat('0', 64)",
        "named_agencies = '{}'",
        "begins_at = begins_at + interval '1 hour'",
        "ends_at = NULL",
        "document = jsonb_set(document, '{expires}', '\"2099-01-01T00:00:00Z\"')",
        "document = jsonb_set(document, '{effective}', '\"2031-03-04T05:06:08Z\"')",
        "status = 'DRAFT', signed_at = NULL, begins_at = NULL, ends_at = NULL",
        "status = 'INACTIVE'",
        "status = 'REVOKED', revoked_at = now(), rule_pack = 'other-1'",
        "status = 'INACTIVE', withdrawn_at = now()",
        "in_error_at = now(), in_error_mistake = 'DUPLICATE'",
        "status = 'REVOKED', revoked_at = now(), in_error_at = now(), in_error_mistake = 'DUPLICATE'",
        "status = 'INACTIVE', in_error_at = now()",
        "status = 'INACTIVE', in_error_at = now(), in_error_mistake = 'OTHER'",
        "status = 'INACTIVE', in_error_at = now(), in_error_mistake = 'DUPLICATE',
             signed_at = NULL, begins_at = NULL",
        "status = 'INACTIVE', in_error_at = now(), in_error_mistake = 'DUPLICATE',
             revoked_at = now()",
        "status = 'INACTIVE', in_error_at = now(), in_error_mistake = 'DUPLICATE',
             text = 'I allow everything'",
        "person_id = gen_random_uuid()",
    ] {
        for version in ["version", "version + 1"] {
            let text =
                format!("UPDATE consent SET version = {version}, {change} WHERE status = 'ACTIVE'");
            let done = sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(&mut conn).await;
            assert!(done.is_err(), "{change}");
        }
    }
    assert_eq!(world.get(&world.person("ana"), &signed.name).await.unwrap(), signed);
    for table in ["consent", "person_revision", "fact_change"] {
        let delete = world
            .db
            .run_tx("test.delete", pg::Scope::person(ANA), move |tx| {
                Box::pin(async move {
                    let text = format!("DELETE FROM {table}");
                    sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(tx).await?;
                    Ok(())
                })
            })
            .await;
        assert!(delete.is_err(), "{table}");
    }
}

#[tokio::test]
async fn a_row_that_makes_no_sense_is_an_alarm_and_not_an_absence() {
    let world = World::new().await;
    let signed = world.signed("ana", terms()).await;
    sql(
        &world.stage.admin(),
        "ALTER TABLE consent.consent DISABLE TRIGGER consent_kept;
         UPDATE consent.consent SET document = jsonb_set(document, '{status}', '\"REVOKED\"')",
    )
    .await;
    let refused = world.get(&world.person("ana"), &signed.name).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Internal);
}

#[tokio::test]
async fn revisions_are_read_from_the_index_alone() {
    let world = World::new().await;
    sql(
        &world.stage.admin(),
        "INSERT INTO consent.person_revision SELECT gen_random_uuid(), 1
             FROM generate_series(1, 20000);",
    )
    .await;
    sql(&world.stage.admin(), "VACUUM ANALYZE consent.person_revision").await;
    let mut conn = PgConnection::connect(&world.stage.admin()).await.unwrap();
    let plan: Vec<String> = sqlx::query_scalar(
        "EXPLAIN SELECT r.person_id, r.revision FROM consent.person_revision r
         WHERE r.person_id = ANY ($1)",
    )
    .bind(vec![ANA])
    .fetch_all(&mut conn)
    .await
    .unwrap();
    assert!(plan.join("\n").contains("Index Only Scan"), "{plan:?}");
}

#[tokio::test]
async fn a_write_that_waited_while_its_agency_was_suspended_is_undone() {
    let world = World::new().await;
    world.signed("ana", terms()).await;
    let mut holder = PgConnection::connect(&world.stage.admin()).await.unwrap();
    let hold = "BEGIN; SELECT 1 FROM consent.person_revision FOR UPDATE";
    sqlx::raw_sql(hold).execute(&mut holder).await.unwrap();
    let waiting = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let url = world.stage.admin();
    let meanwhile = async {
        until("it waits", || async { (sql_value(&url, waiting).await > 0).then_some(()) }).await;
        let mut step = agencies(2);
        for state in &mut step.agencies {
            let agency = state.agency.as_mut().unwrap();
            if agency.name == agency_name(CLINIC) {
                agency.status = AgencyStatus::Suspended.into();
            }
        }
        world.directory.apply(&step);
        sqlx::raw_sql("COMMIT").execute(&mut holder).await.unwrap();
    };
    let paper = record(&world, world.staff(CLINIC), recording(ANA, terms()));
    let (paper, ()) = tokio::join!(paper, meanwhile);
    assert_eq!(told(&paper.unwrap_err()), (Code::PermissionDenied, "AGENCY_SUSPENDED".to_owned()));
    let facts = world.facts_of(ANA).await;
    assert_eq!((facts.revision, facts.consents.len()), (1, 1));
}
