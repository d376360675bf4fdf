//! A network as far as an accounting needs it: ledgers of other services behind a socket, the audit
//! service behind another, and sign-ins that a test scripts.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use facts::{Directory, Peer, Registers};
use identity::{
    AgencyBindings, Asserts, AuthLayer, Authenticator, DEV_ISSUER, DevIssuer, IdentityConfig, Mint,
    NetworkKeys, ServiceTokens,
};
use kernel::{Action, AgencyId, Clock as _, Kind, ManualClock, PersonId, Purpose, Role, Sector};
use ledger::{Event, Ledger, Outcome, new_id};
use permit::{Answer, ConsentSource, Guard, PeopleSource, Question, SignIn, SourceError};
use pg::{BoxFuture, Db, Embedded, ServiceSchema, embedded};
use rpc::Ledgers;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{Connection as _, PgConnection};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Status, transport::Channel};
use uuid::Uuid;
use wire::{
    audit::v1::{self as pb, audit_service_client::AuditServiceClient},
    convert::to_wire,
    directory::v1::{Agency, AgencyBinding, AgencyState, AgencyStatus, WatchAgenciesResponse},
};

use crate::meanwhile::Meanwhile;

pub const AUDIENCE: &str = "https://trellis.example";
pub const CLINIC: Uuid = Uuid::from_u128(0xa1);
pub const HOUSING: Uuid = Uuid::from_u128(0xa2);
pub const REFUGE: Uuid = Uuid::from_u128(0xa3);
/// Of the justice sector, as the sheriff.
pub const PROBATION: Uuid = Uuid::from_u128(0xa4);
pub const SHERIFF: Uuid = Uuid::from_u128(0xa5);
pub const CONSENT: Uuid = Uuid::from_u128(0xc1);
pub const JANE: Uuid = Uuid::from_u128(0x1);
/// Somebody else, of whom no test of Jane's may see anything.
pub const ELSE: Uuid = Uuid::from_u128(0x2);

/// Sign-ins, as a test scripts them. Nothing is asked of consents.
#[derive(Default)]
pub struct SignIns(Mutex<HashMap<String, SignIn>>);

impl PeopleSource for SignIns {
    fn sign_in<'a>(
        &'a self,
        issuer: &'a str,
        subject: &'a str,
    ) -> BoxFuture<'a, Result<Option<SignIn>, SourceError>> {
        assert_eq!(issuer, DEV_ISSUER);
        let found = self.0.lock().unwrap().get(subject).cloned();
        Box::pin(async move { Ok(found) })
    }

    fn registered<'a>(
        &'a self,
        _: &'a PersonId,
        _: &'a AgencyId,
    ) -> BoxFuture<'a, Result<bool, SourceError>> {
        Box::pin(async { Ok(false) })
    }
}

struct NoConsents;

impl ConsentSource for NoConsents {
    fn facts(&self, _: Vec<Question>) -> BoxFuture<'_, Result<Vec<Answer>, SourceError>> {
        Box::pin(async { Err(SourceError::Unavailable) })
    }
}

fn server() -> &'static Embedded {
    static SERVER: OnceLock<Embedded> = OnceLock::new();
    let options = embedded::Options { fast: true, ..Default::default() };
    SERVER.get_or_init(|| Embedded::start_blocking(&options).unwrap())
}

pub struct World {
    pub database: String,
    pub clock: ManualClock,
    pub directory: Arc<Directory>,
    pub meanwhile: Arc<Meanwhile>,
    pub notes: Ledger,
    pub consent: Ledger,
    sign_ins: Arc<SignIns>,
    issuer: DevIssuer,
    network: NetworkKeys,
    config: IdentityConfig,
    /// Where the ledgers of notes and consent are served.
    pub upstream: serve::Running,
    pub registers: Registers,
    _keys: tempfile::TempDir,
}

impl World {
    pub async fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let server = tokio::task::spawn_blocking(server).await.unwrap();
        let database = format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut admin = PgConnection::connect(server.admin_url().expose_secret()).await.unwrap();
        let sql = sqlx::AssertSqlSafe(format!("CREATE DATABASE {database}"));
        sqlx::raw_sql(sql).execute(&mut admin).await.unwrap();
        let admin: SecretString = server.url(embedded::ADMIN, &database).into();
        for name in ["notes", "consent", "audit"] {
            let service = ServiceSchema::of(name);
            pg::provision(&admin, std::slice::from_ref(&service)).await.unwrap();
            let own: &[&sqlx::migrate::Migrator] = match name {
                "audit" => &[&ledger::MIGRATIONS, &audit::MIGRATIONS],
                _ => &[&ledger::MIGRATIONS],
            };
            pg::migrate(&admin, &service, own).await.unwrap();
        }
        let clock = ManualClock::at(time::macros::datetime!(2026-03-03 09:00 UTC));
        let keys = tempfile::tempdir().unwrap();
        let issuer = DevIssuer::open(keys.path(), AUDIENCE, Arc::new(clock.clone())).unwrap();
        let network = NetworkKeys::open(&keys.path().join("network")).unwrap();
        let config = IdentityConfig {
            audience: AUDIENCE.to_owned(),
            issuers: vec![issuer.config()],
            service_keys: Some(network.config()),
        };
        let ledger = async |name| Ledger::start(db(&database, name).await, Default::default());
        let (notes, consent) = (ledger("notes").await, ledger("consent").await);
        let directory = directory();
        let ledgers = [("notes", notes.clone()), ("consent", consent.clone())];
        let ledgers = Ledgers::new(ledgers, Arc::new(clock.clone()));
        let upstream = serve::Server::builder(listen())
            .add_service(ledgers.server())
            .descriptors(wire::DESCRIPTORS)
            .auth(auth(&config, &["notes", "consent"], &clock, directory.clone()).await)
            .start()
            .await
            .unwrap();
        Self {
            database,
            clock,
            meanwhile: Arc::new(Meanwhile::of(&directory)),
            directory,
            notes,
            consent,
            sign_ins: Arc::default(),
            issuer,
            network,
            config,
            upstream,
            registers: Registers::Everybody,
            _keys: keys,
        }
    }

    /// A peer for the ledger of `service`, at an address.
    pub fn peer(&self, service: &'static str, at: std::net::SocketAddr) -> Peer {
        let key = self.network.signing_key().clone();
        let tokens = ServiceTokens::new("audit", key, Arc::new(self.clock.clone()));
        Peer::new(serve::peer(&format!("http://{at}"), None).unwrap(), Arc::new(tokens), service)
    }

    /// How a service shows who it is to another.
    pub fn authorization(
        &self,
        service: &'static str,
        callee: &'static str,
    ) -> tonic::metadata::MetadataValue<tonic::metadata::Ascii> {
        let key = self.network.signing_key().clone();
        let tokens = ServiceTokens::new(service, key, Arc::new(self.clock.clone()));
        tokens.authorization(callee).unwrap().to_str().unwrap().parse().unwrap()
    }

    /// The audit service, following notes, consent and itself.
    pub async fn audit(&self) -> Audit {
        let at = self.upstream.addr();
        let sources =
            vec![("notes", self.peer("notes", at)), ("consent", self.peer("consent", at))];
        self.audit_of(sources, true).await
    }

    pub async fn audit_of(&self, mut sources: Vec<(&'static str, Peer)>, itself: bool) -> Audit {
        let db = db(&self.database, "audit").await;
        let shared: Arc<dyn kernel::Clock> = Arc::new(self.clock.clone());
        let ledger = Ledger::start(db.clone(), Default::default());
        let people = Arc::clone(&self.sign_ins);
        let guard = Guard::new(Arc::new(NoConsents), people, ledger.clone(), Arc::clone(&shared));
        let stop = CancellationToken::new();
        let socket = serve::bind(([127, 0, 0, 1], 0).into(), false).unwrap();
        let at = socket.local_addr().unwrap();
        if itself {
            sources.push(("audit", self.peer("audit", at)));
        }
        let deps = rpc::Deps {
            db: db.clone(),
            guard,
            clock: Arc::clone(&shared),
            pages: rpc::Pages::new(&[7; 32], shared).unwrap(),
            directory: Arc::clone(&self.directory),
            stop: stop.clone(),
        };
        let app = audit::start(deps, sources, AUDIENCE, self.registers.clone());
        let running = serve::Server::builder(listen())
            .add_service(audit::server(Arc::clone(&app)))
            .add_service(audit::served_server(Arc::clone(&app)))
            .add_service(
                Ledgers::new([("audit", ledger.clone())], Arc::new(self.clock.clone())).server(),
            )
            .descriptors(wire::DESCRIPTORS)
            .auth(auth(&self.config, &["audit"], &self.clock, self.meanwhile.clone()).await)
            .start_on(socket)
            .await
            .unwrap();
        let channel = Channel::from_shared(format!("http://{at}")).unwrap();
        let channel = channel.connect().await.unwrap();
        Audit { app, db, ledger, stop, channel, _running: running }
    }

    /// A scripted ledger service, behind the same authentication.
    pub async fn serve<S>(&self, services: &[&str], ledger: S) -> serve::Running
    where
        S: wire::audit::v1::ledger_service_server::LedgerService,
    {
        use wire::audit::v1::ledger_service_server::LedgerServiceServer;
        serve::Server::builder(listen())
            .add_service(LedgerServiceServer::new(ledger))
            .descriptors(wire::DESCRIPTORS)
            .auth(auth(&self.config, services, &self.clock, self.directory.clone()).await)
            .start()
            .await
            .unwrap()
    }

    /// Binds a sign-in to a person; `confirmed_by` none: proofed.
    pub fn bind(&self, subject: &str, person: Uuid, confirmed_by: Option<&[Uuid]>) {
        let confirmed_by =
            confirmed_by.map(|all| all.iter().copied().map(AgencyId::from).collect());
        let sign_in = SignIn { person: PersonId::from(person), confirmed_by };
        self.sign_ins.0.lock().unwrap().insert(subject.to_owned(), sign_in);
    }

    /// Jane through a proofed sign-in.
    pub fn jane(&self, audit: &Audit) -> Client {
        self.bind("jane", JANE, None);
        self.person(audit, "jane")
    }

    pub fn somebody_else(&self, audit: &Audit) -> Client {
        self.bind("else", ELSE, None);
        self.person(audit, "else")
    }

    pub fn person(&self, audit: &Audit, subject: &str) -> Client {
        self.client(
            audit,
            &Mint {
                kind: Asserts::Person,
                sub: subject.to_owned(),
                agency: None,
                client_id: None,
                roles: [Role::Person].into(),
                purposes: [Purpose::PatientRequest].into(),
                ttl: time::Duration::HOUR,
                proofed: false,
            },
        )
    }

    pub fn staff(&self, audit: &Audit) -> Client {
        self.client(
            audit,
            &Mint {
                kind: Asserts::AgencyStaff,
                sub: "dr-a".to_owned(),
                agency: Some(AgencyId::from(CLINIC)),
                client_id: Some(format!("app-{CLINIC}")),
                roles: [Role::Clinician, Role::PrivacyOfficer].into(),
                purposes: [Purpose::Treat].into(),
                ttl: time::Duration::HOUR,
                proofed: false,
            },
        )
    }

    /// An agency's privacy officer, and nothing else.
    pub fn officer(&self, audit: &Audit, agency: Uuid) -> Client {
        self.client(
            audit,
            &Mint {
                kind: Asserts::AgencyStaff,
                sub: "po".to_owned(),
                agency: Some(AgencyId::from(agency)),
                client_id: Some(format!("app-{agency}")),
                roles: [Role::PrivacyOfficer].into(),
                purposes: [Purpose::HealthcareOperations].into(),
                ttl: time::Duration::HOUR,
                proofed: false,
            },
        )
    }

    pub fn network_admin(&self, audit: &Audit) -> Client {
        self.client(
            audit,
            &Mint {
                kind: Asserts::Network,
                sub: "na".to_owned(),
                agency: None,
                client_id: None,
                roles: [Role::NetworkAdmin].into(),
                purposes: [Purpose::HealthcareOperations].into(),
                ttl: time::Duration::HOUR,
                proofed: false,
            },
        )
    }

    /// All rows of a schema, as its owner sees them.
    pub async fn owner(&self, service: &str) -> pg::PgConnection {
        pg::reading(&self.admin_url(), &ServiceSchema::of(service)).await.unwrap()
    }

    fn client(&self, audit: &Audit, mint: &Mint) -> Client {
        Client { channel: audit.channel.clone(), token: self.issuer.mint(mint).unwrap() }
    }

    /// An event of `person` now: the housing agency read a note of the clinic's under a consent.
    pub fn read(&self, person: Uuid) -> Event {
        Event {
            event_id: new_id(&self.clock),
            occurred_at: self.clock.now(),
            outcome: Outcome::Permit,
            rpc: "trellis.notes.v1.NotesService/GetNote".into(),
            decision_id: Uuid::new_v4(),
            person: Some(person),
            caller: ledger::Caller {
                kind: "AGENCY_STAFF".into(),
                issuer: "https://id.example".into(),
                subject: "kim".into(),
                agency: Some(HOUSING),
                roles: [Role::CaseManager].into(),
                on_behalf: None,
            },
            purposes: [Purpose::CoordinationOfCare].into(),
            action: Action::Read,
            records: vec![Uuid::from_u128(0xb1)],
            record_kinds: [Kind::Note].into(),
            custodians: vec![CLINIC],
            bases: vec!["CONSENT".into()],
            consents: vec![(CONSENT, 1)],
            obligations: vec![],
            redisclosure: None,
            reason: None,
            revision: 3,
            trace_id: None,
            recipient: None,
        }
    }

    /// The same, and a minute later the next one.
    pub fn next_read(&self, person: Uuid) -> Event {
        self.clock.advance(time::Duration::MINUTE);
        self.read(person)
    }

    pub fn admin_url(&self) -> SecretString {
        server().url(embedded::ADMIN, &self.database).into()
    }

    /// The audit schema with all rights: what a test may look at and the service may not.
    pub async fn admin(&self) -> PgConnection {
        let mut conn = PgConnection::connect(self.admin_url().expose_secret()).await.unwrap();
        sqlx::raw_sql("SET search_path = audit").execute(&mut conn).await.unwrap();
        conn
    }

    /// The rows of one ledger in the accounting, past every wall.
    pub async fn rows(&self, service: &str) -> Vec<(i64, Uuid)> {
        sqlx::query_as(
            "SELECT sequence, event_id FROM disclosure WHERE service = $1 ORDER BY sequence",
        )
        .bind(service)
        .fetch_all(&mut self.admin().await)
        .await
        .unwrap()
    }

    pub async fn position(&self, service: &str) -> i64 {
        sqlx::query_scalar("SELECT sequence FROM ledger_position WHERE service = $1")
            .bind(service)
            .fetch_optional(&mut self.admin().await)
            .await
            .unwrap()
            .unwrap_or(0)
    }

    /// Waits until the accounting has read so far.
    pub async fn reaches(&self, service: &str, sequence: i64) {
        until("the position", async || self.position(service).await >= sequence).await;
    }
}

/// One running audit service.
pub struct Audit {
    pub app: Arc<audit::App>,
    pub db: Db,
    pub ledger: Ledger,
    pub stop: CancellationToken,
    pub channel: Channel,
    _running: serve::Running,
}

impl Drop for Audit {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn db(database: &str, service: &str) -> Db {
    let url = server().url(&ServiceSchema::of(service).role, database);
    pg::connect(&pg::Config::new(url, service)).await.unwrap()
}

fn listen() -> serve::ServeConfig {
    serve::ServeConfig { listen: ([127, 0, 0, 1], 0).into(), plaintext: true, ..Default::default() }
}

async fn auth(
    config: &IdentityConfig,
    services: &[&str],
    clock: &ManualClock,
    directory: Arc<dyn AgencyBindings>,
) -> AuthLayer {
    let clock = Arc::new(clock.clone());
    AuthLayer::new(Authenticator::start(config, services, clock, directory).await.unwrap())
}

/// Three agencies; the refuge has no name that is told.
fn directory() -> Arc<Directory> {
    let directory = Directory::local();
    let all = [
        (CLINIC, "Harbor Clinic", Sector::Healthcare),
        (HOUSING, "Hearth Housing", Sector::Healthcare),
        (REFUGE, "", Sector::Healthcare),
        (PROBATION, "County Probation", Sector::Justice),
        (SHERIFF, "County Sheriff", Sector::Justice),
    ];
    let state = |(id, name, sector): (Uuid, &str, Sector)| AgencyState {
        agency: Some(Agency {
            name: format!("agencies/{id}"),
            display_name: name.to_owned(),
            sector: to_wire(sector),
            status: AgencyStatus::Active.into(),
            ..Agency::default()
        }),
        bindings: vec![AgencyBinding {
            issuer: DEV_ISSUER.to_owned(),
            client_ids: vec![format!("app-{id}")],
        }],
        ..AgencyState::default()
    };
    directory.apply(&WatchAgenciesResponse {
        revision: 1,
        agencies: all.into_iter().map(state).collect(),
        snapshot: true,
        more: false,
        principals: Vec::new(),
    });
    directory
}

/// One caller.
#[derive(Clone)]
pub struct Client {
    channel: Channel,
    token: String,
}

impl Client {
    pub async fn list(
        &self,
        message: pb::ListDisclosuresRequest,
    ) -> Result<pb::ListDisclosuresResponse, Status> {
        Ok(self.audit().list_disclosures(self.with(message)).await?.into_inner())
    }

    pub fn audit(&self) -> AuditServiceClient<Channel> {
        AuditServiceClient::new(self.channel.clone())
    }

    pub fn with<M>(&self, message: M) -> Request<M> {
        let mut request = Request::new(message);
        let bearer = format!("Bearer {}", self.token).parse().unwrap();
        request.metadata_mut().insert("authorization", bearer);
        request
    }

    pub async fn recipients(&self, person: Uuid) -> Result<pb::ListRecipientsResponse, Status> {
        let request = pb::ListRecipientsRequest { person: format!("people/{person}") };
        Ok(self.audit().list_recipients(self.with(request)).await?.into_inner())
    }

    pub async fn access(
        &self,
        request: pb::ListAccessEventsRequest,
    ) -> Result<pb::ListAccessEventsResponse, Status> {
        Ok(self.audit().list_access_events(self.with(request)).await?.into_inner())
    }

    pub async fn anomalies(
        &self,
        request: pb::ListAnomaliesRequest,
    ) -> Result<pb::ListAnomaliesResponse, Status> {
        Ok(self.audit().list_anomalies(self.with(request)).await?.into_inner())
    }

    pub async fn review(
        &self,
        request: pb::ReviewAnomalyRequest,
    ) -> Result<pb::ReviewAnomalyResponse, Status> {
        Ok(self.audit().review_anomaly(self.with(request)).await?.into_inner())
    }

    pub async fn head(&self, service: &str) -> Result<String, Status> {
        let request = pb::GetTreeHeadRequest { service: service.to_owned() };
        let reply = self.audit().get_tree_head(self.with(request)).await?;
        Ok(reply.into_inner().checkpoint)
    }

    pub async fn inclusion(
        &self,
        person: Uuid,
        service: &str,
        sequence: i64,
        tree_size: i64,
    ) -> Result<pb::GetInclusionProofResponse, Status> {
        let (person, service) = (format!("people/{person}"), service.to_owned());
        let request = pb::GetInclusionProofRequest { person, service, sequence, tree_size };
        Ok(self.audit().get_inclusion_proof(self.with(request)).await?.into_inner())
    }

    pub async fn consistency(
        &self,
        service: &str,
        first_size: i64,
        second_size: i64,
    ) -> Result<Vec<Vec<u8>>, Status> {
        let service = service.to_owned();
        let request = pb::GetConsistencyProofRequest { service, first_size, second_size };
        Ok(self.audit().get_consistency_proof(self.with(request)).await?.into_inner().hashes)
    }

    /// The first page of a person.
    pub async fn of(&self, person: Uuid) -> Result<pb::ListDisclosuresResponse, Status> {
        self.list(asking(person)).await
    }

    /// The decisions of the first page, with the custodians' access or without.
    pub async fn decisions(&self, person: Uuid, include_custodian_access: bool) -> Vec<String> {
        let request = pb::ListDisclosuresRequest { include_custodian_access, ..asking(person) };
        decisions(&self.list(request).await.unwrap())
    }
}

pub fn decisions(reply: &pb::ListDisclosuresResponse) -> Vec<String> {
    reply.disclosures.iter().map(|d| d.decision_id.clone()).collect()
}

pub fn asking(person: Uuid) -> pb::ListDisclosuresRequest {
    pb::ListDisclosuresRequest {
        page_size: 0,
        page_token: String::new(),
        person: format!("people/{person}"),
        include_custodian_access: false,
        include_audit_events: false,
    }
}

/// Everything of an answer that a caller can see, but its date.
pub fn whole(status: &Status) -> String {
    let mut headers = status.metadata().clone().into_headers();
    headers.remove("date");
    format!("{:?} {:?} {:?} {headers:?}", status.code(), status.message(), status.details())
}

/// Polls until it is so, within bounds.
pub async fn until<F: AsyncFnMut() -> bool>(what: &str, mut is_so: F) {
    for _ in 0..2_000 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("never: {what}");
}
