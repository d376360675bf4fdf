//! Events as columns, for one statement.

use std::collections::HashSet;

use pg::{PgConnection, StoreError};
use uuid::Uuid;

use crate::Event;

#[derive(Debug, Default)]
pub struct Columns {
    event_ids: Vec<Uuid>,
    details: Vec<String>,
}

impl Columns {
    pub fn of(events: &[Event]) -> Result<Self, StoreError> {
        let mut all = Self::default();
        let mut seen = HashSet::with_capacity(events.len());
        // The same event twice at once is one row; twice in turn, the database sees to.
        for event in events.iter().filter(|event| seen.insert(event.event_id)) {
            let bad = StoreError::BadRow { what: "audit event" };
            let detail = event.normal().leaf().ok().filter(|leaf| !holds_null(leaf)).ok_or(bad)?;
            all.event_ids.push(event.event_id);
            all.details.push(detail);
        }
        Ok(all)
    }

    pub fn len(&self) -> usize {
        self.event_ids.len()
    }

    /// Appends those that are not there yet; returns the number of the last event.
    pub async fn append(&self, tx: &mut PgConnection) -> Result<i64, StoreError> {
        let head = sqlx::query_scalar!(
            r#"SELECT append_audit($1, $2) AS "head!""#,
            &self.event_ids,
            &self.details,
        )
        .fetch_one(tx)
        .await?;
        Ok(head)
    }
}

/// Whether a string in it holds U+0000, which the audit service's jsonb can't: its follower would
/// stand still there for ever. A backslash that is itself escaped escapes nothing.
fn holds_null(json: &str) -> bool {
    json.match_indices(r"\u0000").any(|(at, _)| {
        let before = json.get(..at).unwrap_or_default();
        before.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_null_is_found_and_what_only_looks_like_one_is_not() {
        for (text, holds) in [
            ("a\0", true),
            (r"a\u0000", false),
            ("a\\\0", true),
            (r"a\\u0000", false),
            ("\\u0000\0", true),
            ("u0000", false),
        ] {
            assert_eq!(holds_null(&serde_json::to_string(text).unwrap()), holds, "{text:?}");
        }
    }
}
