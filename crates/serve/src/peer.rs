//! Calling another service: a channel that does not hang, and what a call passes down.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use tonic::service::Interceptor;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity, Uri};
use tonic::{Request, Status};

use crate::{Error, current_deadline, deadline, reply};

const CONNECT: Duration = Duration::from_secs(2);
/// The backstop for a call that brings no deadline of its own.
const CALL: Duration = Duration::from_secs(30);

/// How to trust a peer, and how to be known to it. PEM files.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeerTls {
    pub ca: PathBuf,
    /// With `key`: our own certificate, for mutual TLS.
    pub cert: Option<PathBuf>,
    pub key: Option<PathBuf>,
    /// The name in the peer's certificate, where the URL's host is another.
    pub server_name: Option<String>,
}

/// A channel to a peer. Connects at the first call, and again whenever it must. Plaintext goes to
/// loopback addresses only.
pub fn peer(url: &str, tls: Option<&PeerTls>) -> Result<Channel, Error> {
    let bad = |why: String| Error::Peer { url: url.to_owned(), why };
    let uri: Uri = url.parse().map_err(|_| bad("not a URL".to_owned()))?;
    let host = uri.host().unwrap_or_default().to_owned();
    let endpoint = Endpoint::from(uri.clone())
        .connect_timeout(CONNECT)
        .timeout(CALL)
        .tcp_nodelay(true)
        .tcp_keepalive(Some(Duration::from_secs(60)))
        // Until it is noticed that the other end is gone, every decision that asks it is a refusal.
        .http2_keep_alive_interval(Duration::from_secs(5))
        .keep_alive_timeout(Duration::from_secs(3))
        .keep_alive_while_idle(true)
        .http2_max_header_list_size(16 * 1024)
        .initial_connection_window_size(1024 * 1024)
        .initial_stream_window_size(256 * 1024);
    match (uri.scheme_str(), tls) {
        (Some("http"), None) if is_loopback(&host) => Ok(endpoint.connect_lazy()),
        (Some("http"), None) => {
            Err(bad("refusing plaintext: only a loopback address may go without TLS".to_owned()))
        }
        (Some("http"), Some(_)) => Err(bad("TLS is configured, so the URL is https".to_owned())),
        (Some("https"), Some(tls)) => {
            let config = client_tls(tls, &host)?;
            let endpoint = endpoint.tls_config(config).map_err(|e| bad(e.to_string()))?;
            Ok(endpoint.connect_lazy())
        }
        (Some("https"), None) => Err(bad("https needs a TLS configuration".to_owned())),
        _ => Err(bad("must be http://host:port or https://host:port".to_owned())),
    }
}

fn client_tls(tls: &PeerTls, host: &str) -> Result<ClientTlsConfig, Error> {
    let read = |path: &Path| fs::read(path).map_err(|e| Error::tls(path, e));
    let name = tls.server_name.as_deref().unwrap_or(host);
    let config = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(read(&tls.ca)?))
        .domain_name(name)
        .timeout(CONNECT);
    match (&tls.cert, &tls.key) {
        (Some(cert), Some(key)) => Ok(config.identity(Identity::from_pem(read(cert)?, read(key)?))),
        (None, None) => Ok(config),
        (Some(one), None) | (None, Some(one)) => {
            Err(Error::tls(one, "cert and key are given together"))
        }
    }
}

/// Whether a URL's host is this very machine.
pub fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Passes the trace and what is left of the deadline down to a peer:
/// `NotesServiceClient::with_interceptor(channel, Outgoing)`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Outgoing;

impl Interceptor for Outgoing {
    fn call(&mut self, mut req: Request<()>) -> Result<Request<()>, Status> {
        telemetry::inject(req.metadata_mut().as_mut());
        let Some(left) = current_deadline().and_then(|d| d.remaining()) else { return Ok(req) };
        if left.is_zero() {
            return Err(reply::deadline_exceeded());
        }
        let own = deadline::parse(req.metadata().as_ref()).ok().flatten();
        req.set_timeout(own.map_or(left, |own| own.min(left)));
        Ok(req)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Deadline;

    #[tokio::test]
    async fn plaintext_goes_to_loopback_only() {
        for good in ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1"] {
            peer(good, None).unwrap();
        }
        for bad in [
            "http://10.0.0.1:1",
            "http://consent:50051",
            "http://localhost.example:1",
            "http://127.0.0.1.example:1",
            "https://127.0.0.1:1",
            "consent:50051",
            "unix:/tmp/x",
            "",
        ] {
            assert!(peer(bad, None).is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn what_is_left_of_the_deadline_goes_down_and_a_shorter_one_stays() {
        let sent = |own: Option<Duration>| async move {
            let mut req = Request::new(());
            if let Some(own) = own {
                req.set_timeout(own);
            }
            let req = Outgoing.call(req)?;
            Ok::<_, Status>(deadline::parse(req.metadata().as_ref()).unwrap())
        };
        let second = Duration::from_secs(1);
        assert_eq!(sent(None).await.unwrap(), None);
        let deadline = Deadline::after(5 * second);
        let left = deadline.scope(sent(None)).await.unwrap().unwrap();
        assert!(left > 4 * second && left <= 5 * second, "{left:?}");
        assert_eq!(deadline.scope(sent(Some(second))).await.unwrap(), Some(second));
        let late = Deadline::after(Duration::ZERO).scope(sent(None)).await.unwrap_err();
        assert_eq!(late.code(), tonic::Code::DeadlineExceeded);
    }
}
