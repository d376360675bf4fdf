//! Access as a privacy officer is told of it. What their agency is not to know stays behind a function
//! of the schema's owner: no row of the table is read here.

use kernel::{Code as _, Instant};
use pg::{PgConnection, StoreError};
use uuid::Uuid;

use super::disclosure::set;
use crate::domain::{Access, codes};

/// Which events, and which page of them.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Whose officer asks.
    pub office: Uuid,
    /// By the office's own staff; else of records that it holds.
    pub by_staff: bool,
    pub practitioner: Option<String>,
    pub begin: Option<Instant>,
    /// This instant is not in it.
    pub end: Option<Instant>,
    pub refused_only: bool,
    /// After this row, newest first.
    pub before: (Instant, Uuid),
    pub limit: i64,
}

struct AccessRow {
    service: String,
    sequence: i64,
    event_id: Uuid,
    occurred_at: Instant,
    decision_id: Uuid,
    agency_id: Option<Uuid>,
    subject: String,
    purposes: i32,
    rpc: String,
    action: String,
    permitted: bool,
    person_id: Option<Uuid>,
    records: Vec<Uuid>,
    record_kinds: i32,
    bases: Vec<String>,
    reason: Option<String>,
}

impl TryFrom<AccessRow> for Access {
    type Error = StoreError;

    fn try_from(row: AccessRow) -> Result<Self, StoreError> {
        let bad = |what| StoreError::BadRow { what };
        Ok(Self {
            service: row.service,
            sequence: row.sequence,
            event_id: row.event_id,
            at: row.occurred_at,
            decision_id: row.decision_id,
            agency: row.agency_id,
            practitioner: row.subject,
            purposes: set(row.purposes).ok_or(bad("purposes of an access"))?,
            rpc: row.rpc,
            action: kernel::Action::parse(&row.action).ok_or(bad("action of an access"))?,
            permitted: row.permitted,
            person: row.person_id,
            records: row.records,
            kinds: set(row.record_kinds).ok_or(bad("kinds of an access"))?,
            bases: codes(&row.bases).ok_or(bad("bases of an access"))?,
            reason: row.reason,
        })
    }
}

/// A page, newest first, and whether there is more.
pub(super) async fn list(
    tx: &mut PgConnection,
    asked: &Asked,
) -> Result<(Vec<Access>, bool), StoreError> {
    let rows = sqlx::query_as!(
        AccessRow,
        r#"SELECT service AS "service!", sequence AS "sequence!", event_id AS "event_id!",
            occurred_at AS "occurred_at!", decision_id AS "decision_id!", agency_id,
            subject AS "subject!", purposes AS "purposes!", rpc AS "rpc!", action AS "action!",
            permitted AS "permitted!", person_id, records AS "records!",
            record_kinds AS "record_kinds!", bases AS "bases!", reason
         FROM access_events($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ORDER BY occurred_at DESC, event_id DESC"#,
        asked.office,
        asked.by_staff,
        asked.practitioner.as_deref(),
        asked.begin,
        asked.end,
        asked.refused_only,
        asked.before.0,
        asked.before.1,
        asked.limit + 1,
    )
    .fetch_all(tx)
    .await?;
    let limit = usize::try_from(asked.limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    let page = rows.into_iter().take(limit).map(Access::try_from);
    Ok((page.collect::<Result<_, _>>()?, more))
}
