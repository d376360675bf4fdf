//! One event, told to a reader who may be slow.

use rpc::Error;
use tokio::sync::mpsc;
use tonic::Status;

/// What became of an event.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told {
    Event,
    /// It is not for the reader.
    Nothing,
    /// The reader has gone.
    Gone,
}

/// Tells an event once there is room for it, and decides on it only then: what was decided does not wait for a slow
/// reader, whose token may end meanwhile, or their agency be suspended.
pub(super) async fn tell<M>(
    out: &mpsc::Sender<Result<M, Status>>,
    admitted: impl Fn() -> Result<(), Error>,
    released: impl Future<Output = Result<Option<M>, Error>>,
) -> Result<Told, Error> {
    let Ok(room) = out.reserve().await else { return Ok(Told::Gone) };
    admitted()?;
    let Some(message) = released.await? else { return Ok(Told::Nothing) };
    room.send(Ok(message));
    Ok(Told::Event)
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, task::Poll};

    use super::*;

    #[tokio::test]
    async fn nothing_is_decided_before_there_is_room_and_nothing_told_to_who_is_admitted_no_more() {
        let (out, mut read) = mpsc::channel(1);
        let (suspended, decided) = (Cell::new(false), Cell::new(0));
        let admitted = || if suspended.get() { Err(Error::NotFound) } else { Ok(()) };
        let released = |number: u32| {
            let decided = &decided;
            async move {
                decided.set(decided.get() + 1);
                Ok::<_, Error>(Some(number))
            }
        };
        assert_eq!(tell(&out, admitted, released(1)).await.unwrap(), Told::Event);
        let mut second = Box::pin(tell(&out, admitted, released(2)));
        assert!(matches!(futures::poll!(&mut second), Poll::Pending));
        assert_eq!(decided.get(), 1, "nobody reads");
        suspended.set(true);
        assert_eq!(read.recv().await.unwrap().unwrap(), 1);
        assert!(matches!(second.await, Err(Error::NotFound)));
        assert_eq!(decided.get(), 1);
        suspended.set(false);
        drop(read);
        assert_eq!(tell(&out, admitted, released(3)).await.unwrap(), Told::Gone);
    }
}
