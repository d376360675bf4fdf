//! Those who read, and what of it is no answer that they may have.

use std::{
    collections::HashSet,
    fmt::Debug,
    sync::{Arc, atomic::Ordering::SeqCst},
    time::{Duration, Instant},
};

use rand::{Rng as _, rngs::StdRng};
use tonic::{Code, Status};
use trellis_tests::{Actor, World};
use uuid::Uuid;
use wire::{
    audit::v1::ListDisclosuresRequest,
    common::v1::Disclosure,
    directory::v1::GetAgencyRequest,
    notes::v1::{GetNoteRequest, ListNotesRequest},
    people::v1::GetPersonRequest,
    referrals::v1::{GetReferralRequest, ListReferralsRequest, WatchReferralsRequest},
};

use super::{
    book::{Book, Clause, DEADLINE, SLACK},
    lane::{Course, Lane},
};

/// A decision takes no longer, and what comes before and after it little.
const DECIDED: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(8);

#[derive(Clone)]
pub struct Reader {
    pub lanes: Arc<Vec<Lane>>,
    pub world: Arc<World>,
    pub book: Arc<Book>,
}

/// An answer, as far as it matters here.
struct Served {
    /// Nothing is in it.
    empty: bool,
    decision: String,
    text: String,
}

fn served(empty: bool, disclosure: Option<Disclosure>, reply: &impl Debug) -> Served {
    let decision = disclosure.map(|d| d.decision_id).unwrap_or_default();
    Served { empty, decision, text: format!("{reply:?}") }
}

impl Reader {
    /// The housing agency reads about one person: what their consent opens.
    pub async fn under_consent(self, lane: usize, mut random: StdRng) {
        let manager = self.world.manager.with_deadline(DEADLINE);
        while !self.book.stopped() {
            let what = random.random_range(0..4_u8);
            let which = random.random_range(0..1_000);
            self.once(&manager, &self.lanes[lane], what, which).await;
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn once(&self, manager: &Actor, lane: &Lane, what: u8, which: usize) {
        let (epoch, silent) = (lane.epoch.load(SeqCst), self.book.silent.load(SeqCst));
        let begun = Instant::now();
        let (by, answer) = match what {
            0 | 1 => ("notes", self.note(manager, lane, which).await),
            2 => ("notes", self.notes(manager, lane).await),
            _ => ("referrals", self.referral(manager, lane, which).await),
        };
        let Some(answer) = answer else { return };
        let revoked = epoch % 2 == 1 && lane.epoch.load(SeqCst) == epoch;
        let unheard = silent % 2 == 1 && self.book.silent.load(SeqCst) == silent;
        let took = begun.elapsed();
        match answer {
            Ok(served) => {
                if unheard {
                    let what = format!("{by} answered without the consent service");
                    self.book.broken(Clause::Closed, what);
                }
                if served.empty {
                    return;
                }
                self.book.served.fetch_add(1, SeqCst);
                self.book.given(by, &served.decision);
                if revoked {
                    let (number, course) = (lane.number, lane.course);
                    let what = format!("{by} served of {number} ({course:?}), form {what}");
                    self.book.broken(Clause::Revoked, what);
                }
                self.only_of(lane, by, &served.text);
            }
            Err(status) => {
                if status.code() == Code::NotFound {
                    self.book.refused.fetch_add(1, SeqCst);
                    if epoch.is_multiple_of(2) {
                        self.book.overtaken.fetch_add(1, SeqCst);
                    }
                }
                if unheard && took > DECIDED + SLACK {
                    let what = format!("{by}: {:?} after {took:?}", status.code());
                    self.book.broken(Clause::Closed, what);
                }
            }
        }
    }

    /// Nobody else's words are in it.
    fn only_of(&self, lane: &Lane, by: &str, text: &str) {
        let (any, own) = (&self.book.canary, lane.canary(&self.book));
        if text.matches(any.as_str()).count() != text.matches(&own).count() {
            self.book.broken(Clause::Secret, format!("{by} told {own} of somebody else: {text}"));
        }
    }

    async fn note(&self, by: &Actor, lane: &Lane, which: usize) -> Option<Result<Served, Status>> {
        let name = {
            let signed = lane.signed.lock().unwrap();
            signed.get(which % signed.len().max(1))?.0.clone()
        };
        let get = GetNoteRequest { name, version: 0 };
        let reply = self.book.call("notes", by.notes().get_note(get)).await;
        Some(reply.map(|reply| served(false, reply.disclosure.clone(), &reply)))
    }

    async fn notes(&self, by: &Actor, lane: &Lane) -> Option<Result<Served, Status>> {
        let person = lane.person.name.clone();
        let list = ListNotesRequest { page_size: 5, person, ..ListNotesRequest::default() };
        let reply = self.book.call("notes", by.notes().list_notes(list)).await;
        Some(reply.map(|r| served(r.notes.is_empty(), r.disclosure.clone(), &r)))
    }

    async fn referral(
        &self,
        by: &Actor,
        lane: &Lane,
        which: usize,
    ) -> Option<Result<Served, Status>> {
        if which.is_multiple_of(2) {
            let person = lane.person.name.clone();
            let list = ListReferralsRequest { page_size: 5, person, ..Default::default() };
            let reply = self.book.call("referrals", by.referrals().list_referrals(list)).await;
            return Some(reply.map(|r| served(r.referrals.is_empty(), r.disclosure.clone(), &r)));
        }
        let name = {
            let referrals = lane.referrals.lock().unwrap();
            referrals.get(which % referrals.len().max(1))?.clone()
        };
        let get = GetReferralRequest { name };
        let reply = self.book.call("referrals", by.referrals().get_referral(get)).await;
        Some(reply.map(|r| served(r.referral.is_none(), r.disclosure.clone(), &r)))
    }

    /// An agency that nobody has named tries everything, and gets nothing.
    pub async fn without_permit(self, mut random: StdRng) {
        let stranger = self.world.unrelated.with_deadline(DEADLINE);
        while !self.book.stopped() {
            let lane = &self.lanes[random.random_range(0..self.lanes.len())];
            let which = random.random_range(0..1_000);
            let answer = match random.random_range(0..3_u8) {
                0 => self.note(&stranger, lane, which).await,
                1 => self.notes(&stranger, lane).await,
                _ => self.referral(&stranger, lane, which).await,
            };
            if let Some(Ok(served)) = answer
                && (!served.empty || served.text.contains(&self.book.canary))
            {
                self.book.broken(Clause::Secret, format!("a stranger was told {}", served.text));
            }
            tokio::time::sleep(PAUSE * 2).await;
        }
    }

    /// The other services have something to do as well.
    pub async fn around(self, mut random: StdRng) {
        let clinician = self.world.clinician.with_deadline(DEADLINE);
        while !self.book.stopped() {
            let lane = &self.lanes[random.random_range(0..self.lanes.len())];
            let person = lane.person.name.clone();
            let said = match random.random_range(0..3_u8) {
                0 => {
                    let get = GetPersonRequest { name: person };
                    let reply = self.book.call("people", clinician.people().get_person(get)).await;
                    format!("{reply:?}")
                }
                1 => {
                    let get = GetAgencyRequest { name: self.world.agencies.housing.clone() };
                    let mut directory = clinician.directory();
                    let reply = self.book.call("directory", directory.get_agency(get)).await;
                    format!("{reply:?}")
                }
                _ => {
                    let own = lane.person.actor.with_deadline(DEADLINE);
                    let list =
                        ListDisclosuresRequest { person, page_size: 20, ..Default::default() };
                    let reply = self.book.call("audit", own.audit().list_disclosures(list)).await;
                    format!("{reply:?}")
                }
            };
            if said.contains(&self.book.canary) {
                self.book.broken(Clause::Secret, said);
            }
            tokio::time::sleep(PAUSE * 3).await;
        }
    }

    /// The housing agency watches its referrals; of whom there never was a consent it hears nothing.
    pub async fn watching(self) {
        let manager = self.world.manager.without_deadline();
        let mut told: HashSet<String> = HashSet::new();
        let mut cursor = String::new();
        while !self.book.stopped() {
            let request = WatchReferralsRequest { cursor: cursor.clone() };
            if let Ok(stream) = manager.referrals().watch_referrals(request).await {
                let mut stream = stream.into_inner();
                while !self.book.stopped() {
                    match tokio::time::timeout(Duration::from_millis(300), stream.message()).await {
                        Err(_) => {}
                        Ok(Ok(Some(message))) => {
                            told.insert(message.referral);
                            cursor = message.cursor;
                        }
                        Ok(_) => break,
                    }
                }
            }
            tokio::time::sleep(PAUSE * 5).await;
        }
        for lane in self.lanes.iter().filter(|lane| lane.course == Course::Closed) {
            for name in &*lane.referrals.lock().unwrap() {
                if told.contains(name) {
                    self.book.broken(Clause::Secret, format!("a stream told of {name}"));
                }
            }
        }
        if !told.iter().any(|name| name.starts_with("referrals/")) {
            self.book.broken(Clause::Answered, "a stream told nothing at all");
        }
    }
}

/// As a stored name says it.
pub fn id(name: &str) -> Uuid {
    name.rsplit('/').next().and_then(|id| id.parse().ok()).unwrap_or_default()
}
