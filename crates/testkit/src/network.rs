//! A network as a test calls it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Context as _;
use client::{Client, Credentials, TokenSource};
use kernel::{CodeSet, Purpose, Role};
use tonic::{Code, service::interceptor::InterceptedService, transport::Channel};
use wire::{
    audit::v1::audit_service_client::AuditServiceClient,
    consent::v1::{GetConsentRequest, consent_service_client::ConsentServiceClient},
    directory::v1::{GetAgencyRequest, directory_service_client::DirectoryServiceClient},
    notes::v1::{GetNoteRequest, notes_service_client::NotesServiceClient},
    people::v1::{GetPersonRequest, people_service_client::PeopleServiceClient},
    recovery::v1::{GetPlanRequest, recovery_service_client::RecoveryServiceClient},
    referrals::v1::{GetReferralRequest, referrals_service_client::ReferralsServiceClient},
};

use crate::{SERVICES, Tokens, until};

/// Where each service of a network is, and who may speak to it.
#[derive(Debug, Clone)]
pub struct Network {
    urls: Arc<BTreeMap<&'static str, String>>,
    clients: Arc<BTreeMap<&'static str, Client>>,
    pub tokens: Arc<Tokens>,
}

/// Somebody with a token: a typed client for each service.
#[derive(Debug, Clone)]
pub struct Caller {
    clients: BTreeMap<&'static str, Client>,
}

type Authorized = InterceptedService<Channel, Credentials>;

impl Network {
    /// `url_of` says where a service is. Must be called in a runtime.
    pub fn at(
        tokens: Arc<Tokens>,
        url_of: impl Fn(&'static str) -> Option<String>,
    ) -> anyhow::Result<Self> {
        let mut urls = BTreeMap::new();
        let mut clients = BTreeMap::new();
        for service in SERVICES {
            let Some(url) = url_of(service) else { continue };
            let client = Client::builder(&url, TokenSource::fixed("none")).connect_lazy()?;
            clients.insert(service, client.with_deadline(Duration::from_secs(20)));
            urls.insert(service, url);
        }
        Ok(Self { urls: Arc::new(urls), clients: Arc::new(clients), tokens })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self, service: &str) -> &str {
        self.urls.get(service).expect("a service of this network")
    }

    /// Whoever bears this token.
    pub fn bearer(&self, token: impl Into<String>) -> Caller {
        let tokens = TokenSource::fixed(token);
        let clients = self.clients.iter().map(|(s, c)| (*s, c.with_tokens(tokens.clone())));
        Caller { clients: clients.collect() }
    }

    pub fn staff(
        &self,
        agency: &str,
        sub: &str,
        roles: impl Into<CodeSet<Role>>,
        purposes: impl Into<CodeSet<Purpose>>,
    ) -> Caller {
        self.bearer(self.tokens.staff(agency, sub, roles, purposes))
    }

    pub fn clinician(&self, agency: &str) -> Caller {
        self.bearer(self.tokens.clinician(agency))
    }

    pub fn person(&self, sub: &str) -> Caller {
        self.bearer(self.tokens.person(sub))
    }

    pub fn network_admin(&self) -> Caller {
        self.bearer(self.tokens.network_admin())
    }

    /// Waits until every service knows the agency: services that run apart hear of it by a stream.
    pub async fn hears_of(&self, agency: &str) -> anyhow::Result<()> {
        let staff = self.clinician(agency);
        for service in self.urls.keys() {
            let known = async || match staff.probe(service).await {
                Ok(()) => true,
                Err(code) => !matches!(code, Code::Unauthenticated | Code::Unavailable),
            };
            until("every service knows the agency", Duration::from_secs(20), known)
                .await
                .with_context(|| format!("{service}, {agency}"))?;
        }
        Ok(())
    }
}

macro_rules! services {
    ($($name:ident: $service:literal, $client:ident);+ $(;)?) => {$(
        pub fn $name(&self) -> $client<Authorized> {
            self.client($service).$name()
        }
    )+};
}

impl Caller {
    services! {
        directory: "directory", DirectoryServiceClient;
        people: "people", PeopleServiceClient;
        consents: "consent", ConsentServiceClient;
        referrals: "referrals", ReferralsServiceClient;
        notes: "notes", NotesServiceClient;
        recovery: "recovery", RecoveryServiceClient;
        audit: "audit", AuditServiceClient;
    }

    /// The connection to one service.
    pub fn client(&self, service: &str) -> &Client {
        self.clients.get(service).expect("a service of this network")
    }

    #[must_use]
    pub fn for_purposes<'a>(&self, purposes: impl IntoIterator<Item = &'a str>) -> Self {
        let purposes: Vec<&str> = purposes.into_iter().collect();
        self.map(|client| client.with_purposes(purposes.iter().copied()))
    }

    /// For streams.
    #[must_use]
    pub fn without_deadline(&self) -> Self {
        self.map(Client::without_deadline)
    }

    fn map(&self, change: impl Fn(&Client) -> Client) -> Self {
        Self { clients: self.clients.iter().map(|(s, c)| (*s, change(c))).collect() }
    }

    /// Asks a service about something that is not there, as staff.
    async fn probe(&self, service: &str) -> Result<(), Code> {
        let name = |kind: &str| format!("{kind}/{}", uuid::Uuid::new_v4());
        let done = match service {
            "directory" => {
                let request = GetAgencyRequest { name: name("agencies") };
                self.directory().get_agency(request).await.map(drop)
            }
            "people" => {
                let request = GetPersonRequest { name: name("people") };
                self.people().get_person(request).await.map(drop)
            }
            "consent" => {
                let request = GetConsentRequest { name: name("consents") };
                self.consents().get_consent(request).await.map(drop)
            }
            "referrals" => {
                let request = GetReferralRequest { name: name("referrals") };
                self.referrals().get_referral(request).await.map(drop)
            }
            "notes" => {
                let request = GetNoteRequest { name: name("notes"), version: 0 };
                self.notes().get_note(request).await.map(drop)
            }
            "recovery" => {
                let request = GetPlanRequest { person: name("people") };
                self.recovery().get_plan(request).await.map(drop)
            }
            // No staff may ask it anything.
            _ => Ok(()),
        };
        done.map_err(|status| status.code())
    }
}
