//! A system that is told by webhook: an HTTP server that keeps what it is sent and answers as it is told, and that
//! checks signatures by the words of Standard Webhooks alone.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // here to fail tests

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinHandle,
};

const SOON: Duration = Duration::from_secs(20);

/// What it does with a delivery.
#[derive(Debug, Clone)]
pub enum Answer {
    Status(u16),
    /// A status with a header.
    With(u16, &'static str, String),
    /// Breaks the connection off.
    Drop,
    /// Says nothing, for as long as the test lasts.
    Hang,
}

/// What it was sent.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub target: String,
    pub headers: HashMap<String, String>,
    pub body: String,
}

impl Delivery {
    pub fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn data(&self, field: &str) -> String {
        self.json()["data"][field].as_str().unwrap_or_default().to_owned()
    }

    /// Kind, referral, state.
    pub fn told(&self) -> (String, String, String) {
        (self.data("kind"), self.data("referral"), self.data("state"))
    }

    /// By the specification: any of the signatures may be this secret's.
    pub fn signed_by(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let signed = format!("{}.{}.{}", self.id(), self.headers["webhook-timestamp"], self.body);
        let expected = STANDARD.encode(hmac(&key, signed.as_bytes()));
        let mut all = self.headers["webhook-signature"].split(' ');
        all.any(|one| one.strip_prefix("v1,") == Some(&*expected))
    }
}

/// RFC 2104, for keys of at most a block.
fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let pad = |with: u8| -> Vec<u8> {
        (0..64).map(|i| key.get(i).copied().unwrap_or_default() ^ with).collect()
    };
    let inner = Sha256::digest([&*pad(0x36), message].concat());
    Sha256::digest([&*pad(0x5c), &*inner].concat()).into()
}

pub struct Receiver {
    pub url: String,
    pub port: u16,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    deliveries: mpsc::UnboundedReceiver<Delivery>,
    /// The most connections at once, and all that there were.
    pub most: Arc<AtomicUsize>,
    pub all: Arc<AtomicUsize>,
    serving: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Receiver {
    pub async fn new() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (out, deliveries) = mpsc::unbounded_channel();
        let answers = Arc::new(Mutex::new(VecDeque::new()));
        let (open, most, all) = (Arc::<AtomicUsize>::default(), Arc::default(), Arc::default());
        let shared = (Arc::clone(&answers), Arc::clone(&most), Arc::clone(&all));
        let serving = tokio::spawn(async move {
            let (answers, most, all) = shared;
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                AtomicUsize::fetch_add(&all, 1, Ordering::SeqCst);
                let now = open.fetch_add(1, Ordering::SeqCst) + 1;
                AtomicUsize::fetch_max(&most, now, Ordering::SeqCst);
                let (out, answers, open) = (out.clone(), Arc::clone(&answers), Arc::clone(&open));
                tokio::spawn(async move {
                    serve(stream, &out, &answers, &open).await;
                });
            }
        });
        let url = format!("http://127.0.0.1:{port}/hooks?of=ours");
        Self { url, port, answers, deliveries, most, all, serving }
    }

    /// What it answers next, and then 200 again.
    pub fn answers(&self, answers: impl IntoIterator<Item = Answer>) {
        self.answers.lock().unwrap().extend(answers);
    }

    pub async fn next(&mut self) -> Delivery {
        let next = tokio::time::timeout(SOON, self.deliveries.recv()).await;
        next.expect("a delivery in time").expect("it serves")
    }

    /// What has come and was not looked at.
    pub fn unread(&mut self) -> Vec<Delivery> {
        std::iter::from_fn(|| self.deliveries.try_recv().ok()).collect()
    }
}

async fn serve(
    mut stream: TcpStream,
    out: &mpsc::UnboundedSender<Delivery>,
    answers: &Mutex<VecDeque<Answer>>,
    open: &AtomicUsize,
) {
    let Some(delivery) = read(&mut stream).await else {
        open.fetch_sub(1, Ordering::SeqCst);
        return;
    };
    let answer = answers.lock().unwrap().pop_front().unwrap_or(Answer::Status(200));
    let text = match answer {
        Answer::Status(status) => format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n"),
        Answer::With(status, name, value) => {
            format!("HTTP/1.1 {status} X\r\n{name}: {value}\r\ncontent-length: 0\r\n\r\n")
        }
        Answer::Drop => String::new(),
        Answer::Hang => {
            open.fetch_sub(1, Ordering::SeqCst);
            out.send(delivery).unwrap();
            return std::future::pending().await;
        }
    };
    // It is done with this one before its answer can bring the next.
    open.fetch_sub(1, Ordering::SeqCst);
    out.send(delivery).unwrap();
    let _ = stream.write_all(text.as_bytes()).await;
}

async fn read(stream: &mut TcpStream) -> Option<Delivery> {
    let mut bytes = Vec::new();
    let end = loop {
        let mut some = [0; 4096];
        let read = stream.read(&mut some).await.ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(&some[..read]);
        if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break at;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let target = lines.next().unwrap().to_owned();
    let headers: HashMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let length: usize = headers["content-length"].parse().unwrap();
    let mut body = bytes[end + 4..].to_vec();
    while body.len() < length {
        let mut some = [0; 4096];
        let read = stream.read(&mut some).await.ok().filter(|n| *n > 0)?;
        body.extend_from_slice(&some[..read]);
    }
    Some(Delivery { target, headers, body: String::from_utf8(body).unwrap() })
}

#[test]
fn a_signature_is_that_of_the_specification() {
    // RFC 4231, test case 2.
    let tag = hmac(b"Jefe", b"what do ya want for nothing?");
    let hex: String = tag.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}
