//! A network in the test's own process: fast to start, and its clock is the test's.

use std::{net::TcpListener, ops::Deref, path::Path, sync::Arc};

use kernel::Clock;
use testkit::{Database, Network, Stage};
use tokio_util::sync::CancellationToken;
use trellis::{Config, Running, Service, database};

/// Services in groups, a listener each, knowing other groups by their addresses only.
pub struct InProcess {
    network: Network,
    running: Vec<Running>,
    _stage: Stage,
}

impl InProcess {
    pub async fn start(groups: &[&[Service]], clock: impl Clock) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(clock);
        let stage = Stage::new(Arc::clone(&clock), migrate).await.unwrap();
        let mut sockets = Vec::new();
        let mut urls = Vec::new();
        for group in groups {
            let socket = TcpListener::bind("127.0.0.1:0").unwrap();
            let url = format!("http://{}", socket.local_addr().unwrap());
            urls.extend(group.iter().map(|service| (service.name(), url.clone())));
            sockets.push((socket, group));
        }
        let mut running = Vec::new();
        for (number, (socket, group)) in sockets.into_iter().enumerate() {
            let config = stage.config(&format!("group-{number}"), 0, &urls).unwrap();
            let config = Config::load(&config).unwrap();
            let (clock, stop) = (Arc::clone(&clock), CancellationToken::new());
            let started = trellis::start_on(socket, &config, group, clock, stop).await;
            running.push(started.unwrap());
        }
        let url_of = |service| urls.iter().find(|(s, _)| *s == service).map(|(_, url)| url.clone());
        let network = Network::at(Arc::clone(&stage.tokens), url_of).unwrap();
        Self { network, running, _stage: stage }
    }

    /// Drains every listener and waits for the end.
    pub async fn stop(self) {
        for running in &self.running {
            running.shutdown();
        }
        for running in self.running {
            running.join().await.unwrap();
        }
    }
}

impl Deref for InProcess {
    type Target = Network;
    fn deref(&self) -> &Network {
        &self.network
    }
}

async fn migrate(config: &Path, database: Database) -> anyhow::Result<()> {
    database::migrate(&Config::load(config)?, &Service::ALL, &database.admin).await
}
