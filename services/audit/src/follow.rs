//! Following one service's ledger by its cursor, which is kept with what was read.

use std::{sync::Arc, time::Duration};

use facts::Peer;
use kernel::{Clock, Instant};
use ledger::months;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use wire::{
    audit::v1::{
        FollowLedgerRequest, FollowLedgerResponse, LedgerRecord,
        ledger_service_client::LedgerServiceClient,
    },
    convert::{id_of, timestamp},
};

use crate::{
    domain::{Alarm, Disclosure, Entry, Told},
    store::{Accounts, TakeError},
};

/// A checkpoint comes every 2 seconds: so much silence is a dead stream.
const SILENCE: Duration = Duration::from_secs(10);
const AGAIN: Duration = Duration::from_millis(200);
/// 500 events, some of which name a whole page of records.
const LARGEST: usize = 64 * 1024 * 1024;

/// One ledger's follower.
pub(crate) struct Follower {
    accounts: Accounts,
    clock: Arc<dyn Clock>,
    service: &'static str,
    peer: Peer,
}

impl Follower {
    pub(crate) fn new(
        accounts: Accounts,
        clock: Arc<dyn Clock>,
        service: &'static str,
        peer: Peer,
    ) -> Self {
        Self { accounts, clock, service, peer }
    }

    /// Follows until stopped, or until the ledger contradicts itself: from then on nothing of it
    /// can be vouched for, so the position stays where it was, for somebody to look into.
    pub(crate) async fn run(self, stop: CancellationToken) {
        if let Some(alarm) = stop.run_until_cancelled(self.follow()).await {
            let service = self.service;
            tracing::error!(alarm = "ledger", service, what = %alarm, "a ledger is not followed");
        }
    }

    async fn follow(&self) -> Alarm {
        loop {
            match self.stream().await {
                Ok(()) => {}
                Err(TakeError::Alarm(alarm)) => return alarm,
                Err(TakeError::Store(error)) => {
                    tracing::warn!(service = self.service, ?error, "records could not be kept");
                }
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// One stream, from the kept position to its end.
    async fn stream(&self) -> Result<(), TakeError> {
        let after = self.accounts.position(self.service).await?;
        let mut client =
            LedgerServiceClient::new(self.peer.followed()).max_decoding_message_size(LARGEST);
        let request = FollowLedgerRequest { service: self.service.to_owned(), after };
        let mut stream = match client.follow_ledger(request).await {
            Ok(stream) => stream.into_inner(),
            Err(status) => {
                tracing::debug!(service = self.service, code = ?status.code(), "no ledger to follow");
                return Ok(());
            }
        };
        while let Ok(Ok(Some(step))) = tokio::time::timeout(SILENCE, stream.message()).await {
            self.take(step).await?;
        }
        Ok(())
    }

    async fn take(&self, step: FollowLedgerResponse) -> Result<(), TakeError> {
        let now = self.clock.now();
        let entries: Result<Vec<Entry>, Alarm> =
            step.records.into_iter().map(|record| entry(self.service, record, now)).collect();
        self.accounts.take(self.service, entries?, step.reached, now).await
    }
}

/// The record, once what it says of its event is what the event says.
fn entry(service: &str, record: LedgerRecord, now: Instant) -> Result<Entry, Alarm> {
    let bad = Alarm::Unreadable(record.sequence);
    if record.detail.is_empty() {
        let event_id = Uuid::try_parse(&record.event_id).map_err(|_| bad)?;
        // Else a ledger could keep a record of today from the person by saying so.
        if !months::may_be_gone(event_id, now) {
            return Err(bad);
        }
        return Ok(Entry { sequence: record.sequence, event_id, told: None });
    }
    let mut event: ledger::Event = serde_json::from_str(&record.detail).map_err(|_| bad)?;
    // Earlier versions spelled nobody as the nil id.
    let somebody = |id: &Uuid| !id.is_nil();
    event.person = event.person.filter(somebody);
    let person = match &*record.person {
        "" => None,
        name => Some(id_of("people", name).ok_or(bad)?).filter(somebody),
    };
    let same = record.event_id == event.event_id.to_string()
        && person == event.person
        && record.permitted == (event.outcome == ledger::Outcome::Permit)
        && record.time == Some(timestamp(event.occurred_at));
    // One that could not be shown must not be passed over.
    if !same || Disclosure::of(service, record.sequence, &event).is_none() {
        return Err(bad);
    }
    let event_id = event.event_id;
    let told = Some(Told { event, detail: record.detail });
    Ok(Entry { sequence: record.sequence, event_id, told })
}
