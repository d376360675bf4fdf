//! A change, within its transaction.

use std::sync::Arc;

use kernel::{Clock, Instant};
use permit::{Permit, WriteProfiles};
use pg::{PgConnection, requests::RequestKey};
use rpc::{Conflict, Error, InTx};
use uuid::Uuid;
use wire::people::v1::Person;

use super::Change;
use crate::{
    domain::{MAX_IDENTIFIERS, Matching},
    rpc::{register_person::Registration, shared},
    store::{binding, invitation::SignInKey, registration},
};

/// A change with what it is made with.
pub struct Work {
    pub change: Change,
    pub matching: Arc<Matching>,
    pub by: SignInKey,
    pub victim: bool,
    pub never: Vec<Uuid>,
    pub key: RequestKey,
    pub now: Instant,
    pub clock: Arc<dyn Clock>,
}

impl Work {
    pub async fn run(
        &self,
        tx: &mut PgConnection,
        permit: &Permit<WriteProfiles>,
    ) -> Result<Person, InTx> {
        // The keys are locked before the person, as a registration does: so it is read twice.
        let locks = self.stated(&mut *tx, permit).await?.locks();
        registration::lock(&mut *tx, &locks).await?;
        registration::lock_person(&mut *tx, permit).await?;
        let new = self.stated(&mut *tx, permit).await?;
        if let Change::Replace { etag, .. } = &self.change
            && (*etag != new.profile.version.to_string()
                || !registration::replace(&mut *tx, permit, &new.profile, &self.by, self.now)
                    .await?)
        {
            return Err(Error::Conflict(Conflict::Stale).into());
        }
        let seen = new.candidates(&mut *tx, &self.matching).await?;
        if let Change::Add(_) = &self.change {
            if seen.own.iter().any(|other| *other != permit.person_id()) {
                return Err(Error::Conflict(Conflict::AlreadyExists { field: "identifier" }).into());
            }
            let all = &new.identifiers;
            if registration::add_identifiers(&mut *tx, permit, all).await? > MAX_IDENTIFIERS {
                return Err(Error::field("identifier", "the profile has as many as it may").into());
            }
        }
        new.keep(&mut *tx, permit, &seen, (self.now, &self.clock)).await?;
        binding::seen_as_staff(&mut *tx, permit, &self.by).await?;
        shared::kept_answer(tx, permit, &self.key, self.now).await
    }

    /// The profile as it is to be, and by what it is recognised then.
    async fn stated(
        &self,
        tx: &mut PgConnection,
        permit: &Permit<WriteProfiles>,
    ) -> Result<Registration, InTx> {
        let held = registration::held(tx, permit).await?;
        let (record, profile) = held.ok_or(Error::NotFound)?;
        let agency = record.custodian.and_then(|a| a.uuid()).unwrap_or_default();
        let profile = self.change.applied(&profile);
        let by = self.by.clone();
        let never = self.never.clone();
        Ok(Registration::new(&self.matching, agency, by, self.victim, never, profile))
    }
}
