//! A crisis plan: who has called for it, whether it is activated, and what an act changes. Pure: the store keeps the
//! acts, and opens and ends shares by what is said here.

use std::collections::{BTreeMap, BTreeSet};

use kernel::Instant;
use time::Duration;
use uuid::Uuid;

use super::Grantee;

/// How long a call counts.
pub const CALL_LASTS: Duration = Duration::hours(72);
/// A call that counts is renewed at most once in so long: whoever repeats it more often adds nothing to what happened.
pub const RENEWED: Duration = Duration::hours(1);

/// By what rule a person's crisis plan is activated, what it shows and how it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    pub id: Uuid,
    pub activators: BTreeSet<Uuid>,
    /// How many of them must call.
    pub threshold: i16,
    /// How many of them end it; 0: none do.
    pub end_threshold: i16,
    /// It ends by itself after so many hours.
    pub most_hours: i16,
    /// Which section, by its number in the contract, and to whom.
    pub views: Vec<(i16, Grantee)>,
    pub created_at: Instant,
}

/// What somebody did, by its number in the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// An activator called for it.
    Called = 1,
    /// An activator took that back.
    CalledOff = 2,
    /// An activator asked to end it.
    EndAsked = 3,
    /// The person ended it.
    Ended = 4,
}

impl Act {
    pub fn of(number: i16) -> Option<Self> {
        [Self::Called, Self::CalledOff, Self::EndAsked, Self::Ended]
            .into_iter()
            .find(|act| *act as i16 == number)
    }
}

/// An act as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub id: Uuid,
    pub act: Act,
    /// None: the person.
    pub by: Option<Uuid>,
    /// By this it was activated or, of the other acts, ended.
    pub turned: bool,
    pub at: Instant,
}

/// Where it stands after some acts under one set of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crisis<'a> {
    rules: &'a Rules,
    calls: BTreeMap<Uuid, Instant>,
    active: Option<(Instant, BTreeSet<Uuid>)>,
}

impl<'a> Crisis<'a> {
    /// After these acts, in their order, from the last one that turned it on.
    pub fn after(rules: &'a Rules, steps: &[Step]) -> Self {
        let mut crisis = Self { rules, calls: BTreeMap::new(), active: None };
        for step in steps {
            crisis.take(step);
        }
        crisis
    }

    fn take(&mut self, step: &Step) {
        match (step.act, step.by) {
            (Act::Called, Some(by)) => {
                self.calls.insert(by, step.at);
            }
            (Act::CalledOff, Some(by)) => {
                self.calls.remove(&by);
            }
            (Act::EndAsked, Some(by)) => {
                if let Some((_, asked)) = &mut self.active {
                    asked.insert(by);
                }
            }
            _ => {}
        }
        if step.turned {
            // Whoever calls another time calls for another crisis.
            self.calls.clear();
            self.active = (step.act == Act::Called).then(|| (step.at, BTreeSet::new()));
        }
    }

    /// When it ends by itself, if it is activated now.
    pub fn until(&self, now: Instant) -> Option<Instant> {
        let (since, _) = self.active.as_ref()?;
        Some(*since + Duration::hours(self.rules.most_hours.into())).filter(|until| now < *until)
    }

    /// What a call of this supporter comes to; none: they are not one who may. `circle`: of whom the person's circle is
    /// now. Within: none where it changes nothing, or whether it activates.
    pub fn called(
        &self,
        by: Uuid,
        circle: &BTreeSet<Uuid>,
        now: Instant,
    ) -> Option<Option<(Act, bool)>> {
        if !self.may(by, circle) {
            return None;
        }
        if self.until(now).is_some() {
            return Some(None);
        }
        let counts = |(who, at): &(&Uuid, &Instant)| {
            **who != by && self.may(**who, circle) && now < **at + CALL_LASTS
        };
        let calls = 1 + self.calls.iter().filter(counts).count();
        let turned = enough(calls, self.rules.threshold);
        let stands = self.calls.get(&by).is_some_and(|at| now < *at + RENEWED);
        Some((turned || !stands).then_some((Act::Called, turned)))
    }

    /// What it comes to that this supporter wants no crisis, or no longer. Within: none where it changes nothing.
    pub fn stopped(
        &self,
        by: Uuid,
        circle: &BTreeSet<Uuid>,
        now: Instant,
    ) -> Option<Option<(Act, bool)>> {
        if !self.may(by, circle) {
            return None;
        }
        let Some((_, asked)) = self.active.as_ref().filter(|_| self.until(now).is_some()) else {
            return Some(self.calls.contains_key(&by).then_some((Act::CalledOff, false)));
        };
        if self.rules.end_threshold == 0 {
            return Some(None);
        }
        let others = asked.iter().filter(|who| **who != by && self.may(**who, circle)).count();
        let turned = enough(1 + others, self.rules.end_threshold);
        Some((turned || !asked.contains(&by)).then_some((Act::EndAsked, turned)))
    }

    /// What it comes to that the person ends it: what is activated, and calls that wait.
    pub fn ended(&self, now: Instant) -> Option<(Act, bool)> {
        let under_way = self.until(now).is_some() || !self.calls.is_empty();
        under_way.then_some((Act::Ended, true))
    }

    fn may(&self, who: Uuid, circle: &BTreeSet<Uuid>) -> bool {
        self.rules.activators.contains(&who) && circle.contains(&who)
    }
}

fn enough(count: usize, threshold: i16) -> bool {
    usize::try_from(threshold).is_ok_and(|threshold| count >= threshold)
}

#[cfg(test)]
mod tests;
