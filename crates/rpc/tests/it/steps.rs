//! Streams between services, to a follower who does not read.

use std::sync::Arc;

use futures::StreamExt as _;
use rpc::{Error, Follower, Sequence};
use tokio_util::sync::CancellationToken;
use tonic::Code;

use crate::{LIST, call_of, clock, sign_ins};

/// Without an end.
struct Numbers;

impl Sequence for Numbers {
    type Message = i64;

    async fn after(&self, number: i64, most: i64) -> Result<Vec<(i64, i64)>, Error> {
        Ok((number + 1..=number + most).map(|n| (n, n)).collect())
    }

    fn checkpoint(&self, reached: i64) -> i64 {
        reached
    }
}

#[tokio::test]
async fn what_waited_for_a_reader_whose_token_has_ended_is_not_told() {
    let clock = clock();
    let sign_ins = sign_ins(&clock).await;
    let call = call_of(&sign_ins, "dr-c", LIST).await;
    let (shared, stop) = (Arc::new(clock.clone()), CancellationToken::new());
    let follower = Follower { call, clock: shared, stop, told: None };
    let stream = follower.stream(Numbers, 0);
    // Until no more goes in.
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    clock.advance(time::Duration::hours(2));
    let mut told: Vec<_> = stream.collect().await;
    let last = told.pop().unwrap();
    assert_eq!(last.unwrap_err().code(), Code::Unauthenticated);
    let told: Vec<i64> = told.into_iter().map(Result::unwrap).collect();
    assert_eq!(told, (1..=64).collect::<Vec<_>>());
}
