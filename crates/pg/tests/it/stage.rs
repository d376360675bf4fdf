//! One server for all tests of this binary, one database a test. The server goes with the
//! process: its watchdog sees to that, so nothing has to be dropped.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use pg::{Config, Db, Embedded, ServiceSchema, embedded};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{Connection as _, PgConnection, migrate::Migrator};

pub const ALLOW: pg::Allow = pg::Allow { unsafe_durability: true };

pub fn fast() -> embedded::Options {
    embedded::Options { fast: true, ..Default::default() }
}

fn server() -> &'static Embedded {
    static SERVER: OnceLock<Embedded> = OnceLock::new();
    SERVER.get_or_init(|| Embedded::start_blocking(&fast()).unwrap())
}

/// A database of one test's own, with one provisioned and migrated service.
pub struct Stage {
    pub database: String,
    pub service: ServiceSchema,
}

impl Stage {
    pub async fn set() -> Self {
        Self::with(&[]).await
    }

    pub async fn with(more: &[&Migrator]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let server = tokio::task::spawn_blocking(server).await.unwrap();
        let database = format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut admin = connect(&server.admin_url()).await;
        sql(&mut admin, &format!("CREATE DATABASE {database}")).await;
        let stage = Self { database, service: ServiceSchema::of("stage") };
        let admin = stage.admin_url();
        pg::provision(&admin, std::slice::from_ref(&stage.service)).await.unwrap();
        pg::migrate(&admin, &stage.service, more).await.unwrap();
        stage
    }

    pub fn admin_url(&self) -> SecretString {
        server().url(embedded::ADMIN, &self.database).into()
    }

    pub async fn admin(&self) -> PgConnection {
        let mut conn = connect(&self.admin_url()).await;
        sql(&mut conn, "SET search_path = stage").await;
        conn
    }

    /// As the admin who made the service's schema would: with the owner's rights.
    pub async fn owner(&self) -> PgConnection {
        let mut conn = self.admin().await;
        sql(&mut conn, "SET ROLE trellis_stage_owner; SET trellis.login_role = 'trellis_stage'")
            .await;
        conn
    }

    pub fn config(&self) -> Config {
        Config::new(server().url("trellis_stage", &self.database), "stage")
    }

    pub async fn db(&self) -> Db {
        pg::connect(&self.config()).await.unwrap()
    }

    /// A pool of one connection that gives up soon.
    pub async fn db_of_one(&self) -> Db {
        let config = Config {
            max_connections: 1,
            acquire_timeout: Duration::from_millis(100),
            ..self.config()
        };
        pg::connect(&config).await.unwrap()
    }
}

pub async fn connect(url: &SecretString) -> PgConnection {
    PgConnection::connect(url.expose_secret()).await.unwrap()
}

pub async fn sql(conn: &mut PgConnection, text: &str) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(text.to_owned())).execute(conn).await.unwrap();
}

/// Polls until `done`, within bounds.
pub async fn until<F: AsyncFnMut() -> bool>(what: &str, mut done: F) {
    for _ in 0..2_000 {
        if done().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never: {what}");
}
