//! An issuer for development: whoever can read its directory can be anybody. Only a configuration
//! that names it trusts it, and only `up`, `demo` and tests write one.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use kernel::{AgencyId, Clock, Code, CodeSet, Purpose, Role};
use time::Duration;

use super::{
    ClaimsOut, IssueError, SigningKey,
    key::{load_or_generate, write_set},
};
use crate::{
    caller::Proofed,
    config::{Asserts, IssuerConfig, JwsAlgorithm},
    token::MAX_LIFETIME,
};

/// Its name in `iss`.
pub const DEV_ISSUER: &str = "trellis:dev";

/// What a token should say.
#[derive(Clone)]
pub struct Mint {
    pub kind: Asserts,
    pub sub: String,
    /// For staff, and for nobody else.
    pub agency: Option<AgencyId>,
    /// Staff must have one.
    pub client_id: Option<String>,
    pub roles: CodeSet<Role>,
    pub purposes: CodeSet<Purpose>,
    pub ttl: Duration,
    /// Whether the identity was proofed (IAL2). Without saying who was, it counts for nothing: see
    /// [`DevIssuer::mint_proofed`].
    pub proofed: bool,
}

/// A directory with `dev-issuer-key.pem` (mode 0600) and `dev-issuer-jwks.json`.
pub struct DevIssuer {
    directory: PathBuf,
    audience: String,
    key: SigningKey,
    clock: Arc<dyn Clock>,
}

impl DevIssuer {
    /// Loads the issuer's key, or makes it, and writes its key set.
    pub fn open(
        directory: &Path,
        audience: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, IssueError> {
        fs::create_dir_all(directory)?;
        let key = load_or_generate(&directory.join("dev-issuer-key.pem"))?;
        let issuer =
            Self { directory: directory.to_owned(), audience: audience.to_owned(), key, clock };
        write_set(&issuer.jwks_file(), &[issuer.key.public_jwk().clone()])?;
        Ok(issuer)
    }

    pub fn jwks_file(&self) -> PathBuf {
        self.directory.join("dev-issuer-jwks.json")
    }

    /// The entry that makes a configuration trust it, for every kind of caller.
    pub fn config(&self) -> IssuerConfig {
        IssuerConfig {
            issuer: DEV_ISSUER.to_owned(),
            jwks_file: Some(self.jwks_file()),
            jwks_url: None,
            discovery: false,
            algorithms: vec![JwsAlgorithm::ES256],
            asserts: vec![Asserts::AgencyStaff, Asserts::Person, Asserts::Network],
            identity_proofing: true,
            certificate_bound: false,
            b2b: false,
        }
    }

    /// A token. What could never be accepted is refused here, where the mistake was made.
    pub fn mint(&self, mint: &Mint) -> Result<String, IssueError> {
        self.minted(mint, None)
    }

    /// As [`DevIssuer::mint`], of somebody whose identity was proofed (IAL2).
    pub fn mint_proofed(&self, mint: &Mint, who: &Proofed) -> Result<String, IssueError> {
        self.minted(mint, Some(who))
    }

    fn minted(&self, mint: &Mint, who: Option<&Proofed>) -> Result<String, IssueError> {
        if mint.ttl < Duration::SECOND || mint.ttl > MAX_LIFETIME {
            return Err(IssueError::Lifetime);
        }
        let staff = mint.kind == Asserts::AgencyStaff;
        if mint.roles.is_empty()
            || !mint.roles.is_subset(mint.kind.roles())
            || mint.agency.is_some() != staff
            || (staff && mint.client_id.is_none())
        {
            return Err(IssueError::Claims);
        }
        let now = self.clock.now();
        let mut claims = ClaimsOut::new(DEV_ISSUER, &self.audience, &mint.sub, now, mint.ttl);
        claims.roles = mint.roles.iter().map(Role::code).collect();
        claims.purposes = mint.purposes.iter().map(Purpose::code).collect();
        claims.agency = mint.agency.as_ref().map(AgencyId::as_str);
        claims.client_id = mint.client_id.as_deref();
        claims.ial = (mint.proofed || who.is_some()).then_some(2);
        claims.family_name = who.map(|who| &*who.family_name);
        claims.given_name = who.and_then(|who| who.given_name.as_deref());
        claims.birthdate = who.map(|who| who.birth_date.to_string());
        self.key.sign(&claims)
    }
}

impl fmt::Debug for DevIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DevIssuer").field("key", &self.key).finish_non_exhaustive()
    }
}
