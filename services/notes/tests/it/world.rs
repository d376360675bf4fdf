//! Three agencies, people, and the service.

use std::{path::Path, sync::Arc};

use kernel::{Action, CodeSet, ManualClock, Purpose, Role};
use permit::Guard;
use secrecy::ExposeSecret as _;
use sqlx::{Connection as _, PgConnection};
use testkit::fakes::{Consents, Logs, People, SignIns, Staff, Stage, bearer, consent, permitting};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt as _;
use uuid::Uuid;
use wire::directory::v1::{self as directory, AgencyState, AgencyStatus, WatchAgenciesResponse};
use wire::notes::v1::{
    self as pb, AmendNoteRequest, AppendNoteRequest, CosignNoteRequest, CreateNoteRequest,
    GetNoteRequest, ListNoteVersionsRequest, ListNotesRequest, MarkEnteredInErrorRequest,
    SearchNotesRequest, SignNoteRequest, UpdateDraftRequest,
    notes_service_client::NotesServiceClient,
};

/// A Part 2 programme.
pub const CLINIC: Uuid = Uuid::from_u128(0xa1);
pub const HOUSING: Uuid = Uuid::from_u128(0xa2);
pub const COURT: Uuid = Uuid::from_u128(0xa3);

pub struct World {
    pub stage: Stage,
    pub consents: Consents,
    pub people: People,
    pub clock: ManualClock,
    pub sign_ins: Arc<SignIns>,
    pub logs: Logs,
    pub directory: Arc<facts::Directory>,
    pub app: Arc<notes::App>,
    pub deps: rpc::Deps,
    /// Where the files of notes are.
    pub folder: tempfile::TempDir,
    pub channel: Channel,
    running: serve::Running,
}

impl World {
    pub async fn new() -> Self {
        Self::with(|folder| notes::Files::folder(folder).unwrap()).await
    }

    /// With this in the place of a folder's files.
    pub async fn with(files: impl FnOnce(&Path) -> notes::Files) -> Self {
        let logs = Logs::listen();
        let stage = Stage::set(async |admin, service| {
            pg::migrate(admin, service, &[&ledger::MIGRATIONS, &notes::MIGRATIONS]).await
        })
        .await;
        let clock = ManualClock::at(time::macros::datetime!(2040-03-01 12:00 UTC));
        let shared: Arc<dyn kernel::Clock> = Arc::new(clock.clone());
        let (consents, people) = (Consents::default(), People::default());
        consents.agency_with(CLINIC, |clinic| clinic.part2_program = true);
        consents.agency(HOUSING);
        consents.agency_with(COURT, |court| court.covered_entity = false);
        let guard = Guard::new(
            Arc::new(consents.clone()),
            Arc::new(people.clone()),
            stage.ledger.clone(),
            Arc::clone(&shared),
        );
        let (directory, folder) = (facts::Directory::local(), tempfile::tempdir().unwrap());
        let deps = rpc::Deps {
            db: stage.db.clone(),
            guard,
            clock: Arc::clone(&shared),
            pages: rpc::Pages::new(&[1; 32], Arc::clone(&shared)).unwrap(),
            directory: Arc::clone(&directory),
            stop: CancellationToken::new(),
        };
        let app = notes::start(deps.clone(), files(folder.path()));
        let sign_ins = Arc::new(SignIns::new(&["notes"], shared).await);
        let running = listening(&app, &sign_ins).await;
        let channel = connected(&running).await;
        let world = Self {
            stage,
            consents,
            people,
            clock,
            sign_ins,
            logs,
            directory,
            app,
            deps,
            folder,
            channel,
            running,
        };
        world.suspended(&[]);
        world
    }

    /// What the directory tells: of the agencies these are suspended.
    pub fn suspended(&self, agencies: &[Uuid]) {
        self.told(|id, agency| {
            if agencies.contains(&id) {
                agency.status = AgencyStatus::Suspended.into();
            }
            agency.part2_program = id == CLINIC;
        });
    }

    /// What the directory tells of each agency.
    pub fn told(&self, change: impl Fn(Uuid, &mut directory::Agency)) {
        let state = |id: Uuid| {
            let mut agency = directory::Agency {
                name: format!("agencies/{id}"),
                status: AgencyStatus::Active.into(),
                sector: 1,
                ..directory::Agency::default()
            };
            change(id, &mut agency);
            AgencyState { agency: Some(agency), ..AgencyState::default() }
        };
        self.directory.apply(&WatchAgenciesResponse {
            revision: 1,
            agencies: [CLINIC, HOUSING, COURT].map(state).to_vec(),
            snapshot: true,
            more: false,
            principals: Vec::new(),
        });
    }

    /// What the directory tells of one agency from now on.
    pub fn flagged(&self, id: Uuid, change: impl Fn(&mut directory::Agency)) {
        let (revision, _) = self.directory.agencies().unwrap();
        let mut agency = directory::Agency {
            name: format!("agencies/{id}"),
            status: AgencyStatus::Active.into(),
            sector: 1,
            ..directory::Agency::default()
        };
        change(&mut agency);
        self.directory.apply(&WatchAgenciesResponse {
            revision: revision + 1,
            agencies: vec![AgencyState { agency: Some(agency), ..AgencyState::default() }],
            snapshot: false,
            more: false,
            principals: Vec::new(),
        });
    }

    /// The same caller over a connection of their own.
    pub async fn apart(&self, client: &Client) -> Client {
        Client { channel: connected(&self.running).await, mint: Arc::clone(&client.mint) }
    }

    /// Another instance of the service on the same database, and the same caller there.
    pub async fn another(&self, client: &Client) -> (serve::Running, Client) {
        let deps = rpc::Deps { stop: CancellationToken::new(), ..self.deps.clone() };
        let app = notes::start(deps, notes::Files::folder(self.folder.path()).unwrap());
        let running = listening(&app, &self.sign_ins).await;
        let there = Client { channel: connected(&running).await, mint: Arc::clone(&client.mint) };
        (running, there)
    }

    pub fn client(&self, staff: &Staff) -> Client {
        let (sign_ins, staff) = (Arc::clone(&self.sign_ins), staff.clone());
        self.with_token(move || sign_ins.staff(&staff))
    }

    /// A clinician who treats.
    pub fn clinician(&self, agency: Uuid, sub: &str) -> Client {
        self.client(&Staff::of(agency, sub))
    }

    /// The person's own sign-in.
    pub fn person(&self, sub: &str) -> Client {
        self.individual(sub, Role::Person)
    }

    /// Somebody who acts for others.
    pub fn representative(&self, sub: &str) -> Client {
        self.individual(sub, Role::Representative)
    }

    /// Somebody of an agency, in one role.
    pub fn of(&self, agency: Uuid, sub: &str, role: Role) -> Client {
        self.client(&Staff::of(agency, sub).roles([role]))
    }

    fn individual(&self, sub: &str, role: Role) -> Client {
        let (sign_ins, sub) = (Arc::clone(&self.sign_ins), sub.to_owned());
        self.with_token(move || sign_ins.individual(&sub, role, false))
    }

    fn with_token(&self, mint: impl Fn() -> String + Send + Sync + 'static) -> Client {
        Client { channel: self.channel.clone(), mint: Arc::new(mint) }
    }

    /// A new person, registered by all three agencies.
    pub fn somebody(&self) -> Uuid {
        let person = Uuid::new_v4();
        for agency in [CLINIC, HOUSING, COURT] {
            self.people.register(person, agency);
        }
        person
    }

    /// The person lets one agency do this with what another holds.
    pub fn consent(
        &self,
        person: Uuid,
        from: Uuid,
        to: Uuid,
        actions: impl Into<CodeSet<Action>>,
    ) -> Uuid {
        let id = Uuid::new_v4();
        let rule = permitting(from, to, [Purpose::Treat], actions);
        self.consents.give(consent(person, id, rule));
        id
    }

    pub fn revoke(&self, person: Uuid) {
        self.consents.revoke(person, kernel::Clock::now(&self.clock));
    }

    /// Past every wall.
    pub async fn admin(&self) -> PgConnection {
        let url = self.stage.admin_url();
        let mut conn = PgConnection::connect(url.expose_secret()).await.unwrap();
        let path = format!("SET search_path = {}", self.stage.service.schema);
        sqlx::raw_sql(sqlx::AssertSqlSafe(path)).execute(&mut conn).await.unwrap();
        conn
    }
}

async fn listening(app: &Arc<notes::App>, sign_ins: &SignIns) -> serve::Running {
    let listen = serve::ServeConfig {
        listen: ([127, 0, 0, 1], 0).into(),
        plaintext: true,
        ..Default::default()
    };
    let server = serve::Server::builder(listen)
        .add_service(notes::server(Arc::clone(app)))
        .descriptors(wire::DESCRIPTORS)
        .auth(sign_ins.layer());
    server.start().await.unwrap()
}

async fn connected(running: &serve::Running) -> Channel {
    let channel = Channel::from_shared(format!("http://{}", running.addr())).unwrap();
    channel.connect().await.unwrap()
}

/// One caller, with a fresh token each time: days go by, and a token lives an hour.
#[derive(Clone)]
pub struct Client {
    channel: Channel,
    pub mint: Arc<dyn Fn() -> String + Send + Sync>,
}

impl Client {
    pub fn notes(&self) -> NotesServiceClient<Channel> {
        NotesServiceClient::new(self.channel.clone()).max_decoding_message_size(4 * 1024 * 1024)
    }

    pub async fn create(
        &self,
        message: CreateNoteRequest,
    ) -> Result<pb::CreateNoteResponse, Status> {
        Ok(self.notes().create_note(bearer(&(self.mint)(), message)).await?.into_inner())
    }

    pub async fn sign(&self, message: SignNoteRequest) -> Result<pb::SignNoteResponse, Status> {
        Ok(self.notes().sign_note(bearer(&(self.mint)(), message)).await?.into_inner())
    }

    pub async fn amend(&self, message: AmendNoteRequest) -> Result<pb::AmendNoteResponse, Status> {
        Ok(self.notes().amend_note(bearer(&(self.mint)(), message)).await?.into_inner())
    }

    pub async fn update(
        &self,
        message: UpdateDraftRequest,
    ) -> Result<pb::UpdateDraftResponse, Status> {
        Ok(self.notes().update_draft(bearer(&(self.mint)(), message)).await?.into_inner())
    }

    pub async fn cosign(
        &self,
        message: CosignNoteRequest,
    ) -> Result<pb::CosignNoteResponse, Status> {
        Ok(self.notes().cosign_note(bearer(&(self.mint)(), message)).await?.into_inner())
    }

    pub async fn append(
        &self,
        message: AppendNoteRequest,
    ) -> Result<pb::AppendNoteResponse, Status> {
        Ok(self.notes().append_note(bearer(&(self.mint)(), message)).await?.into_inner())
    }

    pub async fn mark_error(
        &self,
        message: MarkEnteredInErrorRequest,
    ) -> Result<pb::MarkEnteredInErrorResponse, Status> {
        Ok(self.notes().mark_entered_in_error(bearer(&(self.mint)(), message)).await?.into_inner())
    }

    pub async fn block(
        &self,
        message: pb::BlockReleaseRequest,
    ) -> Result<pb::BlockReleaseResponse, Status> {
        Ok(self.notes().block_release(bearer(&(self.mint)(), message)).await?.into_inner())
    }

    pub async fn lift(
        &self,
        message: pb::LiftBlockRequest,
    ) -> Result<pb::LiftBlockResponse, Status> {
        Ok(self.notes().lift_block(bearer(&(self.mint)(), message)).await?.into_inner())
    }

    pub async fn ask_review(
        &self,
        message: pb::RequestBlockReviewRequest,
    ) -> Result<pb::RequestBlockReviewResponse, Status> {
        Ok(self.notes().request_block_review(bearer(&(self.mint)(), message)).await?.into_inner())
    }

    pub async fn reviews(
        &self,
        message: pb::ListBlockReviewsRequest,
    ) -> Result<pb::ListBlockReviewsResponse, Status> {
        Ok(self.notes().list_block_reviews(bearer(&(self.mint)(), message)).await?.into_inner())
    }

    pub async fn decide_review(
        &self,
        message: pb::DecideBlockReviewRequest,
    ) -> Result<pb::DecideBlockReviewResponse, Status> {
        Ok(self.notes().decide_block_review(bearer(&(self.mint)(), message)).await?.into_inner())
    }

    pub async fn request_amendment(
        &self,
        message: pb::RequestAmendmentRequest,
    ) -> Result<pb::RequestAmendmentResponse, Status> {
        Ok(self.notes().request_amendment(bearer(&(self.mint)(), message)).await?.into_inner())
    }

    pub async fn amendments(
        &self,
        message: pb::ListAmendmentRequestsRequest,
    ) -> Result<pb::ListAmendmentRequestsResponse, Status> {
        Ok(self
            .notes()
            .list_amendment_requests(bearer(&(self.mint)(), message))
            .await?
            .into_inner())
    }

    pub async fn extend_amendment(
        &self,
        message: pb::ExtendAmendmentRequest,
    ) -> Result<pb::ExtendAmendmentResponse, Status> {
        Ok(self.notes().extend_amendment(bearer(&(self.mint)(), message)).await?.into_inner())
    }

    pub async fn decide_amendment(
        &self,
        message: pb::DecideAmendmentRequest,
    ) -> Result<pb::DecideAmendmentResponse, Status> {
        Ok(self.notes().decide_amendment(bearer(&(self.mint)(), message)).await?.into_inner())
    }

    pub async fn add_statement(
        &self,
        message: pb::AddStatementRequest,
    ) -> Result<pb::AddStatementResponse, Status> {
        Ok(self.notes().add_statement(bearer(&(self.mint)(), message)).await?.into_inner())
    }

    /// Its versions, newest first.
    pub async fn versions(&self, note: &pb::Note) -> Result<Vec<pb::NoteVersion>, Status> {
        let message = ListNoteVersionsRequest { name: note.name.clone() };
        let reply = self.notes().list_note_versions(bearer(&(self.mint)(), message)).await?;
        Ok(reply.into_inner().versions)
    }

    pub async fn version(&self, note: &pb::Note, version: i32) -> Result<pb::Note, Status> {
        let message = GetNoteRequest { name: note.name.clone(), version };
        let reply = self.notes().get_note(bearer(&(self.mint)(), message)).await?.into_inner();
        Ok(reply.note.unwrap())
    }

    pub async fn get_named(&self, name: &str) -> Result<pb::GetNoteResponse, Status> {
        let message = GetNoteRequest { name: name.to_owned(), version: 0 };
        Ok(self.notes().get_note(bearer(&(self.mint)(), message)).await?.into_inner())
    }

    pub async fn get(&self, note: &pb::Note) -> Result<pb::GetNoteResponse, Status> {
        self.get_named(&note.name).await
    }

    pub async fn list(&self, message: ListNotesRequest) -> Result<pb::ListNotesResponse, Status> {
        Ok(self.notes().list_notes(bearer(&(self.mint)(), message)).await?.into_inner())
    }

    pub async fn suggest(
        &self,
        message: pb::SuggestLabelsRequest,
    ) -> Result<pb::SuggestLabelsResponse, Status> {
        Ok(self.notes().suggest_labels(bearer(&(self.mint)(), message)).await?.into_inner())
    }

    pub async fn search(
        &self,
        message: SearchNotesRequest,
    ) -> Result<pb::SearchNotesResponse, Status> {
        Ok(self.notes().search_notes(bearer(&(self.mint)(), message)).await?.into_inner())
    }

    /// Every page, walked to the end.
    pub async fn all(&self, person: Uuid, page_size: i32) -> Vec<pb::Note> {
        let mut notes = Vec::new();
        let mut message = ListNotesRequest { page_size, ..list(person) };
        loop {
            let page = self.list(message.clone()).await.unwrap();
            assert!(page.notes.len() <= usize::try_from(page_size).unwrap());
            notes.extend(page.notes);
            if page.next_page_token.is_empty() {
                return notes;
            }
            message.page_token = page.next_page_token;
        }
    }

    pub async fn draft(&self, person: Uuid) -> pb::Note {
        self.create(create(person)).await.unwrap().note.unwrap()
    }

    /// A signed note of about as many words as there may be.
    pub async fn large(&self, person: Uuid) -> pb::Note {
        let sections =
            (0..9).map(|n| section("", &format!("{n} ").repeat(30_000))).collect::<Vec<_>>();
        let message = CreateNoteRequest { sections: sections.clone(), ..create(person) };
        let draft = self.create(message).await.unwrap().note.unwrap();
        let signed = self.sign(sign(&draft)).await.unwrap().note.unwrap();
        assert_eq!(signed.sections, sections);
        signed
    }

    /// A signed note.
    pub async fn signed(&self, person: Uuid) -> pb::Note {
        let draft = self.draft(person).await;
        self.sign(sign(&draft)).await.unwrap().note.unwrap()
    }

    /// A draft of somebody in training.
    pub async fn supervised(&self, person: Uuid) -> pb::Note {
        let message = CreateNoteRequest { under_supervision: true, ..create(person) };
        self.create(message).await.unwrap().note.unwrap()
    }

    /// Signed by its author, and not by the second signer.
    pub async fn awaiting(&self, person: Uuid) -> pb::Note {
        let draft = self.supervised(person).await;
        self.sign(sign(&draft)).await.unwrap().note.unwrap()
    }
}

pub fn section(title: &str, body: &str) -> pb::NoteSection {
    pb::NoteSection { title: title.to_owned(), body: body.to_owned(), ..pb::NoteSection::default() }
}

pub fn create(person: Uuid) -> CreateNoteRequest {
    CreateNoteRequest {
        request_id: Uuid::new_v4().to_string(),
        person: format!("people/{person}"),
        r#type: pb::NoteType::Progress.into(),
        sections: vec![section("Plan", "Meets weekly.")],
        ..CreateNoteRequest::default()
    }
}

pub fn sign(note: &pb::Note) -> SignNoteRequest {
    SignNoteRequest {
        request_id: Uuid::new_v4().to_string(),
        name: note.name.clone(),
        etag: note.etag.clone(),
    }
}

pub fn amend(note: &pb::Note, body: &str) -> AmendNoteRequest {
    AmendNoteRequest {
        request_id: Uuid::new_v4().to_string(),
        name: note.name.clone(),
        etag: note.etag.clone(),
        sections: vec![section("Plan", body)],
    }
}

pub fn update(note: &pb::Note, body: &str) -> UpdateDraftRequest {
    UpdateDraftRequest {
        request_id: Uuid::new_v4().to_string(),
        name: note.name.clone(),
        etag: note.etag.clone(),
        r#type: note.r#type,
        labels: note.labels.clone(),
        episode: note.episode.clone(),
        sections: vec![section("Plan", body)],
        supervision_contact: note.supervision_contact,
        links: note.links.clone(),
    }
}

pub fn cosign(note: &pb::Note) -> CosignNoteRequest {
    CosignNoteRequest {
        request_id: Uuid::new_v4().to_string(),
        name: note.name.clone(),
        etag: note.etag.clone(),
    }
}

pub fn append(note: &pb::Note, body: &str) -> AppendNoteRequest {
    AppendNoteRequest {
        request_id: Uuid::new_v4().to_string(),
        name: note.name.clone(),
        etag: note.etag.clone(),
        sections: vec![section("Addendum", body)],
    }
}

pub fn mark_error(note: &pb::Note, reason: &str) -> MarkEnteredInErrorRequest {
    MarkEnteredInErrorRequest {
        request_id: Uuid::new_v4().to_string(),
        name: note.name.clone(),
        etag: note.etag.clone(),
        reason: reason.to_owned(),
    }
}

pub fn list(person: Uuid) -> ListNotesRequest {
    ListNotesRequest { person: format!("people/{person}"), ..ListNotesRequest::default() }
}

/// The published reason.
pub fn reason(status: &Status) -> String {
    let details = status.get_error_details();
    details.error_info().unwrap_or_else(|| panic!("{status:?}")).reason.clone()
}

/// The code and the published reason of a refusal.
pub fn refusal<T: std::fmt::Debug>(done: Result<T, Status>) -> (Code, String) {
    let status = done.unwrap_err();
    (status.code(), reason(&status))
}

pub fn not_found() -> (Code, String) {
    (Code::NotFound, "NOT_FOUND".to_owned())
}

pub fn wrong_state() -> (Code, String) {
    (Code::FailedPrecondition, "WRONG_STATE".to_owned())
}

pub fn denied(reason: &str) -> (Code, String) {
    (Code::PermissionDenied, reason.to_owned())
}
