//! What the trace may hold: why, and where, but nothing of a token and nobody's name.

use std::{
    io,
    sync::{Arc, Mutex},
};

use http::HeaderMap;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::{
    forge::merged,
    world::{GET_NOTE, World, bearer},
};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn the_trace_says_why_and_holds_nothing_of_the_token() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    // For the whole process: one thread's own subscriber misses call sites that another met first.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let world = World::new().await;
    let canary = |name: &str| json!(format!("canary-{name}"));
    let named = merged(world.staff(), &json!({ "sub": canary("sub"), "jti": canary("jti") }));
    let mut tokens = vec![world.clinic.token(&named)];
    for (name, value) in [
        ("iss", canary("iss")),
        ("aud", canary("aud")),
        ("exp", canary("exp")),
        ("roles", json!(["canary-role"])),
        ("purposes", json!(["canary-purpose"])),
        ("agency", canary("agency")),
        ("client_id", canary("client")),
    ] {
        tokens.push(world.clinic.token(&merged(named.clone(), &json!({ name: value }))));
    }
    for object in [
        json!({ "version": "1", "organization_id": canary("org"), "purpose_of_use": ["TREAT"] }),
        json!({ "version": canary("version"), "subject_name": canary("name") }),
        json!({ "version": "1", "organization_id": format!("urn:uuid:{}", crate::world::AGENCY),
            "purpose_of_use": ["TREAT"], "subject_name": canary("name"), "subject_id": canary("npi") }),
    ] {
        let extensions = json!({ "extensions": { "hl7-b2b": object } });
        tokens.push(world.clinic.token(&merged(named.clone(), &extensions)));
    }
    for header in
        [json!({ "kid": "canary-kid" }), json!({ "alg": "canary" }), json!({ "typ": "canary" })]
    {
        tokens.push(world.clinic.with_header(&header, &named));
    }
    for token in &tokens {
        let mut headers = bearer(token);
        let _ = world.ask(GET_NOTE, &headers).await;
        headers.insert(identity::PURPOSE_OF_USE, "canary".parse().unwrap());
        let _ = world.ask(GET_NOTE, &headers).await;
    }
    let _ = world.ask(GET_NOTE, &HeaderMap::new()).await;
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("unknown issuer") && text.contains("no authorization"), "{text}");
    assert!(!text.contains("canary"), "{text}");
    for token in &tokens {
        for part in token.split('.') {
            assert!(!text.contains(part), "a part of a token");
        }
    }
}
