//! By what people are recognised, and the ways by which they are told outside their boxes.

use std::path::PathBuf;

use anyhow::Context as _;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use wire::convert::id_of;

use super::{ConfigError, WebhooksConfig};
use crate::secrets;

/// What the people service goes by.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PeopleConfig {
    /// Weights and thresholds. What is left out is the default.
    pub matching: people::Weights,
    /// Whose people this deployment holds.
    pub registers: RegistersConfig,
    pub webhooks: WebhooksConfig,
    /// Left out: no e-mail is sent, and none can be asked for.
    pub smtp: Option<SmtpConfig>,
}

/// `"everybody"`, `"no-victim-services"`, or `{ only = ["agencies/UUID"] }`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RegistersConfig {
    #[default]
    Everybody,
    NoVictimServices,
    Only(Vec<String>),
}

impl RegistersConfig {
    pub(crate) fn open(&self) -> Result<people::Registers, ConfigError> {
        let agencies = match self {
            Self::Everybody => return Ok(people::Registers::Everybody),
            Self::NoVictimServices => return Ok(people::Registers::NoVictimServices),
            Self::Only(agencies) => agencies,
        };
        let ids: Option<Vec<_>> = agencies.iter().map(|name| id_of("agencies", name)).collect();
        match ids {
            Some(ids) if !ids.is_empty() => Ok(people::Registers::Only(ids)),
            _ => Err(ConfigError::key(
                "people.registers.only",
                "must name agencies/UUID, one at least",
            )),
        }
    }
}

/// The mail server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpConfig {
    pub host: String,
    /// Left out: 465 with tls, 587 with starttls, 25 with none.
    pub port: Option<u16>,
    #[serde(default)]
    pub security: SmtpSecurity,
    /// A file of certificates of authorities, PEM, beside the machine's own.
    pub ca: Option<PathBuf>,
    pub username: Option<String>,
    /// A file that holds the password.
    pub password_file: Option<PathBuf>,
    /// The address that mail comes from.
    pub from: String,
    /// As whom. It should say nothing of care: whoever sees the person's mail reads it.
    #[serde(default)]
    pub sender_name: String,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpSecurity {
    /// TLS from the first byte.
    #[default]
    Tls,
    /// TLS once it is asked for, and nothing without it.
    StartTls,
    /// None, on a loopback address alone: for tests and demonstrations.
    None,
}

impl PeopleConfig {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        self.registers.open()?;
        let Some(smtp) = &self.smtp else { return Ok(()) };
        let refuse =
            |key: &str, why: &str| Err(ConfigError::key(&format!("people.smtp.{key}"), why));
        if smtp.host.trim().is_empty() {
            return refuse("host", "is empty");
        }
        if !smtp.from.contains('@') {
            return refuse("from", "must be an e-mail address");
        }
        if smtp.security == SmtpSecurity::None && !serve::is_loopback(&smtp.host) {
            return refuse("security", "none is for a loopback address only");
        }
        if smtp.username.is_some() != smtp.password_file.is_some() {
            return refuse("password_file", "must be set where username is, and only there");
        }
        if smtp.sender_name.chars().count() > 100 || smtp.sender_name.contains(['\r', '\n']) {
            return refuse("sender_name", "must be one line of at most 100 characters");
        }
        Ok(())
    }

    /// The ways out.
    pub(crate) fn outbound(&self, secret: &[u8; 32]) -> anyhow::Result<people::Outbound> {
        let smtp = self.smtp.as_ref().map(SmtpConfig::open).transpose()?;
        let out = people::Outbound::new(secret, self.webhooks.allow_loopback, smtp.as_ref());
        out.context("people: the ways out")
    }
}

impl SmtpConfig {
    fn open(&self) -> anyhow::Result<people::Smtp> {
        let (security, port) = match self.security {
            SmtpSecurity::Tls => (people::SmtpSecurity::Tls, 465),
            SmtpSecurity::StartTls => (people::SmtpSecurity::StartTls, 587),
            SmtpSecurity::None => (people::SmtpSecurity::None, 25),
        };
        let ca = self.ca.as_ref().map(|path| {
            std::fs::read(path).with_context(|| format!("people.smtp.ca {}", path.display()))
        });
        let credentials = match (&self.username, &self.password_file) {
            (Some(name), Some(file)) => {
                let password = secrets::given(file).context("people.smtp.password_file")?;
                Some((name.clone(), password.expose_secret().to_owned()))
            }
            _ => None,
        };
        Ok(people::Smtp {
            host: self.host.clone(),
            port: self.port.unwrap_or(port),
            security,
            ca: ca.transpose()?,
            credentials,
            from: self.from.clone(),
            sender_name: self.sender_name.clone(),
        })
    }
}
