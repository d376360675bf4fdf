//! Processes whose ways to the database, to each other and to the collector lead through fault proxies.

use std::{collections::BTreeMap, net::SocketAddr};

use testkit::{
    collector::Collector,
    ports,
    proxy::{Proxy, Server},
};
use trellis_tests::{Detours, Processes, SERVICES, Sites};

pub struct Proxied {
    pub processes: Processes,
    /// By the service whose way to its database it is.
    databases: BTreeMap<&'static str, Proxy>,
    /// By the service that the others reach through it.
    peers: BTreeMap<&'static str, Proxy>,
    /// Between all services and the collector.
    pub to_collector: Proxy,
    pub collector: Collector,
}

impl Proxied {
    /// `connections`: how many to the database these services may have.
    pub async fn start(connections: &[(&'static str, u32)]) -> Self {
        let collector = Collector::start().await.unwrap();
        let mut free = ports(SERVICES.len() * 2 + 1).unwrap().into_iter();
        let to_collector = proxy(&mut free, Server::Tcp(collector.addr())).await;
        let (mut databases, mut peers) = (BTreeMap::new(), BTreeMap::new());
        let processes = Processes::start_through(async |sites: &Sites| {
            for name in SERVICES {
                let database = Server::Unix(sites.database.clone());
                databases.insert(name, proxy(&mut free, database).await);
                peers.insert(name, proxy(&mut free, Server::Tcp(sites.services[name])).await);
            }
            Detours {
                databases: addresses(&databases),
                peers: addresses(&peers),
                collector: Some(to_collector.addr()),
                connections: connections.iter().copied().collect(),
            }
        })
        .await;
        Self { processes, databases, peers, to_collector, collector }
    }

    /// The way of a service to its database.
    pub fn database(&self, of: &str) -> &Proxy {
        &self.databases[of]
    }

    /// The way of all others to a service.
    pub fn peer(&self, of: &str) -> &Proxy {
        &self.peers[of]
    }
}

async fn proxy(free: &mut impl Iterator<Item = u16>, to: Server) -> Proxy {
    let proxy = Proxy::listen(free.next().unwrap()).await.unwrap();
    proxy.lead_to(to);
    proxy
}

fn addresses(of: &BTreeMap<&'static str, Proxy>) -> BTreeMap<&'static str, SocketAddr> {
    of.iter().map(|(name, proxy)| (*name, proxy.addr())).collect()
}
