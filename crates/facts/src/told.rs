//! Following what a service tells by number: each message is dealt with in its turn, and where to
//! begin another time is kept by whoever deals with it.

use std::{future::Future, time::Duration};

use tonic::{Response, Status, Streaming};
use wire::{
    audit::v1::{
        WatchServedRequest, WatchServedResponse, served_service_client::ServedServiceClient,
    },
    consent::v1::{
        WatchPersonEventsRequest, WatchPersonEventsResponse,
        facts_service_client::FactsServiceClient,
    },
    notes::v1::{self as notes, note_facts_service_client::NoteFactsServiceClient},
    recovery::v1::{self as circles, recovery_facts_service_client::RecoveryFactsServiceClient},
};

use crate::Peer;

/// A checkpoint comes every 2 seconds: so much silence is a dead stream.
const SILENCE: Duration = Duration::from_secs(10);
const AGAIN: Duration = Duration::from_millis(200);

/// What is done about what is told, in its order. Doing it again must change nothing.
pub trait Told<M>: Send + Sync {
    /// All up to this number is dealt with; none: nobody can say so now.
    fn place(&self) -> impl Future<Output = Option<i64>> + Send;
    /// Deals with a message, and keeps that; whether it did. It comes again until then.
    fn take(&self, message: M) -> impl Future<Output = bool> + Send;
}

/// Follows which agencies were served under which consents. Without end.
pub async fn follow_served(audit: Peer, told: impl Told<WatchServedResponse>) {
    let open = |after| {
        let mut client = ServedServiceClient::new(audit.followed());
        async move { client.watch_served(WatchServedRequest { after }).await }
    };
    follow(&told, open).await;
}

/// Follows what people must be told of. Without end.
pub async fn follow_person_events(consent: Peer, told: impl Told<WatchPersonEventsResponse>) {
    let open = |after| {
        let mut client = FactsServiceClient::new(consent.followed());
        async move { client.watch_person_events(WatchPersonEventsRequest { after }).await }
    };
    follow(&told, open).await;
}

/// Follows what people must be told of that their circle did. Without end.
pub async fn follow_circles(recovery: Peer, told: impl Told<circles::WatchPersonEventsResponse>) {
    let open = |after| {
        let mut client = RecoveryFactsServiceClient::new(recovery.followed());
        let request = circles::WatchPersonEventsRequest { after };
        async move { client.watch_person_events(request).await }
    };
    follow(&told, open).await;
}

/// Follows whose notes are withheld from them no more. Without end.
pub async fn follow_releases(notes: Peer, told: impl Told<notes::WatchPersonEventsResponse>) {
    let open = |after| {
        let mut client = NoteFactsServiceClient::new(notes.followed());
        async move { client.watch_person_events(notes::WatchPersonEventsRequest { after }).await }
    };
    follow(&told, open).await;
}

async fn follow<M, F>(told: &impl Told<M>, open: impl Fn(i64) -> F)
where
    F: Future<Output = Result<Response<Streaming<M>>, Status>>,
{
    loop {
        if let Some(after) = told.place().await {
            match open(after).await {
                Ok(stream) => read(stream.into_inner(), told).await,
                Err(status) => tracing::debug!(code = ?status.code(), "nothing to follow"),
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Until the stream ends, is silent, or brings what can't be dealt with now.
async fn read<M>(mut stream: Streaming<M>, told: &impl Told<M>) {
    while let Ok(Ok(Some(message))) = tokio::time::timeout(SILENCE, stream.message()).await {
        if !told.take(message).await {
            return;
        }
    }
}
