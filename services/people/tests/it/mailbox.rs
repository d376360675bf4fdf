//! A mail server that keeps what it is given.

use std::{
    net::{IpAddr, TcpListener},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use mailin_embedded::{Handler, Response, Server, SslConfig, response};
use tokio::sync::mpsc;

const SOON: Duration = Duration::from_secs(20);

/// A mail as it came.
#[derive(Debug, Clone, Default)]
pub struct Mail {
    pub hello: String,
    pub from: String,
    pub to: Vec<String>,
    /// Headers and body.
    pub text: String,
}

impl Mail {
    /// All of it, without what is another one each time: when it was sent, and its id.
    pub fn lines(&self) -> Vec<&str> {
        let other = ["Date: ", "Message-ID: "];
        let lines = self.text.trim_end().lines();
        lines.filter(|line| !other.iter().any(|name| line.starts_with(name))).collect()
    }

    /// The code that it holds.
    pub fn code(&self) -> String {
        let code = |word: &str| {
            let word = word.trim_end_matches('.');
            let letters = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
            (word.len() == 8 && word.chars().all(letters)).then(|| word.to_owned())
        };
        self.text.split_whitespace().find_map(code).expect("a code")
    }
}

#[derive(Clone)]
struct Keeping {
    mail: Mail,
    data: Vec<u8>,
    refuses: Arc<AtomicBool>,
    out: mpsc::UnboundedSender<Mail>,
}

impl Handler for Keeping {
    fn helo(&mut self, _: IpAddr, domain: &str) -> Response {
        domain.clone_into(&mut self.mail.hello);
        response::OK
    }

    fn rcpt(&mut self, _: &str) -> Response {
        if self.refuses.load(Ordering::Relaxed) { response::NO_MAILBOX } else { response::OK }
    }

    fn data_start(&mut self, _: &str, from: &str, _: bool, to: &[String]) -> Response {
        self.mail.from = from.to_owned();
        self.mail.to = to.to_vec();
        self.data.clear();
        response::OK
    }

    fn data(&mut self, some: &[u8]) -> std::io::Result<()> {
        self.data.extend_from_slice(some);
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        self.mail.text = String::from_utf8(self.data.clone()).unwrap();
        self.out.send(self.mail.clone()).unwrap();
        response::OK
    }
}

pub struct Mailbox {
    pub port: u16,
    /// Whether it takes no mail for anybody.
    pub refuses: Arc<AtomicBool>,
    mails: mpsc::UnboundedReceiver<Mail>,
}

impl Mailbox {
    /// As long as the test's process lives.
    pub fn new() -> Self {
        Self::on(0, SslConfig::None)
    }

    /// Where nobody has listened before.
    pub fn on_port(port: u16) -> Self {
        Self::on(port, SslConfig::None)
    }

    /// One that offers STARTTLS.
    pub fn with_tls(cert: &Path, key: &Path) -> Self {
        let path = |path: &Path| path.to_str().unwrap().to_owned();
        Self::on(0, SslConfig::SelfSigned { cert_path: path(cert), key_path: path(key) })
    }

    fn on(port: u16, ssl: SslConfig) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (out, mails) = mpsc::unbounded_channel();
        let refuses = Arc::<AtomicBool>::default();
        let (mail, refusing) = (Mail::default(), Arc::clone(&refuses));
        let mut server = Server::new(Keeping { mail, data: Vec::new(), refuses: refusing, out });
        server.with_name("mail.test").with_tcp_listener(listener);
        server.with_ssl(ssl).unwrap();
        std::thread::spawn(move || drop(server.serve()));
        Self { port, refuses, mails }
    }

    pub async fn next(&mut self) -> Mail {
        let next = tokio::time::timeout(SOON, self.mails.recv()).await;
        next.expect("a mail in time").expect("it serves")
    }

    /// What has come and was not looked at.
    pub fn unread(&mut self) -> Vec<Mail> {
        std::iter::from_fn(|| self.mails.try_recv().ok()).collect()
    }
}
