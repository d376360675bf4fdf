//! What waits for somebody, among what they may see.

use std::collections::{BTreeMap, HashMap};

use kernel::{Action, Clock as _, CodeSet, Purpose, Role};
use testkit::fakes::{Staff, bearer};
use time::Duration;
use tonic::Status;
use uuid::Uuid;
use wire::{
    common::v1::Role as Wire,
    convert::{timestamp, to_wire},
    notes::v1::{
        self as pb, AmendNoteRequest, ListUnreadRequest, NoteSection, NoteState,
        UnreadReason as Reason,
    },
};

use crate::{
    bad_input::{fields, set},
    blocks::block,
    lists::{Dice, STAFF, given, note_of},
    questions::{answer, ask, asked},
    reading::{acknowledge, has_read, in_parts, parts, without_hiv},
    world::{CLINIC, COURT, Client, HOUSING, World, amend, append, cosign, mark_error, refusal},
};

impl Client {
    async fn unread(&self, message: ListUnreadRequest) -> Result<pb::ListUnreadResponse, Status> {
        Ok(self.notes().list_unread(bearer(&(self.mint)(), message)).await?.into_inner())
    }
}

fn of(people: &[Uuid], page_size: i32) -> ListUnreadRequest {
    ListUnreadRequest {
        people: people.iter().map(|person| format!("people/{person}")).collect(),
        page_size,
        page_token: String::new(),
    }
}

/// Every page, the most urgent first.
async fn waiting(client: &Client, people: &[Uuid], page_size: i32) -> Vec<pb::UnreadNote> {
    let mut message = of(people, page_size);
    let mut found = Vec::new();
    loop {
        let page = client.unread(message.clone()).await.unwrap();
        found.extend(page.notes);
        if page.next_page_token.is_empty() {
            return found;
        }
        assert_eq!(found.len() % usize::try_from(page_size).unwrap(), 0, "a full page");
        message.page_token = page.next_page_token;
    }
}

fn told(found: &[pb::UnreadNote]) -> Vec<(&str, Reason)> {
    found.iter().map(|one| (&*one.name, one.reason())).collect()
}

#[tokio::test]
async fn a_note_waits_once_for_its_most_urgent_reason() {
    let world = World::new().await;
    let (person, other) = (world.somebody(), world.somebody());
    let both = [person, other];
    let author = world.clinician(HOUSING, "ms-h");
    let reader = world.clinician(HOUSING, "dr-h");
    let mut notes = Vec::new();
    for n in 0..6 {
        world.clock.advance(Duration::SECOND);
        notes.push(author.signed(both[n % 2]).await);
    }
    assert!(waiting(&author, &both, 4).await.is_empty(), "their own");
    let mut newest: Vec<_> = notes.iter().map(|note| (&*note.name, Reason::Unread)).collect();
    newest.reverse();
    assert_eq!(told(&waiting(&reader, &both, 4).await), newest);
    assert_eq!(told(&waiting(&reader, &[person], 4).await), [newest[1], newest[3], newest[5]]);

    // Two of them are read, and one says something else then.
    has_read(&world, &reader, &notes[0], 1).await;
    has_read(&world, &reader, &notes[1], 1).await;
    world.clock.advance(Duration::SECOND);
    let changed_at = world.clock.now();
    let changed = author.amend(amend(&notes[0], "Meets daily.")).await.unwrap().note.unwrap();
    // Two wait for a cosigner, and two with questions: one to a role that the reader has not.
    let mut awaiting = Vec::new();
    for _ in 0..2 {
        world.clock.advance(Duration::SECOND);
        awaiting.push(author.awaiting(person).await);
    }
    asked(&world, &author, &notes[3], &[Wire::Medical]).await;
    let first = asked(&world, &author, &notes[2], &[Wire::Clinician]).await;
    let second = asked(&world, &author, &changed, &[Wire::Officer, Wire::Clinician]).await;
    asked(&world, &reader, &changed, &[Wire::Clinician]).await;
    let found = waiting(&reader, &both, 3).await;
    let expected = [
        (&*notes[2].name, Reason::Question),
        (&*changed.name, Reason::Question),
        (&*awaiting[0].name, Reason::Cosign),
        (&*awaiting[1].name, Reason::Cosign),
        (&*notes[5].name, Reason::Unread),
        (&*notes[4].name, Reason::Unread),
        (&*notes[3].name, Reason::Unread),
    ];
    assert_eq!(told(&found), expected);
    let since: Vec<_> = found[..2].iter().map(|one| one.since_time).collect();
    assert_eq!(since, [first.ask_time, second.ask_time], "the oldest question");
    assert_eq!(found[2].since_time, awaiting[0].signed_time);
    assert_eq!(found[4].since_time, notes[5].signed_time);
    assert_eq!((found[1].version, found[1].state()), (2, NoteState::Amended));
    assert_eq!((&found[0].person, found[0].r#type), (&notes[2].person, notes[2].r#type));
    // To the author what is asked of them; the supervisors look for it themselves.
    asked(&world, &reader, &notes[5], &[]).await;
    let of_author = waiting(&author, &both, 9).await;
    assert!(of_author.iter().all(|one| one.reason() == Reason::Question));
    assert_eq!(of_author.len(), 4);
    assert_eq!(told(&waiting(&reader, &both, 9).await), expected);

    // What is done waits no more.
    reader.answer(answer(&first)).await.unwrap();
    author.answer(answer(&second)).await.unwrap();
    let cosigned = reader.cosign(cosign(&awaiting[0])).await.unwrap().note.unwrap();
    author.mark_error(mark_error(&awaiting[1], "Another's.")).await.unwrap();
    author.mark_error(mark_error(&notes[4], "Another's.")).await.unwrap();
    has_read(&world, &reader, &notes[2], 1).await;
    let found = waiting(&reader, &both, 2).await;
    let expected = [
        (&*changed.name, Reason::Question),
        (&*cosigned.name, Reason::Unread),
        (&*notes[5].name, Reason::Unread),
        (&*notes[3].name, Reason::Unread),
    ];
    assert_eq!(told(&found), expected);
    assert_eq!(found[1].since_time, cosigned.cosign_time);
    let medic = world.of(HOUSING, "md-h", Role::Medical);
    assert_eq!(told(&waiting(&medic, &both, 9).await)[0], (&*notes[3].name, Reason::Question));
    let manager = world.of(HOUSING, "cm-h", Role::CaseManager);
    has_read(&world, &manager, &notes[0], 1).await;
    let found = waiting(&manager, &[other, person], 9).await;
    let one = found.iter().find(|one| one.name == changed.name).unwrap();
    assert_eq!(one.reason(), Reason::Changed);
    assert_eq!(one.since_time, Some(timestamp(changed_at)));
    has_read(&world, &manager, &notes[0], 2).await;
    let found = waiting(&manager, &both, 9).await;
    assert!(found.iter().all(|one| one.name != changed.name));
    // What the caller wrote themself is read.
    let added = manager.append(append(&notes[5], "Rang.")).await.unwrap().note.unwrap();
    let found = waiting(&manager, &both, 9).await;
    assert!(found.iter().all(|one| one.name != added.name));

    let odd = ListUnreadRequest { people: Vec::new(), page_size: 201, ..of(&[], 1) };
    assert_eq!(fields(&reader.unread(odd).await.unwrap_err()), set(&["people", "page_size"]));
    let odd = ListUnreadRequest { page_token: "AAAA".to_owned(), ..of(&both, 1) };
    assert_eq!(refusal(reader.unread(odd).await).1, "PAGE_TOKEN_INVALID");
    let page = reader.unread(of(&both, 1)).await.unwrap();
    let odd = ListUnreadRequest { page_token: page.next_page_token, ..of(&[person], 1) };
    assert_eq!(refusal(reader.unread(odd).await).1, "PAGE_TOKEN_INVALID");
    let nil = of(&[Uuid::nil()], 1);
    assert_eq!(fields(&reader.unread(nil).await.unwrap_err()), set(&["people[0]"]));
}

#[tokio::test]
async fn what_is_hidden_waits_for_nobody_and_tells_nothing() {
    let world = World::new().await;
    let (person, nobody) = (world.somebody(), world.somebody());
    let author = world.clinician(HOUSING, "ms-h");
    let (clinic, court) = (world.clinician(CLINIC, "dr-c"), world.clinician(COURT, "of-c"));
    world.people.bind("jane", person, Some(&[HOUSING]));
    let jane = world.person("jane");
    let mut notes = Vec::new();
    for _ in 0..3 {
        world.clock.advance(Duration::SECOND);
        notes.push(author.signed(person).await);
    }
    asked(&world, &author, &notes[0], &[Wire::Clinician]).await;
    author.draft(person).await;
    author.awaiting(person).await;
    // To who sees none of them it is as if there were none.
    for (client, whose) in [(&clinic, person), (&court, person), (&jane, nobody)] {
        let mut found = client.unread(of(&[whose], 1)).await.unwrap();
        let mut none = client.unread(of(&[Uuid::new_v4()], 1)).await.unwrap();
        for reply in [&mut found, &mut none] {
            reply.disclosure.as_mut().unwrap().decision_id.clear();
        }
        assert_eq!(found, none);
        assert_eq!((found.notes.len(), found.next_page_token.len()), (0, 0));
    }
    world.consent(person, HOUSING, CLINIC, [Action::Read]);
    let all: Vec<_> = notes.iter().rev().map(|n| (&*n.name, Reason::Unread)).collect();
    // A role of another agency is asked nothing, and cosigns nothing.
    assert_eq!(told(&waiting(&clinic, &[person], 2).await), all);
    assert_eq!(told(&waiting(&jane, &[person], 2).await), all);
    has_read(&world, &jane, &notes[2], 1).await;
    author.block(block(&notes[1], 1, "grounds", &world)).await.unwrap();
    assert_eq!(told(&waiting(&jane, &[person], 1).await), all[2..]);
    assert_eq!(told(&waiting(&clinic, &[person, nobody], 1).await), all);
    world.revoke(person);
    assert!(waiting(&clinic, &[person], 1).await.is_empty());
    let rep = world.representative("rep");
    assert_eq!(refusal(rep.unread(of(&[person], 1)).await).1, "ROLE_NOT_ADMITTED");
}

#[tokio::test]
async fn a_change_of_what_is_hidden_is_no_change() {
    let world = World::new().await;
    let (person, note) = in_parts(&world, &[("An open word.", false), ("canary-one", true)]).await;
    without_hiv(&world, person);
    let author = world.clinician(HOUSING, "ms-h");
    let clinic = world.clinician(CLINIC, "dr-c");
    let whole = world.clinician(HOUSING, "dr-h");
    for client in [&clinic, &whole] {
        has_read(&world, client, &note, 1).await;
    }
    let change = async |note: &pb::Note, bodies: &[(&str, bool)]| {
        world.clock.advance(Duration::MINUTE);
        let message = AmendNoteRequest { sections: parts(bodies), ..amend(note, "") };
        author.amend(message).await.unwrap().note.unwrap()
    };
    let note = change(&note, &[("An open word.", false), ("canary-two", true)]).await;
    assert!(waiting(&clinic, &[person], 5).await.is_empty());
    assert_eq!(told(&waiting(&whole, &[person], 5).await), [(&*note.name, Reason::Changed)]);
    let note = change(&note, &[("Another open word.", false), ("canary-two", true)]).await;
    let changed_at = world.clock.now();
    let note = change(&note, &[("Another open word.", false), ("canary-three", true)]).await;
    let found = waiting(&clinic, &[person], 5).await;
    assert_eq!(told(&found), [(&*note.name, Reason::Changed)]);
    // When it changed for them, as the list of its versions says.
    assert_eq!(found[0].since_time, Some(timestamp(changed_at)));
    let versions = clinic.versions(&note).await.unwrap();
    assert_eq!(found[0].since_time, versions[0].written_time);
    has_read(&world, &clinic, &note, 4).await;
    assert!(waiting(&clinic, &[person], 5).await.is_empty());
    // Where all is taken from them there is nothing to read; what they have read comes back as read.
    let note = change(&note, &[("An open word.", false), ("canary-three", true)]).await;
    has_read(&world, &clinic, &note, 5).await;
    world.revoke(person);
    assert!(waiting(&clinic, &[person], 5).await.is_empty());
    world.consent(person, HOUSING, CLINIC, [Action::Read]);
    without_hiv(&world, person);
    assert!(waiting(&clinic, &[person], 5).await.is_empty());
    assert!(!world.logs.text().contains("canary"));
}

/// What an instance from before the sections' labels has written: it counts as one section.
#[tokio::test]
async fn a_version_that_says_nothing_of_its_sections_is_read_as_a_whole() {
    let world = World::new().await;
    let person = world.somebody();
    let author = world.clinician(HOUSING, "ms-h");
    let reader = world.clinician(HOUSING, "dr-h");
    let notes = [author.signed(person).await, author.signed(person).await];
    let sql = "ALTER TABLE note_version DISABLE TRIGGER ALL;
        UPDATE note_version SET confidentialities = NULL, sensitivities = NULL, flags = NULL,
            hashes = NULL, words = NULL";
    sqlx::raw_sql(sql).execute(&mut world.admin().await).await.unwrap();
    for note in &notes {
        has_read(&world, &reader, note, 1).await;
    }
    assert!(waiting(&reader, &[person], 5).await.is_empty());
    author.amend(amend(&notes[0], "Meets daily.")).await.unwrap();
    let found = waiting(&reader, &[person], 5).await;
    assert_eq!(told(&found), [(&*notes[0].name, Reason::Changed)]);
}

/// What is known of a generated world beside what it answers.
#[derive(Default)]
struct Known {
    /// Who wrote the present version of each note.
    writers: HashMap<String, String>,
    /// Open questions: the note, the roles, when.
    questions: Vec<(String, Vec<i32>, i64)>,
    /// By reader and note the last version acknowledged, and what they saw of it.
    read: HashMap<(String, String), (i32, String)>,
}

struct Reader {
    name: String,
    client: Client,
    roles: Vec<i32>,
    agency: String,
}

fn micros(time: Option<prost_types::Timestamp>) -> i64 {
    let time = time.unwrap();
    time.seconds * 1_000_000 + i64::from(time.nanos / 1_000)
}

impl Known {
    /// Why a note waits for somebody, and since when: by what they are shown of it.
    async fn waits(&self, reader: &Reader, note: &pb::Note) -> Option<(Reason, i64)> {
        let shown = reader.client.get(note).await.ok()?.note.unwrap();
        if shown.state() == NoteState::EnteredInError {
            return None;
        }
        let author = shown.author == reader.name;
        if shown.custodian == reader.agency {
            let theirs = |(name, roles, _): &&(String, Vec<i32>, i64)| {
                *name == shown.name && (author || roles.iter().any(|r| reader.roles.contains(r)))
            };
            let oldest = self.questions.iter().filter(theirs).map(|(.., at)| *at).min();
            if let Some(at) = oldest {
                return Some((Reason::Question, at));
            }
        }
        let signed = shown.signed_time.is_some();
        if shown.state() == NoteState::Preliminary {
            return (signed && !author).then(|| (Reason::Cosign, micros(shown.signed_time)));
        }
        let wrote = self.writers.get(&shown.name) == Some(&reader.name);
        match self.read.get(&(reader.name.clone(), shown.name.clone())) {
            _ if wrote => None,
            None if author => None,
            None => Some((Reason::Unread, micros(shown.cosign_time.or(shown.signed_time)))),
            Some((version, _)) if *version == shown.version => None,
            Some((_, saw)) if *saw == shown.sha256 => None,
            Some(_) => {
                let versions = reader.client.versions(note).await.unwrap();
                let same = versions.iter().take_while(|v| v.sha256 == shown.sha256);
                Some((Reason::Changed, micros(same.last().unwrap().written_time)))
            }
        }
    }

    async fn list(&self, reader: &Reader, notes: &[pb::Note]) -> Vec<(Reason, i64, String)> {
        let mut all = Vec::new();
        for note in notes {
            if let Some((reason, since)) = self.waits(reader, note).await {
                let key = if reason <= Reason::Cosign { since } else { -since };
                all.push((reason, key, note.name.clone()));
            }
        }
        all.sort();
        all
    }
}

fn one_of(dice: &mut Dice, version: i32) -> i32 {
    i32::try_from(1 + dice.roll(usize::try_from(version).unwrap())).unwrap()
}

fn readers(world: &World, dice: &mut Dice, people: &[Uuid]) -> Vec<Reader> {
    let mut readers = Vec::new();
    for agency in [CLINIC, HOUSING, COURT] {
        for sub in STAFF {
            let role = dice.pick(&[Role::Clinician, Role::CaseManager, Role::Counselor]);
            let purposes = dice.some(&[Purpose::Treat, Purpose::CoordinationOfCare]);
            let purposes: CodeSet<Purpose> = purposes.into_iter().collect();
            let staff = Staff::of(agency, sub).roles([role]).purposes(purposes);
            readers.push(Reader {
                name: format!("agencies/{agency}/practitioners/{sub}"),
                client: world.client(&staff),
                roles: vec![to_wire(role)],
                agency: format!("agencies/{agency}"),
            });
        }
    }
    for person in people {
        world.people.bind(&person.to_string(), *person, Some(&dice.some(&[CLINIC, HOUSING])));
        let client = world.person(&person.to_string());
        let name = format!("people/{person}");
        readers.push(Reader { name, client, roles: Vec::new(), agency: String::new() });
    }
    readers
}

/// Sections of a note, some of them with sensitivities.
fn sections(dice: &mut Dice) -> Vec<NoteSection> {
    let sections = (0..1 + dice.roll(3)).map(|_| {
        let word = dice.pick(&["garden", "river", "window", "bread"]);
        parts(&[(word, dice.roll(2) == 0)]).remove(0)
    });
    sections.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_is_what_get_opens_and_was_not_read() {
    let mut seen: BTreeMap<Reason, usize> = BTreeMap::new();
    let mut unseen = 0;
    for seed in 21..=23 {
        let mut dice = Dice(seed);
        let world = World::new().await;
        let people: Vec<Uuid> = (0..3).map(|_| world.somebody()).collect();
        let (mut notes, mut known) = (Vec::new(), Known::default());
        for person in &people {
            for _ in 0..10 {
                let sections = sections(&mut dice);
                notes.push(note_of(&world, &mut dice, *person, sections).await);
            }
            given(&world, &mut dice, *person);
        }
        let readers = readers(&world, &mut dice, &people);
        known.writers.extend(notes.iter().map(|note| (note.name.clone(), note.author.clone())));
        for reader in &readers {
            for note in &notes {
                let Ok(shown) = reader.client.get(note).await else { continue };
                let version = shown.note.unwrap().version;
                let Ok(old) = reader.client.version(note, one_of(&mut dice, version)).await else {
                    continue;
                };
                if dice.roll(2) == 0 {
                    let message = acknowledge(note, old.version);
                    reader.client.acknowledge(message).await.unwrap();
                    let key = (reader.name.clone(), note.name.clone());
                    known.read.insert(key, (old.version, old.sha256));
                }
            }
        }
        for note in &mut notes {
            world.clock.advance(Duration::SECOND);
            let custodians =
                readers.iter().filter(|r| r.agency == note.custodian).collect::<Vec<_>>();
            for by in custodians {
                if dice.roll(3) == 0 {
                    let message =
                        AmendNoteRequest { sections: sections(&mut dice), ..amend(note, "") };
                    if let Ok(done) = by.client.amend(message).await {
                        *note = done.note.unwrap();
                        known.writers.insert(note.name.clone(), by.name.clone());
                    }
                }
                if dice.roll(5) == 0 {
                    let roles = dice.some(&[Wire::Clinician, Wire::Counselor, Wire::CaseManager]);
                    let roles = if dice.roll(3) == 0 { Vec::new() } else { roles };
                    if let Ok(done) = by.client.ask(ask(note, &roles)).await {
                        let question = done.question.unwrap();
                        let at = micros(question.ask_time);
                        known.questions.push((note.name.clone(), question.roles, at));
                    }
                }
            }
        }
        for turn in 0..2 {
            for reader in &readers {
                let size = i32::try_from(1 + dice.roll(5)).unwrap();
                let found = waiting(&reader.client, &people, size).await;
                let found: Vec<_> = found
                    .iter()
                    .map(|one| {
                        let (reason, since) = (one.reason(), micros(one.since_time));
                        let key = if reason <= Reason::Cosign { since } else { -since };
                        (reason, key, one.name.clone())
                    })
                    .collect();
                let expected = known.list(reader, &notes).await;
                assert_eq!(found, expected, "seed {seed}, {turn}: {}", reader.name);
                for (reason, ..) in &found {
                    *seen.entry(*reason).or_default() += 1;
                }
                unseen += notes.len() - found.len();
            }
            // Once more with other consents: what they have read of it is kept.
            for person in &people {
                without_hiv(&world, *person);
                given(&world, &mut dice, *person);
            }
        }
    }
    assert_eq!(seen.len(), 4, "{seen:?}");
    assert!(seen.values().all(|n| *n > 5) && unseen > 1_000, "{seen:?} {unseen}");
}
