//! TLS 1.3, and whose certificate it takes.

use std::net::SocketAddr;
use std::sync::Arc;

use kernel::Connection;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serve::{Callee, Error, PeerTls, ServeConfig, Server, TlsConfig, spiffe_id};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tonic::{Code, Status};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::authority::{Authority, DOMAIN, TLS13, answers, serving, start_seeing};
use crate::support::{config, soon, start_with};

/// As a service of ours calls consent.
async fn check(addr: SocketAddr, tls: &PeerTls) -> Result<(), Status> {
    let callee = Callee { service: "consent", tls };
    let channel = serve::peer(&format!("https://{addr}"), Some(callee)).unwrap();
    let request = HealthCheckRequest { service: "test.Echo".to_owned() };
    soon(HealthClient::new(channel).check(request)).await.map(|_| ())
}

#[tokio::test]
async fn tls_works_and_only_with_the_right_authority() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let (server, _) = start_with(ours.server(None)).await;
    check(server.addr(), &ours.caller(ours.service("notes"))).await.unwrap();
    let stranger = theirs.caller(theirs.service("notes"));
    assert_eq!(check(server.addr(), &stranger).await.unwrap_err().code(), Code::Unavailable);
    let mut wrong = ours.caller(ours.service("notes"));
    wrong.server_name = Some("elsewhere".to_owned());
    assert_eq!(check(server.addr(), &wrong).await.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn a_peer_is_called_only_where_its_certificate_is_of_the_service_that_is_meant() {
    let ours = Authority::new();
    let caller = ours.caller(ours.service("notes"));
    for (file, uris, right) in [
        ("one", vec![spiffe_id(DOMAIN, "consent")], true),
        ("several", vec![spiffe_id(DOMAIN, "people"), spiffe_id(DOMAIN, "consent")], true),
        ("other", vec![spiffe_id(DOMAIN, "people")], false),
        ("domain", vec![spiffe_id("care.example.com", "consent")], false),
        ("none", vec![], false),
    ] {
        let uris: Vec<&str> = uris.iter().map(String::as_str).collect();
        let (server, _) = start_with(serving(ours.sign(file, &uris), Some(ours.ca()))).await;
        // Its host is right in each.
        answers(server.addr(), ours.client(None, TLS13)).await.unwrap();
        let code = check(server.addr(), &caller).await.map_or_else(|s| s.code(), |()| Code::Ok);
        assert_eq!(code, if right { Code::Ok } else { Code::Unavailable }, "{file}");
    }
}

#[tokio::test]
async fn what_a_client_proves_of_itself_stands_beside_each_of_its_calls() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let (server, seen) = start_seeing(ours.server(Some(ours.ca()))).await;
    let certificate = || match seen.lock().unwrap().pop().unwrap() {
        Connection::Tls { certificate } => certificate,
        Connection::Plaintext => panic!("plaintext"),
    };
    answers(server.addr(), ours.client(None, TLS13)).await.unwrap();
    assert_eq!(certificate(), None, "users need none");

    let notes = ours.service("notes");
    let client = ours.client(Some(&notes), TLS13);
    answers(server.addr(), client).await.unwrap();
    let proved = certificate().unwrap();
    let cert = CertificateDer::from_pem_file(&notes.0).unwrap();
    assert_eq!(proved.thumbprint, <[u8; 32]>::from(Sha256::digest(&cert)));
    assert_eq!(*proved.services, ["notes".to_owned()]);
    assert!(!format!("{proved:?}").contains("thumbprint"), "it is no log's business");

    answers(server.addr(), ours.client(Some(&ours.sign("user", &[])), TLS13)).await.unwrap();
    assert_eq!(*certificate().unwrap().services, [] as [String; 0]);

    // One of another authority is no certificate at all, and no way in without one.
    let before = seen.lock().unwrap().len();
    for stranger in [theirs.service("notes"), theirs.sign("user", &[])] {
        answers(server.addr(), ours.client(Some(&stranger), TLS13)).await.unwrap_err();
    }
    assert_eq!(seen.lock().unwrap().len(), before);
}

#[tokio::test]
async fn a_listener_without_an_authority_for_clients_believes_no_certificate() {
    let ours = Authority::new();
    let (server, seen) = start_seeing(ours.server(None)).await;
    let client = ours.client(Some(&ours.service("notes")), TLS13);
    answers(server.addr(), client).await.unwrap();
    assert_eq!(seen.lock().unwrap().pop().unwrap(), Connection::Tls { certificate: None });
    let (plain, seen) = start_seeing(config("")).await;
    assert_eq!(crate::support::Client::to(plain.addr()).await.say("here").await.text(), "here");
    assert_eq!(seen.lock().unwrap().pop().unwrap(), Connection::Plaintext);
}

#[tokio::test]
async fn a_client_that_speaks_no_more_than_tls_1_2_is_refused() {
    let ours = Authority::new();
    for client_ca in [None, Some(ours.ca())] {
        let (server, _) = start_with(ours.server(client_ca)).await;
        let old = ours.client(None, &[&rustls::version::TLS12]);
        let why = answers(server.addr(), old).await.unwrap_err();
        assert!(why.contains("ProtocolVersion"), "{why}");
        let both = ours.client(None, rustls::ALL_VERSIONS);
        answers(server.addr(), both).await.unwrap();
    }
}

#[tokio::test]
async fn a_peer_that_speaks_no_more_than_tls_1_2_is_not_called() {
    let ours = Authority::new();
    let (cert, key) = ours.service("consent");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut old = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_file(&cert).unwrap()],
            PrivateKeyDer::from_pem_file(&key).unwrap(),
        )
        .unwrap();
    old.alpn_protocols.push(b"h2".to_vec());
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(old));
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = socket.local_addr().unwrap();
    let accepted = tokio::spawn(async move {
        let (stream, _) = socket.accept().await.unwrap();
        acceptor.accept(stream).await.map(drop).unwrap_err().to_string()
    });
    let status = check(addr, &ours.caller(ours.service("notes"))).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    let why = soon(accepted).await.unwrap();
    assert!(why.contains("Tls12NotOffered") || why.contains("ProtocolVersion"), "{why}");
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
    check(server.addr(), &ours.caller(ours.service("notes"))).await.unwrap();
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
async fn plaintext_on_loopback_starts_only_where_it_was_asked_for() {
    let unasked = ServeConfig { plaintext: false, ..config("") };
    let error = Server::builder(unasked).start().await.unwrap_err().to_string();
    assert!(error.contains("serve.plaintext"), "{error}");
    Server::builder(config("")).start().await.unwrap();
}

#[tokio::test]
async fn a_peer_over_tls_needs_to_be_somebody() {
    let ours = Authority::new();
    let mut tls = ours.caller(ours.service("notes"));
    let url = "https://localhost:1";
    serve::peer(url, Some(Callee { service: "consent", tls: &tls })).unwrap();
    serve::peer(url, None).unwrap_err();
    tls.trust_domain = None;
    let error = serve::peer(url, Some(Callee { service: "consent", tls: &tls })).unwrap_err();
    assert!(error.to_string().contains("network.trust_domain"), "{error}");
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_is_named_in_the_error() {
    let ours = Authority::new();
    let (cert, key) = ours.service("consent");
    let other = ours.service("people").1;
    let empty = ours.dir.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    let huge = ours.dir.path().join("huge.pem");
    std::fs::write(&huge, vec![b'x'; 1024 * 1024 + 1]).unwrap();
    let missing = ours.dir.path().join("missing.pem");
    let open = ours.service("notes").1;
    std::fs::set_permissions(&open, std::os::unix::fs::PermissionsExt::from_mode(0o604)).unwrap();
    for (cert, key, client_ca, named) in [
        (&missing, &key, None, &missing),
        (&empty, &key, None, &empty),
        (&huge, &key, None, &huge),
        (&cert, &missing, None, &missing),
        (&cert, &open, None, &open),
        (&cert, &other, None, &cert),
        (&cert, &key, Some(empty.clone()), &empty),
    ] {
        let trust_domain = Some(DOMAIN.to_owned());
        let (cert, key) = (cert.clone(), key.clone());
        let tls = TlsConfig { cert, key, client_ca, trust_domain, reload_seconds: 1 };
        let config = ServeConfig { tls: Some(tls), plaintext: false, ..config("") };
        let error = Server::builder(config).start().await.unwrap_err().to_string();
        assert!(error.contains(&named.display().to_string()), "{error}");
    }
}
