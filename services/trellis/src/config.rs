//! The configuration file: TOML, unknown keys refused, one line for what is wrong with it.
//!
//! An option that is left out never turns a check off. Paths are relative to the file.

mod attachments;
mod error;
mod outbound;
mod paths;
mod rules;

use std::{collections::BTreeMap, fs, path::PathBuf};

use identity::{Asserts, IdentityConfig, IssuerConfig, KeysConfig};
use ledger::LogName;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use serve::{PeerTls, ServeConfig};

use crate::Service;

pub use attachments::{AttachmentsConfig, NotesConfig, S3Config};
pub use error::ConfigError;
pub use outbound::{PeopleConfig, SmtpConfig, SmtpSecurity};
#[cfg(feature = "fuzzing")]
pub(crate) use rules::parse_rules;
pub use rules::{DEFAULT_RULES, Pack};

/// One process's configuration. All processes of a network share `[network]`, `[[issuers]]` and
/// the public half of `[service_key]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub network: NetworkConfig,
    /// Who may sign tokens, and of what kinds of caller.
    #[serde(default)]
    pub issuers: Vec<IssuerConfig>,
    pub service_key: ServiceKey,
    #[serde(default)]
    pub serve: ServeConfig,
    pub database: DatabaseConfig,
    #[serde(default)]
    pub peers: Peers,
    pub secrets: Secrets,
    pub ledger: LedgerConfig,
    #[serde(default)]
    pub directory: DirectoryConfig,
    #[serde(default)]
    pub consent: ConsentConfig,
    #[serde(default)]
    pub people: PeopleConfig,
    #[serde(default)]
    pub referrals: ReferralsConfig,
    #[serde(default)]
    pub notes: NotesConfig,
    #[serde(default)]
    pub recovery: RecoveryConfig,
    #[serde(default)]
    pub telemetry: telemetry::Config,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// What `aud` of every user's token must hold, exactly.
    pub audience: String,
    /// The SPIFFE trust domain within which certificates name services:
    /// `spiffe://<trust domain>/trellis/<service>`. Needed wherever there is TLS.
    #[serde(default)]
    pub trust_domain: Option<String>,
    /// Systems whose identifiers mean the same person at every agency.
    #[serde(default = "NetworkConfig::shared_systems")]
    pub shared_identifier_systems: Vec<String>,
}

impl NetworkConfig {
    pub fn shared_systems() -> Vec<String> {
        people::SHARED_SYSTEMS.iter().map(|&system| system.to_owned()).collect()
    }
}

/// The network's own key, by which services know each other. Either the directory that
/// `trellis keys` made, or the private key and where the public halves are.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServiceKey {
    pub directory: Option<PathBuf>,
    /// PKCS#8 PEM of an ES256 key.
    pub private: Option<PathBuf>,
    pub jwks_file: Option<PathBuf>,
    pub jwks_url: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DatabaseConfig {
    /// `postgres://host/database`.
    #[serde(deserialize_with = "secret")]
    pub url: Option<SecretString>,
    /// A file that holds the URL.
    pub url_file: Option<PathBuf>,
    /// Connections of each service.
    pub max_connections: Option<u32>,
    /// Accepts a server that loses what it reported as durable. For tests only.
    pub unsafe_durability: bool,
    /// What is other than `trellis_<service>` in the schema `<service>`.
    pub services: BTreeMap<Service, ServiceDatabase>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServiceDatabase {
    /// A database of its own.
    #[serde(deserialize_with = "secret")]
    pub url: Option<SecretString>,
    pub role: Option<String>,
    pub schema: Option<String>,
    pub password_file: Option<PathBuf>,
    /// Set by `up`, which makes the passwords itself.
    #[serde(skip)]
    pub password: Option<SecretString>,
}

/// Where the services are that this process does not run itself.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Peers {
    pub directory: Option<String>,
    pub people: Option<String>,
    pub consent: Option<String>,
    pub referrals: Option<String>,
    pub notes: Option<String>,
    pub recovery: Option<String>,
    pub audit: Option<String>,
    /// For every peer whose URL is https.
    pub tls: Option<PeerTls>,
}

impl Peers {
    pub fn url(&self, of: Service) -> Option<&str> {
        match of {
            Service::Directory => self.directory.as_deref(),
            Service::People => self.people.as_deref(),
            Service::Consent => self.consent.as_deref(),
            Service::Referrals => self.referrals.as_deref(),
            Service::Notes => self.notes.as_deref(),
            Service::Recovery => self.recovery.as_deref(),
            Service::Audit => self.audit.as_deref(),
        }
    }

    fn check(&self) -> Result<(), serve::Error> {
        self.tls.as_ref().map_or(Ok(()), PeerTls::check)
    }

    pub fn set(&mut self, of: Service, url: String) {
        *self.slot(of) = Some(url);
    }

    fn slot(&mut self, of: Service) -> &mut Option<String> {
        match of {
            Service::Directory => &mut self.directory,
            Service::People => &mut self.people,
            Service::Consent => &mut self.consent,
            Service::Referrals => &mut self.referrals,
            Service::Notes => &mut self.notes,
            Service::Recovery => &mut self.recovery,
            Service::Audit => &mut self.audit,
        }
    }
}

/// How the audit records of the services of this process are sealed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerConfig {
    /// A file of 32 bytes in hexadecimal, the seed of an Ed25519 key, which `trellis keys` makes. Heads are
    /// signed by it.
    pub key: PathBuf,
    /// Files with the public halves of keys that signed before this one, as `trellis keys` writes them.
    #[serde(default)]
    pub earlier_keys: Vec<PathBuf>,
    /// The directory that signed heads go to, `<service>.checkpoints` for each service: on another disk
    /// than the database, and no other process writes there.
    pub anchors: PathBuf,
}

/// What the directory goes by.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DirectoryConfig {
    /// A capacity that was stated longer ago is shown as stale.
    pub capacity_stale_hours: u32,
}

impl Default for DirectoryConfig {
    fn default() -> Self {
        Self { capacity_stale_hours: 24 }
    }
}

/// What consents are captured by.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConsentConfig {
    /// Files of rules where law differs by state. Each adds to the reviewed default; the most protective
    /// wins.
    pub rule_packs: Vec<PathBuf>,
}

/// What the recovery service goes by.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecoveryConfig {
    /// A folder of instruments beside those that come with the service.
    pub instruments: Option<PathBuf>,
}

/// What the referrals service goes by.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReferralsConfig {
    pub webhooks: WebhooksConfig,
}

/// Where webhooks may lead.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhooksConfig {
    /// This very machine too, without TLS. For tests and demonstrations only.
    pub allow_loopback: bool,
}

/// Files of 32 bytes in hexadecimal, which `trellis keys` makes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// Seals page tokens and cursors, and the secrets of webhooks come from it: with another one every webhook
    /// has another secret. The same for all instances of a service.
    pub page_tokens: PathBuf,
    /// By which people are recognised. It must stay the same as long as the people service's data.
    pub people_matching: Option<PathBuf>,
}

fn secret<'de, D: Deserializer<'de>>(d: D) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(d)?.map(SecretString::from))
}

impl Config {
    /// Reads and checks a file.
    pub fn load(path: &std::path::Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path).map_err(|why| ConfigError::read(path, &why))?;
        let mut config = Self::parse(&text).map_err(|error| error.of(path))?;
        let here = path.parent().unwrap_or(std::path::Path::new(""));
        config.relative_to(here);
        config.check().map_err(|error| error.of(path))?;
        Ok(config)
    }

    pub(crate) fn parse(text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|error| ConfigError::toml(text, &error))?;
        Ok(config.in_its_trust_domain())
    }

    /// Said once for listener and peers.
    fn in_its_trust_domain(mut self) -> Self {
        let name = &self.network.trust_domain;
        if let Some(tls) = &mut self.serve.tls {
            tls.trust_domain.clone_from(name);
        }
        if let Some(tls) = &mut self.peers.tls {
            tls.trust_domain.clone_from(name);
        }
        self
    }

    /// What serde can't see.
    pub fn check(&self) -> Result<(), ConfigError> {
        let refuse = |key: &str, why: &str| Err(ConfigError::key(key, why));
        if self.network.audience.trim().is_empty() {
            return refuse("network.audience", "is empty: tokens for anybody would be accepted");
        }
        if self.issuers.is_empty() {
            return refuse("issuers", "lists none: no token could be verified");
        }
        let key = &self.service_key;
        let apart = key.private.is_some() || key.jwks_file.is_some() || key.jwks_url.is_some();
        match (&key.directory, apart) {
            (Some(_), true) => {
                return refuse("service_key", "takes either directory, or private and jwks_*");
            }
            (None, _) if key.private.is_none() => {
                return refuse("service_key", "needs directory, or private and jwks_*");
            }
            _ => {}
        }
        let database = &self.database;
        if database.url.is_some() == database.url_file.is_some() {
            return refuse("database", "needs exactly one of url and url_file");
        }
        if database.max_connections.is_some_and(|n| !(1..=1000).contains(&n)) {
            return refuse("database.max_connections", "must be 1 to 1000");
        }
        if self.log_name(Service::Audit).is_none() {
            let why = "can't name a ledger: it has a space or a plus sign, or is too long";
            return refuse("network.audience", why);
        }
        if !(1..=8_760).contains(&self.directory.capacity_stale_hours) {
            return refuse("directory.capacity_stale_hours", "must be 1 to 8760");
        }
        if self.consent.rule_packs.len() > rules::MOST {
            return refuse("consent.rule_packs", "must name at most 16 files");
        }
        self.notes.attachments.check()?;
        self.people.check()?;
        self.identity().check().map_err(|why| ConfigError::key("issuers", &why.to_string()))?;
        // These name their own keys.
        let listener = self.serve.check().and_then(|()| self.peers.check());
        listener.map_err(|why| ConfigError::bare(&why.to_string()))?;
        self.tests_stay_here()?;
        self.services_are_known()
    }

    /// What is for tests and development opens nothing to other machines.
    fn tests_stay_here(&self) -> Result<(), ConfigError> {
        if self.serve.listen.ip().is_loopback() {
            return Ok(());
        }
        let development = self.issuers.iter().any(|one| one.issuer == identity::DEV_ISSUER);
        let for_tests = [
            ("database.unsafe_durability", self.database.unsafe_durability),
            ("referrals.webhooks.allow_loopback", self.referrals.webhooks.allow_loopback),
            ("people.webhooks.allow_loopback", self.people.webhooks.allow_loopback),
            ("issuers: trellis:dev", development),
        ];
        match for_tests.into_iter().find(|(_, on)| *on) {
            Some((key, _)) => {
                Err(ConfigError::key(key, "is for tests, and serve.listen is no loopback address"))
            }
            None => Ok(()),
        }
    }

    /// Every process answers other services, if only for its ledger: over TLS they show who they are.
    fn services_are_known(&self) -> Result<(), ConfigError> {
        match &self.serve.tls {
            Some(tls) if tls.client_ca.is_none() => {
                let why = "is missing: by it services are known to each other, and none would be answered";
                Err(ConfigError::key("serve.tls.client_ca", why))
            }
            _ => Ok(()),
        }
    }

    pub fn identity(&self) -> IdentityConfig {
        let key = &self.service_key;
        let in_directory = key.directory.as_ref().map(|d| d.join("network-jwks.json"));
        IdentityConfig {
            audience: self.network.audience.clone(),
            issuers: self.issuers.clone(),
            service_keys: Some(KeysConfig {
                jwks_file: in_directory.or_else(|| key.jwks_file.clone()),
                jwks_url: key.jwks_url.clone(),
            }),
        }
    }

    /// The name of a service's ledger: the network's, without a scheme, and the service's.
    pub fn log_name(&self, of: Service) -> Option<LogName> {
        let audience = self.network.audience.trim();
        let network = audience.split_once("://").map_or(audience, |(_, rest)| rest);
        LogName::new(format!("{}/{}", network.trim_end_matches('/'), of.name()))
    }

    /// The file that a service's heads are anchored in.
    pub fn anchor(&self, of: Service) -> PathBuf {
        self.ledger.anchors.join(format!("{}.checkpoints", of.name()))
    }

    /// Issuers that may speak of an agency's staff: an agency can be bound to these.
    pub fn staff_issuers(&self) -> impl Iterator<Item = String> {
        self.issuers
            .iter()
            .filter(|issuer| issuer.asserts.contains(&Asserts::AgencyStaff))
            .map(|issuer| issuer.issuer.clone())
    }
}

impl ServiceKey {
    pub(crate) fn private_file(&self) -> Option<PathBuf> {
        let in_directory = self.directory.as_ref().map(|d| d.join("network-key.pem"));
        in_directory.or_else(|| self.private.clone())
    }
}

#[cfg(test)]
mod tests;
