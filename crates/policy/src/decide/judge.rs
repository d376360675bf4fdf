//! One record: the first basis, in the order of the rules, that opens it.

use kernel::{Action, AgencyId, Class, CodeSet, ConsentId, PersonId, Purpose, Sensitivity};

use super::{Caller, Decider, Finding, Opened, PersonState, Refused};
use crate::{
    Facets, Record,
    codes::{BasisKind, ConsentType, Obligation, Redisclosure},
    ground::Ground,
    matching::has_any,
    record::own_kinds,
    standing::{AgencyAsk, Deny, Permit},
};

impl<'a> Decider<'a> {
    /// Whether and how one record is opened.
    pub fn judge(&self, record: &Record) -> Finding {
        let caller = self.caller.as_ref().map_err(|ground| Refused::on(*ground))?;
        let own = own_kinds().contains(record.kind);
        let custodian = record.custodian.as_ref().map(|id| self.facts.agencies.get(id));
        let custodian = match custodian {
            // Nothing opens what nobody known holds, not even to the person.
            Some(None) => return Err(Refused::on(Ground::EvaluationError)),
            None if !own => return Err(Refused::on(Ground::EvaluationError)),
            Some(Some(agency)) => Some(agency),
            None => None,
        };
        let facets = Facets::of(record, custodian);
        let state = self.state(&record.person);
        if own {
            return self.judge_own(caller, state, record);
        }
        match caller {
            Caller::Agency(ask) => self.judge_for_agency(ask, state, record, &facets),
            Caller::Person { person, confirmed_by } => {
                if **person != record.person {
                    return Err(Refused::on(Ground::NothingOnFile));
                }
                if self.person_may_read(record, *confirmed_by) {
                    return Ok(Opened::by(BasisKind::SelfAccess));
                }
                Err(Refused::on(Ground::Withheld))
            }
            Caller::Representative { confirmed_by, .. } => {
                let Some(excluded) = state.and_then(|s| s.represented) else {
                    return Err(Refused::on(Ground::NothingOnFile));
                };
                if self.person_may_read(record, *confirmed_by) && !withheld(&facets, excluded) {
                    return Ok(Opened::by(BasisKind::Representative));
                }
                Err(Refused::on(Ground::Withheld))
            }
            Caller::Supporter { .. } => Err(Refused::on(Ground::NothingOnFile)),
        }
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
    fn person_may_read(&self, record: &Record, confirmed_by: Option<&[AgencyId]>) -> bool {
        self.action == Action::Read
            && record.class != Class::CounselingNote
            && !record.release_block.as_ref().is_some_and(|b| b.lasts_beyond(self.as_of))
            && confirmed_by.is_none_or(|agencies| {
                record.custodian.as_ref().is_some_and(|custodian| agencies.contains(custodian))
            })
    }

    fn judge_for_agency(
        &self,
        ask: &AgencyAsk<'a>,
        state: Option<&PersonState<'a>>,
        record: &Record,
        facets: &Facets,
    ) -> Finding {
        let holds = record.custodian.as_ref() == Some(&ask.agency.id);
        if holds
            && ask.action != Action::Refer
            && ask.purposes.is_subset(custodian_purposes(record.class))
        {
            return Ok(Opened::by(BasisKind::Custodian));
        }
        let Some(state) = state else {
            return Err(Refused::on(Row::of(ask, record.class, facets).missing()));
        };
        let emergency = !facets.victim_service && record.class != Class::CounselingNote;
        let documented = |told: bool| {
            state.emergencies.iter().filter(move |(_, full)| emergency && *full == told)
        };
        let ids: Vec<_> = documented(true).map(|(access, _)| access.id.clone()).collect();
        if !ids.is_empty() {
            let overridden = state.restrictions.iter().any(|r| r.covers_record(record));
            return Ok(Opened::by_emergency(ids, facets, overridden));
        }
        let orders = state.court_orders.iter().filter(|order| {
            record.custodian.as_ref() == Some(&order.custodian)
                && order.records.contains(&record.id)
        });
        let ids: Vec<_> = orders.map(|order| order.id.clone()).collect();
        if !ids.is_empty() {
            return Ok(Opened {
                ids,
                redisclosure: Redisclosure::Prohibited,
                ..Opened::by(BasisKind::CourtOrder)
            });
        }
        let mut found = by_consent(ask, state, record, facets, holds);
        if let Err(refused) = &mut found
            && refused.ground > Ground::EmergencyUndocumented
            && documented(false).next().is_some()
        {
            *refused = Refused::on(Ground::EmergencyUndocumented);
        }
        found
    }

    /// The facts of `person`, if they were given.
    fn state(&self, person: &PersonId) -> Option<&PersonState<'a>> {
        let at = self.persons.binary_search_by(|state| state.person.cmp(person)).ok()?;
        self.persons.get(at)
    }
}

/// CONSENT: one PERMIT that counts and matches the whole of it, unless something refuses.
fn by_consent(
    ask: &AgencyAsk<'_>,
    state: &PersonState<'_>,
    record: &Record,
    facets: &Facets,
    holds: bool,
) -> Finding {
    let Some(directives) = &state.directives else {
        return Err(Refused::on(Ground::EvaluationError));
    };
    let refuses = |deny: &&Deny<'_>| deny.refuses(record, facets);
    let consents: Vec<ConsentId> =
        directives.denies.iter().filter(refuses).map(|deny| deny.consent.clone()).collect();
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
    if ask.action == Action::Refer && !holds {
        return Err(Refused::on(Ground::Record));
    }
    let mut furthest = Ground::NotActive;
    let mut ids = Vec::new();
    let mut tpo = false;
    for permit in directives.permits.iter().filter(|p| row.counts(p.consent.kind)) {
        match row.lacks(ask, permit, record, facets) {
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

/// The table of consents that count; the first row that applies decides alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Row {
    VictimService,
    CounselingNote,
    Proceedings,
    AnythingElse,
}

impl Row {
    fn of(ask: &AgencyAsk<'_>, class: Class, facets: &Facets) -> Self {
        if facets.victim_service {
            Self::VictimService
        } else if class == Class::CounselingNote {
            Self::CounselingNote
        } else if facets.part2 && ask.is_for_proceedings() {
            Self::Proceedings
        } else {
            Self::AnythingElse
        }
    }

    fn counts(self, kind: ConsentType) -> bool {
        match self {
            Self::VictimService => kind == ConsentType::VictimServicesRelease,
            Self::CounselingNote => kind == ConsentType::CounselingNotes,
            Self::Proceedings => kind == ConsentType::Proceedings,
            Self::AnythingElse => kind != ConsentType::CounselingNotes,
        }
    }

    /// The ground where no consent that counts is on file.
    fn missing(self) -> Ground {
        match self {
            Self::VictimService => Ground::ReleaseRequired,
            Self::CounselingNote => Ground::CounselingConsentRequired,
            Self::Proceedings => Ground::OrderRequired,
            Self::AnythingElse => Ground::NothingOnFile,
        }
    }

    /// The first stage that `permit` fails, if any.
    fn lacks(
        self,
        ask: &AgencyAsk<'_>,
        permit: &Permit<'_>,
        record: &Record,
        facets: &Facets,
    ) -> Option<Ground> {
        let unnamed =
            self == Self::VictimService && !permit.rule.names_agency(&ask.recipient.agency.id);
        // A release names its recipient; one that does not fails there, if it gets that far.
        let lacks = if unnamed {
            Some(permit.lacks.unwrap_or(Ground::Recipient).max(Ground::Recipient))
        } else {
            permit.lacks
        };
        lacks.or_else(|| (!permit.covers_record(record, facets)).then_some(Ground::Record))
    }
}

impl AgencyAsk<'_> {
    /// Use in proceedings, or by those who bring them (§2.31(d)).
    pub(crate) fn is_for_proceedings(&self) -> bool {
        self.purposes.contains(Purpose::LegalProceeding) || self.recipient.prosecutor
    }
}

impl Opened {
    fn by(basis: BasisKind) -> Self {
        Self {
            basis,
            ids: Vec::new(),
            obligations: CodeSet::EMPTY,
            redisclosure: Redisclosure::PermittedByLaw,
        }
    }

    fn by_emergency(ids: Vec<ConsentId>, facets: &Facets, restriction_overridden: bool) -> Self {
        let mut opened = Self { ids, ..Self::by(BasisKind::Emergency) };
        opened.obligations.insert(Obligation::EmergencyReview);
        if facets.part2 {
            opened.obligations.insert(Obligation::Part2Notice);
            opened.redisclosure = Redisclosure::HipaaExceptProceedings;
        }
        if restriction_overridden {
            opened.obligations.insert(Obligation::NoFurtherDisclosure);
            opened.redisclosure = Redisclosure::Prohibited;
        }
        opened
    }

    fn by_consent(ids: Vec<ConsentId>, facets: &Facets, tpo_to_covered_entity: bool) -> Self {
        let mut opened = Self { ids, ..Self::by(BasisKind::Consent) };
        if facets.part2 {
            // §2.32 with every disclosure; §2.33(b) for what a TPO consent gave a covered entity.
            opened.obligations = [Obligation::Part2Notice, Obligation::ConsentCopy].into();
            opened.redisclosure = if tpo_to_covered_entity {
                Redisclosure::HipaaExceptProceedings
            } else {
                Redisclosure::Prohibited
            };
        }
        if facets.victim_service {
            opened.redisclosure = Redisclosure::Prohibited;
        }
        opened
    }
}

/// Excluded sensitivities read as a DENY's; excluding none excludes nothing.
fn withheld(facets: &Facets, excluded: CodeSet<Sensitivity>) -> bool {
    !excluded.is_empty() && has_any(facets, crate::matching::with_below(excluded))
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
