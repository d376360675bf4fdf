//! Referrals in PostgreSQL. Point reads of many callers are grouped into one statement; what is read
//! is sealed until its reader's own decision.

mod added;
mod cursor;
mod due;
mod event;
mod group;
mod list;
mod referral;
mod report;
mod sent;
mod webhook;
mod write;

use kernel::{AgencyId, Kind};
use permit::{Act, Deferred, Disclosed, Located, Permit, ReadReferrals};
use pg::{Db, Group, Limits, StoreError};
use uuid::Uuid;

use crate::domain::{Place, Referral};

pub use added::{MOST as MOST_ADDED, Said, answer, contact, declined, feedback, said, touched};
pub use due::{Late, asked_again, late, overdue};
pub use event::sealed;
pub use group::{MOST as MOST_IN_GROUP, found, group_of, lock_group, others, own_group, parent};
pub use list::{MOST_PEOPLE, Page};
pub use report::{Measured, Whose};
pub use sent::Sent;
pub use webhook::{
    MOST_WEBHOOKS, Waiting, end as end_webhook, own as own_webhook, register as register_webhook,
    replay as replay_webhook, rotate as rotate_webhook,
};
pub use write::{
    By, Change, Followed, Hold, Locked, New, OfNetwork, Own, Told, change, create, locked, reread,
    sees, sending, tell,
};

/// Versions 1000 and up of this service's schema.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

/// The referrals of this schema.
#[derive(Debug, Clone)]
pub struct Referrals {
    db: Db,
    reads: Group<Uuid, Option<Referral>>,
    places: Group<Uuid, Option<Place>>,
}

impl Referrals {
    pub fn new(db: Db) -> Self {
        let limits = Limits { max_group: 128, queue: 4096, in_flight: 1 };
        let reads = {
            let lane = db.lane();
            Group::new("referrals.read", limits, move |ids| {
                let lane = lane.clone();
                async move { referral::read(&lane, ids).await }
            })
        };
        let places = {
            let lane = db.lane();
            Group::new("referrals.locate", limits, move |ids| {
                let lane = lane.clone();
                async move { referral::locate(&lane, ids).await }
            })
        };
        Self { db, reads, places }
    }

    pub fn db(&self) -> &Db {
        &self.db
    }

    /// Reads a referral to be decided on at its release; `agency` is the reader's, and another's
    /// draft is not there.
    pub async fn read(
        &self,
        deferred: &Deferred<ReadReferrals>,
        id: Uuid,
        agency: Option<&AgencyId>,
    ) -> Result<Disclosed<Referral>, StoreError> {
        let found = self.reads.ask(id).await?.filter(|r| r.seen_by(agency));
        Ok(deferred.seal(id, found.map(|r| (r.record.clone(), r))))
    }

    /// Ids and facets only, for one whose agency this is.
    pub async fn locate(
        &self,
        id: Uuid,
        agency: Option<&AgencyId>,
    ) -> Result<Option<Place>, StoreError> {
        Ok(self.places.ask(id).await?.filter(|place| place.seen_by(agency)))
    }

    /// The notes that are attached to the one that a permit is about, ids only. They are never others.
    pub async fn attached<A: Act>(&self, permit: &Permit<A>) -> Result<Vec<Uuid>, StoreError> {
        let found = self.reads.ask(permit.record_id()).await?;
        Ok(found.map(|referral| referral.attached).unwrap_or_default())
    }
}

/// For the guard: what was located, or the decoy.
pub fn located(id: Uuid, place: Option<&Place>) -> Located {
    Located::of(Kind::Referral, id, place.map(|p| p.record.clone()))
}
