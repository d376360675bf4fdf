use std::time::Duration;

use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::Code;
use tonic_types::StatusExt;

use crate::support::{Client, frame, soon, start, until};

#[tokio::test]
async fn a_message_over_four_mebibytes_is_refused_in_both_directions() {
    let (server, state) = start("").await;
    let client = Client::to(server.addr()).await;
    let over = "x".repeat(serve::MAX_DECODE);
    let reply = soon(client.say(&over)).await;
    assert_eq!((reply.code(), reply.reason().as_str()), (Code::OutOfRange, "MESSAGE_TOO_LARGE"));
    assert_eq!(state.started(), 0);
    let under = "x".repeat(serve::MAX_DECODE - 16);
    assert_eq!(soon(client.say(&under)).await.text().len(), under.len());
    let reply = soon(client.say(&format!("big:{}", serve::MAX_ENCODE))).await;
    assert_eq!((reply.code(), reply.reason().as_str()), (Code::OutOfRange, "MESSAGE_TOO_LARGE"));
}

#[tokio::test]
async fn one_call_too_many_is_shed_with_a_time_to_come_back_and_health_still_answers() {
    let (server, state) = start("[limits]\nrequests = 2").await;
    let client = Client::to(server.addr()).await;
    let held: Vec<_> = (0..2)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.say("hold").await })
        })
        .collect();
    until("both run", || state.started() == 2).await;
    // Over all connections, so another one does not help.
    let reply = soon(Client::to(server.addr()).await.say("hello")).await;
    assert_eq!((reply.code(), reply.reason().as_str()), (Code::ResourceExhausted, "OVERLOADED"));
    let retry = reply.status.unwrap().get_error_details().retry_info().unwrap().clone();
    assert!(retry.retry_delay.unwrap() > Duration::ZERO);
    let health = soon(client.call("grpc.health.v1.Health/Check", "", &[])).await.unwrap();
    assert_eq!(health.code(), Code::Ok);
    state.release.add_permits(2);
    for call in held {
        assert_eq!(soon(call).await.unwrap().text(), "released");
    }
    assert_eq!(client.say("hello").await.text(), "hello");
}

#[tokio::test]
async fn one_stream_too_many_is_shed_and_leaves_the_calls_alone() {
    let (server, state) = start("[limits]\nstreams = 1").await;
    let client = Client::to(server.addr()).await;
    let first = client.begin("test.Echo/WatchAll", frame(""), &[]).await.unwrap();
    let reply = soon(client.call("test.Echo/WatchAll", "", &[])).await.unwrap();
    assert_eq!(reply.code(), Code::ResourceExhausted);
    assert_eq!(client.say("hello").await.text(), "hello");
    drop(first);
    until("the place is free", || state.dropped() == 1).await;
    let mut again = None;
    for _ in 0..100 {
        let response = client.begin("test.Echo/WatchAll", frame(""), &[]).await.unwrap();
        if !response.headers().contains_key("grpc-status") {
            again = Some(response);
            break;
        }
    }
    assert!(again.is_some());
}

#[tokio::test]
async fn streams_without_a_token_have_a_part_of_their_own_and_take_none_from_the_others() {
    // An eighth: one.
    let (server, _) = start("[limits]\nstreams = 2").await;
    let client = Client::to(server.addr()).await;
    let (health, ours) = ("grpc.health.v1.Health/Watch", "test.Echo/WatchAll");
    let begin = async |path| {
        let begun = soon(client.begin(path, frame(""), &[])).await.unwrap();
        (!begun.headers().contains_key("grpc-status")).then_some(begun)
    };
    let public = begin(health).await;
    assert!(public.is_some());
    let reply = soon(client.call(health, "", &[])).await.unwrap();
    assert_eq!((reply.code(), reply.reason().as_str()), (Code::ResourceExhausted, "OVERLOADED"));
    let held = [begin(ours).await, begin(ours).await];
    assert!(held.iter().all(Option::is_some), "theirs are not taken");
    assert!(begin(ours).await.is_none(), "all of them are");
    drop(public);
    let mut again = None;
    for _ in 0..1000 {
        again = begin(health).await;
        if again.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(again.is_some(), "a part that others have no place in");
}

#[tokio::test]
async fn a_connection_takes_so_many_calls_at_once_and_the_next_waits_for_its_turn() {
    let (server, state) = start("[limits]\nmax_concurrent_streams = 2").await;
    let client = Client::to(server.addr()).await;
    // The first call also waits for the settings to arrive.
    client.say("hello").await;
    let calls: Vec<_> = (0..3)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.say("hold").await })
        })
        .collect();
    until("two run", || state.started() == 3).await;
    Client::to(server.addr()).await.say("hello").await;
    assert_eq!(state.started(), 4, "the third waits");
    state.release.add_permits(3);
    for call in calls {
        assert_eq!(soon(call).await.unwrap().text(), "released");
    }
}

#[tokio::test]
async fn headers_over_sixteen_kibibytes_are_refused() {
    let (server, state) = start("").await;
    let client = Client::to(server.addr()).await;
    let value = "x".repeat(20 * 1024);
    let outcome = soon(client.call("test.Echo/Say", "hello", &[("purpose-of-use", &value)])).await;
    assert!(outcome.is_err() || outcome.unwrap().http == 431);
    assert_eq!(state.started(), 0);
    let fits = "x".repeat(12 * 1024);
    let again = Client::to(server.addr()).await;
    let reply = soon(again.call("test.Echo/Say", "hello", &[("purpose-of-use", &fits)])).await;
    assert_eq!(reply.unwrap().text(), "hello");
}

#[tokio::test]
async fn one_connection_too_many_is_closed_and_a_place_comes_free_again() {
    let (server, _) = start("[limits]\nconnections = 2").await;
    let (first, second) = (Client::to(server.addr()).await, Client::to(server.addr()).await);
    first.say("hello").await;
    second.say("hello").await;
    let mut third = TcpStream::connect(server.addr()).await.unwrap();
    assert_eq!(soon(third.read(&mut [0; 64])).await.unwrap_or(0), 0);
    drop(first);
    for _ in 0..1000 {
        let socket = TcpStream::connect(server.addr()).await.unwrap();
        let builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
        let Ok((mut send, conn)) = builder.handshake(TokioIo::new(socket)).await else { continue };
        tokio::spawn(conn);
        let request = http::Request::post("http://test/test.Echo/Say")
            .header("content-type", "application/grpc");
        let body: Full<bytes::Bytes> = Full::new(frame("hello"));
        if soon(send.send_request(request.body(body).unwrap())).await.is_ok() {
            return;
        }
    }
    panic!("the place did not come free");
}

#[tokio::test]
async fn a_connection_that_does_not_begin_is_closed() {
    let (server, _) = start("[limits]\nhandshake_timeout_seconds = 1").await;
    for opening in [&b""[..], b"P", b"PRI * HTTP/2.0\r\n"] {
        let mut socket = TcpStream::connect(server.addr()).await.unwrap();
        socket.write_all(opening).await.unwrap();
        assert_eq!(soon(socket.read(&mut [0; 64])).await.unwrap_or(0), 0, "{opening:?}");
    }
}

#[tokio::test]
async fn a_connection_without_calls_and_one_past_its_age_are_asked_to_leave() {
    for limit in ["max_connection_idle_seconds = 1", "max_connection_age_seconds = 1"] {
        let (server, _) = start(&format!("[limits]\n{limit}")).await;
        let client = Client::to(server.addr()).await;
        assert_eq!(client.say("hello").await.text(), "hello");
        until(limit, || client.is_closed()).await;
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_its_reply_loses_the_connection() {
    let limits = "deadline_seconds = 1\n[limits]\nstalled_reader_seconds = 1";
    let (server, _) = start(limits).await;
    let socket = TcpStream::connect(server.addr()).await.unwrap();
    let mut builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    builder.initial_stream_window_size(1024);
    let (mut send, conn) = builder.handshake(TokioIo::new(socket)).await.unwrap();
    let conn = tokio::spawn(conn);
    let request =
        http::Request::post("http://test/test.Echo/Say").header("content-type", "application/grpc");
    let body: Full<bytes::Bytes> = Full::new(frame("big:1000000"));
    let unread = send.send_request(request.body(body).unwrap()).await.unwrap();
    let _ = soon(conn).await;
    drop(unread);
    assert_eq!(Client::to(server.addr()).await.say("hello").await.text(), "hello");
}

#[tokio::test]
async fn rapid_resets_cost_the_attacker_the_connection_and_nobody_else_anything() {
    let (server, state) = start("").await;
    let good = Client::to(server.addr()).await;
    let bad = Client::to(server.addr()).await;
    for _ in 0..2_000 {
        let call = bad.begin("test.Echo/Say", frame("hang"), &[]);
        // Sent, and given up at once.
        let _ = tokio::time::timeout(Duration::from_micros(1), call).await;
    }
    assert_eq!(soon(good.say("hello")).await.text(), "hello");
    drop(bad);
    until("no handler is left", || state.started() == state.dropped() + 1).await;
}

#[tokio::test]
async fn a_connection_that_was_shed_waits_for_its_turn_and_is_then_served() {
    let (server, state) = start("[limits]\nrequests = 2").await;
    let client = Client::to(server.addr()).await;
    let hold = || {
        let client = client.clone();
        tokio::spawn(async move { client.say("hold").await })
    };
    let held = [hold(), hold()];
    until("both run", || state.started() == 2).await;
    let other = Client::to(server.addr()).await;
    assert_eq!(soon(other.say("hello")).await.reason(), "OVERLOADED");
    // Sent at once, and not shed at once: by then there is room.
    let again = tokio::spawn(async move { other.say("again").await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!again.is_finished(), "its connection is not read for now");
    let health = soon(client.call("grpc.health.v1.Health/Check", "", &[])).await.unwrap();
    assert_eq!(health.code(), Code::Ok, "others are read");
    state.release.add_permits(2);
    assert_eq!(soon(again).await.unwrap().text(), "again");
    for call in held {
        assert_eq!(soon(call).await.unwrap().text(), "released");
    }
}

#[tokio::test]
async fn whoever_connects_and_asks_for_nothing_makes_room() {
    let (server, _) = start("[limits]\nconnections = 3").await;
    let known = Client::to(server.addr()).await;
    assert_eq!(known.say("hello").await.text(), "hello");
    let mut silent = TcpStream::connect(server.addr()).await.unwrap();
    silent.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    // A check needs no token, and makes nobody known.
    let checking = Client::to(server.addr()).await;
    let check = || checking.call("grpc.health.v1.Health/Check", "", &[]);
    assert_eq!(soon(check()).await.unwrap().code(), Code::Ok);
    for _ in 0..2 {
        let newcomer = Client::to(server.addr()).await;
        assert_eq!(soon(newcomer.say("hello")).await.text(), "hello");
    }
    until("the checking one had to go", || checking.is_closed()).await;
    let mut rest = Vec::new();
    assert!(soon(silent.read_to_end(&mut rest)).await.is_ok(), "and the silent one");
    assert_eq!(soon(known.say("hello")).await.text(), "hello", "who was answered stays");
}

#[tokio::test]
async fn health_checks_are_so_many_on_one_connection_and_others_have_theirs() {
    let (server, _) = start("").await;
    let greedy = Client::to(server.addr()).await;
    let check = |client: &Client| {
        let client = client.clone();
        async move { client.call("grpc.health.v1.Health/Check", "", &[]).await.unwrap().code() }
    };
    assert_eq!(soon(check(&greedy)).await, Code::Ok);
    let mut raw = testkit::frames::Raw::open(server.addr()).await.unwrap();
    for stream in (1..40).step_by(2) {
        raw.send(&crate::frames::head(stream, "/grpc.health.v1.Health/Check")).await;
    }
    let overloaded =
        testkit::frames::Outcome::Status(Code::ResourceExhausted as i32, "OVERLOADED".to_owned());
    assert_eq!(raw.outcome(39, Duration::from_secs(10)).await, overloaded);
    assert_eq!(raw.now().of(15), None, "eight wait for their end");
    assert_eq!(soon(check(&greedy)).await, Code::Ok);
}
