//! A network of one service, four agencies and three people, with a clock of its own.

use std::{
    collections::{HashMap, HashSet},
    future::Future,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use facts::{Directory, Peer};
use futures::{FutureExt as _, future::BoxFuture};
use identity::{
    Asserts, AuthLayer, Authenticator, DEV_ISSUER, DevIssuer, IdentityConfig, Mint, NetworkKeys,
    ServiceTokens,
};
use kernel::{AgencyId, Clock, Code as _, Instant, ManualClock, PersonId, Purpose, Role, Sector};
use ledger::Ledger;
use permit::{Appointment, Guard, PeopleSource, SignIn, SourceError};
use pg::{Db, Embedded, ServiceSchema, embedded};
use policy::{ConsentStatus, capture::Ages};
use serve::{Running, ServeConfig, Server};
use tempfile::TempDir;
use time::macros::datetime;
use tokio_stream::StreamExt as _;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Status, transport::Channel};
use tonic_types::StatusExt as _;
use uuid::Uuid;
use wire::{
    audit::v1::served_service_server::ServedServiceServer,
    consent::v1::{
        self as pb, consent_service_client::ConsentServiceClient,
        facts_service_client::FactsServiceClient,
    },
    convert::{agency_name, name_of, timestamp, to_wire},
    directory::v1::{Agency, AgencyBinding, AgencyState, WatchAgenciesResponse},
};

use crate::served::Audit;

/// The reply's own message, or the refusal.
#[macro_export]
macro_rules! call {
    ($world:expr, $rpc:ident, $token:expr, $request:expr) => {
        $world
            .consents()
            .$rpc($crate::world::with(&$token, $request))
            .await
            .map(tonic::Response::into_inner)
    };
}

/// No machine's clock shows it.
pub const NOW: Instant = datetime!(2031-03-04 05:06:07 UTC);
const AUDIENCE: &str = "https://trellis.example";
const CLIENT: &str = "app";

/// Agencies: one letter each, and the clinic's SUD programme is a unit of its own.
pub const CLINIC: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_000a);
pub const HOUSING: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_000b);
pub const PROBATION: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_000c);
pub const OTHER: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_000d);

/// People: Ana and Ben are registered with the clinic, and sign in; Cleo is known to nobody here.
pub const ANA: Uuid = Uuid::from_u128(0xa11a_0000_0000_4000_8000_0000_0000_0001);
pub const BEN: Uuid = Uuid::from_u128(0xbe11_0000_0000_4000_8000_0000_0000_0002);
pub const CLEO: Uuid = Uuid::from_u128(0xc1e0_0000_0000_4000_8000_0000_0000_0003);

#[derive(Default)]
pub struct People {
    sign_ins: Mutex<HashMap<String, SignIn>>,
    appointments: Mutex<HashMap<String, Vec<Appointment>>>,
    registered: Mutex<HashSet<(PersonId, AgencyId)>>,
    ages: Mutex<HashMap<PersonId, (u8, u8)>>,
    ageless: AtomicBool,
}

impl People {
    pub fn bind(&self, subject: &str, person: Uuid, confirmed_by: Option<&[Uuid]>) {
        let confirmed_by = confirmed_by.map(|ids| ids.iter().copied().map(Into::into).collect());
        let sign_in = SignIn { person: person.into(), confirmed_by };
        self.sign_ins.lock().unwrap().insert(subject.to_owned(), sign_in);
    }

    /// For whom a sign-in acts.
    pub fn appoint(&self, subject: &str, appointment: Appointment) {
        self.appointments.lock().unwrap().insert(subject.to_owned(), vec![appointment]);
    }

    /// They act for nobody any more.
    pub fn dismiss(&self, subject: &str) {
        self.appointments.lock().unwrap().remove(subject);
    }

    pub fn register(&self, person: Uuid, agency: Uuid) {
        self.registered.lock().unwrap().insert((person.into(), agency.into()));
    }

    /// How old agencies say that they are, now; none: nobody says.
    pub fn aged(&self, person: Uuid, span: Option<(u8, u8)>) {
        let mut ages = self.ages.lock().unwrap();
        match span {
            Some(span) => ages.insert(person.into(), span),
            None => ages.remove(&person.into()),
        };
    }
}

impl People {
    /// Nobody answers who asks how old somebody is.
    pub fn says_no_age(&self) {
        self.ageless.store(true, Ordering::Relaxed);
    }
}

impl PeopleSource for People {
    fn sign_in<'a>(
        &'a self,
        _: &'a str,
        subject: &'a str,
    ) -> BoxFuture<'a, Result<Option<SignIn>, SourceError>> {
        let found = self.sign_ins.lock().unwrap().get(subject).cloned();
        async { Ok(found) }.boxed()
    }

    fn appointments<'a>(
        &'a self,
        _: &'a str,
        subject: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Appointment>, SourceError>> {
        let found = self.appointments.lock().unwrap().get(subject).cloned().unwrap_or_default();
        async { Ok(found) }.boxed()
    }

    fn registered<'a>(
        &'a self,
        person: &'a PersonId,
        agency: &'a AgencyId,
    ) -> BoxFuture<'a, Result<bool, SourceError>> {
        let key = (person.clone(), agency.clone());
        let found = self.registered.lock().unwrap().contains(&key);
        async move { Ok(found) }.boxed()
    }

    fn ages<'a>(
        &'a self,
        person: &'a PersonId,
        at: Instant,
    ) -> BoxFuture<'a, Result<Ages, SourceError>> {
        let ago = u8::try_from((NOW - at).whole_days() / 365).unwrap_or_default();
        let found = self.ages.lock().unwrap().get(person).copied();
        let found = found.map_or(Ages::ANY, |(youngest, oldest)| Ages {
            youngest: youngest - ago,
            oldest: oldest - ago,
        });
        let away = self.ageless.load(Ordering::Relaxed);
        async move { if away { Err(SourceError::Unavailable) } else { Ok(found) } }.boxed()
    }
}

fn server() -> &'static Embedded {
    static SERVER: OnceLock<Embedded> = OnceLock::new();
    let options = || embedded::Options { fast: true, ..Default::default() };
    SERVER.get_or_init(|| Embedded::start_blocking(&options()).unwrap())
}

/// A database of one test's own, migrated.
pub struct Stage {
    pub database: String,
}

impl Stage {
    pub async fn set() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        tokio::task::spawn_blocking(server).await.unwrap();
        let database = format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let stage = Self { database };
        sql(&admin_of("postgres"), &format!("CREATE DATABASE {}", stage.database)).await;
        let (admin, service) = (stage.admin().into(), ServiceSchema::of("consent"));
        pg::provision(&admin, std::slice::from_ref(&service)).await.unwrap();
        pg::migrate(&admin, &service, &[&ledger::MIGRATIONS, &consent::MIGRATIONS]).await.unwrap();
        stage
    }

    pub fn admin(&self) -> String {
        admin_of(&self.database)
    }

    pub async fn db(&self) -> Db {
        let url = server().url("trellis_consent", &self.database);
        pg::connect(&pg::Config::new(url, "consent")).await.unwrap()
    }
}

fn admin_of(database: &str) -> String {
    server().url(embedded::ADMIN, database)
}

pub async fn sql(url: &str, text: &str) {
    use sqlx::Connection as _;
    let mut conn = sqlx::PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(text.to_owned())).execute(&mut conn).await.unwrap();
}

/// One number, past every wall.
pub async fn sql_value(url: &str, text: &'static str) -> i64 {
    use sqlx::Connection as _;
    let mut conn = sqlx::PgConnection::connect(url).await.unwrap();
    sqlx::query_scalar(text).fetch_one(&mut conn).await.unwrap()
}

pub struct World {
    pub stage: Stage,
    pub db: Db,
    pub clock: ManualClock,
    pub people: Arc<People>,
    pub directory: Arc<Directory>,
    pub ledger: Ledger,
    pub audit: Audit,
    app: Arc<consent::App>,
    peer: Peer,
    issuer: DevIssuer,
    network: NetworkKeys,
    channel: Channel,
    deps: rpc::Deps,
    _running: Running,
    _keys: TempDir,
}

impl Drop for World {
    fn drop(&mut self) {
        self.deps.stop.cancel();
    }
}

impl World {
    pub async fn new() -> Self {
        let directory = Directory::local();
        directory.apply(&agencies(1));
        Self::on(directory).await
    }

    pub async fn on(directory: Arc<Directory>) -> Self {
        Self::with(directory, consent::Rules::default()).await
    }

    /// Where consents are captured by these rules.
    pub async fn ruled(rules: consent::Rules) -> Self {
        let directory = Directory::local();
        directory.apply(&agencies(1));
        Self::with(directory, rules).await
    }

    async fn with(directory: Arc<Directory>, rules: consent::Rules) -> Self {
        let stage = Stage::set().await;
        let db = stage.db().await;
        let clock = ManualClock::at(NOW);
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let people = Arc::new(People::default());
        people.bind("ana", ANA, None);
        people.bind("ben", BEN, None);
        people.register(ANA, CLINIC);
        people.register(BEN, CLINIC);
        people.aged(ANA, Some((40, 40)));
        people.aged(BEN, Some((40, 40)));
        let ledger = Ledger::start(db.clone(), ledger::Config::default());
        let own =
            consent::LocalConsents::new(db.clone(), Arc::clone(&directory), Arc::clone(&shared));
        let guard = Guard::new(Arc::new(own), people.clone(), ledger.clone(), Arc::clone(&shared));
        let stop = CancellationToken::new();
        let deps = rpc::Deps {
            db: db.clone(),
            guard,
            clock: Arc::clone(&shared),
            pages: rpc::Pages::new(&[7; 32], Arc::clone(&shared)).unwrap(),
            directory: Arc::clone(&directory),
            stop: stop.clone(),
        };
        let app = consent::start(deps.clone(), rules);
        let keys = tempfile::tempdir().unwrap();
        let issuer = DevIssuer::open(keys.path(), AUDIENCE, Arc::clone(&shared)).unwrap();
        let network = NetworkKeys::open(keys.path()).unwrap();
        let config = IdentityConfig {
            audience: AUDIENCE.to_owned(),
            issuers: vec![issuer.config()],
            service_keys: Some(network.config()),
        };
        let authenticator =
            Authenticator::start(&config, &["consent", "audit"], shared.clone(), directory.clone())
                .await
                .unwrap();
        let audit = Audit::default();
        let config = ServeConfig {
            listen: ([127, 0, 0, 1], 0).into(),
            plaintext: true,
            ..Default::default()
        };
        let running = Server::builder(config)
            .add_service(consent::server(Arc::clone(&app)))
            .add_service(consent::facts_server(Arc::clone(&app)))
            .add_service(ServedServiceServer::new(audit.clone()))
            .descriptors(wire::DESCRIPTORS)
            .auth(AuthLayer::new(authenticator))
            .shutdown_on(stop.clone())
            .start()
            .await
            .unwrap();
        let tokens = ServiceTokens::new("consent", network.signing_key().clone(), shared);
        let to_audit = serve::peer(&format!("http://{}", running.addr()), None).unwrap();
        let peer = Peer::new(to_audit, Arc::new(tokens), "audit");
        consent::follow_served(&app, peer.clone());
        let channel = Channel::from_shared(format!("http://{}", running.addr()))
            .unwrap()
            .connect()
            .await
            .unwrap();
        Self {
            stage,
            db,
            clock,
            people,
            directory,
            ledger,
            audit,
            app,
            peer,
            issuer,
            network,
            channel,
            deps,
            _running: running,
            _keys: keys,
        }
    }

    /// The service once more, on the same database, answering nobody.
    pub fn another_instance(&self) -> Arc<consent::App> {
        consent::start(self.deps.clone(), consent::Rules::default())
    }

    /// As another instance does.
    pub fn follow_audit_again(&self) {
        consent::follow_served(&self.app, self.peer.clone());
    }

    fn mint(&self, mint: &Mint) -> String {
        format!("Bearer {}", self.issuer.mint(mint).unwrap())
    }

    /// A person's sign-in.
    pub fn person(&self, subject: &str) -> String {
        self.individual(subject, Role::Person)
    }

    /// The sign-in of somebody who acts for a person.
    pub fn representative(&self, subject: &str) -> String {
        self.individual(subject, Role::Representative)
    }

    fn individual(&self, subject: &str, role: Role) -> String {
        self.mint(&Mint {
            kind: Asserts::Person,
            sub: subject.to_owned(),
            agency: None,
            client_id: None,
            roles: [role].into(),
            purposes: [Purpose::PatientRequest].into(),
            ttl: time::Duration::minutes(10),
            proofed: false,
        })
    }

    /// A case manager of an agency.
    pub fn staff(&self, agency: Uuid) -> String {
        self.staff_as("cm-1", Role::CaseManager, agency)
    }

    /// An agency's privacy officer.
    pub fn officer(&self, agency: Uuid) -> String {
        self.staff_as("po-1", Role::PrivacyOfficer, agency)
    }

    /// Somebody of an agency's staff.
    pub fn staff_as(&self, subject: &str, role: Role, agency: Uuid) -> String {
        self.mint(&Mint {
            kind: Asserts::AgencyStaff,
            sub: subject.to_owned(),
            agency: Some(agency.into()),
            client_id: Some(CLIENT.to_owned()),
            roles: [role].into(),
            purposes: [Purpose::CoordinationOfCare].into(),
            ttl: time::Duration::minutes(10),
            proofed: false,
        })
    }

    /// Another service of the network.
    pub fn service(&self) -> String {
        self.service_named("notes")
    }

    pub fn service_named(&self, name: &'static str) -> String {
        let (key, clock) = (self.network.signing_key().clone(), Arc::new(self.clock.clone()));
        let tokens = ServiceTokens::new(name, key, clock);
        tokens.authorization("consent").unwrap().to_str().unwrap().to_owned()
    }

    /// This service as another one sees it, which asks it for facts.
    pub fn asked_by(&self, name: &'static str) -> Peer {
        let (key, clock) = (self.network.signing_key().clone(), Arc::new(self.clock.clone()));
        let tokens = ServiceTokens::new(name, key, clock);
        Peer::new(self.channel.clone(), Arc::new(tokens), "consent")
    }

    pub fn consents(&self) -> ConsentServiceClient<Channel> {
        ConsentServiceClient::new(self.channel.clone())
    }

    pub fn facts(&self) -> FactsServiceClient<Channel> {
        FactsServiceClient::new(self.channel.clone())
    }

    pub async fn draft(
        &self,
        token: &str,
        person: Uuid,
        terms: pb::ConsentTerms,
    ) -> Result<pb::Consent, Status> {
        let request = pb::DraftConsentRequest {
            request_id: Uuid::new_v4().to_string(),
            person: name_of("people", person),
            terms: Some(terms),
            language: String::new(),
        };
        let reply = self.consents().draft_consent(with(token, request)).await?;
        Ok(reply.into_inner().consent.unwrap())
    }

    pub async fn sign(&self, token: &str, draft: &pb::Consent) -> Result<pb::Consent, Status> {
        let request = pb::SignConsentRequest {
            request_id: Uuid::new_v4().to_string(),
            name: draft.name.clone(),
            text_sha256: draft.text_sha256.clone(),
        };
        let reply = self.consents().sign_consent(with(token, request)).await?;
        Ok(reply.into_inner().consent.unwrap())
    }

    /// Drafted by the clinic's staff where it is about Ana or Ben, and signed by them.
    pub async fn signed(&self, subject: &str, terms: pb::ConsentTerms) -> pb::Consent {
        let person = if subject == "ben" { BEN } else { ANA };
        let draft = self.draft(&self.person(subject), person, terms).await.unwrap();
        self.sign(&self.person(subject), &draft).await.unwrap()
    }

    pub async fn revoke(&self, token: &str, name: &str) -> Result<pb::Consent, Status> {
        let request = pb::RevokeConsentRequest {
            request_id: Uuid::new_v4().to_string(),
            name: name.to_owned(),
            word: 0,
        };
        let reply = self.consents().revoke_consent(with(token, request)).await?;
        Ok(reply.into_inner().consent.unwrap())
    }

    pub async fn get(&self, token: &str, name: &str) -> Result<pb::Consent, Status> {
        let request = pb::GetConsentRequest { name: name.to_owned() };
        let reply = self.consents().get_consent(with(token, request)).await?;
        Ok(reply.into_inner().consent.unwrap())
    }

    pub async fn list(&self, token: &str, person: Uuid) -> Vec<String> {
        let request =
            pb::ListConsentsRequest { person: name_of("people", person), ..Default::default() };
        let reply = self.consents().list_consents(with(token, request)).await.unwrap();
        reply.into_inner().consents.into_iter().map(|c| c.name).collect()
    }

    /// The facts of these people, each with the revision that the asker holds.
    pub async fn ask(&self, questions: &[(Uuid, i64)]) -> pb::GetFactsResponse {
        let questions = questions
            .iter()
            .map(|(person, known_revision)| pb::FactsQuestion {
                person: name_of("people", person),
                known_revision: *known_revision,
                on_behalf_of: agency_name(HOUSING),
            })
            .collect();
        let request = pb::GetFactsRequest { questions, directory_revision: 1 };
        self.facts().get_facts(with(&self.service(), request)).await.unwrap().into_inner()
    }

    pub async fn facts_of(&self, person: Uuid) -> pb::PersonFacts {
        self.ask(&[(person, -1)]).await.facts.remove(0)
    }

    /// Asked for until they are others than those of this revision.
    pub async fn facts_since(&self, person: Uuid, revision: i64) -> pb::PersonFacts {
        loop {
            let facts = self.facts_of(person).await;
            if facts.revision != revision {
                return facts;
            }
        }
    }

    /// The answer of a call that returns no earlier than the fence, while facts are asked for.
    pub async fn fenced<T>(&self, call: impl Future<Output = T>) -> T {
        testkit::waits(permit::FENCE, call, async || drop(self.facts_of(ANA).await)).await
    }
}

pub fn with<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", token.parse().unwrap());
    request
}

/// The agencies, as the directory's stream tells them.
pub fn agencies(revision: i64) -> WatchAgenciesResponse {
    let one = |id: Uuid, name: &str, sector: Sector| AgencyState {
        agency: Some(Agency {
            name: agency_name(id),
            display_name: name.to_owned(),
            sector: to_wire(sector),
            status: 1,
            covered_entity: sector == Sector::Healthcare,
            part2_program: id == CLINIC,
            ..Agency::default()
        }),
        bindings: vec![AgencyBinding {
            issuer: DEV_ISSUER.to_owned(),
            client_ids: vec![CLIENT.to_owned()],
        }],
        ..AgencyState::default()
    };
    WatchAgenciesResponse {
        revision,
        agencies: vec![
            one(CLINIC, "Riverside Clinic", Sector::Healthcare),
            one(HOUSING, "Harbor Housing", Sector::Housing),
            one(PROBATION, "County Probation", Sector::Justice),
            one(OTHER, "Elsewhere Health", Sector::Healthcare),
        ],
        snapshot: true,
        more: false,
        principals: Vec::new(),
    }
}

/// From the clinic to the housing agency, for a year, with nothing missing.
pub fn terms() -> pb::ConsentTerms {
    terms_of(pb::Effect::Permit, &[CLINIC], &[HOUSING])
}

pub fn terms_of(effect: pb::Effect, from: &[Uuid], to: &[Uuid]) -> pb::ConsentTerms {
    pb::ConsentTerms {
        r#type: pb::ConsentType::General.into(),
        description: "Notes and referrals about my stay.".to_owned(),
        rule: Some(pb::Rule {
            effect: effect.into(),
            disclosers: Some(pb::Disclosers { agencies: from.iter().map(agency_name).collect() }),
            recipients: Some(pb::Recipients {
                agencies: to.iter().map(agency_name).collect(),
                ..pb::Recipients::default()
            }),
            purposes: vec![
                to_wire(Purpose::CoordinationOfCare),
                to_wire(Purpose::HousingPlacement),
            ],
            ..pb::Rule::default()
        }),
        expires: Some(timestamp(NOW + time::Duration::days(365))),
        statements: Some(pb::Statements { right_to_revoke: true, ..pb::Statements::default() }),
        ..pb::ConsentTerms::default()
    }
}

/// On paper, three days ago.
pub fn recording(person: Uuid, terms: pb::ConsentTerms) -> pb::RecordSignedConsentRequest {
    pb::RecordSignedConsentRequest {
        request_id: fresh(),
        person: name_of("people", person),
        terms: Some(terms),
        signature: Some(pb::RecordedSignature {
            method: pb::SignatureMethod::Paper.into(),
            sign_time: Some(timestamp(NOW - time::Duration::days(3))),
            image_sha256: "cd".repeat(32),
            witness: "R. Stone, front desk".to_owned(),
        }),
        grantor: None,
        co_grantor: None,
        language: String::new(),
    }
}

pub async fn record(
    world: &World,
    token: String,
    request: pb::RecordSignedConsentRequest,
) -> Result<pb::Consent, Status> {
    call!(world, record_signed_consent, token, request).map(|reply| reply.consent.unwrap())
}

/// The events that an agency's staff are told, up to the first checkpoint.
pub async fn watched(world: &World, agency: Uuid) -> Vec<(pb::ConsentEventKind, String)> {
    let request = pb::WatchConsentsRequest { cursor: String::new() };
    let mut stream = call!(world, watch_consents, world.staff(agency), request).unwrap();
    let events = told_until_quiet(&mut stream).await;
    events.into_iter().map(|event| (event.kind(), event.consent)).collect()
}

pub async fn told_until_quiet(
    stream: &mut tonic::Streaming<pb::WatchConsentsResponse>,
) -> Vec<pb::WatchConsentsResponse> {
    let mut events = Vec::new();
    loop {
        let next = tokio::time::timeout(Duration::from_secs(20), stream.next());
        let event = next.await.unwrap().unwrap().unwrap();
        if event.kind() == pb::ConsentEventKind::Unspecified {
            return events;
        }
        events.push(event);
    }
}

pub async fn acknowledge(
    world: &World,
    agency: Uuid,
    name: &str,
    kind: pb::ConsentEventKind,
) -> Result<pb::Acknowledgement, Status> {
    let (request_id, name) = (fresh(), name.to_owned());
    let request = pb::AcknowledgeRevocationRequest { request_id, name, kind: kind.into() };
    let reply = call!(world, acknowledge_revocation, world.staff(agency), request);
    reply.map(|reply| reply.acknowledgement.unwrap())
}

/// The code, and the reason that every error brings.
pub fn told(status: &Status) -> (Code, String) {
    let details = status.get_error_details();
    let info = details.error_info().expect("every error has an ErrorInfo").clone();
    assert_eq!(info.domain, "trellis");
    (status.code(), info.reason)
}

/// The fields of the BadRequest.
pub fn fields(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let bad = details.bad_request().expect("a BadRequest");
    bad.field_violations.iter().map(|v| v.field.clone()).collect()
}

/// Equal to the byte: code, message, details and trailers.
pub fn assert_same(one: &Status, other: &Status) {
    let trailers = |s: &Status| {
        let mut all = s.metadata().clone().into_headers();
        all.remove("date");
        all
    };
    assert_eq!(one.code(), other.code());
    assert_eq!(one.message(), other.message());
    assert_eq!(one.details(), other.details());
    assert_eq!(trailers(one), trailers(other));
}

/// Polls until there is something, within bounds.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    for _ in 0..1_000 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}

/// A UUID of the caller's choosing.
pub fn fresh() -> String {
    Uuid::new_v4().to_string()
}

/// The name of a consent that never was.
pub fn unknown() -> String {
    name_of("consents", Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_dead_beef))
}

/// The codes of the audit events of a caller's RPC: outcome, person, records, reason.
pub async fn audited(world: &World, rpc: &str) -> Vec<(bool, Option<Uuid>, usize, Option<String>)> {
    let events = world.ledger.follow(0, 1_000).await.unwrap();
    let events: Vec<_> = events.into_iter().filter_map(ledger::Followed::told).collect();
    events
        .into_iter()
        .filter(|(_, e)| e.rpc.ends_with(rpc))
        .map(|(_, e)| {
            let permitted = e.outcome == ledger::Outcome::Permit;
            (permitted, e.person, e.records.len(), e.reason.map(|r| r.to_string()))
        })
        .collect()
}

/// The status's code word, for messages of tests.
pub fn code_of(consent: &pb::Consent) -> &'static str {
    wire::convert::from_wire::<ConsentStatus>(consent.status).unwrap().code()
}
