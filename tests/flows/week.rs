//! An ordinary week: what those around a person write about them, what each of them reads of it, and what the
//! person says to it.

use kernel::{Clock as _, Purpose, Role, SystemClock};
use tonic::{Code, Streaming};
use trellis_tests::{
    Actor, BOUND, Network, Person, Up, World, agency, everywhere_known, registration, request_id,
    served, terms, until, verified,
};
use uuid::Uuid;
use wire::{
    audit::v1::ListDisclosuresRequest,
    common::v1::{Action, Confidentiality, Identifier, Labels, Sector, Sensitivity},
    consent::v1::{ConsentTerms, Effect, Rule},
    convert::timestamp,
    notes::v1::{
        AcknowledgeNoteRequest, AddStatementRequest, AmendmentDenialGround, AmendmentState,
        AnswerQuestionRequest, AskQuestionRequest, BlockReleaseRequest, BlockReviewOutcome,
        CodedTerm, CosignNoteRequest, CreateNoteRequest, DecideAmendmentRequest,
        DecideBlockReviewRequest, GetNoteRequest, ListAcknowledgementsRequest,
        ListBlockReviewsRequest, ListNotesRequest, ListQuestionsRequest, ListUnreadRequest, Note,
        NoteEventKind as Kind, NoteSection, NoteState, NoteType, ReleaseException,
        RequestAmendmentRequest, RequestBlockReviewRequest, SearchNotesRequest, SignNoteRequest,
        SuggestLabelsRequest, SupervisionContact, SupervisionContactKind as Place,
        SupervisionContactOutcome as Came, UnreadReason as Waits, WatchNotesRequest,
        WatchNotesResponse,
    },
    people::v1::{
        ConfirmSignInRequest, ListNoticesRequest, NoticeKind, RegisterPersonRequest,
        RenewConfirmationCodeRequest,
    },
};

/// Everybody around one person.
struct Week {
    world: World,
    person: Person,
    /// Somebody in training at the clinic, and a second clinician there.
    trainee: Actor,
    second: Actor,
    /// PEER_SUPPORTER of a peer organization, and its name.
    peer: Actor,
    peers: String,
}

impl Week {
    async fn of(network: &Network) -> Self {
        let world = World::new(network).await;
        let reply = served!(
            world.admin.directory(),
            register_agency,
            agency("Willow Peer Support", Sector::Peer)
        );
        let peers = reply.agency.unwrap().name;
        let (treat, coc) = (Purpose::Treat, Purpose::CoordinationOfCare);
        let staff = |sub: &str, agency: &str, role, purposes: &[Purpose]| {
            network.actor(network.tokens.staff(sub, agency, &[role], purposes))
        };
        let clinic = &world.agencies.clinic;
        let trainee = staff("trainee-elm", clinic, Role::Counselor, &[treat, coc]);
        let second = staff("dr-elm-two", clinic, Role::Clinician, &[treat, coc]);
        let peer = staff("peer-willow", &peers, Role::PeerSupporter, &[coc]);
        for actor in [&trainee, &second, &peer] {
            everywhere_known(actor).await;
        }
        let person = world.person(network).await;
        let week = Self { world, person, trainee, second, peer, peers };
        week.known().await;
        week.consents().await;
        week
    }

    /// All who write about the person have registered them, and have seen who holds the person's sign-in.
    async fn known(&self) {
        let shared = Identifier {
            system: "urn:trellis:medicaid".to_owned(),
            value: Uuid::new_v4().to_string(),
        };
        let both = vec![self.person.identifier.clone(), shared.clone()];
        let request = RegisterPersonRequest { identifiers: both, ..registration() };
        served!(self.world.clinician.people(), register_person, request);
        for actor in [&self.world.manager, &self.peer, &self.world.officer] {
            let request =
                RegisterPersonRequest { identifiers: vec![shared.clone()], ..registration() };
            let known = served!(actor.people(), register_person, request).person.unwrap();
            assert_eq!(known.name, self.person.name);
            let renew = RenewConfirmationCodeRequest {
                request_id: request_id(),
                person: known.name.clone(),
                representative: String::new(),
            };
            let code = served!(self.person.actor.people(), renew_confirmation_code, renew).code;
            let confirm = ConfirmSignInRequest {
                request_id: request_id(),
                person: known.name,
                representative: String::new(),
                code,
            };
            served!(actor.people(), confirm_sign_in, confirm);
        }
    }

    /// What the person has said: the clinic and the peer read each other's notes and the clinic the home's; the
    /// home reads the clinic's without what is about mental health; probation reads nothing.
    async fn consents(&self) {
        let (clinic, housing) = (&self.world.agencies.clinic, &self.world.agencies.housing);
        for (from, to) in [(clinic, &self.peers), (&self.peers, clinic), (housing, clinic)] {
            self.lets(reading(terms(from, to))).await;
        }
        let but = Rule {
            effect: Effect::Deny.into(),
            sensitivities: vec![Sensitivity::Mh.into()],
            ..Rule::default()
        };
        let most = ConsentTerms { exceptions: vec![but], ..reading(terms(clinic, housing)) };
        self.lets(most).await;
    }

    async fn lets(&self, terms: ConsentTerms) {
        let draft = self.world.draft(&self.person, terms).await;
        self.world.sign(&self.person, &draft).await;
    }

    fn note(&self, kind: NoteType, sections: Vec<NoteSection>) -> CreateNoteRequest {
        CreateNoteRequest {
            request_id: request_id(),
            person: self.person.name.clone(),
            r#type: kind.into(),
            sections,
            ..CreateNoteRequest::default()
        }
    }

    /// Written and signed by one.
    async fn writes(&self, author: &Actor, message: CreateNoteRequest) -> Note {
        let draft = served!(author.notes(), create_note, message).note.unwrap();
        sign(author, &draft.name).await
    }

    /// What one finds by a word, and in which words.
    async fn finds(&self, reader: &Actor, query: &str) -> Vec<String> {
        let request = SearchNotesRequest {
            people: vec![self.person.name.clone()],
            query: query.to_owned(),
            ..SearchNotesRequest::default()
        };
        let hits = served!(reader.notes(), search_notes, request).hits;
        hits.into_iter().map(|hit| hit.name).collect()
    }

    /// What waits for one, the most urgent first.
    async fn waits(&self, reader: &Actor) -> Vec<(Waits, String)> {
        let people = vec![self.person.name.clone()];
        let request = ListUnreadRequest { people, ..ListUnreadRequest::default() };
        let notes = served!(reader.notes(), list_unread, request).notes;
        notes.into_iter().map(|note| (note.reason(), note.name)).collect()
    }

    async fn watch(&self, reader: &Actor) -> Streaming<WatchNotesResponse> {
        let people = vec![self.person.name.clone()];
        let request = WatchNotesRequest { people, cursor: String::new() };
        reader.without_deadline().notes().watch_notes(request).await.unwrap().into_inner()
    }

    async fn lists(&self, reader: &Actor) -> Vec<String> {
        let person = self.person.name.clone();
        let request = ListNotesRequest { person, ..ListNotesRequest::default() };
        let notes = served!(reader.notes(), list_notes, request).notes;
        notes.into_iter().map(|note| note.name).collect()
    }
}

/// To read, and no more.
fn reading(terms: ConsentTerms) -> ConsentTerms {
    let rule = terms.rule.unwrap();
    let rule = Rule { actions: vec![Action::Read.into()], ..rule };
    ConsentTerms { rule: Some(rule), ..terms }
}

fn section(title: &str, body: &str) -> NoteSection {
    NoteSection { title: title.to_owned(), body: body.to_owned(), ..NoteSection::default() }
}

fn labels(level: Confidentiality, of: &[Sensitivity]) -> Labels {
    Labels {
        confidentiality: level.into(),
        sensitivities: of.iter().map(|s| (*s).into()).collect(),
        ..Labels::default()
    }
}

/// What is suggested for an alcohol use disorder and a depression, which the author takes as it is.
async fn suggested(author: &Actor) -> Labels {
    let code = |code: &str| CodedTerm {
        system: "http://hl7.org/fhir/sid/icd-10-cm".to_owned(),
        code: code.to_owned(),
    };
    let request = SuggestLabelsRequest { codes: vec![code("F10.20"), code("F33.1")] };
    let labels = served!(author.notes(), suggest_labels, request).labels.unwrap();
    let stated = |one: Sensitivity| labels.sensitivities.contains(&one.into());
    assert!(stated(Sensitivity::Ethud) && stated(Sensitivity::Mh), "{labels:?}");
    labels
}

/// What is told until an event of this note and state.
async fn told(
    watch: &mut Streaming<WatchNotesResponse>,
    note: &str,
    last: NoteState,
) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        let next = tokio::time::timeout(BOUND, watch.message()).await.expect("in time");
        let event = next.unwrap().expect("the stream goes on");
        if event.kind() == Kind::Checkpoint {
            continue;
        }
        all.push(event.note.clone());
        if event.note == note && event.state() == last {
            return all;
        }
    }
}

async fn sign(author: &Actor, name: &str) -> Note {
    let name = name.to_owned();
    let request = SignNoteRequest { request_id: request_id(), name, etag: String::new() };
    served!(author.notes(), sign_note, request).note.unwrap()
}

async fn reads(reader: &Actor, name: &str) -> Result<Note, Code> {
    let request = GetNoteRequest { name: name.to_owned(), version: 0 };
    let answer = client::retry(|| {
        let (mut notes, request) = (reader.notes(), request.clone());
        async move { notes.get_note(request).await }
    });
    answer.await.map(|reply| reply.into_inner().note.unwrap()).map_err(|status| status.code())
}

fn bodies(note: &Note) -> Vec<&str> {
    note.sections.iter().map(|section| &*section.body).collect()
}

const SESSION: &str = "Three weeks without alcohol; cravings on Sunday evening.";
const APPOINTMENT: &str = "Next appointment on Tuesday at ten.";

#[tokio::test(flavor = "multi_thread")]
async fn an_ordinary_week_of_notes() {
    let up = Up::start().await;
    let week = Week::of(up.network()).await;
    let Week { world, person, trainee, peer, .. } = &week;
    let (clinician, manager, officer) = (&world.clinician, &world.manager, &world.officer);

    let mut seen_by_home = week.watch(manager).await;

    // Monday: somebody in training writes, and a supervisor signs with them.
    let session = section("Session", SESSION);
    let session = NoteSection { labels: Some(suggested(trainee).await), ..session };
    let appointment = section("Appointment", APPOINTMENT);
    let appointment = NoteSection { labels: Some(labels(Confidentiality::N, &[])), ..appointment };
    let message = CreateNoteRequest {
        under_supervision: true,
        ..week.note(NoteType::Progress, vec![session, appointment])
    };
    let clinic = week.writes(trainee, message).await;
    assert_eq!(clinic.state(), NoteState::Preliminary);
    assert_eq!(week.waits(clinician).await, [(Waits::Cosign, clinic.name.clone())]);
    for reader in [peer, manager, &person.actor] {
        assert_eq!(reads(reader, &clinic.name).await, Err(Code::NotFound), "it waits");
    }
    let cosign = CosignNoteRequest {
        request_id: request_id(),
        name: clinic.name.clone(),
        etag: clinic.etag.clone(),
    };
    let clinic = served!(clinician.notes(), cosign_note, cosign).note.unwrap();
    assert_eq!(clinic.state(), NoteState::Final);
    assert!(clinic.author.ends_with("/trainee-elm") && clinic.cosigner.ends_with("/dr-elm"));
    for reader in [peer, &person.actor] {
        assert_eq!(bodies(&reads(reader, &clinic.name).await.unwrap()), [SESSION, APPOINTMENT]);
    }
    let shown = reads(manager, &clinic.name).await.unwrap();
    assert_eq!(bodies(&shown), [APPOINTMENT], "and no sign of another");
    assert!(shown.labels.unwrap().sensitivities.is_empty());
    assert_eq!(reads(officer, &clinic.name).await, Err(Code::NotFound));

    // Tuesday: a peer. Wednesday: the home.
    let walk = "We walked to the garden; she talked about her sister.";
    let walked = week.writes(peer, week.note(NoteType::PeerSupport, vec![section("", walk)])).await;
    let rent = "The rent is paid until June. The heating is mended.";
    let home =
        week.writes(manager, week.note(NoteType::HousingStability, vec![section("", rent)])).await;
    let by_type = |note: &Note| note.labels.clone().unwrap();
    assert_eq!(by_type(&walked), labels(Confidentiality::R, &[Sensitivity::Bh]));
    assert_eq!(by_type(&home), labels(Confidentiality::N, &[]));
    assert_eq!(bodies(&reads(clinician, &walked.name).await.unwrap()), [walk]);
    assert_eq!(bodies(&reads(clinician, &home.name).await.unwrap()), [rent]);
    assert_eq!(reads(manager, &walked.name).await, Err(Code::NotFound));
    assert_eq!(reads(peer, &home.name).await, Err(Code::NotFound));

    // Probation keeps facts, and reads nothing of the others.
    let contact = supervised(&week).await;
    let of_the_network = reads(&person.actor, &contact.name).await.unwrap();
    assert_eq!(of_the_network.supervision_contact, contact.supervision_contact);
    assert_eq!(reads(clinician, &contact.name).await, Err(Code::NotFound));
    assert_eq!(week.lists(officer).await, [&*contact.name]);

    // Each finds what they read, and nothing else.
    assert_eq!(week.finds(clinician, "garden").await, [&*walked.name]);
    assert_eq!(week.finds(manager, "appointment").await, [&*clinic.name]);
    assert!(week.finds(manager, "cravings").await.is_empty(), "a hidden section");
    assert!(week.finds(manager, "garden").await.is_empty(), "a hidden note");
    assert_eq!(
        week.lists(&person.actor).await,
        [&*contact.name, &*home.name, &*walked.name, &*clinic.name]
    );
    assert_eq!(week.lists(peer).await, [&*walked.name, &*clinic.name]);

    together(&week, &clinic.name).await;
    amendments(&week, &clinic.name).await;
    let changed = (Waits::Changed, clinic.name.clone());
    assert_eq!(week.waits(peer).await, [changed], "other words than those that were read");
    assert_eq!(week.waits(manager).await, [(Waits::Unread, clinic.name.clone())]);
    // The addendum is nothing that the home sees: of the clinic's note it is told what it could read, once.
    let heard = told(&mut seen_by_home, &home.name, NoteState::Final).await;
    assert_eq!(heard, [&*clinic.name, &*home.name]);
    let [own, plan] = states(&week, &mut seen_by_home).await;
    let blocked = block_and_review(&week).await;
    accounted(&week, &[&clinic.name, &walked.name, &home.name, &blocked, &own, &plan]).await;
    let (found, records) = verified(&up).await;
    assert!(found.is_empty() && records > 0, "{found:?}");
}

/// The officer's note: that the person came, and when they come again.
async fn supervised(week: &Week) -> Note {
    let now = SystemClock.now();
    let facts = SupervisionContact {
        kind: Place::Office.into(),
        outcome: Came::Attended.into(),
        contact_time: Some(timestamp(now - time::Duration::hours(1))),
        next_contact_time: Some(timestamp(now + time::Duration::days(14))),
    };
    let message = CreateNoteRequest {
        supervision_contact: Some(facts),
        ..week.note(NoteType::SupervisionContact, vec![section("", "On time.")])
    };
    let clinical = week.note(NoteType::Progress, vec![section("", "On time.")]);
    let refused = week.world.officer.notes().create_note(clinical).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "an officer writes nothing clinical");
    week.writes(&week.world.officer, message).await
}

/// The peer says that they have read it, and the person asks its author something.
async fn together(week: &Week, note: &str) {
    let person = &week.person.actor;
    assert!(week.waits(&week.peer).await.contains(&(Waits::Unread, note.to_owned())));
    let read = reads(&week.peer, note).await.unwrap();
    let acknowledge = AcknowledgeNoteRequest {
        request_id: request_id(),
        name: note.to_owned(),
        version: read.version,
    };
    served!(week.peer.notes(), acknowledge_note, acknowledge);
    assert!(week.waits(&week.peer).await.is_empty());
    let who = |note: &str| ListAcknowledgementsRequest {
        note: note.to_owned(),
        ..ListAcknowledgementsRequest::default()
    };
    for reader in [person, &week.world.clinician] {
        let all = served!(reader.notes(), list_acknowledgements, who(note)).acknowledgements;
        let readers: Vec<_> = all.iter().map(|one| (&*one.reader, one.version)).collect();
        let peer = format!("{}/practitioners/peer-willow", week.peers);
        assert_eq!(readers, [(&*peer, read.version)]);
    }

    let ask = AskQuestionRequest {
        request_id: request_id(),
        note: note.to_owned(),
        words: "Is Tuesday still right?".to_owned(),
        roles: Vec::new(),
    };
    let asked = served!(person.notes(), ask_question, ask).question.unwrap();
    assert_eq!(week.waits(&week.trainee).await[0], (Waits::Question, note.to_owned()));
    let answer = AnswerQuestionRequest {
        request_id: request_id(),
        name: asked.name,
        words: "Yes, at ten.".to_owned(),
    };
    served!(week.trainee.notes(), answer_question, answer);
    let list = |note: &str| ListQuestionsRequest {
        note: note.to_owned(),
        ..ListQuestionsRequest::default()
    };
    let all = served!(person.notes(), list_questions, list(note)).questions;
    assert_eq!(all.iter().map(|one| &*one.answer).collect::<Vec<_>>(), ["Yes, at ten."]);
    let others = served!(week.peer.notes(), list_questions, list(note)).questions;
    assert!(others.is_empty(), "what the person asks the clinic is the clinic's to read");
}

/// Thursday: the person asks for two corrections. One is made, and to the other they say what they think.
async fn amendments(week: &Week, note: &str) {
    let (person, clinician) = (&week.person.actor, &week.world.clinician);
    let ask = async |words: &str| {
        let (request_id, note, words) = (request_id(), note.to_owned(), words.to_owned());
        let request = RequestAmendmentRequest { request_id, note, words };
        served!(person.notes(), request_amendment, request).amendment.unwrap().name
    };
    let decide = async |request: DecideAmendmentRequest| {
        let request = DecideAmendmentRequest { request_id: request_id(), ..request };
        served!(clinician.notes(), decide_amendment, request).amendment.unwrap()
    };
    let weeks = ask("It is four weeks, not three.").await;
    let sunday = ask("I had no cravings. Take that out.").await;
    let corrected = "Four weeks, as the person says and the calendar shows.";
    let accepted = DecideAmendmentRequest {
        name: weeks,
        outcome: AmendmentState::Accepted.into(),
        title: "Correction".to_owned(),
        words: corrected.to_owned(),
        ..DecideAmendmentRequest::default()
    };
    assert_eq!(decide(accepted).await.state(), AmendmentState::Accepted);
    let denied = DecideAmendmentRequest {
        name: sunday.clone(),
        outcome: AmendmentState::Denied.into(),
        ground: AmendmentDenialGround::AccurateAndComplete.into(),
        words: "It is what you told us on Monday.".to_owned(),
        ..DecideAmendmentRequest::default()
    };
    assert_eq!(decide(denied).await.state(), AmendmentState::Denied);
    let said = "I said restless, not cravings.";
    let state = AddStatementRequest {
        request_id: request_id(),
        note: note.to_owned(),
        words: said.to_owned(),
        amendment: sunday.clone(),
        ..AddStatementRequest::default()
    };
    served!(person.notes(), add_statement, state);

    // Who reads all of the note reads the correction and the disagreement, and who reads a part neither.
    for reader in [clinician, &week.peer, person] {
        let now = reads(reader, note).await.unwrap();
        assert_eq!(now.state(), NoteState::Appended);
        assert_eq!(bodies(&now), [SESSION, APPOINTMENT, corrected]);
        let statements: Vec<_> =
            now.statements.iter().map(|s| (&*s.words, &*s.amendment)).collect();
        assert_eq!(statements, [(said, &*sunday)]);
    }
    let part = reads(&week.world.manager, note).await.unwrap();
    assert_eq!(
        (bodies(&part), part.statements.len(), part.amendments.len()),
        (vec![APPOINTMENT], 0, 0)
    );
}

/// The person speaks for themself, to the clinic: in a note that says nothing of itself, which is nothing for those
/// from whom anything is kept, and in one that they say is open.
async fn states(week: &Week, home: &mut Streaming<WatchNotesResponse>) -> [String; 2] {
    let (person, world) = (&week.person.actor, &week.world);
    let state = async |words: &str, labels: Option<Labels>| {
        let request = AddStatementRequest {
            request_id: request_id(),
            agency: world.agencies.clinic.clone(),
            words: words.to_owned(),
            labels,
            ..AddStatementRequest::default()
        };
        served!(person.notes(), add_statement, request).note.unwrap()
    };
    let (sleep, work) = ("I sleep better since the rain.", "On Mondays I start at the bakery.");
    let own = state(sleep, None).await;
    let plan = state(work, Some(labels(Confidentiality::N, &[]))).await;
    assert_eq!((own.r#type(), own.state()), (NoteType::PersonStatement, NoteState::Final));
    assert_eq!((&own.author, &own.custodian), (&week.person.name, &world.agencies.clinic));
    for reader in [person, &world.clinician, &week.peer] {
        assert_eq!(bodies(&reads(reader, &own.name).await.unwrap()), [sleep]);
        assert_eq!(bodies(&reads(reader, &plan.name).await.unwrap()), [work]);
        assert_eq!(week.finds(reader, "rain").await, [&*own.name]);
        assert_eq!(week.lists(reader).await[..2], [&*plan.name, &*own.name]);
    }
    assert!(week.waits(&week.peer).await.contains(&(Waits::Unread, own.name.clone())));
    assert!(week.waits(person).await.iter().all(|(_, note)| *note != own.name));

    assert_eq!(bodies(&reads(&world.manager, &plan.name).await.unwrap()), [work]);
    assert_eq!(told(home, &plan.name, NoteState::Final).await, [&*plan.name]);
    for (reader, note) in [(&world.manager, &own), (&world.officer, &own), (&world.officer, &plan)]
    {
        assert_eq!(reads(reader, &note.name).await, Err(Code::NotFound));
        assert!(!week.lists(reader).await.contains(&note.name));
        assert!(week.finds(reader, "rain").await.is_empty());
    }
    [own.name, plan.name]
}

/// Friday: a note that names somebody else is kept from the person for a time; they ask for a review, and who had
/// no part in the decision lifts it.
async fn block_and_review(week: &Week) -> String {
    let (person, world) = (&week.person.actor, &week.world);
    let call = "Her sister called and asked us to say nothing of her new address.";
    let message = week.note(NoteType::Progress, vec![section("Call", call)]);
    let note = week.writes(&world.clinician, message).await;
    assert_eq!(bodies(&reads(person, &note.name).await.unwrap()), [call]);
    let block = BlockReleaseRequest {
        request_id: request_id(),
        name: note.name.clone(),
        etag: String::new(),
        exception: ReleaseException::HarmsAnother.into(),
        grounds: "The sister is afraid of who may read over the person's shoulder.".to_owned(),
        until_time: Some(timestamp(SystemClock.now() + time::Duration::days(7))),
    };
    served!(world.clinician.notes(), block_release, block);
    assert_eq!(reads(person, &note.name).await, Err(Code::NotFound));
    assert!(!week.lists(person).await.contains(&note.name));
    assert!(week.finds(person, "sister address").await.is_empty());
    assert_eq!(
        bodies(&reads(&week.peer, &note.name).await.unwrap()),
        [call],
        "from the person alone"
    );

    let ask =
        RequestBlockReviewRequest { request_id: request_id(), person: week.person.name.clone() };
    served!(person.notes(), request_block_review, ask);
    let list = ListBlockReviewsRequest::default();
    let reviews = served!(week.second.notes(), list_block_reviews, list).reviews;
    assert_eq!(reviews.iter().map(|r| &*r.note).collect::<Vec<_>>(), [&*note.name]);
    let decide = |name: &str| DecideBlockReviewRequest {
        request_id: request_id(),
        name: name.to_owned(),
        outcome: BlockReviewOutcome::Lifted.into(),
        words: "The address is not in the note.".to_owned(),
    };
    let own = world.clinician.notes().decide_block_review(decide(&reviews[0].name)).await;
    assert!(own.is_err(), "who decided does not review");
    served!(week.second.notes(), decide_block_review, decide(&reviews[0].name));
    let told = async || {
        let person = week.person.name.clone();
        let request = ListNoticesRequest { person, ..ListNoticesRequest::default() };
        let notices = served!(week.person.actor.people(), list_notices, request).notices;
        notices.into_iter().find(|notice| notice.kind() == NoticeKind::BlockLifted)
    };
    until("the person is told of it", BOUND, told).await;
    assert_eq!(bodies(&reads(person, &note.name).await.unwrap()), [call]);
    note.name
}

/// The person sees who read what: of each note, all agencies but its own that were shown anything of it.
async fn accounted(week: &Week, notes: &[&str]) {
    let agencies = &week.world.agencies;
    let (clinic, housing, peers) = (&*agencies.clinic, &*agencies.housing, &*week.peers);
    let custodians = [clinic, peers, housing, clinic, clinic, clinic];
    let expected: [&[&str]; 6] =
        [&[housing, peers], &[clinic], &[clinic], &[peers], &[peers], &[housing, peers]];
    // The accounting is read from the services' records a moment later.
    let told = until("all is accounted for", BOUND, async || {
        let request = ListDisclosuresRequest {
            person: week.person.name.clone(),
            page_size: 200,
            ..ListDisclosuresRequest::default()
        };
        let all = served!(week.person.actor.audit(), list_disclosures, request).disclosures;
        // A list that shows others' notes may show the reader's own beside them.
        let readers = |(note, own): (&&str, &str)| {
            let of = all.iter().filter(|one| one.records.iter().any(|record| record == note));
            let to = of.map(|one| one.agency.clone());
            let mut to: Vec<_> = to.filter(|to| !to.is_empty() && to != own).collect();
            to.sort();
            to.dedup();
            to
        };
        let told: Vec<_> = notes.iter().zip(custodians).map(readers).collect();
        let enough = told.iter().zip(expected).all(|(told, expected)| told.len() >= expected.len());
        enough.then_some(told)
    });
    for (told, expected) in told.await.iter().zip(expected) {
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(told, &expected);
    }
    // What they wrote themself is there for who asks for that as well, and was written before what is told by now.
    let request = ListDisclosuresRequest {
        person: week.person.name.clone(),
        page_size: 200,
        include_custodian_access: true,
        ..ListDisclosuresRequest::default()
    };
    let all = served!(week.person.actor.audit(), list_disclosures, request).disclosures;
    let stated = "you wrote a statement held by";
    assert_eq!(all.iter().filter(|one| one.explanation.contains(stated)).count(), 2);
}
