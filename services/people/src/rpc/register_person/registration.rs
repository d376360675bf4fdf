//! What one agency registers, and by what it is recognised.

use std::sync::Arc;

use kernel::{Clock, CodeSet, Instant, Kind, PractitionerId};
use permit::{Call, Permit, WriteProfiles};
use pg::{PgConnection, StoreError};
use policy::Record;
use rpc::{Error, Outage};
use uuid::Uuid;

use crate::{
    App,
    domain::{self, Candidates, Identifier, Key, Matching, Profile},
    store::{invitation::SignInKey, locate, registration::Added, similar},
};

/// One agency's registration of one person. Where the agency is a victim-service provider, or the
/// profile is labelled so, that agency alone recognises it.
pub struct Registration {
    pub agency: Uuid,
    pub profile: Profile,
    pub by: SignInKey,
    /// Agencies whose people nobody else recognises.
    pub never: Vec<Uuid>,
    pub identifiers: Vec<Added>,
    alone: bool,
    forms: Vec<matching::Registration>,
    blocks: Vec<Key>,
}

impl Registration {
    pub fn new(
        matching: &Matching,
        agency: Uuid,
        by: SignInKey,
        victim: bool,
        never: Vec<Uuid>,
        profile: Profile,
    ) -> Self {
        let added = |identifier: &Identifier| Added {
            key: matching.of_agency(agency, identifier),
            own: !matching.is_shared(identifier),
            identifier: identifier.clone(),
        };
        let identifiers: Vec<Added> = profile.identifiers.iter().map(added).collect();
        let alone = victim || profile.victim_service;
        let forms = domain::forms(&profile, |one| matching.is_shared(one));
        let blocks = matching.blocks(&forms);
        Self { agency, profile, by, never, identifiers, alone, forms, blocks }
    }

    /// Whom this may be of.
    ///
    /// As much is looked at where nobody is like it, and for whom nobody may be recognised.
    pub async fn candidates(
        &self,
        conn: &mut PgConnection,
        matching: &Matching,
    ) -> Result<Candidates, StoreError> {
        let (never, agency) = (&*self.never, self.agency);
        let found =
            locate::candidates(&mut *conn, agency, &self.identifiers, &self.profile).await?;
        let by = (never, agency);
        let similar = similar::people(conn, matching, &self.forms, &self.blocks, by).await?;
        let similar = if self.alone { Vec::new() } else { similar };
        Ok(Candidates { similar, ..found })
    }

    /// By this the permit's person is recognised and compared from now on; and who else they may be.
    pub async fn keep(
        &self,
        tx: &mut PgConnection,
        permit: &Permit<WriteProfiles>,
        seen: &Candidates,
        (now, clock): (Instant, &Arc<dyn Clock>),
    ) -> Result<(), StoreError> {
        if self.alone {
            return similar::withdraw(tx, permit).await;
        }
        similar::keep(&mut *tx, permit, &self.forms, &self.blocks).await?;
        let doubts = domain::doubts(&seen.similar, permit.person_id());
        let doubts: Vec<_> = doubts.into_iter().map(|one| (ledger::new_id(clock), one)).collect();
        similar::doubt(tx, permit, &doubts, &self.never, now).await
    }

    /// What no other registration may be at work on at the same time.
    pub fn locks(&self) -> Vec<Key> {
        self.identifiers.iter().map(|one| one.key).chain(self.blocks.iter().copied()).collect()
    }
}

/// Whether the agency is a victim-service provider, and all that are.
pub fn scope(app: &App, agency: Uuid) -> Result<(bool, Vec<Uuid>), Error> {
    let never = app.victim_services().ok_or(Error::Unavailable(Outage::Directory))?;
    Ok((never.contains(&agency), never))
}

/// The facets of a new profile: the caller's agency has it in custody.
pub fn record(app: &App, call: &Call, person: Uuid, profile: &Profile) -> Record {
    let agency = call.caller().agency();
    let author = agency.map(|a| format!("{a}/{}", call.caller().subject().as_str()));
    Record {
        id: ledger::new_id(&app.deps.clock).into(),
        person: person.into(),
        kind: Kind::Profile,
        class: kernel::Class::General,
        custodian: agency.cloned(),
        author: author.map(PractitionerId::new),
        episode: None,
        authored_on: Some(app.deps.clock.now()),
        confidentiality: profile.confidentiality,
        sensitivities: CodeSet::from_bits(profile.sensitivities.bits()),
        part2: profile.part2,
        victim_service: profile.victim_service,
        release_block: None,
    }
}
