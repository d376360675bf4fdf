//! One server for a test binary, one schema a test. The server goes with the process.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use ledger::{Event, Ledger};
use pg::{Config, Db, Embedded, MigrateError, ServiceSchema, embedded};
use secrecy::SecretString;
use tokio::sync::Mutex;

fn server() -> &'static Embedded {
    static SERVER: OnceLock<Embedded> = OnceLock::new();
    let options = embedded::Options { fast: true, ..Default::default() };
    SERVER.get_or_init(|| Embedded::start_blocking(&options).expect("a server"))
}

/// A schema of one test's own, with its service's role and ledger.
#[derive(Debug)]
pub struct Stage {
    pub service: ServiceSchema,
    pub db: Db,
    pub ledger: Ledger,
}

impl Stage {
    /// `migrate` brings the schema up, the ledger's migrations included.
    pub async fn set(
        migrate: impl AsyncFnOnce(&SecretString, &ServiceSchema) -> Result<(), MigrateError>,
    ) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());
        let server = tokio::task::spawn_blocking(server).await.expect("a server");
        let service = ServiceSchema::of(&format!("s{}", NEXT.fetch_add(1, Ordering::Relaxed)));
        {
            let _turn = ONE_AT_A_TIME.lock().await;
            let admin = server.admin_url();
            pg::provision(&admin, std::slice::from_ref(&service)).await.expect("roles");
            migrate(&admin, &service).await.expect("migrations");
        }
        let db = pg::connect(&Self::config_of(&service)).await.expect("a connection");
        let ledger = Ledger::start(db.clone(), ledger::Config::default());
        Self { service, db, ledger }
    }

    fn config_of(service: &ServiceSchema) -> Config {
        Config {
            // Tests write many at once on a busy machine; how long one waits is shown where the pool is.
            acquire_timeout: std::time::Duration::from_secs(20),
            ..Config::new(server().url(&service.role, "postgres"), service.schema.as_str())
        }
    }

    /// How the service reaches its schema.
    pub fn config(&self) -> Config {
        Self::config_of(&self.service)
    }

    /// Past every wall: what a test may look at and the service may not.
    pub fn admin_url(&self) -> SecretString {
        server().admin_url()
    }

    /// The ledger, in its order.
    pub async fn events(&self) -> Vec<Event> {
        let events = self.ledger.follow(0, 100_000).await.expect("the ledger");
        let events: Vec<_> = events.into_iter().filter_map(ledger::Followed::told).collect();
        events.into_iter().map(|(_, event)| event).collect()
    }
}

/// Polls until it is so, within bounds.
pub async fn until<F: AsyncFnMut() -> bool>(what: &str, mut done: F) {
    for _ in 0..2_000 {
        if done().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never: {what}");
}
