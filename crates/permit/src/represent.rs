//! Who acts for a person: asked of the people service at every decision, never kept.

use std::sync::Arc;

use identity::CallerKind;
use kernel::{AgencyId, Instant, PersonId, Role, Subject};
use policy::{PersonFacts, Relationship, Representative, Who};

use crate::{
    Appointment, Guard, Refusal, Representing, Standing, StandingPermit,
    guard::{Known, nobody},
    permit::Ground,
};

impl Appointment {
    /// Whether it is within its time.
    pub fn in_force(&self, now: Instant) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }

    fn fact(&self, subject: &Subject) -> Representative {
        Representative {
            subject: subject.clone(),
            person: self.person.clone(),
            relationship: None,
            from: self.from,
            until: self.until,
            excluded_sensitivities: self.excluded_sensitivities,
        }
    }
}

/// Whether the verified caller is a representative. A token that has PERSON, too, is the person's.
pub(crate) fn is_representative(caller: &identity::Caller) -> bool {
    matches!(caller.kind(), CallerKind::Individual)
        && caller.roles().contains(Role::Representative)
        && !caller.roles().contains(Role::Person)
}

impl Guard {
    /// The appointments of a representative; of anybody else none, and nobody is asked.
    pub(crate) async fn appointments(&self, ground: &Ground) -> Result<Vec<Appointment>, Refusal> {
        match (&ground.who, &ground.call) {
            (Some(Who::Representative { .. }), Some(call)) => {
                let caller = call.caller();
                let asked = self.people.appointments(caller.issuer(), caller.subject().as_str());
                asked.await.map_err(Refusal::people)
            }
            _ => Ok(Vec::new()),
        }
    }

    /// The standing of a representative toward a person, by what is in force now.
    pub(crate) async fn represents(
        &self,
        ground: &Ground,
        person: &PersonId,
    ) -> Result<Representing, Refusal> {
        let all = self.appointments(ground).await?;
        if *person == nobody() {
            return Err(Refusal::NotFound);
        }
        Representing::of(&all, person, self.clock.now()).ok_or(Refusal::NotFound)
    }

    /// Whether the caller is suspended by now, and for a representative, whether they still stand as the
    /// permit says; asked now. Anybody else's standing is for the permit's lifetime.
    pub(crate) async fn still_stands(&self, permit: &StandingPermit) -> Result<(), Refusal> {
        if let Standing::Representative(then) = &permit.standing
            && self.represents(&permit.ground, &permit.person).await? != *then
        {
            return Err(Refusal::NotFound);
        }
        permit.ground.in_force()
    }
}

impl Representing {
    /// The appointments for this person that are in force come together: the first that may sign
    /// speaks, every agency that vouches for one of the same relationship counts, and what any of
    /// them excludes is excluded.
    fn of(all: &[Appointment], person: &PersonId, now: Instant) -> Option<Self> {
        let of_person = || all.iter().filter(|a| a.person == *person && a.in_force(now));
        let may_sign = |a: &&Appointment| a.authority && a.relationship != Relationship::Relative;
        let first = of_person().find(may_sign).or_else(|| of_person().next())?;
        let alike = || {
            let like = |a: &&Appointment| {
                (a.relationship, a.authority) == (first.relationship, first.authority)
            };
            of_person().filter(like)
        };
        Some(Self {
            appointment: first.id,
            relationship: first.relationship,
            authority: first.authority,
            confirmed_by: vouched(alike()),
            excluded_sensitivities: of_person()
                .map(|a| a.excluded_sensitivities)
                .fold(kernel::CodeSet::EMPTY, kernel::CodeSet::union),
        })
    }
}

impl Known {
    /// With the appointments of a representative: into the facts of the people asked about, and whose
    /// word their sign-in stands by. What the consent service says of representatives says nothing.
    pub(crate) fn represented(mut self, subject: &Subject, all: &[Appointment]) -> Self {
        let mut everywhere: Option<Option<Vec<AgencyId>>> = None;
        for answer in &mut self.answers {
            let person = answer.facts.person.clone();
            let of_person = || all.iter().filter(|a| a.person == person && person != nobody());
            let in_force = || of_person().filter(|a| a.in_force(self.as_of));
            answer.facts = Arc::new(PersonFacts {
                representatives: of_person().map(|a| a.fact(subject)).collect(),
                ..PersonFacts::clone(&answer.facts)
            });
            if in_force().next().is_some() {
                let vouched = vouched(in_force());
                everywhere = Some(match everywhere {
                    Some(others) => both(others, vouched),
                    None => vouched,
                });
            }
        }
        self.vouched = everywhere.unwrap_or(Some(Vec::new()));
        self
    }
}

/// The agencies that vouch for any of these; none: one of them stands everywhere.
fn vouched<'a>(all: impl Iterator<Item = &'a Appointment>) -> Option<Vec<AgencyId>> {
    let mut agencies = Vec::new();
    for one in all {
        for agency in one.confirmed_by.as_ref()? {
            if !agencies.contains(agency) {
                agencies.push(agency.clone());
            }
        }
    }
    Some(agencies)
}

/// One decision is about all the people asked about: only what is vouched for with each of them.
fn both(one: Option<Vec<AgencyId>>, other: Option<Vec<AgencyId>>) -> Option<Vec<AgencyId>> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.into_iter().filter(|a| other.contains(a)).collect()),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use kernel::{CodeSet, Sensitivity};
    use time::{Duration, macros::datetime};
    use uuid::Uuid;

    use super::*;

    const NOW: Instant = datetime!(2040-03-01 12:00 UTC);

    fn agencies(ids: &[u128]) -> Vec<AgencyId> {
        ids.iter().map(|id| AgencyId::from(Uuid::from_u128(*id))).collect()
    }

    fn appointment(id: u128, relationship: Relationship, by: Option<&[u128]>) -> Appointment {
        Appointment {
            id: Uuid::from_u128(id),
            person: PersonId::new("p"),
            relationship,
            authority: relationship != Relationship::Relative,
            from: None,
            until: None,
            excluded_sensitivities: CodeSet::EMPTY,
            confirmed_by: by.map(agencies),
        }
    }

    fn of(all: &[Appointment]) -> Option<Representing> {
        Representing::of(all, &PersonId::new("p"), NOW)
    }

    #[test]
    fn who_may_sign_speaks_and_is_vouched_for_by_their_own_agencies() {
        let relative = appointment(1, Relationship::Relative, Some(&[1]));
        let guardian = appointment(2, Relationship::Guardian, Some(&[2]));
        let again = appointment(3, Relationship::Guardian, Some(&[2, 3]));
        let found = of(&[relative.clone(), guardian.clone(), again]).unwrap();
        assert_eq!(found.appointment, Uuid::from_u128(2));
        assert_eq!(found.confirmed_by, Some(agencies(&[2, 3])));
        assert_eq!(of(&[relative]).unwrap().relationship, Relationship::Relative);
        let everywhere = appointment(4, Relationship::Guardian, None);
        assert_eq!(of(&[guardian, everywhere]).unwrap().confirmed_by, None);
    }

    #[test]
    fn only_what_is_in_force_counts_and_what_any_excludes_is_excluded() {
        let mut ended = appointment(1, Relationship::Guardian, None);
        ended.until = Some(NOW);
        ended.excluded_sensitivities = [Sensitivity::Hiv].into();
        let mut later = appointment(2, Relationship::Guardian, None);
        later.from = Some(NOW + Duration::SECOND);
        assert_eq!(of(&[ended.clone(), later.clone()]), None);
        let mut now = appointment(3, Relationship::Guardian, Some(&[1]));
        now.from = Some(NOW);
        now.until = Some(NOW + Duration::SECOND);
        now.excluded_sensitivities = [Sensitivity::Sud].into();
        let mut beside = appointment(4, Relationship::Relative, Some(&[2]));
        beside.excluded_sensitivities = [Sensitivity::Psy].into();
        let found = of(&[ended, later, now, beside]).unwrap();
        assert_eq!(found.excluded_sensitivities, [Sensitivity::Sud, Sensitivity::Psy].into());
        assert_eq!(found.confirmed_by, Some(agencies(&[1])));
    }

    #[test]
    fn of_several_people_only_what_is_vouched_for_with_each_counts() {
        assert_eq!(both(None, Some(agencies(&[1]))), Some(agencies(&[1])));
        assert_eq!(both(Some(agencies(&[1, 2])), Some(agencies(&[2, 3]))), Some(agencies(&[2])));
        assert_eq!(both(None, None), None);
    }
}
