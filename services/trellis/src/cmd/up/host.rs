//! The database of `up`: a private server, or the operator's.

use std::time::Duration;

use anyhow::Context as _;
use pg::{Embedded, embedded};
use secrecy::SecretString;
use trellis::{Config, Service, config::ServiceDatabase, secrets};

use super::Data;

const LOOK: Duration = Duration::from_millis(500);

pub enum Host {
    Private(Embedded),
    Given(SecretString),
}

impl Host {
    pub async fn start(data: &Data, url: Option<&str>, fresh: bool) -> anyhow::Result<Self> {
        if let Some(url) = url {
            return Ok(Self::Given(url.into()));
        }
        if fresh {
            data.empty()?;
        }
        let options =
            embedded::Options { data_dir: Some(data.postgres()), ..embedded::Options::default() };
        Ok(Self::Private(Embedded::start(options).await.context("PostgreSQL")?))
    }

    pub fn admin_url(&self) -> SecretString {
        match self {
            Self::Private(server) => server.admin_url(),
            Self::Given(url) => url.clone(),
        }
    }

    /// How the services reach it. On the operator's server their roles need passwords; they are
    /// made once, and kept with the other secrets.
    pub fn configure(&self, data: &Data, config: &mut Config) -> anyhow::Result<()> {
        config.database.url = Some(self.admin_url());
        if let Self::Given(_) = self {
            for service in Service::ALL {
                let path = data.secret(&format!("database-{service}"));
                let password = hex::encode(secrets::read_or_make(&path)?);
                let own = ServiceDatabase { password: Some(password.into()), ..Default::default() };
                config.database.services.insert(service, own);
            }
        }
        Ok(())
    }

    /// Returns when a private server has ended by itself.
    pub async fn gone(&mut self) {
        match self {
            Self::Given(_) => std::future::pending().await,
            Self::Private(server) => {
                while server.is_running() {
                    tokio::time::sleep(LOOK).await;
                }
            }
        }
    }

    pub async fn stop(self) {
        if let Self::Private(server) = self {
            server.stop().await;
        }
    }
}
