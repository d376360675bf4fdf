//! The stream of what happens to notes.

use std::{sync::Arc, time::Duration};

use kernel::{Action, Clock as _, Purpose, Role};
use testkit::fakes::{Fault, Staff, bearer, until};
use tonic::{Code, Status, Streaming};
use uuid::Uuid;
use wire::{
    common::v1::{BasisKind, Disclosure, Labels, Obligation, Redisclosure},
    notes::v1::{
        self as pb, AmendNoteRequest, NoteEventKind as Kind, NoteState as S, WatchNotesRequest,
        WatchNotesResponse, notes_service_client::NotesServiceClient,
    },
};

use crate::{
    amendments::{accept, ask, deny},
    bad_input::{fields, set},
    blocks::{block, lift},
    sections::{HIV, MH, NORMAL, labelled, labels, story},
    statements::state,
    world::{
        CLINIC, COURT, Client, HOUSING, World, amend, append, cosign, create, mark_error, reason,
        section, sign,
    },
};

pub const RPC: &str = "trellis.notes.v1.NotesService/WatchNotes";

/// Longer than the poll for other replicas' events.
const SOON: Duration = Duration::from_secs(10);

pub struct Watching(Streaming<WatchNotesResponse>);

impl Client {
    pub async fn watch_from(&self, people: &[Uuid], cursor: &str) -> Result<Watching, Status> {
        let people = people.iter().map(|person| format!("people/{person}")).collect();
        self.watching(WatchNotesRequest { people, cursor: cursor.to_owned() }).await
    }

    async fn watching(&self, message: WatchNotesRequest) -> Result<Watching, Status> {
        let events = self.notes().watch_notes(bearer(&(self.mint)(), message)).await?;
        Ok(Watching(events.into_inner()))
    }

    pub async fn watch(&self, people: &[Uuid]) -> Watching {
        self.watch_from(people, "").await.unwrap()
    }
}

impl Watching {
    /// The next message, a checkpoint too.
    pub async fn message(&mut self) -> Result<Option<WatchNotesResponse>, Status> {
        tokio::time::timeout(SOON, self.0.message()).await.expect("a message in time")
    }

    /// The next event.
    pub async fn next(&mut self) -> WatchNotesResponse {
        loop {
            let event = self.message().await.unwrap().expect("the stream goes on");
            assert!(!event.cursor.is_empty() && event.time.is_some());
            if event.kind() != Kind::Checkpoint {
                return event;
            }
        }
    }

    pub async fn is_told(&mut self, note: &pb::Note, state: S, version: i32) -> WatchNotesResponse {
        let event = self.next().await;
        let told = (event.kind(), &event.note, event.state(), event.version);
        assert_eq!(told, (Kind::State, &note.name, state, version));
        assert_eq!(event.person, note.person);
        event
    }

    pub async fn is_told_of_more(&mut self, note: &pb::Note) {
        let event = self.next().await;
        let told = (event.kind(), &event.note, event.state(), event.version);
        assert_eq!(told, (Kind::Added, &note.name, S::Unspecified, 0));
    }

    /// Nothing but the checkpoint that comes when it is time for one: what had been committed by then was to be
    /// told before it.
    pub async fn is_told_nothing_more(&mut self, world: &World) -> WatchNotesResponse {
        world.clock.advance(time::Duration::seconds(11));
        let now = wire::convert::timestamp(world.clock.now());
        loop {
            let message = self.message().await.unwrap().expect("the stream goes on");
            assert_eq!(message.kind(), Kind::Checkpoint, "{message:?}");
            let empty = (&*message.note, &*message.person, message.state, message.version);
            assert_eq!((empty, &message.disclosure), (("", "", 0, 0), &None));
            if message.time == Some(now) {
                return message;
            }
        }
    }

    /// What it ends with, after checkpoints.
    async fn end(&mut self) -> (Code, String) {
        loop {
            match self.message().await {
                Ok(Some(message)) => assert_eq!(message.kind(), Kind::Checkpoint, "{message:?}"),
                Ok(None) => panic!("it ends with a status"),
                Err(status) => return (status.code(), reason(&status)),
            }
        }
    }
}

fn done(reply: Result<pb::AmendNoteResponse, Status>) -> pb::Note {
    reply.unwrap().note.unwrap()
}

/// Signed, amended, added to and marked.
async fn lived(author: &Client, person: Uuid) -> pb::Note {
    let note = author.signed(person).await;
    let note = done(author.amend(amend(&note, "Meets daily.")).await);
    let note = author.append(append(&note, "Came late.")).await.unwrap().note.unwrap();
    author.mark_error(mark_error(&note, "Another's.")).await.unwrap().note.unwrap()
}

const LIFE: [(S, i32); 4] =
    [(S::Final, 1), (S::Amended, 2), (S::Appended, 3), (S::EnteredInError, 3)];

#[tokio::test]
async fn a_stream_tells_what_happens_in_order_and_goes_on_from_any_of_its_cursors() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let before = lived(&author, person).await;
    let mut watching = author.watch(&[person]).await;
    let mut cursors = Vec::new();
    for (state, version) in LIFE {
        cursors.push(watching.is_told(&before, state, version).await.cursor);
    }
    // The first checkpoint comes once all that there was has been told.
    let checkpoint = watching.message().await.unwrap().unwrap();
    assert_eq!(checkpoint.kind(), Kind::Checkpoint);
    author.draft(person).await;
    let after = lived(&author, person).await;
    for (state, version) in LIFE {
        watching.is_told(&after, state, version).await;
    }
    watching.is_told_nothing_more(&world).await;
    let all: Vec<_> = LIFE
        .map(|told| (&before, told))
        .into_iter()
        .chain(LIFE.map(|told| (&after, told)))
        .collect();
    let places = (1..).zip(cursors).chain([(4, checkpoint.cursor), (0, String::new())]);
    for (place, cursor) in places {
        let mut again = author.watch_from(&[person], &cursor).await.unwrap();
        for (note, (state, version)) in &all[place..] {
            again.is_told(note, *state, *version).await;
        }
        again.is_told_nothing_more(&world).await;
    }
}

#[tokio::test]
async fn times_are_those_of_what_happened() {
    let world = World::new().await;
    let (trainee, person) = (world.clinician(CLINIC, "trainee"), world.somebody());
    let supervisor = world.clinician(CLINIC, "supervisor");
    let mut watching = trainee.watch(&[person]).await;
    let draft = trainee.supervised(person).await;
    let mut times = Vec::new();
    let mut passed = || {
        world.clock.advance(time::Duration::MINUTE);
        times.push(Some(wire::convert::timestamp(world.clock.now())));
    };
    passed();
    let waits = trainee.sign(sign(&draft)).await.unwrap().note.unwrap();
    passed();
    let note = supervisor.cosign(cosign(&waits)).await.unwrap().note.unwrap();
    passed();
    let note = done(trainee.amend(amend(&note, "Meets daily.")).await);
    passed();
    trainee.mark_error(mark_error(&note, "Another's.")).await.unwrap();
    let mut told = Vec::new();
    for _ in 0..4 {
        told.push(watching.next().await.time);
    }
    assert_eq!(told, times);
}

#[tokio::test]
async fn what_is_not_final_is_told_to_those_who_see_it_and_never_later_to_others() {
    let world = World::new().await;
    let (trainee, person) = (world.clinician(CLINIC, "trainee"), world.somebody());
    world.consent(person, CLINIC, HOUSING, [Action::Read]);
    let supervisor = world.of(CLINIC, "md", Role::Medical);
    let others = [world.of(CLINIC, "cm", Role::CaseManager), world.clinician(HOUSING, "ms-h")];
    let void = trainee.draft(person).await;
    trainee.mark_error(mark_error(&void, "Another's.")).await.unwrap();
    let note = trainee.awaiting(person).await;
    let mut seeing = [trainee.watch(&[person]).await, supervisor.watch(&[person]).await];
    let mut waiting = Vec::new();
    for client in &others {
        waiting.push(client.watch(&[person]).await);
    }
    seeing[0].is_told(&void, S::EnteredInError, 1).await;
    for watching in &mut seeing {
        watching.is_told(&note, S::Preliminary, 1).await;
    }
    for watching in &mut waiting {
        watching.is_told_nothing_more(&world).await;
    }
    supervisor.cosign(cosign(&note)).await.unwrap();
    for watching in seeing.iter_mut().chain(&mut waiting) {
        watching.is_told(&note, S::Final, 1).await;
        watching.is_told_nothing_more(&world).await;
    }
    for client in &others {
        let mut again = client.watch(&[person]).await;
        again.is_told(&note, S::Final, 1).await;
        again.is_told_nothing_more(&world).await;
    }
    let mut again = supervisor.watch(&[person]).await;
    again.is_told(&note, S::Preliminary, 1).await;
}

#[tokio::test]
async fn a_counselling_note_is_told_inside_its_unit_to_those_who_counsel() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    world.consent(person, CLINIC, HOUSING, [Action::Read]);
    let message = pb::CreateNoteRequest { record_class: 2, ..create(person) };
    let draft = author.create(message).await.unwrap().note.unwrap();
    let note = author.sign(sign(&draft)).await.unwrap().note.unwrap();
    for (client, sees) in [
        (author, true),
        (world.of(CLINIC, "co", Role::Counselor), true),
        (world.of(CLINIC, "md", Role::Medical), false),
        (world.of(CLINIC, "po", Role::PrivacyOfficer), false),
        (world.clinician(HOUSING, "ms-h"), false),
    ] {
        let mut watching = client.watch(&[person]).await;
        if sees {
            watching.is_told(&note, S::Final, 1).await;
        }
        watching.is_told_nothing_more(&world).await;
    }
}

#[tokio::test]
async fn what_changes_in_hidden_sections_alone_is_told_to_those_who_see_them() {
    let world = World::new().await;
    let (person, note, clinic) = story(&world).await;
    let author = world.clinician(HOUSING, "ms-h");
    let mut partly = clinic.watch(&[person]).await;
    let mut wholly = author.watch(&[person]).await;
    let own = note.sections.clone();
    let changed = |note: &pb::Note, place: usize, words: &str| {
        let mut sections = note.sections.clone();
        sections[place].body = words.to_owned();
        AmendNoteRequest { sections, ..amend(note, "") }
    };
    let secret = done(author.amend(changed(&note, 1, "canary-hiv-three")).await);
    let again = done(author.amend(changed(&secret, 3, "canary-sud-two")).await);
    // Only the hidden ones are left out, and only new hidden ones come.
    let mut fewer = own.clone();
    fewer.truncate(1);
    fewer.push(own[4].clone());
    fewer.push(labelled("canary-hiv-four", labels(NORMAL, &[HIV])));
    let fewer = AmendNoteRequest { sections: fewer, ..amend(&again, "") };
    let fewer = done(author.amend(fewer).await);
    let added = labelled("canary-hiv-five", labels(NORMAL, &[HIV]));
    let adding = pb::AppendNoteRequest { sections: vec![added], ..append(&fewer, "") };
    let adding = author.append(adding).await.unwrap().note.unwrap();
    let open = done(author.amend(changed(&adding, 0, "Another open word.")).await);
    assert_eq!(open.version, 6);
    author.mark_error(mark_error(&open, "Another's.")).await.unwrap();

    for (state, version) in [(S::Final, 1), (S::Amended, 6), (S::EnteredInError, 6)] {
        partly.is_told(&note, state, version).await;
    }
    partly.is_told_nothing_more(&world).await;
    let all = [S::Final, S::Amended, S::Amended, S::Amended, S::Appended, S::Amended];
    for (version, state) in (1..).zip(all) {
        wholly.is_told(&note, state, version).await;
    }
    wholly.is_told(&note, S::EnteredInError, 6).await;
    wholly.is_told_nothing_more(&world).await;
    // From the beginning it is the same: the versions that the list shows, and the mark.
    let mut from_the_beginning = clinic.watch(&[person]).await;
    let shown = clinic.versions(&note).await.unwrap();
    assert_eq!(shown.iter().map(|v| v.version).collect::<Vec<_>>(), [6, 1]);
    for (state, version) in [(S::Final, 1), (S::Amended, 6), (S::EnteredInError, 6)] {
        from_the_beginning.is_told(&note, state, version).await;
    }
}

#[tokio::test]
async fn a_version_of_which_nothing_was_seen_is_none_whatever_came_later() {
    let world = World::new().await;
    let (person, note, clinic) = story(&world).await;
    let author = world.clinician(HOUSING, "ms-h");
    let hidden = vec![labelled("canary-hiv-one", labels(NORMAL, &[HIV]))];
    let message = pb::CreateNoteRequest { sections: hidden.clone(), ..create(person) };
    let draft = author.create(message).await.unwrap().note.unwrap();
    let second = author.sign(sign(&draft)).await.unwrap().note.unwrap();
    let mut watching = clinic.watch(&[person]).await;
    watching.is_told(&note, S::Final, 1).await;
    watching.is_told_nothing_more(&world).await;
    // Seen, hidden again, and back with the same words: to this reader there is one version.
    let open = labelled("Open.", labels(NORMAL, &[]));
    let mut last = second.clone();
    for (n, sections) in
        [vec![open.clone(), hidden[0].clone()], hidden.clone(), vec![open]].into_iter().enumerate()
    {
        last = done(author.amend(AmendNoteRequest { sections, ..amend(&last, "") }).await);
        if n == 0 {
            watching.is_told(&second, S::Amended, 2).await;
        }
        watching.is_told_nothing_more(&world).await;
    }
    let mut again = clinic.watch(&[person]).await;
    again.is_told(&note, S::Final, 1).await;
    again.is_told(&second, S::Amended, 2).await;
    again.is_told_nothing_more(&world).await;
    assert_eq!(clinic.versions(&second).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_stands_beside_a_note_is_told_to_those_who_read_the_whole_of_it() {
    let world = World::new().await;
    let (person, note, clinic) = story(&world).await;
    let (author, officer) =
        (world.clinician(HOUSING, "ms-h"), world.of(HOUSING, "po", Role::PrivacyOfficer));
    world.people.bind("jane", person, Some(&[HOUSING]));
    let jane = world.person("jane");
    let mut partly = clinic.watch(&[person]).await;
    let mut wholly = [author.watch(&[person]).await, jane.watch(&[person]).await];
    jane.add_statement(state(&note, "I see it otherwise.")).await.unwrap();
    let mut asked = Vec::new();
    for words in ["It was not so.", "Nor so."] {
        asked.push(jane.request_amendment(ask(&note, words)).await.unwrap().amendment.unwrap());
    }
    officer.decide_amendment(deny(&asked[0], "It was.")).await.unwrap();
    officer.decide_amendment(accept(&asked[1], "It was not.")).await.unwrap();
    for watching in &mut wholly {
        watching.is_told(&note, S::Final, 1).await;
        watching.is_told_of_more(&note).await;
        watching.is_told_of_more(&note).await;
        watching.is_told(&note, S::Appended, 2).await;
        watching.is_told_of_more(&note).await;
        watching.is_told_nothing_more(&world).await;
    }
    partly.is_told(&note, S::Final, 1).await;
    // What was added is labelled as the whole note.
    partly.is_told_nothing_more(&world).await;
}

#[tokio::test]
async fn of_these_people_and_of_what_the_caller_may_read_and_of_nothing_else() {
    let world = World::new().await;
    let (clinic, housing) = (world.clinician(CLINIC, "dr-c"), world.clinician(HOUSING, "ms-h"));
    let [a, b, c] = [world.somebody(), world.somebody(), world.somebody()];
    for person in [a, b, c] {
        world.consent(person, CLINIC, HOUSING, [Action::Read]);
    }
    let mut watching = housing.watch(&[b, a, Uuid::new_v4()]).await;
    let mut court = world.clinician(COURT, "of-c").watch(&[a, b, c]).await;
    let mut told = Vec::new();
    for person in [a, c, b, c, a] {
        let note = clinic.signed(person).await;
        if person != c {
            told.push(note);
        }
    }
    for note in &told {
        watching.is_told(note, S::Final, 1).await;
    }
    watching.is_told_nothing_more(&world).await;
    court.is_told_nothing_more(&world).await;
    // As a history, too.
    let mut again = housing.watch(&[a, b]).await;
    for note in &told {
        again.is_told(note, S::Final, 1).await;
    }
    again.is_told_nothing_more(&world).await;
}

#[tokio::test]
async fn a_revocation_silences_at_once_and_a_new_consent_begins_with_what_follows() {
    let world = World::new().await;
    let (clinic, housing) = (world.clinician(CLINIC, "dr-c"), world.clinician(HOUSING, "ms-h"));
    let person = world.somebody();
    world.consent(person, CLINIC, HOUSING, [Action::Read]);
    let mut watching = housing.watch(&[person]).await;
    let note = clinic.signed(person).await;
    let before = watching.is_told(&note, S::Final, 1).await.cursor;
    world.revoke(person);
    let note = done(clinic.amend(amend(&note, "Meets daily.")).await);
    let hidden = clinic.signed(person).await;
    watching.is_told_nothing_more(&world).await;
    // Nor is who goes on from a cursor of before it.
    let mut resumed = housing.watch_from(&[person], &before).await.unwrap();
    resumed.is_told_nothing_more(&world).await;
    drop(resumed);
    world.consent(person, CLINIC, HOUSING, [Action::Read]);
    // Nothing comes for the consent itself, nor what was passed over.
    watching.is_told_nothing_more(&world).await;
    done(clinic.amend(amend(&note, "Meets weekly.")).await);
    let hidden = done(clinic.amend(amend(&hidden, "Meets weekly.")).await);
    watching.is_told(&note, S::Amended, 3).await;
    watching.is_told(&hidden, S::Amended, 2).await;
    let place = watching.is_told_nothing_more(&world).await.cursor;
    let mut resumed = housing.watch_from(&[person], &place).await.unwrap();
    resumed.is_told_nothing_more(&world).await;
}

#[tokio::test]
async fn who_reads_slowly_is_not_told_what_was_decided_long_before() {
    let world = World::new().await;
    let (clinic, housing) = (world.clinician(CLINIC, "dr-c"), world.clinician(HOUSING, "ms-h"));
    let person = world.somebody();
    world.consent(person, CLINIC, HOUSING, [Action::Read]);
    let mut note = clinic.signed(person).await;
    for n in 0..30 {
        note = done(clinic.amend(amend(&note, &format!("Meets at {n}."))).await);
    }
    // Without a network, which takes up what nobody has read.
    let (token, people) = ((housing.mint)(), vec![format!("people/{person}")]);
    let mut request = tonic::Request::new(WatchNotesRequest { people, cursor: String::new() });
    request.extensions_mut().insert(world.sign_ins.caller(&token, RPC).await);
    let mut here = NotesServiceClient::new(notes::server(Arc::clone(&world.app)));
    let mut watching = Watching(here.watch_notes(request).await.unwrap().into_inner());
    // As many as there is room for are decided on, and no more.
    let decided = async || {
        let events = world.stage.events().await;
        events.iter().filter(|event| &*event.rpc == RPC).count()
    };
    let mut last = 0;
    until("nothing more is decided on", async || {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let now = decided().await;
        std::mem::replace(&mut last, now) == now && now > 0
    })
    .await;
    assert_eq!(last, 8);
    world.revoke(person);
    for version in 1..=8 {
        assert_eq!(watching.next().await.version, version);
    }
    watching.is_told_nothing_more(&world).await;
    assert_eq!(decided().await, 8, "and of the others there is no record");
}

#[tokio::test]
async fn a_person_watches_their_own_notes_but_for_what_is_blocked() {
    let world = World::new().await;
    let (author, person, other) =
        (world.clinician(CLINIC, "dr-c"), world.somebody(), world.somebody());
    world.people.bind("jane", person, None);
    let jane = world.person("jane");
    let mut watching = jane.watch(&[person, other]).await;
    let mut staff = author.watch(&[person]).await;
    author.signed(other).await;
    let note = author.signed(person).await;
    watching.is_told(&note, S::Final, 1).await;
    author.block(block(&note, 30, "Grounds.", &world)).await.unwrap();
    let added = author.append(append(&note, "Rang.")).await.unwrap().note.unwrap();
    watching.is_told_nothing_more(&world).await;
    // The history as well is what may be read now.
    let mut again = jane.watch(&[person]).await;
    again.is_told_nothing_more(&world).await;
    author.lift(lift(&note)).await.unwrap();
    watching.is_told_nothing_more(&world).await;
    author.append(append(&added, "Came.")).await.unwrap();
    watching.is_told(&note, S::Appended, 3).await;
    watching.is_told_nothing_more(&world).await;
    for (state, version) in [(S::Final, 1), (S::Appended, 2), (S::Appended, 3)] {
        staff.is_told(&note, state, version).await;
    }
    staff.is_told_nothing_more(&world).await;
}

#[tokio::test]
async fn every_event_that_is_told_is_on_record_first() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let note = author.signed(person).await;
    let id: Uuid = note.name.trim_start_matches("notes/").parse().unwrap();
    let before = world.stage.events().await.len();
    author.watch(&[person]).await.is_told(&note, S::Final, 1).await;
    let events = world.stage.events().await;
    let [told] = &events[before..] else { panic!("{events:?}") };
    assert_eq!((&*told.rpc, told.caller.agency), (RPC, Some(CLINIC)));
    assert_eq!((told.outcome, told.person), (ledger::Outcome::Permit, Some(person)));
    assert_eq!(told.records, [id]);
}

/// Checks what an event of a Part 2 record comes with under a consent.
fn told_under(consent: Uuid, disclosure: Option<Disclosure>) {
    let disclosure = disclosure.expect("every event says why");
    assert_eq!(disclosure.bases, [i32::from(BasisKind::Consent)]);
    assert_eq!(disclosure.basis, [format!("consents/{consent}")]);
    let obligations = [Obligation::Part2Notice, Obligation::ConsentCopy].map(i32::from);
    assert_eq!(disclosure.obligations, obligations);
    let notice = disclosure.notice.expect("the notice");
    assert!(notice.text.starts_with("This record which has been disclosed to you"));
    let [scope] = &*disclosure.consents else { panic!("{:?}", disclosure.consents) };
    assert_eq!(scope.consent, format!("consents/{consent}"));
    assert_eq!(scope.description, "what the person signed");
}

#[tokio::test]
async fn what_another_agency_is_told_of_a_programmes_note_comes_with_the_notice_and_its_consent() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let consent = world.consent(person, CLINIC, HOUSING, [Action::Read]);
    world.people.bind("jane", person, Some(&[CLINIC]));
    let jane = world.person("jane");
    let mut housing = world.clinician(HOUSING, "ms-h").watch(&[person]).await;
    let mut own = [author.watch(&[person]).await, jane.watch(&[person]).await];
    let note = author.signed(person).await;
    jane.add_statement(state(&note, "I see it otherwise.")).await.unwrap();
    for kind in [Kind::State, Kind::Added] {
        let event = housing.next().await;
        assert_eq!((event.kind(), &event.note), (kind, &note.name));
        let redisclosure = event.disclosure.as_ref().map(Disclosure::redisclosure);
        assert_eq!(redisclosure, Some(Redisclosure::Prohibited));
        // The decision that is on record.
        let decision = event.disclosure.as_ref().map(|d| d.decision_id.clone());
        let events = world.stage.events().await;
        let on_record = events.iter().filter(|e| &*e.rpc == RPC && e.consents == [(consent, 1)]);
        assert!(on_record.map(|e| Some(e.decision_id.to_string())).any(|id| id == decision));
        told_under(consent, event.disclosure);
    }
    housing.is_told_nothing_more(&world).await;
    // To its own agency, and to the person, it comes without.
    for (watching, basis) in
        own.iter_mut().zip([BasisKind::Custodian, BasisKind::Self_].map(i32::from))
    {
        for _ in 0..2 {
            let why = watching.next().await.disclosure.expect("every event says why");
            assert_eq!(why.bases, [basis]);
            assert!(why.notice.is_none() && why.consents.is_empty() && why.obligations.is_empty());
            assert_eq!(why.redisclosure(), Redisclosure::PermittedByLaw);
        }
    }
}

#[tokio::test]
async fn with_a_version_goes_what_is_owed_for_its_sections_that_are_no_more() {
    let world = World::new().await;
    let (author, person) = (world.clinician(HOUSING, "ms-h"), world.somebody());
    let consent = world.consent(person, HOUSING, CLINIC, [Action::Read]);
    let plain = |words: &str| labelled(words, labels(NORMAL, &[MH]));
    let programmes = labelled("Part 2.", Labels { part2: true, ..labels(NORMAL, &[]) });
    let sections = vec![plain("Meets weekly."), programmes];
    let message = pb::CreateNoteRequest { sections, ..create(person) };
    let draft = author.create(message).await.unwrap().note.unwrap();
    let note = author.sign(sign(&draft)).await.unwrap().note.unwrap();
    let fewer = AmendNoteRequest { sections: vec![plain("Meets daily.")], ..amend(&note, "") };
    let note = done(author.amend(fewer).await);
    let clinic = world.clinician(CLINIC, "dr-c");
    // Of the present version nothing is owed.
    let read = clinic.get(&note).await.unwrap().disclosure.unwrap();
    assert!(read.obligations.is_empty() && read.notice.is_none());
    let mut watching = clinic.watch(&[person]).await;
    for (state, version) in [(S::Final, 1), (S::Amended, 2)] {
        told_under(consent, watching.is_told(&note, state, version).await.disclosure);
    }
}

#[tokio::test]
async fn on_record_people_with_hidden_notes_are_as_people_of_whom_there_is_nothing() {
    let world = World::new().await;
    let (author, court) = (world.clinician(CLINIC, "dr-c"), world.clinician(COURT, "of-c"));
    let (hidden, unknown) = (world.somebody(), Uuid::new_v4());
    lived(&author, hidden).await;
    let mut records = Vec::new();
    for person in [hidden, unknown] {
        let mut watching = court.watch(&[person]).await;
        watching.is_told_nothing_more(&world).await;
        lived(&author, hidden).await;
        watching.is_told_nothing_more(&world).await;
        let events = world.stage.events().await.into_iter();
        let of_it = events.filter(|event| &*event.rpc == RPC);
        records.push(of_it.map(|event| (event.outcome, event.reason)).collect::<Vec<_>>());
    }
    assert_eq!(records, [vec![], vec![]]);
}

#[tokio::test]
async fn what_stands_beside_a_note_that_is_seen_in_part_leaves_no_record_of_its_readers() {
    let world = World::new().await;
    let (person, note, clinic) = story(&world).await;
    world.people.bind("jane", person, Some(&[HOUSING]));
    let mut partly = clinic.watch(&[person]).await;
    partly.is_told(&note, S::Final, 1).await;
    world.person("jane").add_statement(state(&note, "I see it otherwise.")).await.unwrap();
    partly.is_told_nothing_more(&world).await;
    let events = world.stage.events().await;
    let outcomes = events.iter().filter(|event| &*event.rpc == RPC).map(|event| event.outcome);
    assert_eq!(outcomes.collect::<Vec<_>>(), [ledger::Outcome::Permit]);
}

#[tokio::test]
async fn what_is_hidden_does_not_move_the_checkpoints() {
    let world = World::new().await;
    let (author, court) = (world.clinician(CLINIC, "dr-c"), world.clinician(COURT, "of-c"));
    let person = world.somebody();
    lived(&author, person).await;
    let begun = wire::convert::timestamp(world.clock.now());
    let mut watching = court.watch(&[person]).await;
    let first = watching.message().await.unwrap().unwrap();
    assert_eq!((first.kind(), first.time), (Kind::Checkpoint, Some(begun)));
    watching.is_told_nothing_more(&world).await;
    let told = std::time::Instant::now();
    // A checkpoint is due all the while, and wakes that follow each other closely do not put it off.
    world.clock.advance(time::Duration::seconds(11));
    let draft = author.draft(person).await;
    let mut note = author.sign(sign(&draft)).await.unwrap().note.unwrap();
    let busy = async {
        loop {
            note = done(author.amend(amend(&note, "Meets daily.")).await);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::select! {
        () = busy => {}
        message = watching.message() => {
            assert_eq!(message.unwrap().unwrap().kind(), Kind::Checkpoint);
        }
    }
    // The looks are a second apart: one that a wake made would come at once.
    let since = told.elapsed();
    assert!(since > Duration::from_millis(200), "{since:?}");
}

#[tokio::test]
async fn a_cursor_is_good_for_its_caller_and_these_people() {
    let world = World::new().await;
    let (author, housing) = (world.clinician(CLINIC, "dr-c"), world.clinician(HOUSING, "ms-h"));
    let [a, b, c] = [world.somebody(), world.somebody(), world.somebody()];
    author.signed(a).await;
    let cursor = author.watch(&[a, b]).await.next().await.cursor;
    assert!(author.watch_from(&[b, a], &cursor).await.is_ok(), "in any order");
    let people = |ids: &[Uuid]| {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.iter().flat_map(|id| *id.as_bytes()).collect::<Vec<u8>>()
    };
    let token = (author.mint)();
    let call = world.sign_ins.call(&token, RPC).await;
    let pages = &world.deps.pages;
    let at = |seq| pages.cursor_in(&call, Some(&people(&[a, b])), seq).unwrap();
    assert!(author.watch_from(&[a, b], &at(1)).await.is_ok());
    let mut bent = cursor.clone();
    bent.replace_range(3..4, if &cursor[3..4] == "A" { "B" } else { "A" });
    for (client, watched, cursor) in [
        (&housing, &[a, b][..], &cursor),
        (&world.clinician(CLINIC, "dr-d"), &[a, b][..], &cursor),
        (&author, &[a][..], &cursor),
        (&author, &[b][..], &cursor),
        (&author, &[a, c][..], &cursor),
        (&author, &[a, b, c][..], &cursor),
        (&author, &[a, b][..], &at(2)),
        (&author, &[a, b][..], &at(-1)),
        (&author, &[a, b][..], &pages.cursor(&call, 1).unwrap()),
        (&author, &[a, b][..], &bent),
        (&author, &[a, b][..], &"x".to_owned()),
    ] {
        let status = client.watch_from(watched, cursor).await.map(|_| ()).unwrap_err();
        assert_eq!((status.code(), &*reason(&status)), (Code::OutOfRange, "CURSOR_EXPIRED"));
    }
}

#[tokio::test]
async fn what_is_asked_badly_is_told_by_field() {
    let world = World::new().await;
    let author = world.clinician(CLINIC, "dr-c");
    let name = |id: Uuid| format!("people/{id}");
    let one = name(Uuid::new_v4());
    for (people, cursor, wrong) in [
        (vec![], "", "people"),
        ((0..51).map(|_| name(Uuid::new_v4())).collect(), "", "people"),
        (vec![one.clone(), one.clone()], "", "people"),
        (vec![one.clone(), name(Uuid::nil())], "", "people[1]"),
        (vec!["notes/x".to_owned()], "", "people[0]"),
        (vec![one.clone()], &*"c".repeat(201), "cursor"),
    ] {
        let message = WatchNotesRequest { people, cursor: cursor.to_owned() };
        let status = author.watching(message).await.map(|_| ()).unwrap_err();
        assert_eq!(fields(&status), set(&[wrong]));
    }
    // No purpose of use is the caller's own fault: no stream begins.
    let none = world.client(&Staff::of(CLINIC, "dr-c").purposes(kernel::CodeSet::EMPTY));
    let status = none.watch_from(&[Uuid::new_v4()], "").await.map(|_| ()).unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn a_stream_ends_when_its_caller_may_not_follow_any_more() {
    let world = World::new().await;
    let person = world.somebody();
    let mut housing = world.clinician(HOUSING, "ms-h").watch(&[person]).await;
    housing.is_told_nothing_more(&world).await;
    world.suspended(&[HOUSING]);
    assert_eq!(housing.end().await, (Code::PermissionDenied, "AGENCY_SUSPENDED".to_owned()));
    world.suspended(&[]);
    let mut clinic = world.clinician(CLINIC, "dr-c").watch(&[person]).await;
    clinic.is_told_nothing_more(&world).await;
    world.clock.advance(time::Duration::HOUR + time::Duration::MINUTE);
    assert_eq!(clinic.end().await, (Code::Unauthenticated, "UNAUTHENTICATED".to_owned()));
    let mut last = world.clinician(CLINIC, "dr-c").watch(&[person]).await;
    last.is_told_nothing_more(&world).await;
    world.deps.stop.cancel();
    assert_eq!(last.message().await.unwrap(), None);
}

#[tokio::test]
async fn a_stream_ends_when_nothing_can_be_decided_and_loses_nothing() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let mut watching = author.watch(&[person]).await;
    let cursor = watching.message().await.unwrap().unwrap().cursor;
    let note = author.signed(person).await;
    watching.is_told(&note, S::Final, 1).await;
    world.consents.fault(Some(Fault::Away));
    let mut away = author.watch_from(&[person], &cursor).await.unwrap();
    let unavailable = (Code::Unavailable, "CONSENT_SERVICE_UNAVAILABLE".to_owned());
    assert_eq!(away.end().await, unavailable);
    world.consents.fault(None);
    let mut again = author.watch_from(&[person], &cursor).await.unwrap();
    again.is_told(&note, S::Final, 1).await;
}

#[tokio::test]
async fn another_instances_events_are_told_and_a_cursor_is_good_there() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let mut here = author.watch(&[person]).await;
    let first = author.signed(person).await;
    let cursor = here.is_told(&first, S::Final, 1).await.cursor;
    let (running, there) = world.another(&author).await;
    let second = there.signed(person).await;
    here.is_told(&second, S::Final, 1).await;
    // As after a restart: nothing is lost, and nothing told again.
    world.deps.stop.cancel();
    let mut resumed = there.watch_from(&[person], &cursor).await.unwrap();
    resumed.is_told(&second, S::Final, 1).await;
    let third = there.signed(person).await;
    resumed.is_told(&third, S::Final, 1).await;
    resumed.is_told_nothing_more(&world).await;
    drop(running);
}

#[tokio::test]
async fn many_at_once_are_told_once_each_in_one_order() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let mut early = author.watch(&[person]).await;
    let drafts = futures::future::join_all((0..12).map(|_| author.draft(person))).await;
    let signing = drafts.iter().map(|draft| author.sign(sign(draft)));
    for signed in futures::future::join_all(signing).await {
        signed.unwrap();
    }
    let mut orders = Vec::new();
    let mut late = author.watch(&[person]).await;
    for watching in [&mut early, &mut late] {
        let mut order = Vec::new();
        for _ in 0..12 {
            order.push(watching.next().await.note);
        }
        watching.is_told_nothing_more(&world).await;
        orders.push(order);
    }
    assert_eq!(orders[0], orders[1]);
    let mut once = orders.remove(0);
    once.sort();
    let mut all: Vec<String> = drafts.into_iter().map(|draft| draft.name).collect();
    all.sort();
    assert_eq!(once, all);
}

#[tokio::test]
async fn no_word_of_a_note_is_part_of_an_event() {
    use prost::Message as _;
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let message = pb::CreateNoteRequest {
        sections: vec![section("canary-title", "canary-body")],
        ..create(person)
    };
    let draft = author.create(message).await.unwrap().note.unwrap();
    author.sign(sign(&draft)).await.unwrap();
    let staff = Staff::of(CLINIC, "dr-c").purposes([Purpose::Treat]);
    let event = world.client(&staff).watch(&[person]).await.next().await;
    let sent = event.encode_to_vec().escape_ascii().to_string();
    assert!(!sent.contains("canary") && !world.logs.text().contains("canary"), "{sent}");
}
