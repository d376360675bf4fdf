//! Who may say what to a referral.

use permit::{Standing, StandingPermit};
use policy::Relationship;
use rpc::{Denial, Error};
use uuid::Uuid;

use crate::{domain::Saying, store::Said};

/// Who acts for the person decides with evidence of it on record, and never as a relative, nor where something
/// is withheld from them. The person's own no they don't take back; nor does a sign-in for which one of the
/// two agencies stands surety, and not the other: it could be that agency's own.
pub(super) fn may_say(
    permit: &StandingPermit,
    said: Said,
    saying: Saying,
    sides: [Uuid; 2],
) -> Result<(), Error> {
    let lifts = saying == Saying::Yes && said != Said::Open;
    match permit.standing() {
        _ if saying == Saying::Asks => Ok(()),
        Standing::Representative(acts) => {
            let may = acts.authority
                && acts.relationship != Relationship::Relative
                && acts.excluded_sensitivities.is_empty();
            match may && !(lifts && said == Said::No) {
                true => Ok(()),
                false => Err(Error::Denied(Denial::ActionNotPermitted)),
            }
        }
        Standing::Person { .. } => match permit.confirmed_by() {
            Some(sureties) if lifts && !sides.iter().all(|side| sureties.contains(side)) => {
                Err(Error::Denied(Denial::SignInNotConfirmed))
            }
            _ => Ok(()),
        },
        Standing::Agency(_) => Err(Error::NotFound),
    }
}
