//! How a service reaches its database.

use std::{str::FromStr, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::{Cause, StoreError};

/// Connections of one service, unless it is said otherwise.
pub const MAX_CONNECTIONS: u32 = 16;

/// Connections beside those, of a service that asks itself: see [`Config::beside`].
pub const BESIDE: u32 = 2;

/// One service's way to its schema. The limits are the server's own (`statement_timeout` and so
/// on) and, behind them, ours, for a server that has stopped answering.
#[derive(Debug, Clone)]
pub struct Config {
    /// `postgres://…`; its user and password are used unless `role` and `password` replace them.
    pub url: SecretString,
    pub role: Option<String>,
    pub password: Option<SecretString>,
    /// The whole search_path: an unqualified name means this schema's.
    pub schema: String,
    /// Shown in `pg_stat_activity`.
    pub application: String,
    pub max_connections: u32,
    /// Longest wait for a free connection; beyond it the answer is `Exhausted`.
    pub acquire_timeout: Duration,
    /// Longest wait for a new connection to be made, and for BEGIN, which waits for nobody either; beyond
    /// it, `Unavailable`.
    pub connect_timeout: Duration,
    pub statement_timeout: Duration,
    pub lock_timeout: Duration,
    pub idle_in_transaction_timeout: Duration,
    /// Longest that one attempt at a unit of work may take, and again its COMMIT, seen from here.
    pub work_timeout: Duration,
}

impl Config {
    pub fn new(url: impl Into<SecretString>, schema: impl Into<String>) -> Self {
        let schema = schema.into();
        Self {
            url: url.into(),
            role: None,
            password: None,
            application: format!("trellis-{schema}"),
            schema,
            max_connections: MAX_CONNECTIONS,
            acquire_timeout: Duration::from_millis(500),
            connect_timeout: Duration::from_secs(2),
            statement_timeout: Duration::from_secs(5),
            lock_timeout: Duration::from_secs(2),
            idle_in_transaction_timeout: Duration::from_secs(10),
            work_timeout: Duration::from_secs(15),
        }
    }

    #[must_use]
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.role = Some(role.into());
        self
    }

    /// The few connections for what a service asks its own tables while a transaction of its own waits for the answer:
    /// by another connection of the same pool it would wait for itself, and for all that wait as it does.
    #[must_use]
    pub fn beside(mut self) -> Self {
        self.max_connections = BESIDE;
        self.application.push_str("-beside");
        self
    }

    pub(crate) fn options(&self) -> Result<PgConnectOptions, StoreError> {
        if crate::ident::quoted(&self.schema).is_none() {
            return Err(StoreError::Internal(Cause::of("schema name")));
        }
        let mut options = parse_url(&self.url)?;
        if let Some(role) = &self.role {
            options = options.username(role);
        }
        if let Some(password) = &self.password {
            options = options.password(password.expose_secret());
        }
        let ms = |d: Duration| d.as_millis().max(1).to_string();
        Ok(options.application_name(&self.application).options([
            ("search_path", self.schema.clone()),
            ("statement_timeout", ms(self.statement_timeout)),
            ("lock_timeout", ms(self.lock_timeout)),
            ("idle_in_transaction_session_timeout", ms(self.idle_in_transaction_timeout)),
            // For statements that take seconds. Compiling one of ours takes longer than running it.
            ("jit", "off".to_owned()),
        ]))
    }
}

/// The URL as options. Off this machine the server must show a certificate of its name, whatever less the
/// URL asks for; a URL that asks for none is refused.
pub fn parse_url(url: &SecretString) -> Result<PgConnectOptions, StoreError> {
    use sqlx::ConnectOptions as _;
    let options = PgConnectOptions::from_str(url.expose_secret())
        .map_err(|_| StoreError::Internal(Cause::of("database url")))?
        .disable_statement_logging();
    let here = options.get_socket().is_some()
        || options.get_host().starts_with('/')
        || matches!(options.get_host(), "localhost" | "127.0.0.1" | "::1" | "[::1]");
    match options.get_ssl_mode() {
        _ if here => Ok(options),
        PgSslMode::Disable | PgSslMode::Allow => Err(StoreError::Internal(Cause::of(PLAINTEXT))),
        _ => Ok(options.ssl_mode(PgSslMode::VerifyFull)),
    }
}

const PLAINTEXT: &str = "database url: sslmode verify-full, unless the database is on this machine";

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> Result<String, StoreError> {
        let options = parse_url(&url.to_owned().into())?;
        Ok(format!("{:?}", options.get_ssl_mode()))
    }

    #[test]
    fn off_this_machine_the_servers_certificate_is_verified_whatever_less_is_asked_for() {
        for asked in ["", "?sslmode=prefer", "?sslmode=require", "?sslmode=verify-ca"] {
            for host in ["db.example", "10.0.0.7", "localhost.example"] {
                let url = format!("postgres://{host}/trellis{asked}");
                assert_eq!(mode(&url).unwrap(), "VerifyFull", "{url}");
            }
        }
    }

    #[test]
    fn plaintext_off_this_machine_is_refused_and_on_it_is_not() {
        for asked in ["disable", "allow"] {
            let refused = mode(&format!("postgres://db.example/trellis?sslmode={asked}"));
            assert_eq!(refused, Err(StoreError::Internal(Cause::of(PLAINTEXT))));
            for host in ["localhost", "127.0.0.1", "%2Fvar%2Frun%2Fpostgresql"] {
                mode(&format!("postgres://{host}/trellis?sslmode={asked}")).unwrap();
            }
        }
    }
}
