//! Bytes that are not HTTP/2, and frames that HTTP/2 does not allow.

use std::time::Duration;

use futures::{FutureExt as _, future::BoxFuture};
use testkit::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PING, PREFACE, PRIORITY, PUSH_PROMISE,
    RST_STREAM, SETTINGS, WINDOW_UPDATE, fields, frame, integer, message, setting, talk,
};

use crate::{
    Row,
    ground::{BEARABLE, GET_AGENCY, Ground, Head, head, request},
};

/// Longer than a connection may take to begin.
const SOON: Duration = Duration::from_secs(8);
const CLOSED: &[&str] = &["closed without a word"];
const PROTOCOL: &[&str] = &["GOAWAY PROTOCOL_ERROR"];
const OVERFULL: u32 = 0x7FFF_FFFF;

pub const ROWS: &[Row] = &[
    Row { name: "a bad preface", want: CLOSED, play: |g| prefaces(g).boxed() },
    Row { name: "HTTP/1.1", want: CLOSED, play: |g| http1(g).boxed() },
    Row { name: "TLS on the plaintext port", want: CLOSED, play: |g| client_hello(g).boxed() },
    Row {
        name: "plaintext on the TLS port",
        want: &["closed with an alert"],
        play: |g| on_the_tls_port(g).boxed(),
    },
    Row {
        name: "garbage instead of frames",
        want: &["GOAWAY FRAME_SIZE_ERROR"],
        play: |g| one(g, vec![0xFF; 64]),
    },
    Row {
        name: "a frame that is too large",
        want: &["GOAWAY FRAME_SIZE_ERROR"],
        play: |g| one(g, frame(DATA, 0, 1, &vec![0; 16 * 1024 + 1])),
    },
    Row { name: "frames that have no place", want: PROTOCOL, play: |g| misplaced(g).boxed() },
    Row {
        name: "pseudo-header faults",
        want: &["RST_STREAM PROTOCOL_ERROR", "GOAWAY PROTOCOL_ERROR"],
        play: |g| pseudo_headers(g).boxed(),
    },
    Row {
        name: "HEADERS that something breaks into",
        want: PROTOCOL,
        play: |g| {
            let begun = frame(HEADERS, 0, 1, &fields(&known(g)));
            one(g, [begun, frame(PING, 0, 0, &[0; 8])].concat())
        },
    },
    Row {
        name: "a window that overflows",
        want: &["GOAWAY FLOW_CONTROL_ERROR", "RST_STREAM FLOW_CONTROL_ERROR"],
        play: |g| overflows(g).boxed(),
    },
    Row { name: "a setting that there may not be", want: PROTOCOL, play: |g| settings(g).boxed() },
    Row { name: "HPACK that can't be read", want: PROTOCOL, play: |g| hpack(g).boxed() },
    Row {
        name: "an HPACK bomb",
        want: &["GOAWAY ENHANCE_YOUR_CALM"],
        play: |g| hpack_bomb(g).boxed(),
    },
    Row {
        name: "HPACK's table resized without end",
        want: &["served"],
        play: |g| resized(g).boxed(),
    },
];

fn known(ground: &Ground) -> Head {
    head(GET_AGENCY, Some(&ground.good.token))
}

/// What becomes of a connection on which these bytes come.
fn one<'a>(ground: &'a Ground, bytes: Vec<u8>) -> BoxFuture<'a, Vec<String>> {
    async move {
        let mut raw = ground.open().await;
        raw.send(&bytes).await;
        vec![raw.fate(SOON).await.to_string()]
    }
    .boxed()
}

/// What comes back before the other side closes, as far as it matters.
fn told(said: Option<Vec<u8>>) -> String {
    match said.as_deref() {
        None => "left open".to_owned(),
        Some([]) => "closed without a word".to_owned(),
        Some([21, 3, ..]) => "closed with an alert".to_owned(),
        Some(other) => format!("closed with {:?}", String::from_utf8_lossy(other)),
    }
}

async fn all_of(addr: std::net::SocketAddr, openings: &[&[u8]]) -> Vec<String> {
    let mut all = Vec::new();
    for bytes in openings {
        all.push(told(talk(addr, bytes, SOON).await.unwrap()));
    }
    all
}

async fn prefaces(ground: &Ground) -> Vec<String> {
    let openings: [&[u8]; 4] = [
        b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
        b"PRI * HTTP/3.0\r\n\r\nSM\r\n\r\n",
        &[0; 64],
        b"SSH-2.0-OpenSSH_9.6\r\n",
    ];
    all_of(ground.addr, &openings).await
}

async fn http1(ground: &Ground) -> Vec<String> {
    let openings: [&[u8]; 3] = [
        b"GET / HTTP/1.1\r\nhost: x\r\n\r\n",
        b"POST /a/b HTTP/1.1\r\nhost: x\r\ncontent-type: application/grpc\r\ncontent-length: 0\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade, http2-settings\r\nupgrade: h2c\r\n\
          http2-settings: AAMAAABkAAQAAP__\r\n\r\n",
    ];
    all_of(ground.addr, &openings).await
}

async fn client_hello(ground: &Ground) -> Vec<String> {
    all_of(ground.addr, &[b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\x00"]).await
}

async fn on_the_tls_port(ground: &Ground) -> Vec<String> {
    let good = [PREFACE, &frame(SETTINGS, 0, 0, &[]), &ground.good.call(1)].concat();
    all_of(ground.tls, &[&good, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"]).await
}

async fn misplaced(ground: &Ground) -> Vec<String> {
    let good = ground.good.call(1);
    let block = fields(&known(ground));
    let frames: Vec<Vec<u8>> = vec![
        frame(DATA, 0, 0, b"x"),
        frame(DATA, END_STREAM, 5, b"x"),
        frame(HEADERS, END_HEADERS, 0, &block),
        frame(HEADERS, END_HEADERS | END_STREAM, 2, &block),
        frame(CONTINUATION, END_HEADERS, 1, &block),
        frame(PUSH_PROMISE, END_HEADERS, 1, &[&[0, 0, 0, 2], &block[..]].concat()),
        frame(SETTINGS, 0, 3, &[]),
        frame(SETTINGS, 0, 0, &[1, 2, 3]),
        frame(PING, 0, 0, &[0; 7]),
        frame(PING, 0, 1, &[0; 8]),
        frame(RST_STREAM, 0, 0, &[0; 4]),
        frame(RST_STREAM, 0, 7, &[0; 4]),
        frame(PRIORITY, 0, 0, &[0; 5]),
        frame(WINDOW_UPDATE, 0, 0, &[0; 4]),
        // Stream 1 is over when 3 has begun.
        [ground.good.call(3), good].concat(),
        // Padding that is longer than the frame.
        frame(HEADERS, END_HEADERS | 8, 1, &[&[255][..], &block[..20]].concat()),
    ];
    let mut outcomes = Vec::new();
    for bytes in frames {
        outcomes.extend(one(ground, bytes).await);
    }
    outcomes
}

async fn pseudo_headers(ground: &Ground) -> Vec<String> {
    let without = |name: &str| -> Head {
        known(ground).into_iter().filter(|(other, _)| other != name).collect()
    };
    let and = |name: &str, value: &str, first: bool| {
        let mut head = known(ground);
        let at = if first { 0 } else { head.len() };
        head.insert(at, (name.to_owned(), value.to_owned()));
        head
    };
    let heads = [
        without(":method"),
        without(":path"),
        without(":scheme"),
        and(":path", "/a/b", true),
        and(":method", "GET", true),
        and(":method", "GET", false),
        and(":status", "200", true),
        and(":nothing", "x", true),
        and(":protocol", "websocket", true),
        and("X-Upper", "x", false),
        and("connection", "close", false),
        and("transfer-encoding", "chunked", false),
        and("te", "gzip", false),
        and("content-length", "x", false),
        and("x-nul", "a\0b", false),
        and("x line", "x", false),
        and("", "x", false),
    ];
    let mut outcomes = Vec::new();
    for head in heads {
        outcomes.push(ground.with(&head, &ground.good.message()).await);
    }
    outcomes
}

async fn overflows(ground: &Ground) -> Vec<String> {
    let most = OVERFULL.to_be_bytes();
    let mut outcomes = one(ground, frame(WINDOW_UPDATE, 0, 0, &most).repeat(2)).await;
    let mut raw = ground.open().await;
    raw.send(&request(1, END_HEADERS, &known(ground))).await;
    raw.send(&frame(WINDOW_UPDATE, 0, 1, &most).repeat(2)).await;
    outcomes.push(raw.outcome(1, BEARABLE).await.to_string());
    // By a setting, for a stream that is open.
    let mut raw = ground.open().await;
    raw.send(&request(1, END_HEADERS, &known(ground))).await;
    raw.send(&frame(WINDOW_UPDATE, 0, 1, &(OVERFULL - (1 << 30)).to_be_bytes())).await;
    raw.send(&frame(SETTINGS, 0, 0, &setting(4, OVERFULL))).await;
    outcomes.push(raw.outcome(1, BEARABLE).await.to_string());
    outcomes
}

async fn settings(ground: &Ground) -> Vec<String> {
    let mut outcomes = Vec::new();
    // ENABLE_PUSH 2, a window and a frame that are larger than any may be, a frame that is too small.
    for (id, value) in [(2, 2), (4, 0x8000_0000), (5, 1 << 24), (5, 100)] {
        outcomes.extend(one(ground, frame(SETTINGS, 0, 0, &setting(id, value))).await);
    }
    outcomes
}

async fn hpack(ground: &Ground) -> Vec<String> {
    let mut beyond = Vec::new();
    integer(&mut beyond, 0x80, 7, 5_000);
    let mut large = Vec::new();
    integer(&mut large, 0x20, 5, 1 << 20);
    // An index of 0, one beyond the table, a table larger than we said, an integer that never ends,
    // and Huffman's end within a text.
    let blocks = [
        vec![0x80],
        beyond,
        large,
        vec![0xFF; 12],
        vec![0x00, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, b'x'],
    ];
    let mut outcomes = Vec::new();
    for block in blocks {
        outcomes.extend(one(ground, frame(HEADERS, END_HEADERS, 1, &block)).await);
    }
    outcomes
}

/// A field of 4,000 bytes in the table, and 14,000 times its index: 56 MB.
async fn hpack_bomb(ground: &Ground) -> Vec<String> {
    let mut block = vec![0x40];
    for text in ["x-bomb".to_owned(), "x".repeat(4_000)] {
        integer(&mut block, 0, 7, text.len());
        block.extend(text.as_bytes());
    }
    let first = [fields(&known(ground)), block].concat();
    let mut raw = ground.open().await;
    raw.send(&frame(HEADERS, END_HEADERS, 1, &first)).await;
    raw.data(1, &message(ground.good.body()), true).await;
    assert_eq!(raw.outcome(1, BEARABLE).await.to_string(), "served");
    let bomb = [fields(&known(ground)), vec![0x80 | 62; 14_000]].concat();
    raw.send(&frame(HEADERS, END_HEADERS | END_STREAM, 3, &bomb)).await;
    vec![raw.outcome(3, BEARABLE).await.to_string()]
}

/// To nothing and back, as often as a frame holds.
async fn resized(ground: &Ground) -> Vec<String> {
    let mut back = Vec::new();
    integer(&mut back, 0x20, 5, 4096);
    let resizes = [vec![0x20], back].concat().repeat(3_000);
    let mut raw = ground.open().await;
    let block = [resizes, fields(&known(ground))].concat();
    raw.send(&frame(HEADERS, END_HEADERS, 1, &block)).await;
    raw.data(1, &message(ground.good.body()), true).await;
    vec![raw.outcome(1, BEARABLE).await.to_string()]
}
