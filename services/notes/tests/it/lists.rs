//! List = filter(Get), and its pages.

use std::collections::BTreeSet;

use ::notes::states::Verb;
use kernel::{Action, Class, Code as _, CodeSet, Kind, Purpose, Role, Sensitivity};
use policy::{ConsentType, Effect, Rule};
use testkit::fakes::{Staff, consent, permitting};
use tonic::Code;
use uuid::Uuid;
use wire::{
    common::v1::Labels,
    notes::v1::{self as pb, CreateNoteRequest, ListNotesRequest},
};

use crate::{
    moves::go,
    world::{CLINIC, COURT, Client, HOUSING, World, create, list, refusal, section, sign},
};

/// Numbers that look random and are the same each time.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len())]
    }

    pub fn some<T: Copy>(&mut self, from: &[T]) -> Vec<T> {
        let kept = from.iter().filter(|_| self.roll(2) == 0).copied().collect::<Vec<_>>();
        if kept.is_empty() { vec![self.pick(from)] } else { kept }
    }

    fn rule(&mut self, effect: Effect) -> Rule {
        let agencies = [CLINIC, HOUSING, COURT];
        let purposes = [Purpose::Treat, Purpose::CoordinationOfCare];
        let mut rule = permitting(self.pick(&agencies), self.pick(&agencies), [], [Action::Read]);
        rule.effect = effect;
        rule.purposes = Some(self.some(&purposes).into_iter().collect());
        if self.roll(4) == 0 {
            rule.disclosers = None;
        }
        if self.roll(3) == 0 {
            let some = [Sensitivity::Sud, Sensitivity::Hiv, Sensitivity::Mh, Sensitivity::Sdv];
            rule.sensitivities = Some(self.some(&some).into_iter().collect());
        }
        if self.roll(5) == 0 {
            rule.classes = Some([self.pick(Class::ALL)].into());
        }
        if self.roll(5) == 0 {
            rule.kinds = Some([self.pick(&[Kind::Note, Kind::Referral])].into());
        }
        rule
    }
}

pub const STAFF: [&str; 2] = ["a", "b"];

/// Up to four consents of a person.
pub fn given(world: &World, dice: &mut Dice, person: Uuid) {
    for _ in 0..dice.roll(5) {
        let effect = if dice.roll(5) == 0 { Effect::Deny } else { Effect::Permit };
        let mut given = consent(person, Uuid::new_v4(), dice.rule(effect));
        if dice.roll(3) == 0 {
            let reversed = if effect == Effect::Deny { Effect::Permit } else { Effect::Deny };
            given.exceptions.push(dice.rule(reversed));
        }
        given.kind = dice.pick(&[
            ConsentType::General,
            ConsentType::General,
            ConsentType::CounselingNotes,
            ConsentType::VictimServicesRelease,
        ]);
        world.consents.give(given);
    }
}

async fn note(world: &World, dice: &mut Dice, person: Uuid) -> pb::Note {
    let labels = (dice.roll(2) == 0).then(|| Labels {
        confidentiality: i32::try_from(dice.roll(7)).unwrap(),
        sensitivities: if dice.roll(2) == 0 { vec![] } else { vec![dice.pick(&[2, 6, 9, 11])] },
        part2: dice.roll(5) == 0,
        victim_service: dice.roll(6) == 0,
    });
    let message = CreateNoteRequest { labels, ..create(person) };
    lived(world, dice, message).await
}

/// A note of these sections, wherever it stands.
pub async fn note_of(
    world: &World,
    dice: &mut Dice,
    person: Uuid,
    sections: Vec<pb::NoteSection>,
) -> pb::Note {
    lived(world, dice, CreateNoteRequest { sections, ..create(person) }).await
}

/// A note of somebody's, as far as the dice will.
async fn lived(world: &World, dice: &mut Dice, message: CreateNoteRequest) -> pb::Note {
    let (agency, sub) = (dice.pick(&[CLINIC, HOUSING, COURT]), dice.pick(&STAFF));
    let author = world.clinician(agency, sub);
    let under_supervision = dice.roll(4) == 0;
    let message = CreateNoteRequest {
        r#type: i32::try_from(1 + dice.roll(2)).unwrap(),
        record_class: if dice.roll(4) == 0 { 2 } else { 1 },
        under_supervision,
        ..message
    };
    let note = author.create(message).await.unwrap().note.unwrap();
    // Some in the same instant: their ids break the tie.
    if dice.roll(2) == 0 {
        world.clock.advance(time::Duration::SECOND);
    }
    if dice.roll(12) == 0 {
        return go(&author, Verb::MarkError, &note).await.unwrap();
    }
    if dice.roll(4) == 0 {
        return note;
    }
    let mut note = author.sign(sign(&note)).await.unwrap().note.unwrap();
    if under_supervision && dice.roll(2) == 0 {
        let other = STAFF.into_iter().find(|s| *s != sub).unwrap();
        note = go(&world.clinician(agency, other), Verb::Cosign, &note).await.unwrap();
    }
    let waits = note.state() == pb::NoteState::Preliminary;
    match dice.roll(9) {
        0 if !waits => go(&author, Verb::Amend, &note).await.unwrap(),
        1 if !waits => go(&author, Verb::Append, &note).await.unwrap(),
        2 => go(&author, Verb::MarkError, &note).await.unwrap(),
        _ => note,
    }
}

pub async fn callers(world: &World, dice: &mut Dice, people: &[Uuid]) -> Vec<(String, Client)> {
    let roles =
        [Role::Clinician, Role::CaseManager, Role::PrivacyOfficer, Role::Counselor, Role::Medical];
    let mut callers = Vec::new();
    for agency in [CLINIC, HOUSING, COURT] {
        for sub in STAFF {
            let purposes: CodeSet<Purpose> =
                dice.some(&[Purpose::Treat, Purpose::CoordinationOfCare]).into_iter().collect();
            let staff = Staff::of(agency, sub).roles([dice.pick(&roles)]).purposes(purposes);
            callers.push((format!("{staff:?}"), world.client(&staff)));
        }
    }
    for person in people {
        let confirmed = dice.some(&[CLINIC, HOUSING, COURT]);
        let sub = person.to_string();
        world.people.bind(&sub, *person, Some(&confirmed));
        callers.push((format!("{person} by {confirmed:?}"), world.person(&sub)));
    }
    callers
}

/// Every page but the last is full: it was filtered before it was cut.
async fn pages(client: &Client, person: Uuid, page_size: i32) -> Vec<pb::Note> {
    let mut message = ListNotesRequest { page_size, ..list(person) };
    let mut notes = Vec::new();
    loop {
        let page = client.list(message.clone()).await.unwrap();
        notes.extend(page.notes);
        if page.next_page_token.is_empty() {
            return notes;
        }
        assert_eq!(notes.len() % usize::try_from(page_size).unwrap(), 0, "a full page");
        message.page_token = page.next_page_token;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_walked_to_its_end_holds_exactly_what_get_opens() {
    let (mut opened, mut hidden) = (0, 0);
    for seed in 1..=4 {
        let mut dice = Dice(seed);
        let world = World::new().await;
        world.consents.agency_with(COURT, |a| a.victim_service_provider = seed % 2 == 0);
        let people: Vec<Uuid> = (0..3).map(|_| world.somebody()).collect();
        let mut notes = Vec::new();
        for person in &people {
            for _ in 0..12 {
                notes.push((*person, note(&world, &mut dice, *person).await));
            }
            given(&world, &mut dice, *person);
        }
        for (who, client) in callers(&world, &mut dice, &people).await {
            for person in &people {
                let size = i32::try_from(1 + dice.roll(5)).unwrap();
                let listed = pages(&client, *person, size).await;
                let names: BTreeSet<&str> = listed.iter().map(|n| &*n.name).collect();
                assert_eq!(names.len(), listed.len(), "none twice");
                assert!(listed.iter().all(|n| n.person == format!("people/{person}")));
                let keys = listed.iter().map(|n| (n.authored_time.unwrap().seconds, &*n.name));
                assert!(keys.is_sorted_by(|a, b| a > b), "newest first");
                let mut got = BTreeSet::new();
                for (_, note) in notes.iter().filter(|(of, _)| of == person) {
                    match client.get(note).await {
                        Ok(reply) => {
                            assert!(listed.contains(reply.note.as_ref().unwrap()), "{who}");
                            got.insert(&*note.name);
                        }
                        Err(status) => assert_eq!(status.code(), Code::NotFound),
                    }
                }
                assert_eq!(names, got, "seed {seed}: {who}");
                opened += got.len();
                hidden += 12 - got.len();
            }
        }
    }
    assert!(opened > 150 && hidden > 150, "{opened} opened, {hidden} hidden");
}

#[tokio::test]
async fn a_type_narrows_the_list_and_its_tokens() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    for n in 0..6 {
        let r#type = if n % 2 == 0 { pb::NoteType::Progress } else { pb::NoteType::Consult }.into();
        author.create(CreateNoteRequest { r#type, ..create(person) }).await.unwrap();
    }
    let consults =
        ListNotesRequest { r#type: pb::NoteType::Consult.into(), page_size: 2, ..list(person) };
    let page = author.list(consults.clone()).await.unwrap();
    assert!(page.notes.iter().all(|note| note.r#type() == pb::NoteType::Consult));
    let token = page.next_page_token;
    let next = ListNotesRequest { page_token: token.clone(), ..consults.clone() };
    let rest = author.list(next.clone()).await.unwrap();
    assert_eq!((rest.notes.len(), rest.next_page_token.as_str()), (1, ""));

    let invalid = (Code::InvalidArgument, "PAGE_TOKEN_INVALID".to_owned());
    let (colleague, other) = (world.clinician(CLINIC, "dr-d"), world.somebody());
    let unfiltered = ListNotesRequest { page_token: token.clone(), ..list(person) };
    let anothers = ListNotesRequest { person: format!("people/{other}"), ..next.clone() };
    assert_eq!(refusal(colleague.list(next.clone()).await), invalid);
    assert_eq!(refusal(author.list(unfiltered).await), invalid);
    assert_eq!(refusal(author.list(anothers).await), invalid);
    // A size is no filter.
    let wider = ListNotesRequest { page_size: 200, ..next.clone() };
    assert_eq!(author.list(wider).await.unwrap().notes, rest.notes);
    world.clock.advance(time::Duration::minutes(59));
    author.list(next).await.unwrap();
}

#[tokio::test]
async fn a_token_of_before_a_revocation_opens_nothing_after_it() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    for _ in 0..3 {
        author.signed(person).await;
    }
    world.consent(person, CLINIC, HOUSING, [Action::Read]);
    let housing = world.clinician(HOUSING, "ms-h");
    let first = housing.list(ListNotesRequest { page_size: 1, ..list(person) }).await.unwrap();
    let next = ListNotesRequest { page_token: first.next_page_token, ..list(person) };
    assert_eq!(housing.list(next.clone()).await.unwrap().notes.len(), 2);
    world.revoke(person);
    let after = housing.list(next).await.unwrap();
    assert!(after.notes.is_empty() && after.next_page_token.is_empty());
}

#[tokio::test]
async fn a_page_whose_notes_all_ceased_to_be_visible_while_it_was_read_is_not_the_last() {
    let world = World::new().await;
    let (clinic, court) = (world.clinician(CLINIC, "dr-c"), world.clinician(COURT, "of-c"));
    let person = world.somebody();
    let old = court.signed(person).await;
    world.clock.advance(time::Duration::SECOND);
    clinic.signed(person).await;
    world.consent(person, CLINIC, HOUSING, [Action::Read]);
    let stays = permitting(COURT, HOUSING, [Purpose::Treat], [Action::Read]);
    let housing = world.clinician(HOUSING, "ms-h");
    let page = ListNotesRequest { page_size: 1, ..list(person) };
    // Once the list has been permitted, and before it is released.
    let now = kernel::Clock::now(&world.clock);
    world.consents.after(0, move |consents| {
        consents.revoke(person, now);
        consents.give(consent(person, Uuid::new_v4(), stays));
    });
    // The older one is visible all along, the newer one only until then.
    let both = permitting(COURT, HOUSING, [Purpose::Treat], [Action::Read]);
    world.consents.give(consent(person, Uuid::new_v4(), both));
    let first = housing.list(page.clone()).await.unwrap();
    assert!(first.notes.is_empty());
    assert!(!first.next_page_token.is_empty(), "there is more behind what was left out");
    let next = ListNotesRequest { page_token: first.next_page_token, ..page };
    assert_eq!(housing.list(next).await.unwrap().notes, [old]);
}

#[tokio::test]
async fn a_page_is_cut_before_its_reply_is_longer_than_a_client_reads() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let long = |parts| vec![section("", &"x".repeat(100_000)); parts];
    let mut names = Vec::new();
    for parts in [10, 10, 10, 10, 1, 10] {
        let message = CreateNoteRequest { sections: long(parts), ..create(person) };
        names.push(author.create(message).await.unwrap().note.unwrap().name);
        world.clock.advance(time::Duration::SECOND);
    }
    names.reverse();
    let first = author.list(list(person)).await.unwrap();
    assert_eq!(first.notes.len(), 4, "3 MiB");
    assert!(!first.next_page_token.is_empty());
    let all: Vec<_> = author.all(person, 200).await.into_iter().map(|note| note.name).collect();
    assert_eq!(all, names);
}
