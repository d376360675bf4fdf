//! Tells people outside their boxes that something waits, where they asked for it: one replica at a time for each
//! delivery, at least once, and at most one message an hour. The rule of contact is asked in the transaction that
//! takes it, and what leaves is on record there before it leaves. A message says nothing of anybody.

mod mail;
mod text;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use ::webhook::{Addressed, Failed, Failure, Message, Webhooks, wait};
use kernel::{Instant, Kind, PersonId};
use permit::ByNetwork;
use pg::StoreError;
use serde::Serialize;
use tokio::{
    task::{self, JoinSet},
    time::MissedTickBehavior,
};
use uuid::Uuid;

pub use mail::{Smtp, SmtpSecurity, WrongSmtp};

use crate::{
    App,
    domain::{Delivery, ShortCode, Way},
    store::outbox::{self, Taken, Turn},
};
use mail::Mailer;
use text::Text;

/// As audit records name it.
const TASK: &str = "trellis.people/DeliverNotice";
/// As receivers see who calls: nothing of this network.
const AGENT: &str = "webhooks/1";
/// How often it is looked for what is due.
const EACH: Duration = Duration::from_secs(1);
/// Deliveries at once.
const AT_ONCE: usize = 64;
/// For how long nobody else delivers: longer than a delivery takes.
const LEASE: time::Duration = time::Duration::seconds(60);
/// After something of ours was away.
const SOON: time::Duration = time::Duration::seconds(5);

/// The ways out.
pub struct Outbound {
    pub(crate) webhooks: Webhooks,
    mail: Option<Mailer>,
}

impl std::fmt::Debug for Outbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Outbound")
    }
}

/// Why there is no way out.
#[derive(Debug, thiserror::Error)]
pub enum WrongOutbound {
    #[error("webhooks: {0}")]
    Webhooks(#[from] reqwest::Error),
    #[error("smtp: {0}")]
    Smtp(#[from] WrongSmtp),
}

impl Outbound {
    /// `secret`: what the secrets of webhooks come from, the same for all instances. `allow_loopback`: webhooks may
    /// lead to this very machine, without TLS. Without `smtp` no e-mail is sent.
    pub fn new(
        secret: &[u8; 32],
        allow_loopback: bool,
        smtp: Option<&Smtp>,
    ) -> Result<Self, WrongOutbound> {
        let mail = smtp.map(Mailer::new).transpose()?;
        Ok(Self { webhooks: Webhooks::named(secret, allow_loopback, AGENT)?, mail })
    }

    /// Whether e-mail can be sent.
    pub(crate) fn has_mail(&self) -> bool {
        self.mail.is_some()
    }

    async fn send(
        &self,
        to: &Delivery,
        id: String,
        text: Text,
        now: Instant,
    ) -> Result<(), Failed> {
        match (to.way, &self.mail) {
            (Way::Email, Some(mail)) => {
                mail.send(&to.place.to, text).await.map_err(|failure| (failure, None))
            }
            (Way::Email, None) => Err((Failure::Connection, None)),
            (Way::Webhook, _) => {
                let message = Message { kind: "message.waiting", timestamp: now, data: Nothing {} };
                let body = serde_json::to_string(&message);
                let body = body.map_err(|_| (Failure::Connection, None))?;
                let place = Addressed { id: to.id, url: &to.place.to, generation: 1, both: false };
                self.webhooks.post(place, (id, body), now).await
            }
        }
    }
}

/// Of what waits nothing is told.
#[derive(Serialize)]
struct Nothing {}

/// Until the service stops; then whatever is being delivered is left to another replica.
pub(crate) async fn run(app: Arc<App>, out: Arc<Outbound>) {
    let stop = app.deps.stop.clone();
    let mut ticks = tokio::time::interval(EACH);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut at_work = JoinSet::new();
    // Which task delivers for which.
    let mut driven: HashMap<task::Id, Uuid> = HashMap::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = ticks.tick() => {}
        }
        while let Some(done) = at_work.try_join_next_with_id() {
            // One that broke is delivered again once its lease has ended.
            driven.remove(&done.map_or_else(|broken| broken.id(), |(id, ())| id));
        }
        let most = i64::try_from(AT_ONCE).unwrap_or_default();
        match outbox::due(&app.deps.db, app.deps.clock.now(), most).await {
            Ok(due) => {
                let busy: HashSet<Uuid> = driven.values().copied().collect();
                let free = AT_ONCE.saturating_sub(busy.len());
                for (id, person) in due.into_iter().filter(|(id, _)| !busy.contains(id)).take(free)
                {
                    let one = drive(Arc::clone(&app), Arc::clone(&out), id, person);
                    driven.insert(at_work.spawn(one).id(), id);
                }
            }
            Err(error) => tracing::warn!(%error, "what is to be told was not looked for"),
        }
    }
    while at_work.join_next().await.is_some() {}
}

async fn drive(app: Arc<App>, out: Arc<Outbound>, id: Uuid, person: Uuid) {
    if let Err(error) = deliver(&app, &out, id, person).await {
        tracing::warn!(%error, "a delivery was left for the next look");
    }
}

/// Whether mail did not come as far as the network's own mail server: whose address it is has nothing to do with it.
fn is_ours(failure: Failure) -> bool {
    matches!(failure, Failure::Connection | Failure::Timeout)
}

fn act(app: &App, person: Uuid) -> ByNetwork {
    app.deps.guard.by_network(TASK, Kind::Profile, PersonId::from(person))
}

fn turn(app: &App, id: Uuid, person: Uuid) -> Turn {
    Turn { id, person, deliverer: Uuid::new_v4(), now: app.deps.clock.now() }
}

async fn deliver(app: &App, out: &Outbound, id: Uuid, person: Uuid) -> Result<(), StoreError> {
    let (act, turn) = (Arc::new(act(app, person)), turn(app, id, person));
    let Some(taken) = take(app, &act, turn).await? else { return Ok(()) };
    let Taken { delivery, reached, language } = taken;
    let message = out.webhooks.secrets.message_id(id, reached);
    let sent = out.send(&delivery, message, text::waiting(language.as_deref()), turn.now);
    let sent = app.deps.stop.run_until_cancelled(sent).await;
    let (db, turn) = (&app.deps.db, Turn { now: app.deps.clock.now(), ..turn });
    match sent {
        Some(Ok(())) => outbox::delivered(db, &act, turn, reached).await,
        Some(Err((failure, asked))) => {
            let failures = delivery.failures.saturating_add(1);
            let jitter = out.webhooks.secrets.jitter(id, failures);
            let next = turn.now + wait(failures, jitter, asked);
            let ours = |failure| delivery.way == Way::Email && is_ours(failure);
            let before = delivery.last_failure.is_some_and(ours);
            let ours = ours(failure);
            if ours {
                tracing::error!(alarm = "mail", ?failure, "the mail server does not take mail");
            }
            outbox::failed(db, &act, turn, (failure, ours, before), next).await
        }
        // The service stops.
        None => outbox::released(db, &act, turn, turn.now + SOON).await,
    }
}

/// With the record of what is about to leave.
async fn take(app: &App, act: &Arc<ByNetwork>, turn: Turn) -> Result<Option<Taken>, StoreError> {
    let event = app.deps.guard.event_by_network(act, vec![turn.id]);
    let act = Arc::clone(act);
    let work = app.deps.db.run_tx("delivery.take", act.scope(), move |tx| {
        let (act, event) = (Arc::clone(&act), event.clone());
        Box::pin(async move {
            let taken = outbox::take(&mut *tx, &act, turn, turn.now + LEASE).await?;
            if taken.is_some() {
                ledger::write_in(tx, &[event]).await?;
            }
            Ok(taken)
        })
    });
    work.await
}

/// Sends the code that confirms an e-mail address, once, where a message may leave for it now. How it went is shown
/// with the delivery: whoever asks learns nothing else of what was said of contacting the person.
pub(crate) async fn send_code(
    app: &App,
    out: &Outbound,
    (id, person): (Uuid, Uuid),
    code: &ShortCode,
) -> Result<(), StoreError> {
    let (act, turn) = (Arc::new(act(app, person)), turn(app, id, person));
    let event = app.deps.guard.event_by_network(&act, vec![id]);
    let looking = Arc::clone(&act);
    let found = app.deps.db.run_tx("delivery.code", act.scope(), move |tx| {
        let (act, event) = (Arc::clone(&looking), event.clone());
        Box::pin(async move {
            let found = outbox::for_code(&mut *tx, &act, turn).await?;
            if found.is_some() {
                ledger::write_in(tx, &[event]).await?;
            }
            Ok(found)
        })
    });
    let Some((delivery, language)) = found.await? else { return Ok(()) };
    let text = text::code(language.as_deref(), code);
    match out.send(&delivery, String::new(), text, turn.now).await {
        Ok(()) => Ok(()),
        Err((failure, _)) => {
            let failed = (failure, is_ours(failure), false);
            outbox::failed(&app.deps.db, &act, turn, failed, turn.now).await
        }
    }
}
