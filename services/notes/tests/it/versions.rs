//! What a note said before.

use std::ops::Range;

use kernel::Action;
use notes::states::Verb;
use tonic::Code;
use uuid::Uuid;
use wire::{
    common::v1::{Confidentiality, Labels, Sensitivity},
    notes::v1::{
        self as pb, AmendNoteRequest, AppendNoteRequest, CreateNoteRequest, NoteState,
        NoteVersionKind as Kind, UpdateDraftRequest,
    },
};

use crate::{
    moves::go,
    world::{
        CLINIC, Client, HOUSING, World, amend, append, create, list, not_found, refusal, section,
        sign, update,
    },
};

/// The versions that somebody reads, each of which is read by its number and has its hash.
async fn read(client: &Client, note: &pb::Note) -> Vec<(i32, Kind, NoteState, String)> {
    let mut told = Vec::new();
    for version in client.versions(note).await.unwrap() {
        let read = client.version(note, version.version).await.unwrap();
        assert_eq!((read.version, &read.sha256), (version.version, &version.sha256));
        let words = read.sections.iter().map(|s| s.body.clone()).collect::<Vec<_>>().join(" ");
        told.push((version.version, version.kind(), version.state(), words));
    }
    told
}

async fn none_of(client: &Client, note: &pb::Note, versions: Range<i32>) {
    for version in versions {
        assert_eq!(refusal(client.version(note, version).await), not_found(), "{version}");
    }
}

#[tokio::test]
async fn each_version_is_read_by_who_reads_the_note_and_a_drafts_by_its_author_alone() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let others = [world.clinician(CLINIC, "dr-d"), world.clinician(HOUSING, "ms-h")];
    world.consent(person, CLINIC, HOUSING, [Action::Read]);
    let draft = author.draft(person).await;
    let draft = go(&author, Verb::Update, &draft).await.unwrap();
    let row = |n, kind, state, words: &str| (n, kind, state, words.to_owned());
    let first = row(1, Kind::Draft, NoteState::Preliminary, "Meets weekly.");
    let second = |kind, state| row(2, kind, state, "Meets daily.");
    let unsigned = second(Kind::Draft, NoteState::Preliminary);
    assert_eq!(read(&author, &draft).await, [unsigned, first.clone()]);
    let signed = author.sign(sign(&draft)).await.unwrap().note.unwrap();
    let amended = go(&others[0], Verb::Amend, &signed).await.unwrap();
    let note = go(&author, Verb::Append, &amended).await.unwrap();
    let since = [
        row(4, Kind::Appended, NoteState::Appended, "Meets monthly. Came late."),
        row(3, Kind::Amended, NoteState::Amended, "Meets monthly."),
        second(Kind::Signed, NoteState::Final),
    ];
    let whole: Vec<_> = since.iter().cloned().chain([first]).collect();
    assert_eq!(read(&author, &note).await, whole);
    for other in &others {
        assert_eq!(read(other, &note).await, since);
        none_of(other, &note, 1..2).await;
        none_of(other, &note, 5..7).await;
    }
    none_of(&author, &note, 5..7).await;
    // All else is as it is now.
    let old = author.version(&note, 2).await.unwrap();
    let (sections, sha256) = (old.sections.clone(), old.sha256.clone());
    assert_eq!(old, pb::Note { version: 2, sections, sha256, ..note.clone() });
    assert_eq!(author.version(&note, 4).await.unwrap(), note);
    let versions = others[1].versions(&note).await.unwrap();
    let by = |sub: &str| format!("agencies/{CLINIC}/practitioners/{sub}");
    let authors: Vec<_> = versions.iter().map(|v| v.author.clone()).collect();
    assert_eq!(authors, [by("dr-c"), by("dr-d"), by("dr-c")]);
    assert!(versions.iter().all(|v| v.written_time.is_some()));

    world.revoke(person);
    none_of(&others[1], &note, 0..7).await;
    assert_eq!(refusal(others[1].versions(&note).await), not_found());
}

#[tokio::test]
async fn what_waits_for_a_cosigner_has_the_versions_since_its_author_signed() {
    let world = World::new().await;
    let (trainee, person) = (world.clinician(CLINIC, "trainee"), world.somebody());
    let supervisor = world.clinician(CLINIC, "dr-d");
    let draft = go(&trainee, Verb::Update, &trainee.supervised(person).await).await.unwrap();
    let waits = go(&trainee, Verb::Sign, &draft).await.unwrap();
    let words = "Meets daily.".to_owned();
    let signed = (2, Kind::Signed, NoteState::Preliminary, words.clone());
    assert_eq!(read(&supervisor, &waits).await, [signed]);
    none_of(&supervisor, &waits, 1..2).await;
    assert_eq!(read(&trainee, &waits).await.len(), 2);
    let done = go(&supervisor, Verb::Cosign, &waits).await.unwrap();
    assert_eq!(read(&supervisor, &done).await, [(2, Kind::Signed, NoteState::Final, words)]);
}

#[tokio::test]
async fn a_draft_is_replaced_whole_and_its_labels_change_either_way() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let labels = |confidentiality: Confidentiality, sensitivities: &[Sensitivity], flag| Labels {
        confidentiality: confidentiality.into(),
        sensitivities: sensitivities.iter().map(|s| (*s).into()).collect(),
        part2: flag,
        victim_service: flag,
    };
    let strict = labels(Confidentiality::V, &[Sensitivity::Hiv], true);
    let message = CreateNoteRequest {
        labels: Some(strict.clone()),
        episode: Uuid::new_v4().to_string(),
        ..create(person)
    };
    let created = author.create(message).await.unwrap().note.unwrap();
    world.clock.advance(time::Duration::MINUTE);
    let mut note = created.clone();
    for (n, given) in [(2, labels(Confidentiality::L, &[], false)), (3, strict)] {
        let message = UpdateDraftRequest {
            r#type: pb::NoteType::Consult.into(),
            labels: Some(given.clone()),
            episode: String::new(),
            sections: vec![section("A", "Other words."), section("B", "More.")],
            ..update(&note, "")
        };
        let updated = author.update(message).await.unwrap().note.unwrap();
        let (sections, sha256) = (updated.sections.clone(), updated.sha256.clone());
        let expected = pb::Note {
            r#type: pb::NoteType::Consult.into(),
            labels: Some(given),
            episode: String::new(),
            version: n,
            etag: n.to_string(),
            sections,
            sha256,
            ..created.clone()
        };
        assert_eq!(updated, expected);
        assert_eq!(updated.sections.len(), 2);
        assert_eq!(author.get(&note).await.unwrap().note.unwrap(), updated);
        note = updated;
    }
    // What it is signed with is what others are decided by.
    world.consent(person, CLINIC, HOUSING, [Action::Read]);
    let housing = world.clinician(HOUSING, "ms-h");
    let open = labels(Confidentiality::N, &[], false);
    let message = UpdateDraftRequest { labels: Some(open), ..update(&note, "Open.") };
    let note = author.update(message).await.unwrap().note.unwrap();
    author.sign(sign(&note)).await.unwrap();
    assert_eq!(housing.list(list(person)).await.unwrap().notes.len(), 1);
    let second = author.draft(person).await;
    let hidden = labels(Confidentiality::N, &[], true);
    let message = UpdateDraftRequest { labels: Some(hidden), ..update(&second, "Hidden.") };
    let second = author.update(message).await.unwrap().note.unwrap();
    author.sign(sign(&second)).await.unwrap();
    assert_eq!(refusal(housing.get(&second).await), not_found());
    assert_eq!(refusal(housing.version(&second, 1).await), not_found());
}

#[tokio::test]
async fn an_addendum_says_by_whom_and_when_and_changes_no_word_of_before() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let colleague = world.clinician(CLINIC, "dr-d");
    let signed = author.signed(person).await;
    world.clock.advance(time::Duration::MINUTE);
    // What is the server's to say is not taken from a request.
    let claimed = pb::NoteSection {
        author: signed.author.clone(),
        added_time: signed.authored_time,
        ..section("Late", "Came late.")
    };
    let message = AppendNoteRequest { sections: vec![claimed], ..append(&signed, "") };
    let appended = colleague.append(message).await.unwrap().note.unwrap();
    assert_eq!((appended.state(), appended.version), (NoteState::Appended, 2));
    assert_eq!(appended.sections[..1], signed.sections[..]);
    let added = &appended.sections[1];
    assert_eq!((&*added.title, &*added.body), ("Late", "Came late."));
    assert_eq!(added.author, format!("agencies/{CLINIC}/practitioners/dr-d"));
    assert_eq!(added.added_time.unwrap().seconds, signed.authored_time.unwrap().seconds + 60);
    // The same words of another, or as words of the note, are another version's hash.
    let note = author.signed(person).await;
    let other =
        AppendNoteRequest { sections: vec![section("Late", "Came late.")], ..append(&note, "") };
    let other = author.append(other).await.unwrap().note.unwrap();
    assert_ne!(other.sha256, appended.sha256);
    // An amendment keeps the mark of what it does not change.
    let mut sections = appended.sections.clone();
    sections[0].body = "Meets daily.".to_owned();
    sections.push(pb::NoteSection { author: signed.author.clone(), ..section("", "Claimed.") });
    let message = AmendNoteRequest { sections: sections.clone(), ..amend(&appended, "") };
    let amended = author.amend(message).await.unwrap().note.unwrap();
    sections[2].author.clear();
    assert_eq!((amended.state(), &amended.sections), (NoteState::Amended, &sections));
    let again = colleague.append(append(&amended, "More.")).await.unwrap().note.unwrap();
    assert_eq!((again.state(), again.sections.len()), (NoteState::Appended, 4));
    assert_eq!(again.sections[..3], sections[..]);
}

#[tokio::test]
async fn a_note_and_its_addenda_have_the_limits_of_one_note() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let of = |parts: usize, long: usize| vec![section("", &"x".repeat(long)); parts];
    let invalid = (Code::InvalidArgument, "INVALID_ARGUMENT".to_owned());
    for (first, fits, over) in [((40, 1), (10, 1), (1, 1)), ((10, 100_000), (1, 48_576), (1, 1))] {
        let message = CreateNoteRequest { sections: of(first.0, first.1), ..create(person) };
        let draft = author.create(message).await.unwrap().note.unwrap();
        let note = author.sign(sign(&draft)).await.unwrap().note.unwrap();
        let adding = |note: &pb::Note, (parts, long)| AppendNoteRequest {
            sections: of(parts, long),
            ..append(note, "")
        };
        let note = author.append(adding(&note, fits)).await.unwrap().note.unwrap();
        assert_eq!(refusal(author.append(adding(&note, over)).await), invalid);
        assert_eq!(author.get(&note).await.unwrap().note.unwrap(), note);
    }
}

#[tokio::test]
async fn a_note_has_a_thousand_versions_at_most() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let (draft, signed) = (author.draft(person).await, author.signed(person).await);
    // As if each had been changed so often.
    let sql = "INSERT INTO note_version (note_id, version, person_id, body, sha256, author, at)
            SELECT note_id, n, person_id, body, sha256, author, at
            FROM note_version, generate_series(2, 999) n;
        UPDATE note SET version = 999, shared_from = CASE WHEN state = 1 THEN 999 ELSE 1 END";
    sqlx::raw_sql(sql).execute(&mut world.admin().await).await.unwrap();
    let exceeded = (Code::ResourceExhausted, "LIMIT_EXCEEDED".to_owned());
    let last = go(&author, Verb::Update, &draft).await.unwrap();
    assert_eq!(refusal(go(&author, Verb::Update, &last).await), exceeded);
    assert_eq!(author.versions(&last).await.unwrap().len(), 1_000);
    let last = go(&author, Verb::Append, &signed).await.unwrap();
    for verb in [Verb::Append, Verb::Amend] {
        assert_eq!(refusal(go(&author, verb, &last).await), exceeded);
    }
    let versions = world.clinician(CLINIC, "dr-d").versions(&last).await.unwrap();
    assert_eq!(versions.len(), 1_000);
    // Of before there was a kind: amended.
    let kinds: Vec<_> = versions.iter().map(pb::NoteVersion::kind).collect();
    assert_eq!((kinds[0], kinds[1], kinds[999]), (Kind::Appended, Kind::Amended, Kind::Signed));
    // It is signed, and marked, all the same.
    let draft = author.get(&draft).await.unwrap().note.unwrap();
    let signed = go(&author, Verb::Sign, &draft).await.unwrap();
    go(&author, Verb::MarkError, &signed).await.unwrap();
}

#[tokio::test]
async fn an_earlier_version_of_a_large_note_is_read_and_a_damaged_one_is_an_alarm() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let signed = author.large(person).await;
    let note = go(&author, Verb::Append, &signed).await.unwrap();
    assert_eq!(author.version(&note, 1).await.unwrap().sections, signed.sections);
    let short = go(&author, Verb::Amend, &note).await.unwrap();
    assert_eq!(author.version(&short, 2).await.unwrap().sections, note.sections);
    let sql = "UPDATE note_version SET sha256 = sha256('others') WHERE version = 2";
    sqlx::raw_sql(sql).execute(&mut world.admin().await).await.unwrap();
    let internal = (Code::Internal, "INTERNAL".to_owned());
    assert_eq!(refusal(author.version(&short, 2).await), internal);
    assert_eq!(author.get(&short).await.unwrap().note.unwrap(), short);
    let housing = world.clinician(HOUSING, "ms-h");
    assert_eq!(refusal(housing.version(&short, 2).await), not_found());
}

#[tokio::test]
async fn a_version_is_on_record_as_a_reading_of_its_note() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let note = go(&author, Verb::Amend, &author.signed(person).await).await.unwrap();
    world.consent(person, CLINIC, HOUSING, [Action::Read]);
    let housing = world.clinician(HOUSING, "ms-h");
    housing.version(&note, 1).await.unwrap();
    housing.versions(&note).await.unwrap();
    let id = Uuid::parse_str(note.name.trim_start_matches("notes/")).unwrap();
    for rpc in ["/GetNote", "/ListNoteVersions"] {
        let events = world.stage.events().await;
        let mut read = events.iter().filter(|e| e.rpc.ends_with(rpc));
        let event = read.next().unwrap();
        assert_eq!((event.person, &event.records[..]), (Some(person), &[id][..]), "{rpc}");
        assert!(read.next().is_none());
    }
}
