//! Everybody at work over real processes, faults among them, and an oracle. `TRELLIS_SEED` replays the
//! same schedule; `TRELLIS_FAULTS_SECONDS` says for how long faults go on.

mod book;
mod doing;
mod judge;
mod lane;
mod readers;
mod schedule;
mod writes;

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering::SeqCst},
    time::{Duration, Instant},
};

use rand::Rng as _;
use tokio::task::JoinSet;
use trellis_tests::World;

use crate::proxied::Proxied;
use book::{Book, Clause};
use doing::{Doing, Probe};
use judge::{OnRecord, Traces};
use lane::{Course, Lane, Writer};
use readers::Reader;
use schedule::{Faults, Kind, Steps, random};

const COURSES: [Course; 6] = [
    Course::Steady,
    Course::Turning,
    Course::Turning,
    Course::Turning,
    Course::Turning,
    Course::Closed,
];
/// Smoke, with as many faults as there are kinds.
const SMOKE: u64 = 48;
/// An hour is many networks, one after the other: each begins anew and is judged to its end.
const CHAPTER: u64 = 240;
/// Those that many calls at once are to exhaust.
const CONNECTIONS: [(&str, u32); 1] = [("notes", 8)];

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_nothing_is_lost_nothing_leaks_and_all_is_on_record() {
    let seconds = number("TRELLIS_FAULTS_SECONDS").unwrap_or(SMOKE);
    let first = number("TRELLIS_SEED").unwrap_or_else(|| rand::rng().random_range(0..1 << 48));
    let begun = Instant::now();
    for seed in first.. {
        let left = Duration::from_secs(seconds).saturating_sub(begun.elapsed());
        chapter(seed, left.min(Duration::from_secs(CHAPTER))).await;
        // A last one that is too short tests nothing.
        if begun.elapsed() + Duration::from_secs(SMOKE / 2) >= Duration::from_secs(seconds) {
            return;
        }
    }
}

async fn chapter(seed: u64, lasting: Duration) {
    println!("TRELLIS_SEED={seed}: faults for {lasting:?}");
    let begun = Instant::now();
    let book = Arc::new(Book::new(format!("canary{seed:012x}x")));
    let mut doing = set(&book).await;
    let started = begun.elapsed();
    let mut actors = actors(seed, &doing);
    let mut on_record = OnRecord::of(&doing).await;
    let begun = Instant::now();
    let mut traces = Traces::default();
    for (n, fault) in Faults::of(seed).enumerate() {
        // Each kind once, whatever that takes.
        if n >= Kind::ALL.len() && begun.elapsed() >= lasting {
            break;
        }
        let met = Instant::now();
        doing.meet(&fault).await;
        on_record.holds(&book).await;
        traces.look_at(&doing);
        println!("{:>6.1?} {:?}: {:.1?}", begun.elapsed(), fault, met.elapsed());
        if !book.all_broken().is_empty() {
            break;
        }
    }
    book.stop.store(true, SeqCst);
    while let Some(ended) = actors.join_next().await {
        if let Err(error) = ended {
            book.broken(Clause::Answered, format!("an actor: {error}"));
        }
    }
    let open = book.open.lock().unwrap().len();
    judge::all_or_nothing(&doing).await;
    judge::settled(&doing).await;
    let kept = judge::all_or_nothing(&doing).await;
    let lost = judge::acknowledged(&book, &kept, doing.lanes.len());
    on_record.holds(&book).await;
    if book.all_broken().is_empty() {
        judge::something_was_done(&book);
    }
    let judged = Instant::now();
    judge::verified(&mut doing).await;
    traces.look_at(&doing);
    judge::says_nothing(&doing, &traces);
    let count = |n: &std::sync::atomic::AtomicUsize| n.load(SeqCst);
    let leaks = [Clause::Revoked, Clause::Secret, Clause::Closed];
    let figures = format!(
        "started in {started:.1?}, faults for {:.1?}, ended in {:.1?}\n\
         writes acknowledged {}, repeated {}, not known for a time {open}, lost {lost}\n\
         reads served {}, refused {}, overtaken {}, unanswered calls {}, leaks {}\n\
         records {}, disclosures checked {}, unrecorded {}; {} kB of traces",
        begun.elapsed(),
        judged.elapsed(),
        book.acked.lock().unwrap().len(),
        count(&book.repeated),
        count(&book.served),
        count(&book.refused),
        count(&book.overtaken),
        count(&book.away),
        leaks.map(|clause| book.breaches(clause)).iter().sum::<usize>(),
        on_record.records,
        on_record.checked,
        book.breaches(Clause::Recorded),
        traces.bytes / 1_000,
    );
    let figures = format!("{}\n{figures}", table(&doing.sums));
    println!("{figures}");
    if let Some(folder) = std::env::var_os("TRELLIS_FIGURES") {
        let shown = format!("## Faults, seed {seed}\n\n```\n{figures}\n```\n");
        std::fs::write(std::path::Path::new(&folder).join("faults.md"), shown).unwrap();
    }
    let broken = book.all_broken();
    assert!(broken.is_empty(), "TRELLIS_SEED={seed}:\n{}", broken.join("\n"));
}

/// A network, people with their consents, and something to see by whether it works.
async fn set(book: &Arc<Book>) -> Doing {
    let net = Proxied::start(&CONNECTIONS).await;
    let network = net.processes.network();
    let world = Arc::new(World::new(network).await);
    let mut lanes = Vec::new();
    let mut consent = String::new();
    for (number, course) in COURSES.into_iter().enumerate() {
        let person = world.person(network).await;
        if course == Course::Steady {
            consent = world.consent(&person, &world.agencies.housing).await.name;
        }
        lanes.push(Lane::new(number, course, person));
    }
    let lanes = Arc::new(lanes);
    let probe = Probe { lane: 0, note: String::new(), consent };
    let (sums, book) = (BTreeMap::new(), Arc::clone(book));
    let mut doing = Doing { net, world, lanes, book, probe, sums };
    doing.probe.note = Writer::new(0, &doing.lanes, &doing.world, &doing.book).first().await;
    doing
}

fn actors(seed: u64, doing: &Doing) -> JoinSet<()> {
    let mut actors = JoinSet::new();
    let (lanes, world, book) = (&doing.lanes, &doing.world, &doing.book);
    let reader =
        Reader { lanes: Arc::clone(lanes), world: Arc::clone(world), book: Arc::clone(book) };
    for lane in 0..lanes.len() {
        let part = lane as u64;
        actors.spawn(Writer::new(lane, lanes, world, book).run(Steps::of(seed, lane)));
        actors.spawn(reader.clone().under_consent(lane, random(seed, 200 + part)));
    }
    actors.spawn(reader.clone().without_permit(random(seed, 300)));
    actors.spawn(reader.clone().around(random(seed, 301)));
    actors.spawn(reader.watching());
    actors
}

fn table(sums: &BTreeMap<Kind, doing::Sum>) -> String {
    let head = format!(
        "{:<32}{:>8}{:>10}{:>22}{:>16}",
        "fault", "met", "survived", "writes acknowledged", "slowest back"
    );
    let row = |(kind, sum): (&Kind, &doing::Sum)| {
        let slowest = format!("{:.1?}", sum.slowest);
        let (name, met, survived, acked) = (kind.name(), sum.faults, sum.survived, sum.acked);
        format!("{name:<32}{met:>8}{survived:>10}{acked:>22}{slowest:>16}")
    };
    let rows: Vec<String> = std::iter::once(head).chain(sums.iter().map(row)).collect();
    rows.join("\n")
}
