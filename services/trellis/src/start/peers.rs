//! Where each service is, and who calls it.

use std::{collections::HashMap, net::SocketAddr, sync::Arc};

use anyhow::{Context as _, anyhow};
use facts::Peer;
use identity::{ServiceTokens, SigningKey};
use kernel::Clock;
use serve::Callee;
use tonic::transport::Channel;

use super::url_of;
use crate::{Config, Service};

pub(super) struct Peers {
    /// For questions, and for what is followed.
    channels: HashMap<Service, [Channel; 2]>,
    tokens: HashMap<Service, Arc<ServiceTokens>>,
}

impl Peers {
    /// Two channels a peer, and one set of tokens a service that runs here. A service of this very
    /// process is at `inside`, whatever the configuration says.
    pub(super) fn new(
        config: &Config,
        here: &[Service],
        inside: Option<SocketAddr>,
        key: SigningKey,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let mut channels = HashMap::new();
        let own = inside.map(|addr| both(&url_of(addr), None)).transpose()?;
        for peer in here.iter().flat_map(|service| service.peers()) {
            if channels.contains_key(peer) {
                continue;
            }
            let channel = match (&own, here.contains(peer), config.peers.url(*peer)) {
                (Some(own), true, _) => own.clone(),
                (_, _, Some(url)) => {
                    let tls = config.peers.tls.as_ref().filter(|_| url.starts_with("https:"));
                    let callee = tls.map(|tls| Callee { service: peer.name(), tls });
                    both(url, callee).with_context(|| format!("peers.{peer}"))?
                }
                (_, _, None) => {
                    let who = here.iter().find(|s| s.peers().contains(peer));
                    let who = who.map(|s| s.name()).unwrap_or_default();
                    return Err(anyhow!("peers.{peer} is missing: {who} calls it"));
                }
            };
            channels.insert(*peer, channel);
        }
        let tokens = here.iter().map(|service| {
            let tokens = ServiceTokens::new(service.name(), key.clone(), Arc::clone(&clock));
            (*service, Arc::new(tokens))
        });
        Ok(Self { channels, tokens: tokens.collect() })
    }

    /// `callee` as `caller` sees it.
    pub(super) fn to(&self, caller: Service, callee: Service) -> anyhow::Result<Peer> {
        let channel = self.channels.get(&callee);
        let [asked, followed] =
            channel.ok_or_else(|| anyhow!("{caller} does not call {callee}"))?;
        let tokens = self.tokens.get(&caller);
        let tokens = tokens.ok_or_else(|| anyhow!("{caller} does not run here"))?;
        let peer = Peer::new(asked.clone(), Arc::clone(tokens), callee.name());
        Ok(peer.followed_over(followed.clone()))
    }
}

fn both(url: &str, callee: Option<Callee<'_>>) -> Result<[Channel; 2], serve::Error> {
    Ok([serve::peer(url, callee)?, serve::peer(url, callee)?])
}
