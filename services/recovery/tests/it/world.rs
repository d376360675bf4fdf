//! Two agencies, people with plans, and the service.

use std::sync::Arc;

use facts::Peer;
use identity::{NetworkKeys, ServiceTokens};
use kernel::{ManualClock, Role};
use permit::Guard;
use secrecy::ExposeSecret as _;
use sqlx::{Connection as _, PgConnection};
use testkit::fakes::{Consents, Logs, People, SignIns, Staff, Stage, bearer};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt as _;
use uuid::Uuid;
use wire::{
    convert::timestamp,
    directory::v1::{self as directory, AgencyState, AgencyStatus, WatchAgenciesResponse},
    people::v1::people_facts_service_server::PeopleFactsServiceServer,
    recovery::v1::{self as pb, recovery_service_client::RecoveryServiceClient},
};

use crate::inviting::Inviting;

/// A Part 2 programme.
pub const CLINIC: Uuid = Uuid::from_u128(0xa1);
pub const HOUSING: Uuid = Uuid::from_u128(0xa2);
/// One that the directory does not know.
pub const STRANGE: Uuid = Uuid::from_u128(0xa9);

pub struct World {
    pub stage: Stage,
    pub consents: Consents,
    pub people: People,
    pub clock: ManualClock,
    pub sign_ins: Arc<SignIns>,
    pub logs: Logs,
    pub channel: Channel,
    pub inviting: Inviting,
    running: [serve::Running; 2],
    _keys: tempfile::TempDir,
}

impl World {
    pub async fn new() -> Self {
        Self::connecting(None).await
    }

    /// A service with one connection: a transaction that needs another one waits for itself.
    pub async fn narrow() -> Self {
        Self::connecting(Some(1)).await
    }

    async fn connecting(most: Option<u32>) -> Self {
        let logs = Logs::listen();
        let stage = Stage::set(async |admin, service| {
            pg::migrate(admin, service, &[&ledger::MIGRATIONS, &recovery::MIGRATIONS]).await
        })
        .await;
        let clock = ManualClock::at(time::macros::datetime!(2040-03-01 12:00 UTC));
        let shared: Arc<dyn kernel::Clock> = Arc::new(clock.clone());
        let (consents, people) = (Consents::default(), People::default());
        consents.agency_with(CLINIC, |clinic| clinic.part2_program = true);
        consents.agency(HOUSING);
        let config = stage.config();
        let beside = pg::connect(&config.clone().beside()).await.unwrap();
        let db = match most {
            Some(max_connections) => {
                pg::connect(&pg::Config { max_connections, ..config }).await.unwrap()
            }
            None => stage.db.clone(),
        };
        let guard = Guard::new(
            recovery::with_shares(Arc::new(consents.clone()), beside, Arc::clone(&shared)),
            Arc::new(people.clone()),
            stage.ledger.clone(),
            Arc::clone(&shared),
        );
        let directory = facts::Directory::local();
        let deps = rpc::Deps {
            db,
            guard,
            clock: Arc::clone(&shared),
            pages: rpc::Pages::new(&[1; 32], Arc::clone(&shared)).unwrap(),
            directory: Arc::clone(&directory),
            stop: CancellationToken::new(),
        };
        directory.apply(&known(&[CLINIC, HOUSING]));
        let sign_ins = Arc::new(SignIns::new(&["recovery"], Arc::clone(&shared)).await);
        let listen = || serve::ServeConfig {
            listen: ([127, 0, 0, 1], 0).into(),
            plaintext: true,
            ..serve::ServeConfig::default()
        };
        let inviting = Inviting::default();
        let asked = serve::Server::builder(listen())
            .add_service(PeopleFactsServiceServer::new(inviting.clone()))
            .descriptors(wire::DESCRIPTORS)
            .start()
            .await
            .unwrap();
        let keys = tempfile::tempdir().unwrap();
        let key = NetworkKeys::open(keys.path()).unwrap().signing_key().clone();
        let tokens = Arc::new(ServiceTokens::new("recovery", key, shared));
        let to_others = Channel::from_shared(format!("http://{}", asked.addr())).unwrap();
        let to_others = to_others.connect_lazy();
        let peer = |name| Peer::new(to_others.clone(), Arc::clone(&tokens), name);
        let peers = recovery::Peers {
            people: peer("people"),
            consent: peer("consent"),
            referrals: peer("referrals"),
            notes: peer("notes"),
            audit: peer("audit"),
        };
        let app = recovery::start(deps, peers, recovery::Instruments::open(None).unwrap());
        let running = serve::Server::builder(listen())
            .add_service(recovery::server(app))
            .descriptors(wire::DESCRIPTORS)
            .auth(sign_ins.layer())
            .start()
            .await
            .unwrap();
        let channel = Channel::from_shared(format!("http://{}", running.addr())).unwrap();
        let channel = channel.connect().await.unwrap();
        let running = [asked, running];
        Self {
            stage,
            consents,
            people,
            clock,
            sign_ins,
            logs,
            channel,
            inviting,
            running,
            _keys: keys,
        }
    }

    pub fn client(&self, staff: &Staff) -> Client {
        let (sign_ins, staff) = (Arc::clone(&self.sign_ins), staff.clone());
        self.with_token(move || sign_ins.staff(&staff))
    }

    /// A clinician who treats.
    pub fn clinician(&self, agency: Uuid, sub: &str) -> Client {
        self.client(&Staff::of(agency, sub))
    }

    /// Somebody with a sign-in of their own, in this role.
    pub fn individual(&self, sub: &str, role: Role) -> Client {
        let (sign_ins, sub) = (Arc::clone(&self.sign_ins), sub.to_owned());
        self.with_token(move || sign_ins.individual(&sub, role, false))
    }

    fn with_token(&self, mint: impl Fn() -> String + Send + Sync + 'static) -> Client {
        Client { channel: self.channel.clone(), mint: Arc::new(mint) }
    }

    /// A new person with a sign-in that stands everywhere.
    pub fn somebody(&self) -> (Uuid, Client) {
        let person = Uuid::new_v4();
        self.people.register(person, CLINIC);
        self.people.register(person, HOUSING);
        (person, self.signed_in(person, None))
    }

    /// A sign-in of the person's that these agencies vouch for; none: it stands everywhere.
    pub fn signed_in(&self, person: Uuid, confirmed_by: Option<&[Uuid]>) -> Client {
        let sub = Uuid::new_v4().to_string();
        self.people.bind(&sub, person, confirmed_by);
        self.individual(&sub, Role::Person)
    }

    /// The same caller, over a connection that is sent little before it is read.
    pub async fn slow(&self, client: &Client) -> Client {
        let [_, running] = &self.running;
        let channel = Channel::from_shared(format!("http://{}", running.addr())).unwrap();
        let channel = channel.initial_stream_window_size(65_535_u32).connect().await.unwrap();
        Client { channel, mint: Arc::clone(&client.mint) }
    }

    /// So many hours from now.
    pub fn after(&self, hours: i64) -> Option<prost_types::Timestamp> {
        let now = kernel::Clock::now(&self.clock);
        Some(timestamp(now + time::Duration::hours(hours)))
    }

    /// Past every wall.
    pub async fn admin(&self) -> PgConnection {
        let url = self.stage.admin_url();
        let mut conn = PgConnection::connect(url.expose_secret()).await.unwrap();
        let path = format!("SET search_path = {}", self.stage.service.schema);
        sqlx::raw_sql(sqlx::AssertSqlSafe(path)).execute(&mut conn).await.unwrap();
        conn
    }

    /// The answer of a call that returns no earlier than the fence, while others come to the database and go.
    pub async fn fenced<T>(&self, call: impl Future<Output = T>) -> T {
        testkit::waits(permit::FENCE, call, async || drop(self.admin().await)).await
    }
}

/// What the directory tells of these, and of no other.
fn known(agencies: &[Uuid]) -> WatchAgenciesResponse {
    let state = |id: &Uuid| {
        let agency = directory::Agency {
            name: format!("agencies/{id}"),
            status: AgencyStatus::Active.into(),
            sector: 1,
            ..directory::Agency::default()
        };
        AgencyState { agency: Some(agency), ..AgencyState::default() }
    };
    WatchAgenciesResponse {
        revision: 1,
        agencies: agencies.iter().map(state).collect(),
        snapshot: true,
        more: false,
        principals: Vec::new(),
    }
}

/// One caller, with a fresh token each time.
#[derive(Clone)]
pub struct Client {
    channel: Channel,
    pub mint: Arc<dyn Fn() -> String + Send + Sync>,
}

impl Client {
    pub fn recovery(&self) -> RecoveryServiceClient<Channel> {
        RecoveryServiceClient::new(self.channel.clone())
    }

    pub async fn plan(&self, person: Uuid) -> Result<pb::GetPlanResponse, Status> {
        let message = pb::GetPlanRequest { person: format!("people/{person}") };
        Ok(self.recovery().get_plan(bearer(&(self.mint)(), message)).await?.into_inner())
    }

    /// The section of this kind, as the caller sees it now.
    pub async fn section(&self, person: Uuid, kind: pb::PlanSectionKind) -> pb::PlanSection {
        let sections = self.plan(person).await.unwrap().sections;
        sections.into_iter().find(|section| section.kind() == kind).unwrap()
    }

    pub async fn update(
        &self,
        message: pb::UpdateSectionRequest,
    ) -> Result<pb::PlanSection, Status> {
        let reply = self.recovery().update_section(bearer(&(self.mint)(), message)).await?;
        Ok(reply.into_inner().section.unwrap())
    }

    pub async fn share(
        &self,
        message: pb::ShareSectionRequest,
    ) -> Result<pb::SectionShare, Status> {
        let reply = self.recovery().share_section(bearer(&(self.mint)(), message)).await?;
        Ok(reply.into_inner().share.unwrap())
    }

    pub async fn unshare(
        &self,
        message: pb::UnshareSectionRequest,
    ) -> Result<pb::SectionShare, Status> {
        let reply = self.recovery().unshare_section(bearer(&(self.mint)(), message)).await?;
        Ok(reply.into_inner().share.unwrap())
    }

    pub async fn shares(
        &self,
        message: pb::ListSharesRequest,
    ) -> Result<pb::ListSharesResponse, Status> {
        Ok(self.recovery().list_shares(bearer(&(self.mint)(), message)).await?.into_inner())
    }

    pub async fn versions(
        &self,
        message: pb::ListSectionVersionsRequest,
    ) -> Result<pb::ListSectionVersionsResponse, Status> {
        let reply = self.recovery().list_section_versions(bearer(&(self.mint)(), message)).await?;
        Ok(reply.into_inner())
    }
}

/// Calls of the same shape.
macro_rules! calls {
    ($($name:ident: $rpc:ident($request:ident) -> $reply:ty $(, $of:ident)?;)+) => {
        impl Client {
            $(pub async fn $name(&self, message: pb::$request) -> Result<$reply, Status> {
                let reply = self.recovery().$rpc(bearer(&(self.mint)(), message)).await?;
                Ok(reply.into_inner()$(.$of.unwrap())?)
            })+
        }
    };
}
calls! {
    make_goal: create_goal(CreateGoalRequest) -> pb::Goal, goal;
    rewrite_goal: update_goal(UpdateGoalRequest) -> pb::Goal, goal;
    goals: list_goals(ListGoalsRequest) -> pb::ListGoalsResponse;
    make_task: create_task(CreateTaskRequest) -> pb::Task, task;
    step_task: update_task(UpdateTaskRequest) -> pb::Task, task;
    tasks: list_tasks(ListTasksRequest) -> pb::ListTasksResponse;
    record_decision: record_decision(RecordDecisionRequest) -> pb::RecordDecisionResponse;
    confirm: confirm_decision(ConfirmDecisionRequest) -> pb::Decision, decision;
    decisions: list_decisions(ListDecisionsRequest) -> pb::ListDecisionsResponse;
    check_in: record_check_in(RecordCheckInRequest) -> pb::CheckIn, check_in;
    caregiver: record_caregiver_check_in(RecordCaregiverCheckInRequest)
        -> pb::RecordCaregiverCheckInResponse;
    check_ins: list_check_ins(ListCheckInsRequest) -> pb::ListCheckInsResponse;
    prepare: prepare_check_in(PrepareCheckInRequest) -> pb::PrepareCheckInResponse;
    progress: get_progress(GetProgressRequest) -> pb::GetProgressResponse;
}

impl Client {
    pub async fn instruments(&self, language: &str) -> Result<pb::ListInstrumentsResponse, Status> {
        let message = pb::ListInstrumentsRequest { language: language.into() };
        Ok(self.recovery().list_instruments(bearer(&(self.mint)(), message)).await?.into_inner())
    }
}

/// A goal of this person's.
pub fn making(person: Uuid, words: &str) -> pb::CreateGoalRequest {
    pb::CreateGoalRequest {
        request_id: Uuid::new_v4().to_string(),
        person: format!("people/{person}"),
        content: Some(pb::GoalContent {
            dimension: pb::GoalDimension::Purpose.into(),
            goal: Some(pb::PlanItem { words: words.to_owned() }),
            status: pb::GoalStatus::Active.into(),
            ..pb::GoalContent::default()
        }),
    }
}

pub fn list_goals(person: Uuid) -> pb::ListGoalsRequest {
    pb::ListGoalsRequest { person: format!("people/{person}"), ..pb::ListGoalsRequest::default() }
}

macro_rules! sections {
    ($($kind:ident: $field:ident),+) => {
        /// What one section says.
        pub enum Section {
            $($kind(pb::$kind)),+
        }

        impl From<Section> for pb::SectionContent {
            fn from(section: Section) -> Self {
                match section {
                    $(Section::$kind(said) => Self { $field: Some(said), ..Self::default() }),+
                }
            }
        }
    };
}
sections! {
    WellnessToolbox: wellness_toolbox,
    DailyMaintenancePlan: daily_maintenance_plan,
    Triggers: triggers,
    EarlyWarningSigns: early_warning_signs,
    BreakingDown: breaking_down,
    CrisisPlan: crisis_plan,
    PostCrisisPlan: post_crisis_plan
}

pub fn items(words: &[&str]) -> Vec<pb::PlanItem> {
    words.iter().map(|words| pb::PlanItem { words: (*words).to_owned() }).collect()
}

/// A Wellness Toolbox that says this.
pub fn toolbox(words: &str) -> pb::SectionContent {
    Section::WellnessToolbox(pb::WellnessToolbox { tools: items(&[words]) }).into()
}

/// Triggers that say this.
pub fn triggers(words: &str) -> pb::SectionContent {
    let (signs, actions) = (items(&[words]), items(&["call Kim"]));
    Section::Triggers(pb::Triggers { signs, actions }).into()
}

pub fn writing(person: Uuid, section: impl Into<pb::SectionContent>) -> pb::UpdateSectionRequest {
    pb::UpdateSectionRequest {
        request_id: Uuid::new_v4().to_string(),
        person: format!("people/{person}"),
        content: Some(section.into()),
        etag: String::new(),
    }
}

pub fn practitioner(agency: Uuid, sub: &str) -> String {
    format!("agencies/{agency}/practitioners/{sub}")
}

/// Shares a section with a practitioner, for a day.
pub fn sharing(
    world: &World,
    section: &pb::PlanSection,
    agency: Uuid,
    sub: &str,
) -> pb::ShareSectionRequest {
    pb::ShareSectionRequest {
        request_id: Uuid::new_v4().to_string(),
        section: section.name.clone(),
        grantee: practitioner(agency, sub),
        until_time: world.after(24),
    }
}

pub fn unsharing(share: &pb::SectionShare) -> pb::UnshareSectionRequest {
    pb::UnshareSectionRequest { request_id: Uuid::new_v4().to_string(), name: share.name.clone() }
}

pub fn list_of(person: Uuid) -> pb::ListSharesRequest {
    let person = format!("people/{person}");
    pb::ListSharesRequest { person, ..pb::ListSharesRequest::default() }
}

pub fn history(section: &pb::PlanSection) -> pb::ListSectionVersionsRequest {
    let section = section.name.clone();
    pb::ListSectionVersionsRequest { section, ..pb::ListSectionVersionsRequest::default() }
}

/// Code and reason.
pub fn told(status: &Status) -> (Code, String) {
    let reason = status.get_details_error_info().map(|info| info.reason).unwrap_or_default();
    (status.code(), reason)
}

/// The one answer for what is absent, another's or refused.
pub fn is_absent(status: &Status) {
    assert_eq!(told(status), (Code::NotFound, "NOT_FOUND".to_owned()), "{status:?}");
    assert_eq!(status.message(), "not found");
}
