//! Where a person is told that something waits, and whether a message may leave for it. No Debug: it is content.

use jiff::{
    Timestamp,
    civil::{Time, Weekday},
    tz::{Offset, TimeZone},
};
use kernel::Instant;
use serde::{Deserialize, Serialize};
use time::Duration;
use uuid::Uuid;
use webhook::Failure;

use super::{ContactRule, SafeContact};

/// A code is good for so long.
pub const CODE_LIFETIME: Duration = Duration::minutes(15);
/// Wrong codes, after which one is void.
pub const MOST_WRONG: i16 = 5;
/// Codes that are sent for one person in [`A_DAY`].
pub const MOST_CODES: i64 = 5;
pub const A_DAY: Duration = Duration::hours(24);
/// Between two messages of one way.
pub const BETWEEN: Duration = Duration::HOUR;

/// What may be left, as the contract numbers it: a call-back, and anything.
const MAY_BE_LEFT: [i32; 2] = [2, 3];
/// E-mail, as the contract numbers ways.
const EMAIL: i32 = 5;
/// Hours by which clocks are ahead of UTC somewhere.
const AHEAD: std::ops::RangeInclusive<i8> = -12..=14;

webhook::numbered! {
    /// DeliveryWay of the contract.
    Way { Email = 1, Webhook = 2, }
}

webhook::numbered! {
    /// DeliveryState of the contract.
    DeliveryState { Unconfirmed = 1, Active = 2, Disabled = 3, Gone = 4, }
}

/// Where it leads, as it is kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// An e-mail address, or a URL.
    pub to: String,
    /// As the IANA database names it; empty: not known.
    pub zone: String,
}

/// A delivery that stands.
#[derive(Clone)]
pub struct Delivery {
    pub id: Uuid,
    pub way: Way,
    pub place: Place,
    pub safe_way: bool,
    pub set_at: Instant,
    pub state: DeliveryState,
    pub delivered_at: Option<Instant>,
    pub failures: i32,
    pub failing_since: Option<Instant>,
    pub last_failure: Option<Failure>,
}

/// What somebody said of contacting the person, and it stands.
#[derive(Clone)]
pub struct Said {
    pub at: Instant,
    pub rule: ContactRule,
    pub ways: Vec<SafeContact>,
}

/// All of it.
#[derive(Clone, Default)]
pub struct Contact {
    /// Under the name that the delivery is of.
    pub here: Vec<Said>,
    /// The strictest under another name of theirs: its ways are shown to nobody.
    pub elsewhere: ContactRule,
}

/// A zone of the IANA database; none where the name says that it is not known.
fn known(name: &str) -> Option<TimeZone> {
    let zone = TimeZone::get(name).ok()?;
    (!zone.is_unknown() && !name.eq_ignore_ascii_case("Factory")).then_some(zone)
}

/// Whether the IANA database knows the zone.
pub fn is_zone(name: &str) -> bool {
    known(name).is_some()
}

impl Contact {
    /// Whether a message may leave for it now. All that was said must let it, and what is not clear does not.
    pub fn lets(&self, delivery: &Delivery, now: Instant) -> bool {
        self.elsewhere == ContactRule::Open
            && self.here.iter().all(|said| match delivery.way {
                Way::Email => said.lets_mail(&delivery.place, now),
                Way::Webhook => said.lets_post(delivery),
            })
    }
}

impl Said {
    /// The person's own app is no place of others: the person says whether it is safe, and says so after the rule.
    fn lets_post(&self, delivery: &Delivery) -> bool {
        match self.rule {
            ContactRule::Open => true,
            ContactRule::SafeWaysOnly => delivery.safe_way && delivery.set_at > self.at,
            ContactRule::Prohibited => false,
        }
    }

    fn lets_mail(&self, place: &Place, now: Instant) -> bool {
        let named = |way: &&SafeContact| {
            way.way == EMAIL && way.address.trim().eq_ignore_ascii_case(&place.to)
        };
        let ways: Vec<&SafeContact> = self.ways.iter().filter(named).collect();
        match (self.rule, ways.is_empty()) {
            (ContactRule::Prohibited, _) | (ContactRule::SafeWaysOnly, true) => false,
            (ContactRule::Open, true) => true,
            (ContactRule::Open | ContactRule::SafeWaysOnly, false) => {
                ways.iter().all(|way| MAY_BE_LEFT.contains(&way.message))
                    && ways.iter().any(|way| within(way, &place.zone, now))
            }
        }
    }
}

/// Whether it is one of the way's days and hours where the person is; where that is not known, wherever they are.
pub fn within(way: &SafeContact, zone: &str, now: Instant) -> bool {
    if way.days.is_empty() && way.from.is_empty() {
        return true;
    }
    let Ok(now) = Timestamp::from_nanosecond(now.unix_timestamp_nanos()) else { return false };
    match zone {
        "" => AHEAD.into_iter().all(|ahead| {
            let offset = Offset::from_hours(ahead);
            offset.is_ok_and(|offset| shown(way, now, offset.to_time_zone()))
        }),
        name => known(name).is_some_and(|zone| shown(way, now, zone)),
    }
}

/// Whether clocks in that zone show one of the way's days and hours.
fn shown(way: &SafeContact, now: Timestamp, zone: TimeZone) -> bool {
    let there = zone.to_datetime(now);
    let day = match there.weekday() {
        Weekday::Monday => 1,
        Weekday::Tuesday => 2,
        Weekday::Wednesday => 3,
        Weekday::Thursday => 4,
        Weekday::Friday => 5,
        Weekday::Saturday => 6,
        Weekday::Sunday => 7,
    };
    let hours = || {
        let hour = |text: &str| Time::strptime("%H:%M", text).ok();
        match (way.from.as_str(), hour(&way.from), hour(&way.until)) {
            ("", ..) => true,
            (_, Some(from), Some(until)) => from <= there.time() && there.time() < until,
            _ => false,
        }
    };
    (way.days.is_empty() || way.days.contains(&day)) && hours()
}

#[cfg(test)]
mod tests {
    use ContactRule::{Open, Prohibited, SafeWaysOnly};
    use time::macros::datetime;

    use super::*;

    /// A Thursday; 07:00 in New York.
    const NOW: Instant = datetime!(2040-03-01 12:00 UTC);

    fn mail(zone: &str) -> Delivery {
        Delivery {
            id: Uuid::nil(),
            way: Way::Email,
            place: Place { to: "jane@example.org".into(), zone: zone.into() },
            safe_way: false,
            set_at: NOW,
            state: DeliveryState::Active,
            delivered_at: None,
            failures: 0,
            failing_since: None,
            last_failure: None,
        }
    }

    fn way(address: &str, message: i32) -> SafeContact {
        SafeContact { way: EMAIL, address: address.into(), message, ..SafeContact::default() }
    }

    fn said(rule: ContactRule, ways: Vec<SafeContact>) -> Contact {
        let at = NOW - Duration::HOUR;
        Contact { here: vec![Said { at, rule, ways }], elsewhere: Open }
    }

    #[test]
    fn only_a_safe_address_at_which_something_may_be_left_is_written_to() {
        let jane = |message| vec![way(" Jane@Example.org", message)];
        assert!(Contact::default().lets(&mail(""), NOW));
        for (contact, lets) in [
            (said(Open, vec![]), true),
            (said(Open, jane(3)), true),
            (said(Open, jane(1)), false),
            (said(Open, jane(0)), false),
            (said(Open, vec![way("else@example.org", 1)]), true),
            (said(Prohibited, vec![]), false),
            (said(SafeWaysOnly, jane(3)), true),
            (said(SafeWaysOnly, jane(2)), true),
            (said(SafeWaysOnly, jane(1)), false),
            (said(SafeWaysOnly, jane(0)), false),
            (said(SafeWaysOnly, vec![way("else@example.org", 3)]), false),
            (said(SafeWaysOnly, [jane(3), jane(1)].concat()), false),
        ] {
            assert_eq!(contact.lets(&mail(""), NOW), lets);
            let elsewhere = Contact { elsewhere: SafeWaysOnly, ..contact };
            assert!(!elsewhere.lets(&mail(""), NOW));
        }
        let phone = SafeContact { way: 2, ..way("jane@example.org", 3) };
        assert!(!said(SafeWaysOnly, vec![phone]).lets(&mail(""), NOW));
        // All that was said must let it.
        let mut both = said(SafeWaysOnly, jane(3));
        both.here.extend(said(SafeWaysOnly, vec![]).here);
        assert!(!both.lets(&mail(""), NOW));
    }

    #[test]
    fn hours_and_days_are_those_of_the_persons_clocks() {
        let safe = |days: &[i32], from: &str, until: &str| {
            let way = SafeContact {
                days: days.to_vec(),
                from: from.into(),
                until: until.into(),
                ..way("jane@example.org", 3)
            };
            said(SafeWaysOnly, vec![way])
        };
        for (days, from, until, zone, lets) in [
            (&[][..], "07:00", "08:00", "America/New_York", true),
            (&[], "06:00", "07:00", "America/New_York", false),
            (&[], "07:00", "08:00", "America/Chicago", false),
            (&[4], "", "", "America/New_York", true),
            (&[3, 5], "", "", "America/New_York", false),
            // It is Friday there already.
            (&[4], "", "", "Pacific/Kiritimati", false),
            // Not known: nowhere else on earth may it be another hour or day.
            (&[], "07:00", "08:00", "", false),
            (&[4], "", "", "", false),
            (&[3, 4, 5], "", "", "", true),
            (&[], "", "", "", true),
            (&[], "07:00", "08:00", "Nowhere/Atall", false),
        ] {
            assert_eq!(safe(days, from, until).lets(&mail(zone), NOW), lets, "{zone} {days:?}");
        }
        // After the clocks are put forward it is an hour later there.
        let summer = datetime!(2040-07-05 12:00 UTC);
        assert!(safe(&[4], "08:00", "09:00").lets(&mail("America/New_York"), summer));
        assert!(is_zone("America/New_York") && !is_zone("Nowhere/Atall"));
    }

    #[test]
    fn a_persons_app_is_safe_where_they_said_so_after_the_rule() {
        let hook = |safe_way, minutes| Delivery {
            way: Way::Webhook,
            safe_way,
            set_at: NOW - Duration::HOUR + Duration::minutes(minutes),
            ..mail("")
        };
        for (rule, hook, lets) in [
            (Open, hook(false, -5), true),
            (SafeWaysOnly, hook(false, 5), false),
            (SafeWaysOnly, hook(true, -5), false),
            (SafeWaysOnly, hook(true, 0), false),
            (SafeWaysOnly, hook(true, 5), true),
            (Prohibited, hook(true, 5), false),
        ] {
            assert_eq!(said(rule, vec![]).lets(&hook, NOW), lets);
        }
        let elsewhere = Contact { elsewhere: SafeWaysOnly, ..Contact::default() };
        assert!(!elsewhere.lets(&hook(true, 5), NOW));
    }
}
