//! What who acts for the person may do about consents.

use std::sync::Arc;

use kernel::PersonId;
use permit::{Representing, Standing, StandingPermit};
use policy::{Grantor, Relationship, capture::Ages};
use rpc::Error;
use wire::convert::name_of;

use crate::{App, Rules};

/// A representative as a grantor: by which appointment they act.
pub(super) fn represents(acts: &Representing) -> Grantor {
    Grantor {
        relationship: acts.relationship,
        name: None,
        authority: acts.authority.then(|| name_of("representatives", acts.appointment)),
        alleged_abuser: false,
        agency: None,
    }
}

/// What it takes to end what the person forbids.
#[derive(Clone)]
pub(super) struct Ending {
    rules: Arc<Rules>,
    /// The person's, where somebody acts for them.
    age: Option<Ages>,
}

impl Ending {
    pub(super) async fn of(
        app: &App,
        permit: &StandingPermit,
        person: &PersonId,
    ) -> Result<Self, Error> {
        let age = match permit.standing() {
            Standing::Representative(_) => Some(app.guard.ages(person, app.clock.now()).await?),
            _ => None,
        };
        Ok(Self { rules: Arc::clone(&app.rules), age })
    }

    /// Whether a representative may: they could sign for it at the person's age (§2.14), and nothing is
    /// withheld from them. Everybody else may, as far as this goes.
    pub(super) fn is_for(&self, standing: &Standing) -> bool {
        let Standing::Representative(acts) = standing else { return true };
        let by = acts.relationship;
        acts.authority
            && by != Relationship::Relative
            && acts.excluded_sensitivities.is_empty()
            && self.age.is_some_and(|age| self.rules.pack().may_end_refusal(by, age))
    }
}
