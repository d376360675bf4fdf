//! Those who watch.

use std::time::Instant;

use anyhow::ensure;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};
use tonic::transport::Channel;
use wire::referrals::v1::{
    ReferralEventKind, WatchReferralsRequest, WatchReferralsResponse,
    referrals_service_client::ReferralsServiceClient,
};

use crate::prepare::authorized;

/// On one connection: the service takes 128.
pub const STREAMS: usize = 100;

/// One event, at one who watches.
#[derive(Debug)]
pub struct Told {
    pub referral: String,
    pub at: Instant,
}

/// All of them; dropped, their streams end.
pub struct Watching {
    out: mpsc::UnboundedSender<Told>,
    told: mpsc::UnboundedReceiver<Told>,
    tasks: JoinSet<()>,
}

impl Default for Watching {
    fn default() -> Self {
        let (out, told) = mpsc::unbounded_channel();
        Self { out, told, tasks: JoinSet::new() }
    }
}

impl Watching {
    /// One more, once it has been told all that was there.
    pub async fn add(
        &mut self,
        mut client: ReferralsServiceClient<Channel>,
        token: &str,
    ) -> anyhow::Result<()> {
        let request = authorized(token, WatchReferralsRequest::default())?;
        let mut stream = client.watch_referrals(request).await?.into_inner();
        let (out, (caught_up, there)) = (self.out.clone(), oneshot::channel());
        self.tasks.spawn(async move {
            let mut caught_up = Some(caught_up);
            while let Ok(Some(message)) = stream.message().await {
                let WatchReferralsResponse { kind, referral, .. } = message;
                if kind == i32::from(ReferralEventKind::Checkpoint) {
                    // Nobody waits for a later one.
                    let _ = caught_up.take().map(|first| first.send(()));
                } else if caught_up.is_none()
                    && out.send(Told { referral, at: Instant::now() }).is_err()
                {
                    return;
                }
            }
        });
        let waited = there.await;
        ensure!(waited.is_ok(), "a stream has ended");
        Ok(())
    }

    /// What was told to all of them, once it is so much.
    pub async fn told(mut self, expected: usize) -> Vec<Told> {
        let mut all = Vec::with_capacity(expected);
        while all.len() < expected {
            match self.told.recv().await {
                Some(told) => all.push(told),
                None => break,
            }
        }
        all
    }
}
