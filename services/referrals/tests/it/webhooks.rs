//! Telling agencies by webhook.

use std::sync::atomic::Ordering;

use kernel::{Action, Clock as _, Kind, Purpose, Role};
use ledger::Outcome;
use policy::{Consent, ConsentType};
use serde_json::{Value, json};
use testkit::{
    fakes::{Logs, bearer, consent, permitting, until},
    receiver::{Answer, Delivery, Receiver},
};
use time::Duration;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};
use uuid::Uuid;
use wire::referrals::v1::{
    self as pb, ReferralState as S, WebhookFailure as Failure, WebhookStatus,
};

use crate::world::{
    ANA, CLINIC, HOUSING, OTHER, PROGRAMME, PURPOSES, REFUGE, Verb, World, fields, fresh, new,
    refused, staff,
};

type Registered = (pb::Webhook, String);

impl World {
    pub fn admin_of(&self, agency: Uuid) -> String {
        let purposes = [Purpose::CoordinationOfCare];
        self.sign_ins.staff(&staff(agency).roles([Role::AgencyAdmin]).purposes(purposes))
    }

    async fn try_register(&self, agency: Uuid, url: &str) -> Result<Registered, Status> {
        let request =
            pb::RegisterWebhookRequest { request_id: fresh().to_string(), url: url.to_owned() };
        self.register_as(&self.admin_of(agency), request).await
    }

    async fn register_as(
        &self,
        token: &str,
        request: pb::RegisterWebhookRequest,
    ) -> Result<Registered, Status> {
        let reply = self.client.clone().register_webhook(bearer(token, request)).await?;
        let reply = reply.into_inner();
        Ok((reply.webhook.unwrap(), reply.secret))
    }

    async fn register(&self, agency: Uuid, receiver: &Receiver) -> Registered {
        self.try_register(agency, &receiver.url).await.unwrap()
    }

    async fn webhook(&self, agency: Uuid, name: &str) -> Result<pb::Webhook, Status> {
        let request = pb::GetWebhookRequest { name: name.to_owned() };
        let request = bearer(&self.admin_of(agency), request);
        let reply = self.client.clone().get_webhook(request).await?;
        Ok(reply.into_inner().webhook.unwrap())
    }

    async fn replay(&self, agency: Uuid, name: &str, cursor: &str) -> Result<pb::Webhook, Status> {
        let request = pb::ReplayWebhookRequest {
            request_id: fresh().to_string(),
            name: name.to_owned(),
            cursor: cursor.to_owned(),
        };
        let request = bearer(&self.admin_of(agency), request);
        let reply = self.client.clone().replay_webhook(request).await?;
        Ok(reply.into_inner().webhook.unwrap())
    }

    async fn rotate(&self, agency: Uuid, name: &str) -> Result<Registered, Status> {
        let request = pb::RotateWebhookSecretRequest {
            request_id: fresh().to_string(),
            name: name.to_owned(),
        };
        let request = bearer(&self.admin_of(agency), request);
        let reply = self.client.clone().rotate_webhook_secret(request).await?.into_inner();
        Ok((reply.webhook.unwrap(), reply.secret))
    }

    async fn delete(&self, agency: Uuid, name: &str) -> Result<(), Status> {
        let request =
            pb::DeleteWebhookRequest { request_id: fresh().to_string(), name: name.to_owned() };
        let request = bearer(&self.admin_of(agency), request);
        self.client.clone().delete_webhook(request).await.map(|_| ())
    }

    /// Once a delivery that failed is on record.
    async fn failed(&self, agency: Uuid, name: &str, failures: i32) -> pb::Webhook {
        let mut found = None;
        until("a failure", async || {
            let webhook = self.webhook(agency, name).await.unwrap();
            let done = webhook.failures == failures;
            found = Some(webhook);
            done
        })
        .await;
        found.unwrap()
    }

    fn now(&self) -> i64 {
        self.clock.now().unix_timestamp()
    }

    /// As long as looking for what is to be told takes, twice.
    async fn feed_looks(&self) {
        tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
    }

    /// Nobody delivers, and nothing waits to be delivered.
    async fn delivered(&self, webhook: &str) {
        let id: Uuid = webhook.trim_start_matches("webhooks/").parse().unwrap();
        let mut conn = self.admin().await;
        until("all to be delivered", async || {
            sqlx::query_scalar(
                "SELECT w.deliverer IS NULL AND NOT EXISTS (SELECT FROM referral_event e
                    WHERE e.seq > w.reached AND w.agency IN (e.source_id, e.target_id)
                        AND (e.for_agency IS NULL OR e.for_agency = w.agency))
                 FROM webhook w WHERE w.id = $1",
            )
            .bind(id)
            .fetch_one(&mut conn)
            .await
            .unwrap()
        })
        .await;
    }
}

fn state(delivery: &Delivery, name: &str, state: &str) {
    let told = delivery.told();
    assert_eq!((&*told.0, &*told.1, &*told.2), ("STATE", name, state));
}

#[tokio::test]
async fn an_agency_is_told_in_order_and_each_delivery_is_signed() {
    let world = World::agreed().await;
    let before = world.sent().await;
    let mut receiver = Receiver::new().await;
    let (webhook, secret) = world.register(HOUSING, &receiver).await;
    assert_eq!((webhook.status(), &*webhook.url), (WebhookStatus::Active, &*receiver.url));
    assert_eq!(webhook.purposes().collect::<Vec<_>>().len(), 1);
    let mut expected = Vec::new();
    for _ in 0..5 {
        let sent = world.sent().await;
        world.go(Verb::Accept, HOUSING, &sent.name).await.unwrap();
        expected.push((sent.name.clone(), "requested"));
        expected.push((sent.name, "accepted"));
    }
    let mut seen = Vec::new();
    for (name, now) in &expected {
        let delivery = receiver.next().await;
        state(&delivery, name, now);
        assert!(delivery.target.starts_with("POST /hooks?of=ours "), "{}", delivery.target);
        assert_eq!(delivery.headers["content-type"], "application/json");
        let at: i64 = delivery.headers["webhook-timestamp"].parse().unwrap();
        assert_eq!(at, world.now());
        let json = delivery.json();
        assert_eq!(json["type"], "referral.changed");
        assert_eq!(json["timestamp"], "2041-03-01T12:00:00Z");
        let mut keys: Vec<_> = json["data"].as_object().unwrap().keys().collect();
        keys.sort();
        assert_eq!(keys, ["cursor", "kind", "referral", "state"], "ids and states, no content");
        assert!(delivery.signed_by(&secret));
        let mut tampered = delivery.clone();
        tampered.body = tampered.body.replace(now, "completed");
        assert!(!tampered.signed_by(&secret));
        let mut later = delivery.clone();
        later.headers.insert("webhook-timestamp".to_owned(), (at + 1).to_string());
        assert!(!later.signed_by(&secret));
        seen.push(delivery.id().to_owned());
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), expected.len(), "each event has an id of its own");
    world.delivered(&webhook.name).await;
    assert!(receiver.unread().is_empty(), "what was before it was registered is not told");
    // From the beginning, with the same ids.
    world.replay(HOUSING, &webhook.name, "").await.unwrap();
    state(&receiver.next().await, &before.name, "requested");
    let mut again = Vec::new();
    for (name, now) in &expected {
        let delivery = receiver.next().await;
        state(&delivery, name, now);
        again.push(delivery.id().to_owned());
    }
    again.sort();
    assert_eq!(again, seen);
}

#[tokio::test]
async fn what_was_delivered_is_on_record_as_told_to_the_agency() {
    let world = World::agreed().await;
    let mut receiver = Receiver::new().await;
    let (webhook, _) = world.register(HOUSING, &receiver).await;
    let sent = world.sent().await;
    let before = world.stage.events().await.len();
    receiver.next().await;
    world.delivered(&webhook.name).await;
    let events = world.stage.events().await;
    let registered = events.iter().find(|e| e.rpc.ends_with("/RegisterWebhook")).unwrap();
    let id: Uuid = webhook.name.trim_start_matches("webhooks/").parse().unwrap();
    assert_eq!((&*registered.records, registered.person), (&[id][..], None));
    let told: Vec<_> = events.iter().filter(|e| &*e.rpc == "trellis.referrals/Webhook").collect();
    let [told] = &*told else { panic!("{events:?}") };
    assert!(before <= events.len());
    assert_eq!((&*told.caller.kind, told.caller.agency), ("SERVICE", Some(HOUSING)));
    assert_eq!(&*told.caller.subject, &*webhook.name);
    assert_eq!((told.outcome, told.person), (Outcome::Permit, Some(ANA)));
    assert_eq!(told.purposes, [Purpose::CoordinationOfCare].into());
    let referral: Uuid = sent.name.trim_start_matches("referrals/").parse().unwrap();
    assert_eq!((told.records.as_slice(), told.consents.len()), (&[referral][..], 1));
    for write in ["Replay", "Rotate", "Delete"] {
        match write {
            "Replay" => drop(world.replay(HOUSING, &webhook.name, "").await.unwrap()),
            "Rotate" => drop(world.rotate(HOUSING, &webhook.name).await.unwrap()),
            _ => world.delete(HOUSING, &webhook.name).await.unwrap(),
        }
        let events = world.stage.events().await;
        let found = events
            .iter()
            .filter(|e| e.rpc.contains(&format!("ReferralsService/{write}")) && e.records == [id]);
        assert_eq!(found.count(), 1, "{write}");
    }
}

#[tokio::test]
async fn what_fails_is_tried_again_later_with_the_same_id_and_keeps_what_follows_waiting() {
    let world = World::agreed().await;
    let mut receiver = Receiver::new().await;
    receiver.answers([
        Answer::Status(500),
        Answer::Drop,
        Answer::With(429, "retry-after", "1200".to_owned()),
    ]);
    let (webhook, _) = world.register(HOUSING, &receiver).await;
    let sent = world.sent().await;
    world.go(Verb::Accept, HOUSING, &sent.name).await.unwrap();
    let waits = [Duration::seconds(7), Duration::minutes(7), Duration::minutes(40)];
    let failures = [Failure::ReceiverFault, Failure::Connection, Failure::Refused];
    let mut ids = Vec::new();
    let begun = world.clock.now();
    for (n, (wait, failure)) in (1..).zip(waits.into_iter().zip(failures)) {
        let delivery = receiver.next().await;
        state(&delivery, &sent.name, "requested");
        ids.push(delivery.id().to_owned());
        let shown = world.failed(HOUSING, &webhook.name, n).await;
        assert_eq!((shown.last_failure(), shown.status()), (failure, WebhookStatus::Active));
        assert_eq!(shown.failing_since, Some(wire::convert::timestamp(begun)));
        let next = shown.next_attempt_time.unwrap().seconds - world.now();
        assert!(next > 0 && next <= wait.whole_seconds(), "{next}");
        if failure == Failure::Refused {
            assert!(next >= 1_200, "as long as it asks for");
        }
        assert!(receiver.unread().is_empty());
        world.clock.advance(wait);
    }
    let delivery = receiver.next().await;
    ids.push(delivery.id().to_owned());
    state(&delivery, &sent.name, "requested");
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
    state(&receiver.next().await, &sent.name, "accepted");
    world.delivered(&webhook.name).await;
    let shown = world.webhook(HOUSING, &webhook.name).await.unwrap();
    assert_eq!((shown.failures, shown.failing_since), (0, None));
    assert_eq!(shown.last_delivery_time, Some(wire::convert::timestamp(world.clock.now())));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let world = World::agreed().await;
    let (mut receiver, elsewhere) = (Receiver::new().await, Receiver::new().await);
    receiver.answers([Answer::With(307, "location", elsewhere.url.clone())]);
    let (webhook, _) = world.register(HOUSING, &receiver).await;
    world.sent().await;
    receiver.next().await;
    let shown = world.failed(HOUSING, &webhook.name, 1).await;
    assert_eq!(shown.last_failure(), Failure::Redirect);
    assert_eq!(elsewhere.all.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_never_delivered_to_again() {
    let world = World::agreed().await;
    let mut receiver = Receiver::new().await;
    receiver.answers([Answer::Status(410)]);
    let (webhook, _) = world.register(HOUSING, &receiver).await;
    world.sent().await;
    receiver.next().await;
    let shown = world.failed(HOUSING, &webhook.name, 1).await;
    assert_eq!((shown.status(), shown.last_failure()), (WebhookStatus::Gone, Failure::Gone));
    let code = Code::FailedPrecondition;
    refused(world.replay(HOUSING, &webhook.name, "").await, code, "WRONG_STATE");
    refused(world.rotate(HOUSING, &webhook.name).await, code, "WRONG_STATE");
    // Others of the agency go on: what they get shows that it was its turn, too.
    let mut other = Receiver::new().await;
    world.register(HOUSING, &other).await;
    world.clock.advance(Duration::DAY);
    world.sent().await;
    other.next().await;
    assert!(receiver.unread().is_empty());
}

#[tokio::test]
async fn what_fails_for_three_days_is_disabled_until_it_is_replayed() {
    let world = World::agreed().await;
    let mut receiver = Receiver::new().await;
    receiver.answers(vec![Answer::Status(503); 3]);
    let (webhook, _) = world.register(HOUSING, &receiver).await;
    let sent = world.sent().await;
    receiver.next().await;
    world.failed(HOUSING, &webhook.name, 1).await;
    world.clock.advance(Duration::days(3) - Duration::SECOND);
    receiver.next().await;
    assert_eq!(world.failed(HOUSING, &webhook.name, 2).await.status(), WebhookStatus::Active);
    world.clock.advance(Duration::HOUR);
    receiver.next().await;
    let shown = world.failed(HOUSING, &webhook.name, 3).await;
    assert_eq!((shown.status(), shown.next_attempt_time), (WebhookStatus::Disabled, None));
    assert!(shown.failing_since.is_some());
    world.clock.advance(Duration::days(30));
    world.go(Verb::Accept, HOUSING, &sent.name).await.unwrap_or_else(|_| sent.clone());
    let shown = world.replay(HOUSING, &webhook.name, "").await.unwrap();
    assert_eq!((shown.status(), shown.failures), (WebhookStatus::Active, 0));
    state(&receiver.next().await, &sent.name, "requested");
}

#[tokio::test]
async fn a_replay_goes_on_after_a_cursor_of_the_agencys_own() {
    let world = World::agreed().await;
    let mut receiver = Receiver::new().await;
    let (webhook, _) = world.register(HOUSING, &receiver).await;
    let (first, second) = (world.sent().await, world.sent().await);
    let cursor = receiver.next().await.data("cursor");
    receiver.next().await;
    world.delivered(&webhook.name).await;
    world.replay(HOUSING, &webhook.name, &cursor).await.unwrap();
    state(&receiver.next().await, &second.name, "requested");
    world.delivered(&webhook.name).await;
    assert!(receiver.unread().is_empty());
    // The Watch takes a delivery's cursor, and a replay the Watch's.
    let mut watch = world.watch_from(HOUSING, &cursor).await.unwrap();
    watch.is_told(&second.name, S::Requested).await;
    let of_watch = world.watch(HOUSING).await.next().await;
    assert_eq!(of_watch.referral, first.name);
    world.replay(HOUSING, &webhook.name, &of_watch.cursor).await.unwrap();
    state(&receiver.next().await, &second.name, "requested");
    let code = Code::OutOfRange;
    let clinics = world.watch(CLINIC).await.next().await.cursor;
    for odd in ["x", &clinics, &cursor[1..]] {
        refused(world.replay(HOUSING, &webhook.name, odd).await, code, "CURSOR_EXPIRED");
    }
}

#[tokio::test]
async fn what_the_agency_may_read_no_more_is_withdrawn_and_nothing_else_is_told() {
    let world = World::agreed().await;
    let mut receiver = Receiver::new().await;
    let (webhook, _) = world.register(HOUSING, &receiver).await;
    let sent = world.sent().await;
    state(&receiver.next().await, &sent.name, "requested");
    world.delivered(&webhook.name).await;
    world.revoke(ANA);
    world.reconcile(ANA).await;
    let (kind, name, state) = receiver.next().await.told();
    assert_eq!((&*kind, &name, &*state), ("WITHDRAWN", &sent.name, ""));
    // Refused before anybody has dealt with the end of the consent: withdrawn then.
    world.agree(ANA, CLINIC, HOUSING);
    world.reconcile(ANA).await;
    assert_eq!(receiver.next().await.told().0, "STATE");
    receiver.answers([Answer::Status(500)]);
    let late = world.sent().await;
    receiver.next().await;
    world.failed(HOUSING, &webhook.name, 1).await;
    world.revoke(ANA);
    world.clock.advance(Duration::MINUTE);
    let (kind, name, _) = receiver.next().await.told();
    assert_eq!((&*kind, &name), ("WITHDRAWN", &late.name));
    world.reconcile(ANA).await;
    let (kind, name, _) = receiver.next().await.told();
    assert_eq!((&*kind, &name), ("WITHDRAWN", &sent.name));
}

#[tokio::test]
async fn what_a_programme_sent_is_told_with_the_short_notice_and_its_consent() {
    let world = World::new().await;
    let actions = [Action::Read, Action::Transition, Action::Refer];
    let mut rule = permitting(PROGRAMME, HOUSING, PURPOSES, actions);
    rule.kinds = Some([Kind::Referral].into());
    let (signed, now) = (fresh(), world.clock.now());
    world.consents.give(Consent {
        effective: Some(now),
        expires: Some(now + Duration::days(30)),
        never_expires: false,
        ..consent(ANA, signed, rule)
    });
    let (mut programme, mut housing) = (Receiver::new().await, Receiver::new().await);
    world.register(PROGRAMME, &programme).await;
    world.register(HOUSING, &housing).await;
    let asked = pb::CreateReferralRequest { send: true, ..new(ANA, HOUSING) };
    let sent = world.create(PROGRAMME, asked).await.unwrap();
    let delivery = housing.next().await;
    state(&delivery, &sent.name, "requested");
    let expected = json!({
        "notice": {
            "version": "2.32(a)(2)/2024",
            "language": "en",
            "text": "42 CFR part 2 prohibits unauthorized use or disclosure of these records.",
        },
        "redisclosure": "PROHIBITED",
        "basis": [format!("consents/{signed}")],
        "scope": [{
            "consent": format!("consents/{signed}"),
            "purposes": ["TREAT", "COC"],
            "kinds": ["REFERRAL"],
            "until": "2041-03-31T12:00:00Z",
        }],
    });
    assert_eq!(delivery.json()["data"]["disclosure"], expected);
    assert!(!delivery.body.contains("what the person signed"), "no words of theirs");
    // To its source without, and nothing goes with a withdrawal.
    let own = programme.next().await;
    state(&own, &sent.name, "requested");
    assert_eq!(own.json()["data"]["disclosure"], Value::Null);
    world.revoke(ANA);
    world.reconcile(ANA).await;
    let gone = housing.next().await;
    assert_eq!(gone.told().0, "WITHDRAWN");
    assert_eq!(gone.json()["data"]["disclosure"], Value::Null);
}

#[tokio::test]
async fn what_a_refuge_sent_is_told_with_that_it_may_not_be_passed_on() {
    let world = World::new().await;
    let actions = [Action::Read, Action::Transition, Action::Refer];
    let mut rule = permitting(REFUGE, HOUSING, PURPOSES, actions);
    rule.kinds = Some([Kind::Referral].into());
    let (id, effective) = (fresh(), Some(world.clock.now()));
    let kind = ConsentType::VictimServicesRelease;
    world.consents.give(Consent { kind, effective, ..consent(ANA, id, rule) });
    let mut housing = Receiver::new().await;
    world.register(HOUSING, &housing).await;
    let asked = pb::CreateReferralRequest { send: true, ..new(ANA, HOUSING) };
    let sent = world.create(REFUGE, asked).await.unwrap();
    let delivery = housing.next().await;
    state(&delivery, &sent.name, "requested");
    let expected = json!({"redisclosure": "PROHIBITED", "basis": [format!("consents/{id}")]});
    assert_eq!(delivery.json()["data"]["disclosure"], expected);
}

#[tokio::test]
async fn what_a_target_may_not_read_it_is_not_told() {
    let world = World::new().await;
    world.permit(ANA, CLINIC, HOUSING, &[kernel::Action::Refer]);
    let (mut housing, mut clinic) = (Receiver::new().await, Receiver::new().await);
    let (webhook, _) = world.register(HOUSING, &housing).await;
    world.register(CLINIC, &clinic).await;
    let mut other = Receiver::new().await;
    world.register(OTHER, &other).await;
    let sent = world.sent().await;
    state(&clinic.next().await, &sent.name, "requested");
    world.delivered(&webhook.name).await;
    assert!(housing.unread().is_empty() && other.unread().is_empty());
}

#[tokio::test]
async fn a_suspended_agency_is_told_nothing_and_all_of_it_once_it_is_reinstated() {
    let world = World::agreed().await;
    let mut receiver = Receiver::new().await;
    let (webhook, _) = world.register(HOUSING, &receiver).await;
    let first = world.sent().await;
    state(&receiver.next().await, &first.name, "requested");
    world.delivered(&webhook.name).await;
    world.suspend(HOUSING, true);
    // The clinic's deliveries show that there were looks meanwhile.
    let mut clinic = Receiver::new().await;
    world.register(CLINIC, &clinic).await;
    world.go(Verb::Cancel, CLINIC, &first.name).await.unwrap();
    clinic.next().await;
    world.clock.advance(Duration::DAY);
    world.feed_looks().await;
    assert!(receiver.unread().is_empty());
    assert_eq!(world.webhook(HOUSING, &webhook.name).await.unwrap().failures, 0);
    world.suspend(HOUSING, false);
    state(&receiver.next().await, &first.name, "cancelled");
}

#[tokio::test]
async fn of_several_replicas_one_delivers_and_nothing_is_lost_or_out_of_order() {
    let world = World::agreed().await;
    let mut receiver = Receiver::new().await;
    let _others = [world.another(world.deps.clone()), world.another(world.deps.clone())];
    let (webhook, _) = world.register(HOUSING, &receiver).await;
    let mut expected = Vec::new();
    for _ in 0..60 {
        expected.push(world.sent().await.name);
    }
    for name in &expected {
        state(&receiver.next().await, name, "requested");
    }
    world.delivered(&webhook.name).await;
    assert!(receiver.unread().is_empty());
    assert_eq!(receiver.most.load(Ordering::SeqCst), 1, "one at a time");
}

#[tokio::test]
async fn what_a_replica_was_delivering_when_it_stopped_the_next_delivers_again() {
    let world = World::agreed().await;
    let mut receiver = Receiver::new().await;
    receiver.answers([Answer::Status(200), Answer::Hang]);
    let (webhook, _) = world.register(HOUSING, &receiver).await;
    let (first, second) = (world.sent().await, world.sent().await);
    state(&receiver.next().await, &first.name, "requested");
    let begun = receiver.next().await;
    state(&begun, &second.name, "requested");
    // It has not been answered: stopped now, it may or may not have been heard.
    let stop = CancellationToken::new();
    let next = world.another(rpc::Deps { stop: stop.clone(), ..world.deps.clone() });
    world.deps.stop.cancel();
    let again = receiver.next().await;
    assert_eq!((again.id(), again.told()), (begun.id(), begun.told()));
    world.delivered(&webhook.name).await;
    assert!(receiver.unread().is_empty());
    stop.cancel();
    drop(next);
}

#[tokio::test]
async fn what_a_replica_died_over_is_delivered_once_its_time_is_over() {
    let world = World::agreed().await;
    let mut receiver = Receiver::new().await;
    let (webhook, _) = world.register(HOUSING, &receiver).await;
    let first = world.sent().await;
    state(&receiver.next().await, &first.name, "requested");
    world.delivered(&webhook.name).await;
    // Killed with kill -9 after it had taken the webhook: it lets nothing go.
    let dead = "UPDATE webhook SET deliverer = '00000000-0000-4000-8000-00000000dead',
        lease_until = '2041-03-01 12:01 UTC'";
    sqlx::raw_sql(dead).execute(&mut world.admin().await).await.unwrap();
    let second = world.sent().await;
    world.feed_looks().await;
    assert!(receiver.unread().is_empty());
    world.clock.advance(Duration::seconds(61));
    state(&receiver.next().await, &second.name, "requested");
}

#[tokio::test]
async fn a_secret_is_rotated_with_both_for_a_day_and_kept_nowhere() {
    let logs = Logs::listen();
    let world = World::agreed().await;
    let mut receiver = Receiver::new().await;
    let token = world.admin_of(HOUSING);
    let request =
        pb::RegisterWebhookRequest { request_id: fresh().to_string(), url: receiver.url.clone() };
    let (webhook, first) = world.register_as(&token, request.clone()).await.unwrap();
    let again = world.register_as(&token, request.clone()).await.unwrap();
    assert_eq!(again, (webhook.clone(), first.clone()), "a repeat is answered the same");
    let other = pb::RegisterWebhookRequest { url: "https://example.org/".to_owned(), ..request };
    refused(world.register_as(&token, other).await, Code::FailedPrecondition, "REQUEST_ID_REUSED");
    world.sent().await;
    assert!(receiver.next().await.signed_by(&first));
    let (rotated, second) = world.rotate(HOUSING, &webhook.name).await.unwrap();
    assert_eq!(rotated.secret_generation, 2);
    assert!(rotated.previous_secret_until.is_some() && first != second);
    world.sent().await;
    let both = receiver.next().await;
    assert!(both.signed_by(&first) && both.signed_by(&second));
    world.clock.advance(Duration::DAY + Duration::SECOND);
    world.sent().await;
    let one = receiver.next().await;
    assert!(!one.signed_by(&first) && one.signed_by(&second));
    let shown = world.webhook(HOUSING, &webhook.name).await.unwrap();
    assert_eq!(shown.previous_secret_until, None);
    let mut conn = world.admin().await;
    for secret in [&first, &second] {
        let bare = secret.trim_start_matches("whsec_");
        assert!(!logs.text().contains(bare));
        let raw = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, bare);
        let raw = raw.unwrap();
        let kept: i64 = sqlx::query_scalar(
            "SELECT (SELECT count(*) FROM request_log WHERE position($1 IN answer) > 0
                OR position($2 IN answer) > 0)
                + (SELECT count(*) FROM webhook w WHERE position($3 IN w::text) > 0)
                + (SELECT count(*) FROM audit_event a WHERE position($3 IN a.detail) > 0)",
        )
        .bind(bare.as_bytes())
        .bind(&raw)
        .bind(bare)
        .fetch_one(&mut conn)
        .await
        .unwrap();
        assert_eq!(kept, 0);
    }
}

#[tokio::test]
async fn webhooks_are_an_agencys_own_and_five_at_most() {
    let world = World::agreed().await;
    let mut names = Vec::new();
    for n in 0..5 {
        let url = format!("https://example.org/{n}");
        names.push(world.try_register(HOUSING, &url).await.unwrap().0.name);
        world.clock.advance(Duration::SECOND);
    }
    let sixth = world.try_register(HOUSING, "https://example.org/").await;
    refused(sixth.map(|_| ()), Code::ResourceExhausted, "LIMIT_EXCEEDED");
    world.try_register(CLINIC, "https://example.org/").await.unwrap();
    let never = format!("webhooks/{}", fresh());
    for name in [&names[0], &never] {
        let code = Code::NotFound;
        refused(world.webhook(CLINIC, name).await, code, "NOT_FOUND");
        refused(world.replay(CLINIC, name, "").await, code, "NOT_FOUND");
        refused(world.rotate(CLINIC, name).await.map(|_| ()), code, "NOT_FOUND");
        refused(world.delete(CLINIC, name).await, code, "NOT_FOUND");
    }
    world.delete(HOUSING, &names[1]).await.unwrap();
    refused(world.webhook(HOUSING, &names[1]).await, Code::NotFound, "NOT_FOUND");
    let client = &mut world.client.clone();
    let mut listed = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = pb::ListWebhooksRequest { page_size: 3, page_token };
        let reply = client.list_webhooks(bearer(&world.admin_of(HOUSING), request)).await;
        let reply = reply.unwrap().into_inner();
        listed.extend(reply.webhooks.into_iter().map(|webhook| webhook.name));
        page_token = reply.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    names.remove(1);
    names.reverse();
    assert_eq!(listed, names);
    world.try_register(HOUSING, "https://example.org/").await.unwrap();
    let manager = world.staff(HOUSING);
    let request =
        pb::RegisterWebhookRequest { request_id: fresh().to_string(), url: String::new() };
    let answer = world.register_as(&manager, request).await;
    refused(answer.map(|_| ()), Code::PermissionDenied, "ROLE_NOT_ADMITTED");
}

#[tokio::test]
async fn where_nothing_is_delivered_to_is_refused_at_once_or_at_the_delivery() {
    let world = World::agreed().await;
    for url in [
        "",
        "example.org",
        "http://example.org/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::ffff:127.0.0.1]/",
        "https://user@example.org/",
        "https://example.org:25/",
        "https://example.org/\u{e9}",
        &format!("https://example.org/{}", "x".repeat(500)),
    ] {
        let status = world.try_register(HOUSING, url).await.unwrap_err();
        assert!(fields(&status).iter().all(|field| field == "url"), "{url}");
    }
    // A name is looked up at each delivery: what it leads to is refused, and nothing is connected to.
    let receiver = Receiver::new().await;
    let stop = CancellationToken::new();
    let strict = rpc::Deps { stop: stop.clone(), ..world.deps.clone() };
    world.deps.stop.cancel();
    let _strict = world.another_that(strict, false);
    let url = format!("https://localhost:{}/", receiver.port);
    let (webhook, _) = world.try_register(HOUSING, &url).await.unwrap();
    let nowhere = world.try_register(HOUSING, "https://nowhere.invalid/").await.unwrap().0;
    world.sent().await;
    let shown = world.failed(HOUSING, &webhook.name, 1).await;
    assert_eq!(shown.last_failure(), Failure::AddressRefused);
    let shown = world.failed(HOUSING, &nowhere.name, 1).await;
    assert_eq!(shown.last_failure(), Failure::NameNotFound);
    // Registered where this machine was allowed, and delivered where it no longer is.
    let (plain, _) = world.register(HOUSING, &receiver).await;
    world.sent().await;
    let shown = world.failed(HOUSING, &plain.name, 1).await;
    assert_eq!(shown.last_failure(), Failure::AddressRefused);
    assert_eq!(receiver.all.load(Ordering::SeqCst), 0);
    stop.cancel();
}
