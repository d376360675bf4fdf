//! What notes belong with: what may be named, to whom it is told, and the labels that go with words.

use kernel::{Action, ConsentId, Purpose, Role, Sensitivity};
use policy::{ConsentStatus, Effect};
use prost::Message as _;
use testkit::fakes::{consent, permitting};
use tonic::Code;
use uuid::Uuid;
use wire::{
    common::v1::{Labels, RecordClass},
    notes::v1::{
        self as pb, AmendNoteRequest, AppendNoteRequest, CreateNoteRequest, NoteLinks, NoteSection,
        NoteType, UpdateDraftRequest,
    },
};

use crate::{
    bad_input::{fields, set},
    blocks::{block, lift},
    world::{
        CLINIC, COURT, Client, HOUSING, World, amend, append, create, denied, list, mark_error,
        not_found, refusal, section, sign, update,
    },
};

pub const NORMAL: i32 = 4;
const RESTRICTED: i32 = 5;
pub const VERY: i32 = 6;
const SUD: i32 = 2;
const MH: i32 = 6;
const BH: i32 = 7;
pub const HIV: i32 = 11;

pub fn labels(confidentiality: i32, sensitivities: &[i32]) -> Labels {
    Labels { confidentiality, sensitivities: sensitivities.to_vec(), ..Labels::default() }
}

pub fn from(notes: &[&pb::Note]) -> Option<NoteLinks> {
    let derived_from = notes.iter().map(|note| note.name.clone()).collect();
    Some(NoteLinks { derived_from, ..NoteLinks::default() })
}

pub fn answering(note: &pb::Note) -> Option<NoteLinks> {
    Some(NoteLinks { answers: note.name.clone(), ..NoteLinks::default() })
}

pub async fn made(client: &Client, message: CreateNoteRequest) -> pb::Note {
    client.create(message).await.unwrap().note.unwrap()
}

pub async fn signed(client: &Client, message: CreateNoteRequest) -> pb::Note {
    client.sign(sign(&made(client, message).await)).await.unwrap().note.unwrap()
}

pub async fn labelled(client: &Client, person: Uuid, said: Labels) -> pb::Note {
    signed(client, CreateNoteRequest { labels: Some(said), ..create(person) }).await
}

#[tokio::test]
async fn a_note_names_what_it_belongs_with_and_nothing_is_looked_up_that_need_not_be() {
    let world = World::new().await;
    let (author, person) = (world.clinician(HOUSING, "dr-h"), world.somebody());
    let first = labelled(&author, person, labels(NORMAL, &[])).await;
    let links = NoteLinks {
        referral: format!("referrals/{}", Uuid::new_v4()),
        goal: format!("goals/{}", Uuid::new_v4()),
        answers: first.name.clone(),
        derived_from: vec![first.name.clone()],
    };
    let message = CreateNoteRequest { links: Some(links.clone()), ..create(person) };
    let draft = made(&author, message.clone()).await;
    assert_eq!(draft.links, Some(links.clone()));
    assert_eq!(made(&author, message).await, draft, "a repeat");
    assert_eq!(author.get(&draft).await.unwrap().note.unwrap(), draft);
    let note = author.sign(sign(&draft)).await.unwrap().note.unwrap();
    assert_eq!(note.links, None, "told by GetNote");
    let read = author.get(&note).await.unwrap().note.unwrap();
    assert_eq!(read.links, Some(links.clone()));
    // It stays, whatever becomes of the words.
    let added = author.append(append(&note, "More.")).await.unwrap().note.unwrap();
    let added = author.amend(amend(&added, "Other.")).await.unwrap().note.unwrap();
    let read = author.get(&added).await.unwrap().note.unwrap();
    assert_eq!(read.links, Some(links.clone()));
    assert_eq!(author.version(&added, 1).await.unwrap().links, Some(links));
    assert!(author.list(list(person)).await.unwrap().notes.contains(&read));
    assert_eq!(author.get(&first).await.unwrap().note.unwrap().links, None);
    // A draft's are replaced whole.
    let second =
        made(&author, CreateNoteRequest { links: answering(&first), ..create(person) }).await;
    let message =
        UpdateDraftRequest { links: from(&[&first]), labels: None, ..update(&second, "Other.") };
    let second = author.update(message).await.unwrap().note.unwrap();
    assert_eq!(second.links, from(&[&first]));
    let message = UpdateDraftRequest { links: None, ..update(&second, "Other.") };
    let second = author.update(message).await.unwrap().note.unwrap();
    assert_eq!(second.links, None);
}

#[tokio::test]
async fn what_can_not_be_named_is_refused_by_its_field_in_the_same_words() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let (other, stranger) = (world.clinician(HOUSING, "ms-h"), world.somebody());
    let counselor = world.of(CLINIC, "co", Role::Counselor);
    let class = RecordClass::CounselingNote.into();
    let private = || CreateNoteRequest { record_class: class, ..create(person) };
    let good = author.signed(person).await;
    let mistaken = author.signed(person).await;
    let mistaken = author.mark_error(mark_error(&mistaken, "no")).await.unwrap().note.unwrap();
    let parted = CreateNoteRequest {
        sections: vec![
            NoteSection { labels: Some(labels(NORMAL, &[])), ..section("", "open") },
            NoteSection { labels: Some(labels(NORMAL, &[HIV])), ..section("", "hidden") },
        ],
        ..create(person)
    };
    let parted = signed(&other, parted).await;
    world.consent(person, HOUSING, CLINIC, [Action::Read]);
    let mut refused = permitting(HOUSING, CLINIC, [Purpose::Treat], [Action::Read]);
    refused.effect = Effect::Deny;
    refused.sensitivities = Some([Sensitivity::Hiv].into());
    world.consents.give(consent(person, Uuid::new_v4(), refused));
    assert_eq!(author.get(&parted).await.unwrap().note.unwrap().sections.len(), 2);
    let never = pb::Note { name: format!("notes/{}", Uuid::new_v4()), ..good.clone() };
    let wrong = [
        ("never", never),
        ("hidden", labelled(&other, person, labels(NORMAL, &[HIV])).await),
        ("a part", parted),
        ("a draft", author.draft(person).await),
        ("another's draft", other.draft(person).await),
        ("waits", author.awaiting(person).await),
        ("in error", mistaken),
        ("of another person", author.signed(stranger).await),
        ("counselling", signed(&counselor, private()).await),
    ];
    let mut told = Vec::new();
    for (what, note) in &wrong {
        for (links, field) in
            [(answering(note), "links.answers"), (from(&[&good, note]), "links.derived_from[1]")]
        {
            let message = CreateNoteRequest { links: links.clone(), ..create(person) };
            let status = author.create(message).await.unwrap_err();
            assert_eq!(fields(&status), set(&[field]), "{what}");
            if field == "links.answers" {
                told.push((status.code(), status.message().to_owned(), status.details().len()));
            }
            let draft = author.draft(person).await;
            let message = UpdateDraftRequest { links, ..update(&draft, "Other.") };
            let status = author.update(message).await.unwrap_err();
            assert_eq!(fields(&status), set(&[field]), "{what}");
            assert_eq!(author.get(&draft).await.unwrap().note.unwrap(), draft);
        }
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
    // A counselling note of the same unit goes with another, and with nothing else.
    let session = signed(&counselor, private()).await;
    let links = from(&[&session]);
    let next = made(&counselor, CreateNoteRequest { links: links.clone(), ..private() }).await;
    assert_eq!(next.links, links);
    let open = CreateNoteRequest { links, ..create(person) };
    let told = fields(&counselor.create(open).await.unwrap_err());
    assert_eq!(told, set(&["links.derived_from[0]"]));

    let bad = [
        (NoteLinks { referral: "x".into(), ..NoteLinks::default() }, "links.referral"),
        (
            NoteLinks { goal: format!("goals/{}", Uuid::nil()), ..NoteLinks::default() },
            "links.goal",
        ),
        (
            NoteLinks { answers: Uuid::new_v4().to_string(), ..NoteLinks::default() },
            "links.answers",
        ),
        (
            NoteLinks { derived_from: vec![good.name.clone(); 2], ..NoteLinks::default() },
            "links.derived_from",
        ),
        (
            NoteLinks {
                derived_from: (0..21).map(|_| format!("notes/{}", Uuid::new_v4())).collect(),
                ..NoteLinks::default()
            },
            "links.derived_from",
        ),
    ];
    for (links, field) in bad {
        let message = CreateNoteRequest { links: Some(links), ..create(person) };
        assert_eq!(fields(&author.create(message).await.unwrap_err()), set(&[field]));
    }
    // Whoever may not change the draft is told that, and nothing of what it would belong with.
    let draft = author.draft(person).await;
    let message = || UpdateDraftRequest { links: from(&[&wrong[0].1]), ..update(&draft, "a") };
    assert_eq!(other.update(message()).await.unwrap_err().code(), Code::NotFound);
    let note = author.sign(sign(&draft)).await.unwrap().note.unwrap();
    let colleague = world.clinician(CLINIC, "dr-d");
    let message = UpdateDraftRequest { etag: note.etag.clone(), ..message() };
    assert_eq!(refusal(colleague.update(message).await), denied("ACTION_NOT_PERMITTED"));
}

#[tokio::test]
async fn words_of_other_notes_bring_all_their_labels_along() {
    let world = World::new().await;
    let (author, person) = (world.clinician(HOUSING, "dr-h"), world.somebody());
    let hiv = labelled(&author, person, labels(VERY, &[HIV])).await;
    let flagged = Labels { part2: true, victim_service: true, ..labels(NORMAL, &[MH]) };
    let flagged = labelled(&author, person, flagged).await;
    let both = Labels { part2: true, victim_service: true, ..labels(VERY, &[MH, HIV]) };
    let derived = |said: Option<Labels>| CreateNoteRequest {
        labels: said,
        links: from(&[&hiv, &flagged]),
        ..create(person)
    };
    // What states nothing takes theirs, and what states something has it besides.
    assert_eq!(made(&author, derived(None)).await.labels, Some(both.clone()));
    let more = made(&author, derived(Some(labels(NORMAL, &[14])))).await;
    assert_eq!(more.labels.unwrap().sensitivities, [MH, HIV, 14]);
    let own = NoteSection { labels: Some(labels(NORMAL, &[BH])), ..section("", "own") };
    let message = CreateNoteRequest { sections: vec![own, section("", "a")], ..derived(None) };
    let note = made(&author, message).await;
    let first = note.sections[0].labels.clone().unwrap_or(note.labels.clone().unwrap());
    assert_eq!((first.confidentiality, first.sensitivities), (VERY, vec![MH, BH, HIV]));
    assert_eq!(note.sections[1].labels, Some(both.clone()));
    let said = derived(Some(Labels::default()));
    assert_eq!(fields(&author.create(said).await.unwrap_err()), set(&["labels"]));
    // Also into a type with labels of its own.
    let peer = world.of(HOUSING, "ps", Role::PeerSupporter);
    let kind = NoteType::PeerSupport.into();
    let message = CreateNoteRequest { r#type: kind, links: from(&[&hiv]), ..create(person) };
    assert_eq!(made(&peer, message).await.labels, Some(labels(VERY, &[BH, HIV])));
    // And a draft's are found anew.
    let draft = author.draft(person).await;
    let message =
        UpdateDraftRequest { labels: None, links: from(&[&hiv]), ..update(&draft, "Taken.") };
    let draft = author.update(message).await.unwrap().note.unwrap();
    assert_eq!(draft.labels, Some(labels(VERY, &[HIV])));
    // Facts are nobody's words.
    let officer = world.of(HOUSING, "po", Role::Officer);
    let message = CreateNoteRequest {
        r#type: NoteType::SupervisionContact.into(),
        supervision_contact: Some(pb::SupervisionContact {
            kind: 1,
            outcome: 1,
            contact_time: hiv.signed_time,
            next_contact_time: None,
        }),
        links: from(&[&hiv]),
        ..create(person)
    };
    let told = fields(&officer.create(message).await.unwrap_err());
    assert_eq!(told, set(&["links.derived_from"]));
}

#[tokio::test]
async fn what_a_programme_has_written_stays_so_in_another_agency() {
    let world = World::new().await;
    let person = world.somebody();
    world.flagged(CLINIC, |agency| agency.part2_program = true);
    world.flagged(COURT, |agency| agency.victim_service_provider = true);
    let clinic = world.clinician(CLINIC, "dr-c");
    let note = labelled(&clinic, person, labels(NORMAL, &[])).await;
    let housing = world.clinician(HOUSING, "ms-h");
    let mut rule = permitting(CLINIC, HOUSING, [Purpose::Treat], [Action::Read]);
    rule.effect = Effect::Permit;
    world.consents.give(consent(person, Uuid::new_v4(), rule));
    let message = CreateNoteRequest { links: from(&[&note]), ..create(person) };
    let taken = made(&housing, message).await;
    // SUD is what a programme's note is that names no code.
    let programme = Labels { part2: true, ..labels(NORMAL, &[SUD]) };
    assert_eq!(taken.labels, Some(programme));
    let refuge = world.clinician(COURT, "ad");
    let source = labelled(&refuge, person, labels(NORMAL, &[])).await;
    let message = CreateNoteRequest { links: from(&[&source]), ..create(person) };
    let taken = made(&refuge, message).await;
    assert_eq!(taken.labels, Some(Labels { victim_service: true, ..labels(NORMAL, &[]) }));
}

#[tokio::test]
async fn what_is_derived_from_the_unlabelled_does_not_look_labelled() {
    let world = World::new().await;
    let (author, person) = (world.clinician(HOUSING, "dr-h"), world.somebody());
    let silent = labelled(&author, person, Labels { part2: true, ..Labels::default() }).await;
    let hiv = labelled(&author, person, labels(RESTRICTED, &[HIV])).await;
    let very = labelled(&author, person, labels(VERY, &[])).await;
    let derived = |said: Option<Labels>, notes: &[&pb::Note]| CreateNoteRequest {
        labels: said,
        links: from(notes),
        ..create(person)
    };
    // What states nothing and is of Part 2 counts as SUD alone.
    let told = author.create(derived(None, &[&silent, &hiv])).await.unwrap_err();
    assert_eq!(fields(&told), set(&["links.derived_from"]));
    let kind = NoteType::HousingStability.into();
    let housing = CreateNoteRequest { r#type: kind, ..derived(None, &[&silent]) };
    let housing = signed(&author, housing).await;
    assert_eq!(housing.labels, Some(Labels { part2: true, ..Labels::default() }));
    let said = derived(Some(labels(NORMAL, &[])), &[&silent]);
    assert_eq!(fields(&author.create(said).await.unwrap_err()), set(&["labels"]));
    let own = NoteSection { labels: Some(labels(NORMAL, &[HIV])), ..section("", "own") };
    let said = CreateNoteRequest { sections: vec![own], ..derived(None, &[&silent]) };
    assert_eq!(fields(&author.create(said).await.unwrap_err()), set(&["sections[0].labels"]));
    let told = author.create(derived(None, &[&silent, &very])).await.unwrap_err();
    assert_eq!(fields(&told), set(&["links.derived_from"]));
    // Any refusal of a sensitivity hides it.
    let plain = labelled(&author, person, Labels::default()).await;
    let taken = signed(&author, derived(None, &[&plain, &hiv])).await;
    world.consent(person, HOUSING, CLINIC, [Action::Read]);
    let reader = world.clinician(CLINIC, "dr-c");
    assert!(reader.get(&taken).await.is_ok());
    let mut refused = permitting(HOUSING, CLINIC, [Purpose::Treat], [Action::Read]);
    refused.effect = Effect::Deny;
    refused.sensitivities = Some([Sensitivity::Sex].into());
    world.consents.give(consent(person, Uuid::new_v4(), refused));
    assert!(reader.get(&hiv).await.is_ok() && reader.get(&taken).await.is_err());
}

#[tokio::test]
async fn a_draft_is_signed_with_what_its_sources_have_become() {
    let world = World::new().await;
    let (author, person) = (world.clinician(HOUSING, "dr-h"), world.somebody());
    let source = labelled(&author, person, labels(NORMAL, &[])).await;
    let sections = vec![
        NoteSection { labels: Some(labels(NORMAL, &[MH])), ..section("", "own") },
        section("", "taken"),
    ];
    let message = CreateNoteRequest { sections, links: from(&[&source]), ..create(person) };
    let draft = made(&author, message).await;
    assert_eq!(draft.labels, Some(labels(NORMAL, &[MH])));
    let hiv = NoteSection { labels: Some(labels(NORMAL, &[HIV])), ..section("", "tested") };
    let grown = AmendNoteRequest { sections: vec![hiv], ..amend(&source, "") };
    let grown = author.amend(grown).await.unwrap().note.unwrap();
    let note = author.sign(sign(&draft)).await.unwrap().note.unwrap();
    assert_eq!((note.labels.clone(), note.version), (Some(labels(NORMAL, &[MH, HIV])), 2));
    assert_eq!(note.sections[1].labels, Some(labels(NORMAL, &[HIV])));
    assert_eq!(note.sections[0].body, "own");
    assert_eq!(note.sha256, draft.sha256, "the same words");
    let versions = author.versions(&note).await.unwrap();
    let kinds: Vec<_> = versions.iter().map(|version| (version.version, version.kind())).collect();
    assert_eq!(kinds, [(2, pb::NoteVersionKind::Signed), (1, pb::NoteVersionKind::Draft)]);
    let colleague = world.clinician(HOUSING, "dr-i");
    assert_eq!(colleague.versions(&note).await.unwrap().len(), 1);
    assert_eq!(author.get(&note).await.unwrap().note.unwrap().links, from(&[&source]));
    // What has not changed is signed as it is, and what changes later is not carried.
    let message = CreateNoteRequest { links: from(&[&grown]), ..create(person) };
    let same = signed(&author, message).await;
    assert_eq!((same.version, same.labels.clone()), (1, Some(labels(NORMAL, &[HIV]))));
    let very = NoteSection { labels: Some(labels(VERY, &[HIV])), ..section("", "later") };
    let later = AmendNoteRequest { sections: vec![very], ..amend(&grown, "") };
    author.amend(later).await.unwrap();
    assert_eq!(author.get(&same).await.unwrap().note.unwrap().labels, same.labels);
}

#[tokio::test]
async fn a_note_that_is_hidden_is_not_told_by_one_that_names_it() {
    let world = World::new().await;
    let (author, person) = (world.clinician(HOUSING, "dr-h"), world.somebody());
    let hidden = labelled(&author, person, labels(NORMAL, &[HIV])).await;
    let open = labelled(&author, person, labels(NORMAL, &[])).await;
    let links = Some(NoteLinks {
        goal: format!("goals/{}", Uuid::new_v4()),
        answers: hidden.name.clone(),
        derived_from: vec![open.name.clone()],
        ..NoteLinks::default()
    });
    let said = Some(labels(NORMAL, &[]));
    let message =
        CreateNoteRequest { links: links.clone(), labels: said.clone(), ..create(person) };
    let note = signed(&author, message).await;
    let message = CreateNoteRequest { links: answering(&hidden), labels: said, ..create(person) };
    let alone = signed(&author, message).await;
    world.consent(person, HOUSING, CLINIC, [Action::Read]);
    let mut refused = permitting(HOUSING, CLINIC, [Purpose::Treat], [Action::Read]);
    refused.effect = Effect::Deny;
    refused.sensitivities = Some([Sensitivity::Hiv].into());
    world.consents.give(consent(person, Uuid::new_v4(), refused));
    let reader = world.clinician(CLINIC, "dr-c");
    let expected = NoteLinks { goal: links.clone().unwrap().goal, ..NoteLinks::default() };
    let read = reader.get(&note).await.unwrap();
    assert_eq!(read.note.as_ref().unwrap().links, Some(expected.clone()));
    assert_eq!(reader.get(&alone).await.unwrap().note.unwrap().links, None);
    let listed = reader.list(list(person)).await.unwrap();
    assert_eq!(listed.notes.len(), 3);
    for listed in &listed.notes {
        let links = (listed.name == note.name).then(|| expected.clone());
        assert_eq!(listed.links, links);
    }
    let id = hidden.name.trim_start_matches("notes/").to_owned();
    for sent in [read.encode_to_vec(), listed.encode_to_vec()] {
        let sent = sent.escape_ascii().to_string();
        assert!(!sent.contains(&id));
    }
    // Nothing is on record of it but the two reads, as of notes that name no others.
    let events = world.stage.events().await;
    let theirs = events
        .iter()
        .filter(|event| event.rpc.ends_with("/GetNote") && event.caller.agency == Some(CLINIC));
    assert_eq!(theirs.count(), 2);
    // Nor is it told in its own agency; its author knows.
    let colleague = world.clinician(HOUSING, "dr-i");
    assert_eq!(colleague.get(&note).await.unwrap().note.unwrap().links, Some(expected));
    assert_eq!(author.get(&note).await.unwrap().note.unwrap().links, links);
    // Who reads a part of the note reads nothing of what it belongs with.
    let sections = vec![
        NoteSection { labels: Some(labels(NORMAL, &[])), ..section("", "a") },
        NoteSection { labels: Some(labels(NORMAL, &[HIV])), ..section("", "b") },
    ];
    let parted = AmendNoteRequest { sections, ..amend(&note, "") };
    author.amend(parted).await.unwrap();
    let part = reader.get(&note).await.unwrap().note.unwrap();
    assert_eq!((part.links, part.sections.len()), (None, 2));
}

#[tokio::test]
async fn what_came_with_words_stays_on_what_is_said_later() {
    let world = World::new().await;
    let (author, person) = (world.clinician(HOUSING, "dr-h"), world.somebody());
    let source = labelled(&author, person, labels(NORMAL, &[HIV])).await;
    let message = CreateNoteRequest { links: from(&[&source]), ..create(person) };
    let note = signed(&author, message).await;
    let less = || {
        vec![NoteSection {
            labels: Some(labels(NORMAL, &[MH])),
            ..section("", "The same, said so.")
        }]
    };
    let both = Some(labels(NORMAL, &[MH, HIV]));
    let appended = AppendNoteRequest { sections: less(), ..append(&note, "") };
    let added = author.append(appended).await.unwrap().note.unwrap();
    let own =
        |note: &pb::Note, place: usize| note.sections[place].labels.clone().or(note.labels.clone());
    assert_eq!(own(&added, 1), both);
    let amended = AmendNoteRequest { sections: less(), ..amend(&added, "") };
    let amended = author.amend(amended).await.unwrap().note.unwrap();
    assert_eq!(own(&amended, 0), both);
}

#[tokio::test]
async fn a_draft_keeps_what_it_took_from_a_note_that_is_hidden_by_now() {
    let world = World::new().await;
    let (author, person) = (world.clinician(COURT, "dr-h"), world.somebody());
    let owner = world.clinician(HOUSING, "dr-o");
    let source = labelled(&owner, person, labels(NORMAL, &[HIV])).await;
    world.consent(person, HOUSING, COURT, [Action::Read]);
    let message = CreateNoteRequest { links: from(&[&source]), ..create(person) };
    let draft = made(&author, message).await;
    assert_eq!(draft.labels, Some(labels(NORMAL, &[HIV])));
    world.revoke(person);
    let very = NoteSection { labels: Some(labels(VERY, &[HIV, MH])), ..section("", "later") };
    owner.amend(AmendNoteRequest { sections: vec![very], ..amend(&source, "") }).await.unwrap();
    let said = Some(labels(NORMAL, &[]));
    let message =
        UpdateDraftRequest { links: from(&[&source]), labels: said, ..update(&draft, "A word.") };
    let draft = author.update(message).await.unwrap().note.unwrap();
    assert_eq!(draft.labels, Some(labels(NORMAL, &[HIV])));
    // What the source has become is not for the author, and the signature does not tell it.
    let note = author.sign(sign(&draft)).await.unwrap().note.unwrap();
    assert_eq!(note.labels, Some(labels(NORMAL, &[HIV])));
    let again = CreateNoteRequest { links: from(&[&source]), ..create(person) };
    assert_eq!(fields(&author.create(again).await.unwrap_err()), set(&["links.derived_from[0]"]));
}

#[tokio::test]
async fn words_that_are_kept_from_the_person_go_into_no_other_note() {
    let world = World::new().await;
    let (author, person) = (world.clinician(HOUSING, "dr-h"), world.somebody());
    let source = author.signed(person).await;
    author.block(block(&source, 5, "grounds", &world)).await.unwrap();
    let message = || CreateNoteRequest { links: from(&[&source]), ..create(person) };
    assert_eq!(
        fields(&author.create(message()).await.unwrap_err()),
        set(&["links.derived_from[0]"])
    );
    author.lift(lift(&source)).await.unwrap();
    author.create(message()).await.unwrap();
}

/// A note of the housing agency's that the court reads by a consent, and the draft's author there.
async fn theirs(world: &World) -> (Uuid, pb::Note, Client) {
    let person = world.somebody();
    let owner = world.clinician(HOUSING, "dr-o");
    let source = labelled(&owner, person, labels(NORMAL, &[HIV])).await;
    world.consent(person, HOUSING, COURT, [Action::Read]);
    (person, source, world.clinician(COURT, "dr-h"))
}

/// Revokes all that the person has signed, once so many questions more were answered.
fn revoked_after(world: &World, questions: usize, person: Uuid) {
    let now = kernel::Clock::now(&world.clock);
    world.consents.after(questions, move |consents| consents.revoke(person, now));
}

#[tokio::test]
async fn no_draft_is_written_from_a_note_that_may_be_read_no_more_at_the_commit() {
    let world = World::new().await;
    for answers in [false, true] {
        let (person, source, author) = theirs(&world).await;
        let links = if answers { answering(&source) } else { from(&[&source]) };
        // The note has been read, and the permit asked for, when the person revokes.
        revoked_after(&world, 1, person);
        let message = CreateNoteRequest { links, ..create(person) };
        assert_eq!(refusal(author.create(message).await), not_found());
        assert!(author.list(list(person)).await.unwrap().notes.is_empty());
    }
}

#[tokio::test]
async fn no_draft_is_written_from_a_note_of_which_a_part_may_be_read_no_more_at_the_commit() {
    let world = World::new().await;
    let (owner, person) = (world.clinician(HOUSING, "dr-o"), world.somebody());
    let sections = vec![
        NoteSection { labels: Some(labels(NORMAL, &[])), ..section("", "plain") },
        NoteSection { labels: Some(labels(NORMAL, &[HIV])), ..section("", "tested") },
    ];
    let source = signed(&owner, CreateNoteRequest { sections, ..create(person) }).await;
    // One consent opens what is HIV, and so the note as what it is in all; the plain part the other one alone.
    let mut hiv = permitting(HOUSING, COURT, [Purpose::Treat], [Action::Read]);
    hiv.sensitivities = Some([Sensitivity::Hiv].into());
    world.consents.give(consent(person, Uuid::new_v4(), hiv));
    let other = ConsentId::from(world.consent(person, HOUSING, COURT, [Action::Read]));
    let author = world.clinician(COURT, "dr-h");
    let message = || CreateNoteRequest { links: from(&[&source]), ..create(person) };
    let before = made(&author, message()).await;
    let now = kernel::Clock::now(&world.clock);
    world.consents.after(1, move |consents| {
        consents.facts_of(person, |facts| {
            for consent in facts.consents.iter_mut().filter(|consent| consent.id == other) {
                consent.status = ConsentStatus::Revoked;
                consent.revoked_at = Some(now);
            }
        });
    });
    assert_eq!(refusal(author.create(message()).await), not_found());
    let listed = author.list(list(person)).await.unwrap().notes;
    assert!(listed.iter().all(|note| [&before.name, &source.name].contains(&&note.name)));
    let part = author.get(&source).await.unwrap().note.unwrap();
    assert_eq!(part.sections.last().unwrap().body, "tested", "by the consent that is left");
}

#[tokio::test]
async fn no_draft_takes_words_from_a_note_that_may_be_read_no_more_at_the_commit() {
    let world = World::new().await;
    let (person, source, author) = theirs(&world).await;
    let draft = author.draft(person).await;
    // The draft and the note have been read, and the permit asked for, when the person revokes.
    revoked_after(&world, 2, person);
    let message =
        UpdateDraftRequest { labels: None, links: from(&[&source]), ..update(&draft, "Taken.") };
    assert_eq!(refusal(author.update(message).await), not_found());
    assert_eq!(author.get(&draft).await.unwrap().note.unwrap(), draft);
}

#[tokio::test]
async fn a_signature_does_not_tell_what_a_source_has_become_that_may_be_read_no_more_at_the_commit()
{
    let world = World::new().await;
    let (person, source, author) = theirs(&world).await;
    let message = CreateNoteRequest { links: from(&[&source]), ..create(person) };
    let draft = made(&author, message).await;
    let grown = NoteSection { labels: Some(labels(NORMAL, &[HIV, MH])), ..section("", "later") };
    let grown = AmendNoteRequest { sections: vec![grown], ..amend(&source, "") };
    world.clinician(HOUSING, "dr-o").amend(grown).await.unwrap();
    revoked_after(&world, 2, person);
    assert_eq!(refusal(author.sign(sign(&draft)).await), not_found());
    let unsigned = author.get(&draft).await.unwrap().note.unwrap();
    assert_eq!((unsigned.state, unsigned.labels), (draft.state, draft.labels.clone()));
    let note = author.sign(sign(&draft)).await.unwrap().note.unwrap();
    assert_eq!(note.labels, draft.labels);
}
