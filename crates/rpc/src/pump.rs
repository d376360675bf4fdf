//! Streams that are made by a task of their own, for a reader who takes each message within a time: whoever does not
//! read keeps neither what was made for them nor a place.

use std::{future::Future, time::Duration};

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::Steps;

/// How long a reader may take for a message.
const PATIENCE: Duration = Duration::from_secs(60);

/// What makes messages, one after the other.
pub trait Source: Send + 'static {
    type Message: Send + 'static;

    /// The next one; none: that was all.
    fn next(&mut self) -> impl Future<Output = Result<Option<Self::Message>, Status>> + Send;
}

/// Its stream, which breaks off where it is not read, and when the service stops. What it asks of others goes within the
/// deadline and the trace of the call.
pub fn pumped<S: Source>(source: S, stop: CancellationToken) -> Steps<S::Message> {
    pumped_within(source, stop, PATIENCE)
}

fn pumped_within<S: Source>(
    mut source: S,
    stop: CancellationToken,
    patience: Duration,
) -> Steps<S::Message> {
    let (out, messages) = mpsc::channel(1);
    // On the heap: what it asks of others can be large.
    let pump = Box::pin(async move {
        loop {
            let next = match source.next().await {
                Ok(None) => return,
                Ok(Some(message)) => Ok(message),
                Err(status) => Err(status),
            };
            let last = next.is_err();
            let taken = tokio::time::timeout(patience, out.send(next)).await;
            if last || !matches!(taken, Ok(Ok(()))) {
                return;
            }
        }
    });
    let pump = telemetry::carry(pump);
    let deadline = serve::current_deadline();
    tokio::spawn(stop.run_until_cancelled_owned(async move {
        match deadline {
            Some(deadline) => deadline.scope(pump).await,
            None => pump.await,
        }
    }));
    Box::pin(ReceiverStream::new(messages))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures::StreamExt as _;

    use super::*;

    /// So many numbers, while it is held.
    struct Numbers {
        left: u32,
        _held: Arc<()>,
    }

    fn numbers(left: u32, held: &Arc<()>) -> Numbers {
        Numbers { left, _held: Arc::clone(held) }
    }

    impl Source for Numbers {
        type Message = u32;

        async fn next(&mut self) -> Result<Option<u32>, Status> {
            let left = self.left;
            self.left = left.saturating_sub(1);
            Ok((left > 0).then_some(left))
        }
    }

    async fn gone(held: &Arc<()>) {
        while Arc::strong_count(held) > 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    #[tokio::test]
    async fn all_is_told_to_who_reads() {
        let numbers = numbers(5, &Arc::default());
        let told: Vec<_> = pumped(numbers, CancellationToken::new()).collect().await;
        let told: Vec<u32> = told.into_iter().map(Result::unwrap).collect();
        assert_eq!(told, [5, 4, 3, 2, 1]);
    }

    #[tokio::test]
    async fn whoever_does_not_read_goes_away_or_outstays_the_service_holds_nothing() {
        let held = Arc::new(());
        let stop = CancellationToken::new();
        let within = Duration::from_millis(20);
        let unread = pumped_within(numbers(5, &held), stop.clone(), within);
        gone(&held).await;
        // What was made before is there still, and then the stream breaks off.
        assert!(unread.count().await < 5);
        drop(pumped(numbers(u32::MAX, &held), stop.clone()));
        gone(&held).await;
        let unread = pumped(numbers(5, &held), stop.clone());
        stop.cancel();
        gone(&held).await;
        drop(unread);
    }
}
