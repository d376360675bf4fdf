//! The stream by which the audit service follows a service's ledger.

use std::{collections::HashMap, pin::Pin, sync::Arc, time::Duration};

use ledger::Ledger;
use tokio::sync::mpsc;
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::{Request, Response, Status, async_trait};
use wire::{
    audit::v1::{
        FollowLedgerRequest, FollowLedgerResponse, LedgerRecord,
        ledger_service_server::{LedgerService, LedgerServiceServer},
    },
    convert::{name_of, timestamp},
};

use crate::{Error, valid};

const BATCH: i64 = 500;
const CHECKPOINT: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(100);

/// The ledgers of the services that this process runs, by their names.
#[derive(Debug, Clone, Default)]
pub struct Ledgers(Arc<HashMap<&'static str, Ledger>>);

impl Ledgers {
    pub fn new(ledgers: impl IntoIterator<Item = (&'static str, Ledger)>) -> Self {
        Self(Arc::new(ledgers.into_iter().collect()))
    }

    pub fn server(self) -> LedgerServiceServer<Self> {
        LedgerServiceServer::new(self)
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
        // The records of who asked for whom.
        crate::only_for(&*identity::Caller::of(&request)?, "audit")?;
        let request = request.into_inner();
        valid(&request)?;
        let ledger = self.0.get(&*request.service).cloned().ok_or(Error::NotFound)?;
        let (out, records) = mpsc::channel(4);
        tokio::spawn(follow(ledger, request.after, out));
        Ok(Response::new(Box::pin(ReceiverStream::new(records))))
    }
}

async fn follow(
    ledger: Ledger,
    mut reached: i64,
    out: mpsc::Sender<Result<FollowLedgerResponse, Status>>,
) {
    let mut quiet = Duration::ZERO;
    loop {
        let step = match ledger.follow(reached, BATCH).await {
            Ok(events) => events.iter().map(record).collect::<Result<Vec<_>, _>>(),
            Err(error) => Err(Error::from(error)),
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
        if out.send(step).await.is_err() || failed {
            return;
        }
    }
}

fn record((sequence, event): &(i64, ledger::Event)) -> Result<LedgerRecord, Error> {
    Ok(LedgerRecord {
        sequence: *sequence,
        event_id: event.event_id.to_string(),
        time: Some(timestamp(event.occurred_at)),
        person: event.person.map(|p| name_of("people", p)).unwrap_or_default(),
        permitted: event.outcome == ledger::Outcome::Permit,
        detail: event.leaf().map_err(|_| Error::Internal("an event that cannot be spelled"))?,
    })
}
