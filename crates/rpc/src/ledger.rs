//! The stream by which the audit service follows a service's ledger.

use std::{collections::HashMap, pin::Pin, sync::Arc, time::Duration};

use identity::Caller;
use kernel::Clock;
use ledger::{Followed, Ledger};
use pg::StoreError;
use tokio::sync::mpsc;
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::{Request, Response, Status, async_trait};
use wire::{
    audit::v1::{
        FollowLedgerRequest, FollowLedgerResponse, GetLedgerConsistencyRequest,
        GetLedgerConsistencyResponse, GetLedgerHeadRequest, GetLedgerHeadResponse,
        GetLedgerInclusionRequest, GetLedgerInclusionResponse, LedgerLeaf, LedgerRecord,
        ledger_service_server::{LedgerService, LedgerServiceServer},
    },
    convert::{name_of, timestamp},
};

use crate::{Error, valid};

const BATCH: i64 = 500;
const MAX_REQUEST: usize = 4 * 1024 * 1024;
/// A batch of records; as much as the audit service reads.
const MAX_BATCH: usize = 64 * 1024 * 1024;
const CHECKPOINT: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(100);

/// The ledgers of the services that this process runs, by their names.
#[derive(Clone)]
pub struct Ledgers {
    ledgers: Arc<HashMap<&'static str, Ledger>>,
    clock: Arc<dyn Clock>,
}

impl Ledgers {
    pub fn new(
        ledgers: impl IntoIterator<Item = (&'static str, Ledger)>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { ledgers: Arc::new(ledgers.into_iter().collect()), clock }
    }

    fn of(&self, service: &str) -> Result<Ledger, Error> {
        self.ledgers.get(service).cloned().ok_or(Error::NotFound)
    }

    pub fn server(self) -> LedgerServiceServer<Self> {
        LedgerServiceServer::new(self)
            .max_decoding_message_size(MAX_REQUEST)
            .max_encoding_message_size(MAX_BATCH)
    }
}

type Records = Pin<Box<dyn Stream<Item = Result<FollowLedgerResponse, Status>> + Send>>;

#[async_trait]
impl LedgerService for Ledgers {
    type FollowLedgerStream = Records;

    async fn follow_ledger(
        &self,
        request: Request<FollowLedgerRequest>,
    ) -> Result<Response<Records>, Status> {
        let caller = Caller::of(&request)?;
        let request = for_audit(request)?;
        let ledger = self.of(&request.service)?;
        let (out, records) = mpsc::channel(4);
        let clock = Arc::clone(&self.clock);
        let signed_in = move || caller.stands(clock.now()).map_err(Error::from);
        let read = move |after| {
            let ledger = ledger.clone();
            async move { ledger.follow(after, BATCH).await }
        };
        tokio::spawn(follow(read, request.after, signed_in, out));
        Ok(Response::new(Box::pin(ReceiverStream::new(records))))
    }

    async fn get_ledger_head(
        &self,
        request: Request<GetLedgerHeadRequest>,
    ) -> Result<Response<GetLedgerHeadResponse>, Status> {
        let request = for_audit(request)?;
        let head = self.of(&request.service)?.head_note().await.map_err(Error::from)?;
        let checkpoint = head.ok_or(Error::NotFound)?;
        Ok(Response::new(GetLedgerHeadResponse { checkpoint }))
    }

    async fn get_ledger_inclusion(
        &self,
        request: Request<GetLedgerInclusionRequest>,
    ) -> Result<Response<GetLedgerInclusionResponse>, Status> {
        let request = for_audit(request)?;
        let sequence = request.sequence;
        let size = request.tree_size.unsigned_abs();
        let found = self.of(&request.service)?.inclusion(sequence, size).await;
        let found = found.map_err(Error::from)?.ok_or(Error::NotFound)?;
        let leaf = LedgerLeaf {
            sequence,
            event_id: found.event_id.to_string(),
            commitment: found.commitment,
            salt: found.salt,
            detail: found.detail,
        };
        let hashes = found.path.iter().map(|hash| hash.to_vec()).collect();
        Ok(Response::new(GetLedgerInclusionResponse { leaf: Some(leaf), hashes }))
    }

    async fn get_ledger_consistency(
        &self,
        request: Request<GetLedgerConsistencyRequest>,
    ) -> Result<Response<GetLedgerConsistencyResponse>, Status> {
        let request = for_audit(request)?;
        let (first, second) =
            (request.first_size.unsigned_abs(), request.second_size.unsigned_abs());
        let found = self.of(&request.service)?.consistency(first, second).await;
        let hashes = found.map_err(Error::from)?.ok_or(Error::NotFound)?;
        let hashes = hashes.iter().map(|hash| hash.to_vec()).collect();
        Ok(Response::new(GetLedgerConsistencyResponse { hashes }))
    }
}

/// The records of who asked for whom: for the audit service alone.
fn for_audit<T: prost_protovalidate::Validate>(request: Request<T>) -> Result<T, Error> {
    crate::only_for(&*Caller::of(&request)?, "audit")?;
    let request = request.into_inner();
    valid(&request)?;
    Ok(request)
}

/// Until the reader goes, or their token ends: they come again with another.
async fn follow<F>(
    read: impl Fn(i64) -> F,
    mut reached: i64,
    signed_in: impl Fn() -> Result<(), Error>,
    out: mpsc::Sender<Result<FollowLedgerResponse, Status>>,
) where
    F: Future<Output = Result<Vec<Followed>, StoreError>>,
{
    let mut quiet = Duration::ZERO;
    loop {
        // Read only when there is room: what waits for a slow reader was told to whoever they were then.
        let Ok(room) = out.reserve().await else { return };
        let read = read(reached).await;
        let step = match (signed_in(), read) {
            (Ok(()), Ok(events)) => events.iter().map(record).collect::<Result<Vec<_>, _>>(),
            (Ok(()), Err(error)) => Err(Error::from(error)),
            (Err(error), _) => Err(error),
        };
        let step = match step {
            Ok(records) if records.is_empty() && quiet < CHECKPOINT => {
                quiet += POLL;
                tokio::select! {
                    () = tokio::time::sleep(POLL) => continue,
                    () = out.closed() => return,
                }
            }
            Ok(records) => {
                quiet = Duration::ZERO;
                reached = records.last().map_or(reached, |r| r.sequence);
                Ok(FollowLedgerResponse { records, reached })
            }
            Err(error) => Err(Status::from(error)),
        };
        let failed = step.is_err();
        room.send(step);
        if failed {
            return;
        }
    }
}

fn record(followed: &Followed) -> Result<LedgerRecord, Error> {
    let Some(event) = &followed.event else {
        let (sequence, event_id) = (followed.seq, followed.event_id.to_string());
        return Ok(LedgerRecord { sequence, event_id, ..LedgerRecord::default() });
    };
    Ok(LedgerRecord {
        sequence: followed.seq,
        event_id: event.event_id.to_string(),
        time: Some(timestamp(event.occurred_at)),
        person: event.person.map(|p| name_of("people", p)).unwrap_or_default(),
        permitted: event.outcome == ledger::Outcome::Permit,
        detail: event.leaf().map_err(|_| Error::Internal("an event that cannot be spelled"))?,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

    use tonic::Code;
    use uuid::Uuid;

    use identity::AuthError;

    use super::*;

    #[tokio::test]
    async fn nothing_is_read_for_a_follower_who_does_not_and_nothing_told_once_their_token_ends() {
        let (reads, ended) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicBool::new(false)));
        let (counted, expired) = (Arc::clone(&reads), Arc::clone(&ended));
        let read = move |after: i64| {
            counted.fetch_add(1, Ordering::Relaxed);
            let one = Followed { seq: after + 1, event_id: Uuid::nil(), event: None };
            std::future::ready(Ok(vec![one]))
        };
        let signed_in = move || match expired.load(Ordering::Relaxed) {
            true => Err(Error::from(AuthError::Unauthenticated)),
            false => Ok(()),
        };
        let (out, mut records) = mpsc::channel(2);
        tokio::spawn(follow(read, 0, signed_in, out));
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(reads.load(Ordering::Relaxed), 2, "as many as there is room for");
        ended.store(true, Ordering::Relaxed);
        for reached in [1, 2] {
            assert_eq!(records.recv().await.unwrap().unwrap().reached, reached);
        }
        let refused = records.recv().await.unwrap().unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated);
        assert!(records.recv().await.is_none());
    }
}
