//! What leaves for a person leaves by the rule of contact as it stands at that moment, and what is not clear stays.

use testkit::receiver::Receiver;
use time::{Duration, macros::datetime};
use uuid::Uuid;
use wire::{
    common::v1::ContactRule as Rule,
    people::v1::{self as pb, DeliveryState as State, DeliveryWay as Way},
};

use crate::{
    deliveries::{JANE, hook, mail, world},
    mailbox::Mailbox,
    notices::bind,
    preferences::set,
    world::{CLINIC, Client, HOUSING, World},
};

fn way(address: &str) -> pb::SafeContact {
    pb::SafeContact {
        way: pb::ContactWay::Email.into(),
        address: address.into(),
        message: pb::MessageRule::Any.into(),
        ..Default::default()
    }
}

fn ruled(rule: Rule, safe_contacts: Vec<pb::SafeContact>) -> pb::Preferences {
    pb::Preferences { contact_rule: rule.into(), safe_contacts, ..Default::default() }
}

/// Thursday 12:00 UTC, 07:00 in New York; a notice every two hours.
struct Told {
    world: World,
    mailbox: Mailbox,
    person: Uuid,
    sequence: i64,
}

impl Told {
    async fn new() -> Self {
        let mut mailbox = Mailbox::new();
        let world = world(&mailbox).await;
        let person = world.jane(CLINIC).await;
        let jane = bind(&world, CLINIC, person, "jane").await;
        let zone = "America/New_York".to_owned();
        let new_york = pb::NoticeDelivery { time_zone: zone, ..mail() };
        world.set_delivery(&jane, person, new_york).await;
        let code = mailbox.next().await.code();
        world.give_code(&jane, person, &code).await.unwrap();
        Self { world, mailbox, person, sequence: 0 }
    }

    /// As she signs in now: a token is good for an hour.
    fn jane(&self) -> Client {
        self.world.person("jane")
    }

    async fn notice(&mut self) {
        self.sequence += 1;
        self.world.noticed(self.sequence, self.person).await;
    }

    async fn says(&self, rule: Rule, ways: Vec<pb::SafeContact>) {
        set(&self.world, &self.jane(), self.person, ruled(rule, ways)).await;
    }

    /// That nothing has left by mail, though it was looked at.
    async fn nothing(&mut self) {
        let all = self.world.deliveries(&self.jane(), self.person).await.unwrap();
        self.world.looked_at(&all[0].name).await;
        assert!(self.mailbox.unread().is_empty());
    }

    /// That one message leaves now for all that was held back, and no other.
    async fn lifted(&mut self) {
        self.says(Rule::Open, vec![]).await;
        self.world.clock.advance(Duration::minutes(6));
        self.mailbox.next().await;
        self.nothing().await;
        self.world.clock.advance(Duration::minutes(114));
    }
}

#[tokio::test]
async fn mail_leaves_for_a_safe_address_in_its_hours_only_and_else_waits() {
    let mut told = Told::new().await;
    let none = pb::SafeContact { message: pb::MessageRule::None.into(), ..way(JANE) };
    let unstated = pb::SafeContact { message: 0, ..way(JANE) };
    let hours = |from: &str, until: &str| pb::SafeContact {
        from: from.into(),
        until: until.into(),
        ..way(JANE)
    };
    let phone = pb::SafeContact { way: pb::ContactWay::Phone.into(), ..way(JANE) };
    for (rule, ways) in [
        (Rule::Prohibited, vec![]),
        (Rule::SafeWaysOnly, vec![way("other@mail.example")]),
        (Rule::SafeWaysOnly, vec![phone]),
        (Rule::SafeWaysOnly, vec![none.clone()]),
        (Rule::SafeWaysOnly, vec![unstated]),
        (Rule::SafeWaysOnly, vec![hours("00:00", "00:01")]),
        (Rule::Open, vec![none]),
    ] {
        told.says(rule, ways).await;
        told.notice().await;
        told.nothing().await;
        told.lifted().await;
    }
    // It is looked at when it is sent: within the hours it leaves by itself.
    told.world.clock.set(datetime!(2040-03-05 13:30 UTC));
    let monday = pb::Weekday::Monday.into();
    let safe = pb::SafeContact { days: vec![monday], ..hours("09:00", "10:00") };
    told.says(Rule::SafeWaysOnly, vec![safe]).await;
    told.notice().await;
    told.nothing().await;
    told.world.clock.set(datetime!(2040-03-05 14:01 UTC));
    told.mailbox.next().await;
    told.nothing().await;
}

#[tokio::test]
async fn the_strictest_that_was_said_to_anybody_holds() {
    let mut told = Told::new().await;
    told.world.jane(HOUSING).await;
    let person = told.person;
    told.says(Rule::SafeWaysOnly, vec![way(JANE)]).await;
    for heard in
        [ruled(Rule::Prohibited, vec![]), ruled(Rule::SafeWaysOnly, vec![way("a@b.example")])]
    {
        // By an agency that does not vouch for her sign-in.
        set(&told.world, &told.world.staff(HOUSING), person, heard).await;
        told.notice().await;
        told.nothing().await;
        set(&told.world, &told.world.staff(HOUSING), person, ruled(Rule::Open, vec![])).await;
        told.world.clock.advance(Duration::minutes(6));
        told.mailbox.next().await;
        told.nothing().await;
        told.world.clock.advance(Duration::hours(2));
    }
    // Of somebody who is one with her.
    let other = told.world.somebody_else(CLINIC).await;
    let clinic = told.world.staff(CLINIC);
    let safe = ruled(Rule::SafeWaysOnly, vec![way(JANE)]);
    set(&told.world, &clinic, other, safe).await;
    told.world.steward().merge(person, other).await.unwrap();
    told.notice().await;
    told.nothing().await;
    told.world.steward().unmerge(person, other).await.unwrap();
    told.world.clock.advance(Duration::minutes(6));
    told.mailbox.next().await;
    told.nothing().await;
}

#[tokio::test]
async fn no_code_leaves_for_an_address_that_is_not_safe() {
    let mut mailbox = Mailbox::new();
    let world = world(&mailbox).await;
    let person = world.jane(CLINIC).await;
    let jane = bind(&world, CLINIC, person, "jane").await;
    let safe = ruled(Rule::SafeWaysOnly, vec![way("other@mail.example")]);
    set(&world, &jane, person, safe).await;
    let (kept, _) = world.set_delivery(&jane, person, mail()).await;
    assert_eq!((kept.state(), kept.failing_since), (State::Unconfirmed, None));
    let other = pb::NoticeDelivery { email: "other@mail.example".into(), ..mail() };
    world.set_delivery(&jane, person, other).await;
    assert_eq!(mailbox.next().await.to, ["other@mail.example"]);
    assert!(mailbox.unread().is_empty());
}

#[tokio::test]
async fn a_persons_app_is_told_under_safe_ways_where_they_said_so_after_the_rule() {
    let mut told = Told::new().await;
    let person = told.person;
    told.world.end_delivery(&told.jane(), person, Way::Email).await.unwrap();
    let mut app = Receiver::new().await;
    let safe = pb::NoticeDelivery { safe_way: true, ..hook(&app) };
    told.world.set_delivery(&told.jane(), person, safe.clone()).await;
    for rule in [Rule::SafeWaysOnly, Rule::Prohibited] {
        let ways = if rule == Rule::Prohibited { vec![] } else { vec![way(JANE)] };
        told.says(rule, ways).await;
        told.notice().await;
        told.nothing().await;
        assert!(app.unread().is_empty(), "{rule:?}");
        // Said again it is a word after the rule: enough for safe ways, not for none.
        told.world.set_delivery(&told.jane(), person, safe.clone()).await;
        if rule == Rule::Prohibited {
            told.nothing().await;
            assert!(app.unread().is_empty());
            told.says(Rule::Open, vec![]).await;
            told.world.clock.advance(Duration::minutes(6));
        }
        app.next().await;
        told.nothing().await;
        told.world.clock.advance(Duration::hours(2));
    }
    assert!(app.unread().is_empty());
}
