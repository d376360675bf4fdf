//! The second wall: what the service's own role can reach.

use kernel::Action;
use pg::{Scope, StoreError};
use uuid::Uuid;

use crate::{
    amendments,
    attached::pdf,
    blocks::{block, lift},
    questions,
    reading::acknowledge,
    reviews::ask,
    statements::state,
    world::{CLINIC, Client, HOUSING, World, list},
};

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

const TABLES: [&str; 12] = [
    "note",
    "note_version",
    "attachment",
    "request_log",
    "release_decision",
    "review_request",
    "block_review",
    "amendment_request",
    "note_statement",
    "note_acknowledgement",
    "note_question",
    "release_event",
];

#[tokio::test]
async fn without_a_person_the_services_role_sees_no_row_and_with_one_only_theirs() {
    let world = World::new().await;
    let author = world.clinician(CLINIC, "dr-c");
    let (one, other) = (world.somebody(), world.somebody());
    for person in [one, other] {
        reviewed(&world, &author, person).await;
        author.attach(&author.draft(person).await, &pdf(10)).await.unwrap();
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
async fn a_note_is_read_by_its_id_as_the_note_of_its_person_and_of_nobody_else() {
    let world = World::new().await;
    let (one, other) = (world.somebody(), world.somebody());
    let note = world.clinician(CLINIC, "dr-c").signed(one).await;
    let id: Uuid = note.name.trim_start_matches("notes/").parse().unwrap();
    let read = async |version: i32, person: Uuid| -> Vec<Uuid> {
        let found = world.stage.db.run_tx("test.read", Scope::nobody(), move |tx| {
            Box::pin(async move {
                let sql = "SELECT id FROM read_notes(ARRAY[$1], ARRAY[$2], ARRAY[$3])";
                let row = sqlx::query_scalar(sql).bind(id).bind(version).bind(person);
                Ok(row.fetch_all(tx).await?)
            })
        });
        found.await.unwrap()
    };
    for version in [0, 1] {
        assert_eq!(read(version, one).await, [id]);
        assert!(read(version, other).await.is_empty());
        assert!(read(version, Uuid::nil()).await.is_empty());
    }
}

/// A note about which its person has asked and written, and that is kept from them now: they have asked for a
/// review.
async fn reviewed(world: &World, author: &Client, person: Uuid) {
    let note = author.signed(person).await;
    world.people.bind(&person.to_string(), person, None);
    let themself = world.person(&person.to_string());
    themself.request_amendment(amendments::ask(&note, "words")).await.unwrap();
    themself.add_statement(state(&note, "words")).await.unwrap();
    themself.acknowledge(acknowledge(&note, 1)).await.unwrap();
    themself.ask(questions::ask(&note, &[])).await.unwrap();
    author.block(block(&note, 1, "grounds", world)).await.unwrap();
    author.lift(lift(&note)).await.unwrap();
    author.block(block(&note, 1, "grounds", world)).await.unwrap();
    themself.ask_review(ask(person)).await.unwrap();
}

#[tokio::test]
async fn the_services_role_deletes_nothing_and_changes_no_words() {
    let world = World::new().await;
    let person = world.somebody();
    reviewed(&world, &world.clinician(CLINIC, "dr-c"), person).await;
    for sql in [
        "DELETE FROM note",
        "DELETE FROM note_version",
        "DELETE FROM attachment",
        "DELETE FROM release_decision",
        "UPDATE release_decision SET until_at = at",
        "DELETE FROM release_event",
        "UPDATE release_event SET happened_at = now()",
        "DELETE FROM review_request",
        "DELETE FROM block_review",
        "UPDATE block_review SET at = now()",
        "DELETE FROM amendment_request",
        "UPDATE amendment_request SET words = ''",
        "UPDATE amendment_request SET at = now()",
        "DELETE FROM note_statement",
        "UPDATE note_statement SET words = ''",
        "DELETE FROM note_acknowledgement",
        "UPDATE note_acknowledgement SET hidden = false",
        "DELETE FROM note_question",
        "UPDATE note_question SET words = ''",
        "DELETE FROM request_log",
        "TRUNCATE note CASCADE",
        "UPDATE note_version SET body = ''",
        "ALTER TABLE note DISABLE ROW LEVEL SECURITY",
        "DROP POLICY people ON note",
    ] {
        let refused = does(&world, Scope::person(person), sql).await;
        assert!(refused.is_err(), "{sql}: {refused:?}");
    }
    // Nor may it write into another's name.
    let theirs = "UPDATE note SET person_id = '00000000-0000-4000-8000-000000000001'";
    assert!(does(&world, Scope::person(person), theirs).await.is_err());
    assert_eq!(
        does(&world, Scope::person(Uuid::new_v4()), "UPDATE note SET state = 2").await,
        Ok(0)
    );
    pg::check_server(&world.stage.db, pg::Allow { unsafe_durability: true }).await.unwrap();
}

#[tokio::test]
async fn a_second_persons_rows_appear_in_no_list_and_every_column_is_explained() {
    let world = World::new().await;
    let (one, other) = (world.somebody(), world.somebody());
    let author = world.clinician(CLINIC, "dr-c");
    let housing = world.clinician(HOUSING, "ms-h");
    for person in [one, other] {
        // Everything of both is visible to both agencies, and still apart.
        world.consent(person, CLINIC, HOUSING, [Action::Read]);
        author.signed(person).await;
    }
    for client in [&author, &housing] {
        for person in [one, other] {
            let notes = client.list(list(person)).await.unwrap().notes;
            let of: Vec<_> = notes.iter().map(|note| note.person.clone()).collect();
            assert_eq!(of, [format!("people/{person}")]);
        }
    }
    let uncommented = pg::uncommented(&world.stage.admin_url(), &world.stage.service.schema).await;
    assert_eq!(uncommented.unwrap(), Vec::<String>::new());
}
