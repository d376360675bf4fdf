//! One record: the first basis, in the order of the rules, that opens it.

use kernel::{Action, AgencyId, Class, CodeSet, ConsentId, PersonId, Purpose, Sensitivity};

use super::{Caller, Decider, Finding, Opened, PersonState, Refused, row::Row};
use crate::{
    Facets, Record,
    codes::{BasisKind, ConsentType, Lack, Redisclosure},
    ground::Ground,
    matching::{has_any, with_below},
    record::own_kinds,
    standing::{AgencyAsk, Deny, Permit},
};

impl<'a> Decider<'a> {
    /// Whether and how one record is opened.
    pub fn judge(&self, record: &Record) -> Finding {
        let caller = self.caller.as_ref().map_err(|ground| Refused::on(*ground))?;
        let facets = self.facets(record).map_err(Refused::on)?;
        let state = self.state(&record.person);
        if own_kinds().contains(record.kind) {
            return self.judge_own(caller, state, record);
        }
        match caller {
            Caller::Agency(ask) => judge_for_agency(ask, state, record, &facets),
            Caller::Person { person, confirmed_by } => {
                if **person != record.person {
                    return Err(Refused::on(Ground::NothingOnFile));
                }
                match self.person_lacks(record, *confirmed_by) {
                    None => Ok(Opened::by(BasisKind::SelfAccess)),
                    Some(_) => Err(Refused::on(Ground::Withheld)),
                }
            }
            Caller::Representative { confirmed_by, .. } => {
                let Some(excluded) = state.and_then(|s| s.represented) else {
                    return Err(Refused::on(Ground::NothingOnFile));
                };
                match self.representative_lacks(record, &facets, *confirmed_by, excluded) {
                    None => Ok(Opened::by(BasisKind::Representative)),
                    Some(_) => Err(Refused::on(Ground::Withheld)),
                }
            }
            Caller::Supporter { .. } => Err(Refused::on(Ground::NothingOnFile)),
        }
    }

    /// What the record counts as; nothing opens what nobody known holds, not even to the person.
    pub(crate) fn facets(&self, record: &Record) -> Result<Facets, Ground> {
        let custodian = match &record.custodian {
            Some(id) => Some(self.facts.agencies.get(id).ok_or(Ground::EvaluationError)?),
            None if own_kinds().contains(record.kind) => None,
            None => return Err(Ground::EvaluationError),
        };
        Ok(Facets::of(record, custodian))
    }

    /// The person's own plan and circle: the person, and whom they share it with, to read.
    fn judge_own(
        &self,
        caller: &Caller<'a>,
        state: Option<&PersonState<'a>>,
        record: &Record,
    ) -> Finding {
        let theirs = match caller {
            Caller::Person { person, .. } => **person == record.person,
            Caller::Representative { .. } => state.is_some_and(|s| s.represented.is_some()),
            Caller::Agency(_) | Caller::Supporter { .. } => false,
        };
        if self.action == Action::Read {
            if theirs && matches!(caller, Caller::Person { .. }) {
                return Ok(Opened::by(BasisKind::SelfAccess));
            }
            let shares = state.map_or(&[][..], |s| &s.shares);
            let ids: Vec<_> =
                shares.iter().filter(|s| s.record == record.id).map(|s| s.id.clone()).collect();
            if !ids.is_empty() {
                return Ok(Opened { ids, ..Opened::by(BasisKind::Share) });
            }
        }
        Err(Refused::on(if theirs { Ground::Withheld } else { Ground::NothingOnFile }))
    }

    /// What SELF and REPRESENTATIVE have in common.
    pub(crate) fn person_lacks(
        &self,
        record: &Record,
        confirmed_by: Option<&[AgencyId]>,
    ) -> Option<Lack> {
        if self.action != Action::Read {
            Some(Lack::Action)
        } else if record.class == Class::CounselingNote {
            Some(Lack::Excluded)
        } else if record.release_block.as_ref().is_some_and(|b| b.lasts_beyond(self.as_of)) {
            Some(Lack::ReleaseBlock)
        } else if !confirmed_by.is_none_or(|agencies| {
            record.custodian.as_ref().is_some_and(|custodian| agencies.contains(custodian))
        }) {
            Some(Lack::Vouching)
        } else {
            None
        }
    }

    pub(crate) fn representative_lacks(
        &self,
        record: &Record,
        facets: &Facets,
        confirmed_by: Option<&[AgencyId]>,
        excluded: CodeSet<Sensitivity>,
    ) -> Option<Lack> {
        self.person_lacks(record, confirmed_by)
            .or_else(|| withheld(facets, excluded).then_some(Lack::Excluded))
    }

    /// The facts of `person`, if they were given.
    pub(crate) fn state(&self, person: &PersonId) -> Option<&PersonState<'a>> {
        let at = self.persons.binary_search_by(|state| state.person.cmp(person)).ok()?;
        self.persons.get(at)
    }
}

fn judge_for_agency(
    ask: &AgencyAsk<'_>,
    state: Option<&PersonState<'_>>,
    record: &Record,
    facets: &Facets,
) -> Finding {
    if custodian_lacks(ask, record).is_none() {
        return Ok(Opened::by(BasisKind::Custodian));
    }
    let Some(state) = state else {
        return Err(Refused::on(Row::of(ask, record.class, facets).missing()));
    };
    let reachable = emergency_reaches(record, facets);
    let documented =
        |told: bool| state.emergencies.iter().filter(move |(_, full)| reachable && *full == told);
    let ids: Vec<_> = documented(true).map(|(access, _)| access.id.clone()).collect();
    if !ids.is_empty() {
        let overridden = state.restrictions.iter().any(|r| r.covers_record(record));
        return Ok(Opened::by_emergency(ids, facets, overridden));
    }
    let orders = state.court_orders.iter().filter(|order| order.covers_record(record));
    let ids: Vec<_> = orders.map(|order| order.id.clone()).collect();
    if !ids.is_empty() {
        let redisclosure = Redisclosure::Prohibited;
        return Ok(Opened { ids, redisclosure, ..Opened::by(BasisKind::CourtOrder) });
    }
    let mut found = by_consent(ask, state, record, facets);
    if let Err(refused) = &mut found
        && refused.ground > Ground::EmergencyUndocumented
        && documented(false).next().is_some()
    {
        *refused = Refused::on(Ground::EmergencyUndocumented);
    }
    found
}

/// CUSTODIAN: what the caller's agency lacks to use the record as its own.
pub(crate) fn custodian_lacks(ask: &AgencyAsk<'_>, record: &Record) -> Option<Lack> {
    if !holds(ask, record) {
        Some(Lack::Custodian)
    } else if ask.action == Action::Refer {
        Some(Lack::Action)
    } else {
        let within = ask.purposes.is_subset(custodian_purposes(record.class));
        (!within).then_some(Lack::Purpose)
    }
}

pub(crate) fn holds(ask: &AgencyAsk<'_>, record: &Record) -> bool {
    record.custodian.as_ref() == Some(&ask.agency.id)
}

/// EMERGENCY never opens victim-service records or counselling notes.
pub(crate) fn emergency_reaches(record: &Record, facets: &Facets) -> bool {
    !facets.victim_service && record.class != Class::CounselingNote
}

/// CONSENT: one PERMIT that counts and matches the whole of it, unless something refuses.
fn by_consent(
    ask: &AgencyAsk<'_>,
    state: &PersonState<'_>,
    record: &Record,
    facets: &Facets,
) -> Finding {
    let Some(directives) = &state.directives else {
        return Err(Refused::on(Ground::EvaluationError));
    };
    let covers =
        |permit: &Permit<'_>| permit.lacks.is_none() && permit.covers_record(record, facets);
    let permits: Vec<(&Permit<'_>, bool)> =
        directives.permits.iter().map(|permit| (permit, covers(permit))).collect();
    let refuses = |deny: &&Deny<'_>| deny.lacks_of(ask, record, facets).is_none();
    let denies = directives.denies.iter().filter(refuses).map(|deny| deny.consent);
    let excepts = |(permit, covers): &&(&Permit<'_>, bool)| {
        *covers && permit.refusing(ask).any(|rule| rule.covers_record(record, facets))
    };
    let excepting = permits.iter().filter(excepts).map(|(permit, _)| permit.consent);
    let consents: Vec<ConsentId> =
        denies.chain(excepting).map(|consent| consent.id.clone()).collect();
    if !consents.is_empty() {
        return Err(Refused { consents, ..Refused::on(Ground::Directive) });
    }
    if state.restrictions.iter().any(|r| r.covers_record(record)) {
        return Err(Refused::on(Ground::Restricted));
    }
    let row = Row::of(ask, record.class, facets);
    if !directives.on_file.iter().any(|kind| row.counts(kind)) {
        return Err(Refused::on(row.missing()));
    }
    // Only the custodian may send a record.
    if ask.action == Action::Refer && !holds(ask, record) {
        return Err(Refused::on(Ground::Record));
    }
    let mut furthest = Ground::NotActive;
    let mut ids = Vec::new();
    let mut tpo = false;
    for (permit, covers) in permits.iter().filter(|(p, _)| row.counts(p.consent.kind)) {
        match row.lacks(ask, permit, facets, || *covers) {
            Some(ground) => furthest = furthest.min(ground),
            None => {
                ids.push(permit.consent.id.clone());
                tpo |= permit.consent.kind == ConsentType::Tpo;
            }
        }
    }
    if ids.is_empty() {
        return Err(Refused::on(furthest));
    }
    ids.dedup();
    Ok(Opened::by_consent(ids, facets, tpo && ask.recipient.agency.covered_entity))
}

/// Excluded sensitivities read as a DENY's; excluding none excludes nothing.
fn withheld(facets: &Facets, excluded: CodeSet<Sensitivity>) -> bool {
    !excluded.is_empty() && has_any(facets, with_below(excluded))
}

/// What a custodian may use its own records for.
pub(crate) fn custodian_purposes(class: Class) -> CodeSet<Purpose> {
    match class {
        Class::General => [
            Purpose::Treat,
            Purpose::EmergencyTreat,
            Purpose::CoordinationOfCare,
            Purpose::CareManagement,
            Purpose::HealthcarePayment,
            Purpose::HealthcareOperations,
            Purpose::PatientRequest,
            Purpose::SupportNetwork,
            Purpose::Supervision,
            Purpose::HousingPlacement,
            Purpose::EmploymentSupport,
        ]
        .into(),
        Class::CounselingNote => [Purpose::Treat, Purpose::EmergencyTreat].into(),
    }
}
