//! One fast server a test process, and a database a network.

use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Context as _;
use pg::{Embedded, ServiceSchema, embedded};
use secrecy::SecretString;
use tokio::sync::OnceCell;

use crate::SERVICES;

static SHARED: OnceCell<Postgres> = OnceCell::const_new();

/// The server that all tests of this process share. It ends with the process, however that ends.
#[derive(Debug)]
pub struct Postgres {
    server: Embedded,
    /// A database with every service's schema, to be copied.
    template: OnceCell<()>,
    made: AtomicU32,
}

/// A database of one test.
#[derive(Debug, Clone)]
pub struct Database {
    pub name: String,
    /// As the superuser.
    pub admin: SecretString,
    /// For a configuration; services put their own roles into it.
    pub url: String,
}

const TEMPLATE: &str = "trellis_template";

impl Postgres {
    pub async fn shared() -> anyhow::Result<&'static Self> {
        SHARED
            .get_or_try_init(|| async {
                let options = embedded::Options { fast: true, ..embedded::Options::default() };
                let server = Embedded::start(options).await.context("PostgreSQL")?;
                Ok(Self { server, template: OnceCell::new(), made: AtomicU32::new(0) })
            })
            .await
    }

    fn named(&self, name: &str) -> Database {
        let url = self.server.url(embedded::ADMIN, name);
        Database { name: name.to_owned(), admin: url.as_str().into(), url }
    }

    /// An empty database.
    pub async fn empty(&self) -> anyhow::Result<Database> {
        self.create(None).await
    }

    /// A database with all schemas in it. `migrate` makes them, the first time.
    pub async fn migrated(
        &self,
        migrate: impl AsyncFnOnce(Database) -> anyhow::Result<()>,
    ) -> anyhow::Result<Database> {
        self.template
            .get_or_try_init(|| async {
                pg::create_database(&self.server.admin_url(), TEMPLATE, None).await?;
                migrate(self.named(TEMPLATE)).await
            })
            .await?;
        let database = self.create(Some(TEMPLATE)).await?;
        // What is granted on the database itself is not copied with it.
        let schemas: Vec<ServiceSchema> = SERVICES.map(ServiceSchema::of).into();
        pg::provision(&database.admin, &schemas).await?;
        Ok(database)
    }

    async fn create(&self, copy_of: Option<&str>) -> anyhow::Result<Database> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{number}");
        pg::create_database(&self.server.admin_url(), &name, copy_of).await?;
        Ok(self.named(&name))
    }

    /// The postmaster's process id.
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }
}
