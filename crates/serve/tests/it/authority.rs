//! An authority of the test's own, what it signed, and clients plainer than ours.

use std::fs::Permissions;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::Request;
use kernel::Connection;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use serve::{PeerTls, Running, ServeConfig, Server, TlsConfig, spiffe_id};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::body::Body;
use tower::util::MapRequestLayer;

use crate::echo::{Echo, descriptors};
use crate::support::{Client, config, soon};

pub const DOMAIN: &str = "care.example.org";
pub const TLS13: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];

/// A certificate and its key.
pub type Pair = (PathBuf, PathBuf);

pub struct Authority {
    pub dir: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        std::fs::write(dir.path().join("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        Self { dir, issuer: Issuer::new(params, key) }
    }

    pub fn ca(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    /// For the host `localhost`, with these URIs, in files of this name.
    pub fn sign(&self, name: &str, uris: &[&str]) -> Pair {
        let at = |end: &str| self.dir.path().join(format!("{name}.{end}"));
        self.sign_into(&at("pem"), &at("key"), uris);
        (at("pem"), at("key"))
    }

    pub fn sign_into(&self, cert: &Path, key: &Path, uris: &[&str]) {
        let pair = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let uris = uris.iter().map(|uri| SanType::URI((*uri).try_into().unwrap()));
        params.subject_alt_names.extend(uris);
        let signed = params.signed_by(&pair, &self.issuer).unwrap();
        std::fs::write(key, pair.serialize_pem()).unwrap();
        std::fs::set_permissions(key, Permissions::from_mode(0o600)).unwrap();
        std::fs::write(cert, signed.pem()).unwrap();
    }

    pub fn service(&self, service: &str) -> Pair {
        self.sign(service, &[&spiffe_id(DOMAIN, service)])
    }

    /// A listener of the service `consent`.
    pub fn server(&self, client_ca: Option<PathBuf>) -> ServeConfig {
        serving(self.service("consent"), client_ca)
    }

    /// As our services call, as this one.
    pub fn caller(&self, (cert, key): Pair) -> PeerTls {
        PeerTls {
            ca: self.ca(),
            cert,
            key,
            server_name: Some("localhost".to_owned()),
            trust_domain: Some(DOMAIN.to_owned()),
            reload_seconds: 1,
        }
    }

    /// A client that is none of ours.
    pub fn client(
        &self,
        own: Option<&Pair>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.ca()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots);
        let mut client = match own {
            None => builder.with_no_client_auth(),
            Some((cert, key)) => {
                let chain = vec![CertificateDer::from_pem_file(cert).unwrap()];
                let key = PrivateKeyDer::from_pem_file(key).unwrap();
                builder.with_client_auth_cert(chain, key).unwrap()
            }
        };
        client.alpn_protocols.push(b"h2".to_vec());
        Arc::new(client)
    }
}

pub fn serving((cert, key): Pair, client_ca: Option<PathBuf>) -> ServeConfig {
    let trust_domain = client_ca.as_ref().map(|_| DOMAIN.to_owned());
    let tls = TlsConfig { cert, key, client_ca, trust_domain, reload_seconds: 1 };
    ServeConfig { tls: Some(tls), plaintext: false, ..config("") }
}

pub type Seen = Arc<std::sync::Mutex<Vec<Connection>>>;

/// A listener, and what it put beside each call.
pub async fn start_seeing(config: ServeConfig) -> (Running, Seen) {
    let seen = Seen::default();
    let into = Arc::clone(&seen);
    let layer = MapRequestLayer::new(move |request: Request<Body>| {
        into.lock().unwrap().push(request.extensions().get::<Connection>().unwrap().clone());
        request
    });
    let builder = Server::builder(config).auth(layer).add_service(Echo::default());
    (builder.descriptors(descriptors()).start().await.unwrap(), seen)
}

pub async fn dial(
    addr: SocketAddr,
    client: Arc<ClientConfig>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(addr).await?;
    let name = ServerName::try_from("localhost").unwrap();
    soon(TlsConnector::from(client).connect(name, stream)).await
}

/// The certificate that the other end showed.
pub fn shown(stream: &TlsStream<TcpStream>) -> CertificateDer<'static> {
    stream.get_ref().1.peer_certificates().unwrap()[0].clone()
}

/// Whether a call over a new connection is answered: in TLS 1.3 a client hears of its own
/// certificate's refusal only after its handshake.
pub async fn answers(addr: SocketAddr, client: Arc<ClientConfig>) -> Result<(), String> {
    let stream = dial(addr, client).await.map_err(|why| why.to_string())?;
    let client = Client::try_over(stream).await.map_err(|why| why.to_string())?;
    let reply = soon(client.call("test.Echo/Say", "here", &[])).await;
    assert_eq!(reply.map_err(|why| why.to_string())?.text(), "here");
    Ok(())
}
