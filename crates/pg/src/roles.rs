//! One schema and two roles a service: an owner that nobody can log in as, and the login role,
//! which owns nothing and may do only what it is granted.

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{AssertSqlSafe, ConnectOptions as _, PgConnection};

use crate::{Cause, StoreError, config::parse_url, ident::quoted};

/// A service's place in the database.
#[derive(Debug, Clone)]
pub struct ServiceSchema {
    pub schema: String,
    /// The login role.
    pub role: String,
    /// Set on the login role when given; the private server needs none.
    pub password: Option<SecretString>,
    /// What its queries need of the server besides: extensions, which live in its schema.
    pub extensions: &'static [&'static str],
}

impl ServiceSchema {
    /// Schema `notes`, login role `trellis_notes`, owner `trellis_notes_owner`.
    pub fn of(service: &str) -> Self {
        Self {
            schema: service.to_owned(),
            role: format!("trellis_{service}"),
            password: None,
            extensions: if service == "directory" { &["pg_trgm", "unaccent"] } else { &[] },
        }
    }

    pub fn owner(&self) -> String {
        format!("{}_owner", self.role)
    }

    /// May let audit records go that are past their time. Nobody can log in as it, and no service is a
    /// member.
    pub fn retention(&self) -> String {
        format!("{}_retention", self.role)
    }

    pub(crate) fn quoted(&self) -> Result<Quoted, ProvisionError> {
        let one = |name: &str| quoted(name).ok_or(ProvisionError::Name);
        let (schema, role, owner) = (one(&self.schema)?, one(&self.role)?, one(&self.owner())?);
        Ok(Quoted { schema, role, owner, retention: one(&self.retention())? })
    }
}

pub(crate) struct Quoted {
    pub schema: String,
    pub role: String,
    pub owner: String,
    pub retention: String,
}

#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    #[error("a schema or role name is not plain lower-case letters, digits and underscores")]
    Name,
    #[error("the database server has no extension {0}: install PostgreSQL's contrib modules there")]
    NoExtension(&'static str),
    #[error(
        "the extension {name} is in schema {there}; ALTER EXTENSION {name} SET SCHEMA {wanted}"
    )]
    Elsewhere { name: &'static str, there: String, wanted: String },
    #[error("provisioning: {0}")]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for ProvisionError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// A connection that reads all rows of a service's schema, as its owner, and changes nothing: for tools
/// apart from the service. `admin` may act as the owner, as for migrations.
pub async fn reading(
    admin: &SecretString,
    service: &ServiceSchema,
) -> Result<PgConnection, ProvisionError> {
    let options = [("default_transaction_read_only", "on".to_owned())];
    as_owner(admin, service, "trellis-read", options).await
}

/// A connection that may let audit records go that are past their time, and do nothing else: for a tool
/// apart from the service.
pub async fn retaining(
    admin: &SecretString,
    service: &ServiceSchema,
) -> Result<PgConnection, ProvisionError> {
    acting(admin, service, &service.quoted()?.retention, "trellis-retention", []).await
}

/// A connection of the administrator's that acts as the owner of a service's schema, in it.
pub(crate) async fn as_owner(
    admin: &SecretString,
    service: &ServiceSchema,
    name: &str,
    options: impl IntoIterator<Item = (&'static str, String)>,
) -> Result<PgConnection, ProvisionError> {
    acting(admin, service, &service.quoted()?.owner, name, options).await
}

/// `role`: quoted.
async fn acting(
    admin: &SecretString,
    service: &ServiceSchema,
    role: &str,
    name: &str,
    options: impl IntoIterator<Item = (&'static str, String)>,
) -> Result<PgConnection, ProvisionError> {
    // pg_temp last, and named: functions keep this path (SET search_path FROM CURRENT).
    let path = ("search_path", format!("{},pg_temp", service.schema));
    let mut conn = parse_url(admin)?
        .application_name(name)
        .options(std::iter::once(path).chain(options))
        .connect()
        .await?;
    sqlx::raw_sql(AssertSqlSafe(format!("SET ROLE {role}"))).execute(&mut conn).await?;
    Ok(conn)
}

/// Creates what is missing and sets what is wrong; running it again changes nothing. `admin` may
/// create roles and schemas; it need not be a superuser.
pub async fn provision(
    admin: &SecretString,
    services: &[ServiceSchema],
) -> Result<(), ProvisionError> {
    let mut conn = parse_url(admin)?.application_name("trellis-provision").connect().await?;
    for service in services {
        let names = service.quoted()?;
        // Roles belong to the whole server: somebody may be provisioning another database now.
        let mut tries = 0;
        while let Err(error) = provision_one(&mut conn, service, &names).await {
            tries += 1;
            if tries > 10 || !concurrent(&error) {
                return Err(error);
            }
        }
    }
    Ok(())
}

fn concurrent(error: &ProvisionError) -> bool {
    let ProvisionError::Store(error) = error else { return false };
    match error {
        StoreError::Conflict(_) | StoreError::Contended(_) => true,
        // "tuple concurrently updated", and a role or schema that has just been made.
        StoreError::Internal(c) => {
            matches!(c.sqlstate(), Some("XX000" | "42710" | "42P06"))
        }
        _ => false,
    }
}

async fn provision_one(
    conn: &mut PgConnection,
    service: &ServiceSchema,
    names: &Quoted,
) -> Result<(), ProvisionError> {
    let Quoted { schema, role, owner, retention } = names;
    for (name, sql) in [
        (service.owner(), format!("CREATE ROLE {owner} NOLOGIN")),
        (service.role.clone(), format!("CREATE ROLE {role} LOGIN NOINHERIT")),
        (service.retention(), format!("CREATE ROLE {retention} NOLOGIN")),
    ] {
        let there: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)")
                .bind(name)
                .fetch_one(&mut *conn)
                .await?;
        if !there {
            run(conn, sql).await?;
        }
    }
    let (superuser, database): (bool, String) = sqlx::query_as(
        "SELECT rolsuper, format('%I', current_database()) FROM pg_roles \
         WHERE rolname = current_user",
    )
    .fetch_one(&mut *conn)
    .await?;
    if superuser {
        // Only a superuser can take these away, and only one could have given them.
        for name in [role, owner, retention] {
            run(
                conn,
                format!("ALTER ROLE {name} NOSUPERUSER NOBYPASSRLS NOREPLICATION NOCREATEDB NOCREATEROLE"),
            )
            .await?;
        }
    } else {
        run(conn, format!("GRANT {owner}, {retention} TO CURRENT_USER")).await?;
    }
    if let Some(password) = &service.password {
        // The server quotes it.
        let sql: String = sqlx::query_scalar("SELECT format('ALTER ROLE %I PASSWORD %L', $1, $2)")
            .bind(&service.role)
            .bind(password.expose_secret())
            .fetch_one(&mut *conn)
            .await?;
        run(conn, sql).await?;
    }
    for sql in [
        format!("REVOKE CREATE, TEMPORARY ON DATABASE {database} FROM PUBLIC"),
        format!("GRANT CONNECT ON DATABASE {database} TO {role}"),
        format!("CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {owner}"),
    ] {
        run(conn, sql).await?;
    }
    for name in service.extensions {
        extension(conn, service, schema, name).await?;
    }
    // As the owner, which an admin without superuser has to be to grant on its objects.
    run(conn, format!("SET ROLE {owner}")).await?;
    let granted = grants(conn, names).await;
    run(conn, "RESET ROLE".to_owned()).await?;
    granted
}

/// By the admin: the owner may create nothing in the database. `schema`: quoted.
async fn extension(
    conn: &mut PgConnection,
    service: &ServiceSchema,
    schema: &str,
    name: &'static str,
) -> Result<(), ProvisionError> {
    let there: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = $1)")
            .bind(name)
            .fetch_one(&mut *conn)
            .await?;
    if !there {
        return Err(ProvisionError::NoExtension(name));
    }
    let plain = quoted(name).ok_or(ProvisionError::Name)?;
    run(conn, format!("CREATE EXTENSION IF NOT EXISTS {plain} SCHEMA {schema}")).await?;
    let there: String = sqlx::query_scalar(
        "SELECT n.nspname::text FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace \
         WHERE e.extname = $1",
    )
    .bind(name)
    .fetch_one(&mut *conn)
    .await?;
    if there != service.schema {
        return Err(ProvisionError::Elsewhere { name, there, wanted: service.schema.clone() });
    }
    Ok(())
}

async fn grants(conn: &mut PgConnection, names: &Quoted) -> Result<(), ProvisionError> {
    let Quoted { schema, role, owner, retention } = names;
    let defaults = format!("ALTER DEFAULT PRIVILEGES FOR ROLE {owner}");
    for sql in [
        format!("REVOKE ALL ON SCHEMA {schema} FROM PUBLIC"),
        format!("GRANT USAGE ON SCHEMA {schema} TO {role}, {retention}"),
        // DELETE and TRUNCATE only where a migration grants them.
        format!("{defaults} IN SCHEMA {schema} GRANT SELECT, INSERT, UPDATE ON TABLES TO {role}"),
        format!("{defaults} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC"),
        format!("{defaults} IN SCHEMA {schema} GRANT EXECUTE ON FUNCTIONS TO {role}"),
    ] {
        run(conn, sql).await?;
    }
    Ok(())
}

async fn run(conn: &mut PgConnection, sql: String) -> Result<(), ProvisionError> {
    // Safe: identifiers went through `quoted`, or the server's own format().
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(conn).await?;
    Ok(())
}

/// For errors that have no better place.
pub(crate) fn bad_name() -> StoreError {
    StoreError::Internal(Cause::of("name"))
}
