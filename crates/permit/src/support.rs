//! Whom a supporter supports: asked of the people service at every decision, never kept.

use std::sync::Arc;

use kernel::{PersonId, Subject};
use policy::{PersonFacts, Share, Who};
use uuid::Uuid;

use crate::{
    Call, Guard, Refusal, Support,
    guard::{Known, nobody},
    permit::Ground,
};

impl Support {
    /// As a share names them.
    pub fn grantee(id: Uuid) -> String {
        format!("supporters/{id}")
    }
}

impl Guard {
    /// Whom the caller supports, where they are a supporter; of anybody else none, and nobody is asked.
    pub(crate) async fn supports(&self, ground: &Ground) -> Result<Vec<Support>, Refusal> {
        match (&ground.who, &ground.call) {
            (Some(Who::Supporter { .. }), Some(call)) => self.supported(call).await,
            _ => Ok(Vec::new()),
        }
    }

    /// Whom the caller's sign-in supports, as a supporter.
    pub async fn supported(&self, call: &Call) -> Result<Vec<Support>, Refusal> {
        if !matches!(self.who(call).await?, Who::Supporter { .. }) {
            return Ok(Vec::new());
        }
        let caller = call.caller();
        let asked = self.people.supports(caller.issuer(), caller.subject().as_str()).await;
        let mut supports = asked.map_err(Refusal::people)?;
        supports.retain(|support| support.person != nobody());
        Ok(supports)
    }

    /// The one of the person's circle that the caller is, if any.
    pub(crate) async fn supporter_of(
        &self,
        call: &Call,
        person: &PersonId,
    ) -> Result<Option<Uuid>, Refusal> {
        let all = self.supported(call).await?;
        Ok(all.into_iter().find(|support| support.person == *person).map(|support| support.id))
    }
}

impl Known {
    /// The shares with a supporter, by whom they are to each person asked about: one sign-in may be several people's
    /// supporter, and another issuer's of the same name is nobody's.
    pub(crate) fn supported(mut self, subject: &Subject, all: &[Support]) -> Self {
        for answer in &mut self.answers {
            let person = &answer.facts.person;
            let of_person = all.iter().filter(|support| support.person == *person);
            let own: Vec<String> = of_person.map(|support| Support::grantee(support.id)).collect();
            let shares = answer.facts.shares.iter().filter(|share| own.contains(&share.grantee));
            let shares = shares.map(|s| Share { grantee: subject.to_string(), ..s.clone() });
            answer.facts = Arc::new(PersonFacts {
                shares: shares.collect(),
                ..PersonFacts::clone(&answer.facts)
            });
        }
        self
    }
}
