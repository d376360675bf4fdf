//! Each service's schema and role: made, migrated, connected to, and checked before it serves.

use anyhow::{Context as _, anyhow, ensure};
use pg::{Allow, Db, ServiceSchema};
use secrecy::SecretString;

use crate::{Config, Service, config::ServiceDatabase, secrets};

/// The schema and role of a service, as configured.
fn schema_of(config: &Config, service: Service) -> anyhow::Result<ServiceSchema> {
    let mut schema = ServiceSchema::of(service.name());
    if let Some(own) = config.database.services.get(&service) {
        schema.schema = own.schema.clone().unwrap_or(schema.schema);
        schema.role = own.role.clone().unwrap_or(schema.role);
        schema.password = password(own)?;
    }
    Ok(schema)
}

fn password(own: &ServiceDatabase) -> anyhow::Result<Option<SecretString>> {
    match &own.password_file {
        None => Ok(own.password.clone()),
        Some(path) => secrets::given(path).map(Some),
    }
}

fn url(config: &Config, service: Service) -> anyhow::Result<SecretString> {
    let database = &config.database;
    let own = database.services.get(&service).and_then(|own| own.url.clone());
    if let Some(url) = own.or_else(|| database.url.clone()) {
        return Ok(url);
    }
    let path = database.url_file.as_ref().ok_or_else(|| anyhow!("database.url is missing"))?;
    secrets::url(path)
}

/// Makes roles and schemas that are missing and brings them up to date. `admin` connects as a role
/// that may create roles and schemas, in the database where the services' schemas are.
pub async fn migrate(
    config: &Config,
    services: &[Service],
    admin: &SecretString,
) -> anyhow::Result<()> {
    for &service in services {
        let schema = schema_of(config, service)?;
        let at = || format!("database of {service}");
        pg::provision(admin, std::slice::from_ref(&schema)).await.with_context(at)?;
        let own = match service {
            Service::Directory => &directory::MIGRATIONS,
            Service::People => &people::MIGRATIONS,
            Service::Consent => &consent::MIGRATIONS,
            Service::Referrals => &referrals::MIGRATIONS,
            Service::Notes => &notes::MIGRATIONS,
            Service::Recovery => &recovery::MIGRATIONS,
            Service::Audit => &audit::MIGRATIONS,
        };
        pg::migrate(admin, &schema, &[&ledger::MIGRATIONS, own]).await.with_context(at)?;
        tracing::info!(service = service.name(), "migrated");
    }
    Ok(())
}

/// What an owner's function gives beside ids and facets, and why: a note by its id and whose it is, sealed until its
/// reader's decision; what two people have in common, to the steward who compares them; what somebody prefers, to who
/// asks about that person.
const GIVE_WORDS: [(&str, &str); 3] = [
    ("notes", "notes.read_notes(uuid[],integer[],uuid[]): "),
    ("people", "people.doubtful_matches("),
    ("people", "people.stated_preferences("),
];

/// Whether a breach of the walls is none, being stated.
pub fn is_stated(service: &str, breach: &str) -> bool {
    let stated = |(of, door): &(&str, &str)| {
        *of == service && breach.starts_with(door) && breach.ends_with("gives words")
    };
    GIVE_WORDS.iter().any(stated)
}

/// Refuses schemas of which something is not as the walls need it: changed by hand, or restored without it.
pub async fn walls_stand(
    config: &Config,
    services: &[Service],
    admin: &SecretString,
) -> anyhow::Result<()> {
    for &service in services {
        let at = || format!("database of {service}");
        let mut broken =
            pg::breaches(admin, &schema_of(config, service)?).await.with_context(at)?;
        broken.retain(|breach| !is_stated(service.name(), breach));
        ensure!(broken.is_empty(), "{}: {}", at(), broken.join("; "));
    }
    Ok(())
}

/// A connection that reads all of a service's schema, for a tool that stands apart from it.
pub async fn reading(
    config: &Config,
    service: Service,
    admin: &SecretString,
) -> anyhow::Result<pg::PgConnection> {
    let schema = schema_of(config, service)?;
    pg::reading(admin, &schema).await.with_context(|| format!("database of {service}"))
}

/// A connection that may let audit records of a service go, and nothing else.
pub async fn retaining(
    config: &Config,
    service: Service,
    admin: &SecretString,
) -> anyhow::Result<pg::PgConnection> {
    let schema = schema_of(config, service)?;
    pg::retaining(admin, &schema).await.with_context(|| format!("database of {service}"))
}

/// How a service reaches its schema.
fn way(config: &Config, service: Service) -> anyhow::Result<pg::Config> {
    let schema = schema_of(config, service)?;
    let mut to = pg::Config::new(url(config, service)?, schema.schema).role(schema.role);
    to.password = schema.password;
    if let Some(most) = config.database.max_connections {
        to.max_connections = most;
    }
    Ok(to)
}

/// A service's own connections, once its role and its server are such that the walls hold.
pub(crate) async fn connect(config: &Config, service: Service) -> anyhow::Result<Db> {
    checked(config, service, &way(config, service)?).await
}

/// Those beside them, of a service that [asks itself](Service::asks_itself).
pub(crate) async fn connect_beside(config: &Config, service: Service) -> anyhow::Result<Db> {
    checked(config, service, &way(config, service)?.beside()).await
}

async fn checked(config: &Config, service: Service, to: &pg::Config) -> anyhow::Result<Db> {
    let at = || format!("database of {service}");
    let db = pg::connect(to).await.with_context(at)?;
    let allow = Allow { unsafe_durability: config.database.unsafe_durability };
    pg::check_server(&db, allow).await.with_context(at)?;
    Ok(db)
}
