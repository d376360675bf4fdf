//! The consent service is told who is one with whom: before a merging is answered, and until it has heard.

use std::{sync::Arc, time::Duration};

use facts::{Peer, PersonLink};
use permit::Refusal;
use rpc::{Error, Outage};

use crate::{App, store::link};

/// How often what it has not heard is told again.
const AGAIN: Duration = Duration::from_secs(1);
/// Links told in one go.
const MOST: i64 = 100;

impl App {
    /// When it has returned, the refusals of either hold for both; or they are two again.
    pub(crate) async fn tell_link(&self, link: PersonLink) -> Result<(), Error> {
        let away = Error::Unavailable(Outage::Consent);
        let consent = self.consent.get().ok_or(away)?;
        facts::link_people(consent, &link).await.map_err(Refusal::from)?;
        Ok(link::told(&self.deps.db, link, self.deps.clock.now()).await?)
    }

    /// Tells whatever the consent service has not heard yet.
    pub(crate) async fn tell_links(&self) -> Result<(), Error> {
        for one in link::untold(&self.deps.db, MOST).await? {
            self.tell_link(one).await?;
        }
        Ok(())
    }
}

/// Tells what the consent service has not heard, until the service stops. Must be called in a runtime.
pub fn follow_links(app: &Arc<App>, consent: Peer) {
    let _ = app.consent.set(consent);
    let (stop, app) = (app.deps.stop.clone(), Arc::clone(app));
    tokio::spawn(stop.run_until_cancelled_owned(async move {
        loop {
            if app.tell_links().await.is_err() {
                tracing::warn!("the consent service has not heard of all links yet");
            }
            tokio::time::sleep(AGAIN).await;
        }
    }));
}
