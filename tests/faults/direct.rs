//! One fault, and what everybody is told.

use std::time::{Duration, Instant};

use futures::future::join_all;
use pg::hold::{Hold, Mode as Held};
use testkit::proxy::{Mode, Towards};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use trellis_tests::{
    Actor, BOUND, Person, World, disk_full, note_about, reached, reached_by, request_id, served,
    until,
};
use wire::{
    audit::v1::ListDisclosuresRequest,
    notes::v1::{CreateNoteRequest, GetNoteRequest, ListNotesRequest, Note},
};

use crate::proxied::Proxied;

/// Connections that the notes service has, where it matters.
const FEW: u32 = 4;
/// How much later than its deadline a call may end on a machine that is busy.
const SLACK: Duration = Duration::from_millis(1_500);
/// What "at once" is.
const FAST: Duration = Duration::from_secs(2);

/// A person whose notes the housing agency may read, and one such note.
struct Scene {
    net: Proxied,
    world: World,
    person: Person,
    note: String,
}

impl Scene {
    async fn set() -> Self {
        let net = Proxied::start(&[("notes", FEW)]).await;
        let world = World::new(net.processes.network()).await;
        let person = world.person(net.processes.network()).await;
        world.consent(&person, &world.agencies.housing).await;
        let note = world.note(&person).await.name;
        Self { net, world, person, note }
    }

    async fn read(&self, by: &Actor) -> Result<Note, Status> {
        let get = GetNoteRequest { name: self.note.clone(), version: 0 };
        by.notes().get_note(get).await.map(|reply| reply.into_inner().note.unwrap())
    }

    async fn reads_again(&self) -> Duration {
        let begun = Instant::now();
        let reads = || async { self.read(&self.world.manager).await.ok() };
        until("it reads again", BOUND, reads).await;
        begun.elapsed()
    }

    async fn create(&self, request: CreateNoteRequest) -> Result<Note, Status> {
        let reply = self.world.clinician.notes().create_note(request).await?;
        Ok(reply.into_inner().note.unwrap())
    }

    /// On a busy machine the moment between the last question and the COMMIT may be too short. That alone is tried again.
    async fn created(&self, request: CreateNoteRequest) -> Note {
        let missed = says(Code::Unavailable, "CONSENT_SERVICE_UNAVAILABLE");
        for _ in 0..20 {
            match self.create(request.clone()).await {
                Err(status) if told(&status) == missed => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                done => return done.unwrap(),
            }
        }
        panic!("not in twenty attempts");
    }

    async fn notes(&self) -> usize {
        let person = self.person.name.clone();
        let list = ListNotesRequest { page_size: 200, person, ..ListNotesRequest::default() };
        served!(self.world.clinician.notes(), list_notes, list).notes.len()
    }
}

/// What a caller is told: the code, and the reason that goes with it.
fn told(status: &Status) -> (Code, String) {
    let info = status.get_details_error_info();
    (status.code(), info.map(|info| info.reason).unwrap_or_default())
}

/// The caller's deadline passed: the service says so, or the caller does, whoever is first.
fn is_late(code: Code) -> bool {
    matches!(code, Code::DeadlineExceeded | Code::Cancelled)
}

fn says(code: Code, reason: &str) -> (Code, String) {
    (code, reason.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_stalled_database_deadlines_are_kept_and_nothing_is_left_of_it() {
    let scene = Scene::set().await;
    let patient = scene.world.manager.with_deadline(Duration::from_secs(2));
    scene.net.database("notes").set(Mode::Stall);
    let begun = Instant::now();
    let stuck = join_all((0..FEW).map(|_| scene.read(&patient))).await;
    assert!(begun.elapsed() < Duration::from_secs(2) + SLACK, "{:?}", begun.elapsed());
    for refused in stuck {
        let code = refused.unwrap_err().code();
        assert!(is_late(code) || code == Code::Unavailable, "{code:?}");
    }
    scene.net.database("notes").set(Mode::Pass);
    let took = scene.reads_again().await;
    assert!(took < FAST, "{took:?} until it read again");
    scene.created(note_about(&scene.person.name)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_slow_database_everything_is_slower_and_right() {
    let scene = Scene::set().await;
    let usual = scene.read(&scene.world.manager).await.unwrap();
    scene.net.database("notes").set(Mode::Delay(Duration::from_millis(1)));
    scene.created(note_about(&scene.person.name)).await;
    let delay = Duration::from_millis(60);
    scene.net.database("notes").set(Mode::Delay(delay));
    let begun = Instant::now();
    assert_eq!(scene.read(&scene.world.manager).await.unwrap(), usual);
    assert!(begun.elapsed() >= delay * 2, "it did not go through the proxy");
    // So far away no write comes from its decision to its COMMIT within the fence.
    let refused = scene.create(note_about(&scene.person.name)).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
    scene.net.database("notes").set(Mode::Pass);
    assert_eq!(scene.notes().await, 2, "what was refused was written");
    let impatient = scene.world.manager.with_deadline(Duration::from_millis(300));
    scene.net.database("notes").set(Mode::Delay(Duration::from_secs(1)));
    let begun = Instant::now();
    let refused = scene.read(&impatient).await.unwrap_err();
    assert!(is_late(refused.code()), "{refused:?}");
    assert!(begun.elapsed() < Duration::from_millis(300) + SLACK, "{:?}", begun.elapsed());
    scene.net.database("notes").set(Mode::Pass);
    scene.reads_again().await;
}

/// Until every connection that lost something has been given up, and another one made.
async fn half_dead(towards: Towards) {
    let scene = Scene::set().await;
    let patient = scene.world.manager.with_deadline(Duration::from_secs(2));
    scene.net.database("notes").set(Mode::Drop(towards));
    let begun = Instant::now();
    for refused in join_all((0..FEW).map(|_| scene.read(&patient))).await {
        let code = refused.unwrap_err().code();
        assert!(is_late(code) || code == Code::Unavailable, "{code:?}");
    }
    assert!(begun.elapsed() < Duration::from_secs(2) + SLACK, "{:?}", begun.elapsed());
    // The connections are lost for ever; nobody is told so.
    scene.net.database("notes").set(Mode::Pass);
    let took = scene.reads_again().await;
    println!("half dead towards {towards:?}: read again after {took:?}");
    // What one statement may take, and the beginning of another.
    assert!(took < Duration::from_secs(11), "{took:?} until it read again");
    scene.created(note_about(&scene.person.name)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_hears_nothing_is_given_up_and_reached_anew() {
    half_dead(Towards::Server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_whose_answers_are_lost_is_given_up_and_reached_anew() {
    half_dead(Towards::Client).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_in_whose_middle_the_connection_is_reset_is_told_as_not_known_and_lands_once() {
    let scene = Scene::set().await;
    for said in [true, false] {
        let before = scene.notes().await;
        let request = note_about(&scene.person.name);
        scene.net.database("notes").set(Mode::CutAt { word: "COMMIT", said });
        let unknown = scene.create(request.clone()).await.unwrap_err();
        scene.net.database("notes").set(Mode::Pass);
        assert_eq!(told(&unknown), says(Code::Unavailable, "OUTCOME_UNKNOWN"));
        // It was told that nobody knows; here one does.
        assert_eq!(scene.notes().await, before + usize::from(said), "said: {said}");
        let first = scene.created(request.clone()).await;
        let second = scene.created(request).await;
        assert_eq!(first, second);
        assert_eq!(scene.notes().await, before + 1, "said: {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_resets_and_refuses_is_unavailable_and_back_at_once() {
    let scene = Scene::set().await;
    for mode in [Mode::Reset, Mode::Refuse] {
        let database = scene.net.database("notes");
        let before = database.broken();
        database.set(Mode::Reset);
        until("it is reset", BOUND, || async { (database.broken() > before).then_some(()) }).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        database.set(mode);
        let begun = Instant::now();
        let refused = scene.read(&scene.world.manager).await.unwrap_err();
        assert_eq!(told(&refused), says(Code::Unavailable, "DATABASE_UNAVAILABLE"));
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
        scene.net.database("notes").set(Mode::Pass);
        let took = scene.reads_again().await;
        assert!(took < FAST, "{took:?} until it read again");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_every_connection_taken_the_next_is_refused_at_once() {
    let scene = Scene::set().await;
    let url = scene.net.processes.admin_url();
    let mut hold = Hold::table(&url, "notes", "note", Held::Changes).await.unwrap();
    let all = join_all((0..FEW * 2).map(|_| scene.create(note_about(&scene.person.name))));
    let (all, ()) = tokio::join!(all, async {
        reached(&mut hold).await;
        // Until each connection is taken by one that waits; they would not wait for more than 2 s.
        reached_by(FEW.into(), Duration::from_millis(800), &mut hold).await;
        let begun = Instant::now();
        let refused = scene.create(note_about(&scene.person.name)).await.unwrap_err();
        assert_eq!(told(&refused), says(Code::ResourceExhausted, "OVERLOADED"));
        assert!(begun.elapsed() < FAST, "{:?}", begun.elapsed());
        // Before those that wait for a lock have waited too long.
        hold.let_go().await.unwrap();
    });
    let written = all.iter().filter(|written| written.is_ok()).count();
    assert!(written > 0, "{all:?}");
    for refused in all.into_iter().filter_map(Result::err) {
        assert_eq!(told(&refused), says(Code::ResourceExhausted, "OVERLOADED"));
    }
    assert_eq!(scene.notes().await, 1 + written);
}

/// However the consent service can't be heard: no permit, within the time that a decision may take.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consent_service_that_is_stopped_slow_or_cut_off_permits_nothing() {
    let mut scene = Scene::set().await;
    let refuses = async |scene: &Scene, what: &str| {
        let begun = Instant::now();
        let refused = scene.read(&scene.world.manager).await.unwrap_err();
        let unheard = says(Code::Unavailable, "CONSENT_SERVICE_UNAVAILABLE");
        assert_eq!(told(&refused), unheard, "{what}");
        assert!(begun.elapsed() < Duration::from_secs(2) + SLACK, "{what}: {:?}", begun.elapsed());
        let lost = scene.create(note_about(&scene.person.name)).await.unwrap_err();
        assert_eq!(lost.code(), Code::Unavailable, "{what}");
    };
    let before = scene.notes().await;
    scene.net.processes.process("consent").pause();
    refuses(&scene, "stopped").await;
    scene.net.processes.process("consent").resume();
    scene.reads_again().await;
    let modes = [
        Mode::Delay(Duration::from_secs(5)),
        Mode::Stall,
        Mode::Drop(Towards::Server),
        Mode::Drop(Towards::Client),
        Mode::Reset,
    ];
    for mode in modes {
        scene.net.peer("consent").set(mode.clone());
        refuses(&scene, &format!("{mode:?}")).await;
        scene.net.peer("consent").set(Mode::Pass);
        let took = scene.reads_again().await;
        println!("consent {mode:?}: read again after {took:?}");
        assert!(took < Duration::from_secs(12), "{mode:?}: {took:?} until it read again");
    }
    assert_eq!(scene.notes().await, before, "a write that was refused is there");
}

/// A person's own sign-in is known by the people service alone: without it nothing is told, and soon after it all is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_people_service_a_person_is_told_nothing_and_soon_after_it_all() {
    let scene = Scene::set().await;
    let own = &scene.person.actor;
    let told_of = || async {
        let (person, page_size) = (scene.person.name.clone(), 1);
        let list = ListDisclosuresRequest { person, page_size, ..Default::default() };
        own.audit().list_disclosures(list).await
    };
    for mode in [Mode::Stall, Mode::Drop(Towards::Server), Mode::Drop(Towards::Client)] {
        told_of().await.unwrap();
        scene.net.peer("people").set(mode.clone());
        let refused = told_of().await.unwrap_err();
        assert_eq!(told(&refused), says(Code::Unavailable, "CONSENT_SERVICE_UNAVAILABLE"));
        scene.net.peer("people").set(Mode::Pass);
        let begun = Instant::now();
        until("it is told again", BOUND, || async { told_of().await.ok() }).await;
        println!("people {mode:?}: told again after {:?}", begun.elapsed());
        assert!(begun.elapsed() < Duration::from_secs(12), "{mode:?}: {:?}", begun.elapsed());
    }
}

/// Questions are put together, one group after the other: whoever comes second waits no longer for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_behind_one_that_is_not_answered_waits_no_longer_than_that() {
    let scene = Scene::set().await;
    scene.net.peer("consent").set(Mode::Stall);
    let later = |after: u64| async move {
        tokio::time::sleep(Duration::from_millis(after)).await;
        Instant::now()
    };
    let read = async |after| {
        let begun = later(after).await;
        (scene.read(&scene.world.manager).await.unwrap_err().code(), begun.elapsed())
    };
    let (first, second) = tokio::join!(read(0), read(200));
    for (code, took) in [first, second] {
        assert_eq!(code, Code::Unavailable);
        assert!(took < Duration::from_secs(2) + SLACK, "{took:?}");
    }
    scene.net.peer("consent").set(Mode::Pass);
    assert!(scene.reads_again().await < FAST);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_full_disk_nothing_is_disclosed_or_written_and_with_room_all_is_as_before() {
    let scene = Scene::set().await;
    let url = scene.net.processes.admin_url();
    let request = note_about(&scene.person.name);
    disk_full(&url, "notes", true).await;
    let unread = scene.read(&scene.world.manager).await.unwrap_err();
    assert_eq!(told(&unread), says(Code::Unavailable, "AUDIT_UNAVAILABLE"));
    let unwritten = scene.create(request.clone()).await.unwrap_err();
    assert_eq!(unwritten.code(), Code::Unavailable, "{unwritten:?}");
    disk_full(&url, "notes", false).await;
    assert!(scene.reads_again().await < FAST);
    assert_eq!(scene.notes().await, 1, "what could not be recorded was written");
    assert_eq!(scene.created(request.clone()).await, scene.created(request).await);
    assert_eq!(scene.notes().await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_away_stalls_or_breaks_off_costs_nobody_anything() {
    let scene = Scene::set().await;
    let mut worst = Vec::new();
    for mode in [Mode::Pass, Mode::Stall, Mode::Reset, Mode::Refuse, Mode::Drop(Towards::Client)] {
        scene.net.to_collector.set(mode.clone());
        let mut took = Vec::new();
        for _ in 0..100 {
            let begun = Instant::now();
            scene.read(&scene.world.manager).await.unwrap();
            took.push(begun.elapsed());
        }
        took.sort_unstable();
        worst.push((mode, took[50], took[98]));
    }
    println!("collector: {worst:?}");
    let (_, usual, _) = worst[0];
    // An export that somebody waited for would take seconds; a busy machine takes some milliseconds.
    for (mode, median, _) in &worst {
        assert!(*median < usual * 3 + Duration::from_millis(50), "{mode:?}: {worst:?}");
    }
    let began = Instant::now();
    let create = || note_about(&scene.person.name);
    scene.created(CreateNoteRequest { request_id: request_id(), ..create() }).await;
    assert!(began.elapsed() < FAST);
}

/// As many as are in flight, held in the middle of their work while the service is told to end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_flight_at_sigterm_is_answered() {
    let mut scene = Scene::set().await;
    let url = scene.net.processes.admin_url();
    let mut hold = Hold::table(&url, "notes", "note_version", Held::Everything).await.unwrap();
    let reads = (0..FEW).map(|_| {
        let (reader, name) = (scene.world.manager.clone(), scene.note.clone());
        tokio::spawn(
            async move { reader.notes().get_note(GetNoteRequest { name, version: 0 }).await },
        )
    });
    let reads: Vec<_> = reads.collect();
    // Reads are put together: some wait, and the others for them.
    reached(&mut hold).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    scene.net.processes.process("notes").terminate();
    tokio::time::sleep(Duration::from_millis(300)).await;
    hold.let_go().await.unwrap();
    for read in join_all(reads).await {
        read.unwrap().expect("it was in flight");
    }
    let ended = scene.net.processes.process("notes").ended(BOUND);
    assert!(ended.is_some_and(|status| status.success()), "{ended:?}");
    scene.net.processes.start_again("notes").await;
    scene.reads_again().await;
}
