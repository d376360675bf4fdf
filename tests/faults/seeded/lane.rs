//! One person, and who writes about them.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use tonic::Code;
use trellis_tests::{Person, World, note_about, referral_of, registration, request_id, terms};
use wire::{
    consent::v1::{DraftConsentRequest, RevokeConsentRequest, SignConsentRequest},
    notes::v1::{AppendNoteRequest, CreateNoteRequest, NoteSection, SignNoteRequest},
    referrals::v1::{AcceptReferralRequest, CompleteReferralRequest, Outcome},
};

use super::{
    book::{Acked, Answer, Book, Clause, is_away},
    schedule::{Op, Step, Steps},
    writes::Write,
};

/// How a person's consent goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// It stands all the time.
    Steady,
    /// It is granted and revoked, in turns.
    Turning,
    /// There never is any.
    Closed,
}

pub struct Lane {
    pub number: usize,
    pub course: Course,
    pub person: Person,
    /// Odd from when RevokeConsent has returned until the next consent is about to be signed.
    pub epoch: AtomicU64,
    /// What there is to read, and to write on: signed notes, by name and etag.
    pub signed: Mutex<Vec<(String, String)>>,
    pub referrals: Mutex<Vec<String>>,
}

impl Lane {
    pub fn new(number: usize, course: Course, person: Person) -> Self {
        let epoch = AtomicU64::new(u64::from(course != Course::Steady));
        let (signed, referrals) = (Mutex::default(), Mutex::default());
        Self { number, course, person, epoch, signed, referrals }
    }

    /// What every note of this person has in it, and no other.
    pub fn canary(&self, book: &Book) -> String {
        format!("{}{:03}", book.canary, self.number)
    }
}

/// What became of a write.
enum Became {
    Acked(Answer),
    Refused,
    Open,
}

/// Who writes about one person: the clinic, the housing agency and the person, by turns.
pub struct Writer {
    pub lane: usize,
    pub lanes: Arc<Vec<Lane>>,
    pub world: Arc<World>,
    pub book: Arc<Book>,
    drafts: Vec<String>,
    consent: Option<String>,
    recent: Vec<(Write, Answer)>,
    number: usize,
}

const PAUSE: Duration = Duration::from_millis(60);
/// Repeats of the last so many.
const RECENT: usize = 12;
/// Readers turn around in as many.
const READABLE: usize = 20;

impl Writer {
    pub fn new(lane: usize, lanes: &Arc<Vec<Lane>>, world: &Arc<World>, book: &Arc<Book>) -> Self {
        let (lanes, world, book) = (Arc::clone(lanes), Arc::clone(world), Arc::clone(book));
        let (drafts, recent) = (Vec::new(), Vec::new());
        Self { lane, lanes, world, book, drafts, consent: None, recent, number: 0 }
    }

    fn here(&self) -> &Lane {
        &self.lanes[self.lane]
    }

    pub async fn run(mut self, steps: Steps) {
        for step in steps {
            if self.book.stopped() {
                return;
            }
            let pause = step.pause;
            self.take(step).await;
            tokio::time::sleep(pause).await;
        }
    }

    /// A signed note that stays: its name.
    pub async fn first(mut self) -> String {
        for op in [Op::Create, Op::Sign] {
            let pause = PAUSE;
            self.take(Step { op, which: 0, patient: true, pause }).await;
        }
        // Nobody appends to it.
        self.here().signed.lock().unwrap().pop().expect("nothing is wrong yet").0
    }

    async fn take(&mut self, step: Step) {
        let patient = step.patient;
        match step.op {
            Op::Create => {
                let request = CreateNoteRequest {
                    sections: vec![self.section()],
                    ..note_about(&self.here().person.name)
                };
                if let Became::Acked(note) = self.write(Write::Create(request), patient).await {
                    self.drafts.push(note.name);
                }
            }
            Op::Sign => {
                let Some(name) = self.drafts.pop() else { return };
                let (request_id, etag) = (request_id(), String::new());
                let sign = Write::Sign(SignNoteRequest { request_id, name, etag });
                if let Became::Acked(note) = self.write(sign, patient).await {
                    let mut signed = self.here().signed.lock().unwrap();
                    if signed.len() >= READABLE {
                        signed.remove(0);
                    }
                    signed.push((note.name, note.etag));
                }
            }
            Op::Append => self.append(&step).await,
            Op::Refer => self.refer(patient).await,
            Op::Accept | Op::Complete => self.move_on(&step).await,
            Op::Turn if self.here().course == Course::Turning => self.turn().await,
            Op::Turn => {}
            Op::Again => self.again(step.which).await,
            Op::Register => {
                self.write(Write::Register(registration()), patient).await;
            }
        }
    }

    fn section(&mut self) -> NoteSection {
        self.number += 1;
        let body = format!("{} {}", self.here().canary(&self.book), self.number);
        NoteSection { body, ..NoteSection::default() }
    }

    async fn append(&mut self, step: &Step) {
        let section = self.section();
        let taken = {
            let mut signed = self.here().signed.lock().unwrap();
            let many = signed.len();
            (many > 1).then(|| signed.remove(step.which % many))
        };
        let Some((name, etag)) = taken else { return };
        let sections = vec![section];
        let append = AppendNoteRequest { request_id: request_id(), name, etag, sections };
        // Of one that nobody knows of, the etag is not known either: it is left alone.
        if let Became::Acked(note) = self.write(Write::Append(append), step.patient).await {
            self.here().signed.lock().unwrap().push((note.name, note.etag));
        }
    }

    async fn refer(&mut self, patient: bool) {
        let sends = self.here().epoch.load(SeqCst).is_multiple_of(2);
        let request = referral_of(&self.here().person.name, &self.world.agencies.housing, sends);
        if let Became::Acked(referral) = self.write(Write::Refer(request), patient).await {
            let mut referrals = self.here().referrals.lock().unwrap();
            if referrals.len() >= READABLE {
                referrals.remove(0);
            }
            referrals.push(referral.name);
        }
    }

    async fn move_on(&mut self, step: &Step) {
        let chosen = {
            let referrals = self.here().referrals.lock().unwrap();
            referrals.get(step.which % referrals.len().max(1)).cloned()
        };
        let Some(name) = chosen else { return };
        let (request_id, etag) = (request_id(), String::new());
        let write = match step.op {
            Op::Accept => Write::Accept(AcceptReferralRequest { request_id, name, etag }),
            _ => Write::Complete(CompleteReferralRequest {
                request_id,
                name,
                etag,
                outcome: Outcome::GotHelp.into(),
                ..CompleteReferralRequest::default()
            }),
        };
        self.write(write, step.patient).await;
    }

    /// One turn of the consent. What is begun is gone on with until it is known.
    async fn turn(&mut self) {
        let Some(name) = self.consent.take() else { return self.grant().await };
        let revoke = RevokeConsentRequest { request_id: request_id(), name: name.clone(), word: 0 };
        let revoke = Write::Revoke(revoke, self.lane);
        match self.write(revoke, true).await {
            // From here on nothing may be served any more.
            Became::Acked(_) => {
                self.here().epoch.fetch_add(1, SeqCst);
            }
            Became::Open => self.consent = Some(name),
            Became::Refused => self.book.broken(Clause::Answered, "a revocation was refused"),
        }
    }

    async fn grant(&mut self) {
        let agencies = &self.world.agencies;
        let draft = DraftConsentRequest {
            request_id: request_id(),
            person: self.here().person.name.clone(),
            terms: Some(terms(&agencies.clinic, &agencies.housing)),
            language: String::new(),
        };
        let draft = Write::Draft(Box::new(draft), self.lane);
        let Became::Acked(draft) = self.write(draft, true).await else { return };
        let sign = SignConsentRequest {
            request_id: request_id(),
            name: draft.name.clone(),
            text_sha256: draft.text_sha256,
        };
        self.here().epoch.fetch_add(1, SeqCst);
        match self.write(Write::Grant(sign, self.lane), true).await {
            Became::Refused => self.book.broken(Clause::Answered, "a signature was refused"),
            _ => self.consent = Some(draft.name),
        }
    }

    /// The same request_id: the same answer, or none for now.
    async fn again(&mut self, which: usize) {
        if self.recent.is_empty() {
            return;
        }
        let (write, before) = &self.recent[which % self.recent.len()];
        match write.send(&self.book, &self.world, &self.lanes).await {
            Ok(answer) if answer == *before => {
                self.book.repeated.fetch_add(1, SeqCst);
            }
            Ok(answer) => self.book.broken(
                Clause::Once,
                format!("{}, repeated, made {} of {}", write.rpc(), answer.name, before.name),
            ),
            // A repeat is authorized again, and by now the consent may be revoked.
            Err(status) if status.code() == Code::NotFound || is_away(&status) => {}
            Err(status) => {
                self.book.broken(Clause::Once, format!("{}, repeated: {status:?}", write.rpc()));
            }
        }
    }

    async fn write(&mut self, write: Write, patient: bool) -> Became {
        let mut unknown = false;
        loop {
            match write.send(&self.book, &self.world, &self.lanes).await {
                Ok(answer) => {
                    if self.recent.len() >= RECENT {
                        self.recent.remove(0);
                    }
                    self.recent.push((write.clone(), answer.clone()));
                    let acked = Acked { write, answer: answer.clone() };
                    self.book.acked.lock().unwrap().push(acked);
                    return Became::Acked(answer);
                }
                Err(status) if !is_away(&status) => {
                    if unknown {
                        self.book.undecided(&write);
                    }
                    return Became::Refused;
                }
                Err(_) if patient && !self.book.stopped() => {
                    unknown = true;
                    tokio::time::sleep(PAUSE).await;
                }
                Err(_) => {
                    self.book.open.lock().unwrap().push(write);
                    return Became::Open;
                }
            }
        }
    }
}
