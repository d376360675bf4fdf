//! Whether the walls in the database stand, as its catalogue says: what a migration forgot is found here.

use secrecy::SecretString;
use sqlx::ConnectOptions as _;

use crate::{ServiceSchema, StoreError, config::parse_url};

/// Whether half a policy is a wall: `said` as the server spells it, and `walls`, of `half`, `c` its table and `$1` its
/// schema. A wall is one of these and nothing else: whatever is beside one in an expression may open it. Only
/// `current_people()` of the schema's own is meant, which the search_path must not hide.
pub(crate) const WALL: &str = "
    LATERAL (SELECT replace(regexp_replace(pg_get_expr(half, c.oid), '\\s+', ' ', 'g'),
        format(' %I.current_people()', $1), ' current_people()')) s (said),
    LATERAL (SELECT said IN (
            '(person_id = ''00000000-0000-0000-0000-000000000000''::uuid)',
            '((office_id)::text = COALESCE(current_setting(''trellis.office''::text, true), ''''::text))',
            '(COALESCE((agency_id)::text, ''network''::text) '
                '= COALESCE(current_setting(''trellis.office''::text, true), ''''::text))')
        OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            AND a.attname ~ '^(person|person_id|.*_person_id)$'
            AND said = format('(%I = ANY (( SELECT current_people() AS current_people)::uuid[]))', a.attname))
    ) w (walls)";

/// Each a rule, and what breaks it: `$1` is the schema, `$2` the role that the service runs as. What an extension
/// brought is not ours. The nil id is nobody: what is about no person anybody may see. An officer's list is of many
/// people: its rows are seen by whoever's office they are, and by nobody where the transaction names none. A function
/// of the owner's sees everybody: ids and facets may come out of it, and what else there is to be a stated exception.
const RULES: &[(&str, &str)] = &[
    (
        "has a person's data and does not force row-level security on it",
        "SELECT c.relname::text FROM own_tables c
         WHERE c.people AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
           AND (NOT c.relispartition OR c.reached)",
    ),
    (
        "has a person's data and no policy of current_people() for the service",
        "SELECT c.relname::text FROM own_tables c
         WHERE c.people AND NOT c.relispartition AND c.reached AND NOT EXISTS (
             SELECT FROM own_policies p WHERE p.polrelid = c.oid AND p.reads AND p.walls
               AND p.said ~ 'current_people|trellis\\.office')",
    ),
    (
        "has a policy for the service that asks for no person",
        "SELECT c.relname || '.' || p.polname FROM own_tables c JOIN own_policies p ON p.polrelid = c.oid
         WHERE c.people AND p.walls IS NOT TRUE",
    ),
    (
        "has a person's data, and the service may delete it",
        "SELECT c.relname::text FROM own_tables c
         WHERE c.people AND has_table_privilege($2, c.oid, 'DELETE, TRUNCATE')",
    ),
    (
        "may be reached by everybody (PUBLIC)",
        "SELECT c.relname::text FROM own_objects c, aclexplode(c.relacl) a WHERE a.grantee = 0
         UNION ALL SELECT n.nspname::text FROM pg_namespace n, aclexplode(n.nspacl) a
         WHERE n.nspname = $1 AND a.grantee = 0
         UNION ALL SELECT p.oid::regprocedure::text FROM own_functions p,
             aclexplode(COALESCE(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0",
    ),
    (
        "is owned by somebody else than the schema's owner",
        "SELECT c.relname::text FROM own_objects c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relowner <> n.nspowner
         UNION ALL SELECT p.oid::regprocedure::text FROM own_functions p
         JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.proowner <> n.nspowner",
    ),
    (
        "acts as its owner (SECURITY DEFINER) without a search_path of its own",
        "SELECT p.oid::regprocedure::text FROM own_functions p
         WHERE p.prosecdef AND NOT COALESCE(p.proconfig, '{}') && ARRAY[
             format('search_path=%s, pg_temp', $1), format('search_path=%s,pg_temp', $1),
             format('search_path=\"%s\", pg_temp', $1)]",
    ),
    (
        "acts as its owner (SECURITY DEFINER) and gives words",
        "SELECT p.oid::regprocedure::text FROM own_functions p WHERE p.prosecdef AND EXISTS (
             SELECT FROM (
                 SELECT p.prorettype, p.proname::text
                 UNION ALL SELECT o.type, p.proargnames[o.place::integer]
                 FROM unnest(p.proallargtypes, p.proargmodes) WITH ORDINALITY AS o (type, mode, place)
                 WHERE o.mode IN ('o', 'b', 't')
                 UNION ALL SELECT a.atttypid, a.attname::text FROM pg_type t
                 JOIN pg_attribute a ON a.attrelid = t.typrelid
                 WHERE t.oid = p.prorettype AND a.attnum > 0 AND NOT a.attisdropped
             ) given (type, name)
             -- A hash is no words.
             WHERE given.name ~ '(^|_)(body|content|words|summary)$' OR given.name !~ '(^|_)sha256$'
                 AND given.type IN ('bytea'::regtype, 'bytea[]'::regtype, 'json'::regtype, 'jsonb'::regtype,
                     'jsonb[]'::regtype))",
    ),
    (
        "is a view that reads as its owner",
        "SELECT c.relname::text FROM own_objects c
         WHERE c.relkind = 'v' AND NOT COALESCE(c.reloptions, '{}') && ARRAY['security_invoker=true']
         UNION ALL SELECT c.relname::text FROM own_objects c WHERE c.relkind = 'm'",
    ),
    (
        "is what the service's role may make things in",
        "SELECT n.nspname::text FROM pg_namespace n WHERE has_schema_privilege($2, n.oid, 'CREATE')
         UNION ALL SELECT current_database()::text
         WHERE has_database_privilege($2, current_database(), 'CREATE, TEMPORARY')",
    ),
    (
        "is another schema's, and the service may reach it",
        "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname <> $1 AND n.nspname !~ '^(pg_|information_schema)' AND c.relkind IN ('r', 'p', 'v', 'm')
           AND has_schema_privilege($2, n.oid, 'USAGE')
           AND has_table_privilege($2, c.oid, 'SELECT, INSERT, UPDATE, DELETE')
           AND NOT EXISTS (SELECT FROM pg_depend d
               WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')",
    ),
];

const OWN: &str = "WITH
    own_role AS (SELECT oid FROM pg_roles WHERE rolname = $2),
    own_objects AS (SELECT c.* FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'S') AND NOT EXISTS (SELECT FROM pg_depend d
            WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')),
    own_functions AS (SELECT p.* FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = $1 AND NOT EXISTS (SELECT FROM pg_depend d
            WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')),
    own_tables AS (SELECT c.*, EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0
            AND NOT a.attisdropped AND a.attname ~ '^(person|person_id|.*_person_id)$') AS people,
        has_any_column_privilege($2, c.oid, 'SELECT, INSERT, UPDATE') AS reached
        FROM own_objects c WHERE c.relkind IN ('r', 'p'))";

/// What of a service's schema is not as it must be: `object: rule`, in order. A test asserts that nothing is, and
/// `trellis migrate` that nothing was changed since.
pub async fn breaches(
    admin: &SecretString,
    service: &ServiceSchema,
) -> Result<Vec<String>, StoreError> {
    // Whatever is not the server's own is named with its schema.
    let path = [("search_path", "pg_catalog")];
    let mut conn = parse_url(admin)?.options(path).connect().await?;
    // Those that hold for the service, by their halves.
    let policies = format!(
        "own_policies AS (SELECT p.polrelid, p.polname, reads, said, walls
            FROM own_tables c JOIN pg_policy p ON p.polrelid = c.oid,
                LATERAL (VALUES (p.polqual, true), (p.polwithcheck, false)) e (half, reads), {WALL}
            WHERE half IS NOT NULL
                AND (p.polroles = '{{0}}' OR (SELECT oid FROM own_role) = ANY (p.polroles)))"
    );
    let mut found = Vec::new();
    for (rule, query) in RULES {
        let sql = sqlx::AssertSqlSafe(format!(
            "{OWN}, {policies} SELECT DISTINCT broken FROM ({query}) b (broken), own_role ORDER BY 1"
        ));
        let broken: Vec<String> = sqlx::query_scalar(sql)
            .bind(&service.schema)
            .bind(&service.role)
            .fetch_all(&mut conn)
            .await?;
        found.extend(broken.into_iter().map(|object| format!("{object}: {rule}")));
    }
    Ok(found)
}
