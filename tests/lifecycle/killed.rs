//! `trellis up` killed with -9 under writes loses nothing that it acknowledged.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use trellis_tests::{Actor, Up, World, note_about, request_id, served, taken_up};
use wire::notes::v1::{CreateNoteRequest, GetNoteRequest};

use crate::everything;

const WRITERS: usize = 8;
const KILLS: usize = 4;

#[derive(Default)]
struct Book {
    /// Names of notes whose creation was acknowledged.
    acknowledged: Vec<String>,
    /// Requests whose answer never came.
    open: Vec<CreateNoteRequest>,
}

async fn write_on(writer: Actor, person: String, book: Arc<Mutex<Book>>) {
    let mut notes = writer.notes();
    loop {
        let request = CreateNoteRequest { request_id: request_id(), ..note_about(&person) };
        match notes.create_note(request.clone()).await {
            Ok(reply) => {
                let name = reply.into_inner().note.unwrap().name;
                book.lock().unwrap().acknowledged.push(name);
            }
            Err(_) => {
                book.lock().unwrap().open.push(request);
                return;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_is_killed_under_writes_loses_nothing_that_it_acknowledged() {
    let dir = tempfile::Builder::new().prefix("trellis-killed-").tempdir().unwrap();
    let passable = std::os::unix::fs::PermissionsExt::from_mode(0o711);
    std::fs::set_permissions(dir.path(), passable).unwrap();
    let data = dir.path().join("data");
    let book = Arc::new(Mutex::new(Book::default()));
    let mut up = Up::start_at(&data).await;
    let world = World::new(up.network()).await;
    let person = world.person(up.network()).await;
    let token = world.clinician.token.clone();
    let mut all = BTreeSet::new();
    for kill in 0..KILLS {
        let mut tasks = tokio::task::JoinSet::new();
        let writer = up.network().actor(token.clone());
        for _ in 0..WRITERS {
            tasks.spawn(write_on(writer.clone(), person.name.clone(), Arc::clone(&book)));
        }
        // Not at the same point of the work each time.
        tokio::time::sleep(Duration::from_millis(700 + 170 * kill as u64)).await;
        up.process.kill();
        while tasks.join_next().await.is_some() {}
        drop(up);
        up = Up::start_at(&data).await;
        let writer = up.network().actor(token.clone());
        let (acknowledged, open) = {
            let mut book = book.lock().unwrap();
            (book.acknowledged.clone(), std::mem::take(&mut book.open))
        };
        for name in &acknowledged {
            let get = GetNoteRequest { name: name.clone(), version: 0 };
            let read = taken_up(|| {
                let (mut notes, get) = (writer.notes(), get.clone());
                async move { notes.get_note(get).await }
            });
            let read = read.await;
            assert!(read.is_ok(), "kill {kill}: an acknowledged note is lost: {:?}", read.err());
        }
        // What went unanswered lands once, whether or not it had landed.
        for request in open {
            let first = served!(writer.notes(), create_note, request.clone());
            let second = served!(writer.notes(), create_note, request);
            assert_eq!(first.note, second.note);
            book.lock().unwrap().acknowledged.push(first.note.unwrap().name);
        }
        all.extend(book.lock().unwrap().acknowledged.iter().cloned());
    }
    let reader = up.network().actor(token);
    let stored = everything(&reader, &person.name).await;
    println!("killed: {KILLS} kills, {} notes acknowledged, {} stored", all.len(), stored.len());
    assert!(all.len() > KILLS * WRITERS, "hardly anything was written: nothing was tested");
    assert_eq!(stored, all, "what is stored is what was acknowledged, once each");
}
