//! What everybody was told, and what of it may not be.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use tonic::{Code, Response, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;

use super::writes::Write;

/// No call takes longer than it says, but for a machine that is busy.
pub const DEADLINE: Duration = Duration::from_secs(6);
pub const SLACK: Duration = Duration::from_secs(3);

/// What has to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Clause {
    /// Acknowledged writes are there once; others, once or not at all.
    Once,
    /// No read that began after RevokeConsent had returned is served.
    Revoked,
    /// No disclosure without its record.
    Recorded,
    /// Nothing that is refused is anywhere.
    Secret,
    /// No permit while the consent service can't be heard.
    Closed,
    /// Every answer comes in time, and is one that the fault explains.
    Answered,
    /// What was in flight at SIGTERM is answered.
    Drained,
    /// After the fault all is as before, in time.
    Recovered,
}

/// A write that was acknowledged.
pub struct Acked {
    pub write: Write,
    /// What was answered.
    pub answer: Answer,
}

/// What a write was answered, as far as a repeat must be answered the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub name: String,
    pub etag: String,
    /// Of a consent: what is signed.
    pub text_sha256: String,
    /// Everything.
    pub text: String,
}

#[derive(Default)]
pub struct Book {
    /// In every note, and in nothing else.
    pub canary: String,
    pub stop: AtomicBool,
    /// Odd while the consent service can't be heard.
    pub silent: AtomicU64,
    pub served: AtomicUsize,
    pub refused: AtomicUsize,
    pub away: AtomicUsize,
    pub overtaken: AtomicUsize,
    pub repeated: AtomicUsize,
    broken: Mutex<BTreeMap<Clause, Vec<String>>>,
    /// By the service that decided.
    decisions: Mutex<HashMap<&'static str, HashSet<Uuid>>>,
    pub acked: Mutex<Vec<Acked>>,
    /// Writes of which nobody knows what became.
    pub open: Mutex<Vec<Write>>,
    /// Those of them that were refused, once they had become known: they may have landed while they still
    /// were permitted.
    pub undecided: Mutex<HashSet<Uuid>>,
    flight: Mutex<Flight>,
}

#[derive(Default)]
struct Flight {
    next: u64,
    /// To which service.
    calls: HashMap<u64, &'static str>,
    must_be_answered: HashSet<u64>,
}

impl Book {
    pub fn new(canary: String) -> Self {
        Self { canary, ..Self::default() }
    }

    pub fn stopped(&self) -> bool {
        self.stop.load(SeqCst)
    }

    /// Something does not hold.
    pub fn broken(&self, clause: Clause, what: impl fmt::Display) {
        let mut broken = self.broken.lock().unwrap();
        broken.entry(clause).or_default().push(what.to_string());
    }

    /// How often each of them did not hold.
    pub fn breaches(&self, of: Clause) -> usize {
        self.broken.lock().unwrap().get(&of).map_or(0, Vec::len)
    }

    /// All that does not hold, the first few of each.
    pub fn all_broken(&self) -> Vec<String> {
        let broken = self.broken.lock().unwrap();
        let some = |(clause, all): (&Clause, &Vec<String>)| {
            let first: Vec<&str> = all.iter().take(5).map(String::as_str).collect();
            format!("{clause:?}: {} times: {}", all.len(), first.join("; "))
        };
        broken.iter().map(some).collect()
    }

    /// A disclosure that was given.
    pub fn given(&self, by: &'static str, decision: &str) {
        match decision.parse() {
            Ok(id) => {
                self.decisions.lock().unwrap().entry(by).or_default().insert(id);
            }
            Err(_) => self.broken(Clause::Recorded, format!("{by}: a disclosure of no decision")),
        }
    }

    pub fn take_decisions(&self, by: &str) -> HashSet<Uuid> {
        self.decisions.lock().unwrap().get_mut(by).map(std::mem::take).unwrap_or_default()
    }

    /// It was refused, and may have landed before that.
    pub fn undecided(&self, write: &Write) {
        let request = write.request_id().parse().unwrap_or_default();
        self.undecided.lock().unwrap().insert(request);
    }

    /// Whether all that this service has been asked before `now` is over.
    pub fn settled(&self, service: &str, now: u64) -> bool {
        let flight = self.flight.lock().unwrap();
        !flight.calls.iter().any(|(id, to)| *id <= now && **to == *service)
    }

    pub fn now(&self) -> u64 {
        self.flight.lock().unwrap().next
    }

    /// From now on whatever this service has been asked must be answered.
    pub fn drains(&self, service: &str) -> usize {
        let mut flight = self.flight.lock().unwrap();
        let of = flight.calls.iter().filter(|(_, to)| **to == service).map(|(id, _)| *id);
        let of: Vec<u64> = of.collect();
        flight.must_be_answered.extend(&of);
        of.len()
    }

    fn begins(&self, service: &'static str) -> u64 {
        let mut flight = self.flight.lock().unwrap();
        flight.next += 1;
        let id = flight.next;
        flight.calls.insert(id, service);
        id
    }

    fn ended(&self, id: u64) -> bool {
        let mut flight = self.flight.lock().unwrap();
        flight.calls.remove(&id);
        flight.must_be_answered.remove(&id)
    }

    /// A call of a service, and what is to be said of its answer whatever it is.
    pub async fn call<T>(
        &self,
        service: &'static str,
        call: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<T, Status> {
        let (id, begun) = (self.begins(service), Instant::now());
        let done = call.await;
        let must = self.ended(id);
        let took = begun.elapsed();
        if took > DEADLINE + SLACK {
            self.broken(Clause::Answered, format!("{service}: after {took:?}"));
        }
        match done {
            Ok(reply) => Ok(reply.into_inner()),
            Err(status) => {
                self.look_at(service, &status, must);
                Err(status)
            }
        }
    }

    fn look_at(&self, service: &str, status: &Status, must_be_answered: bool) {
        let said = format!("{status:?} {}", String::from_utf8_lossy(status.details()));
        if said.contains(&self.canary) {
            self.broken(Clause::Secret, format!("{service}: an error: {said}"));
        }
        let passing = is_away(status);
        let refusal = matches!(
            status.code(),
            Code::NotFound | Code::FailedPrecondition | Code::PermissionDenied | Code::Aborted
        );
        if passing {
            self.away.fetch_add(1, SeqCst);
        }
        if !passing && !refusal {
            self.broken(Clause::Answered, format!("{service}: {said}"));
        }
        if must_be_answered && !refusal && !never_left(status) {
            self.broken(Clause::Drained, format!("{service}: {said}"));
        }
    }
}

/// It was not in flight: it was still to be sent, and no connection was to be had any more.
fn never_left(status: &Status) -> bool {
    let mut sources =
        std::iter::successors(std::error::Error::source(status), |error| error.source());
    sources.any(|error| error.is::<tonic::ConnectError>())
}

/// Nobody knows, or nothing was done: what a fault may be answered with. An INTERNAL that the service
/// says itself is a fault of its own; the transport has one, too.
pub fn is_away(status: &Status) -> bool {
    match status.code() {
        Code::Unavailable
        | Code::ResourceExhausted
        | Code::DeadlineExceeded
        | Code::Cancelled
        | Code::Unknown => true,
        Code::Internal => status.get_details_error_info().is_none(),
        _ => false,
    }
}
