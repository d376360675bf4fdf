//! What each agency is to have been told, by the database, and whether it was.

use std::collections::{BTreeMap, HashMap, HashSet};

use secrecy::SecretString;
use trellis_tests::{ReferralEvent, referral_events, referral_histories};
use uuid::Uuid;
use wire::convert::id_of;

use super::watcher::{Micros, Told, Watched};

const STATE: i32 = 1;
const WITHDRAWN: i32 = 2;
const ADDED: i32 = 4;

/// How long after it can be, whatever has happened is told.
pub const IN_TIME: Micros = 15_000_000;

/// One event that an agency may be told.
#[derive(Debug, Clone, Copy)]
struct Due {
    seq: i64,
    at: Micros,
    /// Whatever happens. Otherwise it may have been withdrawn before it was told: so it says itself, later.
    must: bool,
}

/// All that has happened.
pub struct Oracle {
    events: Vec<ReferralEvent>,
    /// Up to this number all must be told; what came later may be.
    settled: i64,
}

/// Sums for the line that says what was tested.
#[derive(Debug, Default)]
pub struct Sums {
    pub told: usize,
    pub again: usize,
    pub streams: usize,
    pub withdrawn: usize,
    pub left_out: usize,
    /// From when it could have been told, each first time.
    pub late: Vec<Micros>,
}

fn told(event: &ReferralEvent) -> Told {
    let at = i64::try_from(event.at.unix_timestamp_nanos() / 1_000).unwrap();
    let state = event.state.map_or(0, i32::from);
    Told { referral: event.referral_id, kind: event.kind.into(), state, at }
}

impl Oracle {
    pub async fn of(admin: &SecretString) -> Self {
        let events = referral_events(admin).await;
        let settled = i64::try_from(events.len()).unwrap();
        let oracle = Self { events, settled };
        oracle.agrees_with(admin).await;
        oracle
    }

    /// The same, with what has happened since: what the network does by itself can come late, and may have
    /// been told.
    pub async fn with_what_came_since(self, admin: &SecretString) -> Self {
        Self { events: referral_events(admin).await, ..self }
    }

    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Every move and whatever was added has its event and each event its cause, in the same order; no
    /// number is missing.
    async fn agrees_with(&self, admin: &SecretString) {
        let mut events: BTreeMap<Uuid, (Vec<i16>, i64)> = BTreeMap::new();
        for (n, event) in (1..).zip(&self.events) {
            assert_eq!(event.seq, n, "a number is missing");
            let told_to_source = event.for_agency.is_none_or(|only| only == event.source_id);
            let of = events.entry(event.referral_id).or_default();
            match i32::from(event.kind) {
                STATE if told_to_source => of.0.push(event.state.unwrap()),
                ADDED => of.1 += 1,
                _ => {}
            }
        }
        for history in referral_histories(admin).await {
            let told = events.remove(&history.id).unwrap_or_default();
            assert_eq!(told, (history.moves, history.added), "{}", history.id);
        }
        assert!(events.is_empty(), "an event of nothing");
    }

    /// What concerns an agency, in its order.
    fn due(&self, agency: Uuid) -> HashMap<Told, Due> {
        let concerns = |event: &&ReferralEvent| {
            [event.source_id, event.target_id].contains(&agency)
                && event.for_agency.is_none_or(|only| only == agency)
        };
        let mut withdrawn_later = HashSet::new();
        let mut due = HashMap::new();
        for event in self.events.iter().filter(concerns).rev() {
            let this = told(event);
            if this.kind == WITHDRAWN {
                withdrawn_later.insert(this.referral);
            }
            let asked = event.seq <= self.settled;
            let kept = this.kind == WITHDRAWN || !withdrawn_later.contains(&this.referral);
            let must = asked && kept;
            let before = due.insert(this, Due { seq: event.seq, at: this.at, must });
            assert!(before.is_none(), "two events are alike: {this:?}");
        }
        due
    }

    /// All events of the referral that this one is of.
    fn about(&self, seq: i64) -> Vec<&ReferralEvent> {
        let of = self.events.iter().find(|event| event.seq == seq).map(|event| event.referral_id);
        self.events.iter().filter(|event| Some(event.referral_id) == of).collect()
    }

    /// Whether one that watches was not told yet what it must be.
    pub fn missing(&self, watched: &Watched) -> bool {
        let told = watched.streams.iter().flat_map(|stream| &stream.told);
        let told: HashSet<&Told> = told.map(|(told, _)| told).collect();
        let due = self.due(id_of("agencies", &watched.agency).unwrap());
        due.iter().any(|(this, due)| due.must && !told.contains(this))
    }

    /// That it was told all of its own, in order, in time, and nothing else. `outages`: from when to when
    /// nothing could be told.
    pub fn holds(&self, watched: &Watched, outages: &[(Micros, Micros)], sums: &mut Sums) {
        let who = format!("{} ({})", watched.name, watched.agency);
        let due = self.due(id_of("agencies", &watched.agency).unwrap());
        let mut must: Vec<i64> = due.values().filter(|due| due.must).map(|due| due.seq).collect();
        must.sort_unstable();
        let mut first: Vec<i64> = Vec::new();
        for stream in &watched.streams {
            sums.streams += 1;
            let seq_of = |told: &Told| {
                due.get(told).unwrap_or_else(|| panic!("{who}: told what is not its own: {told:?}"))
            };
            let mut at = stream.after.as_ref().map_or(0, |last| seq_of(last).seq);
            for (told, arrived) in &stream.told {
                let Due { seq, at: happened, .. } = *seq_of(told);
                assert!(seq > at, "{who}: {seq} after {at}");
                let between =
                    must.partition_point(|n| *n <= at)..must.partition_point(|n| *n < seq);
                if let Some(missed) = must[between].first() {
                    let of = self.about(*missed);
                    panic!("{who}: between {at} and {seq} missed {missed} of {of:#?}");
                }
                at = seq;
                if first.last().is_none_or(|last| seq > *last) {
                    first.push(seq);
                    sums.told += 1;
                    sums.withdrawn += usize::from(told.kind == WITHDRAWN);
                    sums.late.push(up(happened, *arrived, outages));
                } else {
                    sums.again += 1;
                }
            }
        }
        let seen: HashSet<i64> = first.iter().copied().collect();
        if let Some(missed) = must.iter().find(|seq| !seen.contains(seq)) {
            panic!("{who}: never told {missed} of {:#?}", self.about(*missed));
        }
        sums.left_out += due.len() - first.len();
    }
}

/// How long the network was there in between.
fn up(from: Micros, to: Micros, outages: &[(Micros, Micros)]) -> Micros {
    let down = outages.iter().map(|(begin, end)| (*end.min(&to) - *begin.max(&from)).max(0));
    to - from - down.sum::<Micros>()
}
