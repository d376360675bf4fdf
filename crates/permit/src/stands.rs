//! Whether who stood toward a person when a permit was minted stands so still: asked when what they read is opened,
//! and within the fence before what they write is committed.

use std::sync::Arc;

use kernel::{AgencyId, Clock, Code as _, PersonId};
use ledger::Event;
use policy::{Reason, Who};
use uuid::Uuid;

use crate::{
    Guard, Question, Refusal, Standing, StandingPermit, event, guard::nobody, permit::Ground,
};

/// Whether this is the person whom questions name that are about nobody: whoever answers them has nothing to look up.
pub fn is_nobody(person: &PersonId) -> bool {
    *person == nobody()
}

impl Guard {
    /// Whether an agency takes part now, as the consent service knows.
    pub(crate) async fn takes_part(&self, agency: &AgencyId) -> Result<(), Refusal> {
        let question = Question { person: nobody(), on_behalf_of: Some(agency.clone()) };
        let known = self.answered(vec![question]).await?;
        if known.takes_part(agency) { Ok(()) } else { Err(Refusal::AgencySuspended) }
    }

    /// Whether the caller is not suspended by now, a representative stands as the permit says, and an agency takes part. Whose sign-in it is was asked
    /// for the permit, as what is read was.
    pub(crate) async fn still_stands(&self, permit: &StandingPermit) -> Result<(), Refusal> {
        permit.ground.in_force()?;
        match &permit.standing {
            Standing::Person { .. } => Ok(()),
            Standing::Agency(agency) => self.takes_part(agency).await,
            Standing::Representative(then) => {
                let now = self.represents(&permit.ground, &permit.person).await?;
                if now == *then { Ok(()) } else { Err(Refusal::NotFound) }
            }
        }
    }

    /// As [`Guard::still_stands`], and whether the sign-in is the person's still: another one may have taken its
    /// place while the write waited.
    pub(crate) async fn still_stands_to_write(
        &self,
        permit: &StandingPermit,
    ) -> Result<(), Refusal> {
        self.still_stands(permit).await?;
        self.still_theirs(&permit.ground).await
    }

    /// Whether a person who writes signs in as they did when the permit was minted, if it is they who write.
    pub(crate) async fn still_theirs(&self, ground: &Ground) -> Result<(), Refusal> {
        let Some(Who::Person { person: then, confirmed_by }) = &ground.who else { return Ok(()) };
        let call = ground.call.as_ref().ok_or(Refusal::NotFound)?;
        match self.who(call).await? {
            Who::Person { person, confirmed_by: now }
                if person == *then && covers(now.as_deref(), confirmed_by.as_deref()) =>
            {
                Ok(())
            }
            _ => Err(Refusal::NotFound),
        }
    }
}

/// Whether whoever vouches now are all that vouched then; none: it stands everywhere.
fn covers(now: Option<&[AgencyId]>, then: Option<&[AgencyId]>) -> bool {
    match (now, then) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(now), Some(then)) => then.iter().all(|agency| now.contains(agency)),
    }
}

/// The record of a standing that has ended; none where nobody answered.
pub(crate) fn ended(
    ground: &Ground,
    person: &PersonId,
    refusal: Refusal,
    records: Vec<Uuid>,
    clock: &Arc<dyn Clock>,
) -> Option<Event> {
    let mut event = match refusal {
        Refusal::NotFound | Refusal::AgencySuspended => {
            event::stands_no_more(ground, person, records, clock)
        }
        _ => return None,
    };
    if refusal == Refusal::AgencySuspended {
        event.reason = Some(Arc::from(Reason::AgencySuspended.code()));
    }
    Some(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_agency_that_vouches_takes_nothing_away() {
        let agencies = |ids: &[&str]| ids.iter().map(|id| AgencyId::new(*id)).collect::<Vec<_>>();
        let (one, both) = (agencies(&["a"]), agencies(&["a", "b"]));
        assert!(covers(Some(&both), Some(&one)) && covers(None, Some(&one)) && covers(None, None));
        assert!(!covers(Some(&one), Some(&both)) && !covers(Some(&both), None));
    }
}
