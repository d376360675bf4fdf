//! What a person's consents let of what is sent: by no role of the caller's, and asked of the recipient as well.

use kernel::{Action, AgencyId, CodeSet, Purpose, RecordId};
use policy::{Decider, Facts, Reason, Record, Request};

use crate::{
    Act, Guard, Located, Permit, Question, Refusal, event,
    guard::{Known, anybody_of},
    permit::Ground,
};

/// What the recipient's agency may not read, why, and by which revision of what is known of the person.
type Unread<'r> = (&'r Record, Reason, i64);

/// What a person's consents let of a record that is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Covered {
    /// Sending it to the recipient.
    pub sending: bool,
    /// Reading it there, by anybody of that agency.
    pub reading: bool,
}

impl Known {
    /// Sending it to the recipient, or anything else there.
    fn covers(
        &self,
        action: Action,
        record: &Record,
        recipient: &AgencyId,
        purposes: CodeSet<Purpose>,
    ) -> Result<(), Reason> {
        let custodian = record.custodian.as_ref().ok_or(Reason::RecordNotCovered)?;
        let active = self.agencies.as_if_active(&[custodian, recipient]);
        let agencies = active.as_ref().unwrap_or(&self.agencies);
        let facts = Facts::new(agencies, self.answers.iter().map(|answer| &*answer.facts));
        let (agency, recipient_agency) = match action {
            Action::Refer => (custodian, Some(recipient.clone())),
            _ => (recipient, None),
        };
        let request =
            Request { who: anybody_of(agency.clone()), purposes, action, recipient_agency };
        let found = Decider::new(&request, &facts, self.as_of).judge(record);
        found.map(drop).map_err(|refused| refused.reason)
    }
}

impl Guard {
    /// What the person's consents let of a record that is sent: the decision of SendReferral, and that of
    /// a read by the recipient's agency, asked again when the facts have changed. That one of the two is
    /// suspended is no end of a consent: it is looked at wherever something is released.
    pub async fn covered(
        &self,
        record: &Record,
        recipient: &AgencyId,
        purposes: CodeSet<Purpose>,
    ) -> Result<Covered, Refusal> {
        if record.custodian.is_none() {
            return Ok(Covered::default());
        }
        let known = self.known_to(record, recipient).await?;
        let covers = |action| known.covers(action, record, recipient, purposes).is_ok();
        Ok(Covered { sending: covers(Action::Refer), reading: covers(Action::Read) })
    }

    /// Of what goes with what this permit sends: the first that whom it is sent to may not read, on record as refused.
    /// None, too, where it sends nothing.
    pub async fn unread_with<'r, A: Act>(
        &self,
        permit: &Permit<A>,
        parts: &'r [Record],
    ) -> Result<Option<&'r Record>, Refusal> {
        let unread = self.unread_where_sent(&permit.ground, parts).await?;
        let Some((record, reason, revision)) = unread else { return Ok(None) };
        let located = Located { record: record.clone(), parts: Vec::new(), found: true };
        let reason = Some(reason);
        let event = event::refused(&permit.ground, &located, reason, revision, &self.clock);
        self.record(event).await?;
        Ok(Some(record))
    }

    /// Of records of one person, each named by parts of it: the first of which the agency that it is sent to may read
    /// none of these parts, asked as [`Guard::covered`] is, once for all. None, too, where it is sent to nobody.
    pub(crate) async fn unread_where_sent<'r>(
        &self,
        ground: &Ground,
        parts: &'r [Record],
    ) -> Result<Option<Unread<'r>>, Refusal> {
        let (Some(recipient), Some(first)) = (&ground.recipient, parts.first()) else {
            return Ok(None);
        };
        let purposes = ground.purposes();
        let known = self.known_to(first, recipient).await?;
        let revision = known.revision_of(&first.person);
        let judged: Vec<_> = parts
            .iter()
            .map(|part| (part, known.covers(Action::Read, part, recipient, purposes)))
            .collect();
        let is_read =
            |id: &RecordId| judged.iter().any(|(part, as_is)| part.id == *id && as_is.is_ok());
        Ok(judged.iter().find_map(|(part, as_is)| {
            let reason = as_is.err()?;
            (!is_read(&part.id)).then_some((*part, reason, revision))
        }))
    }

    async fn known_to(&self, record: &Record, recipient: &AgencyId) -> Result<Known, Refusal> {
        let person = record.person.clone();
        self.answered(vec![Question { person, on_behalf_of: Some(recipient.clone()) }]).await
    }
}
