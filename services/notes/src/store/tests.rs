//! The store by itself, under permits of the real guard.

use std::sync::Arc;

use kernel::{
    AgencyId, Class, Clock as _, CodeSet, Instant, Kind, ManualClock, PersonId, RecordId,
};
use permit::{Ask, Guard, Located, Permit, ReadNotes, Refusal, WriteNotes, Written};
use pg::{StoreError, TxError};
use policy::Record;
use testkit::fakes::{Consents, People, SignIns, Staff, Stage};
use uuid::Uuid;

use super::{
    Draft, NewNote, Notes, Page, attachment, cosign, create, mark_error, reread, revise, sign,
    standing, update,
};
use crate::domain::{Attachment, Content, Labels, Links, Section, Seer, State};

const CLINIC: Uuid = Uuid::from_u128(0xa1);

struct World {
    stage: Stage,
    guard: Guard,
    call: permit::Call,
    people: People,
    notes: Notes,
    now: Instant,
}

/// Which step of a write on somebody else's note.
#[derive(Debug, Clone, Copy)]
enum Step {
    Standing,
    BeginFile,
    FinishFile,
    Update,
    Sign,
    Cosign,
    Revise,
    MarkError,
    Reread,
}

async fn world() -> World {
    let stage = Stage::set(async |admin, service| {
        pg::migrate(admin, service, &[&ledger::MIGRATIONS, &crate::MIGRATIONS]).await
    });
    let stage = stage.await;
    let clock = ManualClock::at(time::macros::datetime!(2040-03-01 12:00 UTC));
    let shared: Arc<dyn kernel::Clock> = Arc::new(clock.clone());
    let (consents, people) = (Consents::default(), People::default());
    consents.agency(CLINIC);
    let ledger = stage.ledger.clone();
    let guard =
        Guard::new(Arc::new(consents), Arc::new(people.clone()), ledger, Arc::clone(&shared));
    let sign_ins = SignIns::new(&["notes"], shared).await;
    let token = sign_ins.staff(&Staff::of(CLINIC, "dr-c"));
    let call = sign_ins.call(&token, "trellis.notes.v1.NotesService/CreateNote").await;
    let notes = Notes::new(stage.db.clone());
    World { stage, guard, call, people, notes, now: clock.now() }
}

impl World {
    fn record(&self, id: Uuid, person: Uuid) -> Record {
        Record {
            id: RecordId::from(id),
            person: PersonId::from(person),
            kind: Kind::Note,
            class: Class::General,
            custodian: Some(AgencyId::from(CLINIC)),
            author: Some(format!("{CLINIC}/dr-c").as_str().into()),
            episode: None,
            authored_on: Some(self.now),
            confidentiality: None,
            sensitivities: CodeSet::EMPTY,
            part2: false,
            victim_service: false,
            release_block: None,
        }
    }

    /// A note of a person's.
    async fn note(&self, person: Uuid) -> Uuid {
        let id = Uuid::new_v4();
        self.people.register(person, CLINIC);
        let ask = Ask::<WriteNotes>::new_record(self.record(id, person));
        let permit = self.guard.permit(&self.call, ask).await.unwrap();
        let at = self.now;
        let written =
            self.guard.commit(&self.stage.db, "test.create", permit, move |tx, permit| {
                Box::pin(async move {
                    let (supervised, content) = (true, content("words"));
                    let links = Links::default();
                    let row = NewNote { note_type: 1, supervised, links, content, at };
                    Ok::<_, Stopped>(create(tx, &permit, &row).await?)
                })
            });
        written.await.unwrap();
        id
    }

    async fn permit(&self, id: Uuid, person: Uuid) -> Permit<WriteNotes> {
        let located = Located::of(Kind::Note, id, Some(self.record(id, person)));
        self.guard.permit(&self.call, Ask::<WriteNotes>::about(located)).await.unwrap()
    }

    async fn step(&self, permit: Permit<WriteNotes>, step: Step) -> Result<Written<()>, Stopped> {
        let at = self.now;
        let done = self.guard.commit(&self.stage.db, "test.step", permit, move |tx, permit| {
            Box::pin(async move {
                let (by, version) = ("a/b".into(), 3);
                match step {
                    Step::Standing => standing(tx, &permit).await.map(drop)?,
                    Step::BeginFile => {
                        let file = file(permit.record_id());
                        let begun = attachment::begin(tx, &permit, &file, 1, at).await?;
                        begun.then_some(()).ok_or(StoreError::NotFound)?;
                    }
                    Step::FinishFile => {
                        let id = file(permit.record_id()).id;
                        let finished = attachment::finish(tx, &permit, id, &[0; 32], at).await?;
                        finished.map(drop).ok_or(StoreError::NotFound)?;
                    }
                    Step::Update => {
                        let record = permit.record().cloned().unwrap();
                        let (links, content) = (Links::default(), content("others"));
                        let draft = Draft { record, note_type: 1, links, content };
                        update(tx, &permit, 2, &draft, &by, at).await?;
                    }
                    Step::Sign => sign(tx, &permit, State::Awaiting, at).await?,
                    Step::Cosign => cosign(tx, &permit, &by, at).await?,
                    Step::Revise => {
                        let version = (version, State::Amended);
                        revise(
                            tx,
                            &permit,
                            version,
                            (&content("more"), Labels::default()),
                            &by,
                            at,
                        )
                        .await?;
                    }
                    Step::MarkError => mark_error(tx, &permit, &by, "a mistake", at).await?,
                    Step::Reread => reread(tx, &permit).await.map(drop)?,
                }
                Ok::<_, Stopped>(())
            })
        });
        done.await
    }
}

/// The file of a note, under the note's own id.
fn file(note: Uuid) -> Attachment {
    Attachment {
        id: note,
        note,
        file_name: "a.pdf".to_owned(),
        media_type: 1,
        size: 1,
        sha256: vec![0; 32],
        author: "a/b".to_owned(),
        stored_as: note,
        finished_at: None,
        part_hashes: Vec::new(),
    }
}

fn content(body: &str) -> Content {
    Content::new(vec![Section { body: body.to_owned(), ..Section::default() }])
}

#[derive(Debug, PartialEq)]
enum Stopped {
    Refused(Refusal),
    Store(StoreError),
}
impl From<Refusal> for Stopped {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
impl TxError for Stopped {
    fn as_store(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Refused(_) => None,
        }
    }
}

#[tokio::test]
async fn a_list_holds_the_permits_people_and_no_second_person() {
    let world = world().await;
    let (one, other) = (Uuid::new_v4(), Uuid::new_v4());
    let (note, theirs) = (world.note(one).await, world.note(other).await);
    // Each wall by itself: the query holds where row-level security is out of the way, too.
    let config = pg::Config::new(world.stage.admin_url(), world.stage.service.schema.as_str());
    let unwalled = Notes::new(pg::connect(&config).await.unwrap());
    for notes in [&world.notes, &unwalled] {
        assert_eq!(listed(&world, notes, &[one]).await, [note]);
        assert_eq!(listed(&world, notes, &[other]).await, [theirs]);
        assert!(listed(&world, notes, &[]).await.is_empty());
    }
}

async fn listed(world: &World, notes: &Notes, people: &[Uuid]) -> Vec<Uuid> {
    let page = Page {
        note_type: None,
        seer: Seer {
            own: Some(format!("{CLINIC}/dr-c")),
            supervises_in: None,
            no_counselling_of: None,
        },
        before: (time::macros::datetime!(9999-12-31 0:00 UTC), Uuid::max()),
        limit: 50,
    };
    let ask = Ask::<ReadNotes>::people(people.iter().copied().map(PersonId::from).collect());
    let permit = world.guard.permit(&world.call, ask).await.unwrap();
    let (sealed, more) = notes.list(&permit, page).await.unwrap();
    assert_eq!(more, None);
    let (notes, _) = world.guard.release_page(sealed).await.unwrap();
    notes.iter().filter_map(|note| note.record.id.uuid()).collect()
}

#[tokio::test]
async fn a_permit_about_one_person_reaches_no_note_of_another() {
    let world = world().await;
    let (one, other) = (Uuid::new_v4(), Uuid::new_v4());
    let (_, theirs) = (world.note(one).await, world.note(other).await);
    for step in [
        Step::Standing,
        Step::BeginFile,
        Step::FinishFile,
        Step::Update,
        Step::Sign,
        Step::Cosign,
        Step::Revise,
        Step::MarkError,
        Step::Reread,
    ] {
        // Facets that say of the second person's note that it is the first one's.
        let permit = world.permit(theirs, one).await;
        let stopped = world.step(permit, step).await.unwrap_err();
        assert!(matches!(stopped, Stopped::Store(_)), "{step:?}: {stopped:?}");
        let permit = world.permit(theirs, other).await;
        world.step(permit, step).await.unwrap();
    }
    // Reads by the person of a note that was released, and by no other.
    let db = world.notes.db();
    for (person, there) in [(one, 0), (other, 1)] {
        assert_eq!(attachment::of_note(db, person, theirs).await.unwrap().len(), there);
        let begun = attachment::begun(db, person, theirs, theirs).await.unwrap();
        assert_eq!(begun.is_some(), there == 1);
    }
}

#[tokio::test]
async fn what_is_not_final_and_what_was_a_mistake_is_not_there_for_who_refers_to_notes() {
    let world = world().await;
    let person = Uuid::new_v4();
    let note = world.note(person).await;
    for (step, there) in [
        (Step::Standing, false),
        (Step::Update, false),
        (Step::Sign, false),
        (Step::Cosign, true),
        (Step::Revise, true),
        (Step::MarkError, false),
    ] {
        world.step(world.permit(note, person).await, step).await.unwrap();
        let signed = world.notes.signed(vec![note, Uuid::new_v4()]).await.unwrap();
        let ids: Vec<_> = signed.iter().filter_map(|record| record.id.uuid()).collect();
        assert_eq!(ids, if there { vec![note] } else { vec![] }, "{step:?}");
    }
}

#[tokio::test]
async fn concurrent_reads_each_get_their_own_and_a_miss_gets_none() {
    let world = world().await;
    let mut ids = Vec::new();
    for _ in 0..8 {
        ids.push(world.note(Uuid::new_v4()).await);
    }
    let asked = ids.iter().copied().chain([Uuid::new_v4(), ids[0]]);
    let world = &world;
    let read = asked.clone().map(|id| async move {
        let deferred = world.guard.defer::<ReadNotes>(&world.call).await.unwrap();
        let sealed = world.notes.read(&deferred, (id, 0), |_| true).await.unwrap();
        world.guard.release(sealed).await.map(|(note, _)| note.record.id.uuid())
    });
    let got = futures::future::join_all(read).await;
    for (id, got) in asked.zip(got) {
        let expected = if ids.contains(&id) { Ok(Some(id)) } else { Err(Refusal::NotFound) };
        assert_eq!(got, expected);
    }
}
