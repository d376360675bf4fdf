//! Each kind of part: the caller's own bases, and what is on file about the person.

use kernel::Action;

use super::parts::Parts;
use crate::{
    codes::{Lack, PartKind},
    decide::{Caller, custodian_lacks, emergency_reaches, holds},
    record::own_kinds,
    standing::{court_order_lacks, emergency_lacks, is_documented, restriction_lacks, share_lacks},
};

impl Parts<'_, '_> {
    /// Only where it is what fails.
    pub(super) fn of_request(&mut self) {
        if self.caller.is_err() {
            self.refuser(PartKind::Request, None, None, None);
        }
    }

    /// CUSTODIAN where the agency holds the record, SELF where it is the person's own,
    /// REPRESENTATIVE for every representative.
    pub(super) fn of_caller(&mut self) {
        let Ok((caller, facets)) = self.caller else { return };
        let (decider, record) = (self.decider, self.record);
        let own = own_kinds().contains(record.kind);
        let (kind, lacks) = match caller {
            Caller::Agency(ask) if !own && holds(ask, record) => {
                (PartKind::Custodian, custodian_lacks(ask, record))
            }
            Caller::Person { person, .. } if **person == record.person && own => {
                let lacks = (decider.action != Action::Read).then_some(Lack::Action);
                (PartKind::SelfAccess, lacks)
            }
            Caller::Person { person, confirmed_by } if **person == record.person => {
                (PartKind::SelfAccess, decider.person_lacks(record, *confirmed_by))
            }
            Caller::Representative { confirmed_by, .. } => {
                let represented = decider.state(&record.person).and_then(|s| s.represented);
                let lacks = match represented {
                    None => Some(Lack::Recipient),
                    Some(_) if own => Some(Lack::Own),
                    Some(excluded) => {
                        decider.representative_lacks(record, &facets, *confirmed_by, excluded)
                    }
                };
                (PartKind::Representative, lacks)
            }
            _ => return,
        };
        self.opener(kind, None, None, lacks);
    }

    /// The shares of this record.
    pub(super) fn of_shares(&mut self) {
        let (Some(facts), decider) = (self.facts, self.decider) else { return };
        let of_record = facts.shares.iter().filter(|s| s.record == self.record.id);
        for share in of_record.filter(|s| s.person == facts.person) {
            let lacks = match self.caller {
                Err(lack) => Some(lack),
                Ok(_) if !own_kinds().contains(self.record.kind) => Some(Lack::Record),
                Ok((caller, _)) => {
                    share_lacks(share, &|grantee| caller.is_grantee(grantee), decider.as_of)
                        .or_else(|| (decider.action != Action::Read).then_some(Lack::Action))
                }
            };
            self.opener(PartKind::Share, Some(&share.id), None, lacks);
        }
    }

    pub(super) fn of_emergencies(&mut self) {
        let Some(facts) = self.facts else { return };
        for access in facts.emergency_accesses.iter().filter(|e| e.person == facts.person) {
            let lacks = match self.asked() {
                Err(lack) => Some(lack),
                Ok((ask, facets)) => {
                    let unreachable = !emergency_reaches(self.record, &facets);
                    emergency_lacks(access, ask, self.decider.as_of)
                        .or_else(|| unreachable.then_some(Lack::Record))
                        .or_else(|| (!is_documented(access)).then_some(Lack::Documentation))
                }
            };
            self.opener(PartKind::Emergency, Some(&access.id), None, lacks);
        }
    }

    pub(super) fn of_court_orders(&mut self) {
        let Some(facts) = self.facts else { return };
        for order in facts.court_orders.iter().filter(|o| o.person == facts.person) {
            let lacks = match self.asked() {
                Err(lack) => Some(lack),
                Ok((ask, _)) => court_order_lacks(order, ask, self.decider.as_of)
                    .or_else(|| (!order.covers_record(self.record)).then_some(Lack::Record)),
            };
            self.opener(PartKind::CourtOrder, Some(&order.id), None, lacks);
        }
    }

    pub(super) fn of_restrictions(&mut self) {
        let Some(facts) = self.facts else { return };
        for restriction in facts.restrictions.iter().filter(|r| r.person == facts.person) {
            let lacks = match self.asked() {
                Err(lack) => Some(lack),
                Ok((ask, _)) => restriction_lacks(restriction, ask)
                    .or_else(|| (!restriction.covers_record(self.record)).then_some(Lack::Record)),
            };
            self.refuser(PartKind::Restriction, Some(&restriction.id), None, lacks);
        }
    }
}
