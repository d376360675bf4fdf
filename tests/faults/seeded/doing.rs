//! A fault as it happens, and that all is as before when it is over.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering::SeqCst},
    time::{Duration, Instant},
};

use futures::future::join_all;
use pg::hold::{Hold, Mode as Held};
use testkit::proxy::{Mode, Towards};
use tonic::Code;
use trellis_tests::{BOUND, World, disk_full, note_about, reached_by};
use wire::{
    audit::v1::ListDisclosuresRequest, consent::v1::GetConsentRequest,
    directory::v1::GetAgencyRequest, notes::v1::GetNoteRequest, people::v1::GetPersonRequest,
    referrals::v1::ListReferralsRequest,
};

use super::{
    CONNECTIONS,
    book::{Acked, Book, Clause, DEADLINE},
    lane::Lane,
    schedule::{Fault, Kind},
    writes::Write,
};
use crate::proxied::Proxied;

/// After a fault a call of each service is answered as before within so much. What is half dead is given
/// up after 15 s, and tried once more.
pub const RECOVERY: Duration = Duration::from_secs(35);
/// What "at once" is: sooner than whoever has a connection gives up its wait for a lock.
const FAST: Duration = Duration::from_secs(2);

/// A kind of fault, summed up.
#[derive(Debug, Default)]
pub struct Sum {
    pub faults: usize,
    pub survived: usize,
    pub acked: usize,
    pub slowest: Duration,
}

/// Something that is there all the time, by which one sees whether everything works.
pub struct Probe {
    pub lane: usize,
    pub note: String,
    pub consent: String,
}

pub struct Doing {
    pub net: Proxied,
    pub world: Arc<World>,
    pub lanes: Arc<Vec<Lane>>,
    pub book: Arc<Book>,
    pub probe: Probe,
    pub sums: BTreeMap<Kind, Sum>,
}

impl Doing {
    /// One fault, and after it all as before.
    pub async fn meet(&mut self, fault: &Fault) {
        tokio::time::sleep(fault.pause).await;
        let before = self.book.all_broken();
        let acked = self.book.acked.lock().unwrap().len();
        self.happens(fault).await;
        let slowest = self.recovered(fault).await;
        let acked = self.book.acked.lock().unwrap().len() - acked;
        let sum = self.sums.entry(fault.kind).or_default();
        sum.faults += 1;
        sum.survived += usize::from(self.book.all_broken() == before);
        sum.acked += acked;
        sum.slowest = sum.slowest.max(slowest);
    }

    async fn happens(&mut self, fault: &Fault) {
        let (service, lasting) = (fault.service, fault.lasting);
        let towards = [Towards::Server, Towards::Client][fault.form as usize % 2];
        match fault.kind {
            Kind::KilledService => {
                self.net.processes.kill(service);
                tokio::time::sleep(lasting / 4).await;
                self.net.processes.start_again(service).await;
            }
            Kind::KilledDatabase => self.net.processes.kill_database(),
            Kind::StoppedConsent => {
                self.net.processes.process("consent").pause();
                self.unheard(lasting).await;
                self.net.processes.process("consent").resume();
            }
            Kind::SlowPeer => {
                let delay = Duration::from_millis(20 + u64::from(fault.form) % 400);
                self.peer(service, Mode::Delay(delay), lasting).await;
            }
            Kind::DeadPeer => {
                let mode = [Mode::Stall, Mode::Drop(towards), Mode::Reset, Mode::Refuse];
                self.peer(service, mode[fault.form as usize / 2 % 4].clone(), lasting).await;
            }
            Kind::SlowDatabase => {
                let delay = Duration::from_millis(5 + u64::from(fault.form) % 60);
                self.database(service, Mode::Delay(delay), lasting).await;
            }
            Kind::StalledDatabase => self.database(service, Mode::Stall, lasting * 2).await,
            Kind::HalfDroppedDatabase => {
                self.database(service, Mode::Drop(towards), lasting / 4).await;
            }
            Kind::ResetDatabase => self.database(service, Mode::Reset, lasting / 2).await,
            Kind::LostCommits => {
                let said = fault.form.is_multiple_of(2);
                self.database(service, Mode::CutAt { word: "COMMIT", said }, lasting).await;
            }
            Kind::ExhaustedPool => self.exhausted().await,
            Kind::FullDisk => {
                let admin = self.net.processes.admin_url();
                disk_full(&admin, service, true).await;
                tokio::time::sleep(lasting).await;
                disk_full(&admin, service, false).await;
            }
            Kind::AwayCollector => {
                let mode = [Mode::Stall, Mode::Reset, Mode::Refuse, Mode::Drop(towards)];
                self.net.to_collector.set(mode[fault.form as usize / 2 % 4].clone());
                tokio::time::sleep(lasting * 2).await;
                self.net.to_collector.set(Mode::Pass);
            }
            Kind::Drained => self.drained(service).await,
        }
    }

    /// While the consent service can't be heard.
    async fn unheard(&self, lasting: Duration) {
        self.book.silent.fetch_add(1, SeqCst);
        tokio::time::sleep(lasting * 2).await;
        self.book.silent.fetch_add(1, SeqCst);
    }

    async fn peer(&self, service: &str, mode: Mode, lasting: Duration) {
        // What is refused only, or late, may still be heard.
        let heard = matches!(mode, Mode::Delay(_) | Mode::Refuse);
        self.net.peer(service).set(mode);
        if service == "consent" && !heard {
            // What was on its way has come, and the proxy's threads have heard of it.
            tokio::time::sleep(Duration::from_millis(50)).await;
            self.unheard(lasting).await;
        } else {
            tokio::time::sleep(lasting).await;
        }
        self.net.peer(service).set(Mode::Pass);
    }

    async fn database(&self, service: &str, mode: Mode, lasting: Duration) {
        self.net.database(service).set(mode);
        tokio::time::sleep(lasting).await;
        self.net.database(service).set(Mode::Pass);
    }

    /// Every connection waits for a table; whoever comes then is refused at once.
    async fn exhausted(&self) {
        let admin = self.net.processes.admin_url();
        let Ok(mut hold) = Hold::table(&admin, "notes", "note", Held::Changes).await else {
            self.book.broken(Clause::Recovered, "the table could not be held");
            return;
        };
        let person = &self.lanes[self.probe.lane].person.name;
        let writes = join_all((0..24).map(|_| async {
            let begun = Instant::now();
            let create = Write::Create(note_about(person));
            let code = self.wrote(create).await.map_err(|status| status.code());
            (code, begun.elapsed())
        }));
        let (writes, ()) = tokio::join!(writes, async {
            // Those that wait for the table wait for 2 s, and those behind them for 500 ms.
            reached_by(CONNECTIONS[0].1.into(), Duration::from_millis(1_500), &mut hold).await;
            tokio::time::sleep(Duration::from_millis(700)).await;
            hold.let_go().await.unwrap();
        });
        let at_once = (Err(Code::ResourceExhausted), FAST);
        let fast =
            |(code, took): &(Result<(), Code>, Duration)| *code == at_once.0 && *took < at_once.1;
        if !writes.iter().any(fast) {
            self.book.broken(Clause::Answered, format!("a pool was exhausted, and: {writes:?}"));
        }
    }

    /// Writes, and remembers what became of it.
    async fn wrote(&self, write: Write) -> Result<(), tonic::Status> {
        match write.send(&self.book, &self.world, &self.lanes).await {
            Ok(answer) => {
                self.book.acked.lock().unwrap().push(Acked { write, answer });
                Ok(())
            }
            Err(status) => {
                self.book.open.lock().unwrap().push(write);
                Err(status)
            }
        }
    }

    /// SIGTERM while everybody is at it.
    async fn drained(&mut self, service: &'static str) {
        // What was asked while the fault before this one lasted may still wait for what that broke.
        let (now, begun) = (self.book.now(), Instant::now());
        while !self.book.settled(service, now) && begun.elapsed() < BOUND {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.book.drains(service);
        self.net.processes.process(service).terminate();
        let process = self.net.processes.process(service);
        let ended = tokio::task::block_in_place(|| process.ended(BOUND));
        if !ended.is_some_and(|status| status.success()) {
            self.book.broken(Clause::Drained, format!("{service} ended with {ended:?}"));
        }
        self.net.processes.start_again(service).await;
    }

    /// Until each service answers a good call as before: how long that took.
    pub async fn recovered(&self, fault: &Fault) -> Duration {
        let begun = Instant::now();
        let mut missing = Vec::new();
        while begun.elapsed() < RECOVERY {
            missing = self.missing().await;
            if missing.is_empty() {
                return begun.elapsed();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.book.broken(Clause::Recovered, format!("{fault:?}: {missing:?}"));
        begun.elapsed()
    }

    /// Those that do not work as they should.
    async fn missing(&self) -> Vec<String> {
        let (manager, clinician) = (
            self.world.manager.with_deadline(DEADLINE),
            self.world.clinician.with_deadline(DEADLINE),
        );
        let lane = &self.lanes[self.probe.lane];
        let own = lane.person.actor.with_deadline(DEADLINE);
        let person = || lane.person.name.clone();
        let note = GetNoteRequest { name: self.probe.note.clone(), version: 0 };
        let consent = GetConsentRequest { name: self.probe.consent.clone() };
        let referrals = ListReferralsRequest { person: person(), ..Default::default() };
        let agency = GetAgencyRequest { name: self.world.agencies.housing.clone() };
        let disclosures =
            ListDisclosuresRequest { person: person(), page_size: 1, ..Default::default() };
        let (mut one, mut two, mut three, mut four, mut five, mut six) = (
            manager.notes(),
            own.consents(),
            clinician.referrals(),
            clinician.people(),
            clinician.directory(),
            own.audit(),
        );
        let answers = tokio::join!(
            self.book.call("notes", one.get_note(note)),
            self.book.call("consent", two.get_consent(consent)),
            self.book.call("referrals", three.list_referrals(referrals)),
            self.book.call("people", four.get_person(GetPersonRequest { name: person() })),
            self.book.call("directory", five.get_agency(agency)),
            self.book.call("audit", six.list_disclosures(disclosures)),
            self.wrote(Write::Create(note_about(&person()))),
        );
        let (one, two, three, four, five, six, written) = answers;
        let code = |what: &str, status: Option<tonic::Status>| {
            status.map(|status| format!("{what}: {:?} {}", status.code(), status.message()))
        };
        let all = [
            code("notes", one.err()),
            code("consent", two.err()),
            code("referrals", three.err()),
            code("people", four.err()),
            code("directory", five.err()),
            code("audit", six.err()),
            code("a write", written.err()),
        ];
        all.into_iter().flatten().collect()
    }
}
