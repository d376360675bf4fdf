//! The limits that only show in frames, with a peer that writes them by hand.

use std::net::SocketAddr;
use std::time::Duration;

use testkit::frames::{
    ACK, DATA, END_HEADERS, END_STREAM, HEADERS, INITIAL_WINDOW_SIZE, Outcome, PING, PRIORITY,
    RST_STREAM, Raw, SETTINGS, WINDOW_UPDATE, fields, frame, message, prefixed, setting,
};
use tonic::Code;

use crate::support::{Client, frame as said, soon, start, until};

const BOUND: Duration = Duration::from_secs(10);

fn request(stream: u32, method: &str) -> Vec<u8> {
    head(stream, &format!("/test.Echo/{method}"))
}

pub fn head(stream: u32, path: &str) -> Vec<u8> {
    let block = fields(&[
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "test"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ]);
    frame(HEADERS, END_HEADERS, stream, &block)
}

fn say(stream: u32, text: &str) -> Vec<u8> {
    [request(stream, "Say"), frame(DATA, END_STREAM, stream, &said(text))].concat()
}

async fn raw(addr: SocketAddr) -> Raw {
    Raw::open(addr).await.unwrap()
}

fn calm() -> Outcome {
    Outcome::GoAway(testkit::frames::ENHANCE_YOUR_CALM)
}

fn served() -> Outcome {
    Outcome::Status(0, String::new())
}

fn overloaded() -> Outcome {
    Outcome::Status(Code::ResourceExhausted as i32, "OVERLOADED".to_owned())
}

#[tokio::test]
async fn resets_by_error_are_as_many_as_is_said() {
    let (server, _) = start("[limits]\nmax_local_error_reset_streams = 3").await;
    for (many, fate) in [(3, None), (4, Some(calm()))] {
        let mut raw = raw(server.addr()).await;
        for stream in (1..2 * many).step_by(2) {
            raw.send(&request(stream, "Say")).await;
            // It depends on itself.
            let itself = [&stream.to_be_bytes()[..], &[16]].concat();
            raw.send(&frame(PRIORITY, 0, stream, &itself)).await;
        }
        match fate {
            Some(fate) => assert_eq!(raw.fate(BOUND).await, fate),
            None => {
                raw.send(&say(101, "hello")).await;
                assert_eq!(raw.outcome(101, BOUND).await, served());
            }
        }
    }
}

#[tokio::test]
async fn streams_reset_before_they_are_accepted_are_as_many_as_is_said() {
    let (server, _) = start("[limits]\nmax_pending_accept_reset_streams = 3").await;
    let mut raw = raw(server.addr()).await;
    let one = |stream: u32| {
        [request(stream, "Say"), frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes())].concat()
    };
    // In one write, so that none is accepted in between.
    raw.send(&(1..200).step_by(2).flat_map(one).collect::<Vec<u8>>()).await;
    assert_eq!(raw.fate(BOUND).await, calm());
}

#[tokio::test]
async fn a_frame_is_as_large_as_is_said() {
    let (server, _) = start("[limits]\nmax_frame_size = 20000").await;
    for (size, outcome) in
        [(19_990, served()), (20_001, Outcome::GoAway(testkit::frames::FRAME_SIZE_ERROR))]
    {
        let mut raw = raw(server.addr()).await;
        let body = said(&"x".repeat(size - 9));
        raw.send(&request(1, "Say")).await;
        raw.send(&frame(DATA, END_STREAM, 1, &body)).await;
        assert_eq!(raw.outcome(1, BOUND).await, outcome, "{}", body.len());
    }
}

#[tokio::test]
async fn windows_are_as_wide_as_is_said() {
    let (server, _) = start("[limits]\nstream_window = 100000\nconnection_window = 300000").await;
    let mut raw = raw(server.addr()).await;
    let wide = |seen: &testkit::frames::Seen| {
        ((seen.room(1), seen.room(0)) == (100_000, 300_000)).then_some(())
    };
    assert!(raw.seen(BOUND, wide).await.is_some(), "{:?}", raw.now());
}

#[tokio::test]
async fn who_does_not_answer_a_ping_is_gone_and_who_does_stays() {
    let limits = "[limits]\nkeepalive_interval_seconds = 1\nkeepalive_timeout_seconds = 1";
    let (server, _) = start(limits).await;
    let (mut silent, mut alive) = (raw(server.addr()).await, raw(server.addr()).await);
    for raw in [&mut silent, &mut alive] {
        raw.send(&request(1, "WatchAll")).await;
        raw.send(&frame(DATA, END_STREAM, 1, &said(""))).await;
    }
    let mut answered = 0;
    while silent.now().fate().is_none() {
        let pings = alive.pings();
        for ping in &pings[answered..] {
            alive.send(&frame(PING, ACK, 0, ping)).await;
        }
        answered = pings.len();
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert!(answered < 8, "the silent one is still there");
    }
    alive.send(&say(3, "hello")).await;
    assert_eq!(alive.outcome(3, BOUND).await, served());
}

#[tokio::test]
async fn a_connection_past_its_age_is_cut_after_its_grace() {
    let limits = "[limits]\nmax_connection_age_seconds = 1\nmax_connection_age_grace_seconds = 1";
    let (server, state) = start(limits).await;
    let mut raw = raw(server.addr()).await;
    raw.send(&request(1, "WatchAll")).await;
    raw.send(&frame(DATA, END_STREAM, 1, &said(""))).await;
    assert_eq!(raw.fate(BOUND).await, Outcome::Closed);
    until("the stream is gone", || state.dropped() == 1).await;
}

#[tokio::test]
async fn who_takes_nothing_off_the_wire_is_closed_after_two_turns() {
    let limits = "deadline_seconds = 1\n[limits]\nstalled_reader_seconds = 1\n\
                  keepalive_interval_seconds = 1\nkeepalive_timeout_seconds = 1";
    let (server, _) = start(limits).await;
    let mut deaf = Raw::unread(server.addr()).await.unwrap();
    let room = 1_u32 << 30;
    deaf.send(&frame(SETTINGS, 0, 0, &setting(INITIAL_WINDOW_SIZE, room))).await;
    deaf.send(&frame(WINDOW_UPDATE, 0, 0, &room.to_be_bytes())).await;
    for stream in (1..32).step_by(2) {
        deaf.send(&say(stream, "big:1000000")).await;
    }
    // What is written to a connection that is gone fails.
    let gone = async {
        while deaf.send(&frame(PING, ACK, 0, &[0; 8])).await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    soon(gone).await;
    assert_eq!(Client::to(server.addr()).await.say("hello").await.text(), "hello");
}

/// Most of a message: it waits for the rest.
fn most_of_four_mebibytes() -> Vec<u8> {
    prefixed(0, 4_000_000, &vec![b'x'; 3_900_000])
}

#[tokio::test]
async fn requests_hold_so_many_bytes_and_what_is_small_always_has_room() {
    let (server, _) = start("deadline_seconds = 3\n[limits]\nmax_held_bytes = 16777216").await;
    let mut slow = raw(server.addr()).await;
    for stream in [1, 3, 5, 7] {
        slow.send(&request(stream, "Say")).await;
        assert!(slow.data(stream, &most_of_four_mebibytes(), false).await);
    }
    let mut other = raw(server.addr()).await;
    other.send(&request(1, "Say")).await;
    other.data(1, &most_of_four_mebibytes(), false).await;
    assert_eq!(other.outcome(1, BOUND).await, overloaded());
    other.send(&say(3, "hello")).await;
    assert_eq!(other.outcome(3, BOUND).await, served());
    // The room is there again when the others have had their time.
    let late = Outcome::Status(Code::DeadlineExceeded as i32, "DEADLINE_EXCEEDED".to_owned());
    for stream in [1, 3, 5, 7] {
        assert_eq!(slow.outcome(stream, BOUND).await, late);
    }
    other.send(&request(5, "Say")).await;
    other.data(5, &said(&"x".repeat(3_000_000)), true).await;
    assert_eq!(other.outcome(5, BOUND).await, served());
}

#[tokio::test]
async fn replies_that_nobody_reads_hold_so_many_bytes() {
    let (server, _) = start("[limits]\nmax_held_bytes = 16777216").await;
    let mut unread = Raw::open_with(server.addr(), &setting(INITIAL_WINDOW_SIZE, 0)).await.unwrap();
    let asked: Vec<u32> = (1..40).step_by(2).collect();
    for stream in &asked {
        unread.send(&say(*stream, "big:1000000")).await;
    }
    let refused = |seen: &testkit::frames::Seen| {
        let refused = asked.iter().filter(|stream| seen.of(**stream) == Some(overloaded()));
        (refused.count() == 4).then_some(())
    };
    assert!(unread.seen(BOUND, refused).await.is_some(), "sixteen of a megabyte, and no more");
    // Nobody else's small answers; and when the reader goes, what they held is free.
    let other = Client::to(server.addr()).await;
    assert_eq!(soon(other.say("hello")).await.text(), "hello");
    let full = soon(other.say("big:1000000")).await;
    assert_eq!((full.code(), full.reason().as_str()), (Code::ResourceExhausted, "OVERLOADED"));
    drop(unread);
    for _ in 0..1000 {
        if soon(other.say("big:1000000")).await.code() == Code::Ok {
            return;
        }
    }
    panic!("what they held is not free");
}

#[tokio::test]
async fn a_unary_call_is_one_message() {
    let (server, state) = start("").await;
    let mut raw = raw(server.addr()).await;
    let twice = said("hello").repeat(2);
    let invalid = Outcome::Status(Code::InvalidArgument as i32, "INVALID_ARGUMENT".to_owned());
    let bodies: [&[u8]; 6] =
        [&twice, &prefixed(0, 9, b"x"), &prefixed(1, 1, b"x"), b"\0\0", b"\x07\0\0\0\0", b""];
    for (body, stream) in bodies.into_iter().zip((1..).step_by(2)) {
        raw.send(&request(stream, "Say")).await;
        raw.send(&frame(DATA, END_STREAM, stream, body)).await;
        assert_eq!(raw.outcome(stream, BOUND).await, invalid, "{body:?}");
    }
    assert_eq!(state.started(), 0);
    // A second one that comes later.
    raw.send(&request(101, "Say")).await;
    raw.send(&frame(DATA, 0, 101, &said("hello"))).await;
    raw.send(&frame(DATA, END_STREAM, 101, &message(b""))).await;
    assert_eq!(raw.outcome(101, BOUND).await, invalid);
    assert_eq!(state.started(), 0);
}

#[tokio::test]
async fn who_needs_no_token_holds_nothing_that_others_need() {
    let (server, _) = start("[limits]\nmax_held_bytes = 16777216").await;
    let mut public = raw(server.addr()).await;
    for stream in [1, 3, 5, 7] {
        public.send(&head(stream, "/grpc.health.v1.Health/Watch")).await;
        public.data(stream, &most_of_four_mebibytes(), false).await;
        let too_long = Outcome::Status(Code::OutOfRange as i32, "MESSAGE_TOO_LARGE".to_owned());
        assert_eq!(public.outcome(stream, BOUND).await, too_long);
    }
    let other = Client::to(server.addr()).await;
    assert_eq!(soon(other.say(&"x".repeat(3_000_000))).await.text().len(), 3_000_000);
}

#[tokio::test]
async fn a_watch_that_does_not_begin_ends_with_the_time_of_a_call() {
    let (server, _) = start("deadline_seconds = 1").await;
    let mut raw = raw(server.addr()).await;
    raw.send(&head(1, "/grpc.health.v1.Health/Watch")).await;
    let late = Outcome::Status(Code::DeadlineExceeded as i32, "DEADLINE_EXCEEDED".to_owned());
    assert_eq!(raw.outcome(1, BOUND).await, late);
}

#[tokio::test]
async fn a_message_is_read_once_its_call_has_said_all() {
    let (server, state) = start("deadline_seconds = 1").await;
    let mut raw = raw(server.addr()).await;
    // Whoever reads it finds at once that it is none: a text of five bytes, of which one is there.
    let broken = message(b"\x0a\x05x");
    raw.send(&request(1, "Say")).await;
    raw.send(&frame(DATA, 0, 1, &broken)).await;
    let late = Outcome::Status(Code::DeadlineExceeded as i32, "DEADLINE_EXCEEDED".to_owned());
    assert_eq!(raw.outcome(1, BOUND).await, late);
    raw.send(&request(3, "Say")).await;
    raw.send(&frame(DATA, 0, 3, &broken)).await;
    raw.send(&frame(DATA, END_STREAM, 3, &[])).await;
    let invalid = Outcome::Status(Code::InvalidArgument as i32, "INVALID_ARGUMENT".to_owned());
    assert_eq!(raw.outcome(3, BOUND).await, invalid);
    assert_eq!(state.started(), 0);
    raw.send(&request(5, "Say")).await;
    raw.send(&frame(DATA, 0, 5, &said("hello"))).await;
    raw.send(&frame(DATA, END_STREAM, 5, &[])).await;
    assert_eq!(raw.outcome(5, BOUND).await, served());
}
