//! Notes in PostgreSQL. Point reads of many callers are grouped into one statement; what is read is
//! sealed until its reader's own decision.

mod acknowledgements;
mod amendments;
pub mod attachment;
mod event;
mod list;
mod note;
mod own_words;
mod questions;
mod release_event;
mod rights;
mod search;
mod sections;
#[cfg(test)]
mod tests;
mod unread;
mod versions;
mod write;

use std::{collections::HashMap, sync::Arc};

use kernel::{Instant, Kind};
use permit::{Deferred, Disclosed, Located, Permit, ReadNotes};
use pg::{Db, Group, Limits, StoreError};
use uuid::Uuid;

use crate::domain::{Amendment, Beside, Note, Reach, Review, Seer, State, Version};

pub use acknowledgements::{Reader, Shown, acknowledge};
pub use amendments::{Wanted, amendment, ask, asked, decide, extend, state, stated};
pub use list::Page;
pub use note::{Closed, Place};
pub use own_words::{keep_own_words, own_words};
pub use questions::{answer, ask_about, open_questions, question};
pub use release_event::ReleaseEvent;
pub use rights::{Waits, ask_review, beside_of, block, has_blocked, lift, review, reviewed};
pub use search::{Found as Marked, Hit, Place as HitPlace, Sought};
pub use unread::{Reviewer, Unread, UnreadPlace};
pub use write::{
    Draft, NewNote, Standing, cosign, create, mark_error, present, reread, revise, sign, standing,
    standing_of, update,
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
    reads: Group<note::Key, Found<Arc<Closed>>>,
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
        let note = self.found((id, version)).await?.filter(|note| seen(note));
        let note = note.map(|note| (note.record.clone(), note.in_parts(), note));
        Ok(deferred.seal_parts(id, note))
    }

    /// By whose it was located as: of another's id there is nothing. What is not there is asked for all the same, as
    /// nobody's, and takes as long.
    async fn found(&self, (id, version): (Uuid, i32)) -> Found<Arc<Closed>> {
        let place = self.located.ask(id).await??;
        let person = place.and_then(|place| place.record.person.uuid()).unwrap_or_default();
        self.reads.ask((id, version, person)).await?
    }

    /// Whether a note that the caller sees before any decision has words of others: nothing of it is read.
    pub async fn is_derived(
        &self,
        id: Uuid,
        seen: impl Fn(&Closed) -> bool,
    ) -> Result<bool, StoreError> {
        let note = self.found((id, 0)).await?;
        Ok(note.is_some_and(|note| seen(&note) && !note.links.derived_from.is_empty()))
    }

    /// The words of a note that was released, of the version that was read.
    pub async fn words(&self, note: Arc<Closed>) -> Result<Note, StoreError> {
        note::words_of(&self.db, note).await
    }

    /// These versions, the first and the last, of a note that was released, newest first.
    pub async fn versions(
        &self,
        note: &Closed,
        span: (i32, i32),
    ) -> Result<Vec<Version>, StoreError> {
        versions::versions(&self.db, note, span).await
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
    /// Whose blocks were lifted after this number, in order.
    pub async fn releases(&self, after: i64, most: i64) -> Result<Vec<ReleaseEvent>, StoreError> {
        release_event::follow(&self.db, after, most).await
    }

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
            if let Some(place) = found {
                let parts = place.in_parts();
                signed.extend(if parts.is_empty() { vec![place.record] } else { parts });
            }
        }
        Ok(signed)
    }
}

impl Notes {
    /// What stands beside the words of released notes at this moment: nothing is asked of those that have
    /// nothing.
    pub async fn beside(
        &self,
        notes: &[Note],
        now: At,
    ) -> Result<HashMap<Uuid, Beside>, StoreError> {
        let some: Vec<&Note> = notes.iter().filter(|note| note.has_beside()).collect();
        if some.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<Uuid> = some.iter().filter_map(|note| note.record.id.uuid()).collect();
        let people = some.iter().filter_map(|note| note.record.person.uuid());
        let scope = pg::Scope::people(people).reading();
        let found = self.db.run_tx("notes.beside", scope, move |tx| {
            let ids = ids.clone();
            Box::pin(async move { rights::beside(tx, &ids, now).await })
        });
        found.await
    }

    /// Reviews that wait at an agency, after this one, oldest first.
    pub async fn waiting_reviews(
        &self,
        custodian: (Uuid, Seer),
        now: At,
        after: (At, Uuid),
        most: i64,
    ) -> Result<Vec<Waits>, StoreError> {
        rights::waiting_reviews(&self.db, custodian, now, after, most).await
    }

    /// These reviews, each with its note's facets, sealed; `seen` is what stands before the decision.
    pub async fn reviews(
        &self,
        permit: &Permit<ReadNotes>,
        ids: Vec<Uuid>,
        seen: impl Fn(&policy::Record, Reach) -> bool,
    ) -> Result<Disclosed<Review>, StoreError> {
        let reviews = rights::reviews(&self.db, permit, ids).await?;
        let rows = self.with_facets(reviews, |review| review.note, seen).await?;
        Ok(permit.seal_found_parts(rows))
    }

    /// Requests for amendment that wait at an agency, after this one, what is due first first.
    pub async fn waiting_amendments(
        &self,
        custodian: (Uuid, Seer),
        after: (At, Uuid),
        most: i64,
    ) -> Result<Vec<Waits>, StoreError> {
        amendments::waiting(&self.db, custodian, after, most).await
    }

    /// Requests for amendment, each with its note's facets; `seen` is what stands before the decision.
    pub async fn amendments(
        &self,
        permit: &Permit<ReadNotes>,
        wanted: Wanted,
        seen: impl Fn(&policy::Record, Reach) -> bool,
    ) -> Result<Vec<Faceted<Amendment>>, StoreError> {
        let found = amendments::list(&self.db, permit, wanted).await?;
        self.with_facets(found, |one| one.note, seen).await
    }

    /// What is about notes, each with its note's facets.
    async fn with_facets<T>(
        &self,
        all: Vec<T>,
        note: impl Fn(&T) -> Uuid,
        seen: impl Fn(&policy::Record, Reach) -> bool,
    ) -> Result<Vec<Faceted<T>>, StoreError> {
        let asked = all.iter().map(|one| self.located.ask(note(one)));
        let found = futures::future::try_join_all(asked).await?;
        let mut rows = Vec::new();
        for (one, facets) in all.into_iter().zip(found) {
            let place = facets?.filter(|place| seen(&place.record, place.reach));
            rows.extend(place.map(|place| (place.record.clone(), place.in_parts(), one)));
        }
        Ok(rows)
    }

    /// About which note a review, a request for amendment or a question is.
    pub async fn note_of(&self, id: Uuid) -> Result<Option<Uuid>, StoreError> {
        rights::note_of(&self.db, id).await
    }
}

/// What is about a note, with the note's facets and those of its parts.
pub type Faceted<T> = (policy::Record, Vec<policy::Record>, T);

/// The column's form of when.
pub(crate) type At = Instant;
