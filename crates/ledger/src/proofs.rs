//! Proofs from the tree, for whoever holds a signed head.

use std::collections::HashMap;

use pg::{PgConnection, Scope, StoreError};
use uuid::Uuid;

use crate::{
    Ledger,
    follow::admit,
    merkle::{self, Frontier, Hash, Span, Subtree},
    tree::{KEPT, LeafRow, last, leaves},
};

/// That a record is in the tree over the first `size`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inclusion {
    pub event_id: Uuid,
    pub salt: Vec<u8>,
    pub commitment: Vec<u8>,
    /// The record's text.
    pub detail: String,
    /// From the leaf upward.
    pub path: Vec<Hash>,
}

impl Ledger {
    /// The last signed head; none: nothing has been sealed yet.
    pub async fn head_note(&self) -> Result<Option<String>, StoreError> {
        self.db
            .run_tx("ledger.head_note", Scope::nobody().reading(), |tx| {
                Box::pin(async move { Ok(last(tx).await?.map(|row| row.note)) })
            })
            .await
    }

    /// None: no such record within `size`, or `size` is over more than the last head.
    pub async fn inclusion(&self, seq: i64, size: u64) -> Result<Option<Inclusion>, StoreError> {
        self.db
            .run_tx("ledger.inclusion", Scope::nobody().reading(), move |tx| {
                Box::pin(async move {
                    let index = seq.checked_sub(1).and_then(|index| u64::try_from(index).ok());
                    let Some(index) = index.filter(|index| *index < size) else { return Ok(None) };
                    if !sealed(&mut *tx, size).await? {
                        return Ok(None);
                    }
                    admit(&mut *tx).await?;
                    let path = hashes(&mut *tx, &merkle::inclusion(index, size)).await?;
                    let row = sqlx::query!(
                        // Of a record that is gone there is nothing to prove.
                        r#"SELECT event_id AS "event_id!", salt AS "salt!",
                               commitment AS "commitment!", detail AS "detail!"
                           FROM audit_record WHERE seq = $1 AND detail IS NOT NULL"#,
                        seq,
                    )
                    .fetch_optional(tx)
                    .await?;
                    Ok(row.map(|row| Inclusion {
                        event_id: row.event_id,
                        salt: row.salt,
                        commitment: row.commitment,
                        detail: row.detail,
                        path,
                    }))
                })
            })
            .await
    }

    /// That the tree over the first `first` records is the beginning of that over `second`. None: `second`
    /// is over more than the last head, or smaller than `first`.
    pub async fn consistency(
        &self,
        first: u64,
        second: u64,
    ) -> Result<Option<Vec<Hash>>, StoreError> {
        self.db
            .run_tx("ledger.consistency", Scope::nobody().reading(), move |tx| {
                Box::pin(async move {
                    if first > second || !sealed(&mut *tx, second).await? {
                        return Ok(None);
                    }
                    admit(&mut *tx).await?;
                    Ok(Some(hashes(tx, &merkle::consistency(first, second)).await?))
                })
            })
            .await
    }
}

/// Whether a tree of this size is behind a signed head.
async fn sealed(tx: &mut PgConnection, size: u64) -> Result<bool, StoreError> {
    let last = last(tx).await?;
    Ok(last.is_some_and(|row| u64::try_from(row.size).is_ok_and(|last| size <= last)))
}

async fn hashes(tx: &mut PgConnection, spans: &[Span]) -> Result<Vec<Hash>, StoreError> {
    let parts: Vec<Vec<Subtree>> = spans.iter().map(|span| span.subtrees()).collect();
    let mut known = HashMap::new();
    for part in parts.iter().flatten() {
        if !known.contains_key(part) {
            known.insert(*part, subtree(&mut *tx, *part).await?);
        }
    }
    let hash = |parts: &Vec<Subtree>| {
        let hashes: Vec<Hash> = parts.iter().filter_map(|part| known.get(part).copied()).collect();
        Span::hash(&hashes)
    };
    Ok(parts.iter().map(hash).collect())
}

/// The root of a complete subtree, from the nodes below it that are kept, or the records.
async fn subtree(tx: &mut PgConnection, wanted: Subtree) -> Result<Hash, StoreError> {
    let above = wanted.level % KEPT;
    let base = wanted.level - above;
    let many = 1_u64 << above;
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let (begin, end) = (number(wanted.index << above), number((wanted.index + 1) << above));
    let below: Vec<Hash> = match base {
        0 => {
            let rows = leaves(tx, wanted.index << above, number(many)).await?;
            rows.iter().map(LeafRow::hash).collect()
        }
        level => nodes(tx, i16::try_from(level).unwrap_or(i16::MAX), begin, end).await?,
    };
    if u64::try_from(below.len()).ok() != Some(many) {
        return Err(StoreError::BadRow { what: "tree node" });
    }
    let mut tree = Frontier::default();
    below.into_iter().for_each(|hash| tree.push(hash, |_, _| {}));
    Ok(tree.root())
}

async fn nodes(
    tx: &mut PgConnection,
    level: i16,
    begin: i64,
    end: i64,
) -> Result<Vec<Hash>, StoreError> {
    let rows = sqlx::query_scalar!(
        "SELECT hash FROM tree_node WHERE level = $1 AND place >= $2 AND place < $3 ORDER BY place",
        level,
        begin,
        end,
    )
    .fetch_all(tx)
    .await?;
    let hash = |row: Vec<u8>| row.try_into().map_err(|_| StoreError::BadRow { what: "tree node" });
    rows.into_iter().map(hash).collect()
}
