//! What a note's type is by default, who writes it, and the facts of a supervision contact.

use kernel::{Action, CodeSet, Purpose, Role, Sensitivity};
use policy::Effect;
use prost_types::Timestamp;
use sha2::{Digest as _, Sha256};
use testkit::fakes::{Staff, consent, permitting};
use time::Duration;
use tonic::{Code, Status};
use uuid::Uuid;
use wire::{
    common::v1::{Labels, RecordClass},
    notes::v1::{self as pb, CreateNoteRequest, NoteSection, NoteType, UpdateDraftRequest},
};

use crate::{
    amendments::{accept, ask},
    bad_input::{fields, set},
    world::{
        CLINIC, COURT, Client, HOUSING, World, amend, append, create, denied, list, not_found,
        refusal, section, sign, update,
    },
};

const NORMAL: i32 = 4;
const RESTRICTED: i32 = 5;
const BH: i32 = 7;
const HIV: i32 = 11;
const SDV: i32 = 9;

fn labels(confidentiality: i32, sensitivities: &[i32]) -> Labels {
    Labels { confidentiality, sensitivities: sensitivities.to_vec(), ..Labels::default() }
}

fn at(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds, nanos: 0 })
}

const BEGAN: i64 = 2_214_120_000;

fn facts() -> pb::SupervisionContact {
    pb::SupervisionContact {
        kind: pb::SupervisionContactKind::Office.into(),
        outcome: pb::SupervisionContactOutcome::MissedExcused.into(),
        contact_time: at(BEGAN),
        next_contact_time: at(BEGAN + 604_800),
    }
}

/// A note of this type as it must be.
fn of(person: Uuid, kind: NoteType) -> CreateNoteRequest {
    let supervision_contact = (kind == NoteType::SupervisionContact).then(facts);
    CreateNoteRequest { r#type: kind.into(), supervision_contact, ..create(person) }
}

const DEFAULTS: [(NoteType, Role, i32, &[i32]); 3] = [
    (NoteType::PeerSupport, Role::PeerSupporter, RESTRICTED, &[BH]),
    (NoteType::HousingStability, Role::CaseManager, NORMAL, &[]),
    (NoteType::SupervisionContact, Role::Officer, RESTRICTED, &[]),
];

#[tokio::test]
async fn what_states_no_labels_has_those_of_its_type_and_else_none() {
    let world = World::new().await;
    let person = world.somebody();
    for (kind, role, confidentiality, codes) in DEFAULTS {
        let author = world.of(HOUSING, "author", role);
        let note = author.create(of(person, kind)).await.unwrap().note.unwrap();
        assert_eq!(note.labels, Some(labels(confidentiality, codes)), "{kind:?}");
        assert_eq!(author.get(&note).await.unwrap().note.unwrap(), note);
        // Said to have none, and said otherwise.
        for said in [Labels::default(), labels(6, &[SDV])] {
            let message = CreateNoteRequest { labels: Some(said.clone()), ..of(person, kind) };
            let note = author.create(message).await.unwrap().note.unwrap();
            assert_eq!(note.labels, Some(said), "{kind:?}");
        }
        // Where a section states its own, each must.
        let sections =
            vec![NoteSection { labels: Some(labels(NORMAL, &[SDV])), ..section("", "a") }];
        let message = CreateNoteRequest { sections: sections.clone(), ..of(person, kind) };
        let note = author.create(message).await.unwrap().note.unwrap();
        assert_eq!(note.labels, Some(labels(NORMAL, &[SDV])));
        let sections = [sections, vec![section("", "b")]].concat();
        let message = CreateNoteRequest { sections, ..of(person, kind) };
        let told = fields(&author.create(message).await.unwrap_err());
        assert_eq!(told, set(&["sections[1].labels"]));
    }
    let clinician = world.clinician(HOUSING, "dr-h");
    let note = clinician.create(create(person)).await.unwrap().note.unwrap();
    assert_eq!(note.labels, Some(Labels::default()));
    // The type of a draft changes, and its labels with it.
    let kind = NoteType::HousingStability.into();
    let message = UpdateDraftRequest { r#type: kind, labels: None, ..update(&note, "Housed.") };
    let note = clinician.update(message).await.unwrap().note.unwrap();
    assert_eq!(note.labels, Some(labels(NORMAL, &[])));
    let kind = NoteType::Consult.into();
    let message = UpdateDraftRequest { r#type: kind, labels: None, ..update(&note, "Seen.") };
    let note = clinician.update(message).await.unwrap().note.unwrap();
    assert_eq!(note.labels, Some(Labels::default()));
}

#[tokio::test]
async fn a_refusal_of_a_sensitivity_hides_what_is_unlabelled_and_not_what_is_labelled_without() {
    let world = World::new().await;
    let person = world.somebody();
    world.consent(person, HOUSING, CLINIC, [Action::Read]);
    let mut refused = permitting(HOUSING, CLINIC, [Purpose::Treat], [Action::Read]);
    refused.effect = Effect::Deny;
    refused.sensitivities = Some([Sensitivity::Mh].into());
    world.consents.give(consent(person, Uuid::new_v4(), refused));
    let reader = world.clinician(CLINIC, "dr-c");
    let mut seen = Vec::new();
    for (kind, role) in [
        (NoteType::Progress, Role::CaseManager),
        (NoteType::PeerSupport, Role::PeerSupporter),
        (NoteType::HousingStability, Role::CaseManager),
        (NoteType::SupervisionContact, Role::Officer),
    ] {
        let author = world.of(HOUSING, "author", role);
        let draft = author.create(of(person, kind)).await.unwrap().note.unwrap();
        let note = author.sign(sign(&draft)).await.unwrap().note.unwrap();
        match reader.get(&note).await {
            Ok(read) => assert_eq!(read.note.unwrap(), note),
            Err(status) => assert_eq!(status.code(), Code::NotFound),
        }
        seen.push(reader.get(&note).await.is_ok());
    }
    // BH is above MH, and a refusal of MH is not one of BH.
    assert_eq!(seen, [false, true, true, true]);
}

fn may(done: Result<pb::CreateNoteResponse, Status>) -> bool {
    match done {
        Ok(_) => true,
        Err(status) => {
            assert_eq!(refusal(Err::<(), _>(status)), denied("ACTION_NOT_PERMITTED"));
            false
        }
    }
}

#[tokio::test]
async fn peers_and_those_who_supervise_write_their_own_types_alone() {
    let world = World::new().await;
    let person = world.somebody();
    let kinds = [
        NoteType::Progress,
        NoteType::HousingStability,
        NoteType::PeerSupport,
        NoteType::SupervisionContact,
    ];
    let rows: [(&[Role], [bool; 4]); 8] = [
        (&[Role::Clinician], [true, true, false, true]),
        (&[Role::Medical], [true, true, false, true]),
        (&[Role::Counselor], [true, true, false, true]),
        (&[Role::CaseManager], [true, true, false, true]),
        (&[Role::PeerSupporter], [false, false, true, false]),
        (&[Role::Officer], [false, false, false, true]),
        (&[Role::PeerSupporter, Role::Clinician], [true, true, true, true]),
        (&[Role::PeerSupporter, Role::Officer], [false, false, true, true]),
    ];
    let all = world.client(&Staff::of(CLINIC, "all").roles([
        Role::CaseManager,
        Role::PeerSupporter,
        Role::Officer,
    ]));
    let mut signed = Vec::new();
    for kind in kinds {
        let draft = all.create(of(person, kind)).await.unwrap().note.unwrap();
        signed.push(all.sign(sign(&draft)).await.unwrap().note.unwrap());
    }
    for (roles, writes) in rows {
        let who = world.client(
            &Staff::of(CLINIC, "who").roles(roles.iter().copied().collect::<CodeSet<Role>>()),
        );
        let mut draft = None;
        for ((kind, writes), note) in kinds.into_iter().zip(writes).zip(&mut signed) {
            let done = who.create(of(person, kind)).await;
            draft = done.as_ref().ok().and_then(|done| done.note.clone()).or(draft);
            assert_eq!(may(done), writes, "{roles:?} {kind:?}");
            // Nor do they bring other words into one.
            for more in [false, true] {
                let done = match more {
                    false => who.amend(amend(note, "Other.")).await.map(|done| done.note),
                    true => who.append(append(note, "More.")).await.map(|done| done.note),
                };
                assert_eq!(done.is_ok(), writes, "{roles:?} {kind:?} {more}");
                match done {
                    Ok(done) => *note = done.unwrap(),
                    Err(why) => {
                        assert_eq!(refusal(Err::<(), _>(why)), denied("ACTION_NOT_PERMITTED"));
                    }
                }
                if writes {
                    // Back to one section, so that there is room for more.
                    *note = all.amend(amend(note, "One.")).await.unwrap().note.unwrap();
                }
            }
        }
        for (kind, writes) in kinds.into_iter().zip(writes) {
            let draft = draft.as_ref().unwrap();
            let supervision_contact = (kind == NoteType::SupervisionContact).then(facts);
            let message = UpdateDraftRequest {
                r#type: kind.into(),
                supervision_contact,
                ..update(draft, "Other.")
            };
            match who.update(message).await {
                Ok(_) if writes => break,
                Ok(_) => panic!("{roles:?} {kind:?}"),
                Err(why) => {
                    assert!(!writes, "{roles:?} {kind:?} {why:?}");
                    assert_eq!(refusal(Err::<(), _>(why)), denied("ACTION_NOT_PERMITTED"));
                }
            }
        }
    }
}

#[tokio::test]
async fn no_type_of_its_own_kind_is_a_counselling_note() {
    let world = World::new().await;
    let person = world.somebody();
    for (kind, role, ..) in DEFAULTS {
        let author = world.of(CLINIC, "author", role);
        let class = RecordClass::CounselingNote.into();
        let message = CreateNoteRequest { record_class: class, ..of(person, kind) };
        assert_eq!(fields(&author.create(message).await.unwrap_err()), set(&["record_class"]));
    }
    let counselor = world.of(CLINIC, "co", Role::Counselor);
    let class = RecordClass::CounselingNote.into();
    let message = CreateNoteRequest { record_class: class, ..create(person) };
    let draft = counselor.create(message).await.unwrap().note.unwrap();
    let kind = NoteType::HousingStability.into();
    let message = UpdateDraftRequest { r#type: kind, ..update(&draft, "Housed.") };
    assert_eq!(fields(&counselor.update(message).await.unwrap_err()), set(&["type"]));
}

/// Over the facts, as the contract says.
fn digest(note: &pb::Note) -> String {
    let mut all = Sha256::new();
    for section in &note.sections {
        let mut one = Sha256::new();
        for text in [&section.title, &section.body] {
            one.update((text.len() as u64).to_be_bytes());
            one.update(text);
        }
        all.update(one.finalize());
    }
    if let Some(facts) = &note.supervision_contact {
        let micros = |at: &Option<Timestamp>| at.map_or(-1, |at| at.seconds * 1_000_000);
        let (at, next) = (micros(&facts.contact_time), micros(&facts.next_contact_time));
        let mut one = Sha256::new();
        one.update(u64::MAX.to_be_bytes());
        for fact in [i64::from(facts.kind), i64::from(facts.outcome), at, next] {
            one.update(fact.to_be_bytes());
        }
        all.update(one.finalize());
    }
    hex::encode(all.finalize())
}

async fn supervised(world: &World) -> (Client, Uuid, pb::Note) {
    let person = world.somebody();
    let officer = world.of(COURT, "of-c", Role::Officer);
    let message = of(person, NoteType::SupervisionContact);
    let draft = officer.create(message).await.unwrap().note.unwrap();
    (officer, person, draft)
}

#[tokio::test]
async fn a_supervision_contact_keeps_its_facts_from_its_signing_on() {
    let world = World::new().await;
    let (officer, person, draft) = supervised(&world).await;
    assert_eq!(draft.supervision_contact, Some(facts()));
    let other = pb::SupervisionContact { next_contact_time: None, ..facts() };
    let message =
        UpdateDraftRequest { supervision_contact: Some(other), ..update(&draft, "Rang before.") };
    let second = officer.update(message).await.unwrap().note.unwrap();
    assert_eq!(second.supervision_contact, Some(other));
    for note in [&draft, &second] {
        assert_eq!(note.sha256, digest(note));
    }
    let signed = officer.sign(sign(&second)).await.unwrap().note.unwrap();
    let mut last = officer.append(append(&signed, "Came later.")).await.unwrap().note.unwrap();
    last = officer.amend(amend(&last, "Came later, after all.")).await.unwrap().note.unwrap();
    assert_eq!((last.supervision_contact, last.version), (Some(other), 4));
    assert_eq!(last.sha256, digest(&last));
    let versions = officer.versions(&last).await.unwrap();
    for version in &versions {
        let read = officer.version(&last, version.version).await.unwrap();
        let first = read.version == 1;
        assert_eq!(read.supervision_contact, Some(if first { facts() } else { other }));
        assert_eq!(version.sha256, read.sha256);
    }
    assert_eq!(versions.len(), 4);
    let listed = officer.list(list(person)).await.unwrap().notes;
    assert_eq!(listed, [officer.get(&last).await.unwrap().note.unwrap()]);
    // Who may see a part of it alone does not see when somebody had to be where.
    world.consent(person, COURT, HOUSING, [Action::Read]);
    let mut refused = permitting(COURT, HOUSING, [Purpose::Treat], [Action::Read]);
    refused.effect = Effect::Deny;
    refused.sensitivities = Some([Sensitivity::Sdv].into());
    world.consents.give(consent(person, Uuid::new_v4(), refused));
    let reader = world.clinician(HOUSING, "ms-h");
    let whole = reader.get(&last).await.unwrap().note.unwrap();
    assert_eq!(whole.supervision_contact, Some(other));
    let sections = vec![
        NoteSection { labels: Some(labels(NORMAL, &[])), ..section("", "Open.") },
        NoteSection { labels: Some(labels(NORMAL, &[SDV])), ..section("", "canary-sdv") },
    ];
    let parted = pb::AmendNoteRequest { sections, ..amend(&last, "") };
    let parted = officer.amend(parted).await.unwrap().note.unwrap();
    let part = reader.get(&parted).await.unwrap().note.unwrap();
    assert_eq!((part.supervision_contact, part.sections.len()), (None, 1));
    assert_eq!(part.sha256, digest(&part));
    let told = reader.versions(&parted).await.unwrap();
    assert!(told.iter().any(|version| version.sha256 == part.sha256), "{told:?}");
    let whole = officer.get(&parted).await.unwrap().note.unwrap();
    assert!(told.iter().all(|version| version.sha256 != whole.sha256));
    let court = world.clinician(CLINIC, "dr-c");
    assert_eq!(refusal(court.get(&parted).await), not_found());
}

#[tokio::test]
async fn a_supervision_contact_holds_facts_and_nothing_of_health() {
    let world = World::new().await;
    let (officer, person, draft) = supervised(&world).await;
    let good = || of(person, NoteType::SupervisionContact);
    let contact = |change: &dyn Fn(&mut pb::SupervisionContact)| {
        let mut facts = facts();
        change(&mut facts);
        CreateNoteRequest { supervision_contact: Some(facts), ..good() }
    };
    let mut cases = vec![
        (CreateNoteRequest { supervision_contact: None, ..good() }, "supervision_contact"),
        (contact(&|f| f.kind = 0), "supervision_contact.kind"),
        (contact(&|f| f.kind = 7), "supervision_contact.kind"),
        (contact(&|f| f.outcome = 0), "supervision_contact.outcome"),
        (contact(&|f| f.outcome = 5), "supervision_contact.outcome"),
        (contact(&|f| f.contact_time = None), "supervision_contact.contact_time"),
        (contact(&|f| f.contact_time = at(i64::MAX)), "supervision_contact.contact_time"),
        (contact(&|f| f.next_contact_time = at(BEGAN)), "supervision_contact.next_contact_time"),
        (contact(&|f| f.next_contact_time = at(-1)), "supervision_contact.next_contact_time"),
    ];
    let sections = |sections| CreateNoteRequest { sections, ..good() };
    cases.push((sections(vec![section("", "a"); 4]), "sections"));
    cases.push((sections(vec![section("", &"ä".repeat(1_001))]), "sections[0].body"));
    for code in (1..=14).filter(|code| ![9, 10, 14].contains(code)) {
        let said = labels(NORMAL, &[code]);
        let message = CreateNoteRequest { labels: Some(said.clone()), ..good() };
        cases.push((message, "labels"));
        let own = NoteSection { labels: Some(said), ..section("", "a") };
        cases.push((sections(vec![own]), "sections[0].labels"));
    }
    let part2 = Labels { part2: true, ..labels(NORMAL, &[]) };
    cases.push((CreateNoteRequest { labels: Some(part2), ..good() }, "labels"));
    for (message, field) in cases {
        let shown = format!("{message:?}");
        let status = officer.create(message).await.unwrap_err();
        assert_eq!(fields(&status), set(&[field]), "{shown}");
    }
    let most = vec![section("", &"ä".repeat(1_000)); 3];
    let said = Some(labels(NORMAL, &[9, 10, 14]));
    let message = CreateNoteRequest { sections: most.clone(), labels: said, ..good() };
    officer.create(message).await.unwrap();
    let status = world.of(COURT, "cm", Role::CaseManager);
    let odd = CreateNoteRequest { supervision_contact: Some(facts()), ..create(person) };
    let told = fields(&status.create(odd).await.unwrap_err());
    assert_eq!(told, set(&["supervision_contact"]));
    let none = UpdateDraftRequest { supervision_contact: None, ..update(&draft, "a") };
    let told = fields(&officer.update(none).await.unwrap_err());
    assert_eq!(told, set(&["supervision_contact"]));

    // Nor once it is signed.
    let note = officer.sign(sign(&draft)).await.unwrap().note.unwrap();
    let hiv = NoteSection { labels: Some(labels(NORMAL, &[HIV])), ..section("", "a") };
    for (sections, field) in [
        (vec![hiv], "sections[0].labels"),
        (vec![section("", &"x".repeat(1_001))], "sections[0].body"),
        (vec![section("", "x"); 4], "sections"),
    ] {
        let amended = pb::AmendNoteRequest { sections: sections.clone(), ..amend(&note, "") };
        assert_eq!(fields(&officer.amend(amended).await.unwrap_err()), set(&[field]));
        let appended = pb::AppendNoteRequest { sections, ..append(&note, "") };
        assert_eq!(fields(&officer.append(appended).await.unwrap_err()), set(&[field]));
    }
    let sections = vec![section("", "x"); 3];
    let appended = pb::AppendNoteRequest { sections: sections.clone(), ..append(&note, "") };
    let told = fields(&officer.append(appended).await.unwrap_err());
    assert_eq!(told, set(&["sections"]), "with what is there");
    let amended = pb::AmendNoteRequest { sections, ..amend(&note, "") };
    let full = officer.amend(amended).await.unwrap().note.unwrap();
    // What the person asks for is added whatever room there is.
    world.people.bind("jane", person, Some(&[COURT]));
    let asked = world.person("jane").request_amendment(ask(&full, "I did attend.")).await;
    let asked = asked.unwrap().amendment.unwrap();
    world.clock.advance(Duration::MINUTE);
    let keeper = world.clinician(COURT, "dr-k");
    keeper.decide_amendment(accept(&asked, &"x".repeat(2_000))).await.unwrap();
    let read = officer.get(&full).await.unwrap().note.unwrap();
    assert_eq!((read.sections.len(), read.supervision_contact), (4, Some(facts())));
}

#[tokio::test]
async fn facts_that_are_not_those_that_were_written_are_an_alarm() {
    let world = World::new().await;
    let (officer, _, note) = supervised(&world).await;
    let id: Uuid = note.name.trim_start_matches("notes/").parse().unwrap();
    let mut admin = world.admin().await;
    sqlx::query("UPDATE note_version SET facts_sha256 = sha256(facts_sha256) WHERE note_id = $1")
        .bind(id)
        .execute(&mut admin)
        .await
        .unwrap();
    assert_eq!(officer.get(&note).await.unwrap_err().code(), Code::Internal);
    let rows: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT facts FROM note_version WHERE note_id = $1")
            .bind(id)
            .fetch_all(&mut admin)
            .await
            .unwrap();
    assert!(!rows[0].starts_with(b"{"), "sealed");
}
