//! The tree over the records, in the database: it grows by what was appended since, and each growth is
//! signed and kept in one transaction.

use std::sync::Arc;

use kernel::Instant;
use pg::{PgConnection, Scope, StoreError, TxError};
use uuid::Uuid;

use crate::{
    Ledger, Seal, TreeHead,
    follow::admit,
    merkle::{self, Frontier, Hash, Subtree},
};

/// Of how many levels one is kept: what lies between is worked out from it.
pub(crate) const KEPT: u32 = 8;
/// Records in one growth.
const MOST: i64 = 10_000;

/// A leaf: the record's number and id, and the commitment to the rest.
pub fn leaf(seq: i64, event_id: Uuid, commitment: &[u8]) -> Hash {
    let mut data = Vec::with_capacity(56);
    data.extend_from_slice(&seq.to_be_bytes());
    data.extend_from_slice(event_id.as_bytes());
    data.extend_from_slice(commitment);
    merkle::leaf(&data)
}

/// What is on record, or in an anchor, can't be so. Nothing is signed on top of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TreeAlarm {
    #[error("after record {after} comes {came}")]
    Gap { after: i64, came: i64 },
    #[error(
        "the head over {0} records is not signed by this log's keys, or not its own frontier's root"
    )]
    Head(u64),
    #[error("an anchor has a head over {anchored} records, and the last one kept is over {kept}")]
    Behind { anchored: u64, kept: u64 },
    #[error("an anchor has another head over {0} records")]
    Forked(u64),
    #[error("the last head in the anchor is none of this log")]
    Anchor,
    #[error("the head can't be written")]
    Unwritten,
}

/// Why the tree did not grow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GrowError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Alarm(#[from] TreeAlarm),
}

impl TxError for GrowError {
    fn as_store(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Alarm(_) => None,
        }
    }
}

/// The last head, and whether there may be more to grow by.
pub(crate) struct Grown {
    pub note: String,
    pub more: bool,
}

impl Ledger {
    /// Adds the records that the tree does not hold yet, some at once, and signs. `anchored`: the last head
    /// that is known outside the database. None: there is no record at all, or another instance is at
    /// it.
    pub(crate) async fn grow(
        &self,
        seal: &Arc<Seal>,
        anchored: Option<TreeHead>,
        now: Instant,
    ) -> Result<Option<Grown>, GrowError> {
        let given = Arc::new((Arc::clone(seal), anchored));
        self.db
            .try_tx("ledger.grow", Scope::nobody(), None, move |tx| {
                let given = Arc::clone(&given);
                Box::pin(async move { grow(tx, &given.0, given.1.as_ref(), now).await })
            })
            .await
    }
}

async fn grow(
    tx: &mut PgConnection,
    seal: &Seal,
    anchored: Option<&TreeHead>,
    now: Instant,
) -> Result<Option<Grown>, GrowError> {
    if !locked(&mut *tx).await? {
        return Ok(None);
    }
    let last = last(&mut *tx).await?;
    let (mut tree, kept) = match &last {
        None => (Frontier::default(), None),
        Some(row) => row.check(seal).map(|(tree, head)| (tree, Some(head)))?,
    };
    if let Some(anchored) = anchored {
        follows(anchored, kept.as_ref())?;
        let beside = at(&mut *tx, anchored.size).await?;
        let beside = beside.and_then(|note| seal.open(&note));
        if beside.is_none_or(|head| head.root != anchored.root) {
            return Err(TreeAlarm::Forked(anchored.size).into());
        }
    }
    let rows = leaves(&mut *tx, tree.size(), MOST).await?;
    let more = i64::try_from(rows.len()).is_ok_and(|n| n == MOST);
    if rows.is_empty() {
        return Ok(last.map(|row| Grown { note: row.note, more }));
    }
    let mut nodes = Vec::new();
    for row in rows {
        if u64::try_from(row.seq).ok() != Some(tree.size() + 1) {
            let after = i64::try_from(tree.size()).unwrap_or(i64::MAX);
            return Err(TreeAlarm::Gap { after, came: row.seq }.into());
        }
        tree.push(row.hash(), |subtree, hash| {
            nodes.extend(is_kept(subtree).then_some((subtree, *hash)))
        });
    }
    // A clock that was set back signs no head that is older than the one before.
    let at = kept.map_or(now, |kept| kept.at.max(now));
    let head = TreeHead { size: tree.size(), root: tree.root(), at };
    let note = head.sign(&seal.log, &seal.key).ok_or(TreeAlarm::Unwritten)?;
    keep(tx, &tree, &note, &nodes).await?;
    Ok(Some(Grown { note, more }))
}

/// An anchor is never ahead of the database: else the database is an older one.
fn follows(anchored: &TreeHead, kept: Option<&TreeHead>) -> Result<(), TreeAlarm> {
    let size = kept.map_or(0, |head| head.size);
    if size < anchored.size {
        return Err(TreeAlarm::Behind { anchored: anchored.size, kept: size });
    }
    Ok(())
}

/// The head over so many records.
async fn at(tx: &mut PgConnection, size: u64) -> Result<Option<String>, StoreError> {
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    Ok(sqlx::query_scalar!("SELECT note FROM tree_head WHERE size = $1", size)
        .fetch_optional(tx)
        .await?)
}

/// Whether a subtree is one of those that are kept.
pub(crate) fn is_kept(subtree: Subtree) -> bool {
    subtree.level > 0 && subtree.level.is_multiple_of(KEPT)
}

/// A head as it is kept.
pub(crate) struct HeadRow {
    pub size: i64,
    pub note: String,
    pub frontier: Vec<u8>,
}

impl HeadRow {
    /// The tree, if what is kept of it fits together.
    pub(crate) fn tree(&self) -> Option<Frontier> {
        let (roots, rest) = self.frontier.as_chunks::<32>();
        let size = u64::try_from(self.size).ok().filter(|_| rest.is_empty())?;
        Frontier::new(size, roots.to_vec())
    }

    fn check(&self, seal: &Seal) -> Result<(Frontier, TreeHead), TreeAlarm> {
        let bad = TreeAlarm::Head(u64::try_from(self.size).unwrap_or_default());
        let tree = self.tree().ok_or(bad)?;
        let head = seal.open(&self.note).ok_or(bad)?;
        let same = head.size == tree.size() && head.root == tree.root();
        if same { Ok((tree, head)) } else { Err(bad) }
    }
}

/// Whether no other instance lets the tree grow until this transaction ends.
async fn locked(tx: &mut PgConnection) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT pg_try_advisory_xact_lock('tree_head'::regclass::oid::bigint) AS "had!""#
    )
    .fetch_one(tx)
    .await?)
}

pub(crate) async fn last(tx: &mut PgConnection) -> Result<Option<HeadRow>, StoreError> {
    Ok(sqlx::query_as!(
        HeadRow,
        "SELECT size, note, frontier FROM tree_head ORDER BY size DESC LIMIT 1"
    )
    .fetch_optional(tx)
    .await?)
}

pub(crate) struct LeafRow {
    seq: i64,
    event_id: Uuid,
    commitment: Vec<u8>,
}

impl LeafRow {
    pub(crate) fn hash(&self) -> Hash {
        leaf(self.seq, self.event_id, &self.commitment)
    }
}

/// The records after the first `size`, at most so many, in order.
pub(crate) async fn leaves(
    tx: &mut PgConnection,
    size: u64,
    most: i64,
) -> Result<Vec<LeafRow>, StoreError> {
    admit(&mut *tx).await?;
    Ok(sqlx::query_as!(
        LeafRow,
        r#"SELECT seq AS "seq!", event_id AS "event_id!", commitment AS "commitment!"
           FROM audit_record WHERE seq > $1 ORDER BY seq LIMIT $2"#,
        i64::try_from(size).unwrap_or(i64::MAX),
        most,
    )
    .fetch_all(tx)
    .await?)
}

async fn keep(
    tx: &mut PgConnection,
    tree: &Frontier,
    note: &str,
    nodes: &[(Subtree, Hash)],
) -> Result<(), StoreError> {
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let levels: Vec<i16> =
        nodes.iter().map(|(node, _)| i16::try_from(node.level).unwrap_or(i16::MAX)).collect();
    let places: Vec<i64> = nodes.iter().map(|(node, _)| number(node.index)).collect();
    let hashes: Vec<Vec<u8>> = nodes.iter().map(|(_, hash)| hash.to_vec()).collect();
    sqlx::query!(
        "INSERT INTO tree_node (level, place, hash) SELECT * FROM unnest($1::smallint[], $2::bigint[],
             $3::bytea[])",
        &levels,
        &places,
        &hashes,
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "INSERT INTO tree_head (size, note, frontier) VALUES ($1, $2, $3)",
        number(tree.size()),
        note,
        tree.roots().concat(),
    )
    .execute(tx)
    .await?;
    Ok(())
}
