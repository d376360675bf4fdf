//! Signed POSTs to places that users name: public addresses over TLS and none of the network's own surroundings,
//! secrets that are kept nowhere, what came of each delivery, and how long is waited after a failure. What is
//! delivered, to whom and when is its services' own.
//!
//! Invariant: what is connected to is an address that was looked at, at each delivery anew.

mod address;
mod failure;
mod post;
mod secret;

use reqwest::Url;

pub use failure::{Failure, PATIENCE, wait};
pub use post::{Addressed, Failed, Message};
pub use secret::Secrets;

/// As receivers see it, unless they are not to know of the network.
const AGENT: &str = "trellis-webhooks/1";

/// What delivers: secrets, and the way out.
#[derive(Clone)]
pub struct Webhooks {
    pub secrets: Secrets,
    allow_loopback: bool,
    client: reqwest::Client,
}

impl std::fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Webhooks")
    }
}

impl Webhooks {
    /// `secret`: shared by all instances, and the same as long as there are webhooks: with another one all
    /// receivers' secrets are other ones. `allow_loopback`: this very machine may be delivered to, without TLS.
    pub fn new(secret: &[u8; 32], allow_loopback: bool) -> Result<Self, reqwest::Error> {
        Self::named(secret, allow_loopback, AGENT)
    }

    /// As [`Webhooks::new`], under another name.
    pub fn named(
        secret: &[u8; 32],
        allow_loopback: bool,
        agent: &str,
    ) -> Result<Self, reqwest::Error> {
        let (secrets, client) = (Secrets::new(secret), post::client(allow_loopback, agent)?);
        Ok(Self { secrets, allow_loopback, client })
    }

    /// Reads where a webhook is, or says what is wrong with it.
    pub fn parse(&self, url: &str) -> Result<Url, &'static str> {
        address::parse(url, self.allow_loopback)
    }
}
