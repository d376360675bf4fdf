//! An agency that watches: events as they come, kept in order.

use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::sync::mpsc;
use wire::referrals::v1::{
    ReferralEventKind, ReferralState, WatchReferralsRequest, WatchReferralsResponse,
};

use super::actor::Actor;

/// How long an event may take to arrive.
const PATIENCE: Duration = Duration::from_secs(15);

/// An open Watch.
pub struct Watching {
    events: mpsc::UnboundedReceiver<WatchReferralsResponse>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Watching {
    /// Opens a Watch from the beginning.
    pub async fn open(actor: &Actor) -> anyhow::Result<Self> {
        let mut client = actor.referrals();
        let request = WatchReferralsRequest { cursor: String::new() };
        let mut stream =
            client.watch_referrals(request).await.context("opening a Watch")?.into_inner();
        let (out, events) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            while let Ok(Some(event)) = stream.message().await {
                let checkpoint = event.kind == i32::from(ReferralEventKind::Checkpoint);
                if !checkpoint && out.send(event).is_err() {
                    return;
                }
            }
        });
        Ok(Self { events, task })
    }

    /// The next event, which must be this.
    pub async fn sees(&mut self, referral: &str, state: ReferralState) -> anyhow::Result<()> {
        let event = self.next().await?;
        if event.referral != referral || event.state != i32::from(state) {
            bail!("expected {referral} {}, saw {event:?}", state.as_str_name());
        }
        Ok(())
    }

    /// One WITHDRAWN for each of these, in any order.
    pub async fn loses(&mut self, referrals: &[&str]) -> anyhow::Result<()> {
        let mut left: Vec<&str> = referrals.to_vec();
        while !left.is_empty() {
            let event = self.next().await?;
            let withdrawn = event.kind == i32::from(ReferralEventKind::Withdrawn);
            let place = left.iter().position(|r| *r == event.referral);
            match place {
                Some(place) if withdrawn && event.state == 0 => drop(left.remove(place)),
                _ => bail!("expected WITHDRAWN, saw {event:?}"),
            }
        }
        Ok(())
    }

    /// Nothing for a while.
    pub async fn stays_silent(&mut self, for_so_long: Duration) -> anyhow::Result<()> {
        match tokio::time::timeout(for_so_long, self.events.recv()).await {
            Err(_) => Ok(()),
            Ok(event) => bail!("expected silence, saw {event:?}"),
        }
    }

    async fn next(&mut self) -> anyhow::Result<WatchReferralsResponse> {
        tokio::time::timeout(PATIENCE, self.events.recv())
            .await
            .context("no event in time")?
            .context("the Watch has ended")
    }
}
