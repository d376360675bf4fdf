//! Nobody takes from the others: so many calls a second, and so many at once.

use std::sync::Arc;
use std::time::Duration;

use http::Request;
use serve::{Running, Server, ShareLayer, Sharer};
use tonic::Code;
use tonic::body::Body;
use tonic_types::StatusExt;
use tower::layer::util::Stack;
use tower::util::MapRequestLayer;

use crate::echo::{Echo, State, descriptors};
use crate::support::{Client, Reply, config, frame, soon, until};

/// A server that believes whoever a header says that the caller is.
async fn start(text: &str) -> (Running, Arc<State>) {
    let echo = Echo::default();
    let state = Arc::clone(&echo.0);
    let config = config(text);
    let shares = ShareLayer::new(&config.shares, |of: &http::Extensions| of.get().copied());
    let known = MapRequestLayer::new(|mut request: Request<Body>| {
        let said = request.headers().get("who").map(|who| who.to_str().unwrap().to_owned());
        let who = said.and_then(|who| {
            let (kind, key) = who.split_once('-')?;
            let key = key.parse().unwrap();
            Some(if kind == "agency" { Sharer::Agency(key) } else { Sharer::Individual(key) })
        });
        who.map(|who: Sharer| request.extensions_mut().insert(who));
        request
    });
    let builder = Server::builder(config).add_service(echo).descriptors(descriptors());
    (builder.auth(Stack::new(shares, known)).start().await.unwrap(), state)
}

async fn says(client: &Client, who: &str, text: &str) -> Reply {
    soon(client.call("test.Echo/Say", text, &[("who", who)])).await.unwrap()
}

fn is_limited(reply: &Reply, what: &str, limit: &str) -> Duration {
    assert_eq!((reply.code(), &*reply.reason()), (Code::ResourceExhausted, "RATE_LIMITED"));
    let details = reply.status.as_ref().unwrap().get_error_details();
    let metadata = &details.error_info().unwrap().metadata;
    assert_eq!((&*metadata["what"], &*metadata["limit"]), (what, limit));
    details.retry_info().unwrap().retry_delay.unwrap()
}

const SMALL: &str = "[shares.agency]\nper_second = 2\nburst = 4\ncalls = 100\nstreams = 100\n\
    [shares.individual]\nper_second = 1\nburst = 1\ncalls = 100\nstreams = 100";

#[tokio::test]
async fn whoever_asks_too_often_is_told_when_to_come_again_and_the_others_are_served() {
    let (server, _) = start(SMALL).await;
    let client = Client::to(server.addr()).await;
    let begun = std::time::Instant::now();
    let mut refused = Vec::new();
    for _ in 0..20 {
        let reply = says(&client, "agency-1", "hello").await;
        if reply.code() != Code::Ok {
            refused.push(is_limited(&reply, "calls a second", "2"));
        }
    }
    let most = 4 + 2 * (begun.elapsed().as_secs() + 1);
    assert!(20 - refused.len() as u64 <= most, "{} refused", refused.len());
    // No longer than until the next call is due.
    assert!(refused.iter().all(|wait| *wait <= Duration::from_millis(502)), "{refused:?}");
    // Another agency, a person by the same number, and a service have not asked yet.
    for who in ["agency-2", "person-1", "nobody"] {
        assert_eq!(says(&client, who, "hello").await.text(), "hello", "{who}");
    }
    is_limited(&says(&client, "person-1", "hello").await, "calls a second", "1");
    // Whoever waits as long as they are told is served.
    tokio::time::sleep(*refused.last().unwrap()).await;
    assert_eq!(says(&client, "agency-1", "hello").await.text(), "hello");
}

#[tokio::test]
async fn whoever_holds_their_share_waits_for_its_end_and_gets_it_back() {
    let share = "per_second = 1000\nburst = 1000\ncalls = 2\nstreams = 1";
    let (server, state) =
        start(&format!("[shares.agency]\n{share}\n[shares.individual]\n{share}")).await;
    let client = Client::to(server.addr()).await;
    let held: Vec<_> = (0..2)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { says(&client, "agency-1", "hold").await })
        })
        .collect();
    until("both run", || state.started() == 2).await;
    is_limited(&says(&client, "agency-1", "hello").await, "calls at once", "2");
    assert_eq!(says(&client, "agency-2", "hello").await.text(), "hello");
    // Streams are counted by themselves.
    let watch = async |who: &'static str| {
        client.begin("test.Echo/WatchAll", frame(""), &[("who", who)]).await.unwrap()
    };
    let stream = watch("agency-1").await;
    assert!(!stream.headers().contains_key("grpc-status"));
    let call = client.call("test.Echo/WatchAll", "", &[("who", "agency-1")]);
    is_limited(&soon(call).await.unwrap(), "streams at once", "1");
    let others = watch("agency-2").await;
    assert!(!others.headers().contains_key("grpc-status"));
    state.release.add_permits(2);
    for call in held {
        assert_eq!(soon(call).await.unwrap().text(), "released");
    }
    assert_eq!(says(&client, "agency-1", "hello").await.text(), "hello");
    // A stream holds its share until it has ended, and no longer.
    drop(stream);
    until("it is gone", || state.dropped() == 1).await;
    let mut again = watch("agency-1").await;
    for _ in 0..100 {
        if !again.headers().contains_key("grpc-status") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        again = watch("agency-1").await;
    }
    panic!("the share was not given back");
}

#[tokio::test]
async fn a_call_that_is_given_up_gives_its_share_back() {
    let share = "per_second = 1000\nburst = 1000\ncalls = 1\nstreams = 1";
    let (server, state) =
        start(&format!("[shares.agency]\n{share}\n[shares.individual]\n{share}")).await;
    let client = Client::to(server.addr()).await;
    let given_up = client.call("test.Echo/Say", "hang", &[("who", "person-7")]);
    let late = tokio::time::timeout(Duration::from_millis(200), given_up).await;
    assert!(late.is_err());
    until("it was dropped", || state.dropped() == 1).await;
    assert_eq!(says(&client, "person-7", "hello").await.text(), "hello");
}

#[tokio::test]
async fn nobody_fills_what_messages_may_hold() {
    let text = "[limits]\nmax_held_bytes = 67108864\n[shares.individual]\nper_second = 100\nburst = 100\n\
        calls = 32\nstreams = 16";
    let (server, _) = start(text).await;
    let mut greedy = testkit::frames::Raw::open(server.addr()).await.unwrap();
    let most = testkit::frames::prefixed(0, 4_000_000, &vec![b'x'; 3_900_000]);
    for stream in [1, 3, 5] {
        let fields = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", "/test.Echo/Say"),
            (":authority", "test"),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
            ("who", "person-1"),
        ];
        let block = testkit::frames::fields(&fields);
        let (kind, flags) = (testkit::frames::HEADERS, testkit::frames::END_HEADERS);
        greedy.send(&testkit::frames::frame(kind, flags, stream, &block)).await;
        greedy.data(stream, &most, false).await;
    }
    let limited =
        testkit::frames::Outcome::Status(Code::ResourceExhausted as i32, "RATE_LIMITED".to_owned());
    assert_eq!(greedy.outcome(5, Duration::from_secs(10)).await, limited);
    let other = Client::to(server.addr()).await;
    let large = "x".repeat(3_000_000);
    assert_eq!(says(&other, "agency-2", &large).await.text().len(), large.len());
}
