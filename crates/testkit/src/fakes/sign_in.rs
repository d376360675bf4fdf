//! Tokens of the development issuer, and the real layer that verifies them.

use std::sync::Arc;

use http::HeaderMap;
use identity::{
    AgencyBindings, Asserts, AuthLayer, Authenticator, Binding, Caller, DevIssuer, IdentityConfig,
    Mint, Principal, PrincipalStanding,
};
use kernel::{AgencyId, Clock, CodeSet, Purpose, Role};
use permit::Call;
use tonic::Request;
use uuid::Uuid;

pub const AUDIENCE: &str = "https://trellis.example";

/// Every agency is bound; what a guard asks tells whether it is active.
struct All;

impl AgencyBindings for All {
    fn check(&self, _agency: &AgencyId, _issuer: &str, _client_id: &str) -> Binding {
        Binding::Bound
    }

    fn standing(&self, _: &[Principal], _: Option<&AgencyId>) -> PrincipalStanding {
        PrincipalStanding::Good
    }
}

/// An issuer and those who trust it.
pub struct SignIns {
    issuer: DevIssuer,
    pub authenticator: Arc<Authenticator>,
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
        let authenticator = Authenticator::start(&config, serving, clock, Arc::new(All)).await;
        Self { issuer, authenticator: authenticator.expect("an authenticator"), _keys: keys }
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
