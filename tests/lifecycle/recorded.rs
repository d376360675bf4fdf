//! kill -9 of a service and of its database, at every point of the work around an audit record: whatever
//! came out has its record, and every write is there with its record or not at all.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use ledger::{Event, Ledger, Outcome};
use trellis_tests::{Actor, BOUND, Fault, Processes, World, note_about, trellis, until};
use uuid::Uuid;
use wire::{
    common::v1::Disclosure,
    notes::v1::{GetNoteRequest, ListNotesRequest},
};

use crate::{everything, number};

/// Around the records of reads, around those of writes, around heads.
const POINTS: [&str; 9] = [
    "ledger.batch",
    "ledger.durable",
    "guard.recorded",
    "ledger.write",
    "ledger.written",
    "tx.commit",
    "tx.committed",
    "seal.anchor",
    "seal.anchored",
];
/// At the point, and where it is a moment later: on the way to the database, in it, on the way back, or
/// on the way out.
const LATER_US: [u64; 7] = [0, 0, 150, 400, 900, 2_000, 5_000];
const NOTES: usize = 8;

/// What clients were given.
#[derive(Default)]
struct Given {
    decisions: Vec<Uuid>,
    written: BTreeSet<String>,
}

struct Clients {
    stop: Arc<AtomicBool>,
    tasks: tokio::task::JoinSet<()>,
}

impl Clients {
    fn start(world: &World, person: &str, notes: &[String], given: &Arc<Mutex<Given>>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = tokio::task::JoinSet::new();
        for name in notes.iter().take(4) {
            let (given, name) = (Arc::clone(given), name.clone());
            tasks.spawn(read_on(world.manager.clone(), name, given, Arc::clone(&stop)));
        }
        for _ in 0..2 {
            let (person, given) = (person.to_owned(), Arc::clone(given));
            let lister = world.manager.clone();
            tasks.spawn(list_on(lister, person.clone(), Arc::clone(&given), Arc::clone(&stop)));
            let writer = world.clinician.clone();
            tasks.spawn(write_on(writer, person, given, Arc::clone(&stop)));
        }
        Self { stop, tasks }
    }

    async fn end(mut self) {
        self.stop.store(true, SeqCst);
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
    }
}

fn decision(disclosure: Option<Disclosure>) -> Uuid {
    disclosure.unwrap().decision_id.parse().unwrap()
}

const PAUSE: Duration = Duration::from_millis(3);

async fn read_on(reader: Actor, name: String, given: Arc<Mutex<Given>>, stop: Arc<AtomicBool>) {
    let mut notes = reader.notes();
    while !stop.load(SeqCst) {
        match notes.get_note(GetNoteRequest { name: name.clone(), version: 0 }).await {
            Ok(reply) => {
                let decision = decision(reply.into_inner().disclosure);
                given.lock().unwrap().decisions.push(decision);
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

async fn list_on(reader: Actor, person: String, given: Arc<Mutex<Given>>, stop: Arc<AtomicBool>) {
    let mut notes = reader.notes();
    while !stop.load(SeqCst) {
        let list = ListNotesRequest { person: person.clone(), page_size: 5, ..Default::default() };
        match notes.list_notes(list).await {
            Ok(reply) => {
                let reply = reply.into_inner();
                if !reply.notes.is_empty() {
                    given.lock().unwrap().decisions.push(decision(reply.disclosure));
                }
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

async fn write_on(writer: Actor, person: String, given: Arc<Mutex<Given>>, stop: Arc<AtomicBool>) {
    let mut notes = writer.notes();
    while !stop.load(SeqCst) {
        match notes.create_note(note_about(&person)).await {
            Ok(reply) => {
                let reply = reply.into_inner();
                let mut given = given.lock().unwrap();
                given.decisions.push(decision(reply.disclosure));
                given.written.insert(reply.note.unwrap().name);
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
        // Enough for the points of writes, and no more notes than a list can hold.
        tokio::time::sleep(PAUSE * 4).await;
    }
}

/// What is on record: permits by decision, and the notes that each write of one made.
#[derive(Default)]
struct OnRecord {
    last: i64,
    decisions: BTreeSet<Uuid>,
    created: BTreeMap<Uuid, usize>,
}

impl OnRecord {
    async fn read(&mut self, ledger: &Ledger) {
        loop {
            let events = ledger.follow(self.last, 2_000).await.unwrap();
            if events.is_empty() {
                return;
            }
            for followed in events {
                assert_eq!(followed.seq, self.last + 1, "a number was left out");
                self.last = followed.seq;
                self.add(&followed.event.expect("none is past its time"));
            }
        }
    }

    fn add(&mut self, event: &Event) {
        if event.outcome != Outcome::Permit {
            return;
        }
        self.decisions.insert(event.decision_id);
        if event.rpc.ends_with("/CreateNote") {
            for note in &event.records {
                *self.created.entry(*note).or_default() += 1;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_comes_out_of_a_service_that_is_killed_without_its_record() {
    let kills = number("TRELLIS_KILLS", 50);
    let mut processes = Processes::start().await;
    let world = World::new(processes.network()).await;
    let person = world.person(processes.network()).await;
    world.consent(&person, &world.agencies.housing).await;
    let mut notes = Vec::new();
    for _ in 0..NOTES {
        notes.push(world.note(&person).await.name);
    }
    let ledger = Ledger::start(processes.database("notes").await, ledger::Config::default());
    let mut on_record = OnRecord::default();
    let given = Arc::new(Mutex::new(Given::default()));
    let (mut of_database, mut checked) = (0, 0);
    for kill in 0..kills {
        let point = POINTS[kill % POINTS.len()];
        let database = kill / POINTS.len() % 3 == 2;
        let fault = Fault {
            point,
            passes: if point.starts_with("seal") { 1 } else { 1 + kill as u64 * 7 % 23 },
            after: Duration::from_micros(LATER_US[kill / 2 % LATER_US.len()]),
            database,
        };
        processes.kill("notes");
        processes.start_faulted("notes", &fault);
        let clients = Clients::start(&world, &person.name, &notes, &given);
        processes.faulted("notes", &fault).await;
        if database {
            of_database += 1;
            serves(&world.manager, &notes[0]).await;
        }
        clients.end().await;
        until("the database is back", BOUND, || async { ledger.head().await.ok() }).await;
        on_record.read(&ledger).await;
        for decision in given.lock().unwrap().decisions.drain(..) {
            checked += 1;
            let there = on_record.decisions.contains(&decision);
            assert!(there, "kill {kill} at {fault:?}: something came out without its record");
        }
    }
    processes.kill("notes");
    processes.start_again("notes").await;
    let stored = everything(&world.clinician, &person.name).await;
    on_record.read(&ledger).await;
    println!(
        "recorded: {kills} kills, {of_database} of the database, {checked} replies, {} records, {} notes",
        on_record.last,
        stored.len()
    );
    assert!(checked > kills * 4, "hardly anything came out: nothing was tested");
    let created = on_record.created.into_keys().map(|id| format!("notes/{id}")).collect();
    assert_eq!(stored, created, "a write without its record, or a record without its write");
    assert!(stored.is_superset(&given.lock().unwrap().written), "an acknowledged write is lost");
    holds(&mut processes);
}

/// Waits until it serves again.
async fn serves(reader: &Actor, name: &str) {
    until("it serves once the database is back", BOUND, || async {
        reader.notes().get_note(GetNoteRequest { name: name.to_owned(), version: 0 }).await.ok()
    })
    .await;
}

/// Sealed to its end, the ledger holds.
fn holds(processes: &mut Processes) {
    processes.process("notes").terminate();
    assert!(processes.process("notes").ended(BOUND).is_some_and(|status| status.success()));
    let (config, admin) = processes.for_administration("notes");
    let verify = Command::new(trellis())
        .args(["audit", "verify", "notes", "--config"])
        .arg(config)
        .arg("--admin-url-file")
        .arg(admin)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&verify.stdout);
    assert!(verify.status.success(), "{said}{}", String::from_utf8_lossy(&verify.stderr));
    assert!(said.contains(" 0 lie beyond"), "{said}");
}
