//! The network that all of it is played on, by its real binary.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use prost::Message as _;
use rcgen::{CertificateParams, KeyPair};
use testkit::{
    Network, Processes,
    frames::{
        CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, Outcome, Raw, fields, frame, message,
    },
};
use wire::{
    directory::v1::{AgencyBinding, GetAgencyRequest, RegisterAgencyRequest},
    notes::v1::{CreateNoteRequest, GetNoteRequest, NoteSection, NoteType, SignNoteRequest},
};

/// How long a good call may take on a machine that is kept busy.
pub const BEARABLE: Duration = Duration::from_secs(10);
/// What waits longer than these is told so, as it would be with the usual limits, only sooner.
const SERVE: &str = "\
deadline_seconds = 3
[serve.limits]
connections = 300
handshake_timeout_seconds = 2
stalled_reader_seconds = 1
keepalive_interval_seconds = 3
keepalive_timeout_seconds = 2
";

pub const GET_AGENCY: &str = "/trellis.directory.v1.DirectoryService/GetAgency";
pub const REGISTER_AGENCY: &str = "/trellis.directory.v1.DirectoryService/RegisterAgency";
pub const GET_NOTE: &str = "/trellis.notes.v1.NotesService/GetNote";
pub const CREATE_NOTE: &str = "/trellis.notes.v1.NotesService/CreateNote";

pub struct Ground {
    pub pid: u32,
    /// Every service.
    pub addr: SocketAddr,
    /// The directory, by TLS.
    pub tls: SocketAddr,
    pub good: Arc<Good>,
    /// Of the network's administrator.
    pub admin: String,
    /// A note of about as many words as one may have.
    pub note: Vec<u8>,
}

/// What runs.
pub struct House {
    processes: Processes,
    _dir: tempfile::TempDir,
}

/// A call that is answered.
pub struct Good {
    pub token: String,
    body: Vec<u8>,
}

impl Good {
    /// HEADERS and DATA.
    pub fn call(&self, stream: u32) -> Vec<u8> {
        let headers = request(stream, END_HEADERS, &head(GET_AGENCY, Some(&self.token)));
        [headers, frame(DATA, END_STREAM, stream, &self.message())].concat()
    }

    /// What it says, with its prefix.
    pub fn message(&self) -> Vec<u8> {
        message(&self.body)
    }

    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

pub type Head = Vec<(String, String)>;

/// The headers of a request as they should be.
pub fn head(path: &str, token: Option<&str>) -> Head {
    let mut head: Head = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "localhost"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    head.extend(token.map(|token| ("authorization".to_owned(), format!("Bearer {token}"))));
    head
}

/// A frame of HEADERS, and of CONTINUATION where one is not enough.
pub fn request(stream: u32, flags: u8, head: &[(String, String)]) -> Vec<u8> {
    let block = fields(head);
    let pieces: Vec<&[u8]> = block.chunks(16_000).collect();
    let mut out = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        let last = at + 1 == pieces.len();
        let ending = if last { flags & END_HEADERS } else { 0 };
        let (kind, rest) =
            if at == 0 { (HEADERS, flags & !END_HEADERS) } else { (CONTINUATION, 0) };
        out.extend(frame(kind, rest | ending, stream, piece));
    }
    out
}

impl Ground {
    pub async fn new() -> (Self, House) {
        let dir = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let at = |end: &str| dir.path().join(end);
        std::fs::write(at("cert.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        std::fs::write(at("key.pem"), key.serialize_pem()).unwrap();
        let tls = format!(
            "[serve.tls]\ncert = {:?}\nkey = {:?}\n{}",
            at("cert.pem"),
            at("key.pem"),
            "[serve.limits]\nhandshake_timeout_seconds = 2\n"
        );
        let all = ["people", "directory", "consent", "referrals", "notes", "recovery", "audit"];
        let groups = [all.to_vec(), vec!["directory"]];
        let serve = |name: &str| if name == "people" { SERVE.to_owned() } else { tls.clone() };
        let processes = Processes::start_with(&groups, serve).await.unwrap();
        let addr = |name: &str| ([127, 0, 0, 1], processes.group(name).port().unwrap()).into();
        let (addr, tls) = (addr("people"), addr("directory"));
        let agencies = processes.agencies().await.unwrap();
        let token = processes.tokens.clinician(&agencies.clinic);
        let note = large_note(&processes, &agencies.clinic).await;
        let body = GetAgencyRequest { name: agencies.clinic }.encode_to_vec();
        let admin = processes.tokens.network_admin();
        let good = Arc::new(Good { token, body });
        let pid = processes.group("people").pid();
        let ground = Self { pid, addr, tls, good, admin, note };
        (ground, House { processes, _dir: dir })
    }

    /// How many times as long as in a test of every day.
    pub fn length(&self) -> u32 {
        std::env::var("TRELLIS_FLOODS").ok().and_then(|n| n.parse().ok()).unwrap_or(1)
    }

    /// So many in a flood.
    pub fn many(&self, usual: usize) -> usize {
        usual * self.length() as usize
    }

    pub async fn open(&self) -> Raw {
        Raw::open(self.addr).await.unwrap()
    }

    /// Good calls, several at a time: what the process holds after them is what it holds idle.
    pub async fn warm_up(&self) {
        for _ in 0..3 {
            let calls = (0..16).map(|_| async {
                let mut raw = self.open().await;
                for stream in (1..41).step_by(2) {
                    raw.send(&self.good.call(stream)).await;
                    assert_eq!(raw.outcome(stream, BEARABLE).await.to_string(), "served");
                }
                let note = self.on(&mut raw, 41, GET_NOTE, &message(&self.note)).await;
                assert_eq!(note, "served");
            });
            futures::future::join_all(calls).await;
        }
    }

    /// What a good call over a new connection is answered with, unless it is served.
    pub async fn next_good_request(&self) -> Option<String> {
        let mut raw = match Raw::open(self.addr).await {
            Ok(raw) => raw,
            Err(why) => return Some(why.to_string()),
        };
        raw.send(&self.good.call(1)).await;
        let outcome = raw.outcome(1, BEARABLE).await;
        (outcome != Outcome::Status(0, String::new())).then(|| outcome.to_string())
    }

    /// One request with these bytes as its body, on a connection that is there.
    pub async fn on(&self, raw: &mut Raw, stream: u32, path: &str, body: &[u8]) -> String {
        raw.send(&request(stream, END_HEADERS, &head(path, Some(&self.good.token)))).await;
        raw.data(stream, body, true).await;
        raw.outcome(stream, BEARABLE).await.to_string()
    }

    /// The same, on a connection of its own, with these headers.
    pub async fn with(&self, head: &[(String, String)], body: &[u8]) -> String {
        let mut raw = self.open().await;
        let flags = if body.is_empty() { END_STREAM | END_HEADERS } else { END_HEADERS };
        raw.send(&request(1, flags, head)).await;
        if !body.is_empty() {
            raw.data(1, body, true).await;
        }
        raw.outcome(1, BEARABLE).await.to_string()
    }

    /// The good call with other bytes.
    pub async fn say(&self, body: &[u8]) -> String {
        self.with(&head(GET_AGENCY, Some(&self.good.token)), body).await
    }
}

impl House {
    /// Lines of the log that tell of a panic; and whether the process is still the one that began.
    pub fn panics(&self) -> Vec<String> {
        let mut found = Vec::new();
        for name in ["people", "directory"] {
            let process = self.processes.group(name);
            let log = process.log();
            found.extend(log.lines().filter(|line| line.contains("panic")).map(str::to_owned));
            if !std::path::Path::new(&format!("/proc/{}", process.pid())).exists() {
                found.push(format!("the process ended: {log}"));
            }
        }
        found
    }
}

/// As a clinician writes it: what to ask for it with.
async fn large_note(network: &Network, clinic: &str) -> Vec<u8> {
    let staff = network.clinician(clinic);
    let person = network.register(&staff, &testkit::Someone::number(1)).await.unwrap();
    let section = || NoteSection { body: "word ".repeat(19_000), ..NoteSection::default() };
    let create = CreateNoteRequest {
        request_id: testkit::request_id(),
        person,
        r#type: NoteType::Progress.into(),
        sections: (0..10).map(|_| section()).collect(),
        ..CreateNoteRequest::default()
    };
    let note = staff.notes().create_note(create).await.unwrap().into_inner().note.unwrap();
    let (request_id, etag) = (testkit::request_id(), String::new());
    let sign = SignNoteRequest { request_id, name: note.name.clone(), etag };
    staff.notes().sign_note(sign).await.unwrap();
    GetNoteRequest { name: note.name, version: 0 }.encode_to_vec()
}

/// So many streams of a client.
pub fn streams(many: usize) -> impl Iterator<Item = u32> {
    (1..).step_by(2).take(many)
}

/// What becomes of each of these streams.
pub async fn outcomes(
    raw: &mut Raw,
    streams: impl Iterator<Item = u32>,
    bound: Duration,
) -> Vec<String> {
    let mut all = Vec::new();
    for stream in streams {
        all.push(raw.outcome(stream, bound).await.to_string());
    }
    all
}

/// A request with a list of so many empty messages.
pub fn many_empty(count: usize) -> Vec<u8> {
    let bindings = vec![AgencyBinding::default(); count];
    RegisterAgencyRequest { bindings, ..RegisterAgencyRequest::default() }.encode_to_vec()
}
