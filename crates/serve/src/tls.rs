//! The listener's end of TLS 1.3, with one crypto provider named, so that no process-wide default
//! matters. No session is resumed: each connection shows its certificate anew.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use kernel::{Connection, PeerCertificate};
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::version::TLS13;
use sha2::{Digest, Sha256};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::files::{Contents, Current, Files};
use crate::{Error, TlsConfig, spiffe};

/// The only version, of listeners and of calls to peers.
pub(crate) const VERSIONS: &[&rustls::SupportedProtocolVersion] = &[&TLS13];

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// What a listener shows, and whom it believes.
pub(crate) struct Tls {
    current: Current<ServerConfig>,
    /// Whose services a client's certificate may name; none: no client is asked for one.
    trust_domain: Option<String>,
}

impl Tls {
    /// `http1`: offer HTTP/1.1 besides HTTP/2, for gRPC-Web.
    pub fn new(config: &TlsConfig, http1: bool) -> Result<Self, Error> {
        let files = Files {
            cert: config.cert.clone(),
            key: config.key.clone(),
            authorities: config.client_ca.clone(),
        };
        let every = Duration::from_secs(config.reload_seconds);
        let current = Current::of(files, every, move |contents| server(contents, http1))?;
        Ok(Self { current, trust_domain: config.trust_domain.clone() })
    }

    pub async fn accept(
        &self,
        stream: TcpStream,
    ) -> io::Result<(TlsStream<TcpStream>, Connection)> {
        let stream = TlsAcceptor::from(self.current.get()).accept(stream).await?;
        let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let certificate = chain.first().zip(self.trust_domain.as_ref());
        let certificate = certificate.map(|(shown, trust_domain)| PeerCertificate {
            thumbprint: Sha256::digest(shown).into(),
            services: spiffe::services(shown, trust_domain),
        });
        Ok((stream, Connection::Tls { certificate }))
    }
}

fn server(contents: &Contents<'_>, http1: bool) -> Result<ServerConfig, Error> {
    let provider = provider();
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(VERSIONS)
        .map_err(|e| contents.bad(e))?;
    let builder = match contents.authorities()? {
        None => builder.with_no_client_auth(),
        Some((path, roots)) => {
            // Users need not have one: what a call needs is for authentication to say.
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider)
                .allow_unauthenticated()
                .build()
                .map_err(|e| Error::tls(path, e))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let chain = contents.chain()?;
    let mut server =
        builder.with_single_cert(chain, contents.key()?).map_err(|e| contents.bad(e))?;
    server.session_storage = Arc::new(NoServerSessionStorage {});
    server.send_tls13_tickets = 0;
    server.alpn_protocols.push(b"h2".to_vec());
    if http1 {
        server.alpn_protocols.push(b"http/1.1".to_vec());
    }
    Ok(server)
}
