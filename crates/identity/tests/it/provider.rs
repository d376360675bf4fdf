//! A provider of keys that is away, slow, empty or hostile.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use identity::{Asserts, Authenticator, IdentityConfig, IssuerConfig, JwsAlgorithm};
use jsonwebtoken::Algorithm;
use kernel::{Instant, ManualClock};
use serde_json::{Value, json};
use time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::{
    forge::{Key, merged, set},
    world::{AUDIENCE, Bindings, GET_AGENCY, NOW, bearer, claims_of},
};

const ISSUER: &str = "https://remote.example";
/// Another one beside it.
const HEALTHY: &str = "https://healthy.example";

/// What the provider does with the next requests.
#[derive(Clone)]
pub enum Does {
    Answers(u16, String),
    Redirects(String),
    BreaksOff,
    Hangs,
    /// Until nobody reads any more.
    Floods,
}

pub struct Provider {
    does: Arc<Mutex<Does>>,
    asked: Arc<AtomicUsize>,
    flooded: Arc<AtomicUsize>,
    cut_off: Arc<AtomicBool>,
    last: Arc<Mutex<String>>,
    pub url: String,
}

impl Provider {
    pub async fn start(first: Does) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jwks", listener.local_addr().unwrap());
        let does = Arc::new(Mutex::new(first));
        let asked = Arc::new(AtomicUsize::new(0));
        let flooded = Arc::new(AtomicUsize::new(0));
        let cut_off = Arc::new(AtomicBool::new(false));
        let last = Arc::new(Mutex::new(String::new()));
        let (sent, ended, line) = (flooded.clone(), cut_off.clone(), last.clone());
        let (state, count) = (does.clone(), asked.clone());
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut request = [0; 4096];
                let length = socket.read(&mut request).await.unwrap_or(0);
                if length == 0 {
                    continue;
                }
                *line.lock().unwrap() = String::from_utf8_lossy(&request[..length]).into_owned();
                count.fetch_add(1, Ordering::SeqCst);
                let next = state.lock().unwrap().clone();
                let (head, body) = match next {
                    Does::Answers(code, body) => {
                        (format!("HTTP/1.1 {code} X\r\ncontent-length: {}\r\n", body.len()), body)
                    }
                    Does::Redirects(to) => (
                        format!("HTTP/1.1 302 X\r\nlocation: {to}\r\ncontent-length: 0\r\n"),
                        String::new(),
                    ),
                    Does::Hangs => {
                        // Open and silent until the test ends.
                        std::mem::forget(socket);
                        continue;
                    }
                    Does::Floods => {
                        let head = "HTTP/1.1 200 X\r\nconnection: close\r\n\r\n{\"keys\":[";
                        let _ = socket.write_all(head.as_bytes()).await;
                        while socket.write_all(&[b' '; 65_536]).await.is_ok() {
                            sent.fetch_add(65_536, Ordering::SeqCst);
                        }
                        ended.store(true, Ordering::SeqCst);
                        continue;
                    }
                    Does::BreaksOff => {
                        ("HTTP/1.1 200 X\r\ncontent-length: 9999\r\n".into(), "{\"keys\":".into())
                    }
                };
                let answer = format!("{head}connection: close\r\n\r\n{body}");
                let _ = socket.write_all(answer.as_bytes()).await;
            }
        });
        Self { does, asked, flooded, cut_off, last, url }
    }

    pub fn now(&self, does: Does) {
        *self.does.lock().unwrap() = does;
    }

    /// What was asked last.
    pub fn path(&self) -> String {
        self.last.lock().unwrap().clone()
    }

    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

pub fn answers(set: &Value) -> Does {
    Does::Answers(200, set.to_string())
}

/// An issuer of people's tokens whose keys are where its metadata says.
pub fn discovered(issuer: &str) -> IssuerConfig {
    IssuerConfig {
        issuer: issuer.to_owned(),
        jwks_file: None,
        jwks_url: None,
        discovery: true,
        algorithms: vec![JwsAlgorithm::ES256, JwsAlgorithm::RS256, JwsAlgorithm::PS256],
        asserts: vec![Asserts::Person],
        identity_proofing: false,
        b2b: false,
        certificate_bound: false,
    }
}

/// One who trusts this issuer, and their clock.
pub async fn trusting(issuer: IssuerConfig) -> (Arc<Authenticator>, ManualClock) {
    trusting_all(vec![issuer]).await
}

async fn trusting_all(issuers: Vec<IssuerConfig>) -> (Arc<Authenticator>, ManualClock) {
    let clock = ManualClock::at(Instant::from_unix_timestamp(NOW).unwrap());
    let config = IdentityConfig { audience: AUDIENCE.into(), issuers, service_keys: None };
    let (now, bindings) = (Arc::new(clock.clone()), Arc::new(Bindings::default()));
    (Authenticator::start(&config, &["notes"], now, bindings).await.unwrap(), clock)
}

struct Net {
    provider: Provider,
    authenticator: Arc<Authenticator>,
    clock: ManualClock,
    key: Key,
}

impl Net {
    async fn start(first: impl FnOnce(&Key) -> Does) -> Self {
        identity::prepare_crypto().unwrap();
        let key = Key::new("k1", Algorithm::ES256);
        let provider = Provider::start(first(&key)).await;
        let jwks_url = Some(provider.url.clone());
        let issuer = IssuerConfig { jwks_url, discovery: false, ..discovered(ISSUER) };
        let (authenticator, clock) = trusting(issuer).await;
        Self { provider, authenticator, clock, key }
    }

    fn token(&self, key: &Key) -> String {
        key.token(&claims_of(
            ISSUER,
            NOW,
            "sub-1",
            json!({ "roles": ["PERSON"], "exp": NOW + 80_000 }),
        ))
    }

    async fn stands(&self, token: &str) -> bool {
        self.authenticator.authenticate(GET_AGENCY, &bearer(token)).await.is_ok()
    }

    /// A refresh in the background has no one waiting for it: look until it shows.
    async fn until(&self, token: &str, stands: bool) {
        let look = async {
            while self.stands(token).await != stands {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), look).await.unwrap();
    }
}

#[tokio::test]
async fn an_unknown_key_triggers_one_refresh_and_then_a_cool_down() {
    let net = Net::start(|key| answers(&set(&[key]))).await;
    assert_eq!(net.provider.asked(), 1);
    assert!(net.stands(&net.token(&net.key)).await);
    let next = Key::new("k2", Algorithm::ES256);
    net.provider.now(answers(&set(&[&net.key, &next])));
    // Many at once: one question.
    let token = net.token(&next);
    let asks = (0..50).map(|_| net.stands(&token));
    assert!(futures::future::join_all(asks).await.into_iter().all(|stands| stands));
    assert_eq!(net.provider.asked(), 2);
    // Made-up ids meanwhile ask nobody.
    for n in 0..50 {
        let made_up = Key { kid: format!("made-up-{n}"), ..next.clone() };
        assert!(!net.stands(&net.token(&made_up)).await);
    }
    assert_eq!(net.provider.asked(), 2);
    net.clock.advance(Duration::seconds(30));
    let made_up = Key { kid: "made-up".into(), ..next.clone() };
    assert!(!net.stands(&net.token(&made_up)).await);
    assert_eq!(net.provider.asked(), 3);
}

/// Set in a process of its own: the environment is a whole process's.
const PROXIED: &str = "TRELLIS_TEST_PROXIED";

#[test]
fn keys_of_this_machine_are_asked_of_no_proxy() {
    if std::env::var_os(PROXIED).is_some() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        return runtime.block_on(async {
            let net = Net::start(|key| answers(&set(&[key]))).await;
            assert!(net.stands(&net.token(&net.key)).await);
            assert_eq!(net.provider.asked(), 1);
        });
    }
    let proxy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.set_nonblocking(true).unwrap();
    let url = format!("http://{}", proxy.local_addr().unwrap());
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", "provider::keys_of_this_machine_are_asked_of_no_proxy"]);
    for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        again.env(name, &url);
    }
    let done = again.env_remove("no_proxy").env_remove("NO_PROXY").env(PROXIED, "1").output();
    let done = done.unwrap();
    let told = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && told.contains("1 passed"), "{told}");
    assert_eq!(proxy.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn a_key_taken_out_falls_out_also_under_a_remembered_token() {
    let net = Net::start(|key| answers(&set(&[key]))).await;
    let token = net.token(&net.key);
    assert!(net.stands(&token).await);
    let next = Key::new("k2", Algorithm::ES256);
    net.provider.now(answers(&set(&[&next])));
    assert!(net.stands(&token).await, "nobody has asked yet");
    net.clock.advance(Duration::minutes(5));
    net.until(&token, false).await;
    assert!(net.stands(&net.token(&next)).await);
    // The same id with another key is another key.
    let impostor = Key::new("k2", Algorithm::ES256);
    net.provider.now(answers(&set(&[&impostor])));
    let remembered = net.token(&next);
    assert!(net.stands(&remembered).await);
    net.clock.advance(Duration::minutes(5));
    net.until(&remembered, false).await;
    assert!(net.stands(&net.token(&impostor)).await);
}

#[tokio::test]
async fn an_empty_or_hostile_set_never_replaces_a_good_one() {
    let net = Net::start(|key| answers(&set(&[key]))).await;
    let token = net.token(&net.key);
    let other = Key::new("k2", Algorithm::ES256);
    let flood: Vec<Value> =
        (0..65).map(|n| Key { kid: format!("f{n}"), ..other.clone() }.jwk()).collect();
    let secret = json!({ "kty": "oct", "kid": "k3", "alg": "HS256", "k": "c2VjcmV0" });
    let twice = set(&[&other, &other]);
    let elsewhere = Provider::start(answers(&set(&[&other]))).await;
    let mut asked = 1;
    for does in [
        Does::Answers(200, String::new()),
        Does::Answers(200, "<html>".into()),
        Does::Answers(200, "{}".into()),
        Does::Answers(200, "{\"keys\":{}}".into()),
        Does::Answers(200, "[]".into()),
        Does::Answers(200, format!("{{\"keys\":[],\"keys\":[{}]}}", other.jwk())),
        Does::Answers(
            200,
            set(&[&other]).to_string().replace("\"kty\"", "\"kty\":\"oct\",\"kty\""),
        ),
        Does::Answers(200, "[".repeat(100_000)),
        Does::Answers(200, format!("{}{}", set(&[&other]), " ".repeat(300 * 1024))),
        answers(&json!({ "keys": [] })),
        answers(&json!({ "keys": [secret] })),
        answers(&json!({ "keys": flood })),
        answers(&twice),
        Does::Answers(500, set(&[&other]).to_string()),
        Does::Answers(404, set(&[&other]).to_string()),
        Does::Answers(204, String::new()),
        Does::Redirects(elsewhere.url.clone()),
        Does::BreaksOff,
    ] {
        net.provider.now(does);
        net.clock.advance(Duration::seconds(30));
        assert!(!net.stands(&net.token(&other)).await);
        asked += 1;
        assert_eq!(net.provider.asked(), asked);
        assert!(net.stands(&token).await);
    }
    assert_eq!(elsewhere.asked(), 0);
}

#[tokio::test]
async fn a_point_off_the_curve_or_an_odd_rsa_key_is_no_key_and_replaces_none() {
    let net = Net::start(|key| answers(&set(&[key]))).await;
    let token = net.token(&net.key);
    let (point, rsa) = (Key::new("k2", Algorithm::ES256), Key::new("k2", Algorithm::RS256));
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let (zero, beyond) = (text(&[0; 32]), text(&[0xff; 32]));
    let x = point.jwk()["x"].clone();
    let n = URL_SAFE_NO_PAD.decode(rsa.jwk()["n"].as_str().unwrap()).unwrap();
    assert_eq!(n.len(), 256);
    let even = [&n[..255], &[n[255] & 0xfe]].concat();
    let (zeros, short) = ([&[0][..], &n].concat(), [&[1][..], &n[1..]].concat());
    let huge = vec![0xff_u8; 1025];
    for (key, change) in [
        (&point, json!({ "y": x })),
        (&point, json!({ "x": zero, "y": zero })),
        (&point, json!({ "x": beyond, "y": beyond })),
        (&rsa, json!({ "n": "" })),
        (&rsa, json!({ "n": "Aw" })),
        (&rsa, json!({ "n": text(&n[128..]) })),
        (&rsa, json!({ "n": text(&short) })),
        (&rsa, json!({ "n": text(&even) })),
        (&rsa, json!({ "n": text(&zeros) })),
        (&rsa, json!({ "n": text(&huge) })),
        (&rsa, json!({ "e": "" })),
        (&rsa, json!({ "e": "AA" })),
        // 1: whatever is signed is its own signature.
        (&rsa, json!({ "e": "AQ" })),
        (&rsa, json!({ "e": "Ag" })),
        (&rsa, json!({ "e": text(&[1, 0, 2]) })),
        (&rsa, json!({ "e": text(&[0, 1, 0, 1]) })),
        // 34 bits.
        (&rsa, json!({ "e": text(&[2, 0, 0, 0, 1]) })),
        (&rsa, json!({ "e": text(&n) })),
    ] {
        net.provider.now(answers(&json!({ "keys": [merged(key.jwk(), &change)] })));
        net.clock.advance(Duration::seconds(30));
        let asked = net.provider.asked();
        assert!(!net.stands(&net.token(key)).await, "{change}");
        assert_eq!(net.provider.asked(), asked + 1);
        assert!(net.stands(&token).await, "{change}");
    }
    // As they are they are keys, each beside one that is none.
    for (key, other) in [(&point, &rsa), (&rsa, &point)] {
        let none = merged(other.jwk(), &json!({ "kid": "k3", "e": "AQ", "y": x }));
        net.provider.now(answers(&json!({ "keys": [none, key.jwk()] })));
        net.clock.advance(Duration::minutes(5));
        net.until(&net.token(key), true).await;
    }
}

#[tokio::test]
async fn an_answer_without_an_end_is_cut_off() {
    let net = Net::start(|key| answers(&set(&[key]))).await;
    net.provider.now(Does::Floods);
    assert!(!net.stands(&net.token(&Key::new("k2", Algorithm::ES256))).await);
    // What was sent is what was read and what the sockets' buffers hold.
    while !net.provider.cut_off.load(Ordering::SeqCst) {
        tokio::task::yield_now().await;
    }
    assert!(net.provider.flooded.load(Ordering::SeqCst) < 64 << 20);
    assert!(net.stands(&net.token(&net.key)).await);
}

#[tokio::test]
async fn while_the_provider_is_away_the_last_good_set_serves_for_a_time() {
    let net = Net::start(|key| answers(&set(&[key]))).await;
    let token = net.token(&net.key);
    net.provider.now(Does::Answers(503, String::new()));
    for _ in 0..7 {
        net.clock.advance(Duration::minutes(30));
        assert!(net.stands(&token).await);
    }
    net.clock.advance(Duration::minutes(30));
    assert!(!net.stands(&token).await, "four hours without a word");
    net.provider.now(answers(&set(&[&net.key])));
    net.clock.advance(Duration::seconds(30));
    assert!(net.stands(&token).await, "back again");
}

#[tokio::test]
async fn a_provider_that_never_answers_holds_up_no_token_whose_key_is_known() {
    let net = Net::start(|key| answers(&set(&[key]))).await;
    net.provider.now(Does::Hangs);
    let stranger = net.token(&Key::new("k2", Algorithm::ES256));
    let waiting = {
        let (authenticator, headers) = (net.authenticator.clone(), bearer(&stranger));
        tokio::spawn(async move { authenticator.authenticate(GET_AGENCY, &headers).await.is_ok() })
    };
    let another = net.key.token(&claims_of(ISSUER, NOW, "sub-2", json!({ "roles": ["PERSON"] })));
    while net.provider.asked() < 2 {
        tokio::task::yield_now().await;
    }
    assert!(net.stands(&net.token(&net.key)).await && net.stands(&another).await);
    assert!(!waiting.is_finished());
    // All who wait go away, and the question still ends: nobody asks again before the cool-down.
    waiting.abort();
    assert!(net.stands(&another).await);
    assert_eq!(net.provider.asked(), 2);
}

#[tokio::test]
async fn while_one_issuer_is_away_nobody_of_another_waits_and_its_keys_rotate() {
    identity::prepare_crypto().unwrap();
    let (sick, well) = (Key::new("k1", Algorithm::ES256), Key::new("k1", Algorithm::ES256));
    let away = Provider::start(answers(&set(&[&sick]))).await;
    let healthy = Provider::start(answers(&set(&[&well]))).await;
    let at = |name: &str, provider: &Provider| {
        let jwks_url = Some(provider.url.clone());
        IssuerConfig { jwks_url, discovery: false, ..discovered(name) }
    };
    let issuers = vec![at(ISSUER, &away), at(HEALTHY, &healthy)];
    let (authenticator, clock) = trusting_all(issuers).await;
    let says = json!({ "roles": ["PERSON"], "exp": NOW + 80_000 });
    let of = |key: &Key, issuer: &str| key.token(&claims_of(issuer, NOW, "sub-1", says.clone()));
    let asks = async |token: &str| {
        let headers = bearer(token);
        authenticator.authenticate(GET_AGENCY, &headers).await.is_ok()
    };
    let (of_sick, of_well) = (of(&sick, ISSUER), of(&well, HEALTHY));
    assert!(asks(&of_sick).await && asks(&of_well).await);

    // Somebody waits for the one that hangs; of the other, known keys and new ones go on meanwhile.
    away.now(Does::Hangs);
    let waiting = {
        let stranger = of(&Key::new("k2", Algorithm::ES256), ISSUER);
        let (authenticator, headers) = (authenticator.clone(), bearer(&stranger));
        tokio::spawn(async move { authenticator.authenticate(GET_AGENCY, &headers).await.is_ok() })
    };
    let asked = async {
        while away.asked() < 2 {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), asked).await.unwrap();
    assert!(asks(&of_well).await);
    let next = Key::new("k2", Algorithm::ES256);
    healthy.now(answers(&set(&[&well, &next])));
    assert!(asks(&of(&next, HEALTHY)).await, "found by a question of its own");
    assert!(!waiting.is_finished() && asks(&of_sick).await);
    // For longer than its last set serves: the other is asked as before.
    healthy.now(answers(&set(&[&next])));
    clock.advance(Duration::hours(4));
    assert!(!asks(&of_well).await, "taken out meanwhile");
    assert!(asks(&of(&next, HEALTHY)).await && !waiting.is_finished());
    waiting.abort();
}

#[tokio::test]
async fn a_provider_that_was_away_at_the_start_is_asked_again() {
    let net = Net::start(|_| Does::Answers(503, String::new())).await;
    let token = net.token(&net.key);
    assert!(!net.stands(&token).await);
    net.provider.now(answers(&set(&[&net.key])));
    assert!(!net.stands(&token).await, "cooling down");
    net.clock.advance(Duration::seconds(30));
    assert!(net.stands(&token).await);
}

#[tokio::test]
async fn only_public_signature_keys_for_the_issuers_algorithms_are_taken() {
    let good = Key::new("good", Algorithm::ES256);
    let rsa = Key::new("rsa", Algorithm::RS256);
    let mut bad = Vec::new();
    for (n, change) in [
        json!({ "use": "enc" }),
        json!({ "key_ops": ["sign"] }),
        json!({ "key_ops": [] }),
        json!({ "d": "AAAA" }),
        json!({ "alg": "ES384" }),
        json!({ "alg": "HS256" }),
        json!({ "alg": "none" }),
        json!({ "crv": "P-384" }),
        json!({ "crv": "secp256k1" }),
        json!({ "kty": "oct", "k": "c2VjcmV0" }),
        json!({ "kty": "RSA" }),
        json!({ "x": "AAAA" }),
        json!({ "x": "!!" }),
        json!({ "y": null }),
    ]
    .into_iter()
    .enumerate()
    {
        let key = Key::new(&format!("bad-{n}"), Algorithm::ES256);
        bad.push((key.clone(), merged(key.jwk(), &change)));
    }
    let unnamed = [json!({ "kid": null }), json!({ "kid": "" }), json!({ "kid": 1 })]
        .map(|change| merged(good.jwk(), &change));
    let mut ambiguous = rsa.jwk();
    ambiguous.as_object_mut().unwrap().remove("alg");
    let mut keys: Vec<Value> = bad.iter().map(|(_, jwk)| jwk.clone()).collect();
    keys.extend(unnamed);
    keys.extend([ambiguous, json!(1), json!("x"), json!(null), good.jwk()]);
    let net = Net::start(|_| answers(&json!({ "keys": keys }))).await;
    assert!(net.stands(&net.token(&good)).await);
    assert!(!net.stands(&net.token(&rsa)).await, "two algorithms would fit");
    for (key, jwk) in &bad {
        assert!(!net.stands(&net.token(key)).await, "{jwk}");
    }
    let net = Net::start(|_| answers(&set(&[&rsa]))).await;
    assert!(net.stands(&net.token(&rsa)).await, "with its algorithm named");
}
