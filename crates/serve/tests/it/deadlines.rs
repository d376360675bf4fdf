use std::time::{Duration, Instant};

use testkit::waits;
use tonic::Code;

use crate::support::{Client, Reply, soon, start, until};

#[tokio::test]
async fn a_call_past_the_clients_deadline_is_deadline_exceeded_and_its_handler_is_dropped() {
    let (server, state) = start("").await;
    let client = Client::to(server.addr()).await;
    let call = client.call("test.Echo/Say", "hang", &[("grpc-timeout", "50m")]);
    let reply = soon(call).await.unwrap();
    assert_eq!(reply.code(), Code::DeadlineExceeded);
    assert_eq!(reply.reason(), "DEADLINE_EXCEEDED");
    assert_eq!((state.started(), state.dropped()), (1, 1));
}

#[tokio::test]
async fn the_servers_cap_ends_a_call_that_brings_no_deadline_or_a_longer_one() {
    let (server, state) = start("deadline_seconds = 1").await;
    let client = Client::to(server.addr()).await;
    let (none, long) = tokio::join!(
        soon(client.call("test.Echo/Say", "hang", &[])),
        soon(client.call("test.Echo/Say", "hang", &[("grpc-timeout", "99999999H")])),
    );
    assert_eq!(none.unwrap().code(), Code::DeadlineExceeded);
    assert_eq!(long.unwrap().code(), Code::DeadlineExceeded);
    assert_eq!(state.dropped(), 2);
}

#[tokio::test]
async fn a_deadline_that_has_passed_already_does_not_begin_the_work() {
    let (server, state) = start("").await;
    let client = Client::to(server.addr()).await;
    for zero in ["0S", "0n", "00000000H"] {
        let headers = [("grpc-timeout", zero)];
        let call = client.call("test.Echo/Say", "hello", &headers);
        assert_eq!(soon(call).await.unwrap().code(), Code::DeadlineExceeded, "{zero}");
    }
    assert_eq!(state.started(), 0);
}

#[tokio::test]
async fn an_odd_timeout_is_an_invalid_argument_that_names_the_key() {
    let (server, state) = start("").await;
    let client = Client::to(server.addr()).await;
    for odd in ["5", "S", "-1S", "1.5S", "123456789S", "1s", "1Y", "soon"] {
        let headers = [("grpc-timeout", odd)];
        let call = client.call("test.Echo/Say", "hello", &headers);
        let reply = soon(call).await.unwrap();
        assert_eq!(reply.code(), Code::InvalidArgument, "{odd}");
        assert_eq!(reply.reason(), "INVALID_METADATA");
    }
    assert_eq!(state.started(), 0);
    assert_eq!(client.say("hello").await.text(), "hello");
}

#[tokio::test]
async fn the_handler_knows_what_is_left() {
    let (server, _) = start("deadline_seconds = 20").await;
    let client = Client::to(server.addr()).await;
    let capped: u64 = client.say("left").await.text().parse().unwrap();
    assert!((15_000..=20_000).contains(&capped), "{capped}");
    let call = client.call("test.Echo/Say", "left", &[("grpc-timeout", "7S")]);
    let own: u64 = call.await.unwrap().text().parse().unwrap();
    assert!((4_000..=7_000).contains(&own), "{own}");
}

#[tokio::test]
async fn a_stream_outlives_the_servers_cap_and_ends_at_the_clients_deadline() {
    let (server, state) = start("deadline_seconds = 1").await;
    let client = Client::to(server.addr()).await;
    let call = client.call("test.Echo/Count", "hang", &[("grpc-timeout", "2S")]);
    let begun = std::time::Instant::now();
    let reply = soon(call).await.unwrap();
    assert_eq!(reply.code(), Code::DeadlineExceeded);
    assert!(begun.elapsed().as_millis() >= 1_900);
    assert!(!reply.body.is_empty(), "what came before the deadline arrives");
    until("the stream is dropped", || state.dropped() == 1).await;
}

#[tokio::test]
async fn a_client_that_goes_away_takes_its_handler_along() {
    let (server, state) = start("").await;
    let client = Client::to(server.addr()).await;
    let call = tokio::spawn(async move { client.say("hang").await });
    until("the handler runs", || state.started() == 1).await;
    call.abort();
    until("the handler is dropped", || state.dropped() == 1).await;
}

/// While the clock stands, what is answered at once comes back many times, and this does not.
async fn on_a_beat(client: &Client, path: &str, text: &str) -> Reply {
    let other = async || assert_eq!(client.say("hello").await.text(), "hello");
    waits(Duration::ZERO, client.call(path, text, &[]), other).await.unwrap()
}

#[tokio::test]
async fn not_found_leaves_on_a_beat_and_nothing_else_waits_for_one() {
    let (server, _) = start("").await;
    let client = Client::to(server.addr()).await;
    let took = async |text: &str, code: Code| {
        let begun = Instant::now();
        let reply = soon(client.call("test.Echo/Say", text, &[])).await.unwrap();
        assert_eq!(reply.code(), code);
        begun.elapsed()
    };
    let reply = on_a_beat(&client, "test.Echo/Say", "fail:5").await;
    assert_eq!(reply.code(), Code::NotFound);
    for _ in 0..20 {
        assert!(took("fail:5", Code::NotFound).await >= Duration::from_millis(10));
    }
    // Of streams, too: with an end of their own and without, refused before they have begun and as their first message.
    for path in ["test.Echo/Count", "test.Echo/WatchAll"] {
        for text in ["absent", "gone"] {
            let reply = on_a_beat(&client, path, text).await;
            assert_eq!((reply.code(), reply.body.len()), (Code::NotFound, 0), "{path} {text}");
        }
    }
    // The fastest of each: the machine may be busy.
    let mut fastest = [Duration::MAX; 2];
    for _ in 0..50 {
        fastest[0] = fastest[0].min(took("hello", Code::Ok).await);
        fastest[1] = fastest[1].min(took("fail:7", Code::PermissionDenied).await);
    }
    assert!(fastest.iter().all(|took| *took < Duration::from_millis(10)), "{fastest:?}");
}

#[tokio::test]
async fn a_reply_that_says_as_little_leaves_on_the_beat_or_its_deadline_is_the_answer() {
    let (server, _) = start("").await;
    let client = Client::to(server.addr()).await;
    for _ in 0..20 {
        let call = client.call("test.Echo/Say", "nothing", &[("grpc-timeout", "6m")]);
        assert_eq!(soon(call).await.unwrap().code(), Code::DeadlineExceeded);
    }
    // Last: it leaves tokio's clock behind, and with it every deadline later.
    assert_eq!(on_a_beat(&client, "test.Echo/Say", "nothing").await.text(), "nothing");
}

#[tokio::test]
async fn a_deadline_before_the_beat_is_the_answer_however_fast_the_looking_was() {
    let (server, _) = start("").await;
    let client = Client::to(server.addr()).await;
    for _ in 0..20 {
        let call = client.call("test.Echo/Say", "fail:5", &[("grpc-timeout", "6m")]);
        assert_eq!(soon(call).await.unwrap().code(), Code::DeadlineExceeded);
    }
    for text in ["absent", "gone"] {
        let call = client.call("test.Echo/Count", text, &[("grpc-timeout", "6m")]);
        assert_eq!(soon(call).await.unwrap().code(), Code::DeadlineExceeded, "{text}");
    }
}
