//! What a service refuses to start on.

use std::sync::atomic::Ordering;

use sqlx::AssertSqlSafe;

use crate::{Db, StoreError, catalogue::WALL};

/// What may be wrong nevertheless.
#[derive(Debug, Clone, Copy, Default)]
pub struct Allow {
    /// fsync off and the like: tests' servers only.
    pub unsafe_durability: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    #[error("the database role is a superuser: row-level security would not hold it")]
    Superuser,
    #[error("the database role has BYPASSRLS")]
    BypassRls,
    #[error("the database role may create databases or roles, or replicate")]
    Creates,
    #[error("the database role is a member of a role of the server's own (pg_...)")]
    Predefined,
    #[error("the database role owns objects in its schema, or may become their owner")]
    Owner,
    #[error("the database role may change or delete audit records")]
    AuditWritable,
    #[error("the database role may let audit records go")]
    Retention,
    #[error("the database role is a member of another role, and may act as it")]
    Member,
    #[error(
        "the table {0} has people's data that the database role would see without naming them: \
         its row-level security is off, not forced, or has a policy of its own; run trellis migrate"
    )]
    Unwalled(String),
    #[error("the server runs with {0} off: what is reported as durable would not be")]
    NotDurable(String),
    #[error("the schema is empty: has it been migrated?")]
    NotMigrated,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Everything about the role that this service runs as, in its schema. What a role may become by SET ROLE it is.
const ROLE: &str = "
    SELECT bool_or(may.super), bool_or(may.bypass), bool_or(may.creates), bool_or(may.predefined),
        EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid
                AND pg_has_role(r.oid, c.relowner, 'MEMBER'))
            OR EXISTS (SELECT FROM pg_proc p WHERE p.pronamespace = n.oid
                AND pg_has_role(r.oid, p.proowner, 'MEMBER'))
            OR pg_has_role(r.oid, n.nspowner, 'MEMBER'),
        COALESCE(bool_or(has_table_privilege(r.oid, a.oid, 'DELETE, TRUNCATE')
            OR has_any_column_privilege(r.oid, a.oid, 'UPDATE')
            OR a.relname ~ '^audit_' AND has_any_column_privilege(r.oid, a.oid, 'INSERT')
            OR a.relname ~ '^audit_(event_|purged)'
                AND NOT (a.relrowsecurity AND a.relforcerowsecurity)), false),
        EXISTS (SELECT FROM pg_proc p WHERE p.pronamespace = n.oid
                AND p.proname ~ '^purge_' AND has_function_privilege(r.oid, p.oid, 'EXECUTE'))
            OR EXISTS (SELECT FROM pg_roles k WHERE k.rolname ~ '_retention$'
                AND pg_has_role(r.oid, k.oid, 'MEMBER')),
        EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid),
        EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind = 'r')
    FROM pg_roles r JOIN pg_namespace n ON n.nspname = $1
        CROSS JOIN LATERAL (SELECT bool_or(s.rolsuper) AS super, bool_or(s.rolbypassrls) AS bypass,
                bool_or(s.rolcreatedb OR s.rolcreaterole OR s.rolreplication) AS creates,
                bool_or(s.rolname ~ '^pg_') AS predefined
            FROM pg_roles s WHERE pg_has_role(r.oid, s.oid, 'MEMBER')) may
        LEFT JOIN pg_class a ON a.relnamespace = n.oid AND a.relkind IN ('r', 'p')
            AND a.relname ~ '^(audit_.*|ledger_head|tree_head|tree_node)$'
    WHERE r.rolname = current_user
    GROUP BY r.oid, r.rolname, n.oid, n.nspowner";

/// A table of people that the role reaches and that shows it rows of whom the transaction does not name, as the
/// catalogue's rules have it. The role's search_path is its schema.
fn unwalled() -> String {
    format!(
        "SELECT c.relname::text
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_roles r ON r.rolname = current_user
        WHERE n.nspname = $1 AND c.relkind IN ('r', 'p')
            AND has_any_column_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE')
            AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0
                AND NOT a.attisdropped AND a.attname ~ '^(person|person_id|.*_person_id)$')
            AND (NOT (c.relrowsecurity AND c.relforcerowsecurity) OR EXISTS (
                SELECT FROM pg_policy p, LATERAL (VALUES (p.polqual), (p.polwithcheck)) e (half), {WALL}
                WHERE p.polrelid = c.oid AND p.polpermissive
                    AND (p.polroles = '{{0}}' OR r.oid = ANY (p.polroles))
                    AND half IS NOT NULL AND walls IS NOT TRUE))
        ORDER BY 1 LIMIT 1"
    )
}

const DURABILITY: &str = "
    SELECT COALESCE(string_agg(name, ', ' ORDER BY name), '') FROM pg_settings
    WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off'";

type Role = (bool, bool, bool, bool, bool, bool, bool, bool, bool);

/// Refuses a role that the walls in the database would not hold, and a server that would report
/// as durable what it can lose.
pub async fn check_server(db: &Db, allow: Allow) -> Result<(), CheckError> {
    let schema = db.schema().to_owned();
    let (role, unwalled, off, standby) = db
        .run_one("check", move |conn| {
            let schema = schema.clone();
            Box::pin(async move {
                let role: Option<Role> =
                    sqlx::query_as(ROLE).bind(&schema).fetch_optional(&mut *conn).await?;
                let unwalled: Option<String> = sqlx::query_scalar(AssertSqlSafe(unwalled()))
                    .bind(&schema)
                    .fetch_optional(&mut *conn)
                    .await?;
                let off: String = sqlx::query_scalar(DURABILITY).fetch_one(&mut *conn).await?;
                let standby: bool =
                    sqlx::query_scalar("SELECT current_setting('synchronous_standby_names') <> ''")
                        .fetch_one(&mut *conn)
                        .await?;
                Ok((role, unwalled, off, standby))
            })
        })
        .await?;
    db.0.standby.store(standby, Ordering::Relaxed);
    let Some((superuser, bypass, creates, predefined, owner, audit, retention, member, tables)) =
        role
    else {
        return Err(CheckError::NotMigrated);
    };
    match () {
        () if superuser => Err(CheckError::Superuser),
        () if bypass => Err(CheckError::BypassRls),
        () if creates => Err(CheckError::Creates),
        () if predefined => Err(CheckError::Predefined),
        () if owner => Err(CheckError::Owner),
        () if audit => Err(CheckError::AuditWritable),
        () if retention => Err(CheckError::Retention),
        () if member => Err(CheckError::Member),
        () if !tables => Err(CheckError::NotMigrated),
        () if !off.is_empty() && !allow.unsafe_durability => Err(CheckError::NotDurable(off)),
        () => unwalled.map_or(Ok(()), |table| Err(CheckError::Unwalled(table))),
    }
}
