//! A person at the provider: authorization code with PKCE, as a browser and an app would go through it.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::{
    Url,
    header::{COOKIE, LOCATION, SET_COOKIE},
};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::provider::{NETWORK, Provider, SCOPE};

const APP: &str = "https://app.example/callback";
/// The ways to the sign-in, to the consent, and back from each.
const STEPS: usize = 8;

pub struct SignedIn {
    pub access: String,
    pub id: String,
}

/// An app of people.
pub async fn register(provider: &Provider, client: &str) {
    let app = json!({
        "client_id": client,
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        "redirect_uris": [APP],
        "token_endpoint_auth_method": "none",
        "roles": ["PERSON"],
        "purposes": ["PATRQT"],
    });
    provider.register(app).await;
}

/// Signs `sub` in to this app.
pub async fn sign_in(provider: &Provider, client: &str, sub: &str) -> SignedIn {
    let verifier = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let code = code(provider, client, sub, &verifier).await;
    let form = |verifier| {
        [
            ("grant_type", "authorization_code"),
            ("client_id", client),
            ("code", &*code),
            ("code_verifier", verifier),
            ("redirect_uri", APP),
            ("resource", NETWORK),
        ]
    };
    let tokens = provider.tokens(&form(&verifier)).await;
    let token = |name: &str| tokens[name].as_str().unwrap().to_owned();
    SignedIn { access: token("access_token"), id: token("id_token") }
}

/// A code, as it comes back to the app.
async fn code(provider: &Provider, client: &str, sub: &str, verifier: &str) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    let state = Uuid::new_v4().to_string();
    let scope = format!("openid {SCOPE}");
    let asked = [
        ("client_id", client),
        ("response_type", "code"),
        ("redirect_uri", APP),
        ("scope", &scope),
        ("resource", NETWORK),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
        ("login_hint", sub),
        ("state", &state),
    ];
    let mut at = Url::parse_with_params(&format!("{}/auth", provider.issuer), asked).unwrap();
    let mut jar = BTreeMap::new();
    for _ in 0..STEPS {
        let cookies: Vec<String> =
            jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let page = provider.http.get(at.clone()).header(COOKIE, cookies.join("; "));
        let page = page.send().await.unwrap();
        assert!(page.status().is_redirection(), "{at}: {}", page.text().await.unwrap());
        for cookie in page.headers().get_all(SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            jar.insert(name.to_owned(), value.to_owned());
        }
        at = at.join(page.headers()[LOCATION].to_str().unwrap()).unwrap();
        if at.as_str().starts_with(APP) {
            let answer: BTreeMap<_, _> = at.query_pairs().into_owned().collect();
            assert_eq!(answer["state"], state);
            // RFC 9207: the answer is of the provider that was asked.
            assert_eq!(answer["iss"], provider.issuer);
            return answer["code"].clone();
        }
    }
    panic!("{STEPS} steps, and no end: {at}");
}

/// That the provider gives nothing for a code without the secret that it was asked with.
pub async fn without_the_verifier(provider: &Provider, client: &str) -> String {
    let verifier = "a".repeat(43);
    let code = code(provider, client, "somebody", &verifier).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("code", &*code),
        ("code_verifier", &*"b".repeat(43)),
        ("redirect_uri", APP),
        ("resource", NETWORK),
    ];
    provider.refuses(&form).await
}
