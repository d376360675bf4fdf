//! One server for all tests of this binary, one database a test; events to write.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use kernel::{Kind, Purpose, Role};
use ledger::{Action, Caller, Config, Event, Ledger, Outcome, new_id};
use pg::{Db, Embedded, ServiceSchema, embedded};
use secrecy::ExposeSecret as _;
use sqlx::{Connection as _, PgConnection, migrate::Migrator};
use uuid::Uuid;

fn server() -> &'static Embedded {
    static SERVER: OnceLock<Embedded> = OnceLock::new();
    SERVER.get_or_init(|| {
        let options = embedded::Options { fast: true, ..Default::default() };
        Embedded::start_blocking(&options).unwrap()
    })
}

pub struct Stage {
    pub db: Db,
    pub ledger: Ledger,
    admin: String,
}

impl Stage {
    pub async fn set() -> Self {
        Self::with(Config::default()).await
    }

    pub async fn with(config: Config) -> Self {
        let (server, database) = Self::database().await;
        Self::on(server, &database, config).await
    }

    /// With the ledger's migrations before this version alone.
    pub async fn before(version: i64) -> Self {
        let (server, database) = Self::database().await;
        let some = crate::months::migrations_before(version);
        Self::migrated(server, &database, Config::default(), &some).await
    }

    async fn database() -> (&'static Embedded, String) {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let server = tokio::task::spawn_blocking(server).await.unwrap();
        let database = format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut conn = connect(server.admin_url().expose_secret()).await;
        sql(&mut conn, &format!("CREATE DATABASE {database}")).await;
        (server, database)
    }

    pub async fn migrate(&self, all: &[&Migrator]) {
        let admin = self.admin.clone().into();
        pg::migrate(&admin, &ServiceSchema::of("stage"), all).await.unwrap();
    }

    pub async fn on(server: &Embedded, database: &str, config: Config) -> Self {
        Self::migrated(server, database, config, &ledger::MIGRATIONS).await
    }

    async fn migrated(
        server: &Embedded,
        database: &str,
        config: Config,
        migrations: &Migrator,
    ) -> Self {
        let admin = server.url(embedded::ADMIN, database);
        let service = ServiceSchema::of("stage");
        let url = admin.clone().into();
        pg::provision(&url, std::slice::from_ref(&service)).await.unwrap();
        pg::migrate(&url, &service, &[migrations]).await.unwrap();
        let config_of_db = pg::Config {
            // Many at once wait for each other here, on a busy machine too.
            acquire_timeout: std::time::Duration::from_secs(20),
            ..pg::Config::new(server.url(&service.role, database), "stage")
        };
        let db = pg::connect(&config_of_db).await.unwrap();
        Self { ledger: Ledger::start(db.clone(), config), db, admin }
    }

    pub fn admin_url(&self) -> &str {
        &self.admin
    }

    /// With the owner's rights, in the schema.
    pub async fn owner(&self) -> PgConnection {
        let mut conn = self.admin().await;
        sql(&mut conn, "SET ROLE trellis_stage_owner").await;
        conn
    }

    pub async fn admin(&self) -> PgConnection {
        let mut conn = connect(&self.admin).await;
        sql(&mut conn, "SET search_path = stage").await;
        conn
    }

    /// Numbers and ids of all events, in order, seen past every wall.
    pub async fn events(&self) -> Vec<(i64, Uuid)> {
        sqlx::query_as("SELECT seq, event_id FROM audit_event ORDER BY seq")
            .fetch_all(&mut self.admin().await)
            .await
            .unwrap()
    }

    pub async fn waits_for_a_lock(&self) -> bool {
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
             AND datname = current_database())",
        )
        .fetch_one(&mut self.admin().await)
        .await
        .unwrap()
    }

    /// How many transactions wrote the events.
    pub async fn commits(&self) -> i64 {
        sqlx::query_scalar("SELECT count(DISTINCT xmin::text) FROM audit_event")
            .fetch_one(&mut self.admin().await)
            .await
            .unwrap()
    }

    pub async fn assert_gapless(&self) -> usize {
        let events = self.events().await;
        let numbers: Vec<i64> = events.iter().map(|(seq, _)| *seq).collect();
        let expected: Vec<i64> = (1..).take(numbers.len()).collect();
        assert_eq!(numbers, expected);
        assert_eq!(self.ledger.head().await.unwrap(), i64::try_from(numbers.len()).unwrap());
        numbers.len()
    }
}

pub async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap()
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

/// An event with something in every field.
pub fn event() -> Event {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let n = u128::from(NEXT.fetch_add(1, Ordering::Relaxed));
    let clock = kernel::SystemClock;
    Event {
        event_id: new_id(&clock),
        occurred_at: kernel::Clock::now(&clock),
        outcome: if n % 2 == 0 { Outcome::Permit } else { Outcome::Deny },
        rpc: "trellis.notes.v1.NoteService/GetNote".into(),
        decision_id: Uuid::from_u128(n << 64 | 1),
        person: (n % 3 != 0).then(|| Uuid::from_u128(n << 64 | 2)),
        caller: Caller {
            kind: "AGENCY_STAFF".into(),
            issuer: "https://id.example".into(),
            subject: format!("p-{n}").into(),
            agency: Some(Uuid::from_u128(n << 64 | 3)),
            roles: [Role::Clinician, Role::Medical].into(),
            on_behalf: None,
        },
        purposes: [Purpose::Treat].into(),
        action: Action::Read,
        records: vec![Uuid::from_u128(n << 64 | 4), Uuid::from_u128(n << 64 | 5)],
        record_kinds: [Kind::Note].into(),
        custodians: vec![Uuid::from_u128(n << 64 | 6)],
        bases: vec!["CONSENT".into()],
        consents: vec![(Uuid::from_u128(n << 64 | 7), 3)],
        obligations: vec!["PART2_NOTICE".into()],
        redisclosure: Some("PROHIBITED".into()),
        reason: (n % 2 != 0).then(|| "NO_ACTIVE_CONSENT".into()),
        revision: 12,
        trace_id: Some([7; 16]),
        recipient: Some(Uuid::from_u128(n << 64 | 8)),
    }
}
