//! How a call came in, as the listener saw it.

use std::{fmt, sync::Arc};

/// What the transport proved of who is at the other end. The listener puts it beside every call;
/// where nobody did, nothing is proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connection {
    /// On this machine alone, and the configuration asks for it.
    Plaintext,
    /// With the certificate that the other end showed, if it showed one.
    Tls { certificate: Option<PeerCertificate> },
}

impl Connection {
    /// Of a listener that said nothing: the strictest.
    pub const UNKNOWN: Self = Self::Tls { certificate: None };

    pub fn certificate(&self) -> Option<&PeerCertificate> {
        match self {
            Self::Plaintext => None,
            Self::Tls { certificate } => certificate.as_ref(),
        }
    }
}

/// A certificate that was verified in the handshake: its chain, its time, and that the other end has its key.
#[derive(Clone, PartialEq, Eq)]
pub struct PeerCertificate {
    /// SHA-256 of the whole certificate, DER (RFC 8705, section 3.1).
    pub thumbprint: [u8; 32],
    /// The services of this network that it names, by `spiffe://<trust domain>/trellis/<service>`.
    pub services: Arc<[String]>,
}

impl PeerCertificate {
    /// Whether it is this service's.
    pub fn is_of(&self, service: &str) -> bool {
        self.services.iter().any(|name| name == service)
    }
}

// A client's thumbprint would let logs be joined to a person.
impl fmt::Debug for PeerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerCertificate").field("services", &self.services).finish_non_exhaustive()
    }
}
