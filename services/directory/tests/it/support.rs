//! A directory as the binary would start it, and clients of every kind. One PostgreSQL for all
//! tests, one database a test.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use facts::Directory;
use futures::future::BoxFuture;
use identity::{
    Asserts, AuthLayer, Authenticator, DEV_ISSUER, DevIssuer, IdentityConfig, Mint, NetworkKeys,
    ServiceTokens,
};
use kernel::{AgencyId, CodeSet, ManualClock, PersonId, Role};
use ledger::Ledger;
use permit::{Answer, ConsentSource, Guard, PeopleSource, Question, SignIn, SourceError};
use pg::{Db, Embedded, ServiceSchema, embedded};
use sqlx::{Connection as _, PgConnection};
use tokio_util::sync::CancellationToken;
use tonic::{
    Code, Request, Status,
    metadata::AsciiMetadataValue,
    service::{Interceptor, interceptor::InterceptedService},
    transport::Channel,
};
use tonic_types::StatusExt as _;
use uuid::Uuid;
use wire::directory::v1::{
    Agency, AgencyBinding, RegisterAgencyRequest, directory_service_client::DirectoryServiceClient,
};

pub const CLIENT: &str = "clinic-app";
const AUDIENCE: &str = "https://trellis.example";

/// Adds a token.
#[derive(Clone)]
pub struct Bearer(AsciiMetadataValue);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

pub type Client = DirectoryServiceClient<InterceptedService<Channel, Bearer>>;

/// The directory asks nothing of anybody.
struct Nobody;

impl ConsentSource for Nobody {
    fn facts(&self, _: Vec<Question>) -> BoxFuture<'_, Result<Vec<Answer>, SourceError>> {
        Box::pin(async { Err(SourceError::Unavailable) })
    }
}

impl PeopleSource for Nobody {
    fn sign_in<'a>(
        &'a self,
        _: &'a str,
        _: &'a str,
    ) -> BoxFuture<'a, Result<Option<SignIn>, SourceError>> {
        Box::pin(async { Err(SourceError::Unavailable) })
    }

    fn registered<'a>(
        &'a self,
        _: &'a PersonId,
        _: &'a AgencyId,
    ) -> BoxFuture<'a, Result<bool, SourceError>> {
        Box::pin(async { Err(SourceError::Unavailable) })
    }
}

fn server() -> &'static Embedded {
    static SERVER: OnceLock<Embedded> = OnceLock::new();
    let options = embedded::Options { fast: true, ..Default::default() };
    SERVER.get_or_init(|| Embedded::start_blocking(&options).unwrap())
}

/// One network's directory.
pub struct Network {
    pub clock: ManualClock,
    pub db: Db,
    pub ledger: Ledger,
    pub directory: Arc<Directory>,
    pub channel: Channel,
    pub database: String,
    issuer: Arc<DevIssuer>,
    keys: Arc<NetworkKeys>,
    config: Arc<IdentityConfig>,
    stop: CancellationToken,
    _files: Arc<tempfile::TempDir>,
}

impl Drop for Network {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Network {
    pub async fn start() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let server = tokio::task::spawn_blocking(server).await.unwrap();
        let database = format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut admin =
            PgConnection::connect(&server.url(embedded::ADMIN, "postgres")).await.unwrap();
        let create = format!("CREATE DATABASE {database}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(create)).execute(&mut admin).await.unwrap();
        let url = server.url(embedded::ADMIN, &database).into();
        let schema = ServiceSchema::of("directory");
        pg::provision(&url, std::slice::from_ref(&schema)).await.unwrap();
        pg::migrate(&url, &schema, &[&ledger::MIGRATIONS, &directory::MIGRATIONS]).await.unwrap();

        let files = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(time::macros::datetime!(2026-03-01 09:00 UTC));
        let issuer = DevIssuer::open(files.path(), AUDIENCE, Arc::new(clock.clone())).unwrap();
        let keys = NetworkKeys::open(files.path()).unwrap();
        let config = IdentityConfig {
            audience: AUDIENCE.to_owned(),
            issuers: vec![issuer.config()],
            service_keys: Some(keys.config()),
        };
        let parts = (Arc::new(issuer), Arc::new(keys), Arc::new(config), Arc::new(files));
        Self::on(database, clock, parts).await
    }

    async fn on(
        database: String,
        clock: ManualClock,
        (issuer, keys, config, files): (
            Arc<DevIssuer>,
            Arc<NetworkKeys>,
            Arc<IdentityConfig>,
            Arc<tempfile::TempDir>,
        ),
    ) -> Self {
        let url = server().url("trellis_directory", &database);
        let db = pg::connect(&pg::Config::new(url, "directory")).await.unwrap();
        pg::check_server(&db, pg::Allow { unsafe_durability: true }).await.unwrap();
        let shared: Arc<dyn kernel::Clock> = Arc::new(clock.clone());
        let ledger = Ledger::start(db.clone(), ledger::Config::default());
        let directory = Directory::local();
        let stop = CancellationToken::new();
        let deps = rpc::Deps {
            db: db.clone(),
            guard: Guard::new(
                Arc::new(Nobody),
                Arc::new(Nobody),
                ledger.clone(),
                Arc::clone(&shared),
            ),
            clock: Arc::clone(&shared),
            pages: rpc::Pages::new(&[7; 32], Arc::clone(&shared)).unwrap(),
            directory: Arc::clone(&directory),
            stop: stop.clone(),
        };
        let issuers = directory::Issuers::of_staff([DEV_ISSUER.to_owned()]);
        let app = directory::start(deps, issuers, directory::Settings::default()).await.unwrap();
        let bindings = Arc::new(Arc::clone(&directory));
        let authenticator =
            Authenticator::start(&config, &["directory"], shared, bindings).await.unwrap();
        let mut listener = serve::ServeConfig { plaintext: true, ..Default::default() };
        listener.listen.set_port(0);
        listener.drain_seconds = 1;
        let running = serve::Server::builder(listener)
            .auth(AuthLayer::new(authenticator))
            .add_service(directory::server(app))
            .descriptors(wire::DESCRIPTORS)
            .shutdown_on(stop.clone())
            .start()
            .await
            .unwrap();
        let channel = serve::peer(&format!("http://{}", running.addr()), None).unwrap();
        let _files = files;
        Self { clock, db, ledger, directory, channel, database, issuer, keys, config, stop, _files }
    }

    /// Another process of the same service, on the same database.
    pub async fn replica(&self) -> Self {
        let parts = (
            Arc::clone(&self.issuer),
            Arc::clone(&self.keys),
            Arc::clone(&self.config),
            Arc::clone(&self._files),
        );
        Self::on(self.database.clone(), self.clock.clone(), parts).await
    }

    fn client(&self, token: &str) -> Client {
        let bearer = Bearer(format!("Bearer {token}").parse().unwrap());
        DirectoryServiceClient::with_interceptor(self.channel.clone(), bearer)
    }

    fn token(&self, kind: Asserts, sub: &str, agency: Option<&str>, roles: &[Role]) -> String {
        self.issuer
            .mint(&Mint {
                kind,
                sub: sub.to_owned(),
                agency: agency.map(|name| AgencyId::new(name.strip_prefix("agencies/").unwrap())),
                client_id: agency.map(|_| CLIENT.to_owned()),
                roles: roles.iter().copied().collect(),
                purposes: CodeSet::EMPTY,
                ttl: time::Duration::minutes(30),
                proofed: false,
            })
            .unwrap()
    }

    pub fn admin(&self) -> Client {
        self.client(&self.token(Asserts::Network, "admin-1", None, &[Role::NetworkAdmin]))
    }

    /// A second administrator.
    pub fn other_admin(&self) -> Client {
        self.client(&self.token(Asserts::Network, "admin-2", None, &[Role::NetworkAdmin]))
    }

    pub fn staff(&self, agency: &str, role: Role) -> Client {
        self.client(&self.token(Asserts::AgencyStaff, "staff-1", Some(agency), &[role]))
    }

    /// Another member of staff, by the same client.
    pub fn member(&self, agency: &str, sub: &str, role: Role) -> Client {
        self.client(&self.token(Asserts::AgencyStaff, sub, Some(agency), &[role]))
    }

    pub fn tokens(&self) -> ServiceTokens {
        ServiceTokens::new("notes", self.keys.signing_key().clone(), Arc::new(self.clock.clone()))
    }

    /// Another service of the network.
    pub fn service(&self) -> Client {
        let authorization = self.tokens().authorization("directory").unwrap();
        let token = authorization.to_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned();
        self.client(&token)
    }

    /// An agency that [`Network::staff`] speaks for.
    pub async fn agency(&self, display_name: &str) -> Agency {
        self.register(registration(display_name)).await
    }

    pub async fn register(&self, request: RegisterAgencyRequest) -> Agency {
        self.admin().register_agency(request).await.unwrap().into_inner().agency.unwrap()
    }

    /// As the database's administrator: for looking, and for nothing else.
    pub async fn look(&self) -> PgConnection {
        let url = server().url(embedded::ADMIN, &self.database);
        let mut conn = PgConnection::connect(&url).await.unwrap();
        sqlx::raw_sql("SET search_path = directory").execute(&mut conn).await.unwrap();
        conn
    }

    pub fn admin_url(&self) -> String {
        server().url(embedded::ADMIN, &self.database)
    }
}

pub fn request_id() -> String {
    Uuid::new_v4().to_string()
}

pub fn registration(display_name: &str) -> RegisterAgencyRequest {
    RegisterAgencyRequest {
        request_id: request_id(),
        display_name: display_name.to_owned(),
        sector: wire::common::v1::Sector::Healthcare.into(),
        bindings: vec![AgencyBinding {
            issuer: DEV_ISSUER.to_owned(),
            client_ids: vec![CLIENT.to_owned()],
        }],
        ..Default::default()
    }
}

/// Code and `ErrorInfo` reason.
pub fn told(status: &Status) -> (Code, String) {
    let details = status.get_error_details();
    (status.code(), details.error_info().map(|i| i.reason.clone()).unwrap_or_default())
}

/// The fields that a refusal names, in order.
pub fn fields(status: &Status) -> Vec<String> {
    assert_eq!(told(status), (Code::InvalidArgument, "INVALID_ARGUMENT".into()), "{status:?}");
    let details = status.get_error_details();
    let mut fields: Vec<String> =
        details.bad_request().unwrap().field_violations.iter().map(|v| v.field.clone()).collect();
    fields.sort();
    fields
}

/// Everything of a refusal that reaches the caller, but for when it was made.
pub fn bytes(status: &Status) -> (Code, String, Vec<u8>, Vec<String>) {
    let metadata = status.metadata().keys().map(|k| format!("{k:?}"));
    let mut metadata: Vec<String> = metadata.collect();
    metadata.sort();
    (status.code(), status.message().to_owned(), status.details().to_vec(), metadata)
}

/// Fails a test that hangs.
pub async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(15), future).await.expect("hangs")
}
