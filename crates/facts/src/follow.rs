//! Following changes of people's facts: what a service does in consequence of a revocation.

use std::{future::Future, time::Duration};

use kernel::PersonId;
use tokio_util::sync::CancellationToken;
use wire::{
    consent::v1::{WatchFactsRequest, facts_service_client::FactsServiceClient},
    convert::id_of,
};

use crate::Peer;

const SILENCE: Duration = Duration::from_secs(10);
const AGAIN: Duration = Duration::from_millis(200);

/// Calls `changed` with each person whose facts have changed, and the change's sequence number,
/// beginning after `after`. A change is told again until `changed` says that it was dealt with.
pub async fn follow_facts<F, Fut>(peer: Peer, after: i64, stop: CancellationToken, changed: F)
where
    F: Fn(i64, PersonId) -> Fut,
    Fut: Future<Output = bool>,
{
    let following = async {
        let mut reached = after;
        loop {
            let mut client = FactsServiceClient::new(peer.service());
            match client.watch_facts(WatchFactsRequest { after: reached }).await {
                Ok(stream) => {
                    let mut stream = stream.into_inner();
                    while let Ok(Ok(Some(change))) =
                        tokio::time::timeout(SILENCE, stream.message()).await
                    {
                        let Some(person) = id_of("people", &change.person) else { continue };
                        if !changed(change.sequence, person.into()).await {
                            break;
                        }
                        reached = change.sequence;
                    }
                }
                Err(status) => tracing::debug!(code = ?status.code(), "no facts to follow"),
            }
            tokio::time::sleep(AGAIN).await;
        }
    };
    stop.run_until_cancelled(following).await;
}
