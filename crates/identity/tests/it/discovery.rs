//! Keys where the issuer's own metadata says that they are: only if it is that issuer, word by word.

use std::sync::Arc;

use identity::Authenticator;
use jsonwebtoken::Algorithm;
use kernel::ManualClock;
use serde_json::{Value, json};
use time::Duration;

use crate::{
    forge::{Key, merged, set, without},
    provider::{Does, Provider, answers, discovered, trusting},
    world::{GET_AGENCY, NOW, bearer, claims_of},
};

struct Net {
    issuer: String,
    metadata: Provider,
    keys: Provider,
    authenticator: Arc<Authenticator>,
    clock: ManualClock,
    key: Key,
}

impl Net {
    async fn start() -> Self {
        identity::prepare_crypto().unwrap();
        let key = Key::new("k1", Algorithm::ES256);
        let keys = Provider::start(answers(&set(&[&key]))).await;
        let metadata = Provider::start(Does::Hangs).await;
        let issuer = metadata.url.strip_suffix("/jwks").unwrap().to_owned();
        metadata.now(answers(&document(&issuer, &keys.url)));
        let (authenticator, clock) = trusting(discovered(&issuer)).await;
        Self { issuer, metadata, keys, authenticator, clock, key }
    }

    async fn stands(&self, key: &Key) -> bool {
        let claims = json!({ "roles": ["PERSON"], "exp": NOW + 80_000 });
        let token = key.token(&claims_of(&self.issuer, NOW, "sub-1", claims));
        self.authenticator.authenticate(GET_AGENCY, &bearer(&token)).await.is_ok()
    }
}

fn document(issuer: &str, keys: &str) -> Value {
    json!({
        "issuer": issuer,
        "jwks_uri": keys,
        "authorization_endpoint": format!("{issuer}/auth"),
        "id_token_signing_alg_values_supported": ["none", "HS256"],
    })
}

#[tokio::test]
async fn keys_are_where_the_metadata_says_and_may_move() {
    let net = Net::start().await;
    assert!(net.stands(&net.key).await);
    assert_eq!((net.metadata.asked(), net.keys.asked()), (1, 1));
    let path = net.metadata.path();
    assert!(path.starts_with("GET /.well-known/openid-configuration HTTP/1.1\r\n"), "{path}");
    let next = Key::new("k2", Algorithm::ES256);
    let elsewhere = Provider::start(answers(&set(&[&next]))).await;
    net.metadata.now(answers(&document(&net.issuer, &elsewhere.url)));
    assert!(net.stands(&next).await);
    assert_eq!((net.metadata.asked(), net.keys.asked(), elsewhere.asked()), (2, 1, 1));
    assert!(!net.stands(&net.key).await, "no longer in the set");
}

#[tokio::test]
async fn metadata_of_another_issuer_or_hostile_leads_nowhere_and_the_last_good_set_serves() {
    let net = Net::start().await;
    let next = Key::new("k2", Algorithm::ES256);
    net.keys.now(answers(&set(&[&net.key, &next])));
    let good = document(&net.issuer, &net.keys.url);
    let changed = |change: &Value| answers(&merged(good.clone(), change));
    let text = good.to_string();
    let elsewhere = Provider::start(answers(&good)).await;
    let mut asked = net.metadata.asked();
    for does in [
        changed(&json!({ "issuer": format!("{}/", net.issuer) })),
        changed(&json!({ "issuer": net.issuer.replace("http", "HTTP") })),
        changed(&json!({ "issuer": net.issuer.replace("127.0.0.1", "localhost") })),
        changed(&json!({ "issuer": format!("{} ", net.issuer) })),
        changed(&json!({ "issuer": "https://sign-in.example" })),
        changed(&json!({ "issuer": "" })),
        changed(&json!({ "issuer": null })),
        changed(&json!({ "issuer": [net.issuer] })),
        answers(&without(good.clone(), "issuer")),
        answers(&without(good.clone(), "jwks_uri")),
        changed(&json!({ "jwks_uri": "" })),
        changed(&json!({ "jwks_uri": null })),
        changed(&json!({ "jwks_uri": "/jwks" })),
        changed(&json!({ "jwks_uri": "file:///etc/passwd" })),
        changed(&json!({ "jwks_uri": "http://sign-in.example/jwks" })),
        changed(&json!({ "jwks_uri": net.keys.url.replace("//", "//user:pass@") })),
        // Twice: which of them would be read?
        Does::Answers(200, format!("{{\"issuer\":\"https://evil.example\",{}", &text[1..])),
        Does::Answers(200, format!("[{text}]")),
        Does::Answers(200, format!("{text}{}", " ".repeat(300 * 1024))),
        Does::Answers(200, "<html>".into()),
        Does::Answers(200, String::new()),
        Does::Answers(404, text.clone()),
        Does::Answers(500, text.clone()),
        Does::Redirects(elsewhere.url.clone()),
        Does::BreaksOff,
    ] {
        net.metadata.now(does);
        net.clock.advance(Duration::seconds(30));
        let keys = net.keys.asked();
        assert!(!net.stands(&next).await);
        asked += 1;
        assert_eq!((net.metadata.asked(), net.keys.asked()), (asked, keys));
        assert!(net.stands(&net.key).await);
    }
    assert_eq!(elsewhere.asked(), 0);
    net.metadata.now(answers(&good));
    net.clock.advance(Duration::seconds(30));
    assert!(net.stands(&next).await, "as it should be again");
}

#[tokio::test]
async fn the_time_for_metadata_and_keys_is_one_time() {
    let net = Net::start().await;
    net.keys.now(Does::Hangs);
    let begun = std::time::Instant::now();
    assert!(!net.stands(&Key::new("k2", Algorithm::ES256)).await);
    let waited = begun.elapsed();
    // 5 s once, and not twice.
    assert!(waited < std::time::Duration::from_millis(9_500), "{waited:?}");
    assert!(net.stands(&net.key).await);
}
