//! The write itself: everything that was looked up before is looked up again under its locks.

use std::sync::Arc;

use kernel::Instant;
use permit::{Permit, Refusal, WriteProfiles};
use pg::{PgConnection, StoreError, TxError, requests::RequestKey};
use prost::Message as _;
use rpc::{Conflict, Error, InTx};
use wire::people::v1::Person;

use super::registration::{Registration, across};
use crate::{
    domain::{Candidates, Key, MAX_IDENTIFIERS, Matching},
    rpc::shared,
    store::{binding, registration},
};

/// Why a registration was not written.
#[derive(Debug)]
pub enum Failed {
    Tx(InTx),
    /// Another registration of the same person landed first: look again.
    Moved,
}

impl From<InTx> for Failed {
    fn from(error: InTx) -> Self {
        Self::Tx(error)
    }
}
impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Tx(error.into())
    }
}
impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Tx(error.into())
    }
}
impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self::Tx(refusal.into())
    }
}
impl TxError for Failed {
    fn as_store(&self) -> Option<&StoreError> {
        match self {
            Self::Tx(error) => error.as_store(),
            Self::Moved => None,
        }
    }
}

/// One attempt at a registration.
pub struct Write {
    pub new: Arc<Registration>,
    /// What was found before the permit was asked for.
    pub seen: Candidates,
    pub matching: Arc<Matching>,
    pub key: RequestKey,
    pub now: Instant,
}

impl Write {
    pub async fn run(
        &self,
        tx: &mut PgConnection,
        permit: &Permit<WriteProfiles>,
    ) -> Result<Person, Failed> {
        let new = &*self.new;
        let locks: Vec<Key> = new.own.iter().chain(&new.across).copied().collect();
        registration::lock(&mut *tx, &locks).await?;
        if new.candidates(&mut *tx).await? != self.seen {
            return Err(Failed::Moved);
        }
        registration::lock_person(&mut *tx, permit).await?;
        let held = registration::held(&mut *tx, permit).await?;
        let at = held.as_ref().map_or(permit.record_id(), |(r, _)| r.id.uuid().unwrap_or_default());
        if at != permit.record_id() {
            return Err(Failed::Moved);
        }
        let another = held.as_ref().is_some_and(|(_, p)| p.birth_date != new.profile.birth_date);
        if self.seen.contradict() || another {
            return Err(Error::Conflict(Conflict::AlreadyExists { field: "identifiers" }).into());
        }
        let indexed = match &held {
            None => {
                registration::add(&mut *tx, permit, &new.profile).await?;
                new.across.clone()
            }
            // By what the profile says, which stays as it is.
            Some((_, profile)) => {
                let keys = across(&self.matching, new.scope, &new.identifiers, profile);
                registration::lock(&mut *tx, &keys).await?;
                keys
            }
        };
        self.index(&mut *tx, permit, &indexed).await?;
        self.answer(tx, permit).await
    }

    async fn index(
        &self,
        tx: &mut PgConnection,
        permit: &Permit<WriteProfiles>,
        across: &[Key],
    ) -> Result<(), Failed> {
        if registration::add_identifiers(&mut *tx, permit, &self.new.identifiers).await?
            > MAX_IDENTIFIERS
        {
            let why = "the profile has as many as it may have";
            return Err(Error::field("identifiers", why).into());
        }
        registration::index(&mut *tx, permit, across, &self.new.never).await?;
        binding::seen_as_staff(tx, permit, &self.new.by).await?;
        Ok(())
    }

    /// The profile as it now is; kept without its disclosure for a replay.
    async fn answer(
        &self,
        tx: &mut PgConnection,
        permit: &Permit<WriteProfiles>,
    ) -> Result<Person, Failed> {
        let held = registration::held(&mut *tx, permit).await?;
        let held = held.ok_or(StoreError::BadRow { what: "a profile just written" })?;
        let id = permit.person_id();
        let person = shared::person(id, std::slice::from_ref(&held));
        let (record, kept) = (permit.record_id(), person.encode_to_vec());
        pg::requests::keep_answer(tx, &self.key, id, record, &kept, self.now).await?;
        Ok(person)
    }
}
