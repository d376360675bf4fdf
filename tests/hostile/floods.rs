//! More than anybody would send, as fast as it is taken.

use std::time::{Duration, Instant};

use futures::FutureExt as _;
use testkit::frames::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, Outcome, PING, PRIORITY, RST_STREAM,
    Raw, SETTINGS, WINDOW_UPDATE, fields, frame, message, setting,
};

use crate::{
    Row,
    ground::{BEARABLE, CREATE_NOTE, GET_AGENCY, Ground, head, outcomes, request, streams},
};

const CALM: &[&str] = &["GOAWAY ENHANCE_YOUR_CALM"];
const SERVED: &[&str] = &["served"];
/// How long the end of a flood may take to be told of.
const SOON: Duration = Duration::from_secs(8);
/// Frames that go in one write.
const TOGETHER: usize = 500;
const UNKNOWN: u8 = 0xFA;

pub const ROWS: &[Row] = &[
    Row { name: "empty DATA", want: CALM, play: |g| empty_data(g).boxed() },
    Row { name: "DATA of one byte", want: CALM, play: |g| small_data(g).boxed() },
    Row { name: "CONTINUATION", want: CALM, play: |g| continuations(g).boxed() },
    Row { name: "rapid reset", want: CALM, play: |g| rapid_reset(g).boxed() },
    Row { name: "reset by error (MadeYouReset)", want: CALM, play: |g| made_you_reset(g).boxed() },
    Row { name: "SETTINGS", want: SERVED, play: |g| settings(g).boxed() },
    Row { name: "PING", want: SERVED, play: |g| pings(g).boxed() },
    Row { name: "PRIORITY", want: SERVED, play: |g| priorities(g).boxed() },
    Row { name: "frames that nobody knows", want: SERVED, play: |g| unknown(g).boxed() },
    Row { name: "WINDOW_UPDATE", want: SERVED, play: |g| window_updates(g).boxed() },
    Row {
        name: "PING and SETTINGS, no answer read",
        want: &["held back"],
        play: |g| unread(g).boxed(),
    },
    Row { name: "10,000 streams", want: CALM, play: |g| many_streams(g).boxed() },
    Row { name: "10,000 calls, one after another", want: SERVED, play: |g| many_calls(g).boxed() },
    Row {
        name: "trailers and headers of 15 KiB, 128 at once",
        want: SERVED,
        play: |g| large_headers(g).boxed(),
    },
    Row { name: "connections", want: &["open", "closed"], play: |g| connections(g).boxed() },
    Row {
        name: "calls without a token",
        want: &["Unauthenticated UNAUTHENTICATED", "ResourceExhausted OVERLOADED"],
        play: |g| without_token(g).boxed(),
    },
    Row {
        name: "4 MiB messages",
        want: &["InvalidArgument INVALID_ARGUMENT", "ResourceExhausted OVERLOADED"],
        play: |g| large_messages(g).boxed(),
    },
];

/// An open call, and then so many of these, until the other side has had enough.
async fn flood(ground: &Ground, begin: Vec<u8>, one: &[u8], many: usize) -> Raw {
    let mut raw = ground.open().await;
    raw.send(&begin).await;
    let together = one.repeat(TOGETHER);
    for _ in 0..many.div_ceil(TOGETHER) {
        if raw.now().fate().is_some() || !raw.send(&together).await {
            break;
        }
    }
    raw
}

/// A call that is not at its end, on stream 1.
fn open_call(ground: &Ground) -> Vec<u8> {
    request(1, END_HEADERS, &head(GET_AGENCY, Some(&ground.good.token)))
}

async fn fate(mut raw: Raw) -> Vec<String> {
    vec![raw.fate(SOON).await.to_string()]
}

/// A good call on the very connection.
async fn still(ground: &Ground, mut raw: Raw) -> Vec<String> {
    raw.send(&ground.good.call(101)).await;
    vec![raw.outcome(101, BEARABLE).await.to_string()]
}

async fn empty_data(ground: &Ground) -> Vec<String> {
    let one = frame(DATA, 0, 1, &[]);
    fate(flood(ground, open_call(ground), &one, ground.many(200_000)).await).await
}

/// Of a message that is said to be large.
async fn small_data(ground: &Ground) -> Vec<String> {
    let begin = [open_call(ground), frame(DATA, 0, 1, &[0, 0, 3, 0, 0])].concat();
    let one = frame(DATA, 0, 1, b"x");
    fate(flood(ground, begin, &one, ground.many(200_000)).await).await
}

async fn continuations(ground: &Ground) -> Vec<String> {
    let begin = frame(HEADERS, 0, 1, &fields(&head(GET_AGENCY, Some(&ground.good.token))));
    let mut outcomes = Vec::new();
    for piece in [Vec::new(), fields(&[("x", "y")])] {
        let one = frame(CONTINUATION, 0, 1, &piece);
        let raw = flood(ground, begin.clone(), &one, ground.many(20_000)).await;
        outcomes.extend(fate(raw).await);
    }
    outcomes
}

/// Each a call, and what makes it end; on streams of their own.
async fn calls(ground: &Ground, many: usize, end: impl Fn(u32) -> Vec<u8>) -> Raw {
    let mut raw = ground.open().await;
    let head = head(GET_AGENCY, Some(&ground.good.token));
    let mut all = streams(many);
    for _ in 0..many.div_ceil(50) {
        let mut bytes = Vec::new();
        for stream in all.by_ref().take(50) {
            bytes.extend(request(stream, END_HEADERS, &head));
            bytes.extend(end(stream));
        }
        if raw.now().fate().is_some() || !raw.send(&bytes).await {
            break;
        }
    }
    raw
}

async fn rapid_reset(ground: &Ground) -> Vec<String> {
    let cancel = 8_u32.to_be_bytes();
    let end = |stream: u32| frame(RST_STREAM, 0, stream, &cancel);
    fate(calls(ground, ground.many(20_000), end).await).await
}

/// What makes the other side reset it: a window that overflows, a stream that depends on itself, a
/// second HEADERS that ends nothing.
async fn made_you_reset(ground: &Ground) -> Vec<String> {
    let mut outcomes = Vec::new();
    let itself =
        |stream: u32| frame(PRIORITY, 0, stream, &[&stream.to_be_bytes()[..], &[16]].concat());
    let overfull = |stream: u32| frame(WINDOW_UPDATE, 0, stream, &[0x7F, 0xFF, 0xFF, 0xFF]);
    let again = |stream: u32| frame(HEADERS, END_HEADERS, stream, &fields(&[("x", "y")]));
    let ends: [&(dyn Fn(u32) -> Vec<u8> + Sync); 3] = [&overfull, &itself, &again];
    for end in ends {
        outcomes.extend(fate(calls(ground, ground.many(5_000), end).await).await);
    }
    outcomes
}

async fn settings(ground: &Ground) -> Vec<String> {
    let one = frame(SETTINGS, 0, 0, &setting(3, 100));
    still(ground, flood(ground, Vec::new(), &one, ground.many(50_000)).await).await
}

async fn pings(ground: &Ground) -> Vec<String> {
    let one = frame(PING, 0, 0, &[7; 8]);
    still(ground, flood(ground, Vec::new(), &one, ground.many(100_000)).await).await
}

async fn priorities(ground: &Ground) -> Vec<String> {
    let one = frame(PRIORITY, 0, 9, &[0, 0, 0, 3, 16]);
    still(ground, flood(ground, Vec::new(), &one, ground.many(100_000)).await).await
}

async fn unknown(ground: &Ground) -> Vec<String> {
    let one = [frame(UNKNOWN, 0xFF, 0, &[0; 100]), frame(PING, ACK, 0, &[9; 8])].concat();
    still(ground, flood(ground, Vec::new(), &one, ground.many(50_000)).await).await
}

async fn window_updates(ground: &Ground) -> Vec<String> {
    // On streams that are over.
    let mut raw = ground.open().await;
    raw.send(&ground.good.call(1)).await;
    raw.outcome(1, BEARABLE).await;
    let together = frame(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1]).repeat(TOGETHER);
    for _ in 0..ground.many(100_000).div_ceil(TOGETHER) {
        raw.send(&together).await;
    }
    still(ground, raw).await
}

/// Answers that nobody takes off the wire: the other side must stop reading, and not keep them.
async fn unread(ground: &Ground) -> Vec<String> {
    let mut raw = Raw::unread(ground.addr).await.unwrap();
    let together =
        [frame(PING, 0, 0, &[7; 8]), frame(SETTINGS, 0, 0, &[])].concat().repeat(TOGETHER);
    let begun = Instant::now();
    while begun.elapsed() < SOON {
        if !raw.send(&together).await {
            return vec!["held back".to_owned()];
        }
    }
    vec!["taken without end".to_owned()]
}

async fn many_streams(ground: &Ground) -> Vec<String> {
    let mut raw = calls(ground, ground.many(10_000), |_| Vec::new()).await;
    let refused = |seen: &testkit::frames::Seen| {
        seen.fate().or_else(|| seen.resets.values().next().map(|code| Outcome::Reset(*code)))
    };
    vec![raw.seen(SOON, refused).await.unwrap_or(Outcome::Silence).to_string()]
}

async fn many_calls(ground: &Ground) -> Vec<String> {
    let mut all = Vec::new();
    let mut raw = ground.open().await;
    let mut left = streams(ground.many(10_000)).peekable();
    while left.peek().is_some() {
        let some: Vec<u32> = left.by_ref().take(100).collect();
        let bytes: Vec<u8> = some.iter().flat_map(|stream| ground.good.call(*stream)).collect();
        raw.send(&bytes).await;
        all.extend(outcomes(&mut raw, some.into_iter(), BEARABLE).await);
        // Hundreds of thousands of them, in the end.
        all.dedup();
    }
    all
}

async fn large_headers(ground: &Ground) -> Vec<String> {
    let mut raw = ground.open().await;
    let mut long = head(GET_AGENCY, Some(&ground.good.token));
    long.push(("x-long".to_owned(), "x".repeat(14_000)));
    for stream in streams(128) {
        raw.send(&request(stream, END_HEADERS, &long)).await;
        raw.send(&frame(DATA, 0, stream, &ground.good.message())).await;
        let trailers = fields(&[("x-trailer", "x".repeat(14_000))]);
        raw.send(&frame(HEADERS, END_HEADERS | END_STREAM, stream, &trailers)).await;
    }
    outcomes(&mut raw, streams(128), BEARABLE).await
}

/// Three times as many as there may be.
async fn connections(ground: &Ground) -> Vec<String> {
    let mut all = Vec::new();
    for _ in 0..900 {
        let mut raw = Raw::connect(ground.addr).await.unwrap();
        raw.send(testkit::frames::PREFACE).await;
        raw.send(&frame(SETTINGS, 0, 0, &[])).await;
        all.push(raw);
    }
    let mut outcomes = Vec::new();
    for raw in &mut all {
        let open = |seen: &testkit::frames::Seen| {
            (seen.settings > 0 || seen.closed).then_some(seen.closed)
        };
        outcomes.push(match raw.seen(SOON, open).await {
            Some(false) => "open".to_owned(),
            Some(true) => "closed".to_owned(),
            None => "silence".to_owned(),
        });
    }
    let open = outcomes.iter().filter(|outcome| *outcome == "open").count();
    assert!((250..300).contains(&open), "{open} of 900 are open, and not as many as there may be");
    outcomes
}

async fn without_token(ground: &Ground) -> Vec<String> {
    let floods = (0..4).map(|_| async {
        let mut raw = ground.open().await;
        // With a body that does not come: nobody waits for it.
        for stream in streams(128) {
            raw.send(&request(stream, END_HEADERS, &head(CREATE_NOTE, None))).await;
        }
        outcomes(&mut raw, streams(128), Duration::from_secs(2)).await
    });
    futures::future::join_all(floods).await.concat()
}

async fn large_messages(ground: &Ground) -> Vec<String> {
    // A text that is far too long, in a field that is there.
    let text = wire::notes::v1::CreateNoteRequest {
        person: "x".repeat(4 * 1024 * 1024 - 100),
        ..Default::default()
    };
    let body = message(&prost::Message::encode_to_vec(&text));
    let floods = (0..ground.many(4)).map(|_| async {
        let mut raw = ground.open().await;
        for stream in streams(12) {
            raw.send(&request(stream, END_HEADERS, &head(CREATE_NOTE, Some(&ground.good.token))))
                .await;
            // Whether all of it is taken is the outcome's to say.
            raw.data(stream, &body, true).await;
        }
        outcomes(&mut raw, streams(12), BEARABLE).await
    });
    futures::future::join_all(floods).await.concat()
}
