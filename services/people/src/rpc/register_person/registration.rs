//! What one agency registers, and by what it is recognised.

use kernel::{AgencyId, CodeSet, Kind, PractitionerId};
use permit::Call;
use pg::{PgConnection, StoreError};
use policy::Record;
use rpc::{Error, Outage};
use uuid::Uuid;

use crate::{
    App,
    domain::{Candidates, Identifier, Key, Matching, Profile, Scope},
    store::{invitation::SignInKey, locate, registration::Added},
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
    pub own: Vec<Key>,
    /// By what somebody is looked for.
    pub across: Vec<Key>,
    /// By what they are found from now on.
    pub indexed: Vec<Key>,
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
        let own = identifiers.iter().filter(|a| a.own).map(|a| a.key).collect();
        let alone = victim || profile.victim_service;
        let keys = |scope| across(matching, scope, &identifiers, &profile);
        let (mut at_home, elsewhere) = (keys(Scope::Agency(agency)), keys(Scope::Network));
        let indexed = if alone { at_home.clone() } else { elsewhere.clone() };
        if !alone {
            at_home.extend(elsewhere);
        }
        Self { agency, profile, by, never, identifiers, own, across: at_home, indexed }
    }

    /// Whom this may be of.
    pub async fn candidates(&self, conn: &mut PgConnection) -> Result<Candidates, StoreError> {
        locate::candidates(conn, &self.own, &self.across, &self.never, self.agency).await
    }

    /// What no other registration may be at work on at the same time.
    pub fn locks(&self) -> Vec<Key> {
        self.own.iter().chain(&self.across).copied().collect()
    }
}

/// Whether the agency is a victim-service provider, and all that are.
pub fn scope(app: &App, agency: Uuid) -> Result<(bool, Vec<Uuid>), Error> {
    let (_, agencies) =
        app.deps.directory.agencies().ok_or(Error::Unavailable(Outage::Directory))?;
    let victim = &agencies.custodians().victim;
    let never: Vec<Uuid> = victim.iter().filter_map(AgencyId::uuid).collect();
    Ok((never.contains(&agency), never))
}

/// The keys of the shared identifiers, by the birth date and family name of this profile.
fn across(matching: &Matching, scope: Scope, identifiers: &[Added], of: &Profile) -> Vec<Key> {
    let shared = identifiers.iter().filter(|a| !a.own);
    shared.map(|a| matching.across(scope, &a.identifier, of.birth_date, &of.family_name)).collect()
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
