//! Rows that make no sense: an alarm, and nobody else's trouble.

use kernel::Action;
use testkit::fakes::whole;
use tonic::Code;
use uuid::Uuid;

use crate::world::{CLINIC, HOUSING, World, list, not_found, refusal};

async fn damage(world: &World, sql: &str) {
    let mut conn = world.admin().await;
    let done = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut conn).await.unwrap();
    assert_eq!(done.rows_affected(), 1);
}

fn alarms(world: &World) -> usize {
    world.logs.text().matches("alarm=\"bad row\"").count()
}

fn internal() -> (Code, String) {
    (Code::Internal, "INTERNAL".to_owned())
}

#[tokio::test]
async fn words_that_are_not_those_that_were_written_are_an_alarm_and_not_absent() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let housing = world.clinician(HOUSING, "ms-h");
    for change in [
        "body = convert_to(replace(convert_from(body, 'UTF8'), 'weekly', 'daily'), 'UTF8')",
        "body = '\\x01'",
        "body = '\\x'",
        "body = substr(body, 2)",
        "body = '\\x00'::bytea || substr(body, 2)",
        "sha256 = sha256('others')",
    ] {
        let note = author.signed(person).await;
        let id = note.name.trim_start_matches("notes/");
        damage(&world, &format!("UPDATE note_version SET {change} WHERE note_id = '{id}'")).await;
        let before = alarms(&world);
        assert_eq!(refusal(author.get(&note).await), internal(), "{change}");
        assert!(alarms(&world) > before, "{change}");
        // To those who may not see it, it is not there, whatever its words.
        let refused = housing.get(&note).await.unwrap_err();
        let absent = housing.get_named(&format!("notes/{}", Uuid::new_v4())).await.unwrap_err();
        assert_eq!(whole(&refused), whole(&absent), "{change}");
        assert_eq!(refusal(author.list(list(person)).await), internal(), "{change}");
        assert!(housing.list(list(person)).await.unwrap().notes.is_empty());
        damage(&world, &format!("UPDATE note SET person_id = gen_random_uuid() WHERE id = '{id}'"))
            .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_note_does_not_take_others_with_it() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let (whole, damaged) = (author.signed(person).await, author.signed(person).await);
    let id = damaged.name.trim_start_matches("notes/");
    // Facets, too: without them nothing can be decided, for anybody.
    damage(&world, &format!("UPDATE note SET confidentiality = 77 WHERE id = '{id}'")).await;
    world.consent(person, CLINIC, HOUSING, [Action::Read]);
    let housing = world.clinician(HOUSING, "ms-h");
    let both = (0..40).map(|n| {
        let (client, note) = (housing.clone(), if n % 2 == 0 { &whole } else { &damaged });
        async move { (n, client.get(note).await) }
    });
    for (n, got) in futures::future::join_all(both).await {
        if n % 2 == 0 {
            assert_eq!(got.unwrap().note.unwrap(), whole);
        } else {
            assert_eq!(refusal(got), internal());
        }
    }
    let never = format!("notes/{}", Uuid::new_v4());
    assert_eq!(refusal(housing.get_named(&never).await), not_found());
}
