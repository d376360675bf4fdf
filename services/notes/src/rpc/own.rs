//! What the person writes about a note that they may read.

use std::sync::Arc;

use kernel::Instant;
use permit::{Call, StandingPermit, Written};
use pg::{BoxFuture, PgConnection, requests::keep_answer};
use rpc::{Error, InTx};
use tonic::Response;
use uuid::Uuid;

use super::{
    get_note,
    write::{self, Reply},
};
use crate::{
    App,
    store::{self, Standing},
};

/// What is to be written, and by whom.
pub(super) struct Own {
    pub(super) call: Call,
    pub(super) once: rpc::Request,
    pub(super) note: Uuid,
    /// What is written, as its record names it.
    pub(super) id: Uuid,
    /// When: the server's time.
    pub(super) at: Instant,
    /// The transaction's name.
    pub(super) tx: &'static str,
}

/// The note that it is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct About {
    pub(super) custodian: Uuid,
    /// Where it stands, locked until the transaction ends.
    pub(super) standing: Standing,
}

impl Own {
    /// Reads the note as GetNote does and writes, under the note's lock: once, or answers as the first time.
    pub(super) async fn made<M, F>(self, app: &App, make: F) -> Result<Response<M>, Error>
    where
        M: Reply,
        F: for<'c> Fn(
                &'c mut PgConnection,
                Arc<StandingPermit>,
                About,
            ) -> BoxFuture<'c, Result<M, InTx>>
            + Send
            + Sync
            + 'static,
    {
        let (call, once) = (self.call.clone(), self.once.clone());
        let made = async move {
            let guard = &app.deps.guard;
            let (note, disclosure) = get_note::whole(app, &self.call, self.note).await?;
            let custodian = note.record.custodian.as_ref().and_then(kernel::AgencyId::uuid);
            let custodian = custodian.ok_or(Error::NotFound)?;
            let permit = guard.standing(&self.call, note.record.person.clone(), false).await?;
            let shared = Arc::new((make, self.once.key));
            let (note, at, records) = (self.note, self.at, vec![self.id]);
            let (db, name) = (app.store.db(), self.tx);
            let written = guard.commit_standing(db, name, permit, records, move |tx, permit| {
                let shared = Arc::clone(&shared);
                Box::pin(async move {
                    let (make, key) = &*shared;
                    let person = permit.person_id();
                    let standing = store::standing_of(&mut *tx, note, person).await?;
                    let about = About { custodian, standing };
                    let reply = make(&mut *tx, permit, about).await?;
                    keep_answer(tx, key, person, note, &reply.encode_to_vec(), at).await?;
                    Ok::<_, InTx>(reply)
                })
            });
            Ok(Written { value: written.await?, disclosure })
        };
        write::once(app, &call, &once, None, made).await
    }
}
