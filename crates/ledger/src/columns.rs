//! Events as columns, for one statement.

use std::collections::HashSet;

use kernel::{Code as _, Instant};
use pg::{PgConnection, StoreError};
use uuid::Uuid;

use crate::Event;

#[derive(Debug, Default)]
pub struct Columns {
    event_ids: Vec<Uuid>,
    occurred: Vec<Instant>,
    outcomes: Vec<&'static str>,
    rpcs: Vec<String>,
    decisions: Vec<Uuid>,
    people: Vec<Option<Uuid>>,
    actions: Vec<&'static str>,
    reasons: Vec<Option<String>>,
    caller_kinds: Vec<String>,
    caller_agencies: Vec<Option<Uuid>>,
    revisions: Vec<i64>,
    traces: Vec<Option<Vec<u8>>>,
    details: Vec<String>,
}

impl Columns {
    pub fn of(events: &[Event]) -> Result<Self, StoreError> {
        let mut all = Self::default();
        let mut seen = HashSet::with_capacity(events.len());
        // The same event twice at once is one row; twice in turn, the database sees to.
        for event in events.iter().filter(|event| seen.insert(event.event_id)) {
            let event = event.normal();
            let detail = event.leaf().map_err(|_| StoreError::BadRow { what: "audit event" })?;
            all.event_ids.push(event.event_id);
            all.occurred.push(event.occurred_at);
            all.outcomes.push(event.outcome.code());
            all.rpcs.push(event.rpc.to_string());
            all.decisions.push(event.decision_id);
            all.people.push(event.person);
            all.actions.push(event.action.code());
            all.reasons.push(event.reason.as_ref().map(ToString::to_string));
            all.caller_kinds.push(event.caller.kind.to_string());
            all.caller_agencies.push(event.caller.agency);
            all.revisions.push(event.revision);
            all.traces.push(event.trace_id.map(|t| t.to_vec()));
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
            r#"SELECT append_audit($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
               AS "head!""#,
            &self.event_ids,
            &self.occurred,
            &self.outcomes as &[&str],
            &self.rpcs,
            &self.decisions,
            &self.people as &[Option<Uuid>],
            &self.actions as &[&str],
            &self.reasons as &[Option<String>],
            &self.caller_kinds,
            &self.caller_agencies as &[Option<Uuid>],
            &self.revisions,
            &self.traces as &[Option<Vec<u8>>],
            &self.details,
        )
        .fetch_one(tx)
        .await?;
        Ok(head)
    }
}
