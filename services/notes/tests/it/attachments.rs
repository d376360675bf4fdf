//! Files of notes: sent, cut off, gone on with, read, refused.

use std::time::Duration;

use kernel::{Action, Role};
use sha2::{Digest as _, Sha256};
use testkit::fakes::{Staff, until, whole};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;
use wire::{
    common::v1::{BasisKind, RecordClass},
    notes::v1::{
        self as pb, AttachmentHeader, CreateNoteRequest, MediaType, PutAttachmentRequest,
        PutAttachmentResponse,
    },
};

use crate::{
    attached::{MIB, first, header, meanwhile, next, pdf, rest, taken},
    bucket::Bucket,
    disk::Disk,
    world::{
        CLINIC, Client, HOUSING, World, cosign, create, mark_error, not_found, reason, refusal,
        sign,
    },
};

/// The most that a file may be.
const MOST: usize = 25 * MIB;

/// The fields that a refusal names; it is INVALID_ARGUMENT.
pub fn fields<T: std::fmt::Debug>(done: Result<T, Status>) -> Vec<String> {
    let status = done.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let bad = status.get_details_bad_request().unwrap().field_violations;
    bad.into_iter().map(|violation| violation.field).collect()
}

/// Whatever is answered is answered soon.
pub async fn soon<T>(answer: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), answer).await.expect("an answer")
}

/// What the database has of files: begun, whole, given up, removed.
pub async fn rows(world: &World) -> (i64, i64, i64, i64) {
    let counts = "SELECT count(*), count(finished_at), count(discarded_at), count(removed_at) FROM attachment";
    sqlx::query_as(counts).fetch_one(&mut world.admin().await).await.unwrap()
}

/// The name of the one file that there is, whole or not.
pub async fn only(world: &World) -> String {
    let id: Uuid = sqlx::query_scalar("SELECT id FROM attachment")
        .fetch_one(&mut world.admin().await)
        .await
        .unwrap();
    format!("attachments/{id}")
}

/// Everything that is kept in the folder, by its path in it.
pub fn stored(world: &World) -> Vec<String> {
    let root = world.folder.path();
    let mut found = Vec::new();
    for folder in std::fs::read_dir(root).unwrap() {
        for part in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = part.unwrap().path();
            found.push(path.strip_prefix(root).unwrap().to_string_lossy().into_owned());
        }
    }
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_25_mib_comes_back_as_it_was_sent() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let draft = author.draft(person).await;
    let bytes = pdf(MOST);
    let header = header(&draft, &bytes);
    // Chunks end where no part does.
    let messages = [vec![first(&header)], rest(&bytes, 0, 700_001)].concat();
    let sent = author.put_all(messages).await.unwrap();
    assert_eq!(usize::try_from(sent.received).unwrap(), MOST);
    assert_eq!(sent.disclosure.unwrap().bases, [i32::from(BasisKind::Custodian)]);
    let file = sent.attachment.unwrap();
    assert_eq!((&file.note, &*file.file_name), (&draft.name, "Intake form.pdf"));
    assert_eq!((file.media_type(), file.size), (MediaType::Pdf, header.size));
    assert_eq!(file.sha256, header.sha256);
    assert_eq!(file.author, format!("agencies/{CLINIC}/practitioners/dr-c"));
    assert!(file.create_time.is_some());

    let (told, read) = author.read(&file.name).await.unwrap();
    assert_eq!(told, file);
    assert_eq!(hex::encode(Sha256::digest(&read)), header.sha256);
    assert_eq!(author.attached(&draft).await.unwrap(), std::slice::from_ref(&file));
    // It adds nothing to the note itself.
    assert_eq!(author.get(&draft).await.unwrap().note.unwrap(), draft);
    // What it is stored as says nothing of whose it is or what.
    let stored = stored(&world);
    assert_eq!(stored.len(), 25);
    let ids = [&file.name, &draft.name].map(|name| name.split('/').nth(1).unwrap().to_owned());
    assert!(stored.iter().all(|path| !ids.iter().any(|id| path.contains(&**id))), "{stored:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_is_cut_off_goes_on_where_it_was_and_is_seen_by_nobody_before() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let draft = author.draft(person).await;
    let bytes = pdf(5 * MIB + 12_345);
    let header = header(&draft, &bytes);
    assert_eq!(author.received(&header).await.unwrap(), 0);
    for (from, to, kept) in [(0, 3 * MIB + 500_000, 3 * MIB), (3 * MIB, 4 * MIB + 1, 4 * MIB)] {
        let cut = world.apart(&author).await;
        let messages = [vec![first(&header)], rest(&bytes[..to], from, 300_000)].concat();
        let sending = tokio::spawn(async move { cut.put_open(messages).await });
        until("the parts are kept", async || author.received(&header).await.unwrap() == kept).await;
        // The connection goes with its client.
        sending.abort();
        assert!(sending.await.unwrap_err().is_cancelled());
        assert_eq!(author.received(&header).await.unwrap(), kept);
        // Nothing of it is there, for the author either.
        assert!(author.attached(&draft).await.unwrap().is_empty());
        let (hidden, absent) = (only(&world).await, format!("attachments/{}", Uuid::new_v4()));
        let hidden = author.read(&hidden).await.unwrap_err();
        assert_eq!(whole(&hidden), whole(&author.read(&absent).await.unwrap_err()));
        assert_eq!((hidden.code(), reason(&hidden)), not_found());
    }
    // Not from elsewhere, and not to an earlier end.
    let not_all = [vec![first(&header)], rest(&bytes[..5 * MIB], 4 * MIB, MIB)].concat();
    assert_eq!(fields(author.put_all(not_all).await), ["chunk"]);
    for offset in [0, 4 * MIB, 5 * MIB + 1] {
        let messages = vec![first(&header), next(offset, &bytes[5 * MIB..][..10])];
        assert_eq!(fields(soon(author.put_open(messages)).await), ["chunk.offset"]);
    }
    let messages = [vec![first(&header)], rest(&bytes, 5 * MIB, MIB)].concat();
    let file = author.put_all(messages).await.unwrap().attachment.unwrap();
    assert_eq!(author.read(&file.name).await.unwrap().1, bytes);
    assert_eq!(author.attached(&draft).await.unwrap(), std::slice::from_ref(&file));
    // Asked once more, it is answered as then, under a decision of now.
    let again = author.put_all(vec![first(&header)]).await.unwrap();
    assert_eq!(again.attachment.as_ref(), Some(&file));
    assert!(again.disclosure.is_some());
    assert_eq!(fields(author.send(&header, &bytes).await), ["chunk.data"]);
    assert_eq!(rows(&world).await, (1, 1, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_was_cut_before_its_answer_is_whole_when_it_is_asked_for() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let draft = author.draft(person).await;
    let bytes = pdf(2 * MIB);
    let header = header(&draft, &bytes);
    let cut = world.apart(&author).await;
    let messages = [vec![first(&header)], rest(&bytes, 0, MIB)].concat();
    let sending = tokio::spawn(async move { cut.put_open(messages).await });
    // Both parts are there, and the stream has not ended: the one who asks ends it.
    let mut file = None;
    until("it is whole", async || {
        file = author.put_all(vec![first(&header)]).await.unwrap().attachment;
        file.is_some()
    })
    .await;
    sending.abort();
    assert_eq!(author.read(&file.unwrap().name).await.unwrap().1, bytes);
    assert_eq!(rows(&world).await, (1, 1, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_that_is_cut_off_goes_on_from_an_offset() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let draft = author.draft(person).await;
    let bytes = pdf(4 * MIB + 77);
    let file = author.attach(&draft, &bytes).await.unwrap();
    let apart = world.apart(&author).await;
    let mut stream = apart.open(&file.name, 0).await.unwrap();
    stream.message().await.unwrap().unwrap();
    let mut have = taken(stream.message().await.unwrap().unwrap()).data;
    drop((stream, apart));
    // Also from the middle of a part.
    have.truncate(have.len() - 500_000);
    let (told, more) = author.read_from(&file.name, have.len()).await.unwrap();
    have.extend(more);
    assert!(told == file && have == bytes);
    for offset in [1, MIB, MIB + 1, 4 * MIB, bytes.len() - 1] {
        let (_, read) = author.read_from(&file.name, offset).await.unwrap();
        assert!(read == bytes[offset..], "{offset}");
    }
    for offset in [bytes.len(), MOST - 1, MOST] {
        assert_eq!(fields(author.read_from(&file.name, offset).await), ["offset"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_byte_more_is_refused_at_once() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let draft = author.draft(person).await;
    let bytes = pdf(MOST);
    let most = header(&draft, &bytes);
    // As soon as it is said, and nothing of it was begun.
    for size in [most.size + 1, i64::MAX, 0, -1] {
        let over = AttachmentHeader { size, ..most.clone() };
        assert_eq!(fields(soon(author.put_open(vec![first(&over)])).await), ["header.size"]);
    }
    assert_eq!(rows(&world).await, (0, 0, 0, 0));
    // As soon as it has come, while the stream is open.
    let small = header(&draft, &bytes[..10]);
    let messages = vec![first(&small), next(0, &bytes[..11])];
    assert_eq!(fields(soon(author.put_open(messages)).await), ["chunk.data"]);
    let messages = vec![first(&small), next(0, &bytes[..10]), next(10, &bytes[10..11])];
    assert_eq!(fields(soon(author.put_open(messages)).await), ["chunk.data"]);
    let messages = [vec![first(&most)], rest(&bytes, 0, MIB), vec![next(MOST - 1, b"x")]].concat();
    assert_eq!(fields(soon(author.put_open(messages)).await), ["chunk.data"]);
    assert!(author.attached(&draft).await.unwrap().is_empty());
    let large = vec![first(&most), next(0, &bytes[..MIB + 1])];
    assert_eq!(fields(soon(author.put_open(large)).await), ["chunk.data"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_and_nothing_of_the_file_is_there() {
    let disk = Disk::of(2 * MIB + 100);
    let world = World::with(|folder| disk.files(folder)).await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let draft = author.draft(person).await;
    let bytes = pdf(3 * MIB);
    let header = header(&draft, &bytes);
    let away = (Code::Unavailable, "STORAGE_UNAVAILABLE".to_owned());
    let full = soon(author.send(&header, &bytes)).await;
    assert!(full.as_ref().unwrap_err().get_details_retry_info().is_some());
    assert_eq!(refusal(full), away);
    let hidden = only(&world).await;
    assert!(author.attached(&draft).await.unwrap().is_empty());
    assert_eq!(refusal(author.read(&hidden).await), not_found());
    // Still full, then not: what had arrived is there.
    assert_eq!(author.received(&header).await.unwrap(), 2 * MIB);
    let messages = || [vec![first(&header)], rest(&bytes, 2 * MIB, MIB)].concat();
    assert_eq!(refusal(author.put_all(messages()).await), away);
    disk.room(2 * MIB);
    let file = author.put_all(messages()).await.unwrap().attachment.unwrap();
    assert_eq!(file.name, hidden);
    assert!(author.read(&file.name).await.unwrap().1 == bytes);
    // A disk that is away is no damage, and no absence.
    disk.away(true);
    assert_eq!(refusal(author.read(&file.name).await), away);
    assert_eq!(author.attached(&draft).await.unwrap(), std::slice::from_ref(&file));
    assert_eq!(refusal(author.attach(&draft, &bytes).await), away);
    disk.away(false);
    assert!(author.read(&file.name).await.unwrap().1 == bytes);
    assert_eq!(author.attached(&draft).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_keeps_files_as_a_folder_does() {
    let bucket = Bucket::open().await;
    let world = World::with(|_| bucket.files()).await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let draft = author.draft(person).await;
    let bytes = pdf(2 * MIB + 3);
    let said = header(&draft, &bytes);
    let half = [vec![first(&said)], rest(&bytes[..MIB + 9], 0, MIB)].concat();
    assert_eq!(fields(author.put_all(half).await), ["chunk"]);
    assert_eq!(author.received(&said).await.unwrap(), MIB);
    let messages = [vec![first(&said)], rest(&bytes, MIB, MIB)].concat();
    let file = author.put_all(messages).await.unwrap().attachment.unwrap();
    assert!(author.read_from(&file.name, 7).await.unwrap().1 == bytes[7..]);
    // What was given up goes, and no more.
    let other = header(&draft, &pdf(MIB));
    assert_eq!(fields(author.send(&other, &bytes[..MIB]).await), ["header.sha256"]);
    assert_eq!(bucket.objects.lock().unwrap().len(), 4);
    world.clock.advance(time::Duration::hours(2));
    assert_eq!(notes::sweep(&world.app).await.unwrap(), (0, 1));
    assert_eq!(bucket.objects.lock().unwrap().len(), 3);
    let author = world.clinician(CLINIC, "dr-c");
    assert!(author.read(&file.name).await.unwrap().1 == bytes);
    bucket.objects.lock().unwrap().clear();
    assert_eq!(refusal(author.read(&file.name).await), (Code::Internal, "INTERNAL".to_owned()));
    assert!(!world.logs.text().contains("canary"));
}

#[tokio::test]
async fn what_is_not_what_its_header_says_is_refused_and_given_up() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let draft = author.draft(person).await;
    let (page, cut) = (&b"<!DOCTYPE html><html><script>x()</script></html>"[..], &b"a\xFF"[..]);
    let other = &pdf(MIB + 5)[..];
    let text = MediaType::Text.into();
    let as_type = |media_type, bytes| AttachmentHeader { media_type, ..header(&draft, bytes) };
    for (bytes, said, field) in [
        (other, header(&draft, &pdf(MIB + 5)), "header.sha256"),
        (other, as_type(MediaType::Png.into(), other), "header.media_type"),
        (other, as_type(text, other), "header.media_type"),
        (page, as_type(text, page), "header.media_type"),
        (page, header(&draft, page), "header.media_type"),
        (cut, as_type(text, cut), "header.media_type"),
    ] {
        assert_eq!(fields(author.send(&said, bytes).await), [field]);
        let again = author.put_all(vec![first(&said)]).await.unwrap_err();
        let details = again.get_error_details();
        let told = &details.error_info().unwrap().metadata;
        assert_eq!((reason(&again), &*told["state"]), ("WRONG_STATE".to_owned(), "discarded"));
    }
    assert!(author.attached(&draft).await.unwrap().is_empty());
    assert_eq!(rows(&world).await, (6, 0, 6, 0));
    let letter = "Visto hoy: mañana más.".as_bytes();
    let file = author.send(&as_type(text, letter), letter).await.unwrap();
    assert_eq!(author.read(&file.name).await.unwrap(), (file, letter.to_vec()));
}

#[tokio::test]
async fn messages_come_in_their_order_and_a_request_is_one_file() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let draft = author.draft(person).await;
    let bytes = pdf(100);
    let said = header(&draft, &bytes);
    assert_eq!(fields(author.put_all(vec![]).await), ["header"]);
    assert_eq!(fields(author.put_all(vec![next(0, &bytes)]).await), ["header"]);
    assert_eq!(fields(author.put_all(vec![first(&said), first(&said)]).await), ["header"]);
    let both = PutAttachmentRequest { chunk: next(0, &bytes).chunk, ..first(&said) };
    for odd in [both, PutAttachmentRequest::default()] {
        assert_eq!(fields(author.put_all(vec![odd]).await), ["header"]);
    }
    let nothing = vec![first(&said), next(0, b"")];
    assert_eq!(fields(author.put_all(nothing).await), ["chunk.data"]);
    let nil = AttachmentHeader { request_id: Uuid::nil().to_string(), ..said.clone() };
    assert_eq!(fields(author.put_all(vec![first(&nil)]).await), ["header.request_id"]);
    for file_name in ["", " ", "a/b", "a\\b", "a\u{202E}b", "a\nb", &"x".repeat(201)] {
        let bad = AttachmentHeader { file_name: file_name.to_owned(), ..said.clone() };
        assert_eq!(fields(author.send(&bad, &bytes).await), ["header.file_name"]);
    }
    let file = author.send(&said, &bytes).await.unwrap();
    for other in [
        AttachmentHeader { file_name: "Another.pdf".to_owned(), ..said.clone() },
        AttachmentHeader { size: 99, ..said.clone() },
        AttachmentHeader { note: author.draft(person).await.name, ..said.clone() },
    ] {
        let reused = (Code::FailedPrecondition, "REQUEST_ID_REUSED".to_owned());
        assert_eq!(refusal(author.put_all(vec![first(&other)]).await), reused);
    }
    // Another caller's request of the same id is another one, of a draft that is not theirs.
    let colleague = world.clinician(CLINIC, "dr-d");
    assert_eq!(refusal(colleague.put_all(vec![first(&said)]).await), not_found());
    assert_eq!(author.attached(&draft).await.unwrap(), [file]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_upload_twice_at_once_is_one_whole_file() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let draft = author.draft(person).await;
    for round in 1..=8 {
        let bytes = pdf(2 * MIB + 9);
        let said = header(&draft, &bytes);
        let both = futures::future::join(author.send(&said, &bytes), author.send(&said, &bytes));
        let (one, other) = both.await;
        let done: Vec<_> = [one, other]
            .into_iter()
            .filter_map(|done| match done {
                Ok(file) => Some(file),
                // It came to what the other had put already.
                Err(status) => {
                    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
                    None
                }
            })
            .collect();
        assert!(!done.is_empty() && done.iter().all(|file| *file == done[0]));
        assert!(author.read(&done[0].name).await.unwrap().1 == bytes);
        assert_eq!(author.attached(&draft).await.unwrap().len(), round);
    }
}

/// Whether somebody reads a file and sees it listed: both, or neither, and then as if it were never there.
async fn sees(client: &Client, note: &pb::Note, file: &pb::Attachment) -> bool {
    let read = client.read(&file.name).await;
    let listed = client.attached(note).await;
    let absent = client.read(&format!("attachments/{}", Uuid::new_v4())).await.unwrap_err();
    match (read, listed) {
        (Ok((told, _)), Ok(listed)) => {
            assert_eq!((&told, &listed[..]), (file, std::slice::from_ref(file)));
            true
        }
        (Err(read), Err(listed)) => {
            assert_eq!(whole(&read), whole(&absent));
            assert_eq!((listed.code(), reason(&listed)), not_found());
            false
        }
        (read, listed) => panic!("{read:?} {listed:?}"),
    }
}

#[tokio::test]
async fn a_file_is_seen_by_whom_its_note_is_seen_by() {
    let world = World::new().await;
    let person = world.somebody();
    world.people.bind("jane", person, Some(&[CLINIC]));
    let author = world.client(&Staff::of(CLINIC, "trainee").roles([Role::CaseManager]));
    let supervisor = world.clinician(CLINIC, "dr-d");
    let colleague = world.client(&Staff::of(CLINIC, "cm").roles([Role::CaseManager]));
    let (housing, jane) = (world.clinician(HOUSING, "ms-h"), world.person("jane"));
    let everybody = [&author, &supervisor, &colleague, &housing, &jane];
    let seen = async |note: &pb::Note, file: &pb::Attachment| {
        let mut seen = Vec::new();
        for who in everybody {
            seen.push(sees(who, note, file).await);
        }
        seen
    };
    let draft = author.supervised(person).await;
    let file = author.attach(&draft, &pdf(10)).await.unwrap();
    world.consent(person, CLINIC, HOUSING, [Action::Read, Action::Write]);
    assert_eq!(seen(&draft, &file).await, [true, false, false, false, false]);
    let waits = author.sign(sign(&draft)).await.unwrap().note.unwrap();
    assert_eq!(seen(&waits, &file).await, [true, true, false, false, false]);
    let signed = supervisor.cosign(cosign(&waits)).await.unwrap().note.unwrap();
    assert_eq!(seen(&signed, &file).await, [true, true, true, true, true]);
    world.revoke(person);
    assert_eq!(seen(&signed, &file).await, [true, true, true, false, true]);
    let marked = author.mark_error(mark_error(&signed, "Another's.")).await.unwrap().note.unwrap();
    assert_eq!(seen(&marked, &file).await, [true, true, true, false, true]);

    let message =
        CreateNoteRequest { record_class: RecordClass::CounselingNote.into(), ..create(person) };
    let counselling = author.create(message).await.unwrap().note.unwrap();
    let file = author.attach(&counselling, &pdf(10)).await.unwrap();
    author.sign(sign(&counselling)).await.unwrap();
    let mut whose = seen(&counselling, &file).await;
    // The person's own decision is the policy's.
    whose.truncate(4);
    assert_eq!(whose, [true, true, false, false]);
}

#[tokio::test]
async fn files_are_put_with_a_draft_by_its_author_and_with_nothing_else() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    world.consent(person, CLINIC, HOUSING, [Action::Read, Action::Write]);
    let others = [world.clinician(CLINIC, "dr-d"), world.clinician(HOUSING, "ms-h")];
    let (draft, bytes) = (author.draft(person).await, pdf(MIB + 1));
    for other in &others {
        assert_eq!(refusal(other.attach(&draft, &bytes).await), not_found());
    }
    let absent = pb::Note { name: format!("notes/{}", Uuid::new_v4()), ..draft.clone() };
    assert_eq!(refusal(author.attach(&absent, &bytes).await), not_found());
    // Begun while it was a draft, and not whole when it was signed.
    let begun = header(&draft, &bytes);
    let half = [vec![first(&begun)], rest(&bytes[..MIB], 0, MIB)].concat();
    assert_eq!(fields(author.put_all(half).await), ["chunk"]);
    let signed = author.sign(sign(&draft)).await.unwrap().note.unwrap();
    let wrong = |done: Result<PutAttachmentResponse, Status>| {
        let status = done.unwrap_err();
        assert_eq!(reason(&status), "WRONG_STATE", "{status:?}");
        let told = status.get_error_details().error_info().unwrap().metadata.clone();
        (told["state"].clone(), told["allowed"].clone())
    };
    let told = ("final".to_owned(), "amended,appended,entered-in-error".to_owned());
    let end = [vec![first(&begun)], rest(&bytes, MIB, MIB)].concat();
    assert_eq!(wrong(author.put_all(end).await), told);
    assert_eq!(wrong(author.put_all(vec![first(&header(&signed, &bytes))]).await), told);
    let denied = (Code::PermissionDenied, "ACTION_NOT_PERMITTED".to_owned());
    for other in &others {
        assert_eq!(refusal(other.attach(&signed, &bytes).await), denied);
        assert!(other.attached(&signed).await.unwrap().is_empty());
    }
    let waits = author.awaiting(person).await;
    let told = ("preliminary".to_owned(), "entered-in-error".to_owned());
    assert_eq!(wrong(author.put_all(vec![first(&header(&waits, &bytes))]).await), told);
    assert_eq!(refusal(others[0].attach(&waits, &bytes).await), denied);
    assert!(author.attached(&signed).await.unwrap().is_empty());
    assert_eq!(rows(&world).await, (1, 0, 0, 0));
}

#[tokio::test]
async fn a_note_has_twenty_files_and_no_more() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let draft = author.draft(person).await;
    let mut files = Vec::new();
    for n in 0..20 {
        files.push(author.attach(&draft, &pdf(10 + n)).await.unwrap());
        world.clock.advance(time::Duration::SECOND);
    }
    let many = (Code::ResourceExhausted, "LIMIT_EXCEEDED".to_owned());
    assert_eq!(refusal(author.attach(&draft, &pdf(10)).await), many);
    assert_eq!(author.attached(&draft).await.unwrap(), files);
    author.attach(&author.draft(person).await, &pdf(10)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_ends_when_its_reader_may_not_read_any_more() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let draft = author.draft(person).await;
    let file = author.attach(&draft, &pdf(MOST)).await.unwrap();
    author.sign(sign(&draft)).await.unwrap();
    let housing = world.clinician(HOUSING, "ms-h");
    for (end, told) in [
        ("revoked", not_found()),
        ("suspended", (Code::PermissionDenied, "AGENCY_SUSPENDED".to_owned())),
        ("expired", (Code::Unauthenticated, "UNAUTHENTICATED".to_owned())),
    ] {
        world.consent(person, CLINIC, HOUSING, [Action::Read]);
        let mut stream = world.apart(&housing).await.open(&file.name, 0).await.unwrap();
        stream.message().await.unwrap().unwrap();
        stream.message().await.unwrap().unwrap();
        match end {
            "revoked" => world.revoke(person),
            "suspended" => world.suspended(&[HOUSING]),
            _ => world.clock.advance(time::Duration::hours(2)),
        }
        let mut parts = 1;
        let status = loop {
            match stream.message().await {
                Ok(Some(message)) => drop(taken(message)),
                Ok(None) => panic!("{end}: all of it was read"),
                Err(status) => break status,
            }
            parts += 1;
        };
        assert_eq!((status.code(), reason(&status)), told, "{end}");
        // What was on its way.
        assert!(parts < 10, "{end}: {parts}");
        world.suspended(&[]);
    }
}

#[tokio::test]
async fn a_file_is_not_finished_for_somebody_whose_token_has_ended_while_it_came() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let draft = author.draft(person).await;
    let bytes = pdf(MIB + 7);
    let begun = header(&draft, &bytes);
    let all = [vec![first(&begun)], rest(&bytes, 0, MIB)].concat();
    let refused = meanwhile(&author, all, async {
        // A part that is being kept stands there twice for a moment.
        let whole = || stored(&world).iter().filter(|name| !name.contains('#')).count();
        until("all of it is kept", async || whole() == 2).await;
        world.clock.advance(time::Duration::hours(2));
        Vec::new()
    });
    assert_eq!(refused.await.unwrap_err().code(), Code::Unauthenticated);
    assert_eq!(rows(&world).await, (1, 0, 0, 0));
    // Nothing is lost: with another token it goes on.
    let author = world.clinician(CLINIC, "dr-c");
    let whole = author.put_all(vec![first(&begun)]).await.unwrap();
    assert!(whole.attachment.is_some());
}
