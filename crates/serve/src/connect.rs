//! Our end of a connection to a peer: TLS 1.3 alone, with our own certificate, and a peer that shows
//! the certificate of the very service that is called. tonic's own TLS fixes no version and knows no
//! names but DNS ones.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::uri::{Authority, Scheme};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Uri};
use tower::{BoxError, Service, service_fn};

use crate::files::{Contents, Current, Files};
use crate::peer::{CONNECT, KEEPALIVE, endpoint};
use crate::tls::{VERSIONS, provider};
use crate::{Callee, Error, spiffe};

/// A channel over TLS. `uri` is https.
pub(crate) fn channel(uri: &Uri, host: &str, callee: &Callee<'_>) -> Result<Channel, Error> {
    let bad = |why: &str| Error::Peer { url: uri.to_string(), why: why.to_owned() };
    let Callee { service, tls } = *callee;
    let trust_domain = tls.trust_domain.clone();
    let trust_domain = trust_domain.ok_or_else(|| bad("TLS needs the network's trust domain"))?;
    let service = service.to_owned();
    let files =
        Files { cert: tls.cert.clone(), key: tls.key.clone(), authorities: Some(tls.ca.clone()) };
    let every = Duration::from_secs(tls.reload_seconds);
    let current =
        Current::of(files, every, move |contents| client(contents, &trust_domain, &service))?;
    let current = Arc::new(current);
    let name = tls.server_name.as_deref().unwrap_or(host);
    let name = name.trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(name.to_owned()).map_err(|_| bad("its host is no name"))?;

    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_keepalive(Some(KEEPALIVE));
    tcp.set_connect_timeout(Some(CONNECT));
    let connector = service_fn(move |uri: Uri| {
        let (tcp, name) = (tcp.call(uri), name.clone());
        let current = Arc::clone(&current);
        async move {
            let stream = tcp.await?.into_inner();
            let stream = TlsConnector::from(current.get()).connect(name, stream).await?;
            if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
                return Err(BoxError::from("the peer does not speak HTTP/2"));
            }
            Ok(TokioIo::new(stream))
        }
    });
    // tonic would put its own TLS around whatever is https: the scheme is told beside it.
    let plain = plain(uri).ok_or_else(|| bad("its host is no name"))?;
    Ok(endpoint(plain).origin(uri.clone()).connect_with_connector_lazy(connector))
}

/// The same address, its port in full, as http.
fn plain(uri: &Uri) -> Option<Uri> {
    let authority = uri.authority()?;
    let port = uri.port_u16().unwrap_or(443);
    let authority: Authority = format!("{}:{port}", authority.host()).parse().ok()?;
    let parts = Uri::builder().scheme(Scheme::HTTP).authority(authority);
    parts.path_and_query("/").build().ok()
}

fn client(
    contents: &Contents<'_>,
    trust_domain: &str,
    service: &str,
) -> Result<ClientConfig, Error> {
    let provider = provider();
    let (path, roots) = contents.authorities()?.ok_or_else(|| contents.bad("needs a ca"))?;
    let inner = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider))
        .build()
        .map_err(|e| Error::tls(path, e))?;
    let (trust_domain, service) = (trust_domain.to_owned(), service.to_owned());
    let verifier = Arc::new(ByName { inner, trust_domain, service });
    let mut client = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(VERSIONS)
        .map_err(|e| contents.bad(e))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_client_auth_cert(contents.chain()?, contents.key()?)
        .map_err(|e| contents.bad(e))?;
    client.alpn_protocols.push(b"h2".to_vec());
    client.resumption = Resumption::disabled();
    Ok(client)
}

/// All that is checked of a server anywhere, its DNS name included, and then that it is this service.
struct ByName {
    inner: Arc<WebPkiServerVerifier>,
    trust_domain: String,
    service: String,
}

impl ServerCertVerifier for ByName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.inner.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        )?;
        if !spiffe::services(end_entity, &self.trust_domain).contains(&self.service) {
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

impl fmt::Debug for ByName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByName").field("service", &self.service).finish_non_exhaustive()
    }
}
