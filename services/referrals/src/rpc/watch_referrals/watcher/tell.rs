//! What a stream says.

use pg::points;
use rpc::End;
use tokio::sync::mpsc;
use tonic::Status;
use wire::{
    convert::{name_of, timestamp},
    referrals::v1::{ReferralEventKind as Kind, WatchReferralsResponse},
};

use super::{super::shown, Watcher};
use crate::domain::{Event, News};

/// Of the thirty seconds that the contract promises.
const CHECKPOINT: time::Duration = time::Duration::seconds(10);

impl Watcher {
    pub(super) fn tell(
        &mut self,
        event: &Event,
        news: News,
        room: mpsc::Permit<'_, Result<WatchReferralsResponse, Status>>,
    ) -> Result<(), End> {
        let (kind, state) = shown(news);
        room.send(Ok(WatchReferralsResponse {
            cursor: self.app.deps.pages.cursor(&self.call, event.seq)?,
            kind: kind.into(),
            referral: name_of("referrals", &event.record.id),
            state,
            time: Some(timestamp(event.at)),
        }));
        self.sent = self.app.deps.clock.now();
        points::reached("watch.told");
        Ok(())
    }

    /// Once all that was there has been told, and whenever nothing was sent for a while.
    pub(super) async fn checkpoint(&mut self, first: bool) -> Result<(), End> {
        let now = self.app.deps.clock.now();
        // After a clock that was set back, sooner rather than later.
        let quiet = now < self.sent || now - self.sent >= CHECKPOINT;
        if !first && !quiet {
            return Ok(());
        }
        let message = WatchReferralsResponse {
            cursor: self.app.deps.pages.cursor(&self.call, self.reached)?,
            kind: Kind::Checkpoint.into(),
            time: Some(timestamp(now)),
            ..WatchReferralsResponse::default()
        };
        self.out.send(Ok(message)).await.map_err(|_| End::Gone)?;
        self.sent = self.app.deps.clock.now();
        Ok(())
    }
}
