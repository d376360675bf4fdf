//! From a prepared request to clauses: the same order of bases, the same table of consents.

use kernel::{Action, AgencyId, Class, Code, CodeSet, PersonId};

use super::{Clause, DenyClause, Visibility};
use crate::{
    Decider,
    codes::ConsentType,
    decide::{Caller, PersonState, custodian_purposes},
    matching::with_below,
    person::Restriction,
    record::{agency_kinds, own_kinds},
    standing::{AgencyAsk, Deny, Permit},
};

impl Decider<'_> {
    /// What this request may see, as a predicate.
    pub fn visibility(&self) -> Visibility {
        let mut visible = Visibility {
            custodians: self.facts.agencies.custodians().clone(),
            open: Vec::new(),
            consent: Vec::new(),
            deny: Vec::new(),
        };
        let Ok(caller) = &self.caller else { return visible };
        if self.action == Action::Read {
            for state in &self.persons {
                visible.open.extend(shared(state));
            }
        }
        match caller {
            Caller::Agency(ask) => self.for_agency(ask, &mut visible),
            Caller::Person { person, confirmed_by } if self.action == Action::Read => {
                visible.open.push(Clause { kinds: Some(own_kinds()), ..about(person) });
                visible.open.extend(self.readable_by_person(person, *confirmed_by));
            }
            Caller::Representative { confirmed_by, .. } if self.action == Action::Read => {
                for state in &self.persons {
                    let Some(excluded) = state.represented else { continue };
                    let clause = self.readable_by_person(state.person, *confirmed_by);
                    visible.open.extend(clause.map(|clause| Clause {
                        sensitive_none: (!excluded.is_empty()).then(|| with_below(excluded)),
                        ..clause
                    }));
                }
            }
            Caller::Person { .. } | Caller::Representative { .. } | Caller::Supporter { .. } => {}
        }
        visible
    }

    fn readable_by_person(
        &self,
        person: &PersonId,
        confirmed_by: Option<&[AgencyId]>,
    ) -> Option<Clause> {
        // Vouched for by nobody: opens nothing.
        if confirmed_by.is_some_and(<[_]>::is_empty) {
            return None;
        }
        Some(Clause {
            kinds: Some(agency_kinds()),
            classes: Some([Class::General].into()),
            custodians: confirmed_by.map(<[_]>::to_vec),
            unblocked_at: Some(self.as_of),
            ..about(person)
        })
    }

    fn for_agency(&self, ask: &AgencyAsk<'_>, visible: &mut Visibility) {
        if ask.action != Action::Refer {
            visible.open.extend(held_by(ask));
        }
        for state in &self.persons {
            visible.open.extend(by_emergency(state));
            visible.open.extend(by_court_order(state));
            let Some(directives) = &state.directives else { continue };
            let permits: Vec<_> =
                directives.permits.iter().flat_map(|p| permitted(state.person, p, ask)).collect();
            if permits.is_empty() {
                continue;
            }
            visible.consent.extend(permits);
            let (denies, permits) = (&directives.denies, &directives.permits);
            visible.deny.extend(denies.iter().filter_map(|d| denied(state.person, d, ask)));
            visible.deny.extend(permits.iter().flat_map(|p| excepted(state.person, p, ask)));
            visible.deny.extend(state.restrictions.iter().map(|r| restricted(state.person, r)));
        }
    }
}

fn about(person: &PersonId) -> Clause {
    Clause { person: Some(person.clone()), ..Clause::default() }
}

fn shared(state: &PersonState<'_>) -> Option<Clause> {
    let records: Vec<_> = state.shares.iter().map(|s| s.record.clone()).collect();
    (!records.is_empty()).then(|| Clause {
        kinds: Some(own_kinds()),
        records: Some(records),
        ..about(state.person)
    })
}

/// CUSTODIAN: its own records, whoever they are about.
fn held_by(ask: &AgencyAsk<'_>) -> Option<Clause> {
    let classes: CodeSet<Class> = Class::ALL
        .iter()
        .copied()
        .filter(|class| ask.purposes.is_subset(custodian_purposes(*class)))
        .collect();
    (!classes.is_empty()).then(|| Clause {
        kinds: Some(agency_kinds()),
        classes: Some(classes),
        custodians: Some(vec![ask.agency.id.clone()]),
        ..Clause::default()
    })
}

fn by_emergency(state: &PersonState<'_>) -> Option<Clause> {
    state.emergencies.iter().any(|(_, documented)| *documented).then(|| Clause {
        kinds: Some(agency_kinds()),
        classes: Some([Class::General].into()),
        victim_service: Some(false),
        ..about(state.person)
    })
}

fn by_court_order(state: &PersonState<'_>) -> impl Iterator<Item = Clause> {
    state.court_orders.iter().filter(|o| !o.records.is_empty()).map(|order| Clause {
        kinds: Some(agency_kinds()),
        custodians: Some(vec![order.custodian.clone()]),
        records: Some(order.records.clone()),
        ..about(state.person)
    })
}

/// A permit that the request satisfies, split by the table of consents that count.
fn permitted(person: &PersonId, permit: &Permit<'_>, ask: &AgencyAsk<'_>) -> Vec<Clause> {
    let clause = || {
        let clause =
            Clause::of(person, Some(permit.rule), permit.under)?.of_kinds(agency_kinds())?;
        // Only the custodian may send a record.
        if ask.action == Action::Refer { clause.held_by(&ask.agency.id) } else { Some(clause) }
    };
    let (None, Some(clause)) = (permit.lacks, clause()) else { return Vec::new() };
    let kind = permit.consent.kind;
    let named = permit.rule.names_parties_and_purpose();
    let part2_if = |covered: bool| if covered { None } else { Some(false) };
    let mut clauses = Vec::with_capacity(2);
    if kind == ConsentType::VictimServicesRelease
        && permit.rule.names_agency(&ask.recipient.agency.id)
    {
        let part2 = part2_if(named);
        clauses.push(Clause { victim_service: Some(true), part2, ..clause.clone() });
    }
    let (class, part2) = if kind == ConsentType::CounselingNotes {
        (Class::CounselingNote, part2_if(named))
    } else {
        let for_these = !ask.is_for_proceedings() || kind == ConsentType::Proceedings;
        (Class::General, part2_if(named && for_these))
    };
    let rest = Clause { victim_service: Some(false), part2, ..clause };
    clauses.extend(rest.of_class(class));
    clauses
}

fn denied(person: &PersonId, deny: &Deny<'_>, ask: &AgencyAsk<'_>) -> Option<DenyClause> {
    let unless = deny.lifting(ask).filter_map(|rule| Clause::of(person, Some(rule), None));
    Some(DenyClause {
        unless: unless.collect(),
        when: Clause::of(person, deny.under, Some(deny.rule))?,
    })
}

fn excepted(
    person: &PersonId,
    permit: &Permit<'_>,
    ask: &AgencyAsk<'_>,
) -> impl Iterator<Item = DenyClause> {
    permit.refusing(ask).filter_map(|rule| {
        let when = Clause::of(person, Some(permit.rule), Some(rule))?;
        Some(DenyClause { when, unless: Vec::new() })
    })
}

fn restricted(person: &PersonId, restriction: &Restriction) -> DenyClause {
    let given = |list: &Option<Vec<_>>| list.clone().filter(|list| !list.is_empty());
    DenyClause {
        when: Clause {
            custodians: restriction.custodian.as_ref().map(|id| vec![id.clone()]),
            records: given(&restriction.records),
            episodes: restriction.episodes.clone().filter(|list| !list.is_empty()),
            ..about(person)
        },
        unless: Vec::new(),
    }
}
