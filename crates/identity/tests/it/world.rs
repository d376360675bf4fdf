//! A network of three issuers and its own key, with a clock that no machine shows.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use http::{HeaderMap, HeaderValue};
use identity::{
    AgencyBindings, Asserts, Authenticator, Binding, Caller, IdentityConfig, IssuerConfig,
    JwsAlgorithm, NetworkKeys, Principal, PrincipalStanding, ServiceTokens, prepare_crypto,
};
use jsonwebtoken::Algorithm;
use kernel::{AgencyId, Clock, Connection, Instant, ManualClock};
use serde_json::{Value, json};
use tempfile::TempDir;
use tonic::{Code, Status};

use crate::forge::{Key, merged, set};

pub const AUDIENCE: &str = "https://trellis.example";
pub const CLINIC: &str = "https://sign-in.clinic.example";
pub const PEOPLE: &str = "https://sign-in.people.example";
pub const STATE: &str = "https://sign-in.state.example";
pub const AGENCY: &str = "0190d1f0-0000-7000-8000-00000000000a";
pub const CLIENT: &str = "clinic-app";

pub const GET_NOTE: &str = "/trellis.notes.v1.NotesService/GetNote";
pub const GET_AGENCY: &str = "/trellis.directory.v1.DirectoryService/GetAgency";
pub const GET_FACTS: &str = "/trellis.consent.v1.FactsService/GetFacts";

/// 2040-01-01: nothing that reads the machine's clock can pass by luck.
pub const NOW: i64 = 2_208_988_800;

static KEYS: LazyLock<[Key; 3]> = LazyLock::new(|| {
    prepare_crypto().unwrap();
    [
        Key::new("clinic-1", Algorithm::ES256),
        Key::new("people-1", Algorithm::EdDSA),
        Key::new("state-1", Algorithm::RS256),
    ]
});

/// What the directory says; by default only of what it was told.
#[derive(Default)]
pub struct Bindings {
    known: Mutex<HashMap<(String, String, String), Binding>>,
    everything: AtomicBool,
    /// For one agency, or for everything.
    suspended: Mutex<HashSet<(Principal, Option<String>)>>,
    silent: AtomicBool,
}

impl Bindings {
    pub fn set(&self, agency: &str, issuer: &str, client: &str, binding: Binding) {
        let who = (agency.to_owned(), issuer.to_owned(), client.to_owned());
        self.known.lock().unwrap().insert(who, binding);
    }

    pub fn suspend(&self, principal: Principal, agency: Option<&str>) {
        self.suspended.lock().unwrap().insert((principal, agency.map(str::to_owned)));
    }

    pub fn reinstate(&self, principal: Principal, agency: Option<&str>) {
        assert!(self.suspended.lock().unwrap().remove(&(principal, agency.map(str::to_owned))));
    }

    /// From here on it says nothing of principals that it has not said before.
    pub fn falls_silent(&self) {
        self.silent.store(true, Ordering::SeqCst);
    }

    /// From here on whatever is asked is bound: a refusal is then not the directory's.
    pub fn bind_everything(&self) {
        self.everything.store(true, Ordering::SeqCst);
    }
}

impl AgencyBindings for Bindings {
    fn check(&self, agency: &AgencyId, issuer: &str, client_id: &str) -> Binding {
        if self.everything.load(Ordering::SeqCst) {
            return Binding::Bound;
        }
        let who = (agency.to_string(), issuer.to_owned(), client_id.to_owned());
        self.known.lock().unwrap().get(&who).copied().unwrap_or(Binding::NotBound)
    }

    fn standing(&self, principals: &[Principal], agency: Option<&AgencyId>) -> PrincipalStanding {
        let suspended = self.suspended.lock().unwrap();
        let agency = agency.map(AgencyId::to_string);
        let named =
            |principal: &Principal, of: Option<String>| suspended.contains(&(*principal, of));
        let is = |principal| {
            named(principal, None) || agency.is_some() && named(principal, agency.clone())
        };
        match principals.iter().any(is) {
            true => PrincipalStanding::Suspended,
            false if self.silent.load(Ordering::SeqCst) => PrincipalStanding::Stale,
            false => PrincipalStanding::Good,
        }
    }
}

pub struct World {
    pub clinic: Key,
    pub people: Key,
    pub state: Key,
    pub network: NetworkKeys,
    pub clock: ManualClock,
    pub bindings: Arc<Bindings>,
    pub authenticator: Arc<Authenticator>,
    pub directory: TempDir,
}

impl World {
    pub async fn new() -> Self {
        Self::serving(&["notes", "consent", "audit"]).await
    }

    pub async fn serving(services: &[&str]) -> Self {
        Self::with(services, |_| ()).await
    }

    /// With its issuers as the test would have them.
    pub async fn with(services: &[&str], change: impl Fn(&mut IssuerConfig)) -> Self {
        Self::made(services, KEYS.clone(), change).await
    }

    /// With these keys of the three issuers.
    pub async fn keyed(services: &[&str], keys: [Key; 3]) -> Self {
        Self::made(services, keys, |_| ()).await
    }

    async fn made(
        services: &[&str],
        [clinic, people, state]: [Key; 3],
        change: impl Fn(&mut IssuerConfig),
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let network = NetworkKeys::open(&directory.path().join("network")).unwrap();
        let clock = ManualClock::at(Instant::from_unix_timestamp(NOW).unwrap());
        let bindings = Arc::new(Bindings::default());
        bindings.set(AGENCY, CLINIC, CLIENT, Binding::Bound);
        let file = |name: &str, key: &Key| {
            let path = directory.path().join(name);
            std::fs::write(&path, set(&[key]).to_string()).unwrap();
            path
        };
        let mut config = IdentityConfig {
            audience: AUDIENCE.to_owned(),
            issuers: vec![
                issuer(CLINIC, file("clinic.json", &clinic), jws(&clinic), Asserts::AgencyStaff),
                issuer(PEOPLE, file("people.json", &people), jws(&people), Asserts::Person),
                issuer(STATE, file("state.json", &state), jws(&state), Asserts::Network),
            ],
            service_keys: Some(network.config()),
        };
        config.issuers.iter_mut().for_each(change);
        let authenticator =
            Authenticator::start(&config, services, Arc::new(clock.clone()), bindings.clone())
                .await
                .unwrap();
        Self { clinic, people, state, network, clock, bindings, authenticator, directory }
    }

    pub fn now(&self) -> i64 {
        self.clock.now().unix_timestamp()
    }

    pub fn service_tokens(&self, name: &str) -> ServiceTokens {
        ServiceTokens::new(name, self.network.signing_key().clone(), Arc::new(self.clock.clone()))
    }

    pub fn staff(&self) -> Value {
        claims_of(
            CLINIC,
            self.now(),
            "dr-a",
            json!({
                "roles": ["CLINICIAN"],
                "purposes": ["TREAT", "COC"],
                "agency": AGENCY,
                "client_id": CLIENT,
            }),
        )
    }

    pub fn person(&self) -> Value {
        claims_of(
            PEOPLE,
            self.now(),
            "sub-1",
            json!({ "roles": ["PERSON"], "purposes": ["PATRQT"] }),
        )
    }

    pub fn admin(&self) -> Value {
        claims_of(STATE, self.now(), "admin-1", json!({ "roles": ["NETWORK_ADMIN"] }))
    }

    pub fn service(&self) -> Value {
        let mut claims = claims_of(
            identity::NETWORK_ISSUER,
            self.now(),
            "notes",
            json!({
                "roles": ["SERVICE"], "aud": "consent",
            }),
        );
        claims["exp"] = json!(self.now() + 300);
        claims
    }

    pub async fn ask(
        &self,
        path: &str,
        headers: &HeaderMap,
    ) -> Result<Option<Arc<Caller>>, Status> {
        // As between services on one machine, where no certificate is asked for.
        let plain = &Connection::Plaintext;
        self.authenticator.authenticate_over(plain, path, headers).await.map_err(Status::from)
    }

    pub async fn caller(&self, path: &str, token: &str) -> Result<Arc<Caller>, Status> {
        self.ask(path, &bearer(token)).await.map(Option::unwrap)
    }

    pub async fn accepts(&self, what: &str, token: &str) -> Arc<Caller> {
        match self.caller(GET_AGENCY, token).await {
            Ok(caller) => caller,
            Err(status) => panic!("{what}: {status:?}"),
        }
    }

    /// Refused, with exactly the answer that no token at all gets; first and again.
    pub async fn refuses(&self, what: &str, token: &str) {
        let headers = match HeaderValue::from_str(&format!("Bearer {token}")) {
            Ok(value) => HeaderMap::from_iter([(http::header::AUTHORIZATION, value)]),
            // A byte that HTTP itself has no room for.
            Err(_) => return,
        };
        self.refuses_headers(what, &headers).await;
    }

    pub async fn refuses_headers(&self, what: &str, headers: &HeaderMap) {
        let nothing = self.ask(GET_AGENCY, &HeaderMap::new()).await.unwrap_err();
        for _ in 0..2 {
            let status = match self.ask(GET_AGENCY, headers).await {
                Err(status) => status,
                Ok(_) => panic!("{what}: accepted"),
            };
            assert_eq!(status.code(), Code::Unauthenticated, "{what}");
            assert_eq!(status.message(), nothing.message(), "{what}");
            assert_eq!(status.details(), nothing.details(), "{what}");
            assert_eq!(status.metadata().as_ref(), nothing.metadata().as_ref(), "{what}");
        }
    }
}

/// As a configuration names it.
fn jws(key: &Key) -> JwsAlgorithm {
    match key.algorithm {
        Algorithm::ES256 => JwsAlgorithm::ES256,
        Algorithm::ES384 => JwsAlgorithm::ES384,
        Algorithm::RS256 => JwsAlgorithm::RS256,
        Algorithm::RS384 => JwsAlgorithm::RS384,
        Algorithm::EdDSA => JwsAlgorithm::EdDSA,
        other => panic!("no test key for {other:?}"),
    }
}

pub fn issuer(
    name: &str,
    file: PathBuf,
    algorithm: JwsAlgorithm,
    asserts: Asserts,
) -> IssuerConfig {
    IssuerConfig {
        issuer: name.to_owned(),
        jwks_file: Some(file),
        jwks_url: None,
        discovery: false,
        algorithms: vec![algorithm],
        asserts: vec![asserts],
        identity_proofing: asserts == Asserts::Person,
        certificate_bound: false,
        b2b: false,
    }
}

pub fn claims_of(issuer: &str, now: i64, sub: &str, more: Value) -> Value {
    let base = json!({
        "iss": issuer, "aud": AUDIENCE, "sub": sub, "jti": "a-token",
        "iat": now, "nbf": now, "exp": now + 3600,
    });
    merged(base, &more)
}

pub fn bearer(token: &str) -> HeaderMap {
    let value = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
    HeaderMap::from_iter([(http::header::AUTHORIZATION, value)])
}
