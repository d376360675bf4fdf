//! The file format. Every key is known or the file is refused.

use std::collections::BTreeMap;

use kernel::{
    Action, AgencyId, AgencyStatus, CareTeamId, CodeSet, ConsentId, Instant, PersonId,
    PractitionerId, Purpose, RecordId, Role, Sector, Subject,
};
use serde::{Deserialize, Deserializer};

use super::LoadError;
use crate::{
    Agencies, Agency, Consent, CourtOrder, EmergencyAccess, PersonFacts, Record, Representative,
    Request, Restriction, Share, Who,
    codes::{BasisKind, Obligation, Outcome, Reason, Redisclosure},
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    format: u32,
    cases: Vec<RawCase>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCase {
    id: String,
    #[serde(rename = "title")]
    _title: Option<String>,
    #[serde(rename = "source")]
    _source: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    as_of: Instant,
    #[serde(default)]
    agencies: Vec<RawAgency>,
    #[serde(default)]
    consents: Vec<Consent>,
    #[serde(default)]
    restrictions: Vec<Restriction>,
    #[serde(default)]
    emergency_accesses: Vec<EmergencyAccess>,
    #[serde(default)]
    court_orders: Vec<CourtOrder>,
    #[serde(default)]
    representatives: Vec<Representative>,
    #[serde(default)]
    shares: Vec<Share>,
    request: Option<RawRequest>,
    records: Option<Vec<Record>>,
    capture: Option<Box<Consent>>,
    expect: Expect,
}

/// An agency of a case; what is not said about it is not so.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAgency {
    id: AgencyId,
    status: AgencyStatus,
    sector: Option<Sector>,
    #[serde(default)]
    covered_entity: bool,
    #[serde(default)]
    part2_program: bool,
    #[serde(default)]
    victim_service_provider: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRequest {
    agency: Option<AgencyId>,
    practitioner: Option<PractitionerId>,
    #[serde(default)]
    roles: CodeSet<Role>,
    #[serde(default)]
    care_teams: Vec<CareTeamId>,
    recipient_agency: Option<AgencyId>,
    person: Option<PersonId>,
    confirmed_by: Option<Vec<AgencyId>>,
    representative: Option<Subject>,
    supporter: Option<Subject>,
    #[serde(default)]
    purposes: CodeSet<Purpose>,
    action: Action,
}

/// Only the keys present are compared.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expect {
    pub decision: Option<Outcome>,
    pub visible: Option<Vec<RecordId>>,
    /// `null` expects that no reason is given.
    #[serde(default, deserialize_with = "present")]
    pub reason: Option<Option<Reason>>,
    pub basis: Option<Vec<ConsentId>>,
    pub bases: Option<CodeSet<BasisKind>>,
    pub obligations: Option<CodeSet<Obligation>>,
    pub redisclosure: Option<Redisclosure>,
    pub rejected: Option<Vec<String>>,
}

fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(d: D) -> Result<Option<T>, D::Error> {
    T::deserialize(d).map(Some)
}

/// A case as it is run.
pub(super) struct Case {
    pub id: String,
    pub as_of: Instant,
    pub facts: CaseFacts,
    pub body: Body,
}

pub(super) struct CaseFacts {
    pub agencies: Agencies,
    pub consents: Vec<Consent>,
    pub persons: Vec<PersonFacts>,
}

pub(super) enum Body {
    Decision(DecisionCase),
    Capture(CaptureCase),
}

pub(super) struct DecisionCase {
    pub request: Request,
    pub records: Vec<Record>,
    pub expect: Expect,
}

pub(super) struct CaptureCase {
    pub offered: Box<Consent>,
    pub rejected: Vec<String>,
}

impl File {
    pub(super) fn cases(self) -> Result<Vec<Case>, LoadError> {
        if self.format != 1 {
            return Err(LoadError(format!("format {} is not known", self.format)));
        }
        self.cases.into_iter().map(RawCase::read).collect()
    }
}

impl RawCase {
    fn read(self) -> Result<Case, LoadError> {
        let id = self.id;
        let refused = |what: &str| Err(LoadError(format!("case {id}: {what}")));
        let expect = self.expect;
        let body = match (self.request, self.records, self.capture) {
            (Some(request), records, None) => {
                if expect.rejected.is_some() {
                    return refused("`rejected` is not expected of a decision");
                }
                let Some(request) = request.read() else {
                    return refused(
                        "a request is an agency's, a person's, a representative's or a supporter's",
                    );
                };
                let records = records.unwrap_or_default();
                Body::Decision(DecisionCase { request, records, expect })
            }
            (None, None, Some(offered)) => match expect {
                Expect {
                    rejected: Some(rejected),
                    decision: None,
                    visible: None,
                    reason: None,
                    basis: None,
                    bases: None,
                    obligations: None,
                    redisclosure: None,
                } => Body::Capture(CaptureCase { offered, rejected }),
                _ => return refused("`rejected`, and nothing else, is expected of a capture"),
            },
            _ => return refused("either `request` and `records`, or `capture`"),
        };
        let mut persons = BTreeMap::new();
        for fact in self.consents.iter().cloned() {
            of(&mut persons, &fact.person).consents.push(fact);
        }
        for fact in self.restrictions {
            of(&mut persons, &fact.person).restrictions.push(fact);
        }
        for fact in self.emergency_accesses {
            of(&mut persons, &fact.person).emergency_accesses.push(fact);
        }
        for fact in self.court_orders {
            of(&mut persons, &fact.person).court_orders.push(fact);
        }
        for fact in self.representatives {
            of(&mut persons, &fact.person).representatives.push(fact);
        }
        for fact in self.shares {
            of(&mut persons, &fact.person).shares.push(fact);
        }
        let facts = CaseFacts {
            agencies: self.agencies.into_iter().map(RawAgency::read).collect(),
            consents: self.consents,
            persons: persons.into_values().collect(),
        };
        Ok(Case { id, as_of: self.as_of, facts, body })
    }
}

fn of<'a>(
    persons: &'a mut BTreeMap<PersonId, PersonFacts>,
    person: &PersonId,
) -> &'a mut PersonFacts {
    persons.entry(person.clone()).or_insert_with(|| PersonFacts::new(person.clone()))
}

impl RawAgency {
    fn read(self) -> Agency {
        Agency {
            id: self.id,
            status: self.status,
            sector: self.sector.unwrap_or(Sector::Other),
            covered_entity: self.covered_entity,
            part2_program: self.part2_program,
            victim_service_provider: self.victim_service_provider,
        }
    }
}

impl RawRequest {
    /// `None` where it is no one's, or several callers' at once.
    fn read(self) -> Option<Request> {
        let who = match (self.agency, self.person, self.representative, self.supporter) {
            (Some(agency), None, None, None) => Who::Practitioner {
                agency,
                practitioner: self.practitioner.unwrap_or_else(|| PractitionerId::new("")),
                roles: self.roles,
                care_teams: self.care_teams,
            },
            (None, Some(person), None, None) => {
                Who::Person { person, confirmed_by: self.confirmed_by }
            }
            (None, None, Some(subject), None) => {
                Who::Representative { subject, confirmed_by: self.confirmed_by }
            }
            (None, None, None, Some(subject)) => Who::Supporter { subject },
            _ => return None,
        };
        Some(Request {
            who,
            purposes: self.purposes,
            action: self.action,
            recipient_agency: self.recipient_agency,
        })
    }
}
