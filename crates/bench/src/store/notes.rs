//! Generated notes to search: as many of each person, of a hundred words, a third with a section on HIV besides.

use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

/// Notes of a person.
pub const OF_A_PERSON: usize = 50;

/// A thousand texts, indexed as the service indexes them; the hidden ones have a word of their own.
const TEXTS: &str = r"
CREATE TEMP TABLE said AS
SELECT n, t.said, section_words(t.said, t.said) AS words,
    'canary ' || t.said AS hidden, section_words('canary ' || t.said, 'canary ' || t.said) AS hidden_words
FROM generate_series(0, 999) AS n
CROSS JOIN LATERAL (SELECT string_agg((ARRAY['housed', 'sleeps', 'works', 'meets', 'weekly', 'visits', 'sister',
    'medicine', 'takes', 'morning', 'evening', 'group', 'walks', 'garden', 'river', 'bread', 'window', 'letter',
    'court', 'hearing', 'appointment', 'missed', 'called', 'bus', 'ticket', 'shelter', 'landlord', 'rent', 'key',
    'moved', 'job', 'interview', 'bakery', 'vivienda', 'trabajo', 'medicina', 'hermana', 'semana', 'camina',
    'busca', 'plan', 'goal', 'step', 'agreed', 'wants', 'peer', 'support', 'calm', 'worried', 'better'])
    [1 + (hashint4(n * 131 + k) & 2147483647) % 50], ' ') AS said FROM generate_series(1, 100) AS k) t";

const NOTES: &str = r"
INSERT INTO note (id, person_id, class, custodian_id, author, authored_at, confidentiality, sensitivities, part2,
    victim_service, note_type, supervised, state, version, signed_at, row_version)
SELECT md5('n' || p || '-' || k)::uuid, md5('p' || p)::uuid, 0, $3, $3 || '/staff-' || k % 7,
    timestamptz '2026-01-01' + (p * 50 + k) * interval '1 second', 4, CASE WHEN k % 3 = 0 THEN 1024 ELSE 0 END, false,
    false, 1 + k % 3, false, 2, 1, timestamptz '2026-01-01', 2
FROM generate_series($1, $2) AS p, generate_series(1, 50) AS k";

const VERSIONS: &str = r"
INSERT INTO note_version (note_id, version, person_id, body, sha256, author, at, kind, confidentialities,
    sensitivities, flags, hashes, words)
SELECT md5('n' || p || '-' || k)::uuid, 1, md5('p' || p)::uuid,
    '\x01'::bytea || convert_to(CASE WHEN k % 3 = 0
        THEN jsonb_build_array(jsonb_build_object('title', 'Plan', 'body', s.said),
            jsonb_build_object('title', '', 'body', s.hidden))
        ELSE jsonb_build_array(jsonb_build_object('title', 'Plan', 'body', s.said)) END::text, 'UTF8'),
    sha256('a'), $3 || '/staff-' || k % 7, timestamptz '2026-01-01', 1,
    CASE WHEN k % 3 = 0 THEN '{3,4}' ELSE '{3}' END::smallint[],
    CASE WHEN k % 3 = 0 THEN '{0,1024}' ELSE '{0}' END::integer[],
    CASE WHEN k % 3 = 0 THEN '{0,0}' ELSE '{0}' END::smallint[],
    CASE WHEN k % 3 = 0 THEN sha256('a') || sha256('b') ELSE sha256('a') END,
    CASE WHEN k % 3 = 0 THEN ARRAY[s.words, s.hidden_words] ELSE ARRAY[s.words] END
FROM generate_series($1, $2) AS p
CROSS JOIN generate_series(1, 50) AS k
JOIN said s ON s.n = (p * 7 + k * 13) % 1000";

/// The administrator's connection, in the notes' schema.
pub async fn open(admin: &str) -> anyhow::Result<PgConnection> {
    let mut conn = PgConnection::connect(admin).await?;
    sqlx::raw_sql("SET search_path = notes, pg_temp; SET synchronous_commit = off")
        .execute(&mut conn)
        .await?;
    // By hand, after each filling: nothing else runs while it is measured.
    sqlx::raw_sql("ALTER SYSTEM SET autovacuum = off").execute(&mut conn).await?;
    sqlx::raw_sql("SELECT pg_reload_conf()").execute(&mut conn).await?;
    sqlx::raw_sql(TEXTS).execute(&mut conn).await?;
    Ok(conn)
}

/// People from one number to another, fifty notes each.
pub async fn fill(
    conn: &mut PgConnection,
    custodian: Uuid,
    from: i32,
    to: i32,
) -> anyhow::Result<()> {
    for sql in [NOTES, VERSIONS] {
        sqlx::query(sql).bind(from).bind(to).bind(custodian).execute(&mut *conn).await?;
    }
    sqlx::raw_sql("VACUUM ANALYZE").execute(&mut *conn).await?;
    sqlx::raw_sql("CHECKPOINT").execute(&mut *conn).await?;
    // Read once, all of it: what is measured is the search, not the disk.
    let warm = "SELECT sum(octet_length(body) + length(words[1])) FROM note_version";
    sqlx::query(warm).execute(conn).await?;
    Ok(())
}

/// The names of the people from 1 to this number.
pub async fn people(conn: &mut PgConnection, to: i32) -> anyhow::Result<Vec<Uuid>> {
    let sql = "SELECT md5('p' || p)::uuid FROM generate_series(1, $1) AS p ORDER BY p";
    Ok(sqlx::query_scalar(sql).bind(to).fetch_all(conn).await?)
}
