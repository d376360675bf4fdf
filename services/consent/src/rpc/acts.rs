//! What the person's side sees of consents, and what who acts for the person may do about them.

use std::sync::Arc;

use kernel::{ConsentId, PersonId};
use permit::{Representing, Standing, StandingPermit};
use policy::{Consent, Grantor, Relationship, capture::Ages};
use rpc::{Denial, Error, Outage};
use wire::convert::name_of;

use super::sign_consent::confirmed_by;
use crate::{
    App, Rules,
    domain::{keeps_nothing_of, may_see},
    store::Seen,
};

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

/// Whoever signs is who the draft says gives it; and nobody opens for others what is withheld from
/// themself (§2.14).
pub(super) fn is_grantor(standing: &Standing, draft: &Consent) -> bool {
    match standing {
        Standing::Person { .. } => {
            draft.grantor.as_ref().is_none_or(|g| g.relationship == Relationship::SelfSigned)
        }
        Standing::Representative(acts) => {
            draft.grantor == Some(represents(acts)) && !draft.may_open(acts.excluded_sensitivities)
        }
        Standing::Agency(_) => false,
    }
}

/// Whether a consent is withheld from a representative: what they may not see may be what it is about
/// (§2.14). What they themself signed or drafted they know.
pub(super) fn is_withheld(standing: &Standing, consent: &Consent) -> bool {
    let Standing::Representative(acts) = standing else { return false };
    let excluded = acts.excluded_sensitivities;
    let may_be = consent.may_open(excluded) || !keeps_nothing_of(consent, excluded);
    !excluded.is_empty() && !is_theirs(acts, consent) && may_be
}

fn is_theirs(acts: &Representing, consent: &Consent) -> bool {
    consent.grantor == Some(represents(acts))
}

/// Whether a consent is hidden from the person's side: nobody vouches for this sign-in in what it is about,
/// or it is withheld. What an agency may not see the store keeps from it.
pub(super) fn is_hidden(permit: &StandingPermit, consent: &Consent) -> bool {
    let standing = permit.standing();
    let of_agency = matches!(standing, Standing::Agency(_));
    !of_agency && (!may_see(confirmed_by(permit), consent) || is_withheld(standing, consent))
}

/// Which of the consents that it replaces are not the caller's to know. The store can't tell what is
/// withheld from a representative: that is judged as of each alone. What they themself signed or drafted they know
/// with what it replaces.
pub(super) fn hidden_replaced(standing: &Standing, seen: &Seen) -> Vec<ConsentId> {
    let consent = &seen.held.consent;
    let mut hidden = seen.hidden.clone();
    if let Standing::Representative(acts) = standing
        && !acts.excluded_sensitivities.is_empty()
        && !is_theirs(acts, consent)
    {
        // What was not found can't be judged.
        let shown = |id: &ConsentId| {
            seen.replaced.iter().any(|one| one.id == *id && !is_withheld(standing, one))
        };
        hidden.extend(consent.supersedes.iter().filter(|id| !shown(id)).cloned());
    }
    hidden
}

/// What it takes to end what the person forbids.
#[derive(Clone)]
pub(super) struct Ending {
    rules: Arc<Rules>,
    /// The person's, where it matters. None: it could not be asked.
    age: Option<Ages>,
}

impl Ending {
    pub(super) async fn of(app: &App, permit: &StandingPermit, person: &PersonId) -> Self {
        let rules = Arc::clone(&app.rules);
        let acts = matches!(permit.standing(), Standing::Representative(_));
        let age = match acts || rules.pack().asks_themself() {
            // With nobody to ask, what protects goes on.
            true => app.guard.ages(person, app.clock.now()).await.ok(),
            false => Some(Ages::ANY),
        };
        Self { rules, age }
    }

    /// Refuses who may not: who could not sign for it alone at the person's age (§2.14), and a representative
    /// from whom something is withheld. Staff act on the person's own word.
    pub(super) fn allows(&self, standing: &Standing) -> Result<(), Error> {
        let (by, may) = match standing {
            Standing::Representative(acts) => {
                let may = acts.authority
                    && acts.relationship != Relationship::Relative
                    && acts.excluded_sensitivities.is_empty();
                (acts.relationship, may)
            }
            Standing::Person { .. } | Standing::Agency(_) => (Relationship::SelfSigned, true),
        };
        let age = self.age.ok_or(Error::Unavailable(Outage::Consent))?;
        if may && self.rules.pack().may_end_refusal(by, age) {
            Ok(())
        } else {
            Err(Error::Denied(Denial::ActionNotPermitted))
        }
    }
}
