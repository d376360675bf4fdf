//! The write itself: everything that was looked up before is looked up again under its locks.

use std::sync::Arc;

use kernel::{Clock, Instant};
use permit::{Permit, WriteProfiles};
use pg::{PgConnection, requests::RequestKey};
use rpc::{Conflict, Error, Failed};
use wire::people::v1::Person;

use super::registration::Registration;
use crate::{
    domain::{Candidates, MAX_IDENTIFIERS, Matching, Profile},
    rpc::shared,
    store::{binding, registration},
    victim_services,
};

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
    pub clock: Arc<dyn Clock>,
    pub directory: Arc<facts::Directory>,
}

impl Write {
    pub async fn run(
        &self,
        tx: &mut PgConnection,
        permit: &Permit<WriteProfiles>,
    ) -> Result<Person, Failed> {
        let new = &*self.new;
        registration::lock(&mut *tx, &new.locks()).await?;
        if new.candidates(&mut *tx, &self.matching).await? != self.seen {
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
        let stands = match &held {
            None => {
                registration::add(&mut *tx, permit, &new.profile).await?;
                Arc::clone(&self.new)
            }
            Some((_, profile)) => {
                let mut profile = profile.clone();
                if profile.labelled_as(&new.profile) {
                    registration::relabel(&mut *tx, permit, &profile, &new.by, self.now).await?;
                }
                let stands = Arc::new(self.beside(profile));
                registration::lock(&mut *tx, &stands.locks()).await?;
                stands
            }
        };
        if registration::add_identifiers(&mut *tx, permit, &new.identifiers).await?
            > MAX_IDENTIFIERS
        {
            let why = "the profile has as many as it may have";
            return Err(Error::field("identifiers", why).into());
        }
        stands.keep(&mut *tx, permit, &self.seen, (self.now, &self.clock)).await?;
        binding::seen_as_staff(&mut *tx, permit, &new.by).await?;
        let answer = shared::kept_answer(tx, permit, &self.key, self.now).await?;
        // Last, after all that it may have waited for: by it was decided who this is, and whether it is held here.
        if victim_services(&self.directory).as_ref() != Some(&new.never) {
            return Err(Failed::Moved);
        }
        Ok(answer)
    }

    /// What the agency holds stays as it is, with the identifiers added: by that the person is recognised.
    fn beside(&self, mut profile: Profile) -> Registration {
        profile.identifiers.extend(self.new.profile.identifiers.iter().cloned());
        let (by, never) = (self.new.by.clone(), self.new.never.clone());
        Registration::new(&self.matching, self.new.agency, by, self.victim, never, profile)
    }
}
