//! What who acts for the person may do about consents.

use permit::{Representing, Standing};
use policy::{Grantor, Relationship};
use wire::convert::name_of;

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

/// Whether a representative may do what opens something to others: they could sign for it, and nothing
/// is withheld from them. Everybody else may, as far as this goes.
pub(super) fn may_open(standing: &Standing) -> bool {
    match standing {
        Standing::Representative(acts) => {
            acts.authority
                && acts.relationship != Relationship::Relative
                && acts.excluded_sensitivities.is_empty()
        }
        _ => true,
    }
}
