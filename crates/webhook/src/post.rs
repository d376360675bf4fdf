//! One delivery: a signed POST, and what came of it. Of an answer nothing but status and Retry-After is read.

use std::{error::Error, sync::Arc};

use kernel::Instant;
use reqwest::{Client, Response, StatusCode, header, redirect::Policy};
use serde::Serialize;
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc2822};
use uuid::Uuid;

use super::{
    Failure, Webhooks,
    address::{Resolver, Unresolved},
};

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(15);

/// What is told, as the receiver reads it.
#[derive(Debug, Serialize)]
pub struct Message<D> {
    #[serde(rename = "type")]
    pub kind: &'static str,
    #[serde(with = "time::serde::rfc3339")]
    pub timestamp: Instant,
    pub data: D,
}

/// A webhook, as far as a delivery goes.
#[derive(Clone, Copy)]
pub struct Addressed<'a> {
    pub id: Uuid,
    pub url: &'a str,
    /// Which secret it has.
    pub generation: i32,
    /// The one before signs as well.
    pub both: bool,
}

/// Why it was not delivered, and how long its receiver asks to be left alone.
pub type Failed = (Failure, Option<Duration>);

/// Connects to addresses that were looked at, each time anew; follows no redirect, and no proxy of the
/// environment's.
pub(super) fn client(allow_loopback: bool, agent: &str) -> Result<Client, reqwest::Error> {
    Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .timeout(PATIENCE)
        .pool_max_idle_per_host(0)
        .https_only(!allow_loopback)
        .user_agent(agent)
        .dns_resolver(Arc::new(Resolver { allow_loopback }))
        .build()
}

impl Webhooks {
    /// Delivers a message, its id and its body. Any 2xx is a delivery.
    pub async fn post(
        &self,
        to: Addressed<'_>,
        (id, body): (String, String),
        now: Instant,
    ) -> Result<(), Failed> {
        let url = self.parse(to.url).map_err(|_| (Failure::AddressRefused, None))?;
        let at = now.unix_timestamp();
        let before = to.both.then(|| to.generation - 1);
        let generations = std::iter::once(to.generation).chain(before);
        let signed = format!("{id}.{at}.{body}");
        let request = self
            .client
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-signature", self.secrets.signature(to.id, generations, &signed))
            .header("webhook-timestamp", at)
            .header("webhook-id", id)
            .body(body);
        match request.send().await {
            Ok(answer) => judged(&answer, now),
            Err(error) => Err((broken(&error), None)),
        }
    }
}

fn judged(answer: &Response, now: Instant) -> Result<(), Failed> {
    let failure = match answer.status() {
        status if status.is_success() => return Ok(()),
        StatusCode::GONE => Failure::Gone,
        status if status.is_redirection() => Failure::Redirect,
        status if status.is_client_error() => Failure::Refused,
        _ => Failure::ReceiverFault,
    };
    let asked = answer.headers().get(header::RETRY_AFTER);
    Err((failure, asked.and_then(|value| retry_after(value.to_str().ok()?, now))))
}

/// Seconds, or a date.
fn retry_after(text: &str, now: Instant) -> Option<Duration> {
    let text = text.trim();
    match text.parse::<u32>() {
        Ok(seconds) => Some(Duration::seconds(i64::from(seconds))),
        Err(_) => Some(OffsetDateTime::parse(text, &Rfc2822).ok()? - now),
    }
}

fn broken(error: &reqwest::Error) -> Failure {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        match error.downcast_ref::<Unresolved>() {
            Some(Unresolved::NotFound) => return Failure::NameNotFound,
            Some(Unresolved::Refused) => return Failure::AddressRefused,
            None => cause = error.source(),
        }
    }
    if error.is_timeout() { Failure::Timeout } else { Failure::Connection }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_receiver_asks_for_seconds_or_for_a_date() {
        let now = datetime!(2041-03-01 12:00 UTC);
        assert_eq!(retry_after("120", now), Some(Duration::minutes(2)));
        let date = "Fri, 01 Mar 2041 13:00:00 GMT";
        assert_eq!(retry_after(date, now), Some(Duration::HOUR));
        for odd in ["", "-1", "soon", "1.5", "99999999999"] {
            assert_eq!(retry_after(odd, now), None, "{odd}");
        }
    }
}
