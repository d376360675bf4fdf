//! The servers under measurement, each a process of its own: the same listener with all its limits,
//! the same layer before it, and behind it less or more.

mod echo;
mod open;
mod unary;

use std::{
    io::{BufRead as _, Write as _},
    path::Path,
    sync::Arc,
};

use clap::ValueEnum;
use consent::LocalConsents;
use facts::{Directory, GrpcConsents, Peer};
use identity::AuthLayer;
use ledger::Ledger;
use permit::{ConsentSource, Guard};
use pg::Db;
use serve::{Builder, Running, ServeConfig, Server};
use tokio_util::sync::CancellationToken;
use tower::layer::util::{Identity, Stack};

use crate::{
    layer::{BenchLayer, Counts, Prepared},
    world::{Everybody, Keys, World, anchors, clock, directory, seal},
};

const GET_NOTE: &str = "/trellis.notes.v1.NotesService/GetNote";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum)]
pub enum Kind {
    /// A bare echo
    A,
    /// An unprotected read: one SELECT a request
    B,
    /// The real GetNote
    C,
    /// The same without its audit record
    D,
    #[value(skip)]
    Consent,
    #[value(skip)]
    Referrals,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Runtime {
    /// One thread does everything
    Current,
    /// tokio's default for the cores that the process may use
    Multi,
}

impl Runtime {
    pub fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Multi => "multi",
        }
    }
}

/// Serves until standard input ends.
pub fn run(kind: Kind, home: &Path, runtime: Runtime) -> anyhow::Result<()> {
    let mut builder = match runtime {
        Runtime::Current => tokio::runtime::Builder::new_current_thread(),
        Runtime::Multi => tokio::runtime::Builder::new_multi_thread(),
    };
    builder.enable_all().build()?.block_on(async {
        let _telemetry = telemetry::init(telemetry::Config::default())?;
        let world = World::load(home)?;
        let (running, prepared) = match kind {
            Kind::A => a(&world).await?,
            Kind::B => b(&world).await?,
            Kind::C => c(&world, home, true).await?,
            Kind::D => c(&world, home, false).await?,
            Kind::Consent => (consent(&world, home).await?, None),
            Kind::Referrals => (referrals(&world, home).await?, None),
        };
        answer_for(&running, prepared)?;
        running.join().await?;
        Ok(())
    })
}

/// Says where it listens, and then, to each line that comes in, how calls have ended so far.
fn answer_for(running: &Running, prepared: Option<Arc<Prepared>>) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "{}", running.addr())?;
    out.flush()?;
    std::thread::spawn(move || {
        let counts = |p: &Arc<Prepared>| Counts::read(&p.counts);
        for _ in std::io::stdin().lock().lines().map_while(Result::ok) {
            let (ok, failed) = prepared.as_ref().map(counts).unwrap_or_default();
            let said = writeln!(out, "{ok} {failed}").and_then(|()| out.flush());
            if said.is_err() {
                break;
            }
        }
        std::process::exit(0);
    });
    Ok(())
}

fn listener() -> Builder<Identity> {
    Server::builder(ServeConfig {
        listen: ([127, 0, 0, 1], 0).into(),
        plaintext: true,
        ..ServeConfig::default()
    })
    .descriptors(wire::DESCRIPTORS)
}

type Served = (Running, Option<Arc<Prepared>>);

async fn a(world: &World) -> anyhow::Result<Served> {
    let prepared = Prepared::new(world, echo::PATH)?;
    let layer = Stack::new(Identity::new(), BenchLayer(Arc::clone(&prepared)));
    let running = listener().add_service(echo::server()).auth(layer).start().await?;
    Ok((running, Some(prepared)))
}

async fn b(world: &World) -> anyhow::Result<Served> {
    let db = pg::connect(&pg::Config::new(world.open_url.as_str(), "notes")).await?;
    let prepared = Prepared::new(world, GET_NOTE)?;
    let layer = Stack::new(Identity::new(), BenchLayer(Arc::clone(&prepared)));
    let running = listener().add_service(open::server(db)).auth(layer).start().await?;
    Ok((running, Some(prepared)))
}

async fn c(world: &World, home: &Path, recorded: bool) -> anyhow::Result<Served> {
    let keys = Keys::open(home)?;
    let db = database(&world.notes_url, "notes").await?;
    let ledger = match recorded {
        true => Ledger::start(db.clone(), ledger::Config::default()),
        false => Ledger::unrecorded(db.clone()),
    };
    if recorded {
        sealed(&ledger, home)?;
    }
    let peer = consents(world, &keys, "notes")?;
    let directory = directory(world);
    let deps = deps(db, ledger, Arc::new(GrpcConsents::new(peer)), &directory)?;
    let authenticator = keys.authenticator("notes", directory).await?;
    let prepared = Prepared::new(world, GET_NOTE)?;
    let layer = Stack::new(AuthLayer::new(authenticator), BenchLayer(Arc::clone(&prepared)));
    let files = notes::Files::folder(&home.join("attachments"))?;
    let notes = notes::server(notes::start(deps, files));
    let running = listener().add_service(notes).auth(layer).start().await?;
    Ok((running, Some(prepared)))
}

/// As a service does; each process has a file of its own.
fn sealed(ledger: &Ledger, home: &Path) -> anyhow::Result<()> {
    let anchor = anchors(home).join(format!("{}.checkpoints", std::process::id()));
    ledger.seal(seal(anchor)?, clock(), CancellationToken::new())?;
    Ok(())
}

fn consents(world: &World, keys: &Keys, service: &str) -> anyhow::Result<Peer> {
    let channel = serve::peer(&world.consent, None)?;
    Ok(Peer::new(channel, keys.service_tokens(service), "consent"))
}

async fn referrals(world: &World, home: &Path) -> anyhow::Result<Running> {
    let keys = Keys::open(home)?;
    let db = database(&world.referrals_url, "referrals").await?;
    let ledger = Ledger::start(db.clone(), ledger::Config::default());
    sealed(&ledger, home)?;
    let peer = consents(world, &keys, "referrals")?;
    let directory = directory(world);
    let deps = deps(db, ledger, Arc::new(GrpcConsents::new(peer.clone())), &directory)?;
    let authenticator = keys.authenticator("referrals", directory).await?;
    // Nothing is attached or suggested here, so nobody is asked where notes are, or for services; whether somebody
    // may be contacted is not known.
    let peers = referrals::Peers {
        consent: peer.clone(),
        notes: peer.clone(),
        directory: peer.clone(),
        people: peer,
    };
    let webhooks = referrals::Webhooks::new(&[0; 32], false)?;
    let service = referrals::server(referrals::start(deps, peers, webhooks));
    Ok(listener().add_service(service).auth(AuthLayer::new(authenticator)).start().await?)
}

async fn consent(world: &World, home: &Path) -> anyhow::Result<Running> {
    let keys = Keys::open(home)?;
    let db = database(&world.consent_url, "consent").await?;
    let directory = directory(world);
    let local = LocalConsents::new(db.clone(), Arc::clone(&directory), clock());
    let ledger = Ledger::start(db.clone(), ledger::Config::default());
    let deps = deps(db, ledger, Arc::new(local), &directory)?;
    let authenticator = keys.authenticator("consent", directory).await?;
    let app = consent::start(deps, consent::Rules::default());
    Ok(listener()
        .add_service(consent::server(Arc::clone(&app)))
        .add_service(consent::facts_server(app))
        .auth(AuthLayer::new(authenticator))
        .start()
        .await?)
}

/// As a service opens it: refused where what it reports as durable would not be.
async fn database(url: &str, schema: &str) -> anyhow::Result<Db> {
    let db = pg::connect(&pg::Config::new(url, schema)).await?;
    pg::check_server(&db, pg::Allow { unsafe_durability: false }).await?;
    Ok(db)
}

fn deps(
    db: Db,
    ledger: Ledger,
    consents: Arc<dyn ConsentSource>,
    directory: &Arc<Directory>,
) -> anyhow::Result<rpc::Deps> {
    let guard = Guard::new(consents, Arc::new(Everybody), ledger, clock());
    let pages = rpc::Pages::new(&[7; 32], clock()).map_err(|_| anyhow::anyhow!("page key"))?;
    Ok(rpc::Deps {
        db,
        guard,
        clock: clock(),
        pages,
        directory: Arc::clone(directory),
        stop: CancellationToken::new(),
    })
}
