//! Those who watch: each stream goes on where the one before it ended, or from before that.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use kernel::{Clock as _, SystemClock};
use tonic::Code;
use trellis_tests::Actor;
use uuid::Uuid;
use wire::{
    convert::{id_of, instant},
    referrals::v1::{ReferralEventKind as Kind, WatchReferralsRequest, WatchReferralsResponse},
};

/// Microseconds since 1970.
pub type Micros = i64;

const PAUSE: Duration = Duration::from_millis(20);
/// How often one that watches looks whether it is to stop.
const LOOK: Duration = Duration::from_millis(200);

/// What happened, as it is told: no two events are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Told {
    pub referral: Uuid,
    pub kind: i32,
    pub state: i32,
    pub at: Micros,
}

/// One stream: after which event it was to go on, and what it told, when.
#[derive(Default)]
pub struct Stream {
    pub after: Option<Told>,
    pub told: Vec<(Told, Micros)>,
}

/// What one that watches was told.
pub struct Watched {
    pub agency: String,
    pub name: &'static str,
    pub streams: Vec<Stream>,
}

/// A place to go on from: a cursor, and the last event before it.
#[derive(Clone, Default)]
struct Place {
    cursor: String,
    last: Option<Told>,
}

/// Where a stream is dropped, and how many places further back the next one begins.
#[derive(Clone, Copy)]
pub struct Drops {
    pub every: usize,
    pub back: usize,
}

pub fn now() -> Micros {
    micros(SystemClock.now())
}

fn micros(at: kernel::Instant) -> Micros {
    i64::try_from(at.unix_timestamp_nanos() / 1_000).unwrap()
}

fn told(message: &WatchReferralsResponse) -> Told {
    Told {
        referral: id_of("referrals", &message.referral).unwrap(),
        kind: message.kind,
        state: message.state,
        at: micros(message.time.as_ref().and_then(instant).unwrap()),
    }
}

/// Until it is to stop.
pub async fn watch(
    watched: Arc<Mutex<Watched>>,
    staff: Actor,
    drops: Option<Drops>,
    stop: Arc<AtomicBool>,
) {
    let staff = staff.without_deadline();
    // Events and checkpoints alike.
    let mut places = vec![Place::default()];
    while !stop.load(SeqCst) {
        let streams = watched.lock().unwrap().streams.len();
        let back = drops.map_or(0, |drops| streams % (drops.back + 1));
        let place = places[places.len().saturating_sub(1 + back)].clone();
        let request = WatchReferralsRequest { cursor: place.cursor.clone() };
        let begun = staff.referrals().watch_referrals(request).await;
        let mut stream = match begun {
            Ok(stream) => stream.into_inner(),
            Err(status) => {
                passes(status.code());
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let this = Stream { after: place.last, told: Vec::new() };
        watched.lock().unwrap().streams.push(this);
        let (mut last, mut many) = (place.last, 0);
        while !stop.load(SeqCst) {
            let next = match tokio::time::timeout(LOOK, stream.message()).await {
                Ok(next) => next,
                Err(_) => continue,
            };
            let message = match next {
                Ok(Some(message)) => message,
                Ok(None) => break,
                Err(status) => {
                    passes(status.code());
                    break;
                }
            };
            if message.kind() != Kind::Checkpoint {
                last = Some(told(&message));
                let mut watched = watched.lock().unwrap();
                watched.streams[streams].told.push((told(&message), now()));
                many += 1;
            }
            places.push(Place { cursor: message.cursor, last });
            if drops.is_some_and(|drops| many >= drops.every) {
                break;
            }
        }
    }
}

/// What a service or a database that was killed ends a stream with: anything else is a fault.
fn passes(code: Code) {
    let passing = matches!(
        code,
        Code::Unavailable
            | Code::Unknown
            | Code::Internal
            | Code::Cancelled
            | Code::ResourceExhausted
    );
    assert!(passing, "a stream ended with {code:?}");
}
