//! Certificates that change while a listener listens and a peer is called.

use std::time::{Duration, Instant};

use kernel::Connection;
use serve::{Callee, spiffe_id};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::authority::{Authority, DOMAIN, TLS13, answers, dial, serving, shown, start_seeing};
use crate::support::{Client, soon};

/// Asks again until it is so, for at most ten seconds: files are looked at each second.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < Duration::from_secs(10), "not within ten seconds: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Longer than it takes to look twice.
const LOOKED: Duration = Duration::from_millis(2_500);

#[tokio::test]
async fn a_new_certificate_is_shown_to_new_connections_and_open_ones_go_on() {
    let ours = Authority::new();
    let (server, _) = start_seeing(ours.server(Some(ours.ca()))).await;
    let client = ours.client(None, TLS13);
    let stream = dial(server.addr(), client.clone()).await.unwrap();
    let first = shown(&stream);
    let open = Client::over(stream).await;
    assert_eq!(open.say("before").await.text(), "before");

    ours.service("consent");
    until("the new certificate is shown", async || {
        shown(&dial(server.addr(), client.clone()).await.unwrap()) != first
    })
    .await;
    assert_eq!(open.say("after").await.text(), "after");
    assert!(!open.is_closed());
    answers(server.addr(), client).await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_bad_changes_nothing_until_it_is_good_again() {
    let ours = Authority::new();
    let (cert, key) = ours.service("consent");
    let (server, _) = start_seeing(serving((cert.clone(), key.clone()), Some(ours.ca()))).await;
    let client = ours.client(None, TLS13);
    let first = shown(&dial(server.addr(), client.clone()).await.unwrap());
    let (good_cert, good_key) = (std::fs::read(&cert).unwrap(), std::fs::read(&key).unwrap());
    let other_key = std::fs::read(ours.service("people").1).unwrap();
    let broken: [(&str, &dyn Fn()); 3] = [
        ("no PEM", &|| std::fs::write(&cert, "-----BEGIN").unwrap()),
        ("another's key", &|| std::fs::write(&key, &other_key).unwrap()),
        ("gone", &|| std::fs::remove_file(&cert).unwrap()),
    ];
    for (what, breaks) in broken {
        breaks();
        let begun = Instant::now();
        while begun.elapsed() < LOOKED {
            let now = shown(&dial(server.addr(), client.clone()).await.unwrap());
            assert_eq!(now, first, "{what}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        std::fs::write(&cert, &good_cert).unwrap();
        std::fs::write(&key, &good_key).unwrap();
    }
    ours.sign_into(&cert, &key, &[]);
    until("a good one is taken up", async || {
        shown(&dial(server.addr(), client.clone()).await.unwrap()) != first
    })
    .await;
}

#[tokio::test]
async fn an_authority_that_is_taken_out_is_believed_no_longer() {
    let (ours, old) = (Authority::new(), Authority::new());
    let both = ours.dir.path().join("both.pem");
    let [new, before] = [ours.ca(), old.ca()].map(|path| std::fs::read_to_string(path).unwrap());
    std::fs::write(&both, format!("{new}{before}")).unwrap();
    let (server, _) = start_seeing(ours.server(Some(both.clone()))).await;
    let theirs = ours.client(Some(&old.service("notes")), TLS13);
    let known = ours.client(Some(&ours.service("notes")), TLS13);
    answers(server.addr(), theirs.clone()).await.unwrap();

    std::fs::write(&both, new).unwrap();
    until("it is refused", async || answers(server.addr(), theirs.clone()).await.is_err()).await;
    // From then on, and with whatever a client kept of an earlier connection.
    for _ in 0..3 {
        answers(server.addr(), theirs.clone()).await.unwrap_err();
        answers(server.addr(), known.clone()).await.unwrap();
    }
}

#[tokio::test]
async fn a_caller_shows_its_new_certificate_on_its_next_connection() {
    let ours = Authority::new();
    let mut config = ours.server(Some(ours.ca()));
    // So that there is a next one soon.
    config.limits.max_connection_age_seconds = 1;
    let (server, seen) = start_seeing(config).await;
    let own = ours.service("notes");
    let tls = ours.caller(own.clone());
    let callee = Callee { service: "consent", tls: &tls };
    let channel = serve::peer(&format!("https://localhost:{}", server.addr().port()), Some(callee));
    let channel = channel.unwrap();
    let call = async || {
        let mut grpc = tonic::client::Grpc::new(channel.clone());
        soon(grpc.ready()).await.unwrap();
        let path = http::uri::PathAndQuery::from_static("/test.Echo/Say");
        let codec = tonic_prost::ProstCodec::<String, String>::default();
        let said = soon(grpc.unary(tonic::Request::new("here".to_owned()), path, codec)).await;
        said.map(|_| match seen.lock().unwrap().pop().unwrap() {
            Connection::Tls { certificate } => certificate.unwrap().thumbprint,
            Connection::Plaintext => panic!("plaintext"),
        })
    };
    let first = call().await.unwrap();
    ours.sign_into(&own.0, &own.1, &[&spiffe_id(DOMAIN, "notes")]);
    // A call may meet the end of a connection.
    until("the new one is shown", async || call().await.is_ok_and(|now| now != first)).await;
    let request = HealthCheckRequest { service: "test.Echo".to_owned() };
    soon(HealthClient::new(channel.clone()).check(request)).await.unwrap();
}
