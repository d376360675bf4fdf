//! Who may sign for the person.

use super::Violations;
use crate::{
    codes::Relationship,
    consent::{Consent, Grantor, Recipients},
    standing::is_given,
};

pub(super) fn check(offered: &Consent, found: &mut Violations) {
    let may_sign = offered.grantor.as_ref().is_some_and(|grantor| {
        let recipients = offered.rule.recipients.as_ref();
        has_standing(grantor, offered.person_deceased)
            && !grantor.alleged_abuser
            && !recipients.is_some_and(|recipients| deals_with_itself(grantor, recipients))
    });
    found.unless(may_sign, "grantor");
}

/// The person, or who is shown to act for them; for the dead only their personal representative.
fn has_standing(grantor: &Grantor, person_deceased: bool) -> bool {
    match grantor.relationship {
        Relationship::SelfSigned => !person_deceased,
        Relationship::Parent | Relationship::Guardian => {
            !person_deceased && is_given(&grantor.authority)
        }
        Relationship::PersonalRepresentative => is_given(&grantor.authority),
        Relationship::Relative => false,
    }
}

/// The recipient signs to itself: the grantor's agency, or somebody of it, is named.
fn deals_with_itself(grantor: &Grantor, recipients: &Recipients) -> bool {
    grantor.agency.as_ref().is_some_and(|agency| {
        recipients.agencies.contains(agency)
            || recipients.practitioners.iter().any(|name| {
                name.as_str()
                    .strip_prefix(agency.as_str())
                    .is_some_and(|rest| rest.starts_with('/'))
            })
    })
}
