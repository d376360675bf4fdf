//! The rules of an offered consent: what each type must name, and what no rule may say.

use kernel::{AgencyId, Class, CodeSet, Purpose, Sector};

use super::Violations;
use crate::{
    Agencies,
    codes::ConsentType,
    consent::{Consent, Recipients, Rule},
};

/// The most exceptions that one consent may have.
const MOST_EXCEPTIONS: usize = 100;

pub(super) fn check(offered: &Consent, agencies: &Agencies, found: &mut Violations) {
    named_by_type(offered, found);
    limits_of_type(offered, agencies, found);
    no_empty_list_and_nobody_unknown(&offered.rule, agencies, "rule", found);
    found.unless(offered.rule.exceptions.is_empty(), "rule.exceptions");
    found.unless(offered.exceptions.len() <= MOST_EXCEPTIONS, "exceptions");
    for (index, exception) in offered.exceptions.iter().enumerate() {
        let path = format!("exceptions[{index}]");
        no_empty_list_and_nobody_unknown(exception, agencies, &path, found);
        found.unless(exception.effect != offered.rule.effect, &format!("{path}.effect"));
        found.unless(exception.exceptions.is_empty(), &format!("{path}.exceptions"));
    }
}

/// Every type but GENERAL names purposes, recipients and disclosers; RESEARCH no disclosers.
fn named_by_type(offered: &Consent, found: &mut Violations) {
    let rule = &offered.rule;
    if offered.kind == ConsentType::General {
        return;
    }
    found.unless(rule.purposes.is_some_and(|p| !p.is_empty()), "rule.purposes");
    found.unless(rule.recipients.as_ref().is_some_and(|r| !r.is_nobody()), "rule.recipients");
    if offered.kind != ConsentType::Research {
        let named = rule.disclosers.as_ref().is_some_and(|d| !d.agencies.is_empty());
        found.unless(named, "rule.disclosers");
    }
}

fn limits_of_type(offered: &Consent, agencies: &Agencies, found: &mut Violations) {
    let rule = &offered.rule;
    let in_sector = |sector| {
        move |id: &AgencyId| agencies.get(id).is_some_and(|agency| agency.sector == sector)
    };
    match offered.kind {
        ConsentType::Tpo => {
            let within: CodeSet<Purpose> = [
                Purpose::Treat,
                Purpose::HealthcarePayment,
                Purpose::HealthcareOperations,
                Purpose::CoordinationOfCare,
                Purpose::CareManagement,
            ]
            .into();
            found.unless(rule.purposes.is_some_and(|p| p.is_subset(within)), "rule.purposes");
        }
        ConsentType::Proceedings => {
            found.unless(rule.purposes == Some([Purpose::LegalProceeding].into()), "rule.purposes");
        }
        ConsentType::CounselingNotes => {
            found.unless(rule.classes == Some([Class::CounselingNote].into()), "rule.classes");
        }
        ConsentType::VictimServicesRelease => {
            found.unless(only_agencies(rule, |_| true), "rule.recipients");
        }
        ConsentType::CriminalJustice => {
            found.unless(only_agencies(rule, in_sector(Sector::Justice)), "rule.recipients");
        }
        ConsentType::General | ConsentType::Research => {}
    }
}

/// The recipients are agencies by name, each of them fitting.
fn only_agencies(rule: &Rule, fits: impl Fn(&AgencyId) -> bool) -> bool {
    rule.recipients.as_ref().is_some_and(|recipients| {
        !recipients.agencies.is_empty()
            && recipients.agencies.iter().all(fits)
            && recipients.practitioners.is_empty()
            && recipients.care_teams.is_empty()
            && recipients.class.is_none()
    })
}

fn no_empty_list_and_nobody_unknown(
    rule: &Rule,
    agencies: &Agencies,
    path: &str,
    found: &mut Violations,
) {
    let mut condition = |sound: bool, name: &str| {
        if !sound {
            found.add(format!("{path}.{name}"));
        }
    };
    let recipients = rule.recipients.as_ref();
    condition(recipients.is_none_or(|r| !r.is_nobody() && all_known(r, agencies)), "recipients");
    let disclosers = rule.disclosers.as_ref().map(|d| &d.agencies);
    condition(
        disclosers.is_none_or(|d| !d.is_empty() && d.iter().all(|id| agencies.knows(id))),
        "disclosers",
    );
    condition(!rule.purposes.is_some_and(CodeSet::is_empty), "purposes");
    condition(!rule.actions.is_some_and(CodeSet::is_empty), "actions");
    condition(!rule.kinds.is_some_and(CodeSet::is_empty), "kinds");
    condition(!rule.classes.is_some_and(CodeSet::is_empty), "classes");
    condition(!rule.confidentialities.is_some_and(CodeSet::is_empty), "confidentialities");
    condition(!rule.sensitivities.is_some_and(CodeSet::is_empty), "sensitivities");
    condition(!rule.authors.as_ref().is_some_and(Vec::is_empty), "authors");
    condition(!rule.episodes.as_ref().is_some_and(Vec::is_empty), "episodes");
    condition(!rule.records.as_ref().is_some_and(Vec::is_empty), "records");
}

/// Every agency named, a practitioner's too, is known to the directory, and every care team.
fn all_known(recipients: &Recipients, agencies: &Agencies) -> bool {
    recipients.agencies.iter().all(|id| agencies.knows(id))
        && recipients.care_teams.iter().all(|id| agencies.knows_care_team(id))
        && recipients.practitioners.iter().all(|name| {
            let name = name.as_str();
            name.match_indices('/')
                .filter_map(|(at, _)| name.get(..at))
                .any(|agency| agencies.knows(&AgencyId::new(agency)))
        })
}
