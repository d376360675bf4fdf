//! Whose messages leave for where: only what the sign-in that asked for them may see, and nothing once it has ended.

use std::sync::atomic::Ordering;

use kernel::Role;
use testkit::{
    fakes::until,
    receiver::{Answer, Receiver},
};
use time::Duration;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;
use wire::people::v1::{
    self as pb, DeliveryFailure as Failure, DeliveryState as State, DeliveryWay as Way,
    people_service_client::PeopleServiceClient,
};

use crate::{
    deliveries::{JANE, hook, mail, setting, smtp, world},
    mailbox::Mailbox,
    notices::bind,
    notify::{COURT_ORDER, dealt_with, tell},
    world::{CLINIC, HOUSING, World, guardian, papers},
};

fn field(status: &Status) -> String {
    let details = status.get_error_details();
    let violations = &details.bad_request().unwrap().field_violations;
    violations.iter().map(|one| one.field.clone()).collect::<Vec<_>>().join(" ")
}

async fn shown(world: &World, sub: &str, person: Uuid, way: Way) -> pb::NoticeDelivery {
    let all = world.deliveries(&world.person(sub), person).await.unwrap();
    all.into_iter().find(|one| one.way() == way).unwrap()
}

#[tokio::test]
async fn only_what_waits_in_the_box_of_the_sign_in_that_asked_is_told_and_once_for_several() {
    let mut mailbox = Mailbox::new();
    let world = world(&mailbox).await;
    let person = world.jane(CLINIC).await;
    world.jane(HOUSING).await;
    let jane = bind(&world, CLINIC, person, "jane").await;
    // What was there before is not told.
    world.noticed(1, person).await;
    let mut app = Receiver::new().await;
    let (set, _) = world.set_delivery(&jane, person, hook(&app)).await;
    // Of an agency that does not vouch for this sign-in.
    tell(&world, 2, person, COURT_ORDER, &[HOUSING]);
    dealt_with(&world, 2).await;
    world.looked_at(&set.name).await;
    assert!(app.unread().is_empty());
    world.mails(&jane, person, &mut mailbox).await;
    world.noticed(3, person).await;
    mailbox.next().await;
    app.next().await;
    world.settled().await;
    // Within the hour three more: one message.
    for sequence in 4..7 {
        world.clock.advance(Duration::minutes(5));
        world.noticed(sequence, person).await;
    }
    world.looked_at(&set.name).await;
    world.clock.advance(Duration::minutes(44));
    world.looked_at(&set.name).await;
    assert!(mailbox.unread().is_empty() && app.unread().is_empty());
    world.clock.advance(Duration::MINUTE);
    mailbox.next().await;
    app.next().await;
    world.settled().await;
    world.clock.advance(Duration::hours(2));
    world.looked_at(&set.name).await;
    assert!(mailbox.unread().is_empty() && app.unread().is_empty());
}

#[tokio::test]
async fn a_notice_that_is_written_while_it_is_looked_for_what_waits_is_told() {
    let mailbox = Mailbox::new();
    let world = world(&mailbox).await;
    let person = world.jane(CLINIC).await;
    let jane = bind(&world, CLINIC, person, "jane").await;
    let mut app = Receiver::new().await;
    let (set, _) = world.set_delivery(&jane, person, hook(&app)).await;
    world.noticed(1, person).await;
    app.next().await;
    world.settled().await;
    // Another is written and not committed, and then it is looked for what waits.
    let mut writing = world.admin().await;
    let begin = format!(
        "BEGIN; INSERT INTO notice (id, person_id, what, at, agencies)
         SELECT gen_random_uuid(), person_id, what, at, agencies FROM notice WHERE person_id = '{person}' LIMIT 1"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(begin)).execute(&mut writing).await.unwrap();
    world.clock.advance(Duration::hours(2));
    tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
    assert!(app.unread().is_empty());
    sqlx::raw_sql("COMMIT").execute(&mut writing).await.unwrap();
    app.next().await;
    world.settled().await;
    assert_eq!(shown(&world, "jane", person, Way::Webhook).await.name, set.name);
}

#[tokio::test]
async fn another_address_is_confirmed_anew_and_the_same_one_is_not() {
    let mut mailbox = Mailbox::new();
    let world = world(&mailbox).await;
    let person = world.jane(CLINIC).await;
    let jane = bind(&world, CLINIC, person, "jane").await;
    world.mails(&jane, person, &mut mailbox).await;
    let zoned = pb::NoticeDelivery { time_zone: "America/Chicago".to_owned(), ..mail() };
    let (again, _) = world.set_delivery(&jane, person, zoned.clone()).await;
    assert_eq!(again.state(), State::Active);
    let other = pb::NoticeDelivery { email: "somebody@example.org".to_owned(), ..zoned };
    let (other, _) = world.set_delivery(&jane, person, other).await;
    assert_eq!(other.state(), State::Unconfirmed);
    let code = mailbox.next().await.code();
    world.noticed(1, person).await;
    let confirmed = world.give_code(&jane, person, &code).await.unwrap();
    assert_eq!(confirmed.state(), State::Active);
    world.noticed(2, person).await;
    // One message, for what came since it was confirmed or before.
    mailbox.next().await;
    world.settled().await;
    assert!(mailbox.unread().is_empty());
    for unknown in ["Etc/Unknown", "etc/unknown", "Factory"] {
        let odd = pb::NoticeDelivery { time_zone: unknown.to_owned(), ..mail() };
        let refused = world.try_set(&jane, setting(person, odd)).await.unwrap_err();
        assert_eq!(field(&refused), "delivery.time_zone", "{unknown}");
    }
}

#[tokio::test]
async fn a_sign_in_that_was_replaced_is_told_nothing_more_and_who_takes_over_is() {
    let mut mailbox = Mailbox::new();
    let world = world(&mailbox).await;
    let person = world.jane(CLINIC).await;
    let jane = bind(&world, CLINIC, person, "jane").await;
    let (mut before, mut after) = (Receiver::new().await, Receiver::new().await);
    world.set_delivery(&jane, person, hook(&before)).await;
    world.mails(&jane, person, &mut mailbox).await;
    let new = world.proofed("new", Role::Person, &papers("Jane", "Roe"));
    new.accept(&world.staff(CLINIC).invite(person).await.unwrap().code).await.unwrap();
    assert_eq!(world.deliveries(&jane, person).await.unwrap_err().code(), Code::NotFound);
    assert!(world.deliveries(&new, person).await.unwrap().is_empty(), "they are not taken over");
    world.set_delivery(&new, person, hook(&after)).await;
    world.noticed(1, person).await;
    after.next().await;
    world.settled().await;
    world.clock.advance(Duration::minutes(59));
    world.noticed(2, person).await;
    world.clock.advance(Duration::MINUTE);
    after.next().await;
    assert!(before.unread().is_empty() && mailbox.unread().is_empty());
    let kept: Vec<Option<Vec<u8>>> =
        sqlx::query_scalar("SELECT content FROM notice_delivery WHERE ended_at IS NOT NULL")
            .fetch_all(&mut world.admin().await)
            .await
            .unwrap();
    assert_eq!(kept, [None, None], "where they led is forgotten");
}

#[tokio::test]
async fn what_was_ended_or_never_confirmed_is_told_nothing() {
    let mut mailbox = Mailbox::new();
    let world = world(&mailbox).await;
    let person = world.jane(CLINIC).await;
    let jane = bind(&world, CLINIC, person, "jane").await;
    let mut app = Receiver::new().await;
    let mut other = Receiver::new().await;
    world.set_delivery(&jane, person, mail()).await;
    mailbox.next().await.code();
    world.set_delivery(&jane, person, hook(&app)).await;
    world.end_delivery(&jane, person, Way::Webhook).await.unwrap();
    assert_eq!(
        world.end_delivery(&jane, person, Way::Webhook).await.unwrap_err().code(),
        Code::NotFound
    );
    let (first, _) = world.set_delivery(&jane, person, hook(&other)).await;
    let (second, _) = world.set_delivery(&jane, person, hook(&other)).await;
    assert_ne!(first.etag, second.etag);
    world.noticed(1, person).await;
    other.next().await;
    world.settled().await;
    // Of another look, when all of the first has long arrived.
    world.clock.advance(Duration::HOUR);
    world.noticed(2, person).await;
    other.next().await;
    assert!(app.unread().is_empty() && mailbox.unread().is_empty());
    let jane = world.person("jane");
    world.set_delivery(&jane, person, mail()).await;
    let code = mailbox.next().await.code();
    // What waited meanwhile is told once the address is confirmed.
    world.give_code(&jane, person, &code).await.unwrap();
    assert_eq!(mailbox.next().await.to, [JANE]);
    assert!(mailbox.unread().is_empty() && app.unread().is_empty());
}

#[tokio::test]
async fn a_code_is_good_for_one_address_fifteen_minutes_and_five_tries() {
    let mut mailbox = Mailbox::new();
    let world = world(&mailbox).await;
    let person = world.jane(CLINIC).await;
    world.jane(HOUSING).await;
    let jane = bind(&world, CLINIC, person, "jane").await;
    let beside = bind(&world, HOUSING, person, "beside").await;
    let mut codes = Vec::new();
    for _ in 0..5 {
        world.set_delivery(&jane, person, mail()).await;
        codes.push(mailbox.next().await.code());
    }
    let more = world.try_set(&jane, setting(person, mail())).await.unwrap_err();
    assert_eq!(more.code(), Code::ResourceExhausted);
    let wrong = |code: String| {
        let (world, jane) = (&world, &jane);
        async move { world.give_code(jane, person, &code).await.unwrap_err().code() }
    };
    // Of the one before; of another sign-in; and four that are none.
    assert_eq!(wrong(codes[0].clone()).await, Code::NotFound);
    let others = world.give_code(&beside, person, &codes[4]).await;
    assert_eq!(others.unwrap_err().code(), Code::NotFound);
    for _ in 0..3 {
        assert_eq!(wrong("AAAA2222".into()).await, Code::NotFound);
    }
    // The fifth wrong one voids it.
    assert_eq!(wrong("AAAA2222".into()).await, Code::NotFound);
    assert_eq!(wrong(codes[4].clone()).await, Code::NotFound);
    world.clock.advance(Duration::hours(24));
    let jane = world.person("jane");
    world.set_delivery(&jane, person, mail()).await;
    let code = mailbox.next().await.code();
    world.clock.advance(Duration::minutes(15));
    assert_eq!(world.give_code(&jane, person, &code).await.unwrap_err().code(), Code::NotFound);
    world.set_delivery(&jane, person, mail()).await;
    let code = mailbox.next().await.code();
    world.clock.advance(Duration::minutes(14));
    world.give_code(&jane, person, &code).await.unwrap();
    // An address that was confirmed stays so, and needs no code.
    let zone = "America/Denver".to_owned();
    let again = pb::NoticeDelivery { time_zone: zone, ..mail() };
    let (again, _) = world.set_delivery(&jane, person, again).await;
    assert_eq!((again.state(), &*again.time_zone), (State::Active, "America/Denver"));
    assert!(mailbox.unread().is_empty());
}

#[tokio::test]
async fn what_is_away_is_told_later_once_and_how_it_fares_is_shown() {
    let mut mailbox = Mailbox::new();
    let world = world(&mailbox).await;
    let person = world.jane(CLINIC).await;
    let jane = bind(&world, CLINIC, person, "jane").await;
    let mut app = Receiver::new().await;
    app.answers([Answer::Status(503), Answer::Drop]);
    world.set_delivery(&jane, person, hook(&app)).await;
    world.mails(&jane, person, &mut mailbox).await;
    mailbox.refuses.store(true, Ordering::Relaxed);
    let begun = world.now();
    world.noticed(1, person).await;
    let ids = [app.next().await.id().to_owned()];
    for (way, failure) in [(Way::Webhook, Failure::ReceiverFault), (Way::Email, Failure::Refused)] {
        until("a failure", async || {
            let one = shown(&world, "jane", person, way).await;
            one.last_failure() == failure
                && one.failing_since == Some(wire::convert::timestamp(begun))
                && one.state() == State::Active
        })
        .await;
    }
    mailbox.refuses.store(false, Ordering::Relaxed);
    world.clock.advance(Duration::seconds(7));
    assert_eq!(app.next().await.id(), ids[0], "the same, told again");
    mailbox.next().await;
    let failing = async || shown(&world, "jane", person, Way::Webhook).await;
    until("the second failure", async || failing().await.last_failure() == Failure::Connection)
        .await;
    world.clock.advance(Duration::minutes(7));
    assert_eq!(app.next().await.id(), ids[0]);
    until("all is well", async || failing().await.failing_since.is_none()).await;
    world.clock.advance(Duration::hours(3));
    let name = failing().await.name;
    world.looked_at(&name).await;
    assert!(app.unread().is_empty() && mailbox.unread().is_empty(), "once");
    app.answers([Answer::Status(410)]);
    world.noticed(2, person).await;
    app.next().await;
    until("gone", async || failing().await.state() == State::Gone).await;
    assert_eq!(failing().await.last_failure(), Failure::Gone);
}

#[tokio::test]
async fn a_mail_server_that_is_down_is_written_to_once_it_is_there() {
    let port = testkit::ports(1).unwrap()[0];
    let world = World::new().await;
    world.deliver(Some(smtp(port)));
    let person = world.jane(CLINIC).await;
    let jane = bind(&world, CLINIC, person, "jane").await;
    let (set, _) = world.set_delivery(&jane, person, mail()).await;
    assert_eq!((set.state(), set.last_failure()), (State::Unconfirmed, Failure::Connection));
    let mut mailbox = Mailbox::on_port(port);
    world.mails(&jane, person, &mut mailbox).await;
    assert_eq!(
        shown(&world, "jane", person, Way::Email).await.last_failure(),
        Failure::Unspecified
    );
    // Three days of refusals end it.
    mailbox.refuses.store(true, Ordering::Relaxed);
    world.noticed(1, person).await;
    for failures in 1.. {
        until("a failure", async || {
            let counted: i32 =
                sqlx::query_scalar("SELECT failures FROM notice_delivery WHERE ended_at IS NULL")
                    .fetch_one(&mut world.admin().await)
                    .await
                    .unwrap();
            counted == failures
        })
        .await;
        let one = shown(&world, "jane", person, Way::Email).await;
        if one.state() == State::Disabled {
            assert_eq!(failures, 7, "after three days");
            break;
        }
        world.clock.advance(Duration::hours(13));
    }
}

#[tokio::test]
async fn mail_goes_by_starttls_and_never_without() {
    let keys = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (cert, key) = (keys.path().join("cert.pem"), keys.path().join("key.pem"));
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let (mut plain, mut sealed) = (Mailbox::new(), Mailbox::with_tls(&cert, &key));
    for (port, sends) in [(plain.port, false), (sealed.port, true)] {
        let world = World::new().await;
        world.deliver(Some(people::Smtp {
            host: "localhost".into(),
            security: people::SmtpSecurity::StartTls,
            ca: Some(made.cert.pem().into_bytes()),
            ..smtp(port)
        }));
        let person = world.jane(CLINIC).await;
        let jane = bind(&world, CLINIC, person, "jane").await;
        let (set, _) = world.set_delivery(&jane, person, mail()).await;
        assert_eq!(set.last_failure() == Failure::Unspecified, sends);
    }
    assert_eq!(sealed.next().await.to, [JANE]);
    assert!(plain.unread().is_empty());
    let plainly = people::Smtp { host: "mail.example".into(), ..smtp(25) };
    assert!(people::Outbound::new(&[0; 32], false, Some(&plainly)).is_err());
}

#[tokio::test]
async fn nobody_else_sets_it_and_what_is_odd_is_named() {
    let mailbox = Mailbox::new();
    let world = world(&mailbox).await;
    let person = world.jane(CLINIC).await;
    let other = world.somebody_else(CLINIC).await;
    let jane = bind(&world, CLINIC, person, "jane").await;
    let john = bind(&world, CLINIC, other, "john").await;
    let added = world.staff(CLINIC).add_representative(guardian(person)).await.unwrap();
    let aunt = world.individual("aunt", Role::Representative);
    aunt.accept(&added.code).await.unwrap();
    let app = Receiver::new().await;
    for (by, code) in [
        (&john, Code::NotFound),
        (&world.person("nobody"), Code::NotFound),
        (&aunt, Code::PermissionDenied),
        (&world.staff(CLINIC), Code::PermissionDenied),
    ] {
        let refused = world.try_set(by, setting(person, hook(&app))).await.err().unwrap();
        assert_eq!(refused.code(), code);
        assert_eq!(world.deliveries(by, person).await.unwrap_err().code(), code);
        let ended = world.end_delivery(by, person, Way::Webhook).await;
        assert_eq!(ended.unwrap_err().code(), code);
        assert_eq!(world.give_code(by, person, "AAAA2222").await.unwrap_err().code(), code);
    }
    let url = |url: &str| pb::NoticeDelivery { url: url.into(), ..hook(&app) };
    for (delivery, named) in [
        (url("http://example.org/"), "delivery.url"),
        (url("https://10.0.0.1/"), "delivery.url"),
        (url(""), "delivery.url"),
        (url(&format!("https://example.org/{}", "x".repeat(481))), "delivery.url"),
        (pb::NoticeDelivery { email: JANE.into(), ..hook(&app) }, "delivery.email"),
        (pb::NoticeDelivery { email: "jane".into(), ..mail() }, "delivery.email delivery.email"),
        (pb::NoticeDelivery { email: String::new(), ..mail() }, "delivery.email"),
        (
            pb::NoticeDelivery { email: "a@b\r\nBcc: c@d".into(), ..mail() },
            "delivery.email delivery.email",
        ),
        (pb::NoticeDelivery { url: app.url.clone(), ..mail() }, "delivery.url"),
        (pb::NoticeDelivery { safe_way: true, ..mail() }, "delivery.safe_way"),
        (pb::NoticeDelivery { time_zone: "Nowhere/Atall".into(), ..mail() }, "delivery.time_zone"),
        (pb::NoticeDelivery { way: 0, ..mail() }, "delivery.way delivery.way"),
    ] {
        let odd = world.try_set(&jane, setting(person, delivery)).await.err().unwrap();
        assert_eq!((odd.code(), &*field(&odd)), (Code::InvalidArgument, named));
    }
    // Where there is no mail server, and where there is no way at all.
    for offered in [true, false] {
        let world = World::new().await;
        if offered {
            world.deliver(None);
        }
        let person = world.jane(CLINIC).await;
        let jane = bind(&world, CLINIC, person, "jane").await;
        let odd = world.try_set(&jane, setting(person, mail())).await.err().unwrap();
        assert_eq!((odd.code(), &*field(&odd)), (Code::InvalidArgument, "delivery.way"));
        assert_eq!(world.try_set(&jane, setting(person, hook(&app))).await.is_ok(), offered);
    }
}

#[tokio::test]
async fn a_request_is_done_once_and_replaces_what_was_read() {
    let mut mailbox = Mailbox::new();
    let world = world(&mailbox).await;
    let person = world.jane(CLINIC).await;
    let jane = bind(&world, CLINIC, person, "jane").await;
    let app = Receiver::new().await;
    let request = setting(person, hook(&app));
    let first = world.try_set(&jane, request.clone()).await.unwrap();
    assert!(
        world.try_set(&jane, request.clone()).await.unwrap() == first,
        "the same, and its secret"
    );
    let mailed = setting(person, mail());
    world.try_set(&jane, mailed.clone()).await.unwrap();
    world.try_set(&jane, mailed).await.unwrap();
    let code = mailbox.next().await.code();
    assert!(mailbox.unread().is_empty(), "one code");
    let confirming = pb::ConfirmNoticeDeliveryRequest {
        request_id: Uuid::new_v4().to_string(),
        person: format!("people/{person}"),
        code,
    };
    for _ in 0..2 {
        let mut client = PeopleServiceClient::new(world.channel.clone());
        let reply = client.confirm_notice_delivery(jane.request(confirming.clone())).await;
        assert_eq!(reply.unwrap().into_inner().delivery.unwrap().state(), State::Active);
    }
    let with = |etag: &str| pb::SetNoticeDeliveryRequest {
        etag: etag.to_owned(),
        ..setting(person, hook(&app))
    };
    let second = world.try_set(&jane, with(&first.0.etag)).await.unwrap();
    assert_ne!(second.1, first.1, "another secret");
    let stale = world.try_set(&jane, with(&first.0.etag)).await.err().unwrap();
    assert_eq!(stale.code(), Code::Aborted);
    let all = world.deliveries(&jane, person).await.unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(all[1], second.0);
}

#[tokio::test]
async fn what_another_instance_has_taken_is_left_to_it_until_its_time_is_over() {
    let mut mailbox = Mailbox::new();
    let world = world(&mailbox).await;
    let person = world.jane(CLINIC).await;
    let jane = bind(&world, CLINIC, person, "jane").await;
    let mut app = Receiver::new().await;
    world.set_delivery(&jane, person, hook(&app)).await;
    world.mails(&jane, person, &mut mailbox).await;
    let taken =
        "UPDATE notice_delivery SET deliverer = gen_random_uuid(), lease_until = $1 WHERE way = 2";
    let until = world.now() + Duration::minutes(1);
    sqlx::query(taken).bind(until).execute(&mut world.admin().await).await.unwrap();
    world.noticed(1, person).await;
    mailbox.next().await;
    assert!(app.unread().is_empty());
    world.clock.advance(Duration::minutes(1));
    app.next().await;
    let name = shown(&world, "jane", person, Way::Webhook).await.name;
    world.looked_at(&name).await;
    assert!(app.unread().is_empty() && mailbox.unread().is_empty());
}
