//! Who may sign for the person.

use super::Violations;
use crate::{
    codes::Relationship,
    consent::{Consent, Grantor, Recipients},
    standing::is_given,
};

pub(super) fn check(offered: &Consent, found: &mut Violations) {
    let may_sign = |grantor: &Grantor| {
        let recipients = offered.rule.recipients.as_ref();
        has_standing(grantor, offered.person_deceased)
            && !grantor.alleged_abuser
            && !recipients.is_some_and(|recipients| deals_with_itself(grantor, recipients))
    };
    let all = offered.grantor.is_some() && offered.signers().all(may_sign);
    found.unless(all && sign_together(offered), "grantor");
}

/// Where two sign, one is the person, and the other acts for them.
fn sign_together(offered: &Consent) -> bool {
    let themself = |grantor: &Grantor| grantor.relationship == Relationship::SelfSigned;
    match (&offered.grantor, &offered.co_grantor) {
        (Some(one), Some(other)) => themself(one) != themself(other),
        _ => true,
    }
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
