//! Every sequence of what people may do about a crisis plan, beside a plain account of the same written another way.

use std::collections::{BTreeMap, BTreeSet};

use kernel::Instant;
use proptest::prelude::*;
use time::{Duration, macros::datetime};
use uuid::Uuid;

use super::{Act, CALL_LASTS, Crisis, RENEWED, Rules, Step};
use crate::domain::Grantee;

const BEGIN: Instant = datetime!(2040-03-01 12:00 UTC);
const PEOPLE: u128 = 5;

#[derive(Debug, Clone, Copy)]
enum Does {
    Call(u128),
    Stop(u128),
    End,
    /// The person lets somebody go from their circle.
    LetGo(u128),
    /// So many minutes go by.
    Wait(i64),
    Rules(u8, i16, i16, i16),
}

fn does() -> impl Strategy<Value = Does> {
    prop_oneof![
        6 => (0..PEOPLE).prop_map(Does::Call),
        3 => (0..PEOPLE).prop_map(Does::Stop),
        1 => Just(Does::End),
        1 => (0..PEOPLE).prop_map(Does::LetGo),
        3 => prop_oneof![Just(20), Just(60), Just(24 * 60), Just(71 * 60), Just(72 * 60), Just(100 * 60)]
            .prop_map(Does::Wait),
        1 => rules().prop_map(|(who, k, end, hours)| Does::Rules(who, k, end, hours)),
    ]
}

/// Who may call, as a mask; how many must; how many end it; for how many hours it lasts.
fn rules() -> impl Strategy<Value = (u8, i16, i16, i16)> {
    (1u8..32).prop_flat_map(|who| {
        let n = i16::try_from(who.count_ones()).unwrap();
        (Just(who), 1..=n, 0..=n, prop_oneof![Just(1i16), Just(48), Just(720)])
    })
}

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n + 1)
}

fn set(who: u8, threshold: i16, end_threshold: i16, most_hours: i16, at: Instant) -> Rules {
    Rules {
        id: Uuid::nil(),
        activators: (0..PEOPLE).filter(|n| who & (1 << n) != 0).map(id).collect(),
        threshold,
        end_threshold,
        most_hours,
        views: vec![(6, Grantee::Supporter(id(0)))],
        created_at: at,
    }
}

/// What was done, told in whole sentences: who did what when, since the rules were set. Whether it is activated is found
/// by looking back each time.
#[derive(Default)]
struct Account {
    calls: Vec<(Uuid, Instant)>,
    called_off: Vec<(Uuid, Instant, usize)>,
    activated: Option<(Instant, Instant)>,
    asked: BTreeSet<Uuid>,
}

impl Account {
    fn active(&self, now: Instant) -> bool {
        self.activated.is_some_and(|(_, until)| now < until)
    }

    fn over(&mut self) {
        *self = Self::default();
    }

    fn stands(&self, place: usize, who: Uuid) -> bool {
        !self.called_off.iter().any(|(by, _, before)| *by == who && place < *before)
    }

    /// Whether this one has called so shortly before that it says nothing to do so again.
    fn called_lately(&self, who: Uuid, now: Instant) -> bool {
        let mut calls = self.calls.iter().enumerate();
        calls.any(|(place, (by, at))| *by == who && self.stands(place, who) && now - *at < RENEWED)
    }

    /// Of how many people of the circle a call counts now.
    fn counted(&self, rules: &Rules, circle: &BTreeSet<Uuid>, now: Instant) -> usize {
        let mut counted = BTreeMap::new();
        for (place, (who, at)) in self.calls.iter().enumerate() {
            if self.stands(place, *who) && now - *at < CALL_LASTS {
                counted.insert(*who, *at);
            }
        }
        counted.keys().filter(|who| circle.contains(who) && rules.activators.contains(who)).count()
    }
}

fn step(at: Instant, by: Option<Uuid>, outcome: Option<(Act, bool)>) -> Option<Step> {
    outcome.map(|(act, turned)| Step { id: Uuid::nil(), act, by, turned, at })
}

/// What the store reads: from the last act that turned it.
fn since(steps: &[Step]) -> &[Step] {
    let last = steps.iter().rposition(|step| step.turned).unwrap_or(0);
    &steps[last..]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn it_is_activated_exactly_while_a_threshold_was_met_by_those_who_may_and_nothing_ended_it(
        first in rules(),
        all in prop::collection::vec(does(), 1..60),
    ) {
        let mut now = BEGIN;
        let mut rules = set(first.0, first.1, first.2, first.3, now);
        let mut circle: BTreeSet<Uuid> = (0..PEOPLE).map(id).collect();
        let mut steps: Vec<Step> = Vec::new();
        let mut account = Account::default();
        for one in all {
            let crisis = Crisis::after(&rules, since(&steps));
            let mut done = None;
            match one {
                Does::Call(n) => {
                    let outcome = crisis.called(id(n), &circle, now);
                    let may = circle.contains(&id(n)) && rules.activators.contains(&id(n));
                    prop_assert_eq!(outcome.is_some(), may, "whoever was not chosen is nobody");
                    done = step(now, Some(id(n)), outcome.flatten());
                    if may && !account.active(now) {
                        if account.activated.is_some() {
                            account.over();
                        }
                        if !account.called_lately(id(n), now) {
                            account.calls.push((id(n), now));
                        }
                        let threshold = usize::try_from(rules.threshold).unwrap();
                        if account.counted(&rules, &circle, now) >= threshold {
                            let until = now + Duration::hours(rules.most_hours.into());
                            account.over();
                            account.activated = Some((now, until));
                        }
                    }
                }
                Does::Stop(n) => {
                    let outcome = crisis.stopped(id(n), &circle, now);
                    let may = circle.contains(&id(n)) && rules.activators.contains(&id(n));
                    prop_assert_eq!(outcome.is_some(), may);
                    done = step(now, Some(id(n)), outcome.flatten());
                    if may && account.active(now) && rules.end_threshold > 0 {
                        account.asked.insert(id(n));
                        let asked = account.asked.iter();
                        let asked = asked.filter(|who| circle.contains(*who)).count();
                        if asked >= usize::try_from(rules.end_threshold).unwrap() {
                            account.over();
                        }
                    } else if may && !account.active(now) {
                        account.called_off.push((id(n), now, account.calls.len()));
                    }
                }
                Does::End => {
                    done = step(now, None, crisis.ended(now));
                    account.over();
                }
                Does::LetGo(n) => { circle.remove(&id(n)); }
                Does::Wait(minutes) => now += Duration::minutes(minutes),
                Does::Rules(who, threshold, end, hours) => {
                    rules = set(who, threshold, end, hours, now);
                    steps.clear();
                    account.over();
                }
            }
            steps.extend(done);
            let after = Crisis::after(&rules, since(&steps));
            prop_assert_eq!(after.until(now).is_some(), account.active(now), "{:?}", one);
            if let (Some(until), Some((_, then))) = (after.until(now), account.activated) {
                prop_assert_eq!(until, then);
            }
            // Once more at once changes nothing, and is nothing that happened.
            match one {
                Does::Call(n) => prop_assert_eq!(after.called(id(n), &circle, now).flatten(), None),
                Does::Stop(n) => prop_assert_eq!(after.stopped(id(n), &circle, now).flatten(), None),
                Does::End => prop_assert_eq!(after.ended(now), None),
                _ => {}
            }
            // As the whole of what was done has it.
            prop_assert_eq!(Crisis::after(&rules, &steps).until(now), after.until(now));
        }
    }
}
