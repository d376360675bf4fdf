//! Calling another service: a channel that does not hang, and what a call passes down.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use tonic::service::Interceptor;
use tonic::transport::{Channel, Endpoint, Uri};
use tonic::{Request, Status};

use telemetry::is_loopback;

use crate::config::{LONGEST_RELOAD, RELOAD_SECONDS, names_services};
use crate::{Error, connect, current_deadline, deadline, reply};

pub(crate) const CONNECT: Duration = Duration::from_secs(2);
pub(crate) const KEEPALIVE: Duration = Duration::from_secs(60);
/// The backstop for a call that brings no deadline of its own.
const CALL: Duration = Duration::from_secs(30);

/// How to trust peers, and how to be known to them: mutual TLS. PEM files.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeerTls {
    pub ca: PathBuf,
    /// Our own certificate, which names the services of this process.
    pub cert: PathBuf,
    pub key: PathBuf,
    /// The DNS name in the peers' certificates, where the URL's host is another.
    pub server_name: Option<String>,
    /// The network's: whoever reads the configuration sets it.
    #[serde(skip)]
    pub trust_domain: Option<String>,
    /// How often the files are looked at again.
    #[serde(default = "PeerTls::reload_seconds")]
    pub reload_seconds: u64,
}

impl PeerTls {
    fn reload_seconds() -> u64 {
        RELOAD_SECONDS
    }

    /// What serde can't see.
    pub fn check(&self) -> Result<(), Error> {
        if !(1..=LONGEST_RELOAD).contains(&self.reload_seconds) {
            return Err(Error::Peers(format!("reload_seconds must be 1 to {LONGEST_RELOAD}")));
        }
        names_services(self.trust_domain.as_deref()).map_err(Error::Peers)
    }
}

/// Whom a channel over TLS leads to: a peer whose certificate is not this service's is not called.
#[derive(Debug, Clone, Copy)]
pub struct Callee<'a> {
    pub service: &'a str,
    pub tls: &'a PeerTls,
}

/// A channel to a peer. Connects at the first call, and again whenever it must. Plaintext goes to
/// loopback addresses only. To be called in a runtime.
pub fn peer(url: &str, callee: Option<Callee<'_>>) -> Result<Channel, Error> {
    let bad = |why: &str| Error::Peer { url: url.to_owned(), why: why.to_owned() };
    let uri: Uri = url.parse().map_err(|_| bad("not a URL"))?;
    let host = uri.host().unwrap_or_default().to_owned();
    match (uri.scheme_str(), callee) {
        (Some("http"), None) if is_loopback(&host) => Ok(endpoint(uri).connect_lazy()),
        (Some("http"), None) => {
            Err(bad("refusing plaintext: only a loopback address may go without TLS"))
        }
        (Some("http"), Some(_)) => Err(bad("TLS is configured, so the URL is https")),
        (Some("https"), Some(callee)) => {
            callee.tls.check()?;
            connect::channel(&uri, &host, &callee)
        }
        (Some("https"), None) => Err(bad("https needs a TLS configuration")),
        _ => Err(bad("must be http://host:port or https://host:port")),
    }
}

pub(crate) fn endpoint(uri: Uri) -> Endpoint {
    Endpoint::from(uri)
        .connect_timeout(CONNECT)
        .timeout(CALL)
        .tcp_nodelay(true)
        .tcp_keepalive(Some(KEEPALIVE))
        // Until it is noticed that the other end is gone, every decision that asks it is a refusal.
        .http2_keep_alive_interval(Duration::from_secs(5))
        .keep_alive_timeout(Duration::from_secs(3))
        .keep_alive_while_idle(true)
        .http2_max_header_list_size(16 * 1024)
        .initial_connection_window_size(1024 * 1024)
        .initial_stream_window_size(256 * 1024)
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
