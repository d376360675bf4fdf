//! Watch = filter(Get): of a generated history each who watches is told, at each moment, what they could read then.

use kernel::{Action, Role};
use testkit::fakes::{Staff, permitting};
use uuid::Uuid;
use wire::{
    common::v1::Labels,
    notes::v1::{self as pb, NoteEventKind as Kind, NoteState as S},
};

use crate::{
    blocks::{block, lift},
    lists::{Dice, STAFF, given},
    sections::{HIV, NORMAL, labelled},
    statements::state,
    watch::Watching,
    world::{
        CLINIC, COURT, Client, HOUSING, World, amend, append, cosign, create, mark_error, sign,
    },
};

const AGENCIES: [Uuid; 3] = [CLINIC, HOUSING, COURT];
const STEPS: usize = 40;

/// What happened, as a stream says it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    kind: Kind,
    note: String,
    state: S,
    version: i32,
}

impl Told {
    fn of(note: &pb::Note) -> Self {
        let (state, version) = (note.state(), note.version);
        Self { kind: Kind::State, note: note.name.clone(), state, version }
    }

    fn more(note: &pb::Note) -> Self {
        Self { kind: Kind::Added, state: S::Unspecified, version: 0, ..Self::of(note) }
    }

    /// Whether this reader is to be told of it now.
    async fn is_for(&self, reader: &Reader) -> bool {
        let Ok(read) = reader.client.get_named(&self.note).await else { return false };
        let note = read.note.unwrap();
        match (self.kind, self.state) {
            // The statements are there for whoever sees the whole.
            (Kind::Added, _) => !note.statements.is_empty(),
            (_, S::EnteredInError) => true,
            (_, S::Preliminary) => {
                reader.supervises && note.custodian == format!("agencies/{}", reader.agency)
            }
            _ => {
                let versions = reader.client.versions(&note).await.unwrap();
                versions.iter().any(|version| version.version == self.version)
            }
        }
    }
}

struct Reader {
    client: Client,
    /// Nil: it is the person.
    agency: Uuid,
    supervises: bool,
    watching: Watching,
    /// A note that they may read, whatever else they may.
    bell: usize,
}

impl Reader {
    /// All up to this event.
    async fn hears(&mut self, last: &Told) -> Vec<Told> {
        let mut heard = Vec::new();
        while heard.last() != Some(last) {
            let event = self.watching.next().await;
            let (kind, state) = (event.kind(), event.state());
            heard.push(Told { kind, note: event.note, state, version: event.version });
        }
        heard
    }
}

struct Bell {
    author: Client,
    note: pb::Note,
}

impl Bell {
    async fn of(world: &World, person: Uuid) -> Self {
        let author = world.clinician(HOUSING, "bell");
        let note = author.signed(person).await;
        Self { author, note }
    }

    async fn rings(&mut self) -> Told {
        let again = amend(&self.note, &format!("Rings {}.", self.note.version));
        self.note = self.author.amend(again).await.unwrap().note.unwrap();
        Told::of(&self.note)
    }
}

/// Sections with labels of their own, some of them as they were.
fn sections(dice: &mut Dice, before: &[pb::NoteSection]) -> Vec<pb::NoteSection> {
    let mut kept: Vec<_> = before.iter().filter(|_| dice.roll(3) > 0).cloned().collect();
    if kept.is_empty() || dice.roll(2) == 0 {
        let sensitivities = if dice.roll(2) == 0 { vec![] } else { vec![dice.pick(&[2, 6, HIV])] };
        let own = Labels { confidentiality: NORMAL, sensitivities, ..Labels::default() };
        kept.push(labelled(&format!("canary-{}", Uuid::new_v4()), own));
    }
    // What is sent says its labels.
    kept.into_iter()
        .map(|s| pb::NoteSection { author: String::new(), added_time: None, ..s })
        .collect()
}

/// One step of a history, whatever comes of it.
async fn step(
    world: &World,
    dice: &mut Dice,
    person: Uuid,
    notes: &mut Vec<(Client, Uuid, pb::Note)>,
) -> Vec<Told> {
    let kind = dice.roll(14);
    if kind < 5 || notes.is_empty() {
        let (agency, sub) = (dice.pick(&AGENCIES), dice.pick(&STAFF));
        let author = world.clinician(agency, sub);
        let under_supervision = dice.roll(3) == 0;
        let sections = (0..1 + dice.roll(3)).flat_map(|_| sections(dice, &[])).collect();
        let record_class = if dice.roll(6) == 0 { 2 } else { 1 };
        let message =
            pb::CreateNoteRequest { under_supervision, sections, record_class, ..create(person) };
        let draft = author.create(message).await.unwrap().note.unwrap();
        let note = author.sign(sign(&draft)).await.unwrap().note.unwrap();
        let told = Told::of(&note);
        notes.push((author, agency, note));
        return vec![told];
    }
    let place = dice.roll(notes.len());
    let (author, agency, note) = notes[place].clone();
    if kind == 12 {
        world.revoke(person);
        return Vec::new();
    }
    if kind == 13 {
        given(world, dice, person);
        return Vec::new();
    }
    let made = match kind {
        5..=7 => {
            let sections = sections(dice, &note.sections);
            let message = pb::AmendNoteRequest { sections, ..amend(&note, "") };
            author.amend(message).await.map(|reply| reply.note.unwrap())
        }
        8 => {
            let sections = sections(dice, &[]);
            let message = pb::AppendNoteRequest { sections, ..append(&note, "") };
            author.append(message).await.map(|reply| reply.note.unwrap())
        }
        9 => {
            let other = world.clinician(agency, "supervisor");
            other.cosign(cosign(&note)).await.map(|reply| reply.note.unwrap())
        }
        10 if dice.roll(2) == 0 => {
            let marked = author.mark_error(mark_error(&note, "Another's.")).await;
            marked.map(|reply| reply.note.unwrap())
        }
        10 => {
            // A block tells nothing, and what it hides is not told.
            if author.block(block(&note, 30, "Grounds.", world)).await.is_err() {
                let _ = author.lift(lift(&note)).await;
            }
            return Vec::new();
        }
        _ => {
            let stated = world.person("jane").add_statement(state(&note, "Otherwise.")).await;
            return stated.map(|_| vec![Told::more(&note)]).unwrap_or_default();
        }
    };
    // What the table of moves does not let happen has not happened.
    let Ok(made) = made else { return Vec::new() };
    notes[place].2 = made.clone();
    vec![Told::of(&made)]
}

async fn expected(reader: &Reader, happened: &[Told]) -> Vec<Told> {
    let mut expected = Vec::new();
    for told in happened {
        if told.is_for(reader).await {
            expected.push(told.clone());
        }
    }
    expected
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_is_told_at_each_moment_what_they_could_read_then() {
    let world = World::new().await;
    let mut dice = Dice(11);
    let (person, other) = (world.somebody(), world.somebody());
    world.people.bind("jane", person, None);
    given(&world, &mut dice, person);
    for agency in [CLINIC, COURT] {
        world.consent(other, HOUSING, agency, [Action::Read]);
        let mut rule = permitting(HOUSING, agency, [kernel::Purpose::Treat], [Action::Read]);
        rule.sensitivities = Some([kernel::Sensitivity::Mh].into());
        world.consents.give(testkit::fakes::consent(person, Uuid::new_v4(), rule));
    }
    let mut bells = [Bell::of(&world, other).await, Bell::of(&world, person).await];
    let mut readers = Vec::new();
    for agency in AGENCIES {
        for (sub, role) in
            [("a", Role::Clinician), ("z", Role::Clinician), ("cm", Role::CaseManager)]
        {
            let client = world.client(&Staff::of(agency, sub).roles([role]));
            readers.push((client, agency, role == Role::Clinician, 0));
        }
    }
    readers.push((world.person("jane"), Uuid::nil(), false, 1));
    let mut watching = Vec::new();
    for (client, agency, supervises, bell) in readers {
        let stream = client.watch(&[person, other]).await;
        watching.push(Reader { client, agency, supervises, watching: stream, bell });
    }
    let mut history: Vec<Told> = bells.iter().map(|bell| Told::of(&bell.note)).collect();
    for reader in &mut watching {
        let expected = expected(reader, &history).await;
        let heard = reader.hears(&history[reader.bell]).await;
        let more = expected.len() - heard.len();
        for _ in 0..more {
            reader.watching.next().await;
        }
    }
    let (mut notes, mut told, mut hidden) = (Vec::new(), 0, 0);
    for n in 0..STEPS {
        let mut happened = step(&world, &mut dice, person, &mut notes).await;
        for bell in [1, 0] {
            happened.push(bells[bell].rings().await);
        }
        let last = [happened.len() - 1, happened.len() - 2];
        for reader in &mut watching {
            // Jane hears her own bell, and staff the other's.
            let last = &happened[last[reader.bell]];
            let expected = expected(reader, &happened).await;
            let heard = reader.hears(last).await;
            assert_eq!(heard, expected, "{n} {} {happened:?}", reader.agency);
            told += heard.len();
            hidden += happened.len() - heard.len();
        }
        history.extend(happened);
    }
    assert!(told > STEPS * 4 && hidden > STEPS * 4, "{told} {hidden}");
    // From the beginning: what each could read now.
    for reader in &watching {
        let expected = expected(reader, &history).await;
        let mut again = reader.client.watch(&[other, person]).await;
        for told in &expected {
            let event = again.next().await;
            assert_eq!(
                (&event.note, event.state(), event.version),
                (&told.note, told.state, told.version)
            );
        }
        again.is_told_nothing_more(&world).await;
    }
    assert!(!world.logs.text().contains("canary"));
}
