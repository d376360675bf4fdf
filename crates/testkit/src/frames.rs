//! HTTP/2 by hand: frames that no library would send, and what comes back of them.

use std::{collections::BTreeMap, fmt, io, net::SocketAddr, time::Duration};

use base64::Engine as _;
use prost_types::Any;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
    time::timeout,
};

pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const PRIORITY: u8 = 2;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

pub const END_STREAM: u8 = 1;
pub const ACK: u8 = 1;
pub const END_HEADERS: u8 = 4;

/// A setting.
pub const INITIAL_WINDOW_SIZE: u16 = 4;
const ROOM: u32 = 1 << 30;

pub const PROTOCOL_ERROR: u32 = 1;
pub const FLOW_CONTROL_ERROR: u32 = 3;
pub const FRAME_SIZE_ERROR: u32 = 6;
pub const REFUSED_STREAM: u32 = 7;
pub const COMPRESSION_ERROR: u32 = 9;
pub const ENHANCE_YOUR_CALM: u32 = 11;

/// How long the other side may take nothing before that is its answer.
const TAKING: Duration = Duration::from_secs(3);
const HEAD: usize = 9;
/// The largest frame that anybody takes.
const LARGEST: usize = 16 * 1024;

/// A frame. Its length is that of the payload; nothing else is looked at.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
    let mut out = Vec::with_capacity(HEAD + payload.len());
    out.extend(length.get(1..).unwrap_or_default());
    out.extend([kind, flags]);
    out.extend(stream.to_be_bytes());
    out.extend(payload);
    out
}

/// A setting, as in a frame of SETTINGS.
pub fn setting(id: u16, value: u32) -> Vec<u8> {
    [&id.to_be_bytes()[..], &value.to_be_bytes()[..]].concat()
}

/// HPACK: each field literal, never indexed, nothing compressed.
pub fn fields<N: AsRef<[u8]>, V: AsRef<[u8]>>(list: &[(N, V)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in list {
        out.push(0);
        for text in [name.as_ref(), value.as_ref()] {
            integer(&mut out, 0, 7, text.len());
            out.extend(text);
        }
    }
    out
}

/// HPACK's integer: `first` holds what is above the prefix.
pub fn integer(out: &mut Vec<u8>, first: u8, prefix: u32, value: usize) {
    let most = (1_usize << prefix) - 1;
    let byte = |n: usize| u8::try_from(n).unwrap_or(u8::MAX);
    if value < most {
        out.push(first | byte(value));
        return;
    }
    out.push(first | byte(most));
    let mut left = value - most;
    while left >= 0x80 {
        out.push(byte(left % 0x80) | 0x80);
        left /= 0x80;
    }
    out.push(byte(left));
}

/// A gRPC message: flag, length, bytes.
pub fn message(bytes: &[u8]) -> Vec<u8> {
    prefixed(0, u32::try_from(bytes.len()).unwrap_or(u32::MAX), bytes)
}

/// The same with whatever flag and length.
pub fn prefixed(flag: u8, length: u32, bytes: &[u8]) -> Vec<u8> {
    [&[flag][..], &length.to_be_bytes()[..], bytes].concat()
}

/// What came back on one stream.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    pub http: Option<u16>,
    pub grpc: Option<i32>,
    /// Of `ErrorInfo`.
    pub reason: String,
    pub message: String,
    /// Of DATA.
    pub bytes: usize,
    pub ended: bool,
}

/// What came back on a connection.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    pub replies: BTreeMap<u32, Reply>,
    pub resets: BTreeMap<u32, u32>,
    /// The last one with a fault: its code, and what it says.
    pub goaway: Option<(u32, String)>,
    pub settings: u64,
    pub settings_acks: u64,
    /// Each wants its answer, with the same eight bytes.
    pub pings: Vec<Vec<u8>>,
    pub pongs: u64,
    /// How much a stream may be sent at first, and how much more by now: 0 is the connection.
    window: Option<u32>,
    updates: BTreeMap<u32, u64>,
    pub closed: bool,
}

/// What became of a stream, or of its connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A gRPC status, and the reason of its `ErrorInfo`.
    Status(i32, String),
    /// An HTTP status without a gRPC one.
    Http(u16),
    Reset(u32),
    GoAway(u32),
    Closed,
    /// Nothing, within the bound.
    Silence,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(0, _) => f.write_str("served"),
            Self::Status(code, reason) => {
                write!(f, "{:?} {reason}", tonic::Code::from_i32(*code))
            }
            Self::Http(status) => write!(f, "HTTP {status}"),
            Self::Reset(code) => write!(f, "RST_STREAM {}", name(*code)),
            Self::GoAway(code) => write!(f, "GOAWAY {}", name(*code)),
            Self::Closed => f.write_str("closed"),
            Self::Silence => f.write_str("silence"),
        }
    }
}

fn name(code: u32) -> String {
    match code {
        0 => "NO_ERROR".to_owned(),
        PROTOCOL_ERROR => "PROTOCOL_ERROR".to_owned(),
        FLOW_CONTROL_ERROR => "FLOW_CONTROL_ERROR".to_owned(),
        FRAME_SIZE_ERROR => "FRAME_SIZE_ERROR".to_owned(),
        REFUSED_STREAM => "REFUSED_STREAM".to_owned(),
        COMPRESSION_ERROR => "COMPRESSION_ERROR".to_owned(),
        ENHANCE_YOUR_CALM => "ENHANCE_YOUR_CALM".to_owned(),
        other => other.to_string(),
    }
}

impl Seen {
    /// What became of this stream, once that is known. A reply goes before what befell the
    /// connection after it.
    pub fn of(&self, stream: u32) -> Option<Outcome> {
        let reply = self.replies.get(&stream);
        if let Some(Reply { grpc: Some(code), reason, ended: true, .. }) = reply {
            return Some(Outcome::Status(*code, reason.clone()));
        }
        if let Some(Reply { http: Some(status), ended: true, .. }) = reply {
            return Some(Outcome::Http(*status));
        }
        if let Some(code) = self.resets.get(&stream) {
            return Some(Outcome::Reset(*code));
        }
        self.fate()
    }

    /// How much may have been sent on a stream, or on the connection (0).
    pub fn room(&self, stream: u32) -> u64 {
        const BEGUN: u64 = 65_535;
        let begun = if stream == 0 { None } else { self.window.map(u64::from) };
        begun.unwrap_or(BEGUN) + self.updates.get(&stream).copied().unwrap_or_default()
    }

    /// What befell the connection.
    pub fn fate(&self) -> Option<Outcome> {
        match &self.goaway {
            Some((code, _)) => Some(Outcome::GoAway(*code)),
            None => self.closed.then_some(Outcome::Closed),
        }
    }
}

/// A connection on which anything may be written. What comes back is read all the while.
#[derive(Debug)]
pub struct Raw {
    write: OwnedWriteHalf,
    seen: watch::Receiver<Seen>,
    reading: Option<JoinHandle<()>>,
    sent: BTreeMap<u32, u64>,
    // A connection that nobody reads.
    _unread: Option<OwnedReadHalf>,
}

impl Raw {
    /// A connection on which nothing was said yet.
    pub async fn connect(addr: SocketAddr) -> io::Result<Self> {
        let (read, write) = TcpStream::connect(addr).await?.into_split();
        let (tell, seen) = watch::channel(Seen::default());
        let reading = Some(tokio::spawn(follow(read, tell)));
        Ok(Self { write, seen, reading, sent: BTreeMap::new(), _unread: None })
    }

    /// A connection that has begun as it should, with these settings of ours.
    pub async fn open_with(addr: SocketAddr, settings: &[u8]) -> io::Result<Self> {
        let mut raw = Self::connect(addr).await?;
        let begin = [PREFACE, &frame(SETTINGS, 0, 0, settings)].concat();
        raw.write.write_all(&begin).await?;
        raw.seen(TAKING, |seen| (seen.settings > 0).then_some(())).await;
        raw.write.write_all(&frame(SETTINGS, ACK, 0, &[])).await?;
        Ok(raw)
    }

    /// The same, with room for whatever is answered.
    pub async fn open(addr: SocketAddr) -> io::Result<Self> {
        let mut raw = Self::open_with(addr, &setting(INITIAL_WINDOW_SIZE, ROOM)).await?;
        raw.write.write_all(&frame(WINDOW_UPDATE, 0, 0, &ROOM.to_be_bytes())).await?;
        Ok(raw)
    }

    /// A connection that begins as it should, and whose answers nobody takes off the wire.
    pub async fn unread(addr: SocketAddr) -> io::Result<Self> {
        let (read, mut write) = TcpStream::connect(addr).await?.into_split();
        write.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()).await?;
        let (_, seen) = watch::channel(Seen::default());
        let sent = BTreeMap::new();
        Ok(Self { write, seen, reading: None, sent, _unread: Some(read) })
    }

    /// Whether the bytes were taken.
    pub async fn send(&mut self, bytes: &[u8]) -> bool {
        matches!(timeout(TAKING, self.write.write_all(bytes)).await, Ok(Ok(())))
    }

    /// Sends DATA as the windows allow. Whether all of it was taken.
    pub async fn data(&mut self, stream: u32, bytes: &[u8], end: bool) -> bool {
        let mut pieces = bytes.chunks(LARGEST).peekable();
        while let Some(piece) = pieces.next() {
            let flags = if end && pieces.peek().is_none() { END_STREAM } else { 0 };
            let after = [0, stream]
                .map(|id| self.sent.get(&id).copied().unwrap_or_default() + piece.len() as u64);
            let [all, own] = after;
            let room = |seen: &Seen| {
                if seen.of(stream).is_some() {
                    return Some(false);
                }
                (seen.room(0) >= all && seen.room(stream) >= own).then_some(true)
            };
            if self.seen(TAKING, room).await != Some(true)
                || !self.send(&frame(DATA, flags, stream, piece)).await
            {
                return false;
            }
            self.sent.extend([(0, all), (stream, own)]);
        }
        true
    }

    /// Ends our half.
    pub async fn finish(&mut self) {
        let _ = self.write.shutdown().await;
    }

    /// What has come back so far.
    pub fn now(&self) -> Seen {
        self.seen.borrow().clone()
    }

    /// What the other side wants to hear back.
    pub fn pings(&self) -> Vec<Vec<u8>> {
        self.seen.borrow().pings.clone()
    }

    /// Waits for something to come back.
    pub async fn seen<T>(
        &mut self,
        bound: Duration,
        mut ask: impl FnMut(&Seen) -> Option<T>,
    ) -> Option<T> {
        let mut found = None;
        let come = self.seen.wait_for(|seen| {
            found = ask(seen);
            found.is_some()
        });
        let _ = timeout(bound, come).await;
        found
    }

    /// What becomes of a stream.
    pub async fn outcome(&mut self, stream: u32, bound: Duration) -> Outcome {
        self.seen(bound, |seen| seen.of(stream)).await.unwrap_or(Outcome::Silence)
    }

    /// What befalls the connection.
    pub async fn fate(&mut self, bound: Duration) -> Outcome {
        self.seen(bound, Seen::fate).await.unwrap_or(Outcome::Silence)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        if let Some(reading) = &self.reading {
            reading.abort();
        }
    }
}

/// Sends bytes that need not be HTTP/2, and reads until the other side closes: what it said, if it
/// closed in time.
pub async fn talk(addr: SocketAddr, bytes: &[u8], bound: Duration) -> io::Result<Option<Vec<u8>>> {
    let mut socket = TcpStream::connect(addr).await?;
    // It may be closed already.
    let _ = socket.write_all(bytes).await;
    let mut said = Vec::new();
    Ok(timeout(bound, socket.read_to_end(&mut said)).await.ok().map(|_| said))
}

async fn follow(mut read: OwnedReadHalf, tell: watch::Sender<Seen>) {
    let mut reader = Reader { hpack: loona_hpack::Decoder::new(), block: None };
    while let Some((kind, flags, stream, payload)) = next(&mut read).await {
        tell.send_modify(|seen| reader.take(seen, kind, flags, stream, &payload));
    }
    tell.send_modify(|seen| seen.closed = true);
}

async fn next(read: &mut OwnedReadHalf) -> Option<(u8, u8, u32, Vec<u8>)> {
    let mut head = [0; HEAD];
    read.read_exact(&mut head).await.ok()?;
    let [a, b, c, kind, flags, stream @ ..] = head;
    let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).ok()?;
    let mut payload = vec![0; length];
    read.read_exact(&mut payload).await.ok()?;
    Some((kind, flags, u32::from_be_bytes(stream) & 0x7FFF_FFFF, payload))
}

struct Reader {
    hpack: loona_hpack::Decoder<'static>,
    /// Headers that go on: their flags, and what there is of them.
    block: Option<(u8, Vec<u8>)>,
}

impl Reader {
    fn take(&mut self, seen: &mut Seen, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let word = |at: usize| {
            let bytes = payload.get(at..at + 4).and_then(|four| four.try_into().ok());
            bytes.map(u32::from_be_bytes)
        };
        match kind {
            DATA => {
                let reply = seen.replies.entry(stream).or_default();
                reply.bytes += payload.len();
                reply.ended |= flags & END_STREAM != 0;
            }
            HEADERS | CONTINUATION => {
                let (first, mut block) = self.block.take().unwrap_or((flags, Vec::new()));
                block.extend(payload);
                if flags & END_HEADERS == 0 {
                    self.block = Some((first, block));
                    return;
                }
                let reply = seen.replies.entry(stream).or_default();
                for (name, value) in self.hpack.decode(&block).unwrap_or_default() {
                    reply.field(&name, &String::from_utf8_lossy(&value));
                }
                reply.ended |= first & END_STREAM != 0;
            }
            RST_STREAM => {
                seen.resets.insert(stream, word(0).unwrap_or_default());
            }
            SETTINGS if flags & ACK != 0 => seen.settings_acks += 1,
            SETTINGS => {
                seen.settings += 1;
                for setting in payload.chunks_exact(6) {
                    if let [0, 4, value @ ..] = setting
                        && let Ok(value) = value.try_into()
                    {
                        seen.window = Some(u32::from_be_bytes(value));
                    }
                }
            }
            WINDOW_UPDATE => {
                let more = u64::from(word(0).unwrap_or_default());
                *seen.updates.entry(stream).or_default() += more;
            }
            PING if flags & ACK == 0 => seen.pings.push(payload.to_vec()),
            PING => seen.pongs += 1,
            GOAWAY => {
                // A connection that is only asked to leave has done nothing wrong.
                if let Some(code) = word(4).filter(|code| *code != 0) {
                    let said = payload.get(8..).unwrap_or_default();
                    seen.goaway = Some((code, String::from_utf8_lossy(said).into_owned()));
                }
            }
            _ => {}
        }
    }
}

impl Reply {
    fn field(&mut self, name: &[u8], value: &str) {
        match name {
            b":status" => self.http = value.parse().ok(),
            b"grpc-status" => self.grpc = value.parse().ok(),
            b"grpc-message" => self.message = value.to_owned(),
            b"grpc-status-details-bin" => self.reason = reason(value).unwrap_or_default(),
            _ => {}
        }
    }
}

/// The reason in the details of a status: `ErrorInfo` is the one whose first field is it.
fn reason(details: &str) -> Option<String> {
    use prost::Message as _;
    #[derive(Clone, PartialEq, prost::Message)]
    struct Status {
        #[prost(message, repeated, tag = "3")]
        details: Vec<Any>,
    }
    #[derive(Clone, PartialEq, prost::Message)]
    struct ErrorInfo {
        #[prost(string, tag = "1")]
        reason: String,
    }
    let engine = base64::engine::general_purpose::STANDARD_NO_PAD;
    let bytes = engine.decode(details.trim_end_matches('=')).ok()?;
    let status = Status::decode(bytes.as_slice()).ok()?;
    let info = status.details.iter().find(|any| any.type_url.ends_with("google.rpc.ErrorInfo"))?;
    Some(ErrorInfo::decode(info.value.as_slice()).ok()?.reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_has_its_length_kind_flags_and_stream_before_it() {
        assert_eq!(frame(PING, ACK, 5, b"ab"), [0, 0, 2, 6, 1, 0, 0, 0, 5, b'a', b'b']);
        assert_eq!(message(b"ab"), [0, 0, 0, 0, 2, b'a', b'b']);
    }

    #[test]
    fn what_is_written_literally_is_read_back() {
        let long = "x".repeat(20_000);
        let block = fields(&[(":method", "POST"), ("a", long.as_str())]);
        let read = loona_hpack::Decoder::new().decode(&block).unwrap_or_default();
        assert_eq!(read, [(b":method".to_vec(), b"POST".to_vec()), (b"a".to_vec(), long.into())]);
    }

    #[test]
    fn a_reply_goes_before_what_befell_the_connection_after_it() {
        let mut seen = Seen { closed: true, ..Seen::default() };
        assert_eq!(seen.of(1), Some(Outcome::Closed));
        let mut reader = Reader { hpack: loona_hpack::Decoder::new(), block: None };
        let trailers = fields(&[("grpc-status", "3")]);
        let (begin, rest) = trailers.split_at(4);
        reader.take(&mut seen, HEADERS, END_STREAM, 1, begin);
        reader.take(&mut seen, CONTINUATION, END_HEADERS, 1, rest);
        assert_eq!(seen.of(1), Some(Outcome::Status(3, String::new())));
        reader.take(&mut seen, GOAWAY, 0, 0, &[0, 0, 0, 0, 0, 0, 0, 11]);
        assert_eq!(seen.fate(), Some(Outcome::GoAway(ENHANCE_YOUR_CALM)));
    }
}
