//! Four agencies and two people, with a clock that no machine shows, and a consent service whose
//! facts the test changes and whose Watch it writes.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::{offers::Offers, prefers::Prefers};
use facts::{Directory, Peer};
use futures::StreamExt as _;
use identity::{NetworkKeys, ServiceTokens};
use kernel::{Action, Clock, Kind, ManualClock, PersonId, Purpose, Role};
use permit::Guard;
use policy::Consent;
use referrals::{App, Peers, Webhooks, states::State};
use rpc::{Deps, Pages};
use secrecy::ExposeSecret as _;
use serve::{Running, ServeConfig, Server};
use sqlx::{Connection as _, PgConnection};
use testkit::fakes::{Consents, People, SignIns, Staff, Stage, bearer, consent};
use tokio::sync::watch;
use tokio_stream::{Stream, wrappers::WatchStream};
use tokio_util::sync::CancellationToken;
use tonic::{
    Code, Request, Response, Status, Streaming, async_trait,
    transport::{Channel, Endpoint},
};
use tonic_types::StatusExt as _;
use uuid::Uuid;
use wire::{
    common::v1 as common,
    consent::v1 as pbc,
    convert::{agency_name, name_of},
    directory::v1::{
        Agency, AgencyState, AgencyStatus, WatchAgenciesResponse,
        directory_service_server::DirectoryServiceServer,
    },
    notes::v1::{
        LocateNotesRequest, LocateNotesResponse, LocatedNote,
        note_facts_service_server::{NoteFactsService, NoteFactsServiceServer},
    },
    people::v1::people_facts_service_server::PeopleFactsServiceServer,
    referrals::v1::{
        self as pb, ReferralEventKind, ReferralState as S,
        referrals_service_client::ReferralsServiceClient,
    },
};

pub const CLINIC: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_000a);
pub const HOUSING: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_000b);
pub const OTHER: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_000c);
/// An SUD programme.
pub const PROGRAMME: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_000d);
/// A victim-service provider.
pub const REFUGE: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_000e);
/// Suspended.
pub const GONE: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_000f);

pub const ANA: Uuid = Uuid::from_u128(0xa11a_0000_0000_4000_8000_0000_0000_0001);
pub const BEN: Uuid = Uuid::from_u128(0xbe11_0000_0000_4000_8000_0000_0000_0002);

pub const WORDS: &str = "Needs a ground-floor room; canary-7c1d.";
pub const SECRET: [u8; 32] = [7; 32];

pub type Client = ReferralsServiceClient<Channel>;
pub type Answer = Result<pb::Referral, Status>;

/// The stream of changes of people's facts.
#[derive(Clone)]
pub struct Changes {
    told: watch::Sender<Vec<Uuid>>,
    /// From where it was asked last.
    pub after: Arc<AtomicI64>,
}

#[async_trait]
impl pbc::facts_service_server::FactsService for Changes {
    type WatchFactsStream =
        Pin<Box<dyn Stream<Item = Result<pbc::WatchFactsResponse, Status>> + Send>>;
    type WatchPersonEventsStream =
        futures::stream::Empty<Result<pbc::WatchPersonEventsResponse, Status>>;

    async fn watch_person_events(
        &self,
        _: Request<pbc::WatchPersonEventsRequest>,
    ) -> Result<Response<Self::WatchPersonEventsStream>, Status> {
        Err(Status::unimplemented("for the people service"))
    }

    async fn link_people(
        &self,
        _: Request<pbc::LinkPeopleRequest>,
    ) -> Result<Response<pbc::LinkPeopleResponse>, Status> {
        Err(Status::unimplemented("for the people service"))
    }

    async fn get_facts(
        &self,
        _: Request<pbc::GetFactsRequest>,
    ) -> Result<Response<pbc::GetFactsResponse>, Status> {
        Err(Status::unimplemented("the guard asks the fake source"))
    }

    async fn watch_facts(
        &self,
        request: Request<pbc::WatchFactsRequest>,
    ) -> Result<Response<Self::WatchFactsStream>, Status> {
        let after = request.into_inner().after;
        self.after.store(after, Ordering::SeqCst);
        let mut reached = usize::try_from(after).unwrap();
        let changes = WatchStream::new(self.told.subscribe()).map(move |all| {
            let new = all[reached.min(all.len())..].to_vec();
            let first = reached;
            reached = reached.max(all.len());
            let change = move |(i, person): (usize, Uuid)| {
                Ok(pbc::WatchFactsResponse {
                    sequence: i64::try_from(first + i + 1).unwrap(),
                    person: name_of("people", person),
                    revision: 1,
                })
            };
            new.into_iter().enumerate().map(change).collect::<Vec<_>>()
        });
        Ok(Response::new(Box::pin(changes.flat_map(futures::stream::iter))))
    }
}

/// The notes service: where notes are.
#[derive(Clone, Default)]
pub struct Notes(Arc<std::sync::Mutex<Option<Vec<LocatedNote>>>>);

#[async_trait]
impl NoteFactsService for Notes {
    type WatchPersonEventsStream =
        futures::stream::Empty<Result<wire::notes::v1::WatchPersonEventsResponse, Status>>;

    async fn watch_person_events(
        &self,
        _: Request<wire::notes::v1::WatchPersonEventsRequest>,
    ) -> Result<Response<Self::WatchPersonEventsStream>, Status> {
        Err(Status::unimplemented("for people alone"))
    }

    async fn locate_notes(
        &self,
        request: Request<LocateNotesRequest>,
    ) -> Result<Response<LocateNotesResponse>, Status> {
        let names = request.into_inner().names;
        let all = self.0.lock().unwrap().clone();
        let all = all.ok_or_else(|| Status::unavailable("away"))?;
        let notes = all.into_iter().filter(|note| names.contains(&note.name)).collect();
        Ok(Response::new(LocateNotesResponse { notes }))
    }
}

pub struct World {
    notes: Notes,
    pub offers: Offers,
    pub prefers: Prefers,
    pub stage: Stage,
    pub consents: Consents,
    pub people: People,
    pub clock: ManualClock,
    pub sign_ins: SignIns,
    pub deps: Deps,
    pub app: Arc<App>,
    pub client: Client,
    pub changes: Changes,
    pub peers: Peers,
    _running: Vec<Running>,
    _keys: tempfile::TempDir,
}

impl Drop for World {
    fn drop(&mut self) {
        self.deps.stop.cancel();
    }
}

fn config() -> ServeConfig {
    ServeConfig { listen: ([127, 0, 0, 1], 0).into(), plaintext: true, ..ServeConfig::default() }
}

fn to(running: &Running) -> Channel {
    Endpoint::from_shared(format!("http://{}", running.addr())).unwrap().connect_lazy()
}

fn directory(consents: &Consents) -> Arc<Directory> {
    let directory = Directory::local();
    directory.apply(&agencies(consents, &[GONE]));
    directory
}

/// All agencies, of which these are suspended, as the guard's source and the directory have them.
fn agencies(consents: &Consents, suspended: &[Uuid]) -> WatchAgenciesResponse {
    let agency = |id: Uuid| {
        let gone = suspended.contains(&id);
        consents.agency_with(id, |agency| {
            agency.part2_program = id == PROGRAMME;
            agency.victim_service_provider = id == REFUGE;
            agency.status = match gone {
                true => kernel::AgencyStatus::Suspended,
                false => kernel::AgencyStatus::Active,
            };
        });
        let active = if gone { AgencyStatus::Suspended } else { AgencyStatus::Active };
        let agency = Agency {
            name: agency_name(id),
            status: active.into(),
            sector: 1,
            part2_program: id == PROGRAMME,
            victim_service_provider: id == REFUGE,
            ..Agency::default()
        };
        AgencyState { agency: Some(agency), ..AgencyState::default() }
    };
    WatchAgenciesResponse {
        revision: 1,
        agencies: [CLINIC, HOUSING, OTHER, PROGRAMME, REFUGE, GONE].map(agency).to_vec(),
        snapshot: true,
        more: false,
        principals: Vec::new(),
    }
}

impl World {
    pub async fn new() -> Self {
        let stage = Stage::set(async |admin, service| {
            pg::migrate(admin, service, &[&ledger::MIGRATIONS, &referrals::MIGRATIONS]).await
        })
        .await;
        let clock = ManualClock::at(time::macros::datetime!(2041-03-01 12:00 UTC));
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let (consents, people) = (Consents::default(), People::default());
        for (person, agency) in
            [(ANA, CLINIC), (BEN, CLINIC), (ANA, PROGRAMME), (ANA, REFUGE), (BEN, OTHER)]
        {
            people.register(person, agency);
        }
        people.bind("ana", ANA, None);
        people.bind("ben", BEN, None);
        let directory = directory(&consents);
        let guard = Guard::new(
            Arc::new(consents.clone()),
            Arc::new(people.clone()),
            stage.ledger.clone(),
            Arc::clone(&shared),
        );
        let sign_ins = SignIns::new(&["referrals"], Arc::clone(&shared)).await;
        let deps = Deps {
            db: stage.db.clone(),
            guard,
            clock: Arc::clone(&shared),
            pages: Pages::new(&SECRET, Arc::clone(&shared)).unwrap(),
            directory,
            stop: CancellationToken::new(),
        };

        let changes = Changes { told: watch::Sender::new(Vec::new()), after: Arc::default() };
        let facts = pbc::facts_service_server::FactsServiceServer::new(changes.clone());
        let facts = Server::builder(config()).add_service(facts).descriptors(wire::DESCRIPTORS);
        let facts = facts.start().await.unwrap();
        let notes = Notes(Arc::new(std::sync::Mutex::new(Some(Vec::new()))));
        let located = NoteFactsServiceServer::new(notes.clone());
        let located = Server::builder(config()).add_service(located).descriptors(wire::DESCRIPTORS);
        let located = located.start().await.unwrap();
        let keys = tempfile::tempdir().unwrap();
        let key = NetworkKeys::open(keys.path()).unwrap().signing_key().clone();
        let tokens = Arc::new(ServiceTokens::new("referrals", key, shared));
        let directory = Offers::default();
        let offered = DirectoryServiceServer::new(directory.clone());
        let offered = Server::builder(config()).add_service(offered).descriptors(wire::DESCRIPTORS);
        let offered = offered.start().await.unwrap();
        let prefers = Prefers::default();
        let preferring = PeopleFactsServiceServer::new(prefers.clone());
        let preferring = Server::builder(config()).add_service(preferring);
        let preferring = preferring.descriptors(wire::DESCRIPTORS).start().await.unwrap();
        let peers = Peers {
            consent: Peer::new(to(&facts), Arc::clone(&tokens), "consent"),
            notes: Peer::new(to(&located), Arc::clone(&tokens), "notes"),
            directory: Peer::new(to(&offered), Arc::clone(&tokens), "directory"),
            people: Peer::new(to(&preferring), tokens, "people"),
        };

        identity::prepare_crypto().unwrap();
        let webhooks = Webhooks::new(&SECRET, true).unwrap();
        let app = referrals::start(deps.clone(), peers.clone(), webhooks);
        let running = Server::builder(config())
            .add_service(referrals::server(Arc::clone(&app)))
            .descriptors(wire::DESCRIPTORS)
            .auth(sign_ins.layer())
            .start()
            .await
            .unwrap();
        let client = Client::new(to(&running));
        let _running = vec![facts, located, offered, preferring, running];
        let _keys = keys;
        Self {
            notes,
            offers: directory,
            prefers,
            stage,
            consents,
            people,
            clock,
            sign_ins,
            deps,
            app,
            client,
            changes,
            peers,
            _running,
            _keys,
        }
    }

    /// As another process would: its own application on the same database.
    pub fn another(&self, deps: Deps) -> Arc<App> {
        self.another_that(deps, true)
    }

    pub fn another_that(&self, deps: Deps, delivers_here: bool) -> Arc<App> {
        let webhooks = Webhooks::new(&SECRET, delivers_here).unwrap();
        referrals::start(deps, self.peers.clone(), webhooks)
    }

    /// Suspends an agency, or reinstates it.
    pub fn suspend(&self, agency: Uuid, suspended: bool) {
        let gone = if suspended { vec![GONE, agency] } else { vec![GONE] };
        self.deps.directory.apply(&agencies(&self.consents, &gone));
    }

    /// What suspends an agency, wherever it is done.
    pub fn suspending(&self, agency: Uuid) -> Box<dyn FnOnce() + Send> {
        let (directory, consents) = (Arc::clone(&self.deps.directory), self.consents.clone());
        Box::new(move || directory.apply(&agencies(&consents, &[GONE, agency])))
    }

    /// With a consent of Ana's to what the clinic refers to housing.
    pub async fn agreed() -> Self {
        let world = Self::new().await;
        world.agree(ANA, CLINIC, HOUSING);
        world
    }

    /// A case manager, for every purpose that these tests need.
    pub fn staff(&self, agency: Uuid) -> String {
        self.sign_ins.staff(&staff(agency))
    }

    pub fn person(&self, sub: &str) -> String {
        self.sign_ins.individual(sub, Role::Person, true)
    }

    /// Signs a consent: `to` may be sent, read and move what `from` refers.
    pub fn agree(&self, person: Uuid, from: Uuid, to: Uuid) -> Uuid {
        self.permit(person, from, to, &[Action::Read, Action::Transition, Action::Refer])
    }

    pub fn permit(&self, person: Uuid, from: Uuid, to: Uuid, actions: &[Action]) -> Uuid {
        let id = fresh();
        let actions: kernel::CodeSet<Action> = actions.iter().copied().collect();
        let mut rule = testkit::fakes::permitting(from, to, PURPOSES, actions);
        rule.kinds = Some([Kind::Referral].into());
        let signed = Consent { effective: Some(self.clock.now()), ..consent(person, id, rule) };
        self.consents.give(signed);
        id
    }

    /// As RevokeConsent does: the facts have changed when it returns, and whoever follows them is
    /// yet to hear of it.
    pub fn revoke(&self, person: Uuid) {
        self.consents.revoke(person, self.clock.now());
    }

    /// The consent service's Watch tells that the person's facts have changed.
    pub fn tell(&self, person: Uuid) {
        self.changes.told.send_modify(|all| all.push(person));
    }

    pub async fn reconcile(&self, person: Uuid) {
        referrals::reconcile(&self.app, &PersonId::from(person)).await.unwrap();
    }

    pub async fn create(&self, agency: Uuid, request: pb::CreateReferralRequest) -> Answer {
        let token = self.staff(agency);
        let reply = self.client.clone().create_referral(bearer(&token, request)).await?;
        Ok(shown(reply.into_inner().referral))
    }

    /// Of Ana, from the clinic to housing.
    pub async fn draft(&self) -> pb::Referral {
        self.create(CLINIC, new(ANA, HOUSING)).await.unwrap()
    }

    pub async fn sent(&self) -> pb::Referral {
        let request = pb::CreateReferralRequest { send: true, ..new(ANA, HOUSING) };
        self.create(CLINIC, request).await.unwrap()
    }

    /// Brought to a state by those who may.
    pub async fn in_state(&self, state: S) -> pb::Referral {
        use Verb::{Accept, Cancel, Complete, Error, Fail, Hold, Reject, Start};
        if state == S::Draft {
            return self.draft().await;
        }
        let steps: &[Verb] = match state {
            S::Accepted => &[Accept],
            S::Rejected => &[Reject],
            S::InProgress => &[Accept, Start],
            S::OnHold => &[Accept, Hold],
            S::Completed => &[Accept, Complete],
            S::Failed => &[Accept, Fail],
            S::Cancelled => &[Cancel],
            S::EnteredInError => &[Error],
            _ => &[],
        };
        let mut referral = self.sent().await;
        for step in steps {
            let agency = if *step == Error { CLINIC } else { HOUSING };
            referral = self.go(*step, agency, &referral.name).await.unwrap();
        }
        assert_eq!(referral.state(), state);
        referral
    }

    /// Asks for a move.
    pub async fn go(&self, verb: Verb, agency: Uuid, name: &str) -> Answer {
        verb.ask(self, &self.staff(agency), Move::of(name)).await
    }

    /// The person, or who acts for them, says something to a referral.
    pub async fn respond(&self, token: &str, asked: pb::RespondToReferralRequest) -> Answer {
        let reply = self.client.clone().respond_to_referral(bearer(token, asked)).await?;
        Ok(shown(reply.into_inner().referral))
    }

    pub async fn contact(&self, agency: Uuid, asked: pb::RecordContactRequest) -> Answer {
        let asked = bearer(&self.staff(agency), asked);
        Ok(shown(self.client.clone().record_contact(asked).await?.into_inner().referral))
    }

    /// Either side, or the person's, says how it went.
    pub async fn say(&self, token: &str, asked: pb::AddFeedbackRequest) -> Answer {
        let reply = self.client.clone().add_feedback(bearer(token, asked)).await?;
        Ok(shown(reply.into_inner().referral))
    }

    /// A signed note about a person, which this agency holds.
    pub fn note(&self, person: Uuid, custodian: Uuid) -> String {
        let labels = common::Labels {
            confidentiality: common::Confidentiality::N.into(),
            ..common::Labels::default()
        };
        self.note_labelled(person, custodian, labels)
    }

    pub fn note_labelled(&self, person: Uuid, custodian: Uuid, labels: common::Labels) -> String {
        let name = name_of("notes", fresh());
        let note = LocatedNote {
            name: name.clone(),
            person: name_of("people", person),
            labels: Some(labels),
            custodian: agency_name(custodian),
            author: format!("{}/practitioners/sam", agency_name(custodian)),
            authored_time: Some(wire::convert::timestamp(self.clock.now())),
            ..LocatedNote::default()
        };
        self.notes.0.lock().unwrap().get_or_insert_default().push(note);
        name
    }

    /// Of a note that was entered in error the notes service says nothing.
    pub fn entered_in_error(&self, note: &str) {
        let mut notes = self.notes.0.lock().unwrap();
        notes.iter_mut().for_each(|all| all.retain(|one| one.name != note));
    }

    /// The notes service answers no more.
    pub fn notes_away(&self) {
        self.notes.0.lock().unwrap().take();
    }

    /// What a reader is told of what is attached.
    pub async fn attached(&self, token: &str, name: &str) -> Result<(Vec<String>, bool), Status> {
        let request = pb::GetReferralRequest { name: name.to_owned() };
        let reply = self.client.clone().get_referral(bearer(token, request)).await?.into_inner();
        Ok((reply.notes, reply.notes_withheld))
    }

    pub async fn get_as(&self, token: &str, name: &str) -> Answer {
        let request = pb::GetReferralRequest { name: name.to_owned() };
        let reply = self.client.clone().get_referral(bearer(token, request)).await?;
        Ok(shown(reply.into_inner().referral))
    }

    pub async fn get(&self, agency: Uuid, name: &str) -> Answer {
        self.get_as(&self.staff(agency), name).await
    }

    pub async fn list_as(
        &self,
        token: &str,
        request: pb::ListReferralsRequest,
    ) -> Result<pb::ListReferralsResponse, Status> {
        Ok(self.client.clone().list_referrals(bearer(token, request)).await?.into_inner())
    }

    pub async fn watch(&self, agency: Uuid) -> Watching {
        self.watch_from(agency, "").await.unwrap()
    }

    pub async fn watch_from(&self, agency: Uuid, cursor: &str) -> Result<Watching, Status> {
        let request = pb::WatchReferralsRequest { cursor: cursor.to_owned() };
        let token = self.staff(agency);
        let events = self.client.clone().watch_referrals(bearer(&token, request)).await?;
        Ok(Watching(events.into_inner()))
    }

    /// Past every wall.
    pub async fn admin(&self) -> PgConnection {
        let url = self.stage.admin_url();
        let mut conn = PgConnection::connect(url.expose_secret()).await.unwrap();
        let path = format!("SET search_path = {}", self.stage.service.schema);
        sqlx::raw_sql(sqlx::AssertSqlSafe(path)).execute(&mut conn).await.unwrap();
        conn
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&mut self.admin().await).await.unwrap()
    }
}

pub const PURPOSES: [Purpose; 2] = [Purpose::Treat, Purpose::CoordinationOfCare];

pub fn staff(agency: Uuid) -> Staff {
    Staff::of(agency, "sam").roles([Role::CaseManager]).purposes([Purpose::CoordinationOfCare])
}

pub fn fresh() -> Uuid {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let n = u128::from(NEXT.fetch_add(1, Ordering::Relaxed));
    Uuid::from_u128(0xf000_0000_0000_4000_8000_0000_0000_0000 | n)
}

pub fn shown(referral: Option<pb::Referral>) -> pb::Referral {
    referral.expect("a referral")
}

pub fn new(person: Uuid, target: Uuid) -> pb::CreateReferralRequest {
    pb::CreateReferralRequest {
        request_id: fresh().to_string(),
        person: name_of("people", person),
        target: agency_name(target),
        service: String::new(),
        need_category: "101-01".to_owned(),
        priority: pb::Priority::Urgent.into(),
        summary: WORDS.to_owned(),
        labels: Some(common::Labels {
            confidentiality: common::Confidentiality::N.into(),
            ..common::Labels::default()
        }),
        ..pb::CreateReferralRequest::default()
    }
}

/// What a person says to a referral.
pub fn saying(name: &str, answer: pb::PersonAnswer, words: &str) -> pb::RespondToReferralRequest {
    pb::RespondToReferralRequest {
        request_id: fresh().to_string(),
        name: name.to_owned(),
        answer: answer.into(),
        words: words.to_owned(),
    }
}

/// How it went.
pub fn feedback(name: &str, helpful: i32, words: &str) -> pb::AddFeedbackRequest {
    let request_id = fresh().to_string();
    pb::AddFeedbackRequest { request_id, name: name.to_owned(), helpful, words: words.to_owned() }
}

/// An attempt to reach the person: nobody answered the telephone.
pub fn attempt(name: &str) -> pb::RecordContactRequest {
    pb::RecordContactRequest {
        request_id: fresh().to_string(),
        name: name.to_owned(),
        channel: pb::ContactChannel::Phone.into(),
        result: pb::ContactResult::NoAnswer.into(),
        ..pb::RecordContactRequest::default()
    }
}

/// One of the moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Send,
    Accept,
    Reject,
    Start,
    Hold,
    Resume,
    Complete,
    Fail,
    Cancel,
    Reopen,
    Error,
}

/// What a move's request says.
#[derive(Debug, Clone)]
pub struct Move {
    pub request_id: String,
    pub name: String,
    pub etag: String,
    pub reason: String,
    pub outcome: i32,
}

impl Move {
    pub fn of(name: &str) -> Self {
        Self {
            request_id: fresh().to_string(),
            name: name.to_owned(),
            etag: String::new(),
            reason: "because".to_owned(),
            outcome: pb::Outcome::GotHelp.into(),
        }
    }
}

impl Verb {
    pub const ALL: [Self; 11] = [
        Self::Send,
        Self::Accept,
        Self::Reject,
        Self::Start,
        Self::Hold,
        Self::Resume,
        Self::Complete,
        Self::Fail,
        Self::Cancel,
        Self::Reopen,
        Self::Error,
    ];

    /// Where it moves a referral, and from where; no states: from wherever the table says.
    pub fn moves(self) -> (State, &'static [State]) {
        match self {
            Self::Send => (State::Requested, &[State::Draft]),
            Self::Accept => (State::Accepted, &[]),
            Self::Reject => (State::Rejected, &[]),
            Self::Start => (State::InProgress, &[State::Accepted]),
            Self::Hold => (State::OnHold, &[]),
            Self::Resume => (State::InProgress, &[State::OnHold]),
            Self::Complete => (State::Completed, &[]),
            Self::Fail => (State::Failed, &[]),
            Self::Cancel => (State::Cancelled, &[]),
            Self::Reopen => (State::Requested, &[State::Rejected, State::Failed, State::Cancelled]),
            Self::Error => (State::EnteredInError, &[]),
        }
    }

    pub async fn ask(self, world: &World, token: &str, asked: Move) -> Answer {
        let mut client = world.client.clone();
        let Move { request_id, name, etag, reason, outcome } = asked;
        macro_rules! ask {
            ($method:ident, $request:ident { $($field:ident: $value:expr),* }) => {{
                let request = pb::$request { request_id, name, etag, $($field: $value),* };
                let reply = client.$method(bearer(token, request)).await?.into_inner();
                assert!(reply.disclosure.is_some(), "every reply says why");
                Ok(shown(reply.referral))
            }};
        }
        match self {
            Self::Send => ask!(send_referral, SendReferralRequest {}),
            Self::Accept => ask!(accept_referral, AcceptReferralRequest {}),
            Self::Reject => ask!(
                reject_referral,
                RejectReferralRequest {
                    reason: reason,
                    outcome: outcome,
                    housing_result: pb::HousingResult::ProviderRejected.into()
                }
            ),
            Self::Start => ask!(start_referral, StartReferralRequest {}),
            Self::Hold => ask!(
                hold_referral,
                HoldReferralRequest {
                    reason: reason,
                    enrollment: pb::Enrollment::NotEnrolledOnWaitlist.into()
                }
            ),
            Self::Resume => ask!(resume_referral, ResumeReferralRequest {}),
            Self::Complete => ask!(
                complete_referral,
                CompleteReferralRequest {
                    outcome: outcome,
                    housing_result: pb::HousingResult::ClientAccepted.into(),
                    enrollment: pb::Enrollment::Enrolled.into()
                }
            ),
            Self::Fail => {
                ask!(
                    fail_referral,
                    FailReferralRequest {
                        reason: reason,
                        outcome: outcome,
                        housing_result: pb::HousingResult::ClientRejected.into(),
                        enrollment: pb::Enrollment::NotEnrolled.into()
                    }
                )
            }
            Self::Cancel => ask!(cancel_referral, CancelReferralRequest { reason: reason }),
            Self::Reopen => ask!(reopen_referral, ReopenReferralRequest { reason: reason }),
            Self::Error => ask!(mark_entered_in_error, MarkEnteredInErrorRequest {}),
        }
    }
}

pub struct Watching(Streaming<pb::WatchReferralsResponse>);

/// Longer than the poll for other replicas' events.
const SOON: Duration = Duration::from_secs(10);

impl Watching {
    /// The next message, a checkpoint too.
    pub async fn message(&mut self) -> Result<Option<pb::WatchReferralsResponse>, Status> {
        tokio::time::timeout(SOON, self.0.message()).await.expect("a message in time")
    }

    /// The next event.
    pub async fn next(&mut self) -> pb::WatchReferralsResponse {
        loop {
            let event = self.message().await.unwrap().expect("the stream goes on");
            assert!(!event.cursor.is_empty() && event.time.is_some());
            if event.kind() != ReferralEventKind::Checkpoint {
                return event;
            }
        }
    }

    pub async fn is_told(&mut self, name: &str, state: S) {
        let event = self.next().await;
        let told = (event.kind(), &*event.referral, event.state());
        assert_eq!(told, (ReferralEventKind::State, name, state));
    }

    pub async fn is_told_of_more(&mut self, name: &str) {
        let event = self.next().await;
        let told = (event.kind(), &*event.referral, event.state());
        assert_eq!(told, (ReferralEventKind::Added, name, S::Unspecified));
    }

    pub async fn loses(&mut self, name: &str) {
        let event = self.next().await;
        let told = (event.kind(), &*event.referral, event.state());
        assert_eq!(told, (ReferralEventKind::Withdrawn, name, S::Unspecified));
    }

    /// Nothing but the checkpoint that comes when it is time for one: what had been committed by then
    /// was to be told before it.
    pub async fn is_told_nothing_more(&mut self, world: &World) {
        world.clock.advance(time::Duration::seconds(11));
        let now = wire::convert::timestamp(world.clock.now());
        loop {
            let message = self.message().await.unwrap().expect("the stream goes on");
            assert_eq!(message.kind(), ReferralEventKind::Checkpoint, "{message:?}");
            if message.time == Some(now) {
                return;
            }
        }
    }
}

/// `ErrorInfo.reason` and its metadata.
pub fn reason(status: &Status) -> (String, Vec<(String, String)>) {
    let details = status.get_error_details();
    let info = details.error_info().expect("every error has an ErrorInfo").clone();
    assert_eq!(info.domain, "trellis");
    let mut metadata: Vec<_> = info.metadata.into_iter().collect();
    metadata.sort();
    (info.reason, metadata)
}

pub fn refused<T: std::fmt::Debug>(answer: Result<T, Status>, code: Code, why: &str) {
    let status = answer.expect_err(why);
    assert_eq!((status.code(), &*reason(&status).0), (code, why), "{status:?}");
}

/// Fields that a status names.
pub fn fields(status: &Status) -> Vec<String> {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let details = status.get_error_details();
    let bad = details.bad_request().expect("BadRequest").clone();
    bad.field_violations.into_iter().map(|v| v.field).collect()
}
