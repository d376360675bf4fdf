//! A ledger that contradicts itself is not followed further.

use std::{
    io::Write,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use ledger::Event;
use tokio_stream::Stream;
use tonic::{Code, Request, Response, Status, async_trait};
use wire::{
    audit::v1::{
        FollowLedgerRequest, FollowLedgerResponse, GetLedgerConsistencyRequest,
        GetLedgerConsistencyResponse, GetLedgerHeadRequest, GetLedgerHeadResponse,
        GetLedgerInclusionRequest, GetLedgerInclusionResponse, LedgerLeaf, LedgerRecord,
        ledger_service_server::LedgerService,
    },
    convert::timestamp,
};

use crate::world::*;

type Steps = Vec<FollowLedgerResponse>;
type Records = Pin<Box<dyn Stream<Item = Result<FollowLedgerResponse, Status>> + Send>>;

/// Answers its first call with the first script, and so on. A script's end is its stream's end;
/// after the last, silence.
#[derive(Clone, Default)]
struct Scripted {
    scripts: Arc<Mutex<Vec<Steps>>>,
    after: Arc<Mutex<Vec<i64>>>,
    /// Of every record.
    leaf: Arc<Mutex<Option<LedgerLeaf>>>,
}

impl Scripted {
    fn playing(scripts: impl IntoIterator<Item = Steps>) -> Self {
        let mut scripts: Vec<Steps> = scripts.into_iter().collect();
        scripts.reverse();
        Self { scripts: Arc::new(Mutex::new(scripts)), ..Self::default() }
    }

    fn after(&self) -> Vec<i64> {
        self.after.lock().unwrap().clone()
    }
}

#[async_trait]
impl LedgerService for Scripted {
    type FollowLedgerStream = Records;

    async fn follow_ledger(
        &self,
        request: Request<FollowLedgerRequest>,
    ) -> Result<Response<Records>, Status> {
        self.after.lock().unwrap().push(request.into_inner().after);
        let script = self.scripts.lock().unwrap().pop();
        Ok(Response::new(match script {
            Some(steps) => Box::pin(tokio_stream::iter(steps.into_iter().map(Ok))),
            None => Box::pin(tokio_stream::pending()),
        }))
    }

    async fn get_ledger_head(
        &self,
        _: Request<GetLedgerHeadRequest>,
    ) -> Result<Response<GetLedgerHeadResponse>, Status> {
        Err(Status::internal("no head"))
    }

    /// Another's record.
    async fn get_ledger_inclusion(
        &self,
        _: Request<GetLedgerInclusionRequest>,
    ) -> Result<Response<GetLedgerInclusionResponse>, Status> {
        let leaf = self.leaf.lock().unwrap().clone();
        Ok(Response::new(GetLedgerInclusionResponse { leaf, hashes: Vec::new() }))
    }

    async fn get_ledger_consistency(
        &self,
        _: Request<GetLedgerConsistencyRequest>,
    ) -> Result<Response<GetLedgerConsistencyResponse>, Status> {
        Err(Status::unavailable("away"))
    }
}

#[tokio::test]
async fn what_a_service_cannot_say_is_unavailable_and_anothers_record_is_shown_to_nobody() {
    let world = World::new().await;
    let (hers, others) = (world.read(JANE), world.next_read(ELSE));
    let scripted = Scripted::playing([vec![step(&[(1, &hers)])]]);
    let running = world.serve(&["notes"], scripted.clone()).await;
    let audit = world.audit_of(vec![("notes", world.peer("notes", running.addr()))], false).await;
    world.reaches("notes", 1).await;
    let jane = world.jane(&audit);
    for refused in [
        jane.head("notes").await.map(|_| ()).unwrap_err(),
        jane.consistency("notes", 1, 2).await.map(|_| ()).unwrap_err(),
    ] {
        assert_eq!(refused.code(), Code::Unavailable);
    }
    let leaf = |event: &Event| LedgerLeaf {
        event_id: hers.event_id.to_string(),
        detail: event.leaf().unwrap(),
        ..LedgerLeaf::default()
    };
    let another = Event { event_id: others.event_id, ..hers.clone() };
    for leaf in [None, Some(leaf(&others)), Some(leaf(&another))] {
        *scripted.leaf.lock().unwrap() = leaf;
        assert_eq!(jane.inclusion(JANE, "notes", 1, 1).await.unwrap_err().code(), Code::Internal);
    }
    *scripted.leaf.lock().unwrap() = Some(leaf(&hers));
    jane.inclusion(JANE, "notes", 1, 1).await.unwrap();
}

fn record(sequence: i64, event: &Event) -> LedgerRecord {
    LedgerRecord {
        sequence,
        event_id: event.event_id.to_string(),
        time: Some(timestamp(event.occurred_at)),
        person: event.person.map(|p| format!("people/{p}")).unwrap_or_default(),
        permitted: event.outcome == ledger::Outcome::Permit,
        detail: event.leaf().unwrap(),
    }
}

fn step(records: &[(i64, &Event)]) -> FollowLedgerResponse {
    let reached = records.last().map_or(0, |(n, _)| *n);
    FollowLedgerResponse { records: records.iter().map(|(n, e)| record(*n, e)).collect(), reached }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// What this thread logs from here on, which is all of a test's.
    fn begin(&self) -> tracing::subscriber::DefaultGuard {
        let writer = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::set_default(subscriber)
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Plays the scripts, waits until the follower has given up, and returns what it had kept and how
/// often it had asked.
async fn given_up(world: &World, scripts: Vec<Steps>, because: &str) -> (Vec<i64>, Vec<i64>) {
    let log = Log::default();
    let _logging = log.begin();
    let script = Scripted::playing(scripts);
    let running = world.serve(&["notes"], script.clone()).await;
    let audit = world.audit_of(vec![("notes", world.peer("notes", running.addr()))], false).await;
    tokio::time::timeout(Duration::from_secs(10), audit.app.followers_ended()).await.unwrap();
    let rows = world.rows("notes").await;
    assert_eq!(world.position("notes").await, i64::try_from(rows.len()).unwrap());
    let text = log.text();
    let alarm: Vec<&str> = text.lines().filter(|l| l.contains("alarm=\"ledger\"")).collect();
    assert_eq!(alarm.len(), 1, "{text}");
    assert!(alarm[0].contains("ERROR") && alarm[0].contains(because), "{}", alarm[0]);
    for secret in [&*JANE.to_string(), &*ELSE.to_string(), "kim", "b1"] {
        assert!(!alarm[0].contains(secret), "{}", alarm[0]);
    }
    (rows.into_iter().map(|(n, _)| n).collect(), script.after())
}

#[tokio::test]
async fn a_gap_stops_the_follower_and_the_position_stays() {
    let world = World::new().await;
    let events: Vec<Event> = (0..4).map(|_| world.next_read(JANE)).collect();
    let scripts = vec![vec![step(&[(1, &events[0]), (2, &events[1])]), step(&[(4, &events[3])])]];
    let (kept, asked) = given_up(&world, scripts, "a gap: after number 2 came 4").await;
    assert_eq!((kept, asked), (vec![1, 2], vec![0]));
}

#[tokio::test]
async fn a_gap_in_the_middle_of_a_batch_keeps_nothing_of_the_batch() {
    let world = World::new().await;
    let events: Vec<Event> = (0..3).map(|_| world.next_read(JANE)).collect();
    let scripts = vec![vec![step(&[(1, &events[0]), (3, &events[2])])]];
    let (kept, _) = given_up(&world, scripts, "a gap: after number 1 came 3").await;
    assert_eq!(kept, [] as [i64; 0]);
}

#[tokio::test]
async fn a_ledger_that_says_it_has_told_more_than_it_has_is_a_gap() {
    let world = World::new().await;
    let event = world.read(JANE);
    let beyond = FollowLedgerResponse { reached: 2, ..step(&[(1, &event)]) };
    let (kept, _) = given_up(&world, vec![vec![beyond]], "a gap: after number 1 came 2").await;
    assert_eq!(kept, [] as [i64; 0]);
}

#[tokio::test]
async fn another_event_at_a_number_that_was_read_stops_the_follower() {
    let world = World::new().await;
    let events: Vec<Event> = (0..3).map(|_| world.next_read(JANE)).collect();
    let of_somebody_else = world.next_read(ELSE);
    let scripts = vec![
        vec![step(&[(1, &events[0]), (2, &events[1])])],
        vec![step(&[(2, &of_somebody_else), (3, &events[2])])],
    ];
    let (kept, asked) = given_up(&world, scripts, "number 2 holds another event").await;
    assert_eq!((kept, asked), (vec![1, 2], vec![0, 2]));
}

#[tokio::test]
async fn one_event_at_two_numbers_stops_the_follower() {
    let world = World::new().await;
    let event = world.read(JANE);
    let scripts = vec![vec![step(&[(1, &event)]), step(&[(2, &event)])]];
    let (kept, _) = given_up(&world, scripts, "after number 1 can't be kept").await;
    assert_eq!(kept, [1]);
}

#[tokio::test]
async fn what_was_read_before_is_taken_again_without_harm() {
    let world = World::new().await;
    let events: Vec<Event> = (0..3).map(|_| world.next_read(JANE)).collect();
    let script = Scripted::playing([
        vec![step(&[(1, &events[0]), (2, &events[1])])],
        vec![step(&[(1, &events[0]), (2, &events[1]), (3, &events[2])])],
    ]);
    let running = world.serve(&["notes"], script.clone()).await;
    let peer = world.peer("notes", running.addr());
    let audit = world.audit_of(vec![("notes", peer)], false).await;
    // The third call is made from beyond what was told: the stream ended, and it goes on.
    until("a third call", async || script.after().len() == 3).await;
    assert_eq!(script.after(), [0, 2, 3]);
    assert_eq!(world.rows("notes").await.len(), 3);
    assert_eq!(world.jane(&audit).of(JANE).await.unwrap().disclosures.len(), 3);
}

#[tokio::test]
async fn an_event_that_is_not_what_its_record_says_stops_the_follower() {
    let world = World::new().await;
    let event = world.read(JANE);
    let good = record(1, &event);
    let odd = [
        LedgerRecord { detail: "{}".into(), ..good.clone() },
        LedgerRecord { detail: String::new(), ..good.clone() },
        LedgerRecord { person: format!("people/{ELSE}"), ..good.clone() },
        LedgerRecord { person: String::new(), ..good.clone() },
        LedgerRecord { person: "people/x".into(), ..good.clone() },
        LedgerRecord { permitted: false, ..good.clone() },
        LedgerRecord { time: None, ..good.clone() },
        LedgerRecord { event_id: uuid::Uuid::from_u128(9).to_string(), ..good.clone() },
        // Codes that could not be shown.
        record(1, &Event { bases: vec!["MAGIC".into()], ..event.clone() }),
        record(1, &Event { obligations: vec!["DANCE".into()], ..event.clone() }),
        record(
            1,
            &Event {
                caller: ledger::Caller { kind: "GHOST".into(), ..event.caller.clone() },
                ..event.clone()
            },
        ),
    ];
    for odd in odd {
        let step = FollowLedgerResponse { records: vec![odd], reached: 1 };
        let (kept, _) =
            given_up(&world, vec![vec![step]], "the event at number 1 makes no sense").await;
        assert_eq!(kept, [] as [i64; 0]);
    }
}

#[tokio::test]
async fn one_ledger_in_disorder_does_not_stop_the_others() {
    let world = World::new().await;
    let event = world.read(JANE);
    let script = Scripted::playing([vec![step(&[(7, &event)])]]);
    let running = world.serve(&["notes"], script.clone()).await;
    let sources = vec![
        ("notes", world.peer("notes", running.addr())),
        ("consent", world.peer("consent", world.upstream.addr())),
    ];
    let audit = world.audit_of(sources, false).await;
    until("the first has asked", async || script.after().len() == 1).await;
    world.consent.record(world.next_read(JANE)).await.unwrap();
    world.reaches("consent", 1).await;
    let told = world.jane(&audit).of(JANE).await.unwrap();
    let notes = told.positions.iter().find(|p| p.service == "notes").unwrap();
    assert_eq!((notes.sequence, notes.as_of), (0, None));
    assert_eq!(told.disclosures.len(), 1);
}
