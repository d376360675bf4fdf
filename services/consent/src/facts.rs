//! What is on file about a person, as other services are sent it.

use kernel::{Instant, PersonId};
use policy::{Consent, PersonFacts, Restriction};
use prost::Message;
use wire::{
    consent::v1 as pb,
    convert::{
        consent_terms, instant, name_of, person_facts, restriction_terms, timestamp, to_wire,
    },
};

use crate::{domain::next_turn, store::OnFile};

impl OnFile {
    /// With what is refused of them since somebody else, who is one with them, refuses it. None where
    /// something kept can't be read: it might forbid.
    pub(crate) fn wire(&self, now: Instant) -> Option<pb::PersonFacts> {
        let mut wire = self.own()?;
        self.refused_by_others(&mut wire, now, |facts| facts)?;
        Some(wire)
    }

    /// As it stood at an instant: their own, and the same with what others refuse of them.
    pub(crate) fn stood(&self, as_of: Instant) -> Option<(pb::PersonFacts, pb::PersonFacts)> {
        let own = at(self.own()?, as_of);
        let mut all = own.clone();
        self.refused_by_others(&mut all, as_of, |facts| at(facts, as_of))?;
        Some((own, all))
    }

    fn refused_by_others(
        &self,
        wire: &mut pb::PersonFacts,
        as_of: Instant,
        as_it_stood: impl Fn(pb::PersonFacts) -> pb::PersonFacts,
    ) -> Option<()> {
        let person = PersonId::from(self.person());
        for other in &self.linked {
            let on_file = as_it_stood(other.own()?);
            let facts = person_facts(PersonId::from(other.person()), &on_file)?;
            let (consents, restrictions) = policy::refusals(&facts, &person, as_of);
            wire.consents.extend(consents.iter().map(to_wire_consent));
            wire.restrictions.extend(restrictions.iter().map(to_wire_restriction));
        }
        Some(())
    }

    /// Their own, and nothing of anybody else's.
    fn own(&self) -> Option<pb::PersonFacts> {
        let mut emergencies: Vec<pb::Emergency> = all(&self.emergencies)?;
        // What a review came to is in the access's end; its words are not for other services.
        emergencies.iter_mut().for_each(|e| e.reviews.clear());
        Some(pb::PersonFacts {
            revision: self.revision,
            consents: all(&self.consents)?,
            restrictions: all(&self.restrictions)?,
            emergencies,
            court_orders: all(&self.court_orders)?,
            changed: true,
            until: None,
            later: false,
        })
    }

    /// What decisions from now on need: without what has ended for good.
    pub(crate) fn present(&self, now: Instant) -> Option<pb::PersonFacts> {
        let mut wire = self.wire(now)?;
        let lasts = |end: &Option<prost_types::Timestamp>| {
            end.as_ref().and_then(instant).is_some_and(|end| now < end)
        };
        wire.restrictions.retain(|r| r.status() != pb::RestrictionStatus::Ended);
        wire.emergencies.retain(|emergency| lasts(&emergency.expire_time));
        let order = |o: &pb::CourtOrder| lasts(&o.terms.as_ref().and_then(|t| t.expire_time));
        wire.court_orders.retain(order);
        Some(wire)
    }

    /// The facts, and until when they stand if nothing is done.
    pub(crate) fn answer(&self, now: Instant) -> Option<pb::PersonFacts> {
        let mut wire = self.present(now)?;
        // Whose they are makes no difference to when they turn.
        let facts: PersonFacts = person_facts(PersonId::new(""), &wire)?;
        wire.until = next_turn(&facts, now).map(timestamp);
        Some(wire)
    }
}

/// What was on file at an instant: what has come since is left out, and what has ended since had not.
/// A revocation tells its own time, and the decision looks at it.
fn at(mut facts: pb::PersonFacts, as_of: Instant) -> pb::PersonFacts {
    let by = |time: &Option<prost_types::Timestamp>| {
        time.as_ref().and_then(instant).is_some_and(|time| time <= as_of)
    };
    // What was signed by hand is known from its recording on.
    facts.consents.retain(|consent| match consent.recorded_agency.is_empty() {
        true if consent.signed_time.is_some() => by(&consent.signed_time),
        _ => by(&consent.create_time),
    });
    for consent in &mut facts.consents {
        // What was marked as entered in error since then stood as it was.
        if consent.entered_in_error.as_ref().is_some_and(|marked| !by(&marked.time)) {
            consent.entered_in_error = None;
            consent.set_status(match consent.revoked_time {
                Some(_) => pb::ConsentStatus::Revoked,
                None => pb::ConsentStatus::Active,
            });
        }
    }
    facts.restrictions.retain(|restriction| by(&restriction.create_time));
    for restriction in &mut facts.restrictions {
        let status = match (by(&restriction.agree_time), by(&restriction.end_time)) {
            (_, true) => pb::RestrictionStatus::Ended,
            (true, false) => pb::RestrictionStatus::Agreed,
            (false, false) => pb::RestrictionStatus::Requested,
        };
        restriction.set_status(status);
    }
    facts.court_orders.retain(|order| by(&order.create_time));
    for order in facts.court_orders.iter_mut().filter(|order| !by(&order.accept_time)) {
        order.accepted_by.clear();
    }
    facts
}

fn to_wire_consent(consent: &Consent) -> pb::Consent {
    pb::Consent {
        name: name_of("consents", &consent.id),
        person: name_of("people", &consent.person),
        terms: Some(consent_terms(consent)),
        status: to_wire(consent.status),
        revoked_time: consent.revoked_at.map(timestamp),
        ..pb::Consent::default()
    }
}

fn to_wire_restriction(restriction: &Restriction) -> pb::Restriction {
    pb::Restriction {
        name: name_of("restrictions", &restriction.id),
        person: name_of("people", &restriction.person),
        terms: Some(restriction_terms(restriction)),
        status: to_wire(restriction.status),
        ..pb::Restriction::default()
    }
}

fn all<M: Message + Default>(kept: &[Vec<u8>]) -> Option<Vec<M>> {
    kept.iter().map(|bytes| M::decode(&**bytes).ok()).collect()
}

#[cfg(test)]
mod tests {
    use time::{Duration, macros::datetime};

    use super::*;

    const NOW: Instant = datetime!(2026-05-04 10:00 UTC);

    fn after(hours: i64) -> Option<prost_types::Timestamp> {
        Some(timestamp(NOW + Duration::hours(hours)))
    }

    #[test]
    fn what_was_marked_as_entered_in_error_later_stood_as_it_was() {
        let marked = |revoked_time| pb::Consent {
            create_time: after(-9),
            status: pb::ConsentStatus::Inactive.into(),
            revoked_time,
            entered_in_error: Some(pb::EnteredInError { time: after(1), ..Default::default() }),
            ..pb::Consent::default()
        };
        let consents = vec![marked(None), marked(after(-1)), marked(after(2))];
        let facts = pb::PersonFacts { consents, ..pb::PersonFacts::default() };
        let then = at(facts.clone(), NOW).consents;
        let stood: Vec<_> = then.iter().map(pb::Consent::status).collect();
        use pb::ConsentStatus::{Active, Revoked};
        assert_eq!(stood, [Active, Revoked, Revoked]);
        assert!(then.iter().all(|consent| consent.entered_in_error.is_none()));
        assert_eq!(at(facts.clone(), NOW + Duration::hours(1)), facts);
    }

    #[test]
    fn what_came_later_is_not_on_file_yet_and_what_ended_later_had_not_ended() {
        let consent = |created, signed, recorded: &str| pb::Consent {
            create_time: created,
            signed_time: signed,
            recorded_agency: recorded.to_owned(),
            ..pb::Consent::default()
        };
        let facts = pb::PersonFacts {
            consents: vec![
                consent(after(-9), after(-1), ""),
                consent(after(-1), after(1), ""),
                consent(after(1), after(-9), "agencies/a"),
            ],
            restrictions: vec![
                pb::Restriction {
                    create_time: after(-3),
                    agree_time: after(-1),
                    end_time: after(1),
                    status: pb::RestrictionStatus::Ended.into(),
                    ..pb::Restriction::default()
                },
                pb::Restriction {
                    create_time: after(1),
                    status: pb::RestrictionStatus::Requested.into(),
                    ..pb::Restriction::default()
                },
            ],
            court_orders: vec![pb::CourtOrder {
                create_time: after(-1),
                accept_time: after(1),
                accepted_by: "somebody".to_owned(),
                ..pb::CourtOrder::default()
            }],
            ..pb::PersonFacts::default()
        };
        let then = at(facts.clone(), NOW);
        assert_eq!(then.consents, [facts.consents[0].clone()]);
        assert_eq!(then.restrictions.len(), 1);
        assert_eq!(then.restrictions[0].status(), pb::RestrictionStatus::Agreed);
        assert_eq!(then.court_orders[0].accepted_by, "");
        assert_eq!(at(facts.clone(), NOW + Duration::hours(2)), facts);
    }
}
