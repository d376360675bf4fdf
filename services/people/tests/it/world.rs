//! One service, its database, four agencies and a consent service that a test scripts.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use facts::{Directory, Peer};
use identity::{
    Asserts, AuthLayer, Authenticator, DEV_ISSUER, DevIssuer, IdentityConfig, Mint, NetworkKeys,
    Proofed, ServiceTokens,
};
use kernel::{AgencyId, Clock as _, Instant, ManualClock, PersonId, Purpose, Role, Sector};
use permit::{Answer, ConsentSource, Question, SourceError};
use pg::{BoxFuture, Db, Embedded, ServiceSchema, embedded};
use policy::{Agencies, Consent, PersonFacts};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{Connection as _, PgConnection};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Status, transport::Channel};
use uuid::Uuid;
use wire::{
    common::v1::Identifier,
    consent::v1::facts_service_server::FactsServiceServer,
    convert::to_wire,
    directory::v1::{Agency, AgencyBinding, AgencyState, AgencyStatus, WatchAgenciesResponse},
    people::v1::{self as pb, people_service_client::PeopleServiceClient},
};

use crate::notify::Events;

pub const AUDIENCE: &str = "https://trellis.example";
pub const CLINIC: Uuid = Uuid::from_u128(0xa1);
pub const HOUSING: Uuid = Uuid::from_u128(0xa2);
pub const PROBATION: Uuid = Uuid::from_u128(0xa3);
pub const REFUGE: Uuid = Uuid::from_u128(0xa4);
pub const MEDICAID: &str = "urn:trellis:medicaid";
pub const SSN: &str = "http://hl7.org/fhir/sid/us-ssn";

/// The consent service, as a test scripts it.
#[derive(Default)]
pub struct Consents {
    directory: OnceLock<Arc<Directory>>,
    people: Mutex<HashMap<PersonId, Vec<Consent>>>,
    pub away: AtomicBool,
}

impl Consents {
    pub fn give(&self, consent: Consent) {
        let mut people = self.people.lock().unwrap();
        people.entry(consent.person.clone()).or_default().push(consent);
    }
}

impl ConsentSource for Consents {
    fn facts(&self, questions: Vec<Question>) -> BoxFuture<'_, Result<Vec<Answer>, SourceError>> {
        Box::pin(async move {
            if self.away.load(Ordering::Relaxed) {
                return Err(SourceError::Unavailable);
            }
            let directory = self.directory.get().unwrap();
            let agencies: Arc<Agencies> = directory.agencies().unwrap().1;
            let people = self.people.lock().unwrap();
            let answer = |q: Question| {
                let mut facts = PersonFacts::new(q.person.clone());
                facts.consents = people.get(&q.person).cloned().unwrap_or_default();
                let (facts, agencies) = (Arc::new(facts), Arc::clone(&agencies));
                Answer { revision: 1, time: kernel::Instant::UNIX_EPOCH, facts, agencies }
            };
            Ok(questions.into_iter().map(answer).collect())
        })
    }
}

pub struct World {
    pub database: String,
    pub db: Db,
    pub clock: ManualClock,
    pub consents: Arc<Consents>,
    pub directory: Arc<Directory>,
    pub ledger: ledger::Ledger,
    pub events: Events,
    app: Arc<people::App>,
    peer: Peer,
    issuer: DevIssuer,
    services: ServiceTokens,
    referrals: ServiceTokens,
    recovery: ServiceTokens,
    pub channel: Channel,
    _running: serve::Running,
    _keys: tempfile::TempDir,
}

fn server() -> &'static Embedded {
    static SERVER: OnceLock<Embedded> = OnceLock::new();
    let options = embedded::Options { fast: true, ..Default::default() };
    SERVER.get_or_init(|| Embedded::start_blocking(&options).unwrap())
}

async fn database() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let server = tokio::task::spawn_blocking(server).await.unwrap();
    let name = format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let mut admin = PgConnection::connect(server.admin_url().expose_secret()).await.unwrap();
    let sql = format!("CREATE DATABASE {name}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut admin).await.unwrap();
    name
}

impl World {
    pub async fn new() -> Self {
        Self::registering(people::Registers::Everybody).await
    }

    /// A deployment that holds the people of these agencies.
    pub async fn registering(registers: people::Registers) -> Self {
        Self::connecting(registers, pg::MAX_CONNECTIONS).await
    }

    /// A service with one connection: a transaction that needs another one waits for itself.
    pub async fn narrow() -> Self {
        Self::connecting(people::Registers::Everybody, 1).await
    }

    async fn connecting(registers: people::Registers, max_connections: u32) -> Self {
        let database = database().await;
        let admin: SecretString = server().url(embedded::ADMIN, &database).into();
        let service = ServiceSchema::of("people");
        pg::provision(&admin, std::slice::from_ref(&service)).await.unwrap();
        pg::migrate(&admin, &service, &[&ledger::MIGRATIONS, &people::MIGRATIONS]).await.unwrap();
        let url = server().url("trellis_people", &database);
        let config = pg::Config::new(url, "people");
        let beside = pg::connect(&config.clone().beside()).await.unwrap();
        let db = pg::connect(&pg::Config { max_connections, ..config }).await.unwrap();

        let clock = ManualClock::at(time::macros::datetime!(2040-03-01 12:00 UTC));
        let shared: Arc<dyn kernel::Clock> = Arc::new(clock.clone());
        let directory = Directory::local();
        let consents = Arc::new(Consents::default());
        assert!(consents.directory.set(Arc::clone(&directory)).is_ok());
        let ledger = ledger::Ledger::start(db.clone(), ledger::Config::default());
        let local = people::LocalPeople::new(db.clone(), beside, Arc::clone(&shared));
        let guard =
            permit::Guard::new(consents.clone(), local, ledger.clone(), Arc::clone(&shared));
        let deps = rpc::Deps {
            db: db.clone(),
            guard,
            clock: Arc::clone(&shared),
            pages: rpc::Pages::new(&[1; 32], Arc::clone(&shared)).unwrap(),
            directory: Arc::clone(&directory),
            stop: CancellationToken::new(),
        };
        let matching = people::Matching::new(&[9; 32], people::SHARED_SYSTEMS.iter().copied());
        let app = people::start(deps, matching, registers);

        let keys = tempfile::tempdir().unwrap();
        let issuer = DevIssuer::open(keys.path(), AUDIENCE, Arc::clone(&shared)).unwrap();
        let network = NetworkKeys::open(&keys.path().join("network")).unwrap();
        let services =
            ServiceTokens::new("consent", network.signing_key().clone(), Arc::clone(&shared));
        let recovery =
            ServiceTokens::new("recovery", network.signing_key().clone(), Arc::clone(&shared));
        let referrals =
            ServiceTokens::new("referrals", network.signing_key().clone(), Arc::clone(&shared));
        let config = IdentityConfig {
            audience: AUDIENCE.to_owned(),
            issuers: vec![issuer.config()],
            service_keys: Some(network.config()),
        };
        let authenticator = Authenticator::start(
            &config,
            &["people", "consent"],
            shared.clone(),
            directory.clone(),
        )
        .await
        .unwrap();
        let events = Events::default();
        let listen = serve::ServeConfig {
            listen: ([127, 0, 0, 1], 0).into(),
            plaintext: true,
            ..serve::ServeConfig::default()
        };
        let running = serve::Server::builder(listen)
            .add_service(people::server(Arc::clone(&app)))
            .add_service(people::facts_server(Arc::clone(&app)))
            .add_service(FactsServiceServer::new(events.clone()))
            .descriptors(wire::DESCRIPTORS)
            .auth(AuthLayer::new(authenticator))
            .start()
            .await
            .unwrap();
        let tokens = ServiceTokens::new("people", network.signing_key().clone(), shared);
        let to_consent = serve::peer(&format!("http://{}", running.addr()), None).unwrap();
        let peer = Peer::new(to_consent, Arc::new(tokens), "consent");
        people::follow_events(&app, peer.clone());
        people::follow_links(&app, peer.clone());
        let channel = Channel::from_shared(format!("http://{}", running.addr())).unwrap();
        let channel = channel.connect().await.unwrap();
        let world = Self {
            database,
            db,
            clock,
            consents,
            directory,
            ledger,
            events,
            app,
            peer,
            issuer,
            services,
            referrals,
            recovery,
            channel,
            _running: running,
            _keys: keys,
        };
        world.agencies(&[]);
        world
    }

    /// As another instance does.
    pub fn follow_events_again(&self) {
        people::follow_events(&self.app, self.peer.clone());
    }

    /// The ways out; webhooks may lead to this machine.
    pub fn deliver(&self, smtp: Option<people::Smtp>) {
        let out = people::Outbound::new(&[3; 32], true, smtp.as_ref()).unwrap();
        people::deliver_notices(&self.app, out);
    }

    /// All four agencies, these of them suspended; the refuge is a victim-service provider.
    pub fn agencies(&self, suspended: &[Uuid]) {
        self.flagged(suspended, &[REFUGE]);
    }

    pub fn flagged(&self, suspended: &[Uuid], victim_service: &[Uuid]) {
        let all = [
            (CLINIC, Sector::Healthcare),
            (HOUSING, Sector::Housing),
            (PROBATION, Sector::Justice),
            (REFUGE, Sector::Other),
        ];
        let state = |(id, sector): (Uuid, Sector)| AgencyState {
            agency: Some(Agency {
                name: format!("agencies/{id}"),
                sector: to_wire(sector),
                status: match suspended.contains(&id) {
                    true => AgencyStatus::Suspended.into(),
                    false => AgencyStatus::Active.into(),
                },
                victim_service_provider: victim_service.contains(&id),
                covered_entity: id == CLINIC,
                ..Agency::default()
            }),
            bindings: vec![AgencyBinding {
                issuer: DEV_ISSUER.to_owned(),
                client_ids: vec![format!("app-{id}")],
            }],
            ..AgencyState::default()
        };
        self.directory.apply(&WatchAgenciesResponse {
            revision: 1,
            agencies: all.into_iter().map(state).collect(),
            snapshot: true,
            more: false,
            principals: Vec::new(),
        });
    }

    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    pub fn admin_url(&self) -> SecretString {
        server().url(embedded::ADMIN, &self.database).into()
    }

    /// The database with all rights: what a test may look at and the service may not.
    pub async fn admin(&self) -> PgConnection {
        let mut conn = PgConnection::connect(self.admin_url().expose_secret()).await.unwrap();
        sqlx::raw_sql("SET search_path = people").execute(&mut conn).await.unwrap();
        conn
    }

    /// The answer of a call that returns no earlier than the fence, while others come to the database and go.
    pub async fn fenced<T>(&self, call: impl Future<Output = T>) -> T {
        testkit::waits(permit::FENCE, call, async || drop(self.admin().await)).await
    }

    pub async fn count(&self, table: &'static str) -> i64 {
        let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        sqlx::query_scalar(sql).fetch_one(&mut self.admin().await).await.unwrap()
    }

    fn mint(&self, mint: &Mint) -> String {
        self.issuer.mint(mint).unwrap()
    }

    /// A case manager of an agency.
    pub fn staff(&self, agency: Uuid) -> Client {
        self.staff_named(agency, &format!("staff-{agency}"))
    }

    pub fn staff_named(&self, agency: Uuid, sub: &str) -> Client {
        self.staff_for(agency, sub, &[Purpose::CoordinationOfCare])
    }

    pub fn staff_for(&self, agency: Uuid, sub: &str, purposes: &[Purpose]) -> Client {
        self.client(&self.mint(&Mint {
            kind: Asserts::AgencyStaff,
            sub: sub.to_owned(),
            agency: Some(AgencyId::from(agency)),
            client_id: Some(format!("app-{agency}")),
            roles: [Role::CaseManager].into(),
            purposes: purposes.iter().copied().collect(),
            ttl: time::Duration::HOUR,
            proofed: false,
        }))
    }

    /// A data steward of the network.
    pub fn steward(&self) -> Client {
        self.network("steward", Role::DataSteward)
    }

    pub fn network(&self, sub: &str, role: Role) -> Client {
        self.client(&self.mint(&Mint {
            kind: Asserts::Network,
            purposes: Default::default(),
            ..of_individual(sub, role)
        }))
    }

    pub fn person(&self, sub: &str) -> Client {
        self.individual(sub, Role::Person)
    }

    pub fn individual(&self, sub: &str, role: Role) -> Client {
        self.client(&self.mint(&of_individual(sub, role)))
    }

    /// A sign-in whose issuer has seen the papers of somebody of this name.
    pub fn proofed(&self, sub: &str, role: Role, who: &Proofed) -> Client {
        let token = self.issuer.mint_proofed(&of_individual(sub, role), who);
        self.client(&token.unwrap())
    }

    /// A token that says that somebody was proofed, and not who.
    pub fn proofed_as_nobody(&self, sub: &str) -> Client {
        self.client(&self.mint(&Mint { proofed: true, ..of_individual(sub, Role::Person) }))
    }

    pub fn service_token(&self) -> String {
        token_of(&self.services)
    }

    pub fn referrals_token(&self) -> String {
        token_of(&self.referrals)
    }

    pub fn recovery_token(&self) -> String {
        token_of(&self.recovery)
    }

    fn client(&self, token: &str) -> Client {
        Client { channel: self.channel.clone(), token: token.to_owned() }
    }

    /// Registers Jane Roe with an agency under its own number and a Medicaid number.
    pub async fn jane(&self, agency: Uuid) -> Uuid {
        id(&self.staff(agency).register(jane(agency)).await.unwrap())
    }

    /// Somebody else, of whom no test may see anything.
    pub async fn somebody_else(&self, agency: Uuid) -> Uuid {
        let mut request = jane(agency);
        request.identifiers = vec![identifier("urn:other", "777"), identifier(MEDICAID, "M-777")];
        request.given_name = "Somebody".into();
        request.family_name = "Else".into();
        id(&self.staff(agency).register(request).await.unwrap())
    }
}

fn token_of(service: &ServiceTokens) -> String {
    let header = service.authorization("people").unwrap();
    header.to_str().unwrap().trim_start_matches("Bearer ").to_owned()
}

fn of_individual(sub: &str, role: Role) -> Mint {
    Mint {
        kind: Asserts::Person,
        sub: sub.to_owned(),
        agency: None,
        client_id: None,
        roles: [role].into(),
        purposes: [Purpose::PatientRequest].into(),
        ttl: time::Duration::HOUR,
        proofed: false,
    }
}

/// What the papers of somebody say who was born on Jane Roe's day.
pub fn papers(given_name: &str, family_name: &str) -> Proofed {
    Proofed {
        family_name: family_name.to_owned(),
        given_name: Some(given_name.to_owned()),
        birth_date: time::macros::date!(1980 - 01 - 02),
    }
}

pub fn identifier(system: &str, value: &str) -> Identifier {
    Identifier { system: system.into(), value: value.into() }
}

/// A number of an agency's own, that nobody has yet.
pub fn staff_number() -> Identifier {
    identifier("urn:own", &Uuid::new_v4().to_string())
}

pub fn jane(agency: Uuid) -> pb::RegisterPersonRequest {
    pb::RegisterPersonRequest {
        request_id: Uuid::new_v4().to_string(),
        identifiers: vec![
            identifier("urn:own", &format!("J-{agency}")),
            identifier(MEDICAID, "M-1"),
        ],
        given_name: "Jane".into(),
        family_name: "Roe".into(),
        birth_date: "1980-01-02".into(),
        preferred_language: "es".into(),
        labels: None,
        details: None,
    }
}

/// A guardian, from now on.
pub fn guardian(person: Uuid) -> pb::AddRepresentativeRequest {
    pb::AddRepresentativeRequest {
        request_id: Uuid::new_v4().to_string(),
        person: format!("people/{person}"),
        relationship: wire::common::v1::Relationship::Guardian.into(),
        authority: "Letters of guardianship, County Court".into(),
        ..Default::default()
    }
}

pub fn id(reply: &pb::RegisterPersonResponse) -> Uuid {
    of_name(&reply.person.as_ref().unwrap().name)
}

pub fn of_name(name: &str) -> Uuid {
    wire::convert::id_of("people", name).unwrap()
}

/// One caller.
#[derive(Clone)]
pub struct Client {
    channel: Channel,
    token: String,
}

impl Client {
    pub fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let bearer = format!("Bearer {}", self.token).parse().unwrap();
        request.metadata_mut().insert("authorization", bearer);
        request
    }

    fn people(&self) -> PeopleServiceClient<Channel> {
        PeopleServiceClient::new(self.channel.clone())
    }

    pub async fn register(
        &self,
        message: pb::RegisterPersonRequest,
    ) -> Result<pb::RegisterPersonResponse, Status> {
        Ok(self.people().register_person(self.request(message)).await?.into_inner())
    }

    pub async fn get(&self, person: Uuid) -> Result<pb::GetPersonResponse, Status> {
        let message = pb::GetPersonRequest { name: format!("people/{person}") };
        Ok(self.people().get_person(self.request(message)).await?.into_inner())
    }

    pub async fn find(&self, system: &str, value: &str) -> Result<pb::FindPersonResponse, Status> {
        let identifier = Some(identifier(system, value));
        self.find_by(pb::FindPersonRequest { identifier, demographics: None }).await
    }

    pub async fn find_by(
        &self,
        message: pb::FindPersonRequest,
    ) -> Result<pb::FindPersonResponse, Status> {
        Ok(self.people().find_person(self.request(message)).await?.into_inner())
    }

    pub async fn update(&self, message: pb::UpdatePersonRequest) -> Result<pb::Person, Status> {
        let reply = self.people().update_person(self.request(message)).await?.into_inner();
        Ok(reply.person.unwrap())
    }

    pub async fn add_identifier(
        &self,
        message: pb::AddIdentifierRequest,
    ) -> Result<pb::Person, Status> {
        let reply = self.people().add_identifier(self.request(message)).await?.into_inner();
        Ok(reply.person.unwrap())
    }

    pub async fn invite(&self, person: Uuid) -> Result<pb::InvitePersonResponse, Status> {
        self.invite_as(Uuid::new_v4(), person).await
    }

    pub async fn invite_as(
        &self,
        request_id: Uuid,
        person: Uuid,
    ) -> Result<pb::InvitePersonResponse, Status> {
        let message = pb::InvitePersonRequest {
            request_id: request_id.to_string(),
            person: format!("people/{person}"),
        };
        Ok(self.people().invite_person(self.request(message)).await?.into_inner())
    }

    pub async fn accept(&self, code: &str) -> Result<Uuid, Status> {
        self.accept_as(Uuid::new_v4(), code).await
    }

    pub async fn accept_as(&self, request_id: Uuid, code: &str) -> Result<Uuid, Status> {
        Ok(of_name(&self.accepted(request_id, code).await?.person))
    }

    pub async fn accepted(
        &self,
        request_id: Uuid,
        code: &str,
    ) -> Result<pb::AcceptInvitationResponse, Status> {
        let message = pb::AcceptInvitationRequest {
            request_id: request_id.to_string(),
            code: code.to_owned(),
        };
        Ok(self.people().accept_invitation(self.request(message)).await?.into_inner())
    }

    pub async fn add_representative(
        &self,
        message: pb::AddRepresentativeRequest,
    ) -> Result<pb::AddRepresentativeResponse, Status> {
        Ok(self.people().add_representative(self.request(message)).await?.into_inner())
    }

    pub async fn end_representative(&self, name: &str) -> Result<pb::Representative, Status> {
        self.end_representative_as(Uuid::new_v4(), name).await
    }

    pub async fn end_representative_as(
        &self,
        request_id: Uuid,
        name: &str,
    ) -> Result<pb::Representative, Status> {
        let (request_id, name) = (request_id.to_string(), name.to_owned());
        let message = pb::EndRepresentativeRequest { request_id, name };
        let reply = self.people().end_representative(self.request(message)).await?;
        Ok(reply.into_inner().representative.unwrap())
    }

    /// Of a person; nil: of everybody.
    pub async fn representatives(&self, person: Uuid) -> Result<Vec<pb::Representative>, Status> {
        let person = match person.is_nil() {
            true => String::new(),
            false => format!("people/{person}"),
        };
        let message = pb::ListRepresentativesRequest { person, ..Default::default() };
        Ok(self.list_representatives(message).await?.representatives)
    }

    pub async fn list_representatives(
        &self,
        message: pb::ListRepresentativesRequest,
    ) -> Result<pb::ListRepresentativesResponse, Status> {
        Ok(self.people().list_representatives(self.request(message)).await?.into_inner())
    }

    pub async fn notices(
        &self,
        message: pb::ListNoticesRequest,
    ) -> Result<pb::ListNoticesResponse, Status> {
        Ok(self.people().list_notices(self.request(message)).await?.into_inner())
    }

    pub async fn watch(
        &self,
        person: Uuid,
        cursor: &str,
    ) -> Result<tonic::Streaming<pb::WatchNoticesResponse>, Status> {
        let (cursor, person) = (cursor.to_owned(), format!("people/{person}"));
        let message = pb::WatchNoticesRequest { cursor, person };
        Ok(self.people().watch_notices(self.request(message)).await?.into_inner())
    }

    pub async fn doubtful(
        &self,
        page_size: i32,
        page_token: &str,
    ) -> Result<pb::ListDoubtfulMatchesResponse, Status> {
        let page_token = page_token.to_owned();
        let message = pb::ListDoubtfulMatchesRequest { page_size, page_token };
        Ok(self.people().list_doubtful_matches(self.request(message)).await?.into_inner())
    }

    pub async fn decide(
        &self,
        request_id: Uuid,
        name: &str,
        decision: pb::MatchDecision,
    ) -> Result<pb::DecideMatchResponse, Status> {
        let message = pb::DecideMatchRequest {
            request_id: request_id.to_string(),
            name: name.to_owned(),
            decision: decision.into(),
            reason: "Their papers were seen".to_owned(),
        };
        Ok(self.people().decide_match(self.request(message)).await?.into_inner())
    }

    pub async fn merge(&self, person: Uuid, other: Uuid) -> Result<pb::PersonLink, Status> {
        self.merge_as(Uuid::new_v4(), person, other).await
    }

    pub async fn merge_as(
        &self,
        request_id: Uuid,
        person: Uuid,
        other: Uuid,
    ) -> Result<pb::PersonLink, Status> {
        let message = pb::MergePeopleRequest {
            request_id: request_id.to_string(),
            person: format!("people/{person}"),
            other: format!("people/{other}"),
            reason: "Their papers were seen".to_owned(),
        };
        let reply = self.people().merge_people(self.request(message)).await?.into_inner();
        Ok(reply.link.unwrap())
    }

    pub async fn unmerge(&self, person: Uuid, other: Uuid) -> Result<pb::PersonLink, Status> {
        self.unmerge_as(Uuid::new_v4(), person, other).await
    }

    pub async fn unmerge_as(
        &self,
        request_id: Uuid,
        person: Uuid,
        other: Uuid,
    ) -> Result<pb::PersonLink, Status> {
        let message = pb::UnmergePeopleRequest {
            request_id: request_id.to_string(),
            person: format!("people/{person}"),
            other: format!("people/{other}"),
            reason: "They came together".to_owned(),
        };
        let reply = self.people().unmerge_people(self.request(message)).await?.into_inner();
        Ok(reply.link.unwrap())
    }

    pub async fn acknowledge(&self, request_id: Uuid, name: &str) -> Result<pb::Notice, Status> {
        let message = pb::AcknowledgeNoticeRequest {
            request_id: request_id.to_string(),
            name: name.to_owned(),
        };
        let reply = self.people().acknowledge_notice(self.request(message)).await?;
        Ok(reply.into_inner().notice.unwrap())
    }

    /// The confirmation code of the caller's own sign-in: a fresh one. `representative`: its name;
    /// empty: the person's own.
    pub async fn code(&self, person: Uuid, representative: &str) -> Result<String, Status> {
        self.code_as(Uuid::new_v4(), person, representative).await
    }

    pub async fn code_as(
        &self,
        request_id: Uuid,
        person: Uuid,
        representative: &str,
    ) -> Result<String, Status> {
        let message = pb::RenewConfirmationCodeRequest {
            request_id: request_id.to_string(),
            person: format!("people/{person}"),
            representative: representative.to_owned(),
        };
        Ok(self.people().renew_confirmation_code(self.request(message)).await?.into_inner().code)
    }

    pub async fn confirm(&self, person: Uuid, code: &str) -> Result<(), Status> {
        self.confirm_as(Uuid::new_v4(), person, code).await
    }

    pub async fn confirm_as(
        &self,
        request_id: Uuid,
        person: Uuid,
        code: &str,
    ) -> Result<(), Status> {
        self.confirm_of(request_id, person, "", code).await
    }

    /// `representative`: its name; empty: the person's own.
    pub async fn confirm_of(
        &self,
        request_id: Uuid,
        person: Uuid,
        representative: &str,
        code: &str,
    ) -> Result<(), Status> {
        let message = pb::ConfirmSignInRequest {
            request_id: request_id.to_string(),
            person: format!("people/{person}"),
            representative: representative.to_owned(),
            code: code.to_owned(),
        };
        self.people().confirm_sign_in(self.request(message)).await?;
        Ok(())
    }
}

/// Everything of an answer that a caller can see, but its date and its trace.
pub fn whole(status: &Status) -> String {
    let mut headers = status.metadata().clone().into_headers();
    headers.remove("date");
    format!("{:?} {:?} {:?} {headers:?}", status.code(), status.message(), status.details())
}
