//! Who may say what to a referral.

use permit::{Standing, StandingPermit};
use policy::Relationship;
use rpc::{Denial, Error};
use uuid::Uuid;

use crate::{domain::Saying, store::Said};

/// Who acts for the person decides with evidence of it on record, and never as a relative, nor where something
/// is withheld from them. The person's own no they don't take back. Whoever takes a no back does it through a
/// sign-in for which both agencies stand surety, or that is proofed: one agency's could be its own.
pub(super) fn may_say(
    permit: &StandingPermit,
    said: Said,
    saying: Saying,
    sides: [Uuid; 2],
) -> Result<(), Error> {
    let lifts = saying == Saying::Yes && said != Said::Open;
    let may = match permit.standing() {
        _ if saying == Saying::Asks => return Ok(()),
        Standing::Person { .. } => true,
        Standing::Representative(acts) => {
            acts.authority
                && acts.relationship != Relationship::Relative
                && acts.excluded_sensitivities.is_empty()
                && !(lifts && said == Said::No)
        }
        Standing::Agency(_) => return Err(Error::NotFound),
    };
    if !may {
        return Err(Error::Denied(Denial::ActionNotPermitted));
    }
    match permit.confirmed_by() {
        Some(sureties) if lifts && !sides.iter().all(|side| sureties.contains(side)) => {
            Err(Error::Denied(Denial::SignInNotConfirmed))
        }
        _ => Ok(()),
    }
}
