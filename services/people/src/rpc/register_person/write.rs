//! The write itself: everything that was looked up before is looked up again under its locks.

use std::sync::Arc;

use kernel::Instant;
use permit::{Permit, Refusal, WriteProfiles};
use pg::{PgConnection, StoreError, TxError, requests::RequestKey};
use rpc::{Conflict, Error, InTx};
use wire::people::v1::Person;

use super::registration::Registration;
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
    /// Whether the agency is a victim-service provider.
    pub victim: bool,
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
        registration::lock(&mut *tx, &new.locks()).await?;
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
                new.indexed.clone()
            }
            // By what the profile says, which stays as it is.
            Some((_, profile)) => {
                let mut profile = profile.clone();
                profile.identifiers.clone_from(&new.profile.identifiers);
                let (by, never) = (new.by.clone(), new.never.clone());
                let stands =
                    Registration::new(&self.matching, new.agency, by, self.victim, never, profile);
                registration::lock(&mut *tx, &stands.indexed).await?;
                stands.indexed
            }
        };
        self.index(&mut *tx, permit, &indexed).await?;
        Ok(shared::kept_answer(tx, permit, &self.key, self.now).await?)
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
}
