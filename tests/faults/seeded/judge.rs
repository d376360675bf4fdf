//! Whether what is there is what everybody was told.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    process::Command,
    sync::atomic::Ordering::SeqCst,
    time::{Duration, Instant},
};

use ledger::{Ledger, Outcome};
use trellis_tests::{
    BOUND, Kept, SERVICES, kept_answers, note_versions, referral_histories, registered, trellis,
    until,
};
use uuid::Uuid;

use super::{
    book::{Acked, Book, Clause, is_away},
    doing::{Doing, RECOVERY},
    readers::id,
    writes::Write,
};

/// Those whose decisions the readers and writers are given.
const DECIDING: [&str; 2] = ["notes", "referrals"];
const COMPLETED: i16 = 7;
const ACCEPTED: i16 = 3;

/// What is on record, as far as it was read.
pub struct OnRecord {
    ledgers: Vec<(&'static str, Ledger, i64)>,
    permits: HashMap<&'static str, HashSet<Uuid>>,
    pub records: usize,
    pub checked: usize,
}

impl OnRecord {
    pub async fn of(doing: &Doing) -> Self {
        let mut ledgers = Vec::new();
        for name in DECIDING {
            let database = doing.net.processes.database(name).await;
            ledgers.push((name, Ledger::start(database, ledger::Config::default()), 0));
        }
        Self { ledgers, permits: HashMap::new(), records: 0, checked: 0 }
    }

    /// Every disclosure that was given has its record.
    pub async fn holds(&mut self, book: &Book) {
        for (name, ledger, last) in &mut self.ledgers {
            // Taken first: what is given later may be recorded later.
            let given = book.take_decisions(name);
            let permits = self.permits.entry(*name).or_default();
            loop {
                let read = || async { ledger.follow(*last, 2_000).await.ok() };
                let events = until("the ledger can be read", BOUND, read).await;
                if events.is_empty() {
                    break;
                }
                for followed in events {
                    if followed.seq != *last + 1 {
                        book.broken(Clause::Recorded, format!("{name}: {} is missing", *last + 1));
                    }
                    *last = followed.seq;
                    self.records += 1;
                    let event = followed.event.expect("none is past its time");
                    if event.outcome == Outcome::Permit {
                        permits.insert(event.decision_id);
                    }
                }
            }
            self.checked += given.len();
            for decision in given.difference(permits) {
                book.broken(Clause::Recorded, format!("{name}: {decision} is not on record"));
            }
        }
    }
}

/// Sends again all of which nobody knows, until it is known, and once more.
pub async fn settled(doing: &Doing) {
    let book = &doing.book;
    let open = std::mem::take(&mut *book.open.lock().unwrap());
    for write in open {
        let begun = Instant::now();
        let mut first = None;
        loop {
            let sent = write.send(book, &doing.world, &doing.lanes).await;
            match (sent, first.take()) {
                (Ok(answer), None) => first = Some(answer),
                (Ok(answer), Some(before)) => {
                    if answer != before {
                        book.broken(Clause::Once, format!("{} gave two answers", write.rpc()));
                    }
                    book.acked.lock().unwrap().push(Acked { write, answer });
                    break;
                }
                (Err(status), before) if is_away(&status) => {
                    first = before;
                    if begun.elapsed() > RECOVERY {
                        let what = format!("{}: {:?}", write.rpc(), status.code());
                        book.broken(Clause::Recovered, what);
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                (Err(_), None) => {
                    book.undecided(&write);
                    break;
                }
                (Err(status), Some(_)) => {
                    book.broken(Clause::Once, format!("{}, repeated: {status:?}", write.rpc()));
                    break;
                }
            }
        }
    }
}

/// Rows of what an RPC has made, by its record: how many answers are kept.
fn by_record(kept: &[Kept], rpc: &str) -> BTreeMap<Uuid, usize> {
    let mut many = BTreeMap::new();
    for answer in kept.iter().filter(|kept| kept.method.ends_with(rpc)) {
        *many.entry(answer.record_id).or_default() += 1;
    }
    many
}

/// All or nothing: what is there has the answer that was kept with it, and the other way round. Returns
/// the answers that are kept.
pub async fn all_or_nothing(doing: &Doing) -> Vec<Kept> {
    let (book, admin) = (&doing.book, doing.net.processes.admin_url());
    let notes = kept_answers(&admin, "notes").await;
    let referrals = kept_answers(&admin, "referrals").await;
    let (created, appended) = (by_record(&notes, "CreateNote"), by_record(&notes, "AppendNote"));
    let mut versions = BTreeSet::new();
    for (note, many) in note_versions(&admin).await {
        versions.insert(note);
        let appends = appended.get(&note).copied().unwrap_or_default();
        if i64::try_from(appends + 1).unwrap_or_default() != many {
            let what = format!("notes/{note} has {many} versions, of {appends} appends");
            book.broken(Clause::Once, what);
        }
    }
    if created.keys().ne(versions.iter()) || created.values().any(|many| *many != 1) {
        book.broken(Clause::Once, "the notes are not those that were answered for, once each");
    }
    let made = by_record(&referrals, "CreateReferral");
    let accepted = by_record(&referrals, "AcceptReferral");
    let completed = by_record(&referrals, "CompleteReferral");
    let histories = referral_histories(&admin).await;
    for history in &histories {
        for (state, answers) in [(ACCEPTED, &accepted), (COMPLETED, &completed)] {
            let moves = history.moves.iter().filter(|move_to| **move_to == state).count();
            // Resumed, it is accepted once more without anybody's having said so.
            let answers = answers.get(&history.id).copied().unwrap_or_default();
            if moves < answers || (moves > 0 && answers == 0) {
                let what = format!("{}: {:?} and {answers} to {state}", history.id, history.moves);
                book.broken(Clause::Once, what);
            }
        }
    }
    let there: BTreeSet<Uuid> = histories.iter().map(|history| history.id).collect();
    if made.keys().ne(there.iter()) || made.values().any(|many| *many != 1) {
        book.broken(Clause::Once, "the referrals are not those that were answered for, once each");
    }
    let mut all = notes;
    all.extend(referrals);
    all.extend(kept_answers(&admin, "consent").await);
    // A registration is known again by who it is of, and has no answer kept.
    let method = "RegisterPerson".to_owned();
    let person = |record_id| Kept { request_id: record_id, method: method.clone(), record_id };
    all.extend(registered(&admin).await.into_iter().map(person));
    all
}

/// What was acknowledged is there, and nothing besides, once all is settled. `already`: people who had been
/// registered before.
pub fn acknowledged(book: &Book, kept: &[Kept], already: usize) -> usize {
    let by_request: HashMap<Uuid, &Kept> =
        kept.iter().map(|kept| (kept.request_id, kept)).collect();
    let acked = book.acked.lock().unwrap();
    let mut lost = 0;
    let mut requests: HashMap<&str, HashSet<Uuid>> = HashMap::new();
    for Acked { write, answer } in &*acked {
        let request = match write {
            Write::Register(_) => id(&answer.name),
            _ => write.request_id().parse().unwrap_or_default(),
        };
        requests.entry(write.rpc()).or_default().insert(request);
        let there = by_request.get(&request);
        if !there.is_some_and(|kept| {
            kept.method.ends_with(write.rpc()) && kept.record_id == id(&answer.name)
        }) {
            lost += 1;
            book.broken(Clause::Once, format!("{} is lost: {}", write.rpc(), answer.name));
        }
    }
    // Of these nobody but the actors makes any.
    let undecided = book.undecided.lock().unwrap();
    let all = [
        ("CreateNote", 0),
        ("AppendNote", 0),
        ("CreateReferral", 0),
        ("AcceptReferral", 0),
        ("RevokeConsent", 0),
        ("RegisterPerson", already),
    ];
    for (rpc, already) in all {
        let known = |kept: &&Kept| !undecided.contains(&kept.request_id);
        let of = kept.iter().filter(|kept| kept.method.ends_with(rpc)).filter(known).count();
        let acked = already + requests.get(rpc).map_or(0, HashSet::len);
        if of != acked {
            book.broken(Clause::Once, format!("{rpc}: {of} are there, of {acked} in all"));
        }
    }
    lost
}

/// Traces and metrics, looked through as they come.
#[derive(Default)]
pub struct Traces {
    pub bytes: usize,
    calls: bool,
}

impl Traces {
    /// Has nothing of what was written in it.
    pub fn look_at(&mut self, doing: &Doing) {
        let bytes = doing.net.collector.take();
        let has = |what: &[u8]| bytes.windows(what.len()).any(|some| some == what);
        if has(doing.book.canary.as_bytes()) {
            doing.book.broken(Clause::Secret, "a trace or a metric has it");
        }
        self.calls = self.calls || has(b"GetNote");
        self.bytes += bytes.len();
    }
}

/// Neither a log nor a trace has anything of what was written in it.
pub fn says_nothing(doing: &Doing, traces: &Traces) {
    for (file, text) in doing.net.processes.logs() {
        if let Some(line) = text.lines().find(|line| line.contains(&doing.book.canary)) {
            doing.book.broken(Clause::Secret, format!("{file}: {line}"));
        }
        if let Some(line) = text.lines().find(|line| line.contains("panicked")) {
            doing.book.broken(Clause::Answered, format!("{file}: {line}"));
        }
    }
    if !traces.calls {
        doing.book.broken(Clause::Answered, "nothing was traced: nothing was tested");
    }
}

/// Sealed to their ends, all ledgers hold.
pub async fn verified(doing: &mut Doing) {
    for name in SERVICES {
        doing.net.processes.process(name).terminate();
    }
    for name in SERVICES {
        let ended = doing.net.processes.process(name).ended(BOUND);
        if !ended.is_some_and(|status| status.success()) {
            doing.book.broken(Clause::Drained, format!("{name} ended with {ended:?}"));
        }
    }
    let (config, admin) = doing.net.processes.for_administration("notes");
    let mut verify = Command::new(trellis());
    verify.args(["audit", "verify", "all", "--config"]).arg(config);
    let output = verify.arg("--admin-url-file").arg(admin).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        doing.book.broken(Clause::Recorded, format!("verify: {said}{errors}"));
    }
}

/// That anything was tested at all.
pub fn something_was_done(book: &Book) {
    let counts = [
        ("reads served", book.served.load(SeqCst), 100),
        ("reads refused", book.refused.load(SeqCst), 30),
        ("repeats", book.repeated.load(SeqCst), 10),
        ("writes acknowledged", book.acked.lock().unwrap().len(), 100),
    ];
    for (what, many, least) in counts {
        if many < least {
            book.broken(Clause::Answered, format!("{what}: {many}: nothing was tested"));
        }
    }
}
