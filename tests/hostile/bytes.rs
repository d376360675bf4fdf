//! Bytes of a message, and headers of a call, that are not as they should be.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use futures::FutureExt as _;
use testkit::frames::{END_HEADERS, message, prefixed};

use crate::{
    Row,
    ground::{BEARABLE, GET_AGENCY, Ground, Head, REGISTER_AGENCY, head, many_empty, request},
};

const INVALID: &[&str] = &["InvalidArgument INVALID_ARGUMENT"];
const TOO_LARGE: &[&str] = &["OutOfRange MESSAGE_TOO_LARGE"];

pub const ROWS: &[Row] = &[
    Row {
        name: "a length prefix that is too long",
        want: INVALID,
        play: |g| prefix(g, 0, |length| length + 5).boxed(),
    },
    Row {
        name: "a length prefix that is too short",
        want: INVALID,
        play: |g| prefix(g, 0, |length| length - 3).boxed(),
    },
    Row {
        name: "a length prefix of 4 GiB",
        want: TOO_LARGE,
        play: |g| prefix(g, 0, |_| u32::MAX).boxed(),
    },
    Row {
        name: "a length prefix of 4 MiB and one",
        want: TOO_LARGE,
        play: |g| prefix(g, 0, |_| 4 * 1024 * 1024 + 1).boxed(),
    },
    Row {
        name: "the compressed flag without an encoding",
        want: INVALID,
        play: |g| prefix(g, 1, |length| length).boxed(),
    },
    Row {
        name: "a flag that there is not",
        want: INVALID,
        play: |g| prefix(g, 7, |length| length).boxed(),
    },
    Row {
        name: "a gzip bomb, 1000 to 1",
        want: &["Unimplemented UNIMPLEMENTED"],
        play: |g| gzip_bomb(g).boxed(),
    },
    Row { name: "a message cut anywhere", want: INVALID, play: |g| truncated(g).boxed() },
    Row { name: "a doubled message", want: INVALID, play: |g| doubled(g).boxed() },
    Row { name: "messages without an end", want: INVALID, play: |g| endless(g).boxed() },
    Row { name: "no message", want: INVALID, play: |g| async { vec![g.say(&[]).await] }.boxed() },
    Row {
        name: "odd grpc-timeout values",
        want: &["InvalidArgument INVALID_METADATA"],
        play: |g| odd_timeouts(g).boxed(),
    },
    Row {
        name: "a grpc-timeout that has passed",
        want: &["DeadlineExceeded DEADLINE_EXCEEDED"],
        play: |g| passed(g).boxed(),
    },
    Row {
        name: "headers of 16 KiB and more",
        want: &["HTTP 431"],
        play: |g| long_headers(g).boxed(),
    },
    Row {
        name: "a million empty messages in a list",
        want: &["InvalidArgument INVALID_ARGUMENT", "ResourceExhausted OVERLOADED"],
        play: |g| empty_messages(g).boxed(),
    },
    Row {
        name: "things that are not gRPC",
        want: &["HTTP 405", "HTTP 415", "Unimplemented UNIMPLEMENTED"],
        play: |g| not_grpc(g).boxed(),
    },
];

fn known(ground: &Ground) -> Head {
    head(GET_AGENCY, Some(&ground.good.token))
}

fn and(mut head: Head, name: &str, value: &str) -> Head {
    head.push((name.to_owned(), value.to_owned()));
    head
}

async fn prefix(ground: &Ground, flag: u8, length: fn(u32) -> u32) -> Vec<String> {
    let body = ground.good.body();
    let length = length(u32::try_from(body.len()).unwrap());
    vec![ground.say(&prefixed(flag, length, body)).await]
}

/// Four times as much as any service reads.
async fn gzip_bomb(ground: &Ground) -> Vec<String> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![0; 16 * 1024 * 1024]).unwrap();
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() < 17 * 1024, "{}", bomb.len());
    let body = prefixed(1, u32::try_from(bomb.len()).unwrap(), &bomb);
    vec![ground.with(&and(known(ground), "grpc-encoding", "gzip"), &body).await]
}

async fn truncated(ground: &Ground) -> Vec<String> {
    let whole = ground.good.message();
    let mut outcomes = Vec::new();
    let mut raw = ground.open().await;
    for (at, stream) in (1..whole.len()).step_by(3).zip((1..).step_by(2)) {
        outcomes.push(ground.on(&mut raw, stream, GET_AGENCY, &whole[..at]).await);
        // The same where the length says so.
        let cut = message(&ground.good.body()[..at.min(ground.good.body().len() - 1)]);
        outcomes.push(ground.on(&mut raw, stream + 1000, GET_AGENCY, &cut).await);
        raw = ground.open().await;
    }
    outcomes
}

async fn doubled(ground: &Ground) -> Vec<String> {
    vec![ground.say(&ground.good.message().repeat(2)).await]
}

async fn endless(ground: &Ground) -> Vec<String> {
    vec![ground.say(&message(&[]).repeat(ground.many(200_000))).await]
}

async fn odd_timeouts(ground: &Ground) -> Vec<String> {
    let mut outcomes = Vec::new();
    for odd in ["", "S", "1", "1s", "-1S", "1.5S", " 1S", "123456789S", "0x1S", "1S1S"] {
        let head = and(known(ground), "grpc-timeout", odd);
        outcomes.push(ground.with(&head, &ground.good.message()).await);
    }
    let twice = and(and(known(ground), "grpc-timeout", "1S"), "grpc-timeout", "2S");
    outcomes.push(ground.with(&twice, &ground.good.message()).await);
    outcomes
}

async fn passed(ground: &Ground) -> Vec<String> {
    let mut outcomes = Vec::new();
    for none in ["0S", "0n", "1n", "00000000H"] {
        let head = and(known(ground), "grpc-timeout", none);
        outcomes.push(ground.with(&head, &ground.good.message()).await);
    }
    outcomes
}

async fn long_headers(ground: &Ground) -> Vec<String> {
    let one = and(known(ground), "x-long", &"x".repeat(17 * 1024));
    let many = (0..600).fold(known(ground), |head, n| and(head, &format!("x-{n}"), "x"));
    vec![ground.with(&one, &ground.good.message()).await, ground.with(&many, &[]).await]
}

/// Each would be a hundred megabytes and more, and they come together.
async fn empty_messages(ground: &Ground) -> Vec<String> {
    let body = message(&many_empty(1_500_000));
    let calls = (0..ground.many(8)).map(|_| async {
        let mut raw = ground.open().await;
        let head = head(REGISTER_AGENCY, Some(&ground.admin));
        raw.send(&request(1, END_HEADERS, &head)).await;
        raw.data(1, &body, true).await;
        raw.outcome(1, BEARABLE).await.to_string()
    });
    futures::future::join_all(calls).await
}

async fn not_grpc(ground: &Ground) -> Vec<String> {
    let changed = |name: &str, value: &str| {
        let mut head = known(ground);
        head.iter_mut().filter(|(n, _)| n == name).for_each(|(_, v)| value.clone_into(v));
        head
    };
    let body = ground.good.message();
    vec![
        ground.with(&changed(":method", "GET"), &[]).await,
        ground.with(&changed(":method", "DELETE"), &body).await,
        ground.with(&changed("content-type", "application/json"), &body).await,
        ground.with(&changed("content-type", ""), &body).await,
        ground.with(&changed(":path", "/"), &body).await,
        ground.with(&changed(":path", "/a/b?c=d"), &body).await,
        ground.with(&changed(":path", &format!("{GET_AGENCY}/")), &body).await,
        ground.with(&changed(":path", &format!("/{GET_AGENCY}")), &body).await,
        ground.with(&changed(":path", &GET_AGENCY.to_lowercase()), &body).await,
    ]
}
