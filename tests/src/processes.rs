//! Each service as a process of its own, as in production, with mutual TLS between them, on one private
//! PostgreSQL.

use std::{
    collections::BTreeMap,
    fs,
    net::{SocketAddr, TcpListener},
    os::unix::process::ExitStatusExt as _,
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
        Self::start_trusting("").await
    }

    /// The same, that trusts these issuers, too: `[[issuers]]` of the configuration.
    pub async fn start_trusting(issuers: &str) -> Self {
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
        fs::write(&admin, postgres.admin_url().expose_secret()).unwrap();
        for name in SERVICES {
            let registers = "[people]\nregisters = \"no-victim-services\"\n";
            let text = config(&data, &admin, &ports, issuers, name, registers);
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

    /// A pool of this service's own role.
    pub async fn database(&self, name: &str) -> Db {
        let url = self.postgres.url(&ServiceSchema::of(name).role, "postgres");
        pg::connect(&pg::Config::new(url.as_str(), name)).await.unwrap()
    }

    /// The files of a service's configuration and of the administrator's URL.
    pub fn for_administration(&self, name: &str) -> (PathBuf, PathBuf) {
        (self.config_of(name), self.dir.path().join("data").join("admin-url"))
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
        let log = self.dir.path().join(format!("{name}.log"));
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

/// All are held until all are known, so that they differ.
fn free_ports() -> BTreeMap<&'static str, SocketAddr> {
    let held = SERVICES.map(|name| (name, TcpListener::bind("127.0.0.1:0").unwrap()));
    held.iter().map(|(name, socket)| (*name, socket.local_addr().unwrap())).collect()
}

/// `name`: a service's, or "all": of its certificate, and where it listens. `more`: what else it says.
pub(crate) fn config(
    data: &Path,
    url_file: &Path,
    ports: &BTreeMap<&'static str, SocketAddr>,
    issuers: &str,
    name: &str,
    more: &str,
) -> String {
    let peers: String =
        ports.iter().map(|(peer, addr)| format!("{peer} = \"https://{addr}\"\n")).collect();
    let (keys, pki) = (data.join("keys"), crate::network::pki(data));
    let (keys, pki) = (keys.display(), pki.display());
    let listen = ports.get(name).unwrap_or(&ports["people"]);
    let url_file = url_file.display();
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
url_file = "{url_file}"
unsafe_durability = true
[secrets]
page_tokens = "{keys}/page-tokens"
people_matching = "{keys}/people-matching"
[ledger]
key = "{keys}/ledger-key"
anchors = "anchors"
[peers]
{peers}
[peers.tls]
ca = "{pki}/ca.crt"
cert = "{pki}/{name}/tls.crt"
key = "{pki}/{name}/tls.key"
{more}"#
    )
}
