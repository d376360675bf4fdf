//! Each flood: what a connection sends, and what it may be answered with.

use std::{net::SocketAddr, pin::Pin, time::Duration};

use prost::Message as _;
use testkit::{
    Processes,
    frames::{
        CONTINUATION, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, HEADERS,
        INITIAL_WINDOW_SIZE, Outcome, PING, PRIORITY, RST_STREAM, Raw, SETTINGS, fields, frame,
        integer, message, prefixed, setting, talk,
    },
};
use tonic::{Code, Status};
use wire::{
    directory::v1::{GetAgencyRequest, SearchServicesRequest},
    notes::v1::{CreateNoteRequest, NoteSection},
};

const BOUND: Duration = Duration::from_secs(10);
const GET_AGENCY: &str = "/trellis.directory.v1.DirectoryService/GetAgency";
const SEARCH: &str = "/trellis.directory.v1.DirectoryService/SearchServices";
const CREATE: &str = "/trellis.notes.v1.NotesService/CreateNote";
const WATCH: &str = "/trellis.referrals.v1.ReferralsService/WatchReferrals";
const MEBIBYTE: usize = 1 << 20;

/// Whom the flood meets, and who sends it: somebody of an agency, with a token of theirs.
#[derive(Clone)]
pub struct Target {
    addr: SocketAddr,
    token: String,
    agency: String,
}

type Answer = Pin<Box<dyn Future<Output = Outcome> + Send>>;

pub struct Attack {
    pub name: &'static str,
    pub run: fn(Target) -> Answer,
    pub well: fn(&Outcome) -> bool,
}

impl Target {
    pub fn new(addr: SocketAddr, token: String, agency: &str) -> Self {
        Self { addr, token, agency: agency.to_owned() }
    }

    /// As the one who floods, but well: the agency is not shut out for it.
    pub async fn good(&self, all: &Processes, request: GetAgencyRequest) -> Result<(), Status> {
        let caller = all.network().bearer(self.token.clone());
        caller.directory().get_agency(request).await.map(drop)
    }

    async fn open(&self) -> Raw {
        Raw::open(self.addr).await.unwrap()
    }

    fn block(&self, path: &str, more: &[(&str, &str)]) -> Vec<u8> {
        let bearer = format!("Bearer {}", self.token);
        let mut list = vec![
            (":method", "POST"),
            (":scheme", "http"),
            (":path", path),
            (":authority", "test"),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
            ("authorization", &bearer),
        ];
        list.extend(more);
        fields(&list)
    }

    fn begin(&self, stream: u32, path: &str, more: &[(&str, &str)]) -> Vec<u8> {
        frame(HEADERS, END_HEADERS, stream, &self.block(path, more))
    }

    fn asked(&self) -> Vec<u8> {
        message(&GetAgencyRequest { name: self.agency.clone() }.encode_to_vec())
    }

    /// The same bytes on a stream each, one call after the other: what the last is answered with.
    async fn each(&self, times: u32, path: &str, more: &[(&str, &str)], body: &[u8]) -> Outcome {
        let mut raw = self.open().await;
        let mut last = Outcome::Silence;
        for stream in (1..).step_by(2).take(times as usize) {
            if !raw.send(&self.begin(stream, path, more)).await {
                break;
            }
            raw.data(stream, body, true).await;
            last = raw.outcome(stream, BOUND).await;
            if raw.now().fate().is_some() {
                break;
            }
        }
        last
    }

    /// The same bytes again and again, in writes of some size, and what befalls the connection.
    async fn pour(&self, raw: &mut Raw, unit: &[u8], times: usize) {
        let many = (64 * 1024 / unit.len()).clamp(1, times);
        let batch = unit.repeat(many);
        for _ in 0..times.div_ceil(many) {
            if !raw.send(&batch).await || raw.now().fate().is_some() {
                return;
            }
        }
    }

    /// Watches on streams that are open, and on more. Until it is known whose they are, there may be no room for
    /// them: such are open no more. Any other end is the answer.
    async fn watch(
        &self,
        raw: &mut Raw,
        open: &mut Vec<u32>,
        more: impl Iterator<Item = u32>,
    ) -> Option<Outcome> {
        for stream in more {
            raw.send(&self.begin(stream, WATCH, &[])).await;
            raw.send(&frame(DATA, END_STREAM, stream, &message(&[]))).await;
            open.push(stream);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        let (seen, mut told) = (raw.now(), None);
        open.retain(|stream| match seen.of(*stream) {
            Some(end) if is(&end, Code::ResourceExhausted, "OVERLOADED") => false,
            Some(end) => {
                told = Some(end);
                true
            }
            None => true,
        });
        told
    }

    /// Whether the connection still serves, once it was flooded.
    async fn after(&self, mut raw: Raw, stream: u32) -> Outcome {
        if let Some(fate) = raw.now().fate() {
            return fate;
        }
        raw.send(&self.begin(stream, GET_AGENCY, &[])).await;
        raw.data(stream, &self.asked(), true).await;
        raw.outcome(stream, BOUND).await
    }
}

fn streams(count: u32) -> impl Iterator<Item = u32> {
    (1..).step_by(2).take(count as usize)
}

fn is(answer: &Outcome, code: Code, reason: &str) -> bool {
    matches!(answer, Outcome::Status(c, r) if *c == code as i32 && r == reason)
}

/// There is no room, or the caller has more than a share of it.
fn refused_for_now(answer: &Outcome) -> bool {
    let code = Code::ResourceExhausted;
    is(answer, code, "OVERLOADED") || is(answer, code, "RATE_LIMITED")
}

fn invalid(answer: &Outcome) -> bool {
    is(answer, Code::InvalidArgument, "INVALID_ARGUMENT")
}

fn served(answer: &Outcome) -> bool {
    matches!(answer, Outcome::Status(0, _))
}

/// Its connection is ended.
fn ended(answer: &Outcome) -> bool {
    matches!(answer, Outcome::GoAway(_) | Outcome::Closed)
}

fn calmed(answer: &Outcome) -> bool {
    *answer == Outcome::GoAway(ENHANCE_YOUR_CALM)
}

fn served_or_ended(answer: &Outcome) -> bool {
    served(answer) || ended(answer)
}

impl Attack {
    pub fn all() -> Vec<Self> {
        vec![
            Self {
                name: "a length prefix of 4 GiB",
                run: |to| {
                    Box::pin(async move {
                        to.each(200, GET_AGENCY, &[], &prefixed(0, u32::MAX, b"abc")).await
                    })
                },
                well: |answer| is(answer, Code::OutOfRange, "MESSAGE_TOO_LARGE"),
            },
            Self {
                name: "gzip, 680 to 1",
                run: |to| {
                    Box::pin(async move {
                        let bomb = gzipped();
                        let body = prefixed(1, bomb.len() as u32, &bomb);
                        to.each(200, GET_AGENCY, &[("grpc-encoding", "gzip")], &body).await
                    })
                },
                well: |answer| is(answer, Code::Unimplemented, "UNIMPLEMENTED"),
            },
            Self {
                name: "truncated messages",
                run: |to| {
                    Box::pin(async move {
                        to.each(200, GET_AGENCY, &[], &prefixed(0, 100, &[10; 50])).await
                    })
                },
                well: invalid,
            },
            Self {
                name: "doubled messages",
                run: |to| {
                    Box::pin(async move {
                        let twice = [to.asked(), to.asked()].concat();
                        to.each(200, GET_AGENCY, &[], &twice).await
                    })
                },
                well: invalid,
            },
            Self {
                name: "1,900,000 sections in a message",
                run: |to| {
                    Box::pin(async move {
                        let mut bytes = CreateNoteRequest {
                            sections: vec![NoteSection::default()],
                            ..CreateNoteRequest::default()
                        }
                        .encode_to_vec();
                        bytes = bytes.repeat(3_900_000 / bytes.len());
                        to.each(3, CREATE, &[], &message(&bytes)).await
                    })
                },
                well: |answer| invalid(answer) || refused_for_now(answer),
            },
            Self {
                name: "a text of 3.9 MiB",
                run: |to| {
                    Box::pin(async move {
                        let name = "a".repeat(39 * MEBIBYTE / 10);
                        let bytes = GetAgencyRequest { name }.encode_to_vec();
                        to.each(5, GET_AGENCY, &[], &message(&bytes)).await
                    })
                },
                well: |answer| invalid(answer) || refused_for_now(answer),
            },
            Self {
                name: "100,000 empty DATA frames",
                run: |to| {
                    Box::pin(async move {
                        let mut raw = to.open().await;
                        raw.send(&to.begin(1, GET_AGENCY, &[])).await;
                        to.pour(&mut raw, &frame(DATA, 0, 1, &[]), 100_000).await;
                        raw.send(&frame(DATA, END_STREAM, 1, &to.asked())).await;
                        raw.outcome(1, BOUND).await
                    })
                },
                well: served_or_ended,
            },
            Self {
                name: "CONTINUATION without end",
                run: |to| {
                    Box::pin(async move {
                        let mut raw = to.open().await;
                        raw.send(&frame(HEADERS, 0, 1, &to.block(GET_AGENCY, &[]))).await;
                        let more = fields(&[("x-more", "x".repeat(1_000))]);
                        to.pour(&mut raw, &frame(CONTINUATION, 0, 1, &more), 20_000).await;
                        raw.fate(BOUND).await
                    })
                },
                well: ended,
            },
            Self {
                name: "headers of 20 KiB",
                run: |to| {
                    Box::pin(async move {
                        let mut raw = to.open().await;
                        let long = "x".repeat(10_000);
                        let block = to.block(GET_AGENCY, &[("x-one", &long), ("x-two", &long)]);
                        let (first, second) = block.split_at(16_000);
                        let mut last = Outcome::Silence;
                        for stream in streams(200) {
                            let head = frame(HEADERS, END_STREAM, stream, first);
                            raw.send(
                                &[head, frame(CONTINUATION, END_HEADERS, stream, second)].concat(),
                            )
                            .await;
                            last = raw.outcome(stream, BOUND).await;
                        }
                        last
                    })
                },
                well: |answer| matches!(answer, Outcome::Http(431)) || ended(answer),
            },
            Self {
                name: "HPACK, 4 KB named 16,000 times",
                run: |to| {
                    Box::pin(async move {
                        let mut raw = to.open().await;
                        // Literal, and kept in the table: then a byte names it again.
                        let mut block = to.block(GET_AGENCY, &[]);
                        block.push(0x40);
                        for text in ["x-many", &"x".repeat(3_900)] {
                            integer(&mut block, 0, 7, text.len());
                            block.extend(text.as_bytes());
                        }
                        block.resize(16_000, 0x80 | 62);
                        raw.send(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &block)).await;
                        raw.outcome(1, BOUND).await
                    })
                },
                well: |answer| {
                    matches!(answer, Outcome::Http(431) | Outcome::Reset(_)) || ended(answer)
                },
            },
            Self {
                name: "rapid reset",
                run: |to| {
                    Box::pin(async move {
                        let mut raw = to.open().await;
                        for chunk in streams(10_000).collect::<Vec<_>>().chunks(100) {
                            let one = |stream: &u32| {
                                let reset = frame(RST_STREAM, 0, *stream, &8_u32.to_be_bytes());
                                [to.begin(*stream, GET_AGENCY, &[]), reset].concat()
                            };
                            if !raw.send(&chunk.iter().flat_map(one).collect::<Vec<_>>()).await {
                                break;
                            }
                        }
                        raw.fate(BOUND).await
                    })
                },
                well: calmed,
            },
            Self {
                name: "reset by error (MadeYouReset)",
                run: |to| {
                    Box::pin(async move {
                        let mut raw = to.open().await;
                        for stream in streams(2_000) {
                            // It depends on itself.
                            let itself = [&stream.to_be_bytes()[..], &[16]].concat();
                            let bad = frame(PRIORITY, 0, stream, &itself);
                            let one = [to.begin(stream, GET_AGENCY, &[]), bad].concat();
                            if !raw.send(&one).await || raw.now().fate().is_some() {
                                break;
                            }
                        }
                        raw.fate(BOUND).await
                    })
                },
                well: calmed,
            },
            Self {
                name: "200,000 SETTINGS",
                run: |to| {
                    Box::pin(async move {
                        let mut raw = to.open().await;
                        to.pour(&mut raw, &frame(SETTINGS, 0, 0, &[]), 200_000).await;
                        to.after(raw, 1).await
                    })
                },
                well: served_or_ended,
            },
            Self {
                name: "200,000 PINGs",
                run: |to| {
                    Box::pin(async move {
                        let mut raw = to.open().await;
                        to.pour(&mut raw, &frame(PING, 0, 0, &[7; 8]), 200_000).await;
                        to.after(raw, 1).await
                    })
                },
                well: served_or_ended,
            },
            Self {
                name: "SETTINGS and PINGs, nothing read",
                run: |to| {
                    Box::pin(async move {
                        let mut raw = Raw::unread(to.addr).await.unwrap();
                        let both =
                            [frame(SETTINGS, 0, 0, &[]), frame(PING, 0, 0, &[7; 8])].concat();
                        // Ends at the first write that is not taken.
                        to.pour(&mut raw, &both, 1_000_000).await;
                        Outcome::Silence
                    })
                },
                well: |_| true,
            },
            Self {
                name: "bodies that come slowly",
                run: |to| {
                    Box::pin(async move {
                        let mut raw = to.open().await;
                        for stream in streams(64) {
                            raw.send(&to.begin(stream, GET_AGENCY, &[("grpc-timeout", "1500m")]))
                                .await;
                        }
                        let asked = to.asked();
                        for byte in asked.iter().take(4) {
                            for stream in streams(64) {
                                raw.send(&frame(DATA, 0, stream, &[*byte])).await;
                            }
                            tokio::time::sleep(Duration::from_millis(200)).await;
                        }
                        raw.outcome(127, BOUND).await
                    })
                },
                well: |answer| {
                    is(answer, Code::DeadlineExceeded, "DEADLINE_EXCEEDED")
                        || refused_for_now(answer)
                },
            },
            Self {
                name: "replies that nobody takes (zero window)",
                run: |to| {
                    Box::pin(async move {
                        let zero = setting(INITIAL_WINDOW_SIZE, 0);
                        let mut raw = Raw::open_with(to.addr, &zero).await.unwrap();
                        let search = SearchServicesRequest::default().encode_to_vec();
                        for stream in streams(120) {
                            raw.send(&to.begin(stream, SEARCH, &[])).await;
                            raw.send(&frame(DATA, END_STREAM, stream, &message(&search))).await;
                        }
                        raw.outcome(239, Duration::from_secs(2)).await
                    })
                },
                well: |answer| *answer == Outcome::Silence || refused_for_now(answer),
            },
            Self {
                name: "10,000 streams that are left open",
                run: |to| {
                    Box::pin(async move {
                        let mut raw = to.open().await;
                        for stream in streams(10_000) {
                            let one = to.begin(stream, GET_AGENCY, &[("grpc-timeout", "1500m")]);
                            if !raw.send(&one).await || raw.now().fate().is_some() {
                                break;
                            }
                        }
                        raw.outcome(19_999, BOUND).await
                    })
                },
                well: |answer| {
                    matches!(answer, Outcome::Reset(testkit::frames::REFUSED_STREAM))
                        || ended(answer)
                },
            },
            Self {
                name: "streams that watch, more than their share",
                run: |to| {
                    Box::pin(async move {
                        let (mut held, mut ids) = (Vec::new(), streams(u32::MAX / 4));
                        for _ in 0..5 {
                            held.push((to.open().await, Vec::new()));
                        }
                        for _ in 0..4 {
                            // 600 of one agency's, each begun and followed to no end, and no more in a second than it
                            // may begin: its share of what is open refuses them.
                            for (raw, open) in &mut held {
                                let more = ids.by_ref().take(120 - open.len());
                                if let Some(answer) = to.watch(raw, open, more).await {
                                    return answer;
                                }
                            }
                        }
                        Outcome::Silence
                    })
                },
                well: |answer| is(answer, Code::ResourceExhausted, "RATE_LIMITED"),
            },
            Self {
                name: "messages of 3.9 MiB that do not end",
                run: |to| {
                    Box::pin(async move {
                        let mut raw = to.open().await;
                        let size = 39 * MEBIBYTE / 10;
                        let part = prefixed(0, size as u32, &vec![10; size - 100]);
                        for stream in streams(24) {
                            raw.send(&to.begin(stream, GET_AGENCY, &[("grpc-timeout", "4S")]))
                                .await;
                            raw.data(stream, &part, false).await;
                        }
                        raw.outcome(47, BOUND).await
                    })
                },
                well: |answer| {
                    refused_for_now(answer)
                        || is(answer, Code::DeadlineExceeded, "DEADLINE_EXCEEDED")
                },
            },
            Self {
                name: "odd grpc-timeout values",
                run: |to| {
                    Box::pin(async move {
                        to.each(200, GET_AGENCY, &[("grpc-timeout", "-1S")], &to.asked()).await
                    })
                },
                well: |answer| is(answer, Code::InvalidArgument, "INVALID_METADATA"),
            },
            Self {
                name: "HTTP/1.1",
                run: |to| {
                    Box::pin(async move {
                        let asked = b"GET / HTTP/1.1\r\nhost: test\r\n\r\n";
                        for _ in 0..100 {
                            if talk(to.addr, asked, BOUND).await.unwrap() != Some(Vec::new()) {
                                return Outcome::Silence;
                            }
                        }
                        Outcome::Closed
                    })
                },
                well: |answer| *answer == Outcome::Closed,
            },
            Self {
                name: "connections that say nothing",
                run: |to| {
                    Box::pin(async move {
                        let mut held = Vec::new();
                        for _ in 0..100 {
                            held.push(tokio::net::TcpStream::connect(to.addr).await.unwrap());
                        }
                        let mut last = held.pop().unwrap();
                        let mut byte = [0];
                        let read = tokio::io::AsyncReadExt::read(&mut last, &mut byte);
                        match tokio::time::timeout(BOUND, read).await {
                            Ok(Ok(0) | Err(_)) => Outcome::Closed,
                            Ok(Ok(_)) | Err(_) => Outcome::Silence,
                        }
                    })
                },
                well: |answer| *answer == Outcome::Closed,
            },
        ]
    }
}

/// 4 MiB of zeros, in members of 64 KiB.
fn gzipped() -> Vec<u8> {
    let head =
        [31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 237, 193, 1, 1, 0, 0, 0, 128, 144, 254, 175, 238, 8, 10];
    let tail = [106, 235, 142, 151, 215, 0, 0, 1, 0];
    [&head[..], &[0; 63], &tail[..]].concat().repeat(64)
}
