//! Repeating a call that was not taken up.

use std::{future::Future, time::Duration};

use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// How often, and how long in between.
#[derive(Debug, Clone, Copy)]
pub struct Retry {
    pub attempts: u32,
    /// Before the second attempt; it doubles. What the server asks for goes first.
    pub pause: Duration,
    pub longest_pause: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 5,
            pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(5),
        }
    }
}

/// Repeats `call` while the network answers UNAVAILABLE, as often as [`Retry::default`] says. Only
/// for what may be done twice: reads, and writes whose `request_id` is the same each time.
pub async fn retry<T, F, Fut>(call: F) -> Result<T, Status>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, Status>>,
{
    Retry::default().run(call).await
}

impl Retry {
    /// As [`retry`], with these bounds.
    pub async fn run<T, F, Fut>(self, mut call: F) -> Result<T, Status>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, Status>>,
    {
        let mut pause = self.pause;
        let mut attempt = 1;
        loop {
            let refused = match call().await {
                Err(status) if status.code() == Code::Unavailable => status,
                done => return done,
            };
            if attempt >= self.attempts {
                return Err(refused);
            }
            let asked = refused.get_details_retry_info().and_then(|info| info.retry_delay);
            tokio::time::sleep(asked.unwrap_or(pause).min(self.longest_pause)).await;
            pause = pause.saturating_mul(2);
            attempt += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tonic_types::ErrorDetails;

    use super::*;

    async fn attempts(answers: impl Fn(u32) -> Result<(), Status>) -> (u32, Result<(), Status>) {
        let made = Cell::new(0);
        let quick = Retry { pause: Duration::from_millis(1), ..Retry::default() };
        let done = quick.run(|| {
            made.set(made.get() + 1);
            let answer = answers(made.get());
            async move { answer }
        });
        let done = done.await;
        (made.get(), done)
    }

    #[tokio::test]
    async fn a_call_that_was_not_taken_up_is_repeated() {
        let third = |n| if n < 3 { Err(Status::unavailable("")) } else { Ok(()) };
        let (made, done) = attempts(third).await;
        assert_eq!(made, 3);
        done.unwrap();
    }

    #[tokio::test]
    async fn a_refusal_is_final_and_so_is_the_last_attempt() {
        let (made, done) = attempts(|_| Err(Status::not_found(""))).await;
        assert_eq!((made, done.unwrap_err().code()), (1, Code::NotFound));
        let (made, done) = attempts(|_| Err(Status::unavailable(""))).await;
        assert_eq!((made, done.unwrap_err().code()), (5, Code::Unavailable));
    }

    #[tokio::test]
    async fn the_pause_is_the_one_that_the_server_asks_for() {
        let details = ErrorDetails::with_retry_info(Some(Duration::from_millis(300)));
        let status = Status::with_error_details(Code::Unavailable, "", details);
        let begun = std::time::Instant::now();
        let answer = move |n| if n == 1 { Err(status.clone()) } else { Ok(()) };
        attempts(answer).await.1.unwrap();
        assert!(begun.elapsed() >= Duration::from_millis(300), "{:?}", begun.elapsed());
    }
}
