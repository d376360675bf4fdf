use std::sync::atomic::{AtomicU32, Ordering};

use kernel::Clock as _;
use permit::Call;
use pg::{Scope, StoreError, requests::keep_answer};
use prost::Message as _;
use rpc::{Conflict, Error, InTx, Replay, Request};
use testkit::fakes::Stage;
use uuid::Uuid;
use wire::notes::v1::{Note, SignNoteRequest, SignNoteResponse};

use crate::{LIST, WRITE, call_of, clock, sign_ins};

struct World {
    stage: Stage,
    call: Call,
    writes: AtomicU32,
    person: Uuid,
}

fn message(request_id: Uuid, etag: &str) -> SignNoteRequest {
    let name = format!("notes/{}", Uuid::from_u128(1));
    SignNoteRequest { request_id: request_id.to_string(), name, etag: etag.to_owned() }
}

fn request(call: &Call, request_id: Uuid, etag: &str) -> Request {
    let message = message(request_id, etag);
    Request::new(call, &message.request_id, &message).unwrap()
}

impl World {
    async fn new() -> Self {
        let stage = Stage::set(async |admin, service| {
            pg::migrate(admin, service, &[&ledger::MIGRATIONS]).await
        });
        let call = call_of(&sign_ins(&clock()).await, "dr-c", WRITE).await;
        let person = Uuid::new_v4();
        Self { stage: stage.await, call, writes: AtomicU32::new(0), person }
    }

    /// Writes, and keeps the answer: the count of the writes as a version.
    async fn write(&self, once: &Request) -> Result<(SignNoteResponse, &'static str), InTx> {
        let version = self.writes.fetch_add(1, Ordering::Relaxed).try_into().unwrap();
        let note = Some(Note { version, ..Note::default() });
        let reply = SignNoteResponse { note, disclosure: None };
        let (key, person, answer) = (once.key.clone(), self.person, reply.encode_to_vec());
        let at = clock().now();
        let scope = Scope::person(person);
        let kept = self.stage.db.try_tx("test.write", scope, None, move |tx| {
            let (key, answer) = (key.clone(), answer.clone());
            Box::pin(async move {
                keep_answer(tx, &key, person, Uuid::from_u128(1), &answer, at).await?;
                Ok::<_, InTx>(())
            })
        });
        kept.await?;
        Ok((reply, "written"))
    }

    /// Version of the answer, and how it came about.
    async fn once(&self, once: &Request) -> Result<(i32, &'static str), Error> {
        self.racing(once, async || Ok(())).await
    }

    /// `first` happens after the request was found to be new, and before it is written.
    async fn racing(
        &self,
        once: &Request,
        first: impl AsyncFnOnce() -> Result<(), InTx>,
    ) -> Result<(i32, &'static str), Error> {
        let write = async {
            first().await?;
            self.write(once).await
        };
        let again = async |replay: Replay| {
            assert_eq!(replay.record_id, Uuid::from_u128(1));
            Ok("again")
        };
        let (reply, how) = once.written(&self.stage.db, write, again).await?;
        Ok((reply.note.unwrap().version, how))
    }
}

#[tokio::test]
async fn a_request_is_written_once_and_then_answered_as_the_first_time() {
    let world = World::new().await;
    let one = request(&world.call, Uuid::new_v4(), "1");
    assert_eq!(world.once(&one).await.unwrap(), (0, "written"));
    assert_eq!(world.once(&one).await.unwrap(), (0, "again"));
    assert_eq!(world.writes.load(Ordering::Relaxed), 1);
    // Another request is another write.
    let other = request(&world.call, Uuid::new_v4(), "1");
    assert_eq!(world.once(&other).await.unwrap(), (1, "written"));
}

#[tokio::test]
async fn the_same_request_that_lands_meanwhile_is_answered_and_not_an_error() {
    let world = World::new().await;
    let one = request(&world.call, Uuid::new_v4(), "1");
    let meanwhile = async || world.write(&one).await.map(drop);
    assert_eq!(world.racing(&one, meanwhile).await.unwrap(), (0, "again"));
    assert_eq!(world.writes.load(Ordering::Relaxed), 2, "the second was rolled back");
    // It may also be what moved the state.
    let two = request(&world.call, Uuid::new_v4(), "1");
    let moved = async || {
        world.write(&two).await?;
        Err(Error::Conflict(Conflict::Stale).into())
    };
    assert_eq!(world.racing(&two, moved).await.unwrap(), (2, "again"));
}

#[tokio::test]
async fn a_conflict_of_anothers_making_stays_one() {
    let world = World::new().await;
    for conflict in [Conflict::Stale, Conflict::ConsentNeeded] {
        let one = request(&world.call, Uuid::new_v4(), "1");
        let expected = conflict.clone();
        let moved = async || Err(Error::Conflict(conflict).into());
        let error = world.racing(&one, moved).await.unwrap_err();
        assert!(matches!(error, Error::Conflict(c) if c == expected));
    }
    let one = request(&world.call, Uuid::new_v4(), "1");
    let bad = async || Err(StoreError::BadRow { what: "a row" }.into());
    assert!(matches!(world.racing(&one, bad).await, Err(Error::Internal(_))));
}

#[tokio::test]
async fn a_request_id_is_good_for_one_payload_and_one_method() {
    let world = World::new().await;
    let id = Uuid::new_v4();
    world.once(&request(&world.call, id, "1")).await.unwrap();
    let reused = |done: Result<(i32, &str), Error>| {
        matches!(done, Err(Error::Conflict(Conflict::RequestIdReused)))
    };
    assert!(reused(world.once(&request(&world.call, id, "2")).await));
    let method = call_of(&sign_ins(&clock()).await, "dr-c", LIST).await;
    assert!(reused(world.once(&request(&method, id, "1")).await));
    // Also when the other one lands meanwhile.
    let id = Uuid::new_v4();
    let (one, other) = (request(&world.call, id, "1"), request(&world.call, id, "2"));
    let meanwhile = async || world.write(&other).await.map(drop);
    assert!(reused(world.racing(&one, meanwhile).await));
}

#[tokio::test]
async fn anothers_request_id_means_nothing_and_a_replay_is_authorized_first() {
    let world = World::new().await;
    let id = Uuid::new_v4();
    let one = request(&world.call, id, "1");
    world.once(&one).await.unwrap();
    let other = call_of(&sign_ins(&clock()).await, "dr-d", WRITE).await;
    assert_eq!(world.once(&request(&other, id, "1")).await.unwrap(), (1, "written"));
    let write = world.write(&one);
    let refused = async |_| Err::<(), _>(Error::NotFound);
    let write = async { write.await.map(|(reply, _)| (reply, ())) };
    let replayed = one.written::<SignNoteResponse, _, _, _, _>(&world.stage.db, write, refused);
    assert!(matches!(replayed.await, Err(Error::NotFound)));
}

#[tokio::test]
async fn a_request_id_is_a_uuid_and_not_the_nil_one() {
    let world = World::new().await;
    for bad in ["", "x", "00000000-0000-0000-0000-000000000000"] {
        let message = message(Uuid::nil(), "1");
        let error = Request::new(&world.call, bad, &message).unwrap_err();
        assert!(matches!(error, Error::Invalid(v) if v[0].field == "request_id"), "{bad}");
    }
}
