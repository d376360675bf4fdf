//! Services in separate processes, readers at work all the time, rounds of grant and revoke.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use tonic::Code;
use trellis_tests::{Actor, Person, Processes, World};
use wire::{consent::v1::Consent, notes::v1::GetNoteRequest};

use crate::rounds;

/// People whose consents are granted and revoked at the same time.
const LANES: usize = 32;
const READERS: usize = 2;

/// One person's consent: the epoch is odd from the moment that RevokeConsent has returned until the
/// next consent is about to be signed.
struct Lane {
    person: Person,
    note: String,
    epoch: AtomicU64,
    stop: AtomicBool,
}

#[derive(Default)]
struct Seen {
    served: AtomicUsize,
    refused: AtomicUsize,
    /// Refused after they had begun under the consent.
    overtaken: AtomicUsize,
    violations: AtomicUsize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_read_that_starts_after_a_revocation_has_returned_is_served() {
    let processes = Processes::start().await;
    let world = Arc::new(World::new(processes.network()).await);
    let mut lanes = Vec::new();
    for _ in 0..LANES {
        let person = world.person(processes.network()).await;
        let note = world.note(&person).await.name;
        let (epoch, stop) = (AtomicU64::new(1), AtomicBool::new(false));
        lanes.push(Arc::new(Lane { person, note, epoch, stop }));
    }
    let seen = Arc::new(Seen::default());
    let left = Arc::new(AtomicUsize::new(rounds(400)));
    let done = Arc::new(AtomicUsize::new(0));
    let mut tasks = tokio::task::JoinSet::new();
    for lane in &lanes {
        for _ in 0..READERS {
            let reader = world.manager.clone();
            tasks.spawn(read_on(reader, Arc::clone(lane), Arc::clone(&seen)));
        }
        let (world, lane) = (Arc::clone(&world), Arc::clone(lane));
        let (left, done) = (Arc::clone(&left), Arc::clone(&done));
        tasks.spawn(async move {
            while left.fetch_update(SeqCst, SeqCst, |n| n.checked_sub(1)).is_ok() {
                round(&world, &lane).await;
                done.fetch_add(1, SeqCst);
            }
            lane.stop.store(true, SeqCst);
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    let count = |n: &AtomicUsize| n.load(SeqCst);
    println!(
        "revocation: {} rounds, {} reads served, {} refused, {} overtaken, {} violations",
        count(&done),
        count(&seen.served),
        count(&seen.refused),
        count(&seen.overtaken),
        count(&seen.violations)
    );
    assert_eq!(count(&seen.violations), 0, "reads were served after the revocation had returned");
    assert!(count(&seen.served) >= count(&done) / 4, "the readers hardly read: nothing was tested");
    assert!(count(&seen.refused) >= count(&done) / 4, "nothing was refused: nothing was tested");
}

/// One round: sign, let it be read for a moment, revoke, let it be refused for a moment.
async fn round(world: &World, lane: &Lane) {
    let terms = trellis_tests::terms(&world.agencies.clinic, &world.agencies.housing);
    let draft = world.own_draft(&lane.person, terms).await;
    lane.epoch.fetch_add(1, SeqCst);
    let consent: Consent = world.sign(&lane.person, &draft).await;
    tokio::time::sleep(Duration::from_millis(15)).await;
    world.revoke(&lane.person, &consent).await;
    lane.epoch.fetch_add(1, SeqCst);
    tokio::time::sleep(Duration::from_millis(15)).await;
}

async fn read_on(reader: Actor, lane: Arc<Lane>, seen: Arc<Seen>) {
    let mut notes = reader.notes();
    while !lane.stop.load(SeqCst) {
        let began = lane.epoch.load(SeqCst);
        let answer = notes.get_note(GetNoteRequest { name: lane.note.clone(), version: 0 }).await;
        let revoked_all_along = began % 2 == 1 && lane.epoch.load(SeqCst) == began;
        match answer {
            Ok(_) => {
                seen.served.fetch_add(1, SeqCst);
                // Begun after a revocation had returned. A grant that came meanwhile excuses it.
                if revoked_all_along {
                    seen.violations.fetch_add(1, SeqCst);
                }
            }
            Err(status) if status.code() == Code::NotFound => {
                seen.refused.fetch_add(1, SeqCst);
                if began.is_multiple_of(2) {
                    seen.overtaken.fetch_add(1, SeqCst);
                }
            }
            // Shed or too slow on a busy machine: nothing was disclosed.
            Err(status) => assert!(
                matches!(status.code(), Code::ResourceExhausted | Code::Unavailable),
                "{status:?}"
            ),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_returns_no_earlier_than_the_fence_and_not_much_later() {
    let processes = Processes::start().await;
    let world = World::new(processes.network()).await;
    let person = world.person(processes.network()).await;
    let consent = world.consent(&person, &world.agencies.housing).await;
    let begun = Instant::now();
    world.revoke(&person, &consent).await;
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(100), "{took:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
}
