//! What one agency registers, and by what it is recognised.

use kernel::{CodeSet, Kind, PractitionerId};
use permit::Call;
use pg::{PgConnection, StoreError};
use policy::Record;
use uuid::Uuid;

use crate::{
    App,
    domain::{Candidates, Identifier, Key, Matching, Profile, Scope},
    store::{invitation::SignInKey, locate, registration::Added},
};

/// One agency's registration of one person.
pub struct Registration {
    pub agency: Uuid,
    pub profile: Profile,
    pub by: SignInKey,
    pub scope: Scope,
    pub never: Vec<Uuid>,
    pub identifiers: Vec<Added>,
    pub own: Vec<Key>,
    pub across: Vec<Key>,
}

impl Registration {
    pub fn new(
        matching: &Matching,
        agency: Uuid,
        by: SignInKey,
        scope: Scope,
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
        let across = across(matching, scope, &identifiers, &profile);
        Self { agency, profile, by, scope, never, identifiers, own, across }
    }

    /// Whom this may be of.
    pub async fn candidates(&self, conn: &mut PgConnection) -> Result<Candidates, StoreError> {
        locate::candidates(conn, &self.own, &self.across, &self.never).await
    }
}

/// The keys of the shared identifiers, by the birth date and family name of this profile.
pub fn across(matching: &Matching, scope: Scope, identifiers: &[Added], of: &Profile) -> Vec<Key> {
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
