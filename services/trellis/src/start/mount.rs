//! The listeners: one for the world, and one for the services of this process among themselves.

use std::{
    convert::Infallible,
    hash::{BuildHasher as _, RandomState},
    net::TcpListener,
    sync::Arc,
};

use identity::{AuthLayer, Caller, CallerKind};
use serve::{Builder, Health, Limits, ServeConfig, Server, ShareLayer, Sharer, Shares};
use tokio_util::sync::CancellationToken;
use tonic::{
    body::Body,
    codegen::{
        Service,
        http::{Extensions, Request, Response},
    },
    server::NamedService,
};
use tower::layer::util::{Identity, Stack};

use crate::Config;

pub(super) struct Mounts {
    public: Option<Builder<Identity>>,
    internal: Option<Builder<Identity>>,
    health: Health,
    shares: Shares,
}

impl Mounts {
    pub(super) fn new(config: &Config, inside: bool, stop: CancellationToken) -> Self {
        let public = builder(config.serve.clone()).shutdown_on(stop);
        let internal = inside.then(|| {
            builder(ServeConfig {
                // Loopback, and nobody but this process calls.
                plaintext: true,
                reflection: false,
                deadline_seconds: config.serve.deadline_seconds,
                drain_seconds: 5,
                limits: Limits {
                    // What asks has been admitted already, and its questions go in groups.
                    requests: 16_384,
                    max_concurrent_streams: 4_096,
                    ..Limits::default()
                },
                ..ServeConfig::default()
            })
        });
        let shares = config.serve.shares;
        Self { health: public.health(), public: Some(public), internal, shares }
    }

    /// On both: a call from inside passes the same checks.
    pub(super) fn add<S>(&mut self, service: S)
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        self.internal = self.internal.take().map(|b| b.add_service(service.clone()));
        self.public = self.public.take().map(|b| b.add_service(service));
    }

    pub(super) fn health(&self) -> Health {
        self.health.clone()
    }

    /// The inner listener first: the outer one's requests need it.
    pub(super) async fn start(
        self,
        internal: Option<TcpListener>,
        public: TcpListener,
        auth: AuthLayer,
    ) -> anyhow::Result<(Option<serve::Running>, serve::Running)> {
        let internal = match (self.internal, internal) {
            (Some(builder), Some(socket)) => {
                Some(builder.auth(auth.clone()).start_on(socket).await?)
            }
            _ => None,
        };
        let builder = self.public.ok_or_else(|| anyhow::anyhow!("nothing to serve"))?;
        let keys = Arc::new(RandomState::new());
        let shares = ShareLayer::new(&self.shares, move |of: &Extensions| sharer(&keys, of));
        let guarded = Stack::new(shares, auth);
        Ok((internal, builder.auth(guarded).start_on(public).await?))
    }
}

/// Whose share a request is taken from: the agency's, or their own. Services ask on behalf of callers whose share
/// has been taken.
fn sharer(keys: &RandomState, of: &Extensions) -> Option<Sharer> {
    let caller = of.get::<Arc<Caller>>()?;
    match caller.kind() {
        CallerKind::Staff { agency, .. } => Some(Sharer::Agency(keys.hash_one(agency))),
        CallerKind::Individual | CallerKind::Network => {
            let key = keys.hash_one((caller.issuer(), caller.subject().as_str()));
            Some(Sharer::Individual(key))
        }
        CallerKind::Service { .. } => None,
    }
}

fn builder(config: ServeConfig) -> Builder<Identity> {
    Server::builder(config).descriptors(wire::DESCRIPTORS)
}
