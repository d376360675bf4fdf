//! Delivers to one webhook until there is nothing more, or a delivery fails.

use std::sync::Arc;

use ::rpc::{Error, basis_name, short_notice};
use ::webhook::{Addressed, Failure, Message, PATIENCE, wait};
use kernel::{Code, CodeSet, Instant, Kind, Purpose};
use permit::{Disclosure, Subscriber};
use pg::points;
use policy::{Consent, Effect, Obligation, Redisclosure, Rule};
use serde::Serialize;
use time::Duration;
use uuid::Uuid;
use wire::{common::v1 as common, convert::name_of};

use super::{TASK, active};
use crate::{
    App,
    domain::{Event, News, Webhook},
    reader::{Reader, Told},
    rpc::WATCH,
};

/// For how long nobody else delivers.
const LEASE: Duration = Duration::seconds(60);
/// What is left of it when a delivery begins: longer than that takes.
const ENOUGH: Duration = Duration::seconds(30);
/// After something of ours was away.
const SOON: Duration = Duration::seconds(5);

/// What is told, as the receiver reads it: ids and states, no content. Fields of the Watch's event.
#[derive(Debug, Serialize)]
struct Data {
    cursor: String,
    kind: &'static str,
    referral: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disclosure: Option<Terms>,
}

/// What goes with it: of the fields of the Watch's disclosure those that bind the receiver.
#[derive(Debug, Serialize)]
struct Terms {
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<Notice>,
    redisclosure: Redisclosure,
    basis: Vec<String>,
    /// Of each consent whose copy is owed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scope: Vec<Scope>,
}

/// What a consent covers, without the words that the person signed: what its permitting rules name, taken together.
#[derive(Debug, Serialize)]
struct Scope {
    consent: String,
    /// None: any that a consent may cover without naming it.
    #[serde(skip_serializing_if = "Option::is_none")]
    purposes: Option<CodeSet<Purpose>>,
    /// None: records of any kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    kinds: Option<CodeSet<Kind>>,
    /// None: it has no end.
    #[serde(with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    until: Option<Instant>,
}

impl Scope {
    fn of(consent: &Consent) -> Self {
        let permits = |rule: &&Rule| rule.effect == Effect::Permit;
        let rules = || std::iter::once(&consent.rule).chain(&consent.exceptions).filter(permits);
        Self {
            consent: name_of("consents", &consent.id),
            purposes: together(rules().map(|rule| rule.purposes)),
            kinds: together(rules().map(|rule| rule.kinds)),
            until: consent.expires,
        }
    }
}

/// What one of these names; none where one is for all.
fn together<T: Code>(sets: impl Iterator<Item = Option<CodeSet<T>>>) -> Option<CodeSet<T>> {
    sets.reduce(|all, set| Some(all?.union(set?))).flatten()
}

#[derive(Debug, Serialize)]
struct Notice {
    version: String,
    language: String,
    text: String,
}

impl Terms {
    /// None: the receiver may do with it whatever law permits.
    fn of(disclosure: &Disclosure) -> Option<Self> {
        let redisclosure = disclosure.redisclosure;
        if disclosure.obligations.is_empty() && redisclosure == Redisclosure::PermittedByLaw {
            return None;
        }
        let notice = short_notice(disclosure).map(|notice| {
            let common::Notice { version, language, text } = notice;
            Notice { version, language, text }
        });
        let basis = disclosure.basis.iter().map(|(kind, id)| basis_name(*kind, id)).collect();
        let scope = match disclosure.obligations.contains(&Obligation::ConsentCopy) {
            true => disclosure.consents().map(Scope::of).collect(),
            false => Vec::new(),
        };
        Some(Self { notice, redisclosure, basis, scope })
    }
}

struct Driver<'a> {
    app: &'a App,
    webhook: Webhook,
    deliverer: Uuid,
    until: Instant,
}

/// Why nothing more is delivered now.
enum End {
    /// There is nothing more, or it may not be told now.
    Rest,
    Failed(Failure, Option<Duration>),
    /// Somebody else has it, or its place has changed.
    Lost,
    Away(Error),
}

impl<E: Into<Error>> From<E> for End {
    fn from(error: E) -> Self {
        Self::Away(error.into())
    }
}

pub(super) async fn run(app: Arc<App>, id: Uuid) {
    if let Err(error) = drive(&app, id).await {
        tracing::warn!(%error, "a webhook was left for the next look");
    }
}

async fn drive(app: &App, id: Uuid) -> Result<(), Error> {
    let (deliverer, now) = (Uuid::new_v4(), app.deps.clock.now());
    let until = now + LEASE;
    let Some(webhook) = app.store.take_webhook(id, deliverer, (now, until)).await? else {
        return Ok(());
    };
    points::reached("webhook.taken");
    let mut driver = Driver { app, webhook, deliverer, until };
    let end = app.deps.stop.run_until_cancelled(driver.deliver()).await;
    let (own, now) = ((id, deliverer), app.deps.clock.now());
    match end.unwrap_or(End::Rest) {
        End::Rest => app.store.release_webhook(own, now).await?,
        End::Lost => app.store.release_webhook(own, now).await?,
        End::Away(error) => {
            tracing::warn!(%error, "nothing could be told by webhook");
            app.store.release_webhook(own, now + SOON).await?;
        }
        End::Failed(failure, asked) => {
            let failures = driver.webhook.failures.saturating_add(1);
            let jitter = app.webhooks.secrets.jitter(id, failures);
            let next = now + wait(failures, jitter, asked);
            app.store.webhook_failed(own, failure, now, next, now - PATIENCE).await?;
        }
    }
    Ok(())
}

impl Driver<'_> {
    async fn deliver(&mut self) -> End {
        loop {
            if let Err(end) = self.some().await {
                return end;
            }
        }
    }

    /// The next events, one after another.
    async fn some(&mut self) -> Result<(), End> {
        let agency = self.webhook.agency.uuid().ok_or(Error::NotFound)?;
        let (events, _) = self.app.feed.events_of(&[agency], self.webhook.reached, 0).await?;
        if events.is_empty() {
            return Err(End::Rest);
        }
        for event in events {
            self.one(&event).await?;
        }
        Ok(())
    }

    async fn one(&mut self, event: &Event) -> Result<(), End> {
        if !active(self.app, &self.webhook.agency) {
            return Err(End::Rest);
        }
        let subscriber = Subscriber {
            agency: self.webhook.agency.clone(),
            purposes: self.webhook.purposes,
            name: name_of("webhooks", self.webhook.id).into(),
        };
        let reader = Reader::Subscriber(TASK, &subscriber);
        let told = reader.released(self.app, event).await?;
        let delivered = match told {
            Some(told) => {
                self.enough().await?;
                let (message, now) = (self.message(event, told)?, self.app.deps.clock.now());
                let to = Addressed {
                    id: self.webhook.id,
                    url: &self.webhook.url,
                    generation: self.webhook.generation,
                    both: self.webhook.both_until(now).is_some(),
                };
                let posted = self.app.webhooks.post(to, message, now).await;
                posted.map_err(|(failure, asked)| End::Failed(failure, asked))?;
                points::reached("webhook.posted");
                Some(self.app.deps.clock.now())
            }
            None => None,
        };
        self.moved(event.seq, delivered).await
    }

    /// There is time for a delivery before anybody else may begin one.
    async fn enough(&mut self) -> Result<(), End> {
        let left = self.until - self.app.deps.clock.now();
        if left < ENOUGH { self.moved(self.webhook.reached, None).await } else { Ok(()) }
    }

    async fn moved(&mut self, to: i64, delivered: Option<Instant>) -> Result<(), End> {
        let until = self.app.deps.clock.now() + LEASE;
        let place = (self.webhook.reached, to);
        let own = (self.webhook.id, self.deliverer);
        if !self.app.store.webhook_moved(own, place, delivered, until).await? {
            return Err(End::Lost);
        }
        (self.until, self.webhook.reached) = (until, to);
        if delivered.is_some() {
            self.webhook.failures = 0;
        }
        Ok(())
    }

    /// Its id, and its body.
    fn message(&self, event: &Event, (news, disclosure): Told) -> Result<(String, String), Error> {
        let (kind, state) = match news {
            News::State(state) => ("STATE", Some(state.name())),
            News::Withdrawn => ("WITHDRAWN", None),
            News::Added => ("ADDED", None),
            News::Overdue => ("OVERDUE", None),
        };
        let cursor = self.app.deps.pages.cursor_of(&self.webhook.agency, WATCH, event.seq)?;
        let referral = name_of("referrals", &event.record.id);
        let disclosure = disclosure.as_ref().and_then(Terms::of);
        let data = Data { cursor, kind, referral, state, disclosure };
        let message = Message { kind: "referral.changed", timestamp: event.at, data };
        let body = serde_json::to_string(&message).map_err(|_| Error::Internal("a message"))?;
        Ok((self.app.webhooks.secrets.message_id(self.webhook.id, event.seq), body))
    }
}
