//! Verifying a ledger: apart from what writes it, from the rows alone, against the heads that are kept
//! beside them and those that are anchored elsewhere.

mod finding;
mod rows;
mod writes;

use std::collections::{BTreeMap, HashMap, VecDeque};

use pg::{PgConnection, StoreError};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use time::Duration;

use crate::{
    Event, LogName, TreeHead, VerifyingKey,
    follow::admit,
    merkle::{Frontier, Hash, Subtree},
    months::time_of,
    tree::{HeadRow, is_kept, leaf},
};
pub use finding::{Finding, Kept};
use rows::Row;

/// Findings that are kept; of more there is their number.
const MOST_FINDINGS: usize = 1_000;
/// Bytes.
const SALT: usize = 16;
/// A decision is written down within its request's deadline, and clocks of instances differ.
const LATE: Duration = Duration::minutes(5);

/// What a ledger is verified against.
#[derive(Debug)]
pub struct Verifying {
    log: LogName,
    /// The signing key's public half, and those of earlier ones.
    keys: Vec<VerifyingKey>,
    /// The anchored heads, by their size.
    anchors: BTreeMap<u64, Vec<Hash>>,
    unreadable: u64,
    /// What is older may be gone, in seconds since 1970.
    past: i64,
    /// RPCs of which each write keeps its answer.
    answered: Vec<String>,
}

impl Verifying {
    pub fn new(log: LogName, keys: Vec<VerifyingKey>) -> Self {
        Self {
            log,
            keys,
            anchors: BTreeMap::new(),
            unreadable: 0,
            past: i64::MIN,
            answered: Vec::new(),
        }
    }

    /// Records from before this moment may be past their time, and gone. Unless this is said, none may.
    #[must_use]
    pub fn gone_before(self, past: kernel::Instant) -> Self {
        Self { past: past.unix_timestamp(), ..self }
    }

    /// Of each write by these RPCs the answer is kept: as `package.Service/Method`.
    #[must_use]
    pub fn answered(self, methods: impl IntoIterator<Item = String>) -> Self {
        Self { answered: methods.into_iter().collect(), ..self }
    }

    /// What a file of anchored heads says. Read it before the ledger, which may grow meanwhile.
    pub fn anchors(&mut self, file: &str) {
        for note in &crate::notes(file) {
            match self.open(note) {
                Some(head) => self.anchors.entry(head.size).or_default().push(head.root),
                None => self.unreadable += 1,
            }
        }
    }

    /// What stands for all that is known beforehand of the first records.
    fn against(&self, records: u64) -> Sha256 {
        let mut all = Sha256::new().chain_update(self.log.as_str());
        self.keys.iter().for_each(|key| all.update(key.to_string()));
        all.update(self.unreadable.to_be_bytes());
        all.update(self.past.to_be_bytes());
        for (size, roots) in self.anchors.range(..=records) {
            anchored(&mut all, *size, roots);
        }
        all
    }

    fn open(&self, note: &str) -> Option<TreeHead> {
        self.keys.iter().find_map(|key| TreeHead::open(note, &self.log, key).ok())
    }

    /// How many records the last anchored head is over.
    pub fn anchored(&self) -> u64 {
        self.anchors.last_key_value().map_or(0, |(size, _)| *size)
    }
}

fn anchored(all: &mut Sha256, size: u64, roots: &[Hash]) {
    all.update(size.to_be_bytes());
    roots.iter().for_each(|root| all.update(root));
}

/// How far verifying has come: what it takes to go on from there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Records that were looked at.
    pub records: u64,
    /// Those of them that are past their time: number, id and commitment are there, and no more.
    #[serde(default)]
    pub gone: u64,
    /// Heads that were looked at, of those beside the records.
    pub heads: u64,
    pub findings: Vec<Finding>,
    pub more_findings: u64,
    roots: Vec<Hash>,
    /// What it was verified against so far.
    against: Hash,
    /// The last record's number.
    last: i64,
    /// Over how many records the last head is that was looked at, and of when.
    last_head: i64,
    head_at: Option<i64>,
    /// The time of the newest record.
    newest: Option<i64>,
    /// Over how many records a head was right.
    held: u64,
    /// From here on no head can be right, which is said already.
    lost: bool,
    /// Nodes that must be kept.
    nodes: u64,
}

impl Progress {
    fn found(&mut self, finding: Finding) {
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(finding);
        } else {
            self.more_findings += 1;
        }
    }

    pub fn holds(&self) -> bool {
        self.findings.is_empty()
    }

    fn readable(&self) -> bool {
        let odd = |f: &Finding| matches!(f, Finding::Changed { .. } | Finding::Unreadable { .. });
        self.more_findings == 0 && !self.findings.iter().any(odd)
    }
}

/// Reads the whole ledger, or the rest from `from` on, on a snapshot of one moment; the whole where `from`
/// was verified against something else. The connection's role sees all rows, and its search path is the
/// service's schema. `each` is called after each batch, with the number of records that there are, and
/// whether one can go on from there later.
pub async fn verify(
    conn: &mut PgConnection,
    given: &Verifying,
    from: Option<Progress>,
    mut each: impl FnMut(&Progress, u64, bool),
) -> Result<Progress, StoreError> {
    sqlx::query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").execute(&mut *conn).await?;
    admit(&mut *conn).await?;
    let total = rows::count(&mut *conn).await?;
    let mut run = Run::begin(given, from);
    loop {
        let batch = rows::after(&mut *conn, run.at.last).await?;
        if batch.is_empty() {
            break;
        }
        for row in &batch {
            run.row(row);
            run.heads(&mut *conn).await?;
            run.missing_head();
        }
        run.nodes(&mut *conn).await?;
        run.at.roots = run.tree.roots().to_vec();
        run.at.against = run.against.clone().finalize().into();
        // What lies behind the last head may get one later.
        let reached = u64::try_from(run.at.last_head).is_ok_and(|size| size == run.at.records);
        each(&run.at, total, reached || !run.heads.is_empty());
    }
    run.end(&mut *conn).await?;
    sqlx::query("ROLLBACK").execute(conn).await?;
    Ok(run.at)
}

struct Run<'a> {
    given: &'a Verifying,
    at: Progress,
    tree: Frontier,
    /// The next heads beside the records.
    heads: VecDeque<HeadRow>,
    /// Whether there are more of them than these.
    more_heads: bool,
    /// Subtrees that were completed and must be kept.
    completed: Vec<(Subtree, Hash)>,
    against: Sha256,
}

impl<'a> Run<'a> {
    fn begin(given: &'a Verifying, from: Option<Progress>) -> Self {
        let same = |at: &Progress| given.against(at.records).finalize()[..] == at.against[..];
        let from = from.filter(same);
        let tree = from.as_ref().and_then(|at| Frontier::new(at.records, at.roots.clone()));
        let (at, tree) = from.zip(tree).unwrap_or_else(|| {
            let mut at = Progress::default();
            (0..given.unreadable).for_each(|_| at.found(Finding::AnchorUnreadable));
            (at, Frontier::default())
        });
        let (heads, completed) = (VecDeque::new(), Vec::new());
        let against = given.against(at.records);
        Self { given, at, tree, heads, more_heads: true, completed, against }
    }

    fn row(&mut self, row: &Row) {
        let seq = row.seq;
        if seq != self.at.last + 1 {
            self.at.found(Finding::Gap { after: self.at.last, came: seq });
            self.at.lost = true;
        }
        self.at.last = seq;
        self.at.records += 1;
        let commitment = match (&row.salt, &row.detail) {
            (Some(salt), Some(detail)) => self.whole(row, salt, detail),
            _ => self.gone(row),
        };
        let completed = &mut self.completed;
        self.tree.push(leaf(seq, row.event_id, &commitment), |subtree, hash| {
            completed.extend(is_kept(subtree).then_some((subtree, *hash)));
        });
        let roots = self.given.anchors.get(&self.tree.size());
        if let Some(roots) = roots {
            anchored(&mut self.against, self.tree.size(), roots);
        }
        for root in roots.into_iter().flatten() {
            let differs = |after, size| Finding::AnchorDiffers { after, size };
            self.compare(root, differs);
        }
    }

    /// What the record comes to.
    fn whole(&mut self, row: &Row, salt: &[u8], detail: &str) -> Hash {
        let seq = row.seq;
        let commitment: Hash =
            Sha256::new().chain_update(salt).chain_update(detail.as_bytes()).finalize().into();
        if commitment[..] != row.commitment[..] || salt.len() != SALT {
            self.at.found(Finding::Changed { seq });
        }
        match serde_json::from_str::<Event>(detail) {
            Ok(event) if event.event_id == row.event_id => {
                let at = event.occurred_at.unix_timestamp();
                self.time(seq, at);
                // By the id's time a record may be gone one day.
                let by_id = time_of(row.event_id);
                if by_id.is_some_and(|id| id.abs_diff(at) > LATE.whole_seconds().unsigned_abs()) {
                    self.at.found(Finding::OtherTime { seq });
                }
            }
            _ => self.at.found(Finding::Unreadable { seq }),
        }
        commitment
    }

    fn time(&mut self, seq: i64, at: i64) {
        if self.at.newest.is_some_and(|newest| at < newest - LATE.whole_seconds()) {
            self.at.found(Finding::OutOfTime { seq });
        }
        self.at.newest = self.at.newest.max(Some(at));
    }

    /// What it was committed to as. Its id has its time, and is in the leaf.
    fn gone(&mut self, row: &Row) -> Hash {
        let seq = row.seq;
        self.at.gone += 1;
        let at = time_of(row.event_id);
        let past = at.is_some_and(|at| at < self.given.past);
        at.into_iter().for_each(|at| self.time(seq, at));
        // Half a record is none.
        if !past || row.salt.is_some() || row.detail.is_some() {
            self.at.found(Finding::Gone { seq });
        }
        let commitment = <Hash>::try_from(&row.commitment[..]);
        commitment.unwrap_or_else(|_| {
            self.at.found(Finding::Changed { seq });
            Hash::default()
        })
    }

    /// A head over as many records as were read.
    fn compare(&mut self, root: &Hash, differs: impl Fn(u64, u64) -> Finding) {
        let size = self.tree.size();
        if *root == self.tree.root() {
            self.at.held = size;
        } else if !std::mem::replace(&mut self.at.lost, true) {
            self.at.found(differs(self.at.held, size));
        }
    }

    /// The heads beside the records, up to the last that was read.
    async fn heads(&mut self, conn: &mut PgConnection) -> Result<(), StoreError> {
        loop {
            if self.heads.is_empty() && self.more_heads {
                self.heads = rows::heads(&mut *conn, self.at.last_head).await?.into();
                self.more_heads = !self.heads.is_empty();
            }
            let size = self.tree.size();
            match self.heads.front() {
                Some(head) if u64::try_from(head.size).is_ok_and(|n| n <= size) => {}
                _ => return Ok(()),
            }
            if let Some(head) = self.heads.pop_front() {
                self.head(&head);
            }
        }
    }

    /// What is anchored was kept before.
    fn missing_head(&mut self) {
        let size = self.tree.size();
        let kept = u64::try_from(self.at.last_head).is_ok_and(|last| last == size);
        if !kept && !self.at.lost && self.given.anchors.contains_key(&size) {
            self.at.found(Finding::HeadMissing { size });
        }
    }

    fn head(&mut self, row: &HeadRow) {
        let size = row.size;
        let again = size == std::mem::replace(&mut self.at.last_head, size);
        self.at.heads += 1;
        if again || u64::try_from(size).ok() != Some(self.tree.size()) {
            return self.at.found(Finding::BadHead { size });
        }
        let tree = row.tree();
        let head = self
            .given
            .open(&row.note)
            .zip(tree)
            .filter(|(head, tree)| head.size == tree.size() && head.root == tree.root());
        let Some((head, tree)) = head else {
            return self.at.found(Finding::BadHead { size });
        };
        let at = head.at.unix_timestamp();
        if self.at.head_at.replace(at).is_some_and(|before| at < before) {
            self.at.found(Finding::HeadOutOfTime { size });
        }
        self.compare(&head.root, |after, size| Finding::HeadDiffers { after, size });
        // Another frontier of the same root can't be found: it is the root's own parts.
        if !self.at.lost && tree != self.tree {
            self.at.found(Finding::BadHead { size });
        }
    }

    /// The nodes that are kept, against those that were completed since.
    async fn nodes(&mut self, conn: &mut PgConnection) -> Result<(), StoreError> {
        // Behind the last head none is kept yet.
        let last_head = u64::try_from(self.at.last_head).unwrap_or_default();
        let more_heads = self.heads.front().is_some();
        let sealed = if more_heads { u64::MAX } else { last_head };
        let due = |node: &Subtree| {
            (node.index + 1).checked_shl(node.level).is_some_and(|end| end <= sealed)
        };
        let completed: Vec<_> = self.completed.drain(..).filter(|(node, _)| due(node)).collect();
        let kept: HashMap<_, _> = rows::nodes(conn, &completed).await?.into_iter().collect();
        for (node, hash) in completed {
            self.at.nodes += 1;
            if kept.get(&node).is_none_or(|kept| kept[..] != hash[..]) && !self.at.lost {
                let Subtree { level, index: place } = node;
                self.at.found(Finding::Node { level, place });
            }
        }
        Ok(())
    }

    async fn end(&mut self, conn: &mut PgConnection) -> Result<(), StoreError> {
        let records = self.at.records;
        let beyond = self.given.anchored();
        if beyond > records {
            self.at.found(Finding::CutOff { size: beyond, records });
        }
        self.heads(&mut *conn).await?;
        while let Some(head) = self.heads.pop_front() {
            self.at.last_head = head.size;
            self.at.heads += 1;
            self.at.found(Finding::HeadBeyond { size: head.size });
            if self.heads.is_empty() {
                self.heads = rows::heads(&mut *conn, self.at.last_head).await?.into();
            }
        }
        // What stands there twice may have been passed over.
        let counts = [
            (Kept::Records, rows::count(&mut *conn).await?, records),
            (Kept::Heads, rows::count_heads(&mut *conn).await?, self.at.heads),
            (Kept::Nodes, rows::count_nodes(&mut *conn).await?, self.at.nodes),
        ];
        for (what, kept, due) in counts.into_iter().filter(|(_, kept, due)| kept != due) {
            self.at.found(Finding::Number { what, kept, due });
        }
        let mut beside = writes::purges(&mut *conn, self.given.past).await?;
        // The database reads every record for these, and would stop at one that is no event.
        if self.at.readable() {
            beside.extend(writes::unnamed(&mut *conn).await?);
            beside.extend(writes::unrecorded(&mut *conn).await?);
            beside.extend(writes::unwritten(&mut *conn, &self.given.answered).await?);
        }
        beside.into_iter().for_each(|finding| self.at.found(finding));
        let (counter, last) = (rows::counter(conn).await?, self.at.last);
        if counter != last {
            self.at.found(Finding::Counter { counter, last });
        }
        self.at.roots = self.tree.roots().to_vec();
        Ok(())
    }
}
