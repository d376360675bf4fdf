//! A provider whose certificate is not its own, or no more: what it says is not read.

use std::{
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use identity::IssuerConfig;
use jsonwebtoken::Algorithm;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer},
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    forge::{Key, set},
    provider::{discovered, trusting},
    world::{GET_AGENCY, NOW, bearer, claims_of},
};

const ISSUER: &str = "https://sealed.example";
/// Set in a process of its own, whose authorities are the test's: the folder that holds them.
const SEALED: &str = "TRELLIS_TEST_SEALED";

struct Authority(Issuer<'static, KeyPair>);

impl Authority {
    /// Its certificate, as PEM.
    fn new() -> (Self, String) {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        (Self(Issuer::new(params, key)), pem)
    }

    fn sign(&self, params: &CertificateParams) -> Pair {
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.0).unwrap().der().clone(), key)
    }
}

type Pair = (CertificateDer<'static>, KeyPair);

fn of(host: &str) -> CertificateParams {
    CertificateParams::new(vec![host.to_owned()]).unwrap()
}

fn lasting(from: i32, until: i32) -> CertificateParams {
    let mut params = of("127.0.0.1");
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    params
}

/// Where it answers with these keys, by this certificate, and how often it was asked.
async fn provider((certificate, key): Pair, keys: String) -> (String, Arc<AtomicUsize>) {
    let crypto = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let private = PrivatePkcs8KeyDer::from(key.serialize_der());
    let config = ServerConfig::builder_with_provider(crypto)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], private.into())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/jwks", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let Ok(mut socket) = acceptor.accept(socket).await else { continue };
            let mut request = [0; 4096];
            if !matches!(socket.read(&mut request).await, Ok(1..)) {
                continue;
            }
            count.fetch_add(1, Ordering::SeqCst);
            let head = format!("HTTP/1.1 200 X\r\ncontent-length: {}\r\n", keys.len());
            let answer = format!("{head}connection: close\r\n\r\n{keys}");
            let _ = socket.write_all(answer.as_bytes()).await;
            let _ = socket.shutdown().await;
        }
    });
    (url, asked)
}

#[test]
fn a_provider_is_believed_by_a_certificate_of_its_own_alone() {
    if let Some(folder) = std::env::var_os(SEALED) {
        return tokio::runtime::Runtime::new().unwrap().block_on(believed(Path::new(&folder)));
    }
    let folder = tempfile::tempdir().unwrap();
    let mut again = Command::new(std::env::current_exe().unwrap());
    again
        .args(["--exact", "certificate::a_provider_is_believed_by_a_certificate_of_its_own_alone"])
        .env(SEALED, folder.path())
        .env("SSL_CERT_FILE", folder.path().join("ca.pem"))
        .env_remove("SSL_CERT_DIR");
    for proxy in ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        again.env_remove(proxy);
    }
    let done = again.output().unwrap();
    let told = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && told.contains("1 passed"), "{told}");
}

async fn believed(folder: &Path) {
    identity::prepare_crypto().unwrap();
    let (authority, pem) = Authority::new();
    std::fs::write(folder.join("ca.pem"), pem).unwrap();
    let (stranger, _) = Authority::new();
    let own = KeyPair::generate().unwrap();
    let by_itself = of("127.0.0.1").self_signed(&own).unwrap().der().clone();
    let key = Key::new("k1", Algorithm::ES256);
    let claims = claims_of(ISSUER, NOW, "sub-1", json!({ "roles": ["PERSON"] }));
    let token = bearer(&key.token(&claims));
    for (what, pair, stands) in [
        ("its own", authority.sign(&of("127.0.0.1")), true),
        ("another name's", authority.sign(&of("sign-in.example")), false),
        ("nobody's", authority.sign(&CertificateParams::new(Vec::new()).unwrap()), false),
        ("of a stranger's authority", stranger.sign(&of("127.0.0.1")), false),
        ("signed by itself", (by_itself, own), false),
        ("ended", authority.sign(&lasting(2000, 2001)), false),
        ("not begun", authority.sign(&lasting(2150, 2151)), false),
    ] {
        let (url, asked) = provider(pair, set(&[&key]).to_string()).await;
        let jwks_url = Some(url);
        let issuer = IssuerConfig { jwks_url, discovery: false, ..discovered(ISSUER) };
        let (authenticator, _) = trusting(issuer).await;
        let heard = authenticator.authenticate(GET_AGENCY, &token).await;
        assert_eq!(heard.is_ok(), stands, "{what}");
        assert_eq!(asked.load(Ordering::SeqCst) > 0, stands, "{what}: nothing is asked of it");
    }
}
