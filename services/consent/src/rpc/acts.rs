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
    /// The person's, where it matters.
    age: Option<Ages>,
}

impl Ending {
    pub(super) async fn of(
        app: &App,
        permit: &StandingPermit,
        person: &PersonId,
    ) -> Result<Self, Error> {
        let rules = Arc::clone(&app.rules);
        let matters = match permit.standing() {
            Standing::Representative(_) => true,
            Standing::Person { .. } => rules.pack().asks_themself(),
            Standing::Agency(_) => false,
        };
        let age = match matters {
            true => Some(app.guard.ages(person, app.clock.now()).await?),
            false => None,
        };
        Ok(Self { rules, age })
    }

    /// Whether they may: they could sign for it alone at the person's age (§2.14), and nothing is withheld
    /// from who acts for the person. Of staff it says nothing.
    pub(super) fn is_for(&self, standing: &Standing) -> bool {
        let at_this_age =
            |by| self.age.is_some_and(|age| self.rules.pack().may_end_refusal(by, age));
        match standing {
            Standing::Representative(acts) => {
                acts.authority
                    && acts.relationship != Relationship::Relative
                    && acts.excluded_sensitivities.is_empty()
                    && at_this_age(acts.relationship)
            }
            Standing::Person { .. } => {
                !self.rules.pack().asks_themself() || at_this_age(Relationship::SelfSigned)
            }
            Standing::Agency(_) => true,
        }
    }
}
