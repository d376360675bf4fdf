//! To whom something new could be sent: the decision of sending it, for many recipients on the same facts.

use std::collections::HashMap;

use kernel::{Action, AgencyId, ConsentId, Instant};
use policy::{BasisKind, Record};

use crate::{
    Call, Disclosure, Guard, ReadReferrals, Refusal, WriteReferrals, event, guard::Known,
    release::Sum,
};

/// Decisions after which others have their turn.
const TURN: usize = 64;

/// By what something could be sent to an agency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sendable {
    pub basis: Vec<(BasisKind, ConsentId)>,
    /// When the last of the consents relied on ends, where all of them name the sender and end.
    pub until: Option<Instant>,
}

impl Guard {
    /// To which of these agencies the caller could send this new referral now: for each the decision of
    /// CreateReferral that sends it, on one answer about the person. Whoever could not write it is refused as
    /// there. On record as a read about the person.
    pub async fn sendable(
        &self,
        call: &Call,
        record: Record,
        recipients: Vec<AgencyId>,
    ) -> Result<(HashMap<AgencyId, Sendable>, Disclosure), Refusal> {
        let ground = self.ground::<WriteReferrals>(call, None).await?;
        let located = self.located_new(&ground, record).await?;
        let person = &located.record.person;
        let known = self.ask(&ground, std::slice::from_ref(person)).await?;
        let opened = match self.check_one(&known, &ground, &located) {
            Ok(opened) => opened,
            Err((refusal, reason)) => {
                self.record_refusal(&ground, &located, &known, reason).await?;
                return Err(refusal);
            }
        };
        let mut found = HashMap::new();
        for (n, recipient) in recipients.into_iter().enumerate() {
            if n % TURN == TURN - 1 {
                tokio::task::yield_now().await;
            }
            let mut request = known.request(&ground, Action::Refer).ok_or(Refusal::NotFound)?;
            request.recipient_agency = Some(recipient.clone());
            if let Ok(opened) = known.judge_one(&request, &located.record) {
                let basis: Vec<_> =
                    opened.ids.iter().map(|id| (opened.basis, id.clone())).collect();
                let until = until(&known, call, &basis);
                found.insert(recipient, Sendable { basis, until });
            }
        }
        let asking = self.ground::<ReadReferrals>(call, None).await?;
        let (sum, revision) = (Sum::of(&opened), known.revision_of(person));
        self.record(event::permitted(&asking, person, &[], &sum, revision, &self.clock)).await?;
        Ok((found, sum.disclosure(&asking, &known)))
    }
}

/// What the sender may know of when they end: an agency that a consent names may read it.
fn until(known: &Known, call: &Call, basis: &[(BasisKind, ConsentId)]) -> Option<Instant> {
    let own = call.caller().agency()?;
    let facts = known.facts_of(basis);
    let all = facts.iter().flat_map(|facts| &facts.consents);
    let relied_on = all.filter(|consent| basis.iter().any(|(_, id)| *id == consent.id));
    // Each of them covers it by itself: the last to end ends it.
    let mut last = None;
    for consent in relied_on {
        let named = consent.rule.disclosers.as_ref()?;
        if !named.agencies.contains(own) {
            return None;
        }
        last = last.max(Some(consent.expires?));
    }
    last
}
