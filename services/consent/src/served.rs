//! Which agencies were served under which consents, as the audit service has read in the ledgers: they
//! hear of a consent's end, whether it names them or not.

use std::sync::Arc;

use ::facts::Told;
use wire::{
    audit::v1::WatchServedResponse,
    convert::{id_of, instant},
};

use crate::{
    App,
    store::served::{self, Served},
};

pub(crate) struct Following(pub(crate) Arc<App>);

impl Told<WatchServedResponse> for Following {
    async fn place(&self) -> Option<i64> {
        let place = served::cursor(&self.0.db).await;
        place.inspect_err(|error| tracing::warn!(%error, "no place to follow audit from")).ok()
    }

    async fn take(&self, message: WatchServedResponse) -> bool {
        if message.consent.is_empty() {
            return true;
        }
        let sequence = message.sequence;
        let served = read(&message);
        if served.is_none() {
            // It will not read better another time.
            tracing::error!(alarm = "served", sequence, "what can't be read is passed over");
        }
        match served::take(&self.0.db, sequence, served).await {
            Ok(()) => {
                self.0.changes.tell();
                true
            }
            Err(error) => {
                tracing::warn!(sequence, %error, "an agency that was served could not be kept");
                false
            }
        }
    }
}

fn read(message: &WatchServedResponse) -> Option<Served> {
    Some(Served {
        consent_id: id_of("consents", &message.consent)?,
        agency_id: id_of("agencies", &message.agency)?,
        at: instant(message.time.as_ref()?)?,
    })
}
