//! Whoever takes their time: to begin, to send, to read.

use std::time::Duration;

use futures::FutureExt as _;
use testkit::frames::{
    CONTINUATION, END_HEADERS, HEADERS, INITIAL_WINDOW_SIZE, Outcome, PING, Raw, SETTINGS, fields,
    frame, message, prefixed, setting,
};

use crate::{
    Row,
    ground::{CREATE_NOTE, GET_AGENCY, GET_NOTE, Ground, head, outcomes, request, streams},
};

/// Longer than any of the limits that the ground sets.
const LATE: Duration = Duration::from_secs(14);
/// What a call may be too late for.
const TOO_LATE: &[&str] = &["DeadlineExceeded DEADLINE_EXCEEDED", "ResourceExhausted OVERLOADED"];

pub const ROWS: &[Row] = &[
    Row {
        name: "connections that do not begin (slowloris)",
        want: &["closed"],
        play: |g| beginnings(g).boxed(),
    },
    Row { name: "headers that do not end", want: &["closed"], play: |g| half_headers(g).boxed() },
    Row {
        name: "256 bodies that do not end",
        want: &["DeadlineExceeded DEADLINE_EXCEEDED"],
        play: |g| slow_bodies(g).boxed(),
    },
    Row {
        name: "bodies of 4 MiB that do not end",
        want: TOO_LATE,
        play: |g| large_slow_bodies(g).boxed(),
    },
    Row {
        name: "a reader with a window of zero",
        want: &["closed", "ResourceExhausted OVERLOADED", "DeadlineExceeded DEADLINE_EXCEEDED"],
        play: |g| zero_window(g).boxed(),
    },
    Row {
        name: "a reader who takes nothing off the wire",
        want: &["closed"],
        play: |g| deaf(g).boxed(),
    },
];

async fn beginnings(ground: &Ground) -> Vec<String> {
    let openings: [&[u8]; 4] = [b"", b"P", b"PRI * HTTP/2.0\r\n\r\nSM\r\n", b"\x16\x03\x01"];
    let all = (0..200).map(|n| async move {
        let mut raw = Raw::connect(ground.addr).await.unwrap();
        raw.send(openings[n % openings.len()]).await;
        raw.fate(LATE).await.to_string()
    });
    futures::future::join_all(all).await
}

/// The connection itself is asked whether anybody is there, and nobody says so.
async fn half_headers(ground: &Ground) -> Vec<String> {
    let block = fields(&head(GET_AGENCY, Some(&ground.good.token)));
    let all = (0..20).map(|_| async {
        let mut raw = ground.open().await;
        raw.send(&frame(HEADERS, 0, 1, &block)).await;
        raw.send(&frame(CONTINUATION, 0, 1, &fields(&[("x", "y")]))).await;
        raw.fate(LATE).await.to_string()
    });
    futures::future::join_all(all).await
}

/// On each of two connections as many as there may be.
async fn slow_bodies(ground: &Ground) -> Vec<String> {
    begun(ground, GET_AGENCY, &prefixed(0, 1_000, b"half"), 2, 128).await
}

/// 420 MB, if they were kept.
async fn large_slow_bodies(ground: &Ground) -> Vec<String> {
    begun(ground, CREATE_NOTE, &prefixed(0, 4_000_000, &vec![b'x'; 3_500_000]), 4, 30).await
}

/// So many calls on each of so many connections, of each of which only this part comes.
async fn begun(ground: &Ground, path: &str, part: &[u8], raws: usize, calls: usize) -> Vec<String> {
    let head = head(path, Some(&ground.good.token));
    let all = (0..raws).map(|_| async {
        let mut raw = ground.open().await;
        for stream in streams(calls) {
            raw.send(&request(stream, END_HEADERS, &head)).await;
            raw.data(stream, part, false).await;
        }
        outcomes(&mut raw, streams(calls), LATE).await
    });
    futures::future::join_all(all).await.concat()
}

/// Each of them asks for a megabyte, 150 times in all, and has no room for any of it.
async fn zero_window(ground: &Ground) -> Vec<String> {
    let all = (0..3).map(|_| async {
        let setting = setting(INITIAL_WINDOW_SIZE, 0);
        let mut raw = Raw::open_with(ground.addr, &setting).await.unwrap();
        for stream in streams(50) {
            raw.send(&request(stream, END_HEADERS, &head(GET_NOTE, Some(&ground.good.token))))
                .await;
            raw.data(stream, &message(&ground.note), true).await;
        }
        let fate = raw.fate(LATE).await.to_string();
        let now = raw.now();
        let told =
            streams(50).filter_map(|stream| now.of(stream)).map(|outcome| outcome.to_string());
        told.chain([fate]).collect::<Vec<_>>()
    });
    futures::future::join_all(all).await.concat()
}

/// The same with all the room that there is, and nobody who reads.
async fn deaf(ground: &Ground) -> Vec<String> {
    let all = (0..3).map(|_| async {
        let mut raw = Raw::unread(ground.addr).await.unwrap();
        raw.send(&frame(SETTINGS, 0, 0, &setting(INITIAL_WINDOW_SIZE, 1 << 30))).await;
        raw.send(&frame(testkit::frames::WINDOW_UPDATE, 0, 0, &(1_u32 << 30).to_be_bytes())).await;
        let body = message(&ground.note);
        for stream in streams(50) {
            raw.send(&request(stream, END_HEADERS, &head(GET_NOTE, Some(&ground.good.token))))
                .await;
            raw.send(&frame(0, 1, stream, &body)).await;
        }
        // Closed is when nothing is taken any more.
        let begun = std::time::Instant::now();
        while begun.elapsed() < LATE {
            tokio::time::sleep(Duration::from_millis(100)).await;
            if !raw.send(&frame(PING, 0, 0, &[1; 8])).await {
                return Outcome::Closed.to_string();
            }
        }
        Outcome::Silence.to_string()
    });
    futures::future::join_all(all).await
}
