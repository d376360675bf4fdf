//! Release: the decision on facts asked for after the read, the audit record durable, then opened.

use std::collections::BTreeMap;

use kernel::{Action, AgencyId, CodeSet, ConsentId, PersonId};
use pg::points;
use policy::{BasisKind, Finding, Obligation, Opened, Reason, Record, Redisclosure};

use crate::{
    Disclosed, Disclosure, Guard, Located, Outage, Refusal, Sight, StandingPermit, event,
    guard::Known, permit::Ground, stands,
};

impl Guard {
    /// Opens one record, or tells that there is none: absent and refused walk the same way here. A record in
    /// parts only where all of them are open.
    pub async fn release<T>(&self, sealed: Disclosed<T>) -> Result<(T, Disclosure), Refusal> {
        let (value, _, disclosure) = self.open(sealed, Whole::Only).await?;
        Ok((value, disclosure))
    }

    /// As [`Guard::release`], of a record in parts where any is open: with what becomes of each, in their order,
    /// and last of the record as a whole.
    pub async fn release_parts<T>(
        &self,
        sealed: Disclosed<T>,
    ) -> Result<(T, Vec<Sight>, Disclosure), Refusal> {
        self.open(sealed, Whole::OrParts).await
    }

    async fn open<T>(
        &self,
        sealed: Disclosed<T>,
        whole: Whole,
    ) -> Result<(T, Vec<Sight>, Disclosure), Refusal> {
        let Disclosed { mut items, asked, ground } = sealed;
        let Some((located, value)) = items.pop() else { return Err(Refusal::NotFound) };
        let known = self.ask(&ground, &asked).await?;
        let request = known.request(&ground, Action::Read).ok_or(Refusal::NotFound)?;
        let findings = known.judge(&request, &located.decided());
        match value {
            Some(value) if located.found && whole.suffices(&located, &findings) => {
                let sum = Sum::of(located.shown(&findings).iter().flatten());
                let named = located.named(|part| findings.get(part).is_some_and(Result::is_ok));
                let revision = known.revision_of(&located.record.person);
                let event = event::permitted(
                    &ground,
                    &located.record.person,
                    &named,
                    &sum,
                    revision,
                    &self.clock,
                );
                self.record(event).await?;
                let sights = known.sights(&request, &located, &findings);
                Ok((value, sights, sum.disclosure(&ground, &known)))
            }
            _ => {
                let refused = findings.into_iter().find_map(Result::err);
                let reason = refused.map(|refused| refused.reason);
                self.record_refusal(&ground, &located, &known, reason).await?;
                Err(Refusal::of_record(&located, reason))
            }
        }
    }

    /// Opens a page: what has ceased to be visible since it was read is left out, and so is a record in parts
    /// that are not all open.
    pub async fn release_page<T>(
        &self,
        sealed: Disclosed<T>,
    ) -> Result<(Vec<T>, Disclosure), Refusal> {
        let (opened, disclosure) = self.open_page(sealed, Whole::Only).await?;
        Ok((opened.into_iter().map(|(value, _)| value).collect(), disclosure))
    }

    /// As [`Guard::release_page`], of records in parts where any is open: each with what becomes of its parts,
    /// in their order, and last of the record as a whole.
    pub async fn release_page_parts<T>(
        &self,
        sealed: Disclosed<T>,
    ) -> Result<(Vec<(T, Vec<Sight>)>, Disclosure), Refusal> {
        self.open_page(sealed, Whole::OrParts).await
    }

    async fn open_page<T>(
        &self,
        sealed: Disclosed<T>,
        whole: Whole,
    ) -> Result<(Vec<(T, Vec<Sight>)>, Disclosure), Refusal> {
        let Disclosed { items, asked, ground } = sealed;
        let mut told: BTreeMap<Told, (Vec<Record>, Sum)> =
            asked.into_iter().map(|p| ((p, None), Default::default())).collect();
        for (located, _) in &items {
            told.entry((located.record.person.clone(), None)).or_default();
        }
        let people: Vec<PersonId> = told.keys().map(|(person, _)| person.clone()).collect();
        let known = self.ask(&ground, &people).await?;
        let request = known.request(&ground, Action::Read).ok_or(Refusal::NotFound)?;
        let decided: Vec<Record> =
            items.iter().flat_map(|(located, _)| located.decided()).collect();
        let mut findings = known.judge(&request, &decided).into_iter();
        let mut opened = Vec::with_capacity(items.len());
        let mut all = Sum::default();
        for (located, value) in items {
            let found: Vec<Finding> = findings.by_ref().take(located.parts.len() + 1).collect();
            let Some(value) = value.filter(|_| whole.suffices(&located, &found)) else { continue };
            let sights = known.sights(&request, &located, &found);
            let shown = located.shown(&found);
            let record = located.record.clone();
            let mut by = Vec::new();
            for found in shown.iter().flatten() {
                all.add(found);
                let apart =
                    (found.basis == BasisKind::CourtOrder).then(|| record.custodian.clone());
                let event =
                    told.entry((record.person.clone(), apart.clone().flatten())).or_default();
                event.1.add(found);
                // Once, however many parts of it were opened so.
                if !by.contains(&apart) {
                    event.0.push(record.clone());
                    by.push(apart);
                }
            }
            opened.push((value, sights));
        }
        let events = told.iter().map(|((person, _), (records, sum))| {
            let revision = known.revision_of(person);
            self.record(event::permitted(&ground, person, records, sum, revision, &self.clock))
        });
        futures::future::try_join_all(events).await?;
        Ok((opened, all.disclosure(&ground, &known)))
    }

    /// Opens what is the person's own, under a standing permit: recorded, then opened. `records`
    /// names what is opened, as audit records name it. That a representative's appointment stands, and that an
    /// agency takes part, is asked once more: it may have ended since.
    pub async fn release_standing<T>(
        &self,
        permit: &StandingPermit,
        records: Vec<uuid::Uuid>,
        value: T,
    ) -> Result<T, Refusal> {
        if let Err(refusal) = self.still_stands(permit).await {
            let (ground, person) = (&permit.ground, &permit.person);
            if let Some(event) = stands::ended(ground, person, refusal, records, &self.clock) {
                self.record(event).await?;
            }
            return Err(refusal);
        }
        self.record(event::standing(permit, records, false, &self.clock)).await?;
        Ok(value)
    }

    /// Opens what an officer may read by their role alone, which is no record of anybody's care:
    /// recorded, then opened.
    pub async fn release_office<T>(
        &self,
        call: &crate::Call,
        records: Vec<uuid::Uuid>,
        value: T,
    ) -> Result<T, Refusal> {
        self.record(event::office_event(call, None, Action::Read, records, &self.clock)).await?;
        Ok(value)
    }

    /// What a data steward is shown of who people are, once each of them has it on record, if the directory vouches
    /// for the steward still: what they asked may have come long after their token. `of`: a person, and what about
    /// them.
    pub async fn release_to_steward<T>(
        &self,
        call: &crate::Call,
        of: Vec<(PersonId, uuid::Uuid)>,
        value: T,
    ) -> Result<T, Refusal> {
        call.caller().stands(self.clock.now()).map_err(Refusal::Caller)?;
        let record = |(person, about): &(PersonId, uuid::Uuid)| {
            let records = vec![*about];
            self.record(event::steward_event(call, person, Action::Read, records, &self.clock))
        };
        // Together, so that they share a commit.
        futures::future::try_join_all(of.iter().map(record)).await?;
        Ok(value)
    }

    /// The refusal of what is the person's own, on record: absent and refused walk the same way, and
    /// `person` is none for what is not there.
    pub async fn refuse_standing(
        &self,
        call: &crate::Call,
        person: Option<&PersonId>,
        records: Vec<uuid::Uuid>,
    ) -> Refusal {
        let event = event::refused_standing(call, person, records, &self.clock);
        self.record(event).await.err().unwrap_or(Refusal::NotFound)
    }

    pub(crate) async fn record(&self, event: ledger::Event) -> Result<(), Refusal> {
        self.ledger.record(event).await.map_err(|error| {
            tracing::warn!(%error, "a disclosure could not be recorded: nothing is disclosed");
            Refusal::Unavailable(Outage::Audit)
        })?;
        points::reached("guard.recorded");
        Ok(())
    }

    pub(crate) async fn record_refusal(
        &self,
        ground: &Ground,
        located: &Located,
        known: &Known,
        reason: Option<Reason>,
    ) -> Result<(), Refusal> {
        let revision = known.revision_of(&located.record.person);
        self.record(event::refused(ground, located, reason, revision, &self.clock)).await
    }
}

/// How much of a record in parts must be open for it to be released.
#[derive(Debug, Clone, Copy)]
enum Whole {
    Only,
    OrParts,
}

impl Whole {
    fn suffices(self, of: &Located, findings: &[Finding]) -> bool {
        match self {
            Self::Only => findings.iter().all(Result::is_ok),
            Self::OrParts => of.shown(findings).iter().any(Result::is_ok),
        }
    }
}

/// Of whom an audit record tells. What a court order opened has one of its own for each custodian, who may
/// have to leave it out of an accounting for a time (45 CFR 164.528(a)(2)), and that alone.
type Told = (PersonId, Option<AgencyId>);

/// What several opened records have in common: for the audit record and the reply.
#[derive(Debug, Default)]
pub(crate) struct Sum {
    pub(crate) bases: CodeSet<BasisKind>,
    pub(crate) basis: Vec<(BasisKind, ConsentId)>,
    pub(crate) obligations: CodeSet<Obligation>,
    pub(crate) redisclosure: Option<Redisclosure>,
}

impl Sum {
    pub(crate) fn of<'a>(opened: impl IntoIterator<Item = &'a Opened>) -> Self {
        let mut sum = Self::default();
        for one in opened {
            sum.add(one);
        }
        sum
    }

    fn add(&mut self, opened: &Opened) {
        self.bases.insert(opened.basis);
        for id in &opened.ids {
            let relied_on = (opened.basis, id.clone());
            if !self.basis.contains(&relied_on) {
                self.basis.push(relied_on);
            }
        }
        self.obligations = self.obligations.union(opened.obligations);
        self.redisclosure = self.redisclosure.max(Some(opened.redisclosure));
    }

    pub(crate) fn disclosure(self, ground: &Ground, known: &Known) -> Disclosure {
        Disclosure {
            decision_id: ground.decision_id,
            bases: self.bases.iter().collect(),
            obligations: self.obligations.iter().collect(),
            redisclosure: self.redisclosure.unwrap_or(Redisclosure::PermittedByLaw),
            facts: known.facts_of(&self.basis),
            basis: self.basis,
        }
    }
}
