//! What a network must be told before it starts.

use std::sync::Arc;

use identity::{Authenticator, ConfigError, IdentityConfig, StartError};
use kernel::SystemClock;

use crate::world::Bindings;

const GOOD: &str = r#"
audience = "https://trellis.example"
[[issuers]]
issuer = "https://sign-in.example"
jwks_url = "https://sign-in.example/jwks"
algorithms = ["ES256", "RS256"]
asserts = ["AGENCY_STAFF", "PERSON"]
[service_keys]
jwks_file = "/nowhere/network.json"
"#;

fn parse(text: &str) -> Result<IdentityConfig, String> {
    let config: IdentityConfig = toml::from_str(text).map_err(|error| error.to_string())?;
    config.check().map_err(|error| error.to_string())?;
    Ok(config)
}

#[test]
fn a_complete_configuration_is_taken() {
    assert!(parse(GOOD).is_ok());
    assert!(!parse(GOOD).unwrap().issuers[0].identity_proofing);
}

#[test]
fn a_configuration_with_anything_missing_unknown_or_symmetric_is_refused() {
    for (from, to) in [
        ("audience = \"https://trellis.example\"", ""),
        ("audience = \"https://trellis.example\"", "audience = \"\""),
        ("audience = \"https://trellis.example\"", "audience = \"  \""),
        ("audience = ", "audiences = "),
        ("issuer = \"https://sign-in.example\"", ""),
        ("issuer = \"https://sign-in.example\"", "issuer = \"\""),
        ("issuer = \"https://sign-in.example\"", "issuer = \"trellis:network\""),
        ("algorithms = [\"ES256\", \"RS256\"]", ""),
        ("algorithms = [\"ES256\", \"RS256\"]", "algorithms = []"),
        ("\"RS256\"", "\"HS256\""),
        ("\"RS256\"", "\"none\""),
        ("\"RS256\"", "\"rs256\""),
        ("asserts = [\"AGENCY_STAFF\", \"PERSON\"]", ""),
        ("asserts = [\"AGENCY_STAFF\", \"PERSON\"]", "asserts = []"),
        ("\"PERSON\"", "\"SERVICE\""),
        ("jwks_url = \"https://sign-in.example/jwks\"", ""),
        (
            "jwks_url = \"https://sign-in.example/jwks\"",
            "jwks_file = \"a\"\njwks_url = \"https://a/b\"",
        ),
        ("https://sign-in.example/jwks", "http://sign-in.example/jwks"),
        ("https://sign-in.example/jwks", "http://127.0.0.1.evil.example/jwks"),
        ("https://sign-in.example/jwks", "http://127.0.0.1@evil.example/jwks"),
        ("https://sign-in.example/jwks", "https://user:pass@sign-in.example/jwks"),
        ("https://sign-in.example/jwks", "file:///etc/passwd"),
        ("https://sign-in.example/jwks", "sign-in.example"),
        ("jwks_url = \"https://sign-in.example/jwks\"", "discovery = false"),
        ("asserts =", "discovery = true\nasserts ="),
        ("algorithms = [\"ES256\", \"RS256\"]", "algorithms = [\"ES256\"]\nb2b = \"yes\""),
        ("[\"AGENCY_STAFF\", \"PERSON\"]", "[\"PERSON\"]\nb2b = true"),
        ("jwks_file = \"/nowhere/network.json\"", ""),
        ("jwks_file = \"/nowhere/network.json\"", "discovery = true"),
        ("jwks_file = ", "jwks = "),
        ("[service_keys]", "identity_proofed = true\n[service_keys]"),
    ] {
        assert!(GOOD.contains(from), "{from}");
        assert!(parse(&GOOD.replacen(from, to, 1)).is_err(), "{from} -> {to}");
    }
    let discovered =
        GOOD.replace("jwks_url = \"https://sign-in.example/jwks\"", "discovery = true");
    for (issuer, taken) in [
        ("https://sign-in.example", true),
        ("https://sign-in.example/tenant", true),
        ("https://sign-in.example/tenant/", true),
        ("http://127.0.0.1:8080", true),
        ("http://localhost:8080", true),
        ("http://sign-in.example", false),
        ("http://127.0.0.1.evil.example", false),
        ("https://user:pass@sign-in.example", false),
        ("https://sign-in.example?tenant=1", false),
        ("https://sign-in.example#x", false),
        ("file:///etc", false),
        ("sign-in.example", false),
        ("trellis:dev", false),
    ] {
        let text = discovered.replace("\"https://sign-in.example\"", &format!("\"{issuer}\""));
        assert_eq!(parse(&text).is_ok(), taken, "{issuer}");
    }
    let twice = format!("{GOOD}[[issuers]]{}", GOOD.split("[[issuers]]").nth(1).unwrap());
    let twice = twice.replacen("[service_keys]\njwks_file = \"/nowhere/network.json\"\n", "", 1);
    assert!(parse(&twice).unwrap_err().contains("twice"));
    for loopback in
        ["http://127.0.0.1:8080/jwks", "http://[::1]:8080/jwks", "http://localhost/jwks"]
    {
        assert!(
            parse(&GOOD.replace("https://sign-in.example/jwks", loopback)).is_ok(),
            "{loopback}"
        );
    }
}

#[tokio::test]
async fn nothing_starts_without_an_issuer_an_audience_or_its_key_files() {
    let start = async |config: &IdentityConfig| {
        Authenticator::start(
            config,
            &["notes"],
            Arc::new(SystemClock),
            Arc::new(Bindings::default()),
        )
        .await
        .map(drop)
        .unwrap_err()
    };
    let good = parse(GOOD).unwrap();
    let none = IdentityConfig { issuers: Vec::new(), ..good.clone() };
    assert!(matches!(start(&none).await, StartError::Config(ConfigError::NoIssuer)));
    let nobody = IdentityConfig { audience: String::new(), ..good.clone() };
    assert!(matches!(start(&nobody).await, StartError::Config(ConfigError::NoAudience)));
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys.json");
    let mut config = good.clone();
    config.issuers[0].jwks_url = None;
    config.issuers[0].jwks_file = Some(path.clone());
    config.service_keys = None;
    for content in [None, Some(""), Some("{}"), Some("{\"keys\":[]}"), Some("not a set")] {
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        assert!(matches!(start(&config).await, StartError::Keys { .. }), "{content:?}");
    }
}
