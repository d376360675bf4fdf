//! An agency's backend: SMART Backend Services, a client that signs its assertions with a key of its own.

use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use kernel::{Clock as _, SystemClock};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::provider::{NETWORK, Provider, SCOPE};

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

pub struct Backend {
    id: String,
    algorithm: Algorithm,
    key: EncodingKey,
}

impl Backend {
    /// A client whose tokens say `said`: agency, roles, purposes.
    pub async fn new(provider: &Provider, id: &str, algorithm: Algorithm, said: &Value) -> Self {
        let key = match algorithm {
            Algorithm::RS384 => rsa(),
            Algorithm::ES384 => {
                let random = SystemRandom::new();
                let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &random);
                EncodingKey::from_ec_der(pair.unwrap().as_ref())
            }
            other => panic!("SMART has no {other:?}"),
        };
        let mut jwk =
            serde_json::to_value(Jwk::from_encoding_key(&key, algorithm).unwrap()).unwrap();
        jwk["kid"] = json!(id);
        let mut client = json!({
            "client_id": id,
            "grant_types": ["client_credentials"],
            "response_types": [],
            "redirect_uris": [],
            "token_endpoint_auth_method": "private_key_jwt",
            "token_endpoint_auth_signing_alg": format!("{algorithm:?}"),
            "jwks": { "keys": [jwk] },
            "scope": SCOPE,
        });
        for (name, value) in said.as_object().unwrap() {
            client[name] = value.clone();
        }
        provider.register(client).await;
        Self { id: id.to_owned(), algorithm, key }
    }

    /// For this network, with this `hl7-b2b` object.
    pub async fn token(&self, provider: &Provider, b2b: Option<&Value>) -> String {
        self.token_for(provider, Some(NETWORK), b2b).await
    }

    /// Without a resource: one that is only the provider's to read.
    pub async fn token_for(
        &self,
        provider: &Provider,
        resource: Option<&str>,
        b2b: Option<&Value>,
    ) -> String {
        let assertion = self.assertion(&format!("{}/token", provider.issuer), b2b);
        let mut form = form(&assertion);
        form.extend(resource.map(|resource| ("resource", resource)));
        let tokens = provider.tokens(&form).await;
        tokens["access_token"].as_str().unwrap().to_owned()
    }

    /// What this client signs for the provider.
    pub fn assertion(&self, audience: &str, b2b: Option<&Value>) -> String {
        let header = Header { kid: Some(self.id.clone()), ..Header::new(self.algorithm) };
        let mut claims = json!({
            "iss": self.id,
            "sub": self.id,
            "aud": audience,
            "jti": Uuid::new_v4(),
            "exp": SystemClock.now().unix_timestamp() + 60,
        });
        if let Some(object) = b2b {
            claims["extensions"] = json!({ "hl7-b2b": object });
        }
        encode(&header, &claims, &self.key).unwrap()
    }
}

/// What a client asks with.
pub fn form(assertion: &str) -> Vec<(&str, &str)> {
    vec![
        ("grant_type", "client_credentials"),
        ("scope", SCOPE),
        ("client_assertion_type", ASSERTION),
        ("client_assertion", assertion),
    ]
}

/// A UDAP business-to-business object for an agency, `agencies/{uuid}`.
pub fn b2b(agency: &str, purposes: &[&str]) -> Value {
    json!({
        "version": "1",
        "subject_name": "Dr. Canary",
        "subject_id": "urn:oid:2.16.840.1.113883.4.6#1234567893",
        "organization_id": agency.replace("agencies/", "urn:uuid:"),
        "organization_name": "An agency",
        "purpose_of_use": purposes,
    })
}

fn rsa() -> EncodingKey {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let begin = "-----BEGIN PRIVATE KEY-----";
    let end = "-----END PRIVATE KEY-----";
    let pem = format!("{begin}\n{}\n{end}\n", STANDARD.encode(der.as_ref()));
    EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap()
}
