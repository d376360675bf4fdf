//! Notices reach people outside their boxes where they asked for it: content-free, and by the rules of safe contact.

use testkit::{fakes::until, receiver::Receiver};
use time::Duration;
use tonic::Status;
use uuid::Uuid;
use wire::{
    convert::timestamp,
    people::v1::{
        self as pb, DeliveryState as State, DeliveryWay as Way,
        people_service_client::PeopleServiceClient,
    },
};

use crate::{
    mailbox::Mailbox,
    notices::bind,
    notify::{EMERGENCY, dealt_with, tell},
    preferences::set,
    world::{CLINIC, Client, World},
};

pub const JANE: &str = "jane@mail.example";

/// One whose messages go to this mail server.
pub async fn world(mail: &Mailbox) -> World {
    let world = World::new().await;
    world.deliver(Some(smtp(mail.port)));
    world
}

pub fn smtp(port: u16) -> people::Smtp {
    people::Smtp {
        host: "127.0.0.1".into(),
        port,
        security: people::SmtpSecurity::None,
        ca: None,
        credentials: None,
        from: "post@mail.test".into(),
        sender_name: "Post".into(),
    }
}

pub fn mail() -> pb::NoticeDelivery {
    pb::NoticeDelivery { way: Way::Email.into(), email: JANE.into(), ..Default::default() }
}

pub fn hook(receiver: &Receiver) -> pb::NoticeDelivery {
    let url = receiver.url.clone();
    pb::NoticeDelivery { way: Way::Webhook.into(), url, ..Default::default() }
}

pub fn setting(person: Uuid, delivery: pb::NoticeDelivery) -> pb::SetNoticeDeliveryRequest {
    pb::SetNoticeDeliveryRequest {
        request_id: Uuid::new_v4().to_string(),
        person: format!("people/{person}"),
        delivery: Some(delivery),
        etag: String::new(),
    }
}

impl World {
    fn people(&self) -> PeopleServiceClient<tonic::transport::Channel> {
        PeopleServiceClient::new(self.channel.clone())
    }

    pub async fn try_set(
        &self,
        by: &Client,
        message: pb::SetNoticeDeliveryRequest,
    ) -> Result<(pb::NoticeDelivery, String), Status> {
        let reply = self.people().set_notice_delivery(by.request(message)).await?.into_inner();
        Ok((reply.delivery.unwrap(), reply.secret))
    }

    pub async fn set_delivery(
        &self,
        by: &Client,
        person: Uuid,
        delivery: pb::NoticeDelivery,
    ) -> (pb::NoticeDelivery, String) {
        self.try_set(by, setting(person, delivery)).await.unwrap()
    }

    pub async fn give_code(
        &self,
        by: &Client,
        person: Uuid,
        code: &str,
    ) -> Result<pb::NoticeDelivery, Status> {
        let message = pb::ConfirmNoticeDeliveryRequest {
            request_id: Uuid::new_v4().to_string(),
            person: format!("people/{person}"),
            code: code.to_owned(),
        };
        let reply = self.people().confirm_notice_delivery(by.request(message)).await?;
        Ok(reply.into_inner().delivery.unwrap())
    }

    pub async fn deliveries(
        &self,
        by: &Client,
        person: Uuid,
    ) -> Result<Vec<pb::NoticeDelivery>, Status> {
        let message = pb::ListNoticeDeliveriesRequest { person: format!("people/{person}") };
        let reply = self.people().list_notice_deliveries(by.request(message)).await?;
        Ok(reply.into_inner().deliveries)
    }

    pub async fn end_delivery(&self, by: &Client, person: Uuid, way: Way) -> Result<(), Status> {
        let message = pb::DeleteNoticeDeliveryRequest {
            request_id: Uuid::new_v4().to_string(),
            person: format!("people/{person}"),
            way: way.into(),
        };
        self.people().delete_notice_delivery(by.request(message)).await.map(drop)
    }

    /// Her address, confirmed.
    pub async fn mails(&self, by: &Client, person: Uuid, box_of: &mut Mailbox) {
        self.set_delivery(by, person, mail()).await;
        let code = box_of.next().await.code();
        self.give_code(by, person, &code).await.unwrap();
    }

    /// A notice, once it is there.
    pub async fn noticed(&self, sequence: i64, person: Uuid) {
        tell(self, sequence, person, EMERGENCY, &[CLINIC]);
        dealt_with(self, sequence).await;
    }

    /// Once nobody is at work: what was delivered is kept.
    pub async fn settled(&self) {
        let mut conn = self.admin().await;
        let sql = "SELECT NOT EXISTS (SELECT FROM notice_delivery WHERE deliverer IS NOT NULL)";
        until("settled", async || sqlx::query_scalar(sql).fetch_one(&mut conn).await.unwrap())
            .await;
    }

    /// Once what waits was looked at and nothing may be told of it now, or nothing is to be.
    pub async fn looked_at(&self, name: &str) {
        let id: Uuid = name.trim_start_matches("noticeDeliveries/").parse().unwrap();
        let (mut conn, now) = (self.admin().await, self.now());
        until("looked at", async || {
            sqlx::query_scalar(
                "SELECT deliverer IS NULL AND (next_attempt > $2 OR NOT waiting)
                 FROM notice_delivery WHERE id = $1",
            )
            .bind(id)
            .bind(now)
            .fetch_one(&mut conn)
            .await
            .unwrap()
        })
        .await;
    }
}

/// What nobody may read out of what leaves.
fn says_nothing(text: &str, person: Uuid) {
    let text = text.to_lowercase();
    for word in [
        "trellis",
        "jane roe",
        "roe",
        "emergency",
        "crisis",
        "court",
        "consent",
        "clinic",
        "agency",
        "agencies",
        "health",
        "care",
        "recovery",
        "treatment",
        "notice",
        "people/",
    ] {
        assert!(!text.contains(word), "{word}: {text}");
    }
    assert!(!text.contains(&person.to_string()) && !text.contains(&CLINIC.to_string()), "{text}");
}

#[tokio::test]
async fn a_notice_reaches_mail_and_app_and_what_leaves_says_nothing_of_it() {
    let mut mailbox = Mailbox::new();
    let world = world(&mailbox).await;
    let person = world.jane(CLINIC).await;
    let jane = bind(&world, CLINIC, person, "jane").await;
    let mut app = Receiver::new().await;
    let (set, secret) = world.set_delivery(&jane, person, mail()).await;
    assert_eq!((set.state(), &*set.email, &*secret), (State::Unconfirmed, JANE, ""));
    let coded = mailbox.next().await;
    let body = "Su c=C3=B3digo es ";
    assert!(coded.text.contains(body) && coded.text.contains("=?utf-8?"), "{}", coded.text);
    says_nothing(&coded.text, person);
    let confirmed = world.give_code(&jane, person, &coded.code().to_lowercase()).await.unwrap();
    assert_eq!((confirmed.state(), confirmed.name), (State::Active, set.name));
    let (hooked, secret) = world.set_delivery(&jane, person, hook(&app)).await;
    assert_eq!((hooked.state(), &*hooked.url, &secret[..6]), (State::Active, &*app.url, "whsec_"));

    world.noticed(1, person).await;
    let told = mailbox.next().await;
    assert_eq!(
        told.lines(),
        [
            "From: Post <post@mail.test>",
            "To: jane@mail.example",
            "Subject: Tiene un mensaje",
            "Auto-Submitted: auto-generated",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: 7bit",
            "",
            "Hay algo que espera por usted. Entre en su cuenta para verlo.",
        ]
    );
    says_nothing(&told.text, person);
    assert_eq!((&*told.hello, &*told.from), ("mail.test", "post@mail.test"));
    assert_eq!(told.to, [JANE]);
    let posted = app.next().await;
    let at = "2040-03-01T12:00:00Z";
    let whole = format!(r#"{{"type":"message.waiting","timestamp":"{at}","data":{{}}}}"#);
    assert_eq!(posted.body, whole);
    assert!(posted.signed_by(&secret));
    says_nothing(&format!("{:?}", posted.headers), person);
    assert_eq!(posted.headers["user-agent"], "webhooks/1");
    until("both to be told", async || {
        let shown = world.deliveries(&jane, person).await.unwrap();
        shown.iter().all(|one| one.last_delivery_time == Some(timestamp(world.now())))
    })
    .await;

    // In English, for whoever asks for nothing that there is.
    set_language(&world, &jane, person, "vi").await;
    world.clock.advance(Duration::HOUR);
    world.noticed(2, person).await;
    let english = mailbox.next().await;
    let expected = "Something is waiting for you. Sign in to your account to see it.";
    assert_eq!(
        english.lines()[2..],
        [
            "Subject: You have a message",
            "Auto-Submitted: auto-generated",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: 7bit",
            "",
            expected,
        ]
    );
    app.next().await;

    // What left is on record, and where it went is in no record and no kept answer.
    let events = world.ledger.follow(0, 1_000).await.unwrap();
    let events: Vec<_> = events.into_iter().filter_map(ledger::Followed::told).collect();
    let left = events.iter().filter(|(_, e)| &*e.rpc == "trellis.people/DeliverNotice");
    assert_eq!(left.clone().count(), 5, "a code, and two messages each way");
    assert!(left.clone().all(|(_, e)| e.person == Some(person) && e.records.len() == 1));
    let set = events.iter().filter(|(_, e)| e.rpc.ends_with("/SetNoticeDelivery"));
    assert_eq!(set.count(), 2);
    for (table, text) in [("audit_event", "detail"), ("request_log", "encode(answer, 'escape')")] {
        let sql = format!("SELECT count(*) FROM {table} WHERE {text} ~ 'mail.example|127.0.0.1'");
        let found: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .fetch_one(&mut world.admin().await)
            .await
            .unwrap();
        assert_eq!(found, 0, "{table}");
    }
}

async fn set_language(world: &World, by: &Client, person: Uuid, language: &str) {
    let language = language.to_owned();
    set(world, by, person, pb::Preferences { language, ..Default::default() }).await;
}
