//! What an operator may say about a listener, and what is refused.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::Error;
use crate::spiffe::is_trust_domain;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServeConfig {
    /// Port 0 takes a free one; `Running::addr` tells which.
    pub listen: SocketAddr,
    /// Required unless `plaintext`.
    pub tls: Option<TlsConfig>,
    /// No TLS, on a loopback address alone. It has to be asked for.
    pub plaintext: bool,
    /// gRPC-Web and HTTP/1.1, for browsers. Off unless given.
    pub web: Option<WebConfig>,
    pub reflection: bool,
    /// The longest a unary call may take, whatever the client asks for.
    pub deadline_seconds: u64,
    /// After the signal: still serving, but health says NOT_SERVING, so that balancers look away.
    pub lame_duck_seconds: u64,
    /// How long requests in flight may take to finish once the listener is closed.
    pub drain_seconds: u64,
    pub limits: Limits,
    /// Of those limits, what one caller may take.
    pub shares: Shares,
}

impl Default for ServeConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 50051)),
            tls: None,
            plaintext: false,
            web: None,
            reflection: true,
            deadline_seconds: 30,
            lame_duck_seconds: 0,
            drain_seconds: 20,
            limits: Limits::default(),
            shares: Shares::default(),
        }
    }
}

/// PEM files.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    pub cert: PathBuf,
    pub key: PathBuf,
    /// Given: clients are asked for a certificate, and one that they show must be signed by one of these
    /// (mutual TLS). A service shows one that names it; a user need not have one.
    pub client_ca: Option<PathBuf>,
    /// The network's, within which certificates name services. Needed with `client_ca`: whoever reads
    /// the configuration sets it.
    #[serde(skip)]
    pub trust_domain: Option<String>,
    /// How often the files are looked at again.
    #[serde(default = "TlsConfig::reload_seconds")]
    pub reload_seconds: u64,
}

/// How often files of certificates are looked at again, unless the configuration says otherwise.
pub(crate) const RELOAD_SECONDS: u64 = 10;
pub(crate) const LONGEST_RELOAD: u64 = 3600;

impl TlsConfig {
    fn reload_seconds() -> u64 {
        RELOAD_SECONDS
    }

    fn check(&self) -> Result<(), Error> {
        in_range("tls.reload_seconds", self.reload_seconds, 1, LONGEST_RELOAD)?;
        match &self.client_ca {
            None => Ok(()),
            Some(_) => names_services(self.trust_domain.as_deref())
                .map_err(|why| Error::Config { field: "tls.client_ca", why }),
        }
    }
}

/// Within what do certificates name services?
pub(crate) fn names_services(trust_domain: Option<&str>) -> Result<(), String> {
    match trust_domain {
        Some(name) if is_trust_domain(name) => Ok(()),
        Some(name) => Err(format!(
            "network.trust_domain {name:?} is none: 1 to 255 of a to z, 0 to 9, '.', '-', '_'"
        )),
        None => Err("needs network.trust_domain, within which certificates name services".into()),
    }
}

/// Who may call from a browser.
///
/// Safe because nothing is implied by the browser: no cookies are read and credentials are never
/// allowed across origins, so a page needs the bearer token itself; an `Origin` that is not listed
/// here word by word is refused before anything else is looked at; and HTTP/1.1 is spoken for
/// gRPC-Web only.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebConfig {
    /// `https://care.example.org`, exactly as the browser sends it. No wildcards. Plain http for
    /// loopback hosts only.
    pub origins: Vec<String>,
}

/// Every limit of a listener. tonic and hyper leave most of these open.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Connections at once; one more takes the place of the one that has been there longest without an answer, or is
    /// closed where there is none such or it has not gone in a second.
    pub connections: usize,
    /// Unary calls at once, over all connections; one more is RESOURCE_EXHAUSTED.
    pub requests: usize,
    /// Streams at once, over all connections; one more is RESOURCE_EXHAUSTED.
    pub streams: usize,
    /// Bytes of messages at once, over all connections: requests until they are answered, replies
    /// until they are read. One more message is RESOURCE_EXHAUSTED.
    pub max_held_bytes: usize,
    /// Calls at once on one connection; a client waits for its turn.
    pub max_concurrent_streams: u32,
    /// Rapid reset: streams that the client opened and reset before they were accepted.
    pub max_pending_accept_reset_streams: usize,
    /// MadeYouReset: streams that the client's errors made us reset.
    pub max_local_error_reset_streams: usize,
    pub max_header_list_size: u32,
    pub max_frame_size: u32,
    pub stream_window: u32,
    pub connection_window: u32,
    /// What one stream may hold back for a reader that is slow.
    pub max_send_buffer: usize,
    pub keepalive_interval_seconds: u64,
    pub keepalive_timeout_seconds: u64,
    /// Asked to leave after so long (spread by a tenth), so that load moves to new instances.
    pub max_connection_age_seconds: u64,
    /// Then cut after so much more. Streams resume from their cursor.
    pub max_connection_age_grace_seconds: u64,
    /// Asked to leave after so long without a call.
    pub max_connection_idle_seconds: u64,
    /// A unary reply that is not read for so long after its deadline costs the connection, and so does
    /// taking nothing at all for as long as both.
    pub stalled_reader_seconds: u64,
    /// From accept to the end of TLS and the HTTP/2 preface, or of HTTP/1.1's headers.
    pub handshake_timeout_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            requests: 512,
            streams: 2048,
            max_held_bytes: 128 * 1024 * 1024,
            max_concurrent_streams: 128,
            max_pending_accept_reset_streams: 20,
            max_local_error_reset_streams: 128,
            max_header_list_size: 16 * 1024,
            max_frame_size: 16 * 1024,
            stream_window: 256 * 1024,
            connection_window: 1024 * 1024,
            max_send_buffer: 256 * 1024,
            keepalive_interval_seconds: 30,
            keepalive_timeout_seconds: 10,
            max_connection_age_seconds: 30 * 60,
            max_connection_age_grace_seconds: 60,
            max_connection_idle_seconds: 5 * 60,
            stalled_reader_seconds: 30,
            handshake_timeout_seconds: 5,
        }
    }
}

/// What one caller may take of a process, so that the others are served.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// Calls, and streams begun, in a second.
    pub per_second: u32,
    /// Of those, at once after a quiet time.
    pub burst: u32,
    /// Unary calls that are going on.
    pub calls: u32,
    /// Streams that are open.
    pub streams: u32,
}

/// The shares of a listener. Services among themselves have none.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Shares {
    /// All of an agency's staff and systems together.
    pub agency: Share,
    /// A person, a representative, a supporter, or somebody of the network.
    pub individual: Share,
}

impl Default for Shares {
    fn default() -> Self {
        Self {
            // Calls wait for the database's connections in turn, 16 of a service unless said otherwise: behind four times as
            // many of one agency's somebody else waits for four statements, and behind 256 longer than anybody may.
            agency: Share { per_second: 1_000, burst: 2_000, calls: 64, streams: 512 },
            individual: Share { per_second: 50, burst: 500, calls: 32, streams: 16 },
        }
    }
}

impl Shares {
    fn check(&self) -> Result<(), Error> {
        const MOST: u64 = 1 << 20;
        for (field, value) in [
            ("shares.agency.per_second", self.agency.per_second),
            ("shares.agency.burst", self.agency.burst),
            ("shares.agency.calls", self.agency.calls),
            ("shares.agency.streams", self.agency.streams),
            ("shares.individual.per_second", self.individual.per_second),
            ("shares.individual.burst", self.individual.burst),
            ("shares.individual.calls", self.individual.calls),
            ("shares.individual.streams", self.individual.streams),
        ] {
            in_range(field, value.into(), 1, MOST)?;
        }
        Ok(())
    }
}

impl ServeConfig {
    /// All that can be refused before a socket is opened.
    pub fn check(&self) -> Result<(), Error> {
        let plaintext = |why: &str| Err(Error::Config { field: "plaintext", why: why.to_owned() });
        match &self.tls {
            None if !self.listen.ip().is_loopback() => {
                return Err(Error::NeedsTls { addr: self.listen });
            }
            None if !self.plaintext => {
                return plaintext("must be true to listen without TLS; or give [serve.tls]");
            }
            Some(_) if self.plaintext => {
                return plaintext("is true, and [serve.tls] is given: one of the two");
            }
            Some(tls) => tls.check()?,
            None => {}
        }
        if let Some(web) = &self.web {
            web.check()?;
        }
        in_range("deadline_seconds", self.deadline_seconds, 1, 3600)?;
        in_range("lame_duck_seconds", self.lame_duck_seconds, 0, 600)?;
        in_range("drain_seconds", self.drain_seconds, 1, 600)?;
        self.limits.check()?;
        self.shares.check()
    }

    pub(crate) fn deadline(&self) -> Duration {
        Duration::from_secs(self.deadline_seconds)
    }
}

impl Limits {
    fn check(&self) -> Result<(), Error> {
        const DAY: u64 = 24 * 3600;
        // Below 1, or outside of what HTTP/2 allows, a limit would be none, or a panic in h2.
        for (field, value, most) in [
            ("limits.connections", self.connections as u64, 1 << 20),
            ("limits.requests", self.requests as u64, 1 << 20),
            ("limits.streams", self.streams as u64, 1 << 20),
            ("limits.max_concurrent_streams", self.max_concurrent_streams.into(), 1 << 16),
            ("limits.max_send_buffer", self.max_send_buffer as u64, 1 << 30),
            ("limits.keepalive_interval_seconds", self.keepalive_interval_seconds, DAY),
            ("limits.keepalive_timeout_seconds", self.keepalive_timeout_seconds, DAY),
            ("limits.max_connection_age_seconds", self.max_connection_age_seconds, 30 * DAY),
            ("limits.max_connection_age_grace_seconds", self.max_connection_age_grace_seconds, DAY),
            ("limits.max_connection_idle_seconds", self.max_connection_idle_seconds, DAY),
            ("limits.stalled_reader_seconds", self.stalled_reader_seconds, DAY),
            ("limits.handshake_timeout_seconds", self.handshake_timeout_seconds, 60),
        ] {
            in_range(field, value, 1, most)?;
        }
        // At least one message in either direction, and what comes before it.
        in_range("limits.max_held_bytes", self.max_held_bytes as u64, 16 << 20, 1 << 40)?;
        let frame = self.max_frame_size.into();
        in_range("limits.max_frame_size", frame, 16 * 1024, (1 << 24) - 1)?;
        let headers = self.max_header_list_size.into();
        in_range("limits.max_header_list_size", headers, 8 * 1024, 1 << 20)?;
        let window = (1 << 31) - 1;
        in_range("limits.stream_window", self.stream_window.into(), 65_535, window)?;
        in_range("limits.connection_window", self.connection_window.into(), 65_535, window)
    }
}

impl WebConfig {
    fn check(&self) -> Result<(), Error> {
        let refused = |why: String| Error::Config { field: "web.origins", why };
        if self.origins.is_empty() {
            return Err(refused("name at least one origin, or leave [web] out".to_owned()));
        }
        for origin in &self.origins {
            let uri: http::Uri =
                origin.parse().map_err(|_| refused(format!("{origin:?} is not an origin")))?;
            let bare = !origin.ends_with('/') && uri.path() == "/" && uri.query().is_none();
            let host = uri.host().unwrap_or_default();
            let scheme = match uri.scheme_str() {
                Some("https") => true,
                Some("http") => telemetry::is_loopback(host),
                _ => false,
            };
            if !bare || !scheme || host.is_empty() || host.contains('*') {
                return Err(refused(format!("{origin:?}: scheme, host and port, nothing else")));
            }
        }
        Ok(())
    }
}

fn in_range(field: &'static str, value: u64, least: u64, most: u64) -> Result<(), Error> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(Error::Config { field, why: format!("must be {least} to {most}, not {value}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<ServeConfig, toml::de::Error> {
        toml::from_str(text)
    }

    #[test]
    fn plaintext_is_for_loopback_and_has_to_be_asked_for() {
        parsed("plaintext = true").unwrap().check().unwrap();
        let tls = "[tls]\ncert = 'a'\nkey = 'b'";
        parsed(tls).unwrap().check().unwrap();
        for text in
            ["", "plaintext = false", "reflection = true", &format!("plaintext = true\n{tls}")]
        {
            let error = parsed(text).unwrap().check().unwrap_err().to_string();
            assert!(error.starts_with("serve.plaintext: "), "{text}: {error}");
        }
    }

    #[test]
    fn certificates_of_clients_need_a_trust_domain_to_be_of_anybody() {
        let with = |domain: Option<&str>| {
            let mut config = parsed("[tls]\ncert = 'a'\nkey = 'b'\nclient_ca = 'c'").unwrap();
            config.tls.as_mut().unwrap().trust_domain = domain.map(str::to_owned);
            config.check()
        };
        with(Some("care.example.org")).unwrap();
        for bad in [None, Some(""), Some("Care.example.org"), Some("care.example.org/x")] {
            assert!(with(bad).unwrap_err().to_string().contains("client_ca"), "{bad:?}");
        }
    }

    #[test]
    fn unknown_keys_are_refused_at_every_level() {
        for text in [
            "lisen = '127.0.0.1:1'",
            "[limits]\nmax_steams = 3",
            "[tls]\ncert = 'a'\nkey = 'b'\nca = 'c'",
            "[tls]\ncert = 'a'\nkey = 'b'\ntrust_domain = 'c'",
            "[web]\norigins = []\ncredentials = true",
        ] {
            assert!(parsed(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_open_address_without_tls_is_refused() {
        for listen in ["0.0.0.0:0", "[::]:0", "10.0.0.7:443"] {
            for asked in ["", "plaintext = true"] {
                let text = format!("listen = '{listen}'\n{asked}");
                let error = parsed(&text).unwrap().check().unwrap_err();
                assert!(matches!(error, Error::NeedsTls { .. }), "{error}");
            }
        }
        parsed("listen = '[::1]:0'\nplaintext = true").unwrap().check().unwrap();
    }

    #[test]
    fn a_limit_that_would_be_none_is_refused() {
        for text in [
            "deadline_seconds = 0",
            "drain_seconds = 0",
            "[limits]\nconnections = 0",
            "[limits]\nmax_frame_size = 100",
            "[limits]\nstream_window = 4294967295",
            "[limits]\nhandshake_timeout_seconds = 0",
            "[shares.agency]\nper_second = 0\nburst = 1\ncalls = 1\nstreams = 1",
            "[shares.individual]\nper_second = 1\nburst = 1\ncalls = 1\nstreams = 0",
        ] {
            let text = format!("plaintext = true\n{text}");
            assert!(parsed(&text).unwrap().check().is_err(), "{text}");
        }
    }

    #[test]
    fn an_agency_has_a_few_turns_of_the_database_and_no_more() {
        let (agency, limits) = (Shares::default().agency, Limits::default());
        assert_eq!(agency.calls, 64);
        assert!(usize::try_from(agency.calls).unwrap() * 8 <= limits.requests);
        let said = "[shares.agency]\nper_second = 1\nburst = 1\ncalls = 9\nstreams = 1";
        assert_eq!(parsed(said).unwrap().shares.agency.calls, 9);
    }

    #[test]
    fn an_origin_is_a_scheme_a_host_and_a_port() {
        let web = |origin: &str| WebConfig { origins: vec![origin.to_owned()] }.check();
        for good in ["https://a.example", "https://a.example:8443", "http://localhost:3000"] {
            web(good).unwrap();
        }
        for bad in ["*", "https://*.example", "http://a.example", "https://a.example/", "null", ""]
        {
            assert!(web(bad).is_err(), "{bad}");
        }
        assert!(WebConfig::default().check().is_err());
    }
}
