//! Notes in PostgreSQL. Point reads of many callers are grouped into one statement; what is read is
//! sealed until its reader's own decision.

pub mod attachment;
mod list;
mod note;
mod search;
mod sections;
#[cfg(test)]
mod tests;
mod versions;
mod write;

use std::sync::Arc;

use kernel::{Instant, Kind};
use permit::{Deferred, Disclosed, Located, ReadNotes};
use pg::{Db, Group, Limits, StoreError};
use uuid::Uuid;

use crate::domain::{Note, Reach, State, Version};

pub use list::Page;
pub use note::{Closed, Place};
pub use search::{Found as Marked, Hit, Place as HitPlace, Wanted};
pub use write::{
    Draft, NewNote, Standing, cosign, create, mark_error, reread, revise, sign, standing, update,
};

/// Versions 1000 and up of this service's schema.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

/// What a group found under one id. A row that makes no sense is its reader's alarm, and takes no
/// other reader's answer with it.
type Found<T> = Result<Option<T>, StoreError>;

/// The notes of this schema.
#[derive(Debug, Clone)]
pub struct Notes {
    db: Db,
    reads: Group<(Uuid, i32), Found<Arc<Closed>>>,
    located: Group<Uuid, Found<Place>>,
}

impl Notes {
    pub fn new(db: Db) -> Self {
        let limits = Limits { max_group: 128, queue: 4096, in_flight: 1 };
        let reads = {
            let lane = db.lane();
            Group::new("notes.read", limits, move |ids| {
                let lane = lane.clone();
                async move { note::read(&lane, ids).await }
            })
        };
        let located = {
            let lane = db.lane();
            Group::new("notes.locate", limits, move |ids| {
                let lane = lane.clone();
                async move { note::locate(&lane, ids).await }
            })
        };
        Self { db, reads, located }
    }

    pub fn db(&self) -> &Db {
        &self.db
    }

    /// Reads a version of a note to be decided on at its release; 0 is the present one. `seen` is what stands
    /// before the decision; what it hides is not there.
    pub async fn read(
        &self,
        deferred: &Deferred<ReadNotes>,
        (id, version): (Uuid, i32),
        seen: impl Fn(&Closed) -> bool,
    ) -> Result<Disclosed<Arc<Closed>>, StoreError> {
        let note = self.reads.ask((id, version)).await??.filter(|note| seen(note));
        let note = note.map(|note| (note.record.clone(), note.in_parts(), note));
        Ok(deferred.seal_parts(id, note))
    }

    /// The words of a note that was released, of the version that was read.
    pub async fn words(&self, note: Arc<Closed>) -> Result<Note, StoreError> {
        note::words_of(&self.db, note).await
    }

    /// The versions from this one on of a note that was released, newest first.
    pub async fn versions(&self, note: &Closed, from: i32) -> Result<Vec<Version>, StoreError> {
        versions::versions(&self.db, note, from).await
    }

    /// Ids and facets only.
    pub async fn locate(
        &self,
        id: Uuid,
        seen: impl Fn(&policy::Record, Reach) -> bool,
    ) -> Result<Located, StoreError> {
        let found = self.located.ask(id).await??;
        let found = found.filter(|place| seen(&place.record, place.reach));
        let parts = found.as_ref().map(Place::in_parts).unwrap_or_default();
        Ok(Located::of(Kind::Note, id, found.map(|place| place.record)).in_parts(parts))
    }
}

impl Notes {
    /// Facets of those that are final, not entered in error and no counselling notes, one for each kind of
    /// section; what is not so is left out.
    pub async fn signed(&self, ids: Vec<Uuid>) -> Result<Vec<policy::Record>, StoreError> {
        let asked = ids.into_iter().map(|id| self.located.ask(id));
        let mut signed = Vec::new();
        for found in futures::future::try_join_all(asked).await? {
            let shown = |place: &Place| {
                place.reach == Reach::Shared
                    && place.state != State::EnteredInError
                    && place.record.class == kernel::Class::General
            };
            let found = found?.filter(shown);
            signed.extend(found.iter().flat_map(Place::in_parts));
        }
        Ok(signed)
    }
}

/// The column's form of when.
pub(crate) type At = Instant;
