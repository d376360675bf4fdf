//! Putting services together: database, keys, peers, guard, ledger, listener.

mod away;
mod heads;
mod mount;
mod peers;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context as _, anyhow};
use facts::{Directory, GrpcConsents, GrpcPeople};
use identity::{AuthLayer, Authenticator, SigningKey};
use kernel::Clock;
use ledger::Ledger;
use permit::{ConsentSource, Guard, PeopleSource};
use pg::Db;
use rpc::{Deps, Ledgers, Pages};
use serve::Health;
use tokio_util::sync::CancellationToken;

use crate::{Config, Running, Service, database, running::background, secrets};
use away::Away;
use mount::Mounts;
use peers::Peers;

/// The binary's own listener, for the services of one process among themselves.
const INTERNAL: &str = "127.0.0.1:0";
/// How often a process looks whether it still hears the directory.
const LOOK: Duration = Duration::from_millis(500);

/// Opens the port that the configuration names: a port that is taken is found out first.
pub fn bind(config: &Config) -> anyhow::Result<std::net::TcpListener> {
    config.serve.check()?;
    Ok(serve::bind(config.serve.listen, false)?)
}

/// Starts services on the port that the configuration names. `stop` begins the drain.
pub async fn start(
    config: &Config,
    services: &[Service],
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) -> anyhow::Result<Running> {
    start_on(bind(config)?, config, services, clock, stop).await
}

/// Starts services on a port that is open already.
pub async fn start_on(
    socket: std::net::TcpListener,
    config: &Config,
    services: &[Service],
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) -> anyhow::Result<Running> {
    identity::prepare_crypto()?;
    let mut services = services.to_vec();
    services.sort_unstable();
    services.dedup();

    let rules = match services.contains(&Service::Consent) {
        true => config.rules()?,
        false => consent::Rules::default(),
    };
    let key_file = config.service_key.private_file();
    let key_file = key_file.ok_or_else(|| anyhow!("service_key is missing"))?;
    let key = SigningKey::from_pem_file(&key_file)
        .with_context(|| format!("service_key {}", key_file.display()))?;
    let secret = secrets::read(&config.secrets.page_tokens).context("secrets.page_tokens")?;
    let pages = Pages::new(&secret, Arc::clone(&clock)).map_err(|e| anyhow!("{e}"))?;

    // Whoever calls a service that runs here comes in by a listener that users don't see.
    let calls_itself = services.iter().any(|s| s.peers().iter().any(|p| services.contains(p)));
    let internal = match calls_itself {
        true => Some(serve::bind(INTERNAL.parse()?, false)?),
        false => None,
    };
    let inside = internal.as_ref().map(std::net::TcpListener::local_addr).transpose()?;
    let peers = Peers::new(config, &services, inside, key, Arc::clone(&clock))?;

    let (ending, guard) = background();
    // A directory that runs alone is told by its store. Beside others it is followed as from any other process:
    // whoever takes something away waits for every process that might go by what was.
    let follows = services.iter().find(|service| **service != Service::Directory).copied();
    let directory = match follows {
        None => Directory::local(),
        Some(_) => Directory::new(),
    };
    let heads = heads::Heads::new(config)?;
    let mut mounts = Mounts::new(config, internal.is_some(), stop);
    let ledgers = Vec::new();
    let mut parts = Parts {
        config,
        rules,
        peers,
        clock,
        pages,
        page_secret: secret,
        directory,
        alone: follows.is_none(),
        ending,
        ledgers,
        heads,
        databases: Vec::new(),
    };
    for &service in &services {
        let db = database::connect(config, service).await?;
        parts.databases.push(db.clone());
        parts.add(service, db, &mut mounts).await.with_context(|| format!("starting {service}"))?;
    }
    let Parts { clock, directory, ending, ledgers, peers, heads, databases, .. } = parts;
    mounts.add(Ledgers::new(ledgers, Arc::clone(&clock)).server());
    if let Some(service) = follows {
        let peer = peers.to(service, Service::Directory)?;
        tokio::spawn(facts::follow_directory(peer, Arc::clone(&directory), ending.clone()));
    }

    let names: Vec<&str> = services.iter().map(|service| service.name()).collect();
    let bindings = Arc::clone(&directory) as Arc<dyn identity::AgencyBindings>;
    let authenticator = Authenticator::start(&config.identity(), &names, clock, bindings).await?;
    let auth = AuthLayer::new(authenticator);
    let health = mounts.health();
    let (internal, public) = mounts.start(internal, socket, auth).await?;
    watch_directory(directory, health, ending).await;
    Ok(Running { public, internal, background: guard, sealing: heads.sealing, databases })
}

/// What services of one process are made from.
struct Parts<'a> {
    config: &'a Config,
    rules: consent::Rules,
    peers: Peers,
    clock: Arc<dyn Clock>,
    pages: Pages,
    /// What webhooks' secrets come from as well.
    page_secret: [u8; 32],
    directory: Arc<Directory>,
    /// The directory is the only service here.
    alone: bool,
    ending: CancellationToken,
    ledgers: Vec<(&'static str, Ledger)>,
    heads: heads::Heads,
    /// What is to be closed at the end.
    databases: Vec<Db>,
}

impl Parts<'_> {
    async fn add(&mut self, of: Service, db: Db, mounts: &mut Mounts) -> anyhow::Result<()> {
        let ledger = Ledger::start(db.clone(), ledger::Config::default());
        self.heads.seal(self.config, of, &ledger, &self.clock, &self.ending)?;
        self.ledgers.push((of.name(), ledger.clone()));
        let beside = match of.asks_itself() {
            true => database::connect_beside(self.config, of).await?,
            false => db.clone(),
        };
        if of.asks_itself() {
            self.databases.push(beside.clone());
        }
        let (consents, people) = self.sources(of, &db, beside)?;
        let deps = Deps {
            guard: Guard::new(consents, people, ledger, Arc::clone(&self.clock)),
            db,
            clock: Arc::clone(&self.clock),
            pages: self.pages.clone(),
            directory: match of {
                // Its own feed is its own.
                Service::Directory if !self.alone => Directory::local(),
                _ => Arc::clone(&self.directory),
            },
            stop: self.ending.clone(),
        };
        match of {
            Service::Directory => {
                let issuers = directory::Issuers {
                    staff: self.config.staff_issuers().collect(),
                    all: self.config.identity().issuers.into_iter().map(|i| i.issuer).collect(),
                };
                let hours = u64::from(self.config.directory.capacity_stale_hours);
                let settings = directory::Settings {
                    capacity_stale: std::time::Duration::from_secs(hours * 3_600),
                };
                let app = directory::start(deps, issuers, settings).await;
                let app = app.map_err(|e| anyhow!("{e}"))?;
                mounts.add(directory::server(app));
            }
            Service::People => {
                let path = self.config.secrets.people_matching.as_ref();
                let path = path.context("secrets.people_matching is missing")?;
                let secret = secrets::read(path).context("secrets.people_matching")?;
                let shared = self.config.network.shared_identifier_systems.iter();
                let matching = people::Matching::new(&secret, shared);
                let weights = self.config.people.matching.clone();
                let matching = matching.weighing(weights).context("people.matching")?;
                let app = people::start(deps, matching, self.config.people.registers.open()?);
                people::follow_names(&app);
                people::follow_events(&app, self.peers.to(of, Service::Consent)?);
                people::follow_circles(&app, self.peers.to(of, Service::Recovery)?);
                people::follow_releases(&app, self.peers.to(of, Service::Notes)?);
                people::follow_links(&app, self.peers.to(of, Service::Consent)?);
                people::deliver_notices(&app, self.config.people.outbound(&self.page_secret)?);
                mounts.add(people::server(Arc::clone(&app)));
                mounts.add(people::facts_server(app));
            }
            Service::Consent => {
                let app = consent::start(deps, self.rules.clone());
                consent::follow_served(&app, self.peers.to(of, Service::Audit)?);
                mounts.add(consent::server(Arc::clone(&app)));
                mounts.add(consent::facts_server(app));
            }
            Service::Referrals => {
                let peers = referrals::Peers {
                    consent: self.peers.to(of, Service::Consent)?,
                    notes: self.peers.to(of, Service::Notes)?,
                    directory: self.peers.to(of, Service::Directory)?,
                    people: self.peers.to(of, Service::People)?,
                };
                let loopback = self.config.referrals.webhooks.allow_loopback;
                let webhooks = referrals::Webhooks::new(&self.page_secret, loopback);
                let webhooks = webhooks.context("the way out to webhooks")?;
                mounts.add(referrals::server(referrals::start(deps, peers, webhooks)));
            }
            Service::Notes => {
                let app = notes::start(deps, self.config.notes.attachments.open()?);
                mounts.add(notes::server(Arc::clone(&app)));
                mounts.add(notes::facts_server(app));
            }
            Service::Recovery => {
                let more = self.config.recovery.instruments.as_deref();
                let instruments = recovery::Instruments::open(more);
                let instruments = instruments.context("recovery.instruments")?;
                let peers = recovery::Peers {
                    people: self.peers.to(of, Service::People)?,
                    consent: self.peers.to(of, Service::Consent)?,
                    referrals: self.peers.to(of, Service::Referrals)?,
                    notes: self.peers.to(of, Service::Notes)?,
                    audit: self.peers.to(of, Service::Audit)?,
                };
                let app = recovery::start(deps, peers, instruments);
                mounts.add(recovery::server(Arc::clone(&app)));
                mounts.add(recovery::facts_server(app));
            }
            Service::Audit => {
                let ledgers = of.peers().iter().map(|p| Ok((p.name(), self.peers.to(of, *p)?)));
                let ledgers = ledgers.collect::<anyhow::Result<Vec<_>>>()?;
                let registers = self.config.people.registers.open()?;
                let app = audit::start(deps, ledgers, &self.config.network.audience, registers);
                mounts.add(audit::server(Arc::clone(&app)));
                mounts.add(audit::served_server(app));
            }
        }
        Ok(())
    }

    /// The services that are themselves the source of something ask their own tables: what is asked within a
    /// transaction by connections `beside` those that transactions have.
    fn sources(
        &self,
        of: Service,
        db: &Db,
        beside: Db,
    ) -> anyhow::Result<(Arc<dyn ConsentSource>, Arc<dyn PeopleSource>)> {
        // No RPC of the directory is about a person.
        if of == Service::Directory {
            return Ok((Arc::new(Away), Arc::new(Away)));
        }
        let consents: Arc<dyn ConsentSource> = match of {
            Service::Consent => Arc::new(consent::LocalConsents::new(
                db.clone(),
                Arc::clone(&self.directory),
                Arc::clone(&self.clock),
            )),
            _ => Arc::new(GrpcConsents::new(self.peers.to(of, Service::Consent)?)),
        };
        // Whom a person shares their plan with is on file where the plan is.
        let consents = match of {
            Service::Recovery => {
                recovery::with_shares(consents, beside.clone(), Arc::clone(&self.clock))
            }
            _ => consents,
        };
        let people: Arc<dyn PeopleSource> = match of {
            Service::People => {
                people::LocalPeople::new(db.clone(), beside, Arc::clone(&self.clock))
            }
            _ => Arc::new(GrpcPeople::new(self.peers.to(of, Service::People)?)),
        };
        Ok((consents, people))
    }
}

/// Health is told before anybody may ask, and kept true: a process that has not heard the directory
/// refuses all staff, so traffic had better go elsewhere.
async fn watch_directory(directory: Arc<Directory>, health: Health, ending: CancellationToken) {
    health.set("", directory.agencies().is_some()).await;
    let watching = async move {
        loop {
            tokio::time::sleep(LOOK).await;
            health.set("", directory.agencies().is_some()).await;
        }
    };
    tokio::spawn(ending.run_until_cancelled_owned(watching));
}

/// The address by which a process on this machine reaches a listener.
pub(crate) fn url_of(addr: SocketAddr) -> String {
    format!("http://{addr}")
}
