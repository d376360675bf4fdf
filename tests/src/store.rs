//! What the database holds in the end, read by its administrator: what no service says of itself.

use pg::ServiceSchema;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{AssertSqlSafe, Connection as _, FromRow, PgConnection};
use time::OffsetDateTime;
use uuid::Uuid;

/// A row of `referral_event`.
#[derive(Debug, Clone, FromRow)]
pub struct ReferralEvent {
    pub seq: i64,
    pub referral_id: Uuid,
    pub source_id: Uuid,
    pub target_id: Uuid,
    pub kind: i16,
    pub state: Option<i16>,
    pub at: OffsetDateTime,
    pub for_agency: Option<Uuid>,
}

/// What became of a referral, by its own rows: the states of its moves in their order, and how often
/// something was added that moved nothing.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ReferralHistory {
    pub id: Uuid,
    pub moves: Vec<i16>,
    pub added: i64,
}

async fn connected(admin: &SecretString) -> PgConnection {
    PgConnection::connect(admin.expose_secret()).await.unwrap()
}

/// Every event, in its order.
pub async fn referral_events(admin: &SecretString) -> Vec<ReferralEvent> {
    let events = "SELECT seq, referral_id, source_id, target_id, kind, state, at, for_agency
        FROM referrals.referral_event ORDER BY seq";
    sqlx::query_as(events).fetch_all(&mut connected(admin).await).await.unwrap()
}

/// By whom the database is connected to beside the connections that transactions have.
pub async fn beside(admin: &SecretString) -> Vec<String> {
    let names = "SELECT DISTINCT application_name FROM pg_stat_activity
        WHERE application_name LIKE '%-beside' ORDER BY 1";
    sqlx::query_scalar(names).fetch_all(&mut connected(admin).await).await.unwrap()
}

/// The last event's number; none: the database does not answer now.
pub async fn last_referral_event(admin: &SecretString) -> Option<i64> {
    let mut conn = PgConnection::connect(admin.expose_secret()).await.ok()?;
    let last = "SELECT COALESCE(max(seq), 0) FROM referrals.referral_event";
    sqlx::query_scalar(last).fetch_one(&mut conn).await.ok()
}

/// Every referral. A no of the person's has its move, and is nothing added.
pub async fn referral_histories(admin: &SecretString) -> Vec<ReferralHistory> {
    let histories = "SELECT r.id,
            ARRAY(SELECT m.state FROM referrals.referral_move m
                WHERE m.referral_id = r.id ORDER BY m.n) AS moves,
            (SELECT count(*) FROM referrals.referral_contact c WHERE c.referral_id = r.id)
            + (SELECT count(*) FROM referrals.referral_answer a WHERE a.referral_id = r.id
                AND NOT EXISTS (SELECT FROM referrals.referral_move m WHERE m.referral_id = r.id
                    AND m.agency IS NULL AND m.at = a.at AND a.answer = 2)) AS added
        FROM referrals.referral r";
    sqlx::query_as(histories).fetch_all(&mut connected(admin).await).await.unwrap()
}

/// Of each table of people of a service, how many rows there are, and how many its own role sees when its transaction
/// names nobody.
pub async fn rows_of_people(admin: &SecretString, of: &ServiceSchema) -> Vec<(String, i64, i64)> {
    const TABLES: &str = "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND has_table_privilege($2, c.oid, 'SELECT')
          AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'person_id') ORDER BY 1";
    let mut conn = connected(admin).await;
    let tables = sqlx::query_scalar(TABLES).bind(&of.schema).bind(&of.role);
    let tables: Vec<String> = tables.fetch_all(&mut conn).await.unwrap();
    let mut found = Vec::new();
    for table in tables {
        let table = format!("{}.{table}", of.schema);
        let there = count(&mut conn, &table).await;
        run(&mut conn, format!("SET ROLE {}", of.role)).await;
        let seen = count(&mut conn, &table).await;
        run(&mut conn, "RESET ROLE".to_owned()).await;
        found.push((table, there, seen));
    }
    found
}

async fn count(conn: &mut PgConnection, table: &str) -> i64 {
    // The nil id is nobody: what is about no person.
    let sql = format!("SELECT count(*) FROM {table} WHERE person_id <> '{}'", Uuid::nil());
    let sql = AssertSqlSafe(sql);
    sqlx::query_scalar(sql).fetch_one(conn).await.unwrap()
}

async fn run(conn: &mut PgConnection, sql: String) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(conn).await.unwrap();
}

/// The tables, of every schema, in which one of these words stands: as text, or in what is kept as bytes.
pub async fn holding(admin: &SecretString, words: &[&str]) -> Vec<String> {
    const TABLES: &str = "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'm') AND n.nspname !~ '^(pg_|information_schema)' ORDER BY 1";
    let mut conn = connected(admin).await;
    let tables: Vec<String> = sqlx::query_scalar(TABLES).fetch_all(&mut conn).await.unwrap();
    let spelled = words.iter().flat_map(|word| {
        // As bytes a UUID has no dashes.
        let bare = word.replace('-', "");
        [(*word).to_owned(), hex::encode(word), bare]
    });
    let spelled: Vec<String> = spelled.map(|word| word.to_lowercase()).collect();
    let mut found = Vec::new();
    for table in tables {
        let sql = format!(
            "SELECT EXISTS (SELECT FROM {table} t, unnest($1::text[]) w (word)
                WHERE strpos(lower(t::text), w.word) > 0)"
        );
        let there: bool = sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(&spelled)
            .fetch_one(&mut conn)
            .await
            .unwrap();
        if there {
            found.push(table);
        }
    }
    found
}

/// An answer that a service keeps with what it has written.
#[derive(Debug, Clone, FromRow)]
pub struct Kept {
    pub request_id: Uuid,
    pub method: String,
    pub record_id: Uuid,
}

/// All of a service's.
pub async fn kept_answers(admin: &SecretString, service: &str) -> Vec<Kept> {
    let answers = format!("SELECT request_id, method, record_id FROM {service}.request_log");
    let answers = sqlx::query_as(AssertSqlSafe(answers));
    answers.fetch_all(&mut connected(admin).await).await.unwrap()
}

/// Every note, and how many versions it has.
pub async fn note_versions(admin: &SecretString) -> Vec<(Uuid, i64)> {
    let versions = "SELECT n.id, count(v.version) FROM notes.note n
        LEFT JOIN notes.note_version v ON v.note_id = n.id GROUP BY n.id";
    sqlx::query_as(versions).fetch_all(&mut connected(admin).await).await.unwrap()
}

/// The person of every registration.
pub async fn registered(admin: &SecretString) -> Vec<Uuid> {
    let people = "SELECT person_id FROM people.profile";
    sqlx::query_scalar(people).fetch_all(&mut connected(admin).await).await.unwrap()
}

/// From now on, or no more, the disk is full for a service's audit records: what a table is told that can
/// grow no further. Where there is no room for the log that it writes ahead, a server ends at once, as at
/// kill -9.
pub async fn disk_full(admin: &SecretString, service: &str, full: bool) {
    let sql = match full {
        true => format!(
            "CREATE OR REPLACE FUNCTION public.no_space() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 RAISE 'No space left on device' USING ERRCODE = 'disk_full';
             END $$;
             CREATE TRIGGER full_disk BEFORE INSERT ON {service}.audit_event
                 FOR EACH STATEMENT EXECUTE FUNCTION public.no_space();"
        ),
        false => format!("DROP TRIGGER full_disk ON {service}.audit_event"),
    };
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connected(admin).await).await.unwrap();
}
