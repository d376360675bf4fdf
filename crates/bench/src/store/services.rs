//! A generated directory, and the search of it as it was before it had an index.

use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

/// Services of an agency.
pub const OF_AN_AGENCY: usize = 50;

/// What they offer, in turns; one in four states no need.
const FILL: &str = r"
INSERT INTO agency (id, source_id, display_name, sector, status, part2_program, victim_service_provider,
    covered_entity, description, revision)
SELECT md5('a' || n)::uuid, 'a' || n,
    (ARRAY['Riverside', 'Hillcrest', 'Bayview', 'Oakwood', 'Mission', 'Sunset', 'Harbor', 'Valley'])[1 + n % 8]
        || ' ' || (ARRAY['House', 'Center', 'Alliance', 'Network', 'Partners'])[1 + n % 5] || ' ' || n,
    (ARRAY['HEALTHCARE', 'HOUSING', 'OTHER', 'EDUCATION', 'EMPLOYMENT', 'PEER', 'FAITH'])[1 + n % 7],
    'ACTIVE', false, false, false, '', next_values('revision', 1)
FROM generate_series($1, $2) AS n";

const SERVICES: &str = r"
INSERT INTO service (id, agency_id, source_id, display_name, description, need_categories, languages,
    support_kinds, eligibility, application_process, fees, listed, published, capacity_status,
    capacity_available, capacity_unit, capacity_as_of)
SELECT md5('s' || n)::uuid, md5('a' || a)::uuid, 's' || n, t.name || ' ' || n,
    t.about || ' ' || (SELECT string_agg((ARRAY['families', 'older', 'adults', 'youth', 'evening', 'weekend',
        'support', 'program', 'community', 'county', 'walk', 'appointment', 'phone', 'residents', 'income',
        'free', 'group', 'individual', 'visit', 'referral', 'call', 'bring', 'neighbors', 'monthly',
        'volunteers', 'staff', 'north', 'south', 'waiting', 'office'])
        [1 + (hashint4(n * 31 + k) & 2147483647) % 30], ' ') FROM generate_series(1, 30) AS k),
    CASE WHEN n % 4 = 0 THEN '{}' ELSE ARRAY[t.code] END,
    (CASE n % 3 WHEN 0 THEN '{}' WHEN 1 THEN '{English,Spanish}' ELSE '{English}' END)::text[],
    1 << (n % 4), '', '', '', true,
    CASE WHEN n % 5 = 0 THEN jsonb_build_object('minimum_age', n % 60) ELSE '{}' END,
    CASE n % 5 WHEN 0 THEN 'CAPACITY' WHEN 1 THEN 'NO_CAPACITY' WHEN 2 THEN 'WAITLIST' END,
    CASE WHEN n % 5 < 3 THEN n % 7 END, CASE WHEN n % 5 < 3 THEN 'bed' END,
    CASE WHEN n % 5 < 3 THEN now() - n % 100 * interval '1 hour' END
FROM generate_series($1, $2) AS a
CROSS JOIN LATERAL generate_series((a - 1) * 50 + 1, a * 50) AS n
JOIN (VALUES
    (0, 'Food pantry', 'Groceries and hot meals for anyone', '102-04'),
    (1, 'Emergency shelter', 'A bed for the night', '103-01'),
    (2, 'Rent help', 'Pays rent in a crisis', '103-03'),
    (3, 'Dental clinic', 'Dentists see adults and children', '106-02'),
    (4, 'Detox', 'Medical withdrawal', '106-01-02'),
    (5, 'Job placement', 'Employment and resumes', '110-01'),
    (6, 'English classes', 'ESL every evening', '109-03-03'),
    (7, 'Legal aid', 'Lawyers for tenants', '111-01'),
    (8, 'Childcare', 'Daytime care for children', '108-03-03'),
    (9, 'Bus passes', 'Transit tickets', '105-01-01'),
    (10, 'Peer support', 'Groups led by peers', '108-07-07'),
    (11, 'Clothing closet', 'Clothes and shoes', '104-02')) AS t (k, name, about, code)
    ON t.k = (n * 7 + n / 12) % 12";

/// Three in four are somewhere in a square of 60 km, and open on weekdays; one in eight says who gets in.
const BELOW: &str = r"
WITH s AS (SELECT agency_id, source_id, substr(source_id, 2)::integer AS n FROM service
    WHERE agency_id IN (SELECT md5('a' || a)::uuid FROM generate_series($1, $2) AS a)
), l AS (
    INSERT INTO location (agency_id, source_id, kind, latitude, longitude, gone)
    SELECT agency_id, source_id, 'physical', 37.1 + (hashint4(n) & 65535) / 65535.0 * 0.54,
        -122.6 + (hashint4(-n) & 65535) / 65535.0 * 0.68, false FROM s WHERE n % 4 > 0
), at AS (
    INSERT INTO service_at_location (agency_id, source_id, service_source_id, location_source_id, gone)
    SELECT agency_id, source_id, source_id, source_id, false FROM s WHERE n % 4 > 0
)
INSERT INTO detail (agency_id, kind, source_id, owner_kind, owner_source_id, content, gone)
SELECT agency_id, 'schedules', source_id, 'service', source_id, jsonb_build_object('freq', 'WEEKLY',
    'byday', 'MO,TU,WE,TH,FR', 'opens_at', format('%s:00:00', lpad((7 + n % 5)::text, 2, '0')),
    'closes_at', '17:00:00'), false FROM s WHERE n % 4 > 0
UNION ALL
SELECT agency_id, 'accessibility', source_id, 'location', source_id,
    jsonb_build_object('description', 'Wheelchair ramp'), false FROM s WHERE n % 8 = 1";

const INDEX: &str = "SELECT sum(index_services(id, NULL)) FROM agency WHERE source_id IS NOT NULL
    AND substr(source_id, 2)::integer BETWEEN $1 AND $2";

const BEFORE: &str = r#"
SELECT s.id FROM service s JOIN agency a ON a.id = s.agency_id
WHERE s.listed AND a.status = 'ACTIVE'
  AND NOT EXISTS (SELECT FROM unnest($1::text[]) AS w (pattern)
      WHERE NOT (s.display_name ILIKE w.pattern OR s.description ILIKE w.pattern
          OR a.display_name ILIKE w.pattern))
  AND ($2::text IS NULL OR EXISTS (SELECT FROM unnest(s.need_categories) AS c (code)
      WHERE c.code = $2 OR starts_with(c.code, $2 || '-')))
  AND (NOT $3 OR s.capacity_status = 'CAPACITY')
ORDER BY s.name_key, s.id LIMIT 51"#;

/// The administrator's connection, in the directory's schema.
pub async fn open(admin: &str) -> anyhow::Result<PgConnection> {
    let mut conn = PgConnection::connect(admin).await?;
    sqlx::raw_sql("SET search_path = directory, pg_temp; SET synchronous_commit = off")
        .execute(&mut conn)
        .await?;
    Ok(conn)
}

/// The agency of those who search, and who speaks for it.
pub async fn asker(
    conn: &mut PgConnection,
    id: Uuid,
    issuer: &str,
    client: &str,
) -> anyhow::Result<()> {
    sqlx::query(
        "INSERT INTO agency (id, display_name, sector, status, part2_program, victim_service_provider,
             covered_entity, description, revision)
         VALUES ($1, 'The asker', 'HEALTHCARE', 'ACTIVE', false, false, false, '',
             next_values('revision', 1))",
    )
    .bind(id)
    .execute(&mut *conn)
    .await?;
    sqlx::query("INSERT INTO agency_binding (agency_id, issuer, client_id) VALUES ($1, $2, $3)")
        .bind(id)
        .bind(issuer)
        .bind(client)
        .execute(conn)
        .await?;
    Ok(())
}

/// Agencies from one number to another, fifty services each.
pub async fn fill(conn: &mut PgConnection, from: i32, to: i32) -> anyhow::Result<()> {
    for sql in [FILL, SERVICES, BELOW] {
        sqlx::query(sql).bind(from).bind(to).execute(&mut *conn).await?;
    }
    sqlx::raw_sql("ANALYZE").execute(&mut *conn).await?;
    sqlx::query(INDEX).bind(from).bind(to).execute(&mut *conn).await?;
    sqlx::raw_sql("VACUUM ANALYZE").execute(&mut *conn).await?;
    sqlx::raw_sql("CHECKPOINT").execute(conn).await?;
    Ok(())
}

/// The first page as it was found before; how many are on it.
pub async fn before(
    conn: &mut PgConnection,
    words: &[&str],
    need: Option<&str>,
    room: bool,
) -> anyhow::Result<usize> {
    let patterns: Vec<String> = words.iter().map(|word| format!("%{word}%")).collect();
    let rows = sqlx::query(BEFORE).bind(patterns).bind(need).bind(room).fetch_all(conn).await?;
    Ok(rows.len())
}
