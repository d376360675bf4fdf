//! A network to call, in one process or in several.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use client::{Client, Credentials, TokenSource};
use tonic::{service::interceptor::InterceptedService, transport::Channel};
use wire::{
    audit::v1::audit_service_client::AuditServiceClient,
    consent::v1::consent_service_client::ConsentServiceClient,
    directory::v1::directory_service_client::DirectoryServiceClient,
    notes::v1::notes_service_client::NotesServiceClient,
    people::v1::people_service_client::PeopleServiceClient,
    recovery::v1::recovery_service_client::RecoveryServiceClient,
    referrals::v1::referrals_service_client::ReferralsServiceClient,
};

use crate::Tokens;

/// The services by name, in the order in which they start.
pub const SERVICES: [&str; 7] =
    ["directory", "people", "consent", "referrals", "notes", "recovery", "audit"];

/// Where each service is, and tokens for it.
pub struct Network {
    urls: BTreeMap<&'static str, String>,
    clients: BTreeMap<&'static str, Client>,
    data: PathBuf,
    pub tokens: Tokens,
}

impl Network {
    /// `data` holds `keys/`, and `pki/` where services speak TLS. Must be made in a runtime.
    pub fn new(data: &Path, url: impl Fn(&'static str) -> String) -> Self {
        let urls: BTreeMap<_, _> = SERVICES.iter().map(|&name| (name, url(name))).collect();
        let mut by_url: BTreeMap<&str, Client> = BTreeMap::new();
        let mut clients = BTreeMap::new();
        for (&name, url) in &urls {
            let client =
                by_url.entry(url).or_insert_with(|| connect(data, url).connect_lazy().unwrap());
            clients.insert(name, client.clone());
        }
        let tokens = Tokens::open(&data.join("keys"));
        Self { urls, clients, data: data.to_owned(), tokens }
    }

    /// A connection to a service that shows the certificate of this name: none of what it may call
    /// is its own to say.
    pub fn showing(&self, service: &str, certificate: &str, token: impl Into<String>) -> Client {
        let read =
            |file: &str| std::fs::read(pki(&self.data).join(certificate).join(file)).unwrap();
        let builder = connect(&self.data, self.url(service));
        let builder = builder.identity_pem(read("tls.crt"), read("tls.key"));
        builder.connect_lazy().unwrap().with_tokens(TokenSource::fixed(token))
    }

    /// `https://host:port` of a service, or `http://…` where all are in one process.
    pub fn url(&self, service: &str) -> &str {
        &self.urls[service]
    }

    /// The data directory.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Whoever holds this token.
    pub fn actor(&self, token: impl Into<String>) -> Actor {
        let token = token.into();
        let source = TokenSource::fixed(token.clone());
        let with = |client: &Client| client.with_tokens(source.clone());
        let clients = self.clients.iter().map(|(&name, client)| (name, with(client))).collect();
        Actor { clients, token }
    }
}

/// What `trellis pki` made for a network.
pub(crate) fn pki(data: &Path) -> PathBuf {
    data.join("pki")
}

fn connect(data: &Path, url: &str) -> client::Builder {
    let builder = Client::builder(url, TokenSource::fixed(""));
    match url.starts_with("https:") {
        true => builder.ca_pem(std::fs::read(pki(data).join("ca.crt")).unwrap()),
        false => builder,
    }
}

/// Somebody who calls, with typed clients of the contract.
#[derive(Clone)]
pub struct Actor {
    clients: BTreeMap<&'static str, Client>,
    pub token: String,
}

type Authorized = InterceptedService<Channel, Credentials>;

impl Actor {
    /// The client of one service.
    pub fn client(&self, service: &str) -> &Client {
        &self.clients[service]
    }

    /// The same caller, for these purposes of use only.
    #[must_use]
    pub fn with_purposes<const N: usize>(&self, purposes: [&str; N]) -> Self {
        self.map(|client| client.with_purposes(purposes))
    }

    /// The same caller, who waits no longer than this.
    #[must_use]
    pub fn with_deadline(&self, deadline: Duration) -> Self {
        self.map(|client| client.with_deadline(deadline))
    }

    /// The same caller without a deadline, for streams.
    #[must_use]
    pub fn without_deadline(&self) -> Self {
        self.map(Client::without_deadline)
    }

    pub fn directory(&self) -> DirectoryServiceClient<Authorized> {
        self.client("directory").directory()
    }
    pub fn people(&self) -> PeopleServiceClient<Authorized> {
        self.client("people").people()
    }
    pub fn consents(&self) -> ConsentServiceClient<Authorized> {
        self.client("consent").consents()
    }
    pub fn referrals(&self) -> ReferralsServiceClient<Authorized> {
        self.client("referrals").referrals()
    }
    pub fn notes(&self) -> NotesServiceClient<Authorized> {
        self.client("notes").notes()
    }
    pub fn recovery(&self) -> RecoveryServiceClient<Authorized> {
        self.client("recovery").recovery()
    }
    pub fn audit(&self) -> AuditServiceClient<Authorized> {
        self.client("audit").audit()
    }

    fn map(&self, change: impl Fn(&Client) -> Client) -> Self {
        let clients = self.clients.iter().map(|(&name, client)| (name, change(client))).collect();
        Self { clients, token: self.token.clone() }
    }
}
