//! What a stream says.

use pg::points;
use wire::{
    convert::{name_of, timestamp},
    referrals::v1::{ReferralEventKind as Kind, WatchReferralsResponse},
};

use super::{super::shown, End, Watcher};
use crate::domain::{Event, News};

/// Of the thirty seconds that the contract promises.
const CHECKPOINT: time::Duration = time::Duration::seconds(10);

impl Watcher {
    pub(super) async fn tell(&mut self, event: &Event, news: News) -> Result<(), End> {
        let (kind, state) = shown(news);
        self.send(WatchReferralsResponse {
            cursor: self.app.deps.pages.cursor(&self.call, event.seq)?,
            kind: kind.into(),
            referral: name_of("referrals", &event.record.id),
            state,
            time: Some(timestamp(event.at)),
        })
        .await?;
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
        self.send(WatchReferralsResponse {
            cursor: self.app.deps.pages.cursor(&self.call, self.reached)?,
            kind: Kind::Checkpoint.into(),
            time: Some(timestamp(now)),
            ..WatchReferralsResponse::default()
        })
        .await
    }

    async fn send(&mut self, message: WatchReferralsResponse) -> Result<(), End> {
        self.out.send(Ok(message)).await.map_err(|_| End::Gone)?;
        self.sent = self.app.deps.clock.now();
        Ok(())
    }
}
