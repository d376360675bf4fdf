//! Putting a listener together, and holding on to it while it runs.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::{Routes, RoutesBuilder};
use tower::layer::util::Identity;
use tower::{BoxError, Layer, Service};

use crate::admission::Admission;
use crate::conn::Settings;
use crate::front::{Front, Reply, Shared};
use crate::intake::Held;
use crate::listen::{Drain, Guests, Listener, Serve};
use crate::methods::Methods;
use crate::tls::Tls;
use crate::web::{Door, Origins};
use crate::{Error, Health, ServeConfig, bind};

/// A listener with several services.
#[derive(Debug)]
pub struct Server;

impl Server {
    pub fn builder(config: ServeConfig) -> Builder<Identity> {
        Builder {
            config,
            auth: Identity::new(),
            routes: RoutesBuilder::default(),
            services: Vec::new(),
            twice: None,
            descriptors: Vec::new(),
            health: Health::default(),
            stop: CancellationToken::new(),
        }
    }
}

/// `L` is the layer of authentication. Without one the services take what comes.
#[derive(Debug)]
pub struct Builder<L> {
    config: ServeConfig,
    auth: L,
    routes: RoutesBuilder,
    services: Vec<&'static str>,
    twice: Option<&'static str>,
    descriptors: Vec<&'static [u8]>,
    health: Health,
    stop: CancellationToken,
}

/// How a drain went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Connections that were still busy when the bound was reached.
    pub connections_cut: usize,
}

/// A listener that listens.
#[derive(Debug)]
pub struct Running {
    addr: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<Drained>,
}

impl<L> Builder<L> {
    /// Adds a tonic service. As many as one likes share the listener.
    pub fn add_service<S>(mut self, service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        if self.services.contains(&S::NAME) {
            self.twice = Some(S::NAME);
            return self;
        }
        self.services.push(S::NAME);
        self.routes.add_service(service);
        self
    }

    /// An encoded `FileDescriptorSet`: for reflection, and for what this crate must know of an RPC
    /// (does it stream, and a name that is safe to log). An RPC that no set describes is served as
    /// a unary one named "unknown".
    pub fn descriptors(mut self, encoded: &'static [u8]) -> Self {
        self.descriptors.push(encoded);
        self
    }

    /// The layer in front of the services. Health and reflection stay in front of it.
    pub fn auth<M>(self, layer: M) -> Builder<M> {
        let Self { config, auth: _, routes, services, twice, descriptors, health, stop } = self;
        Builder { config, auth: layer, routes, services, twice, descriptors, health, stop }
    }

    /// Drains when this token is cancelled, besides `Running::shutdown`.
    pub fn shutdown_on(mut self, token: CancellationToken) -> Self {
        self.stop = token.child_token();
        self
    }

    /// To say that a service does not serve, while the process runs.
    pub fn health(&self) -> Health {
        self.health.clone()
    }

    /// Binds and serves.
    pub async fn start(self) -> Result<Running, Error>
    where
        L: Layer<Routes>,
        L::Service:
            Service<Request<Body>, Response = Response<Body>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request<Body>>>::Future: Send,
        <L::Service as Service<Request<Body>>>::Error: Into<BoxError>,
    {
        self.config.check()?;
        let socket = bind(self.config.listen, false)?;
        self.start_on(socket).await
    }

    /// Serves on a socket that is open already, on the runtime that calls this.
    pub async fn start_on(self, socket: std::net::TcpListener) -> Result<Running, Error>
    where
        L: Layer<Routes>,
        L::Service:
            Service<Request<Body>, Response = Response<Body>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request<Body>>>::Future: Send,
        <L::Service as Service<Request<Body>>>::Error: Into<BoxError>,
    {
        let Self { mut config, auth, routes, services, twice, descriptors, health, stop } = self;
        if let Some(name) = twice {
            return Err(Error::Twice(name));
        }
        let failed = |addr| move |why| Error::bind(addr, why);
        let addr = socket.local_addr().map_err(failed(config.listen))?;
        // What is open decides, whatever the configuration says.
        config.listen = addr;
        config.check()?;
        socket.set_nonblocking(true).map_err(failed(addr))?;
        let socket = TcpListener::from_std(socket).map_err(failed(addr))?;

        let origins = Origins::new(config.web.as_ref());
        let tls = config.tls.as_ref().map(|t| Tls::new(t, origins.is_on())).transpose()?;
        let shared = Arc::new(Shared {
            methods: methods(&descriptors)?,
            admission: Admission::new(&config.limits),
            drain: Drain::default(),
            held: Held::new(config.limits.max_held_bytes),
            cap: config.deadline(),
        });
        for service in &services {
            health.set(service, true).await;
        }
        let front = Front {
            shared: Arc::clone(&shared),
            open: open(&health, &config, &services, &descriptors)?.prepare(),
            guarded: auth.layer(routes.routes().prepare()),
        };
        let listener = Listener {
            settings: Arc::new(Settings::new(&config, tls)),
            shared,
            door: Arc::new(Door::new(front, origins)),
            connections: Arc::new(Semaphore::new(config.limits.connections)),
            guests: Guests::default(),
            health,
            services,
            lame_duck: Duration::from_secs(config.lame_duck_seconds),
            drain: Duration::from_secs(config.drain_seconds),
        };
        tracing::info!(target: "trellis", %addr, tls = config.tls.is_some(), "listening");
        let task = tokio::spawn(listener.run(socket, stop.clone()));
        Ok(Running { addr, stop, task })
    }
}

fn methods(descriptors: &[&[u8]]) -> Result<Methods, Error> {
    let mut methods = Methods::default();
    methods.add(tonic_health::pb::FILE_DESCRIPTOR_SET)?;
    methods.add(tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET)?;
    methods.add(tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET)?;
    for encoded in descriptors {
        methods.add(encoded)?;
    }
    Ok(methods)
}

/// Health and, where it is wanted, reflection of exactly what is mounted.
fn open(
    health: &Health,
    config: &ServeConfig,
    services: &[&'static str],
    descriptors: &[&'static [u8]],
) -> Result<Routes, Error> {
    let routes = Routes::new(health.service());
    if !config.reflection {
        return Ok(routes);
    }
    let builder = || {
        let known = [tonic_health::pb::FILE_DESCRIPTOR_SET];
        let builder = known
            .iter()
            .chain(descriptors)
            .fold(tonic_reflection::server::Builder::configure(), |b, encoded| {
                b.register_encoded_file_descriptor_set(encoded)
            });
        let names = ["grpc.health.v1.Health"];
        services.iter().chain(&names).fold(builder, |b, name| b.with_service_name(*name))
    };
    let bad = |e: tonic_reflection::server::Error| Error::Descriptors(e.to_string());
    let (v1, v1alpha) = ("grpc.reflection.v1", "grpc.reflection.v1alpha");
    let named = |version: &str| builder().with_service_name(format!("{version}.ServerReflection"));
    Ok(routes
        .add_service(named(v1).build_v1().map_err(bad)?)
        .add_service(named(v1alpha).build_v1alpha().map_err(bad)?))
}

impl<S> Serve for Arc<Door<S>>
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + Sync + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
{
    fn serve(&self, req: Request<Body>) -> Reply {
        self.call(req)
    }
}

impl Running {
    /// Where it listens: the port, when the configuration said 0.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Begins the drain. `join` waits for its end.
    pub fn shutdown(&self) {
        self.stop.cancel();
    }

    /// Waits until the listener has gone away: in good order, at most `drain_seconds` (and
    /// `lame_duck_seconds`) after the signal.
    pub async fn join(self) -> Result<Drained, Error> {
        self.task.await.map_err(|why| Error::Task(why.to_string()))
    }
}
