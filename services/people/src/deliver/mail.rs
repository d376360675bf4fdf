//! E-mail, by the mail server that the configuration names. Of its answers a class is kept, and no text.

use std::{net::IpAddr, time::Duration};

use ::webhook::Failure;
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{
        Mailbox,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::{
        self,
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
        extension::ClientId,
    },
};
use uuid::Uuid;

use super::text::Text;

const PATIENCE: Duration = Duration::from_secs(15);
/// What a mail server says to who may not send by it (RFC 4954).
const OF_SIGNING_IN: [&str; 5] = ["432", "454", "530", "534", "535"];

/// How the mail server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// TLS from the first byte.
    Tls,
    /// TLS once it is asked for, and nothing without it.
    StartTls,
    /// None, on this very machine alone: for tests and demonstrations.
    None,
}

/// The mail server.
#[derive(Clone)]
pub struct Smtp {
    pub host: String,
    pub port: u16,
    pub security: SmtpSecurity,
    /// Certificates of authorities, PEM, beside the machine's own.
    pub ca: Option<Vec<u8>>,
    /// Name and password.
    pub credentials: Option<(String, String)>,
    pub from: String,
    /// As whom mail comes; empty: by its address alone.
    pub sender_name: String,
}

/// What is wrong with a mail server's settings.
#[derive(Debug, thiserror::Error)]
pub enum WrongSmtp {
    #[error("from must be an e-mail address")]
    From,
    #[error("security none is for a loopback address only")]
    Plain,
    #[error("the certificate authority or the host's name")]
    Tls,
}

pub(super) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    pub(super) fn new(settings: &Smtp) -> Result<Self, WrongSmtp> {
        let address: Address = settings.from.parse().map_err(|_| WrongSmtp::From)?;
        let host = settings.host.as_str();
        let tls = match settings.security {
            SmtpSecurity::None => {
                let ip = host.parse::<IpAddr>().ok();
                if !ip.is_some_and(|ip| ip.is_loopback()) {
                    return Err(WrongSmtp::Plain);
                }
                Tls::None
            }
            SmtpSecurity::Tls => Tls::Wrapper(parameters(settings)?),
            SmtpSecurity::StartTls => Tls::Required(parameters(settings)?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(settings.port)
            .tls(tls)
            .timeout(Some(PATIENCE))
            // Nothing of this machine.
            .hello_name(ClientId::Domain(address.domain().to_owned()));
        if let Some((name, password)) = &settings.credentials {
            builder = builder.credentials(Credentials::new(name.clone(), password.clone()));
        }
        let name = Some(settings.sender_name.clone()).filter(|name| !name.is_empty());
        Ok(Self { transport: builder.build(), from: Mailbox::new(name, address) })
    }

    pub(super) async fn send(&self, to: &str, text: Text) -> Result<(), Failure> {
        let message = self.message(to, text).ok_or(Failure::AddressRefused)?;
        let sent = tokio::time::timeout(PATIENCE, self.transport.send(message)).await;
        sent.map_err(|_| Failure::Timeout)?.map(drop).map_err(|error| class(&error))
    }

    fn message(&self, to: &str, text: Text) -> Option<Message> {
        let id = format!("<{}@{}>", Uuid::new_v4(), self.from.email.domain());
        // RFC 3834: nobody's holiday answers it.
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to.parse().ok()?))
            .subject(text.subject)
            .message_id(Some(id))
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
            .header(ContentType::TEXT_PLAIN);
        message.body(text.body).ok()
    }
}

fn parameters(settings: &Smtp) -> Result<TlsParameters, WrongSmtp> {
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(pem) = &settings.ca {
        let certificate = Certificate::from_pem(pem).map_err(|_| WrongSmtp::Tls)?;
        builder = builder.add_root_certificate(certificate);
    }
    builder.build_rustls().map_err(|_| WrongSmtp::Tls)
}

fn class(error: &smtp::Error) -> Failure {
    if error.is_timeout() {
        Failure::Timeout
    } else if error.status().is_some_and(|code| OF_SIGNING_IN.contains(&code.to_string().as_str()))
    {
        // It is the network that it does not let in.
        Failure::Connection
    } else if error.is_permanent() {
        Failure::Refused
    } else if error.is_transient() {
        Failure::ReceiverFault
    } else {
        Failure::Connection
    }
}
