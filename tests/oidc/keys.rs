//! The provider's keys, as they come, go and lie: one who verifies, with a clock of the test's, and the
//! provider itself.

use std::sync::Arc;

use identity::{
    AgencyBindings, Asserts, Authenticator, Binding, IdentityConfig, IssuerConfig, JwsAlgorithm,
    Principal, PrincipalStanding,
};
use jsonwebtoken::Algorithm;
use kernel::{AgencyId, Clock as _, ManualClock, SystemClock};
use serde_json::{Value, json};
use time::Duration;
use tonic::metadata::MetadataMap;
use trellis_tests::AUDIENCE;

use crate::{backend::Backend, provider::Provider};

const GET_AGENCY: &str = "/trellis.directory.v1.DirectoryService/GetAgency";
/// Between two questions.
const COOL_DOWN: Duration = Duration::seconds(30);

/// A directory that knows everybody: what is refused here is the token.
struct Everybody;

impl AgencyBindings for Everybody {
    fn check(&self, _: &AgencyId, _: &str, _: &str) -> Binding {
        Binding::Bound
    }

    fn standing(&self, _: &[Principal], _: Option<&AgencyId>) -> PrincipalStanding {
        PrincipalStanding::Good
    }
}

struct Verifier {
    authenticator: Arc<Authenticator>,
    clock: ManualClock,
}

impl Verifier {
    async fn start(provider: &Provider) -> Self {
        let clock = ManualClock::at(SystemClock.now());
        let config = IdentityConfig {
            audience: AUDIENCE.to_owned(),
            issuers: vec![IssuerConfig {
                issuer: provider.issuer.clone(),
                jwks_file: None,
                jwks_url: None,
                discovery: true,
                algorithms: vec![JwsAlgorithm::ES384, JwsAlgorithm::RS384],
                asserts: vec![Asserts::AgencyStaff],
                identity_proofing: false,
                certificate_bound: false,
                b2b: false,
            }],
            service_keys: None,
        };
        let now = Arc::new(clock.clone());
        let authenticator =
            Authenticator::start(&config, &["notes"], now, Arc::new(Everybody)).await.unwrap();
        Self { authenticator, clock }
    }

    async fn stands(&self, token: &str) -> bool {
        let mut metadata = MetadataMap::new();
        metadata.insert("authorization", format!("Bearer {token}").parse().unwrap());
        self.authenticator.authenticate(GET_AGENCY, metadata.as_ref()).await.is_ok()
    }
}

fn said() -> Value {
    json!({
        "agency": "0190d1f0-0000-7000-8000-00000000000a",
        "roles": ["CLINICIAN"],
        "purposes": ["TREAT"],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_rotate_lie_go_away_and_come_back() {
    let mut provider = Provider::start().await;
    let backend = Backend::new(&provider, "clinic", Algorithm::ES384, &said()).await;
    let first = backend.token(&provider, None).await;
    let verifier = Verifier::start(&provider).await;
    assert!(verifier.stands(&first).await);

    // With an overlap, and without one.
    provider.rotate(true).await;
    let second = backend.token(&provider, None).await;
    assert!(verifier.stands(&second).await && verifier.stands(&first).await);
    provider.rotate(false).await;
    let third = backend.token(&provider, None).await;
    assert!(!verifier.stands(&third).await, "cooling down: the set was asked for just now");
    verifier.clock.advance(COOL_DOWN);
    assert!(verifier.stands(&third).await);
    assert!(!verifier.stands(&first).await && !verifier.stands(&second).await, "rotated out");

    lies(&provider, &verifier, &third).await;

    provider.instead(json!({})).await;
    provider.rotate(true).await;
    let fourth = backend.token(&provider, None).await;
    verifier.clock.advance(COOL_DOWN);
    assert!(verifier.stands(&fourth).await && verifier.stands(&third).await, "no more lies");

    provider.process.kill();
    verifier.clock.advance(Duration::hours(4) - Duration::seconds(1));
    assert!(verifier.stands(&fourth).await, "the last good set serves");
    verifier.clock.advance(Duration::seconds(1));
    assert!(!verifier.stands(&fourth).await, "and not for ever");
    provider.start_again().await;
    let backend = Backend::new(&provider, "clinic", Algorithm::RS384, &said()).await;
    verifier.clock.advance(COOL_DOWN);
    // The provider's clock is not the test's: its token of now is one of four hours ago, and lives for twelve.
    let fifth = backend.token(&provider, None).await;
    assert!(verifier.stands(&fifth).await, "back, with keys of its own");
    assert!(!verifier.stands(&fourth).await);
}

/// Whatever it says instead: nobody gets in by it, and who was in stays.
async fn lies(provider: &Provider, verifier: &Verifier, good: &str) {
    let now = verifier.clock.now().unix_timestamp();
    let mut claims = json!({
        "iss": provider.issuer, "aud": AUDIENCE, "sub": "clinic", "client_id": "clinic", "jti": "x",
        "iat": now, "nbf": now, "exp": now + 3600,
    });
    for (name, value) in said().as_object().unwrap() {
        claims[name] = value.clone();
    }
    let strong = provider.weak(2048, claims.clone()).await;
    let weak = provider.weak(1024, claims).await;
    let stranger = strong["token"].as_str().unwrap();
    let key = &strong["jwk"];
    let set = |keys: &[&Value]| json!({ "body": json!({ "keys": keys }).to_string() });
    let secret = json!({ "kty": "oct", "kid": key["kid"], "alg": "HS384", "k": "c2VjcmV0" });
    let mut public = key.clone();
    public["alg"] = json!("HS384");
    let metadata = |issuer: &str| {
        let jwks_uri = format!("{}/jwks", provider.issuer);
        json!({ "body": json!({ "issuer": issuer, "jwks_uri": jwks_uri }).to_string() })
    };
    let (jwks, discovery) = ("/jwks", "/.well-known/openid-configuration");
    let both = |metadata: Value| json!({ discovery: metadata, jwks: set(&[key]) });
    for (what, answers) in [
        ("an empty set", json!({ jwks: set(&[]) })),
        ("a symmetric key", json!({ jwks: set(&[&secret]) })),
        ("a public key as a secret", json!({ jwks: set(&[&public]) })),
        ("one id twice", json!({ jwks: set(&[key, key]) })),
        ("a page", json!({ jwks: { "body": "<html><body>Sign in</body></html>" } })),
        (
            "a redirect",
            json!({ jwks: { "status": 302, "headers": { "location": "/other" } },
            "/other": set(&[key]) }),
        ),
        ("a flood", json!({ jwks: { "body": " ".repeat(100_000), "times": 1_000 } })),
        ("half of a set", json!({ jwks: { "body": "{\"keys\":[", "hang": true } })),
        ("another issuer", both(metadata("https://evil.example"))),
        ("a slash more", both(metadata(&format!("{}/", provider.issuer)))),
        ("an error", both(json!({ "status": 500, "body": metadata(&provider.issuer)["body"] }))),
    ] {
        provider.instead(answers).await;
        verifier.clock.advance(COOL_DOWN);
        assert!(!verifier.stands(stranger).await, "{what}");
        assert!(verifier.stands(good).await, "{what}");
    }
    // As it would be let in, and one as short that is not, though its set is good.
    provider.instead(json!({ jwks: set(&[&weak["jwk"], key]) })).await;
    verifier.clock.advance(COOL_DOWN);
    assert!(verifier.stands(stranger).await, "the test's own key, in a good set");
    assert!(!verifier.stands(weak["token"].as_str().unwrap()).await, "1024 bits");
    // And out again, with the provider's own set.
    provider.instead(json!({})).await;
    verifier.clock.advance(COOL_DOWN);
    assert!(verifier.stands(good).await);
}
