use std::net::SocketAddr;
use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serve::{Error, PeerTls, ServeConfig, Server, TlsConfig};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::{Code, Status};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::support::{config, soon, start_with};

/// An authority of the test's own, and what it signed.
struct Authority {
    dir: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        std::fs::write(dir.path().join("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        Self { dir, issuer: Issuer::new(params, key) }
    }

    fn sign(&self, name: &str) -> (PathBuf, PathBuf) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let cert = params.signed_by(&key, &self.issuer).unwrap();
        let at = |end: &str| self.dir.path().join(format!("{name}.{end}"));
        std::fs::write(at("pem"), cert.pem()).unwrap();
        std::fs::write(at("key"), key.serialize_pem()).unwrap();
        (at("pem"), at("key"))
    }

    fn ca(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    fn server(&self, client_ca: Option<PathBuf>) -> ServeConfig {
        let (cert, key) = self.sign("localhost");
        ServeConfig { tls: Some(TlsConfig { cert, key, client_ca }), ..config("") }
    }

    fn client(&self, own: Option<(PathBuf, PathBuf)>) -> PeerTls {
        let (cert, key) = own.unzip();
        PeerTls { ca: self.ca(), cert, key, server_name: Some("localhost".to_owned()) }
    }
}

async fn check(addr: SocketAddr, tls: &PeerTls) -> Result<(), Status> {
    let channel = serve::peer(&format!("https://{addr}"), Some(tls)).unwrap();
    let request = HealthCheckRequest { service: "test.Echo".to_owned() };
    soon(HealthClient::new(channel).check(request)).await.map(|_| ())
}

#[tokio::test]
async fn tls_works_and_only_with_the_right_authority() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let (server, _) = start_with(ours.server(None)).await;
    check(server.addr(), &ours.client(None)).await.unwrap();
    assert_eq!(
        check(server.addr(), &theirs.client(None)).await.unwrap_err().code(),
        Code::Unavailable
    );
    let mut wrong = ours.client(None);
    wrong.server_name = Some("elsewhere".to_owned());
    assert_eq!(check(server.addr(), &wrong).await.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn mutual_tls_asks_every_client_for_a_certificate_of_its_authority() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let (server, _) = start_with(ours.server(Some(ours.ca()))).await;
    check(server.addr(), &ours.client(Some(ours.sign("notes")))).await.unwrap();
    check(server.addr(), &ours.client(None)).await.unwrap_err();
    check(server.addr(), &ours.client(Some(theirs.sign("notes")))).await.unwrap_err();
    check(server.addr(), &ours.client(Some(ours.sign("people")))).await.unwrap();
}

#[tokio::test]
async fn plaintext_and_garbage_on_a_tls_port_do_no_harm() {
    let ours = Authority::new();
    let mut config = ours.server(None);
    config.limits.handshake_timeout_seconds = 1;
    let (server, _) = start_with(config).await;
    let openings: [&[u8]; 4] = [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\xff\xff",
        b"",
    ];
    for opening in openings {
        let mut socket = TcpStream::connect(server.addr()).await.unwrap();
        socket.write_all(opening).await.unwrap();
        let _ = soon(socket.read_to_end(&mut Vec::new())).await;
    }
    check(server.addr(), &ours.client(None)).await.unwrap();
}

#[tokio::test]
async fn an_open_address_without_tls_does_not_start_however_it_is_given() {
    let mut open = config("");
    open.listen = "0.0.0.0:0".parse().unwrap();
    let error = Server::builder(open).start().await.unwrap_err();
    assert!(matches!(error, Error::NeedsTls { .. }), "{error}");
    let socket = serve::bind("0.0.0.0:0".parse().unwrap(), false).unwrap();
    let error = Server::builder(config("")).start_on(socket).await.unwrap_err();
    assert!(matches!(error, Error::NeedsTls { .. }), "{error}");
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_is_named_in_the_error() {
    let ours = Authority::new();
    let (cert, key) = ours.sign("localhost");
    let other = ours.sign("other").1;
    let empty = ours.dir.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    let missing = ours.dir.path().join("missing.pem");
    for (cert, key, client_ca, named) in [
        (&missing, &key, None, &missing),
        (&empty, &key, None, &empty),
        (&cert, &missing, None, &missing),
        (&cert, &other, None, &cert),
        (&cert, &key, Some(empty.clone()), &empty),
    ] {
        let tls = TlsConfig { cert: cert.clone(), key: key.clone(), client_ca };
        let config = ServeConfig { tls: Some(tls), ..config("") };
        let error = Server::builder(config).start().await.unwrap_err().to_string();
        assert!(error.contains(&named.display().to_string()), "{error}");
    }
}
