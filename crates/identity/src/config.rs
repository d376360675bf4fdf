//! Which issuers are trusted, and for what. A network without an issuer or an audience does not
//! start: an option left out must never turn a check off.

use std::{collections::HashSet, net::IpAddr, path::PathBuf};

use jsonwebtoken::Algorithm;
use kernel::{CodeSet, Role};
use reqwest::Url;
use serde::{Deserialize, Serialize};

use crate::token::NETWORK_ISSUER;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityConfig {
    /// What `aud` must hold, exactly.
    pub audience: String,
    pub issuers: Vec<IssuerConfig>,
    /// The public halves of the network's own key, which signs service tokens. None: no service
    /// token is accepted.
    #[serde(default)]
    pub service_keys: Option<KeysConfig>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// What `iss` must be, exactly.
    pub issuer: String,
    /// A file, a URL, or where the issuer's own metadata says.
    #[serde(default)]
    pub jwks_file: Option<PathBuf>,
    /// https, or http on this machine alone.
    #[serde(default)]
    pub jwks_url: Option<String>,
    /// The keys are where `/.well-known/openid-configuration` below the issuer says that they are
    /// (OpenID Connect Discovery). The issuer is then an https URL, or http on this machine alone.
    #[serde(default)]
    pub discovery: bool,
    pub algorithms: Vec<JwsAlgorithm>,
    /// Which kinds of caller this issuer may speak of.
    pub asserts: Vec<Asserts>,
    /// Whether its `ial` claim is believed.
    #[serde(default)]
    pub identity_proofing: bool,
    /// Whether each of its tokens is bound to a certificate (RFC 8705): one that is not is refused.
    #[serde(default)]
    pub certificate_bound: bool,
    /// Whether each token of agency staff must hold a UDAP `hl7-b2b` object. One that is there is
    /// obeyed either way: it takes purposes away, and adds none.
    #[serde(default)]
    pub b2b: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeysConfig {
    #[serde(default)]
    pub jwks_file: Option<PathBuf>,
    #[serde(default)]
    pub jwks_url: Option<String>,
}

/// A kind of caller that an issuer may speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Asserts {
    AgencyStaff,
    Person,
    Network,
}

impl Asserts {
    pub(crate) const ALL: [Self; 3] = [Self::AgencyStaff, Self::Person, Self::Network];

    /// The roles of this kind. No role is of two kinds, and SERVICE is of none.
    pub fn roles(self) -> CodeSet<Role> {
        use Role::{
            AgencyAdmin, CaseManager, Clinician, Counselor, Medical, Officer, PeerSupporter,
            PrivacyOfficer, Prosecutor, Researcher,
        };
        match self {
            Self::AgencyStaff => [
                Clinician,
                Medical,
                Counselor,
                CaseManager,
                PeerSupporter,
                Officer,
                Prosecutor,
                PrivacyOfficer,
                Researcher,
                AgencyAdmin,
            ]
            .into(),
            Self::Person => [Role::Person, Role::Supporter, Role::Representative].into(),
            Self::Network => [Role::NetworkAdmin, Role::DataSteward].into(),
        }
    }
}

/// A signature algorithm. Asymmetric ones only: there is no way to spell another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum JwsAlgorithm {
    ES256,
    ES384,
    EdDSA,
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
}

impl JwsAlgorithm {
    pub const fn name(self) -> &'static str {
        match self {
            Self::ES256 => "ES256",
            Self::ES384 => "ES384",
            Self::EdDSA => "EdDSA",
            Self::RS256 => "RS256",
            Self::RS384 => "RS384",
            Self::RS512 => "RS512",
            Self::PS256 => "PS256",
            Self::PS384 => "PS384",
            Self::PS512 => "PS512",
        }
    }

    pub(crate) const fn is_rsa(self) -> bool {
        !matches!(self, Self::ES256 | Self::ES384 | Self::EdDSA)
    }
}

impl From<JwsAlgorithm> for Algorithm {
    fn from(algorithm: JwsAlgorithm) -> Self {
        match algorithm {
            JwsAlgorithm::ES256 => Self::ES256,
            JwsAlgorithm::ES384 => Self::ES384,
            JwsAlgorithm::EdDSA => Self::EdDSA,
            JwsAlgorithm::RS256 => Self::RS256,
            JwsAlgorithm::RS384 => Self::RS384,
            JwsAlgorithm::RS512 => Self::RS512,
            JwsAlgorithm::PS256 => Self::PS256,
            JwsAlgorithm::PS384 => Self::PS384,
            JwsAlgorithm::PS512 => Self::PS512,
        }
    }
}

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    #[error("identity.audience is empty: tokens for anybody would be accepted")]
    NoAudience,
    #[error("identity.issuers is empty: no token could be verified")]
    NoIssuer,
    #[error("an issuer has no name")]
    UnnamedIssuer,
    #[error("issuer {0:?} is listed twice")]
    Twice(String),
    #[error("{NETWORK_ISSUER:?} is the network's own name, and can't be an issuer's")]
    Reserved,
    #[error("issuer {0:?} lists no algorithms")]
    NoAlgorithm(String),
    #[error("issuer {0:?} may assert nothing")]
    AssertsNothing(String),
    #[error("{0:?} needs exactly one of jwks_file, jwks_url and, for an issuer, discovery")]
    KeySource(String),
    #[error(
        "issuer {0:?}: discovery needs an issuer that is an https URL, or http on a loopback address, without \
         credentials, query or fragment"
    )]
    Discovery(String),
    #[error("issuer {0:?}: b2b is for an issuer that may assert AGENCY_STAFF")]
    B2b(String),
    #[error("{0:?}: jwks_url must be https, or http on a loopback address, without credentials")]
    KeyUrl(String),
}

/// Where one issuer's keys come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeyLocation {
    File(PathBuf),
    Url(Url),
    /// `document` says where, if it says that it is of this issuer, word by word.
    Discovery {
        issuer: String,
        document: Url,
    },
}

impl IdentityConfig {
    /// What serde can't see.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.audience.trim().is_empty() {
            return Err(ConfigError::NoAudience);
        }
        if self.issuers.is_empty() {
            return Err(ConfigError::NoIssuer);
        }
        let mut seen = HashSet::new();
        for issuer in &self.issuers {
            issuer.check()?;
            if !seen.insert(&issuer.issuer) {
                return Err(ConfigError::Twice(issuer.issuer.clone()));
            }
        }
        self.service_keys.as_ref().map_or(Ok(()), |keys| keys.location().map(drop))
    }
}

impl IssuerConfig {
    fn check(&self) -> Result<(), ConfigError> {
        if self.issuer.trim().is_empty() {
            return Err(ConfigError::UnnamedIssuer);
        }
        if self.issuer == NETWORK_ISSUER {
            return Err(ConfigError::Reserved);
        }
        if self.algorithms.is_empty() {
            return Err(ConfigError::NoAlgorithm(self.issuer.clone()));
        }
        if self.asserts.is_empty() {
            return Err(ConfigError::AssertsNothing(self.issuer.clone()));
        }
        if self.b2b && !self.asserts.contains(&Asserts::AgencyStaff) {
            return Err(ConfigError::B2b(self.issuer.clone()));
        }
        self.location().map(drop)
    }

    pub(crate) fn location(&self) -> Result<KeyLocation, ConfigError> {
        match (self.discovery, &self.jwks_file, &self.jwks_url) {
            (true, None, None) => self.discovered(),
            (true, ..) => Err(ConfigError::KeySource(self.issuer.clone())),
            (false, file, url) => location(&self.issuer, file.as_ref(), url.as_deref()),
        }
    }

    /// OpenID Connect Discovery 1.0, section 4: without a slash at the issuer's end.
    fn discovered(&self) -> Result<KeyLocation, ConfigError> {
        let plain =
            |url: &Url| trustworthy(url) && url.query().is_none() && url.fragment().is_none();
        let below = self.issuer.strip_suffix('/').unwrap_or(&self.issuer);
        Url::parse(&self.issuer)
            .ok()
            .filter(plain)
            .and_then(|_| Url::parse(&format!("{below}/.well-known/openid-configuration")).ok())
            .map(|document| KeyLocation::Discovery { issuer: self.issuer.clone(), document })
            .ok_or_else(|| ConfigError::Discovery(self.issuer.clone()))
    }
}

impl KeysConfig {
    pub(crate) fn location(&self) -> Result<KeyLocation, ConfigError> {
        location("service_keys", self.jwks_file.as_ref(), self.jwks_url.as_deref())
    }
}

fn location(
    of: &str,
    file: Option<&PathBuf>,
    url: Option<&str>,
) -> Result<KeyLocation, ConfigError> {
    match (file, url) {
        (Some(file), None) => Ok(KeyLocation::File(file.clone())),
        (None, Some(text)) => Url::parse(text)
            .ok()
            .filter(trustworthy)
            .map(KeyLocation::Url)
            .ok_or_else(|| ConfigError::KeyUrl(of.to_owned())),
        _ => Err(ConfigError::KeySource(of.to_owned())),
    }
}

/// Where what is read may be believed: the other end of its TLS is who it says, or it is this machine.
pub(crate) fn trustworthy(url: &Url) -> bool {
    let Some(host) = url.host_str().filter(|host| !host.is_empty()) else { return false };
    let loopback = host == "localhost"
        || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let sealed = url.scheme() == "https" || (url.scheme() == "http" && loopback);
    sealed && url.username().is_empty() && url.password().is_none()
}
