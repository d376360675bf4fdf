//! Plans in PostgreSQL. Facets are read for a decision, and words only of what it has opened.

mod own_record;
mod plan;
mod share;

use kernel::Instant;
use permit::{Deferred, Disclosed, ReadPlans, StandingPermit};
use pg::{Db, StoreError};
use uuid::Uuid;

use crate::domain::{Content, OwnKind, OwnRecord, Section, Share, Surety, Version};

pub use own_record::{add, count, rewrite};
pub use plan::{lock, make, write};
pub use share::{end, end_with, live, of_section, open_shares, share};

/// Versions 1000 and up of this service's schema.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

/// The plans of this schema.
#[derive(Debug, Clone)]
pub struct Plans {
    db: Db,
}

impl Plans {
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    pub fn db(&self) -> &Db {
        &self.db
    }

    /// The sections of a person's plan, to be decided on one by one at their release.
    pub async fn sections(
        &self,
        deferred: &Deferred<ReadPlans>,
        person: Uuid,
    ) -> Result<Disclosed<Vec<Section>>, StoreError> {
        let sections = plan::sections(&self.db, person).await?;
        let parts: Vec<_> = sections.iter().map(Section::record).collect();
        // As a whole it has no name of its own, and nobody shares it so.
        let whole = crate::domain::record(person, person);
        let found = (!sections.is_empty()).then_some((whole, parts, sections));
        Ok(deferred.seal_parts(person, found))
    }

    /// What these sections, which were released, say, of the versions that were released; in their order.
    pub async fn words(&self, sections: &[Section]) -> Result<Vec<Option<Content>>, StoreError> {
        plan::words(&self.db, sections).await
    }

    /// On what the sign-in stood that wrote to the person's plan last; none: there is no plan.
    pub async fn surety(&self, permit: &StandingPermit) -> Result<Option<Surety>, StoreError> {
        plan::surety(&self.db, permit).await
    }

    /// What a section of the person's has said before this version, newest first.
    pub async fn versions(
        &self,
        permit: &StandingPermit,
        section: Uuid,
        before: i32,
        most: i64,
    ) -> Result<Vec<Version>, StoreError> {
        plan::versions(&self.db, permit, (section, before), most).await
    }

    /// The shares of the person's plan before this one, newest first.
    pub async fn shares(
        &self,
        permit: &StandingPermit,
        before: (Instant, Uuid),
        most: i64,
    ) -> Result<Vec<Share>, StoreError> {
        share::list(&self.db, permit, before, most).await
    }

    /// Whose a section or share is.
    pub async fn owner(&self, part: Uuid) -> Result<Option<Uuid>, StoreError> {
        self.db
            .run_one("plan.locate", move |conn| {
                Box::pin(async move {
                    let owner = sqlx::query_scalar!("SELECT locate_owner($1)", part);
                    Ok(owner.fetch_one(conn).await?)
                })
            })
            .await
    }

    /// The person's goals or check-ins before this one, newest first.
    pub async fn own_records(
        &self,
        permit: &StandingPermit,
        which: (OwnKind, Option<String>),
        before: (Instant, Uuid),
        most: i64,
    ) -> Result<Vec<OwnRecord>, StoreError> {
        own_record::list(&self.db, permit, which, before, most).await
    }

    /// Whose a goal or check-in is.
    pub async fn record_owner(&self, record: Uuid) -> Result<Option<Uuid>, StoreError> {
        own_record::owner(&self.db, record).await
    }
}
