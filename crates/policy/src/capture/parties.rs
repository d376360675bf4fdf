//! Who may sign for the person.

use kernel::AgencyId;

use super::Violations;
use crate::{
    Agencies,
    codes::{Effect, RecipientClass, Relationship},
    consent::{Consent, Grantor, Recipients, Rule},
    standing::is_given,
};

pub(super) fn check(offered: &Consent, agencies: &Agencies, found: &mut Violations) {
    let may_sign = |grantor: &Grantor| {
        has_standing(grantor, offered.person_deceased)
            && !grantor.alleged_abuser
            && !grantor.agency.as_ref().is_some_and(|own| deals_with_itself(offered, own, agencies))
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

/// The recipient signs to itself: the root rule names the grantor's agency, or somebody of it, or any rule opens
/// something to it.
fn deals_with_itself(offered: &Consent, own: &AgencyId, agencies: &Agencies) -> bool {
    let root = &offered.rule;
    root.recipients.as_ref().is_some_and(|named| names(named, own))
        || std::iter::once(root)
            .chain(&offered.exceptions)
            .any(|rule| rule.effect == Effect::Permit && reaches(rule, own, agencies))
}

/// The agency or somebody of it.
fn names(listed: &Recipients, own: &AgencyId) -> bool {
    let of_it =
        |name: &str| name.strip_prefix(own.as_str()).is_some_and(|rest| rest.starts_with('/'));
    listed.agencies.contains(own) || listed.practitioners.iter().any(|name| of_it(name.as_str()))
}

/// Whoever is a recipient of this rule may be of the agency: by name, by its class, by a team of it, or since
/// nobody is named.
fn reaches(rule: &Rule, own: &AgencyId, agencies: &Agencies) -> bool {
    let Some(listed) = &rule.recipients else { return true };
    let covered = || agencies.get(own).is_none_or(|agency| agency.covered_entity);
    names(listed, own)
        || (listed.class == Some(RecipientClass::Tpo) && covered())
        || agencies
            .care_teams()
            .iter()
            .any(|team| team.agency == *own && listed.care_teams.contains(&team.id))
}

#[cfg(test)]
mod tests {
    use kernel::{AgencyStatus, Sector};

    use super::*;
    use crate::{Agency, CareTeam};

    #[test]
    fn a_team_of_the_grantors_agency_is_the_agency() {
        let (own, other) = (AgencyId::new("g"), AgencyId::new("h"));
        let agency = |id: &AgencyId| Agency {
            id: id.clone(),
            status: AgencyStatus::Active,
            sector: Sector::Housing,
            covered_entity: false,
            part2_program: false,
            victim_service_provider: false,
        };
        let team = CareTeam { id: "t1".into(), agency: own.clone(), members: Vec::new() };
        let agencies = Agencies::new([agency(&own), agency(&other)]).with_care_teams(vec![team]);
        let recipients = Recipients { care_teams: vec!["t1".into()], ..Recipients::default() };
        let rule = Rule { recipients: Some(recipients), ..Rule::new(Effect::Permit) };
        assert!(reaches(&rule, &own, &agencies));
        assert!(!reaches(&rule, &other, &agencies));
    }
}
