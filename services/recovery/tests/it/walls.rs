//! The second wall: what the service's own role can reach.

use pg::{Scope, StoreError};
use uuid::Uuid;

use crate::{
    decisions::{confirming, recording},
    employed::{contact, content, marking},
    supported::{by_one, calling, suggesting},
    tasks::asking,
    world::{
        CLINIC, Client, World, history, list_of, making, practitioner, sharing, toolbox, triggers,
        unsharing, writing,
    },
};

/// A plan for work with a specialist, and a step that was entered in error.
async fn worked_for(world: &World, person: Uuid, by: &Client) {
    let plan = by.work(person, content()).await;
    by.named(world, &plan, CLINIC, "kim").await;
    let step = by.step(&plan, contact("2040-03-01", "Corner Cafe")).await.unwrap();
    by.mark_employment_step_in_error(marking(&step)).await.unwrap();
}

/// People whose rows of a table a transaction in this scope sees.
async fn people(world: &World, table: &'static str, scope: Scope) -> Vec<Uuid> {
    let seen = world.stage.db.run_tx("test.look", scope, move |tx| {
        Box::pin(async move {
            let sql = format!("SELECT DISTINCT person_id FROM {table} ORDER BY 1");
            Ok(sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(tx).await?)
        })
    });
    seen.await.unwrap()
}

async fn does(world: &World, scope: Scope, sql: &'static str) -> Result<u64, StoreError> {
    let done = world.stage.db.run_tx("test.do", scope, move |tx| {
        Box::pin(async move { Ok(sqlx::raw_sql(sql).execute(tx).await?.rows_affected()) })
    });
    done.await
}

const TABLES: [&str; 21] = [
    "plan",
    "plan_section",
    "section_version",
    "share",
    "supporter",
    "contribution",
    "crisis_rules",
    "crisis_activator",
    "crisis_view",
    "crisis_step",
    "circle_event",
    "own_record",
    "own_version",
    "task",
    "task_step",
    "decision",
    "decision_confirmed",
    "employment_specialist",
    "employment_step",
    "employment_error",
    "request_log",
];

#[tokio::test]
async fn without_a_person_the_services_role_sees_no_row_and_with_one_only_theirs() {
    let world = World::new().await;
    let (one, jane) = world.somebody();
    let (other, lee) = world.somebody();
    for (person, by) in [(one, &jane), (other, &lee)] {
        let tools = by.update(writing(person, toolbox("a walk"))).await.unwrap();
        by.share(sharing(&world, &tools, CLINIC, "dr-c")).await.unwrap();
        let (kim, kims) = world.supporter(person, by, "kim").await;
        kims.contribute(suggesting(person, toolbox("a swim"))).await.unwrap();
        by.set_crisis_rules(by_one(person, &kim)).await.unwrap();
        kims.activate_crisis_plan(calling(person)).await.unwrap();
        by.make_goal(making(person, "a flat")).await.unwrap();
        by.make_task(asking(&world, person, "a ride", Some(&kim))).await.unwrap();
        let with = practitioner(CLINIC, "dr-c");
        let recorded = by.record_decision(recording(&world, person, Some(&with))).await.unwrap();
        let confirming = confirming(&recorded.decision.unwrap());
        world.clinician(CLINIC, "dr-c").confirm(confirming).await.unwrap();
        worked_for(&world, person, by).await;
    }
    for table in TABLES {
        assert!(people(&world, table, Scope::nobody()).await.is_empty(), "{table}");
        assert_eq!(people(&world, table, Scope::person(one)).await, [one], "{table}");
        assert_eq!(people(&world, table, Scope::people([one, other])).await.len(), 2, "{table}");
        // A pooled connection remembers nobody.
        assert!(people(&world, table, Scope::nobody()).await.is_empty(), "{table}");
    }
}

#[tokio::test]
async fn the_services_role_deletes_nothing_and_changes_no_words_and_no_share_but_its_end() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let tools = jane.update(writing(person, toolbox("a walk"))).await.unwrap();
    jane.share(sharing(&world, &tools, CLINIC, "dr-c")).await.unwrap();
    jane.make_goal(making(person, "a flat")).await.unwrap();
    worked_for(&world, person, &jane).await;
    for sql in [
        "DELETE FROM employment_specialist",
        "UPDATE employment_specialist SET agency_id = agency_id",
        "UPDATE employment_specialist SET named_at = named_at",
        "DELETE FROM employment_step",
        "UPDATE employment_step SET content = ''",
        "UPDATE employment_step SET on_date = on_date",
        "DELETE FROM employment_error",
        "UPDATE employment_error SET marked_at = marked_at",
        "DELETE FROM own_record",
        "UPDATE own_record SET kind = kind",
        "UPDATE own_record SET person_id = person_id",
        "UPDATE own_record SET created_at = created_at",
        "DELETE FROM own_version",
        "UPDATE own_version SET content = ''",
        "DELETE FROM plan",
        "DELETE FROM plan_section",
        "DELETE FROM section_version",
        "DELETE FROM share",
        "DELETE FROM supporter",
        "DELETE FROM contribution",
        "DELETE FROM crisis_rules",
        "UPDATE crisis_rules SET threshold = 1",
        "DELETE FROM crisis_activator",
        "UPDATE crisis_activator SET supporter_id = supporter_id",
        "DELETE FROM crisis_view",
        "UPDATE crisis_view SET grantee = grantee",
        "DELETE FROM crisis_step",
        "UPDATE crisis_step SET turned = true",
        "DELETE FROM circle_event",
        "UPDATE circle_event SET agencies = agencies",
        "UPDATE share SET crisis_id = NULL",
        "UPDATE share SET record_id = record_id",
        "UPDATE share SET with_record = true",
        "DELETE FROM task",
        "UPDATE task SET person_id = person_id",
        "DELETE FROM task_step",
        "UPDATE task_step SET state = 1",
        "DELETE FROM decision",
        "UPDATE decision SET practitioner = NULL",
        "DELETE FROM decision_confirmed",
        "UPDATE decision_confirmed SET version = 2",
        "UPDATE supporter SET created_at = created_at",
        "UPDATE contribution SET content = ''",
        "UPDATE contribution SET contributor = contributor",
        "DELETE FROM request_log",
        "TRUNCATE plan CASCADE",
        "UPDATE plan_section SET kind = 7",
        "UPDATE plan_section SET person_id = person_id",
        "UPDATE section_version SET content = ''",
        "UPDATE share SET grantee = 'somebody'",
        "UPDATE share SET until_at = until_at",
        "UPDATE share SET section_id = section_id",
        "ALTER TABLE share DISABLE ROW LEVEL SECURITY",
        "DROP POLICY people ON share",
    ] {
        let refused = does(&world, Scope::person(person), sql).await;
        assert!(refused.is_err(), "{sql}: {refused:?}");
    }
    // Nor may it write into another's name.
    let theirs = "UPDATE plan SET person_id = '00000000-0000-4000-8000-000000000001'";
    assert!(does(&world, Scope::person(person), theirs).await.is_err());
    let stranger = Scope::person(Uuid::new_v4());
    assert_eq!(does(&world, stranger, "UPDATE share SET ended_at = now()").await, Ok(0));
    pg::check_server(&world.stage.db, pg::Allow { unsafe_durability: true }).await.unwrap();
}

#[tokio::test]
async fn a_second_persons_rows_appear_nowhere_and_every_column_is_explained() {
    let world = World::new().await;
    let (one, jane) = world.somebody();
    let (other, lee) = world.somebody();
    let doctor = world.clinician(CLINIC, "dr-c");
    let mut shares = Vec::new();
    for (person, by) in [(one, &jane), (other, &lee)] {
        let tools = by.update(writing(person, toolbox(&person.to_string()))).await.unwrap();
        by.update(writing(person, triggers("the letter"))).await.unwrap();
        shares.push(by.share(sharing(&world, &tools, CLINIC, "dr-c")).await.unwrap());
        let versions = by.versions(history(&tools)).await.unwrap().versions;
        assert_eq!(versions.len(), 1);
    }
    for (person, by) in [(one, &jane), (other, &lee)] {
        for sections in [by.plan(person).await, doctor.plan(person).await] {
            let sections = sections.unwrap().sections;
            assert!(sections.iter().all(|section| section.person == format!("people/{person}")));
        }
        let listed = by.shares(list_of(person)).await.unwrap().shares;
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].person, format!("people/{person}"));
    }
    // One person's end of a share is not another's.
    jane.unshare(unsharing(&shares[0])).await.unwrap();
    doctor.plan(other).await.unwrap();
    let uncommented = pg::uncommented(&world.stage.admin_url(), &world.stage.service.schema).await;
    assert_eq!(uncommented.unwrap(), Vec::<String>::new());
}
