//! Each service as a process of its own, as in production, with mutual TLS between them, on one private
//! PostgreSQL.

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    os::unix::{fs::PermissionsExt as _, process::ExitStatusExt as _},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use pg::{Db, Embedded, ServiceSchema, embedded};
use secrecy::ExposeSecret as _;
use tempfile::TempDir;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::{
    BOUND, Network, Process, SERVICES,
    binary::{faulted, trellis},
    process::kill_children,
    until,
    up::throw_away,
};

/// Where kill -9 meets a service: the so-many-th time that its work comes to a point, and so much later.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    pub point: &'static str,
    pub passes: u64,
    pub after: Duration,
    /// It is the database that is killed.
    pub database: bool,
}

/// Ways that lead through something, and not straight.
#[derive(Debug, Default)]
pub struct Detours {
    /// Where a service finds its database.
    pub databases: BTreeMap<&'static str, SocketAddr>,
    /// Where the others find a service.
    pub peers: BTreeMap<&'static str, SocketAddr>,
    /// Where traces and metrics go.
    pub collector: Option<SocketAddr>,
    /// Connections to the database that a service may have; else as many as it has by itself.
    pub connections: BTreeMap<&'static str, u32>,
}

/// Where things are, before any of the services has been started.
#[derive(Debug)]
pub struct Sites {
    /// The database's socket.
    pub database: PathBuf,
    pub services: BTreeMap<&'static str, SocketAddr>,
}

/// A network of processes. Dropping it ends them all.
pub struct Processes {
    running: BTreeMap<&'static str, Process>,
    network: Network,
    // In this order: processes, their database, their files.
    postgres: Embedded,
    dir: TempDir,
}

impl Processes {
    /// A server that loses nothing at kill -9, but does not wait for the disk.
    pub async fn start() -> Self {
        Self::begin("", async |_: &Sites| Detours::default()).await
    }

    /// The same, that trusts these issuers, too: `[[issuers]]` of the configuration.
    pub async fn start_trusting(issuers: &str) -> Self {
        Self::begin(issuers, async |_: &Sites| Detours::default()).await
    }

    /// The same, where some ways lead through something else.
    pub async fn start_through(detours: impl AsyncFnOnce(&Sites) -> Detours) -> Self {
        Self::begin("", detours).await
    }

    async fn begin(issuers: &str, detours: impl AsyncFnOnce(&Sites) -> Detours) -> Self {
        let dir = throw_away();
        let data = dir.path().join("data");
        fs::create_dir(&data).unwrap();
        let options = embedded::Options { fast: true, ..embedded::Options::default() };
        let postgres = Embedded::start(options).await.unwrap();
        let keys = data.join("keys");
        done(Command::new(trellis()).arg("keys").arg(&keys));
        let mut pki = Command::new(trellis());
        pki.arg("pki").arg(crate::network::pki(&data)).args(["--trust-domain", "test.example"]);
        done(pki.args(["--ip", "127.0.0.1", "--all", "--client", "agency"]));
        let ports = free_ports();
        let network = Network::new(&data, |name| format!("https://{}", ports[name]));
        let admin = data.join("admin-url");
        keep(&admin, postgres.admin_url().expose_secret());
        let sites = Sites { database: socket_of(&postgres), services: ports };
        let detours = detours(&sites).await;
        for name in SERVICES {
            let more = "[people]\nregisters = \"no-victim-services\"\n";
            let text = config(&data, &admin, &sites.services, &detours, issuers, name, more);
            fs::write(dir.path().join(format!("{name}.toml")), text).unwrap();
        }
        let mut migrate = Command::new(trellis());
        migrate.args(["migrate", "all", "--config"]).arg(dir.path().join("directory.toml"));
        done(migrate.arg("--admin-url-file").arg(&admin));
        let mut all = Self { running: BTreeMap::new(), network, postgres, dir };
        for name in SERVICES {
            all.spawn(name);
        }
        for name in SERVICES {
            all.serving(name).await;
        }
        all
    }

    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Of the database's administrator, which no service has.
    pub fn admin_url(&self) -> secrecy::SecretString {
        self.postgres.admin_url()
    }

    /// The process of a service.
    pub fn process(&mut self, service: &str) -> &mut Process {
        self.running.get_mut(service).expect("it was started")
    }

    /// Ends a service's process with kill -9.
    pub fn kill(&mut self, service: &str) {
        self.process(service).kill();
    }

    /// Starts a service again at the same address, and waits until it serves.
    pub async fn start_again(&mut self, service: &'static str) {
        self.spawn(service);
        self.serving(service).await;
    }

    /// Starts a service again, with a directory in the same process, beside the one that is there.
    pub async fn start_with_directory(&mut self, service: &'static str) {
        // Two instances of a service have an anchor each.
        let text = fs::read_to_string(self.config_of(service)).unwrap();
        let beside = self.dir.path().join(format!("{service}-beside.toml"));
        let text = text.replace("\"anchors\"", "\"anchors-beside\"");
        // It is several services.
        fs::write(&beside, text.replace(&format!("/{service}/"), "/all/")).unwrap();
        let mut command = Command::new(trellis());
        command.args(["serve", "directory", service, "--config"]).arg(beside);
        self.run(service, command);
        self.serving(service).await;
    }

    /// Starts a service anew with the certificate of another one, and waits until it listens.
    pub async fn start_disguised(&mut self, service: &'static str, certificate: &str) {
        let text = fs::read_to_string(self.config_of(service)).unwrap();
        let path = self.dir.path().join(format!("{service}-disguised.toml"));
        fs::write(&path, text.replace(&format!("/{service}/"), &format!("/{certificate}/")))
            .unwrap();
        self.kill(service);
        let mut command = Command::new(trellis());
        command.args(["serve", service, "--config"]).arg(path);
        self.run(service, command);
        self.process(service).says("listening on ", BOUND).await;
    }

    /// Starts a service that a fault will meet, and does not wait for it.
    pub fn start_faulted(&mut self, name: &'static str, fault: &Fault) {
        let mut command = Command::new(faulted());
        let victim = match fault.database {
            true => self.postgres.pid().to_string(),
            false => "self".to_owned(),
        };
        command.arg(name).arg(self.config_of(name)).args([
            fault.point,
            &fault.passes.to_string(),
            &fault.after.as_micros().to_string(),
            &victim,
        ]);
        self.run(name, command);
    }

    /// Waits until the fault has met it.
    pub async fn faulted(&mut self, name: &str, fault: &Fault) {
        let process = self.process(name);
        if fault.database {
            process.says("the database was killed", BOUND).await;
        } else {
            let status = process.ended(BOUND).unwrap_or_else(|| panic!("{fault:?} never came"));
            assert_eq!(status.signal(), Some(9), "{fault:?}: {}", process.errors());
        }
    }

    /// Of a server whose one process is killed, all others end at once, and it recovers from its log.
    pub fn kill_database(&self) {
        kill_children(self.postgres.pid());
    }

    /// What each process, and the database, has said so far.
    pub fn logs(&self) -> Vec<(String, String)> {
        let mut files: Vec<PathBuf> = SERVICES.map(|name| self.log_of(name)).into();
        files.push(self.postgres.data_dir().join("server.log"));
        let name = |file: &Path| file.file_name().unwrap().to_string_lossy().into_owned();
        let text = |file: &Path| String::from_utf8_lossy(&fs::read(file).unwrap()).into_owned();
        files.iter().map(|file| (name(file), text(file))).collect()
    }

    /// A pool of this service's own role.
    pub async fn database(&self, name: &str) -> Db {
        let url = self.postgres.url(&ServiceSchema::of(name).role, "postgres");
        pg::connect(&pg::Config::new(url.as_str(), name)).await.unwrap()
    }

    /// The files of a service's configuration and of the administrator's URL.
    pub fn for_administration(&self, name: &str) -> (PathBuf, PathBuf) {
        (self.config_of(name), self.dir.path().join("data").join("admin-url"))
    }

    fn log_of(&self, name: &str) -> PathBuf {
        self.dir.path().join(format!("{name}.log"))
    }

    fn config_of(&self, name: &str) -> PathBuf {
        self.dir.path().join(format!("{name}.toml"))
    }

    fn spawn(&mut self, name: &'static str) {
        let mut command = Command::new(trellis());
        command.args(["serve", name, "--config"]).arg(self.config_of(name));
        self.run(name, command);
    }

    fn run(&mut self, name: &'static str, command: Command) {
        let log = self.log_of(name);
        self.running.insert(name, Process::start(command, &log));
    }

    async fn serving(&mut self, name: &'static str) {
        let process = self.running.get_mut(name).unwrap();
        process.says("listening on ", BOUND).await;
        serving(&self.network, name).await;
    }

    /// What all its services have said on stderr.
    pub fn errors(&self) -> String {
        self.running.values().map(Process::errors).collect()
    }
}

/// A process serves once it has heard the directory; health says so.
pub(crate) async fn serving(network: &Network, name: &str) {
    let someone = network.actor("");
    until(&format!("{name} is SERVING"), Duration::from_secs(30), || async {
        let mut health = HealthClient::new(someone.client(name).authorized());
        let answer = health.check(HealthCheckRequest::default()).await.ok()?.into_inner();
        (answer.status() == ServingStatus::Serving).then_some(())
    })
    .await;
}

pub(crate) fn done(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The server says itself where it listens.
fn socket_of(postgres: &Embedded) -> PathBuf {
    let told = fs::read_to_string(postgres.data_dir().join("postmaster.pid")).unwrap();
    Path::new(told.lines().nth(4).unwrap()).join(".s.PGSQL.5432")
}

fn free_ports() -> BTreeMap<&'static str, SocketAddr> {
    SERVICES.map(|name| (name, free_port())).into_iter().collect()
}

/// Nobody else is given it before this test ends.
pub(crate) fn free_port() -> SocketAddr {
    ([127, 0, 0, 1], testkit::ports(1).unwrap()[0]).into()
}

/// Writes a file that nobody else reads.
pub(crate) fn keep(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// `name`: a service's, or "all": of its certificate, and where it listens. `more`: what else it says.
pub(crate) fn config(
    data: &Path,
    url_file: &Path,
    ports: &BTreeMap<&'static str, SocketAddr>,
    detours: &Detours,
    issuers: &str,
    name: &str,
    more: &str,
) -> String {
    let way = |(peer, addr)| {
        format!("{peer} = \"https://{}\"\n", detours.peers.get(peer).unwrap_or(addr))
    };
    let peers: String = ports.iter().map(way).collect();
    let database = match detours.databases.get(name) {
        Some(addr) => format!("url = \"postgres://anybody@{addr}/postgres?sslmode=disable\""),
        None => format!("url_file = \"{}\"", url_file.display()),
    };
    let connections = detours.connections.get(name).map(|n| format!("max_connections = {n}"));
    let collector = detours.collector.map(|addr| format!("otlp_endpoint = \"http://{addr}\""));
    let [connections, collector] = [connections, collector].map(Option::unwrap_or_default);
    let (keys, pki) = (data.join("keys"), crate::network::pki(data));
    let (keys, pki) = (keys.display(), pki.display());
    let listen = ports.get(name).unwrap_or(&ports["people"]);
    format!(
        r#"[network]
audience = "trellis-dev"
trust_domain = "test.example"
[[issuers]]
issuer = "trellis:dev"
jwks_file = "{keys}/dev-issuer-jwks.json"
algorithms = ["ES256"]
asserts = ["AGENCY_STAFF", "PERSON", "NETWORK"]
identity_proofing = true
{issuers}
[service_key]
directory = "{keys}"
[serve]
listen = "{listen}"
[serve.tls]
cert = "{pki}/{name}/tls.crt"
key = "{pki}/{name}/tls.key"
client_ca = "{pki}/ca.crt"
[database]
{database}
{connections}
unsafe_durability = true
[secrets]
page_tokens = "{keys}/page-tokens"
people_matching = "{keys}/people-matching"
[ledger]
key = "{keys}/ledger-key"
anchors = "anchors"
[telemetry]
{collector}
[peers]
{peers}
[peers.tls]
ca = "{pki}/ca.crt"
cert = "{pki}/{name}/tls.crt"
key = "{pki}/{name}/tls.key"
{more}"#
    )
}
