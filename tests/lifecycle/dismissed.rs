//! Services in separate processes: representatives read all the time, and are appointed and ended.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use tonic::Code;
use trellis_tests::{Actor, Network, Person, Processes, World, request_id, served};
use wire::{
    notes::v1::GetNoteRequest,
    people::v1::{AcceptInvitationRequest, EndRepresentativeRequest},
    recovery::v1::GetPlanRequest,
};

use crate::rounds;

const LANES: usize = 8;

/// One person: the epoch is odd from the moment that EndRepresentative has returned until somebody
/// is about to be appointed again.
struct Lane {
    person: Person,
    /// Who acts for them, on and off.
    reader: Actor,
    note: String,
    epoch: AtomicU64,
    stop: AtomicBool,
}

#[derive(Default)]
struct Seen {
    served: AtomicUsize,
    refused: AtomicUsize,
    violations: AtomicUsize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_read_that_starts_after_an_appointment_was_ended_is_served() {
    let processes = Processes::start().await;
    let world = Arc::new(World::new(processes.network()).await);
    let (seen, left) = (Arc::new(Seen::default()), Arc::new(AtomicUsize::new(rounds(80))));
    let done = rounds(80);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..LANES {
        let person = world.person(processes.network()).await;
        let note = world.note(&person).await.name;
        let (epoch, stop) = (AtomicU64::new(1), AtomicBool::new(false));
        let network = processes.network();
        let reader = network.actor(network.tokens.representative(&person.representative()));
        let lane = Arc::new(Lane { person, reader, note, epoch, stop });
        tasks.spawn(read_on(Arc::clone(&lane), Arc::clone(&seen)));
        let (world, left) = (Arc::clone(&world), Arc::clone(&left));
        let recorder = world.recorder(network);
        tasks.spawn(async move {
            while left.fetch_update(SeqCst, SeqCst, |n| n.checked_sub(1)).is_ok() {
                round(&world, &recorder, &lane).await;
            }
            lane.stop.store(true, SeqCst);
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    let count = |n: &AtomicUsize| n.load(SeqCst);
    let (served, refused) = (count(&seen.served), count(&seen.refused));
    let violations = count(&seen.violations);
    println!(
        "dismissed: {done} rounds, {served} served, {refused} refused, {violations} violations"
    );
    assert_eq!(violations, 0, "reads were served after the appointment was ended");
    assert!(served >= done / 4 && refused >= done / 4, "nothing was tested: {served} {refused}");
    a_sign_in_that_was_replaced_reads_nothing_more(&world, processes.network()).await;
}

/// Two sign-ins of one person, of which the later one always takes the other's place.
async fn a_sign_in_that_was_replaced_reads_nothing_more(world: &World, network: &Network) {
    let person = world.person(network).await;
    let note = world.note(&person).await.name;
    let get_note = || GetNoteRequest { name: note.clone(), version: 0 };
    let get_plan = || GetPlanRequest { person: person.name.clone() };
    let mut bound = person.actor.clone();
    let mut next = network.actor(network.tokens.person(&format!("{}-again", person.sub)));
    for _ in 0..4 {
        served!(bound.notes(), get_note, get_note());
        served!(bound.recovery(), get_plan, get_plan());
        let accept =
            AcceptInvitationRequest { request_id: request_id(), code: world.invite(&person).await };
        served!(next.people(), accept_invitation, accept);
        let notes = bound.notes().get_note(get_note()).await.map(drop);
        let plan = bound.recovery().get_plan(get_plan()).await.map(drop);
        for answer in [notes, plan] {
            assert_eq!(answer.unwrap_err().code(), Code::NotFound, "its place is taken");
        }
        std::mem::swap(&mut bound, &mut next);
    }
}

/// One round: appoint, let them read for a moment, end it, let them be refused for a moment.
async fn round(world: &World, recorder: &Actor, lane: &Lane) {
    lane.epoch.fetch_add(1, SeqCst);
    let name = world.appoint(recorder, &lane.person, &lane.reader).await;
    tokio::time::sleep(Duration::from_millis(15)).await;
    let end = EndRepresentativeRequest { request_id: request_id(), name };
    served!(lane.person.actor.people(), end_representative, end);
    lane.epoch.fetch_add(1, SeqCst);
    tokio::time::sleep(Duration::from_millis(15)).await;
}

async fn read_on(lane: Arc<Lane>, seen: Arc<Seen>) {
    let mut notes = lane.reader.notes();
    while !lane.stop.load(SeqCst) {
        let began = lane.epoch.load(SeqCst);
        let answer = notes.get_note(GetNoteRequest { name: lane.note.clone(), version: 0 }).await;
        match answer {
            Ok(_) => {
                seen.served.fetch_add(1, SeqCst);
                // Begun after the end had returned. An appointment that came meanwhile excuses it.
                if began % 2 == 1 && lane.epoch.load(SeqCst) == began {
                    seen.violations.fetch_add(1, SeqCst);
                }
            }
            Err(status) if status.code() == Code::NotFound => {
                seen.refused.fetch_add(1, SeqCst);
            }
            // Shed or too slow on a busy machine: nothing was disclosed.
            Err(status) => assert!(
                matches!(status.code(), Code::ResourceExhausted | Code::Unavailable),
                "{status:?}"
            ),
        }
    }
}
