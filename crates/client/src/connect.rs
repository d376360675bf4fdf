//! Connecting, and one typed client a service.

use std::{net::IpAddr, time::Duration};

use tonic::{
    service::interceptor::InterceptedService,
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity},
};
use wire::{
    audit::v1::audit_service_client::AuditServiceClient,
    consent::v1::consent_service_client::ConsentServiceClient,
    directory::v1::directory_service_client::DirectoryServiceClient,
    notes::v1::notes_service_client::NotesServiceClient,
    people::v1::people_service_client::PeopleServiceClient,
    recovery::v1::recovery_service_client::RecoveryServiceClient,
    referrals::v1::referrals_service_client::ReferralsServiceClient,
};

use crate::{Credentials, TokenSource};

const DEADLINE: Duration = Duration::from_secs(15);
const CONNECT: Duration = Duration::from_secs(5);
/// Notes are at most 4 MiB each, and a list holds several.
const LARGEST: usize = 32 * 1024 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("{url}: must be http://host:port or https://host:port")]
    Url { url: String },
    #[error("{url}: refusing plaintext: only a loopback address may go without TLS")]
    Plaintext { url: String },
    #[error("{url}: {why}")]
    Transport { url: String, why: String },
}

/// How to connect, beyond a URL and a token.
#[derive(Debug)]
pub struct Builder {
    url: String,
    credentials: Credentials,
    ca: Option<Vec<u8>>,
    identity: Option<(Vec<u8>, Vec<u8>)>,
    server_name: Option<String>,
}

/// A connection to a network, or to one of its services. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    channel: Channel,
    credentials: Credentials,
}

type Authorized = InterceptedService<Channel, Credentials>;

macro_rules! services {
    ($($(#[$doc:meta])* $name:ident: $client:ident),+ $(,)?) => {$(
        $(#[$doc])*
        pub fn $name(&self) -> $client<Authorized> {
            $client::new(self.authorized()).max_decoding_message_size(LARGEST)
        }
    )+};
}

impl Client {
    /// Connects, and fails now if nobody answers. Later it connects again whenever it must.
    pub async fn connect(url: &str, tokens: TokenSource) -> Result<Self, ConnectError> {
        Self::builder(url, tokens).connect().await
    }

    pub fn builder(url: &str, tokens: TokenSource) -> Builder {
        Builder {
            url: url.to_owned(),
            credentials: Credentials { tokens, purposes: None, deadline: DEADLINE },
            ca: None,
            identity: None,
            server_name: None,
        }
    }

    services! {
        /// Agencies and the services they offer.
        directory: DirectoryServiceClient,
        /// People and their sign-ins.
        people: PeopleServiceClient,
        /// Consents.
        consents: ConsentServiceClient,
        /// Referrals between agencies.
        referrals: ReferralsServiceClient,
        /// Shared care notes.
        notes: NotesServiceClient,
        /// The person's own plan.
        recovery: RecoveryServiceClient,
        /// The accounting of disclosures.
        audit: AuditServiceClient,
    }

    /// For a client of a service that has none here: `XServiceClient::new(client.authorized())`.
    pub fn authorized(&self) -> Authorized {
        InterceptedService::new(self.channel.clone(), self.credentials.clone())
    }

    /// The same connection, narrowed to these purposes of use (`TREAT`, `COC`, …). Without them a
    /// call is for all purposes of its token; more than those can't be had.
    #[must_use]
    pub fn with_purposes<'a>(&self, purposes: impl IntoIterator<Item = &'a str>) -> Self {
        let purposes: Vec<&str> = purposes.into_iter().collect();
        let mut client = self.clone();
        client.credentials.purposes = Some(purposes.join(","));
        client
    }

    /// The same connection with another bearer.
    #[must_use]
    pub fn with_tokens(&self, tokens: TokenSource) -> Self {
        let mut client = self.clone();
        client.credentials.tokens = tokens;
        client
    }

    /// The same connection; a call may take this long, unless the server's own bound is shorter.
    #[must_use]
    pub fn with_deadline(&self, deadline: Duration) -> Self {
        let mut client = self.clone();
        client.credentials.deadline = deadline;
        client
    }

    /// The same connection without a deadline: for `Watch…`, which has no end.
    #[must_use]
    pub fn without_deadline(&self) -> Self {
        self.with_deadline(Duration::ZERO)
    }
}

impl Builder {
    /// The authority that signed the server's certificate, PEM. Needed for https.
    #[must_use]
    pub fn ca_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca = Some(pem.into());
        self
    }

    /// Our own certificate and key, PEM, where the server wants one (mutual TLS).
    #[must_use]
    pub fn identity_pem(mut self, cert: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        self.identity = Some((cert.into(), key.into()));
        self
    }

    /// The name in the server's certificate, where the URL's host is another.
    #[must_use]
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.server_name = Some(name.into());
        self
    }

    /// Connects, and fails now if nobody answers.
    pub async fn connect(self) -> Result<Client, ConnectError> {
        let endpoint = self.endpoint()?;
        let channel = endpoint.connect().await.map_err(|why| self.failed(&why))?;
        Ok(Client { channel, credentials: self.credentials })
    }

    /// Connects at the first call. Must be called in a runtime.
    pub fn connect_lazy(self) -> Result<Client, ConnectError> {
        let channel = self.endpoint()?.connect_lazy();
        Ok(Client { channel, credentials: self.credentials })
    }

    fn endpoint(&self) -> Result<Endpoint, ConnectError> {
        let bad = || ConnectError::Url { url: self.url.clone() };
        let endpoint = Endpoint::from_shared(self.url.clone()).map_err(|_| bad())?;
        let uri = endpoint.uri();
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none() {
            return Err(bad());
        }
        let https = uri.scheme_str() == Some("https");
        // A token goes with every call.
        if !https && !uri.host().is_some_and(is_loopback) {
            return Err(ConnectError::Plaintext { url: self.url.clone() });
        }
        let endpoint = endpoint
            .connect_timeout(CONNECT)
            .tcp_nodelay(true)
            .tcp_keepalive(Some(Duration::from_secs(60)))
            .http2_keep_alive_interval(Duration::from_secs(30))
            .keep_alive_timeout(Duration::from_secs(10));
        if !https {
            return Ok(endpoint);
        }
        let mut tls = ClientTlsConfig::new();
        if let Some(ca) = &self.ca {
            tls = tls.ca_certificate(Certificate::from_pem(ca));
        }
        if let Some((cert, key)) = &self.identity {
            tls = tls.identity(Identity::from_pem(cert, key));
        }
        if let Some(name) = &self.server_name {
            tls = tls.domain_name(name);
        }
        endpoint.tls_config(tls).map_err(|why| self.failed(&why))
    }

    fn failed(&self, why: &dyn std::error::Error) -> ConnectError {
        // The transport's own text is "transport error"; its causes say which.
        let mut said = why.to_string();
        let mut next = why.source();
        while let Some(cause) = next {
            said = cause.to_string();
            next = cause.source();
        }
        ConnectError::Transport { url: self.url.clone(), why: said }
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_url_that_is_none_is_refused_at_once() {
        for bad in ["", "127.0.0.1:50051", "ftp://x", "http://"] {
            let tokens = TokenSource::fixed("x");
            assert!(Client::builder(bad, tokens).connect_lazy().is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn a_token_goes_in_plaintext_to_this_machine_alone() {
        let connected = |url: &str| Client::builder(url, TokenSource::fixed("x")).connect_lazy();
        for good in ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1"] {
            connected(good).unwrap();
        }
        for bad in ["http://10.0.0.1:1", "http://care.example.org", "http://localhost.example:1"] {
            let refused = connected(bad).unwrap_err();
            assert!(matches!(refused, ConnectError::Plaintext { .. }), "{refused}");
        }
    }

    #[tokio::test]
    async fn nobody_listening_is_an_error_that_names_the_address() {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = format!("http://127.0.0.1:{port}");
        let error = Client::connect(&url, TokenSource::fixed("x")).await.unwrap_err();
        assert!(error.to_string().contains(&url), "{error}");
    }
}
