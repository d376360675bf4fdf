//! Tokens of the development issuer, and the real layer that verifies them.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};

use http::HeaderMap;
use identity::{
    AgencyBindings, Asserts, AuthLayer, Authenticator, Binding, Caller, DEV_ISSUER, DevIssuer,
    IdentityConfig, Mint, Named, Principal, PrincipalStanding,
};
use kernel::{AgencyId, Clock, CodeSet, Purpose, Role};
use permit::Call;
use tonic::Request;
use uuid::Uuid;

pub const AUDIENCE: &str = "https://trellis.example";

type Step = Box<dyn FnOnce(&Bindings) + Send>;

#[derive(Default)]
struct Said {
    suspended: HashSet<Principal>,
    unbound: HashSet<AgencyId>,
    silent: bool,
    after: VecDeque<Option<Step>>,
}

/// The directory's word on callers, as a test scripts it: until then every agency is bound and nobody is suspended.
/// Whether an agency is active, what a guard asks tells.
#[derive(Clone, Default)]
pub struct Bindings(Arc<Mutex<Said>>);

impl std::fmt::Debug for Bindings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bindings")
    }
}

impl Bindings {
    fn said(&self) -> MutexGuard<'_, Said> {
        self.0.lock().expect("no test panics here")
    }

    /// Suspends a subject, or reinstates it.
    pub fn suspend(&self, sub: &str, suspended: bool) {
        let principal = Principal::of(DEV_ISSUER, Named::Subject(sub));
        let mut said = self.said();
        if suspended {
            said.suspended.insert(principal);
        } else {
            said.suspended.remove(&principal);
        }
    }

    /// From now on no client speaks for an agency.
    pub fn unbind(&self, agency: Uuid) {
        self.said().unbound.insert(AgencyId::from(agency));
    }

    /// From now on the directory is not heard.
    pub fn falls_silent(&self) {
        self.said().silent = true;
    }

    /// Once the next-but-`skip` question about a caller has been answered, and before the asker hears of it. Whoever
    /// is let in is asked about once.
    pub fn after(&self, skip: usize, step: impl FnOnce(&Self) + Send + 'static) {
        let mut said = self.said();
        while said.after.len() < skip {
            said.after.push_back(None);
        }
        said.after.insert(skip, Some(Box::new(step)));
    }
}

impl AgencyBindings for Bindings {
    fn check(&self, agency: &AgencyId, _issuer: &str, _client_id: &str) -> Binding {
        let said = self.said();
        match said.silent {
            true => Binding::Stale,
            false if said.unbound.contains(agency) => Binding::NotBound,
            false => Binding::Bound,
        }
    }

    fn standing(&self, principals: &[Principal], _: Option<&AgencyId>) -> PrincipalStanding {
        let mut said = self.said();
        let suspended = principals.iter().any(|one| said.suspended.contains(one));
        let standing = match said.silent {
            _ if suspended => PrincipalStanding::Suspended,
            true => PrincipalStanding::Stale,
            false => PrincipalStanding::Good,
        };
        let step = said.after.pop_front().flatten();
        drop(said);
        if let Some(step) = step {
            step(self);
        }
        standing
    }
}

/// An issuer and those who trust it.
pub struct SignIns {
    issuer: DevIssuer,
    pub authenticator: Arc<Authenticator>,
    pub bindings: Bindings,
    _keys: tempfile::TempDir,
}

impl std::fmt::Debug for SignIns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignIns")
    }
}

/// A member of an agency's staff.
#[derive(Debug, Clone)]
pub struct Staff {
    pub agency: Uuid,
    pub sub: String,
    pub roles: CodeSet<Role>,
    pub purposes: CodeSet<Purpose>,
}

impl Staff {
    /// A clinician who treats.
    pub fn of(agency: Uuid, sub: &str) -> Self {
        let (roles, purposes) = ([Role::Clinician].into(), [Purpose::Treat].into());
        Self { agency, sub: sub.to_owned(), roles, purposes }
    }

    #[must_use]
    pub fn roles(self, roles: impl Into<CodeSet<Role>>) -> Self {
        Self { roles: roles.into(), ..self }
    }

    #[must_use]
    pub fn purposes(self, purposes: impl Into<CodeSet<Purpose>>) -> Self {
        Self { purposes: purposes.into(), ..self }
    }
}

impl SignIns {
    /// For the services of these names.
    pub async fn new(serving: &[&str], clock: Arc<dyn Clock>) -> Self {
        let keys = tempfile::tempdir().expect("a directory");
        let issuer = DevIssuer::open(keys.path(), AUDIENCE, Arc::clone(&clock)).expect("an issuer");
        let config = IdentityConfig {
            audience: AUDIENCE.to_owned(),
            issuers: vec![issuer.config()],
            service_keys: None,
        };
        let bindings = Bindings::default();
        let asked = Arc::new(bindings.clone());
        let authenticator = Authenticator::start(&config, serving, clock, asked).await;
        let authenticator = authenticator.expect("an authenticator");
        Self { issuer, authenticator, bindings, _keys: keys }
    }

    pub fn layer(&self) -> AuthLayer {
        AuthLayer::new(Arc::clone(&self.authenticator))
    }

    /// A token, which lives an hour.
    pub fn staff(&self, staff: &Staff) -> String {
        self.mint(&Mint {
            kind: Asserts::AgencyStaff,
            sub: staff.sub.clone(),
            agency: Some(AgencyId::from(staff.agency)),
            client_id: Some("app".to_owned()),
            roles: staff.roles,
            purposes: staff.purposes,
            ttl: time::Duration::HOUR,
            proofed: false,
        })
    }

    /// A person's, representative's or supporter's token.
    pub fn individual(&self, sub: &str, role: Role, proofed: bool) -> String {
        self.mint(&Mint {
            kind: Asserts::Person,
            sub: sub.to_owned(),
            agency: None,
            client_id: None,
            roles: [role].into(),
            purposes: [Purpose::PatientRequest].into(),
            ttl: time::Duration::HOUR,
            proofed,
        })
    }

    pub fn mint(&self, mint: &Mint) -> String {
        self.issuer.mint(mint).expect("a token")
    }

    /// The verified caller of a token, at this RPC (without its leading slash).
    pub async fn caller(&self, token: &str, rpc: &'static str) -> Arc<Caller> {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", format!("Bearer {token}").parse().expect("a header"));
        let caller = self.authenticator.authenticate(&format!("/{rpc}"), &headers).await;
        caller.expect("admitted").expect("a caller")
    }

    /// A call of that caller.
    pub async fn call(&self, token: &str, rpc: &'static str) -> Call {
        Call::new(self.caller(token, rpc).await, rpc, None)
    }
}

/// A request that carries a token.
pub fn bearer<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let value = format!("Bearer {token}").parse().expect("a header");
    request.metadata_mut().insert("authorization", value);
    request
}
