//! Access that stands out: found with the events that complete it, in their transaction.

use std::collections::BTreeMap;

use kernel::{Code as _, Instant};
use pg::{PgConnection, Scope, StoreError};
use time::{Date, UtcOffset};
use uuid::Uuid;

use super::Accounts;
use crate::domain::{AnomalyKind, AnomalyOutcome, Entry, TIMES, USUAL_DAYS, counted};

/// Access that stands out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anomaly {
    pub id: Uuid,
    pub kind: AnomalyKind,
    /// The practitioner within the agency.
    pub subject: String,
    pub begun_at: Instant,
    pub ended_at: Instant,
    pub count: i64,
    pub threshold: i64,
    pub found_at: Instant,
    pub review: Option<Review>,
}

/// What a look at it came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    pub outcome: AnomalyOutcome,
    pub note: String,
    pub at: Instant,
    pub reviewer: String,
}

/// What is asked of the database: each kind, practitioner and day (UTC) that new events count for, with
/// the first and the last of these.
#[derive(Default)]
struct Columns<'e> {
    kinds: Vec<&'static str>,
    agencies: Vec<Uuid>,
    subjects: Vec<&'e str>,
    firsts: Vec<Instant>,
    lasts: Vec<Instant>,
    bounds: Vec<i64>,
    windows: Vec<i64>,
}

impl<'e> Columns<'e> {
    fn of(entries: &[&'e Entry]) -> Self {
        let mut asked: BTreeMap<(Uuid, &str, AnomalyKind, Date), (Instant, Instant)> =
            BTreeMap::new();
        for event in entries.iter().filter_map(|entry| Some(&entry.told.as_ref()?.event)) {
            let Some(agency) = event.caller.agency else { continue };
            let at = event.occurred_at;
            let day = at.to_offset(UtcOffset::UTC).date();
            for kind in counted(event) {
                asked
                    .entry((agency, &*event.caller.subject, kind, day))
                    .and_modify(|(first, last)| (*first, *last) = (at.min(*first), at.max(*last)))
                    .or_insert((at, at));
            }
        }
        let mut all = Self::default();
        for ((agency, subject, kind, _), (first, last)) in asked {
            all.kinds.push(kind.code());
            all.agencies.push(agency);
            all.subjects.push(subject);
            all.firsts.push(first);
            all.lasts.push(last);
            all.bounds.push(kind.rule().bound);
            all.windows.push(kind.rule().window.whole_seconds());
        }
        all
    }
}

struct Found {
    kind: String,
    agency_id: Uuid,
    subject: String,
    day: Date,
    begun_at: Instant,
    ended_at: Instant,
    count: i64,
    threshold: i64,
}

/// Looks at what these events, which are there already, may have completed, and keeps what is new. One
/// statement where nothing stands out, and none where no staff asked for anything.
pub(super) async fn find(
    tx: &mut PgConnection,
    entries: &[&Entry],
    found_at: Instant,
) -> Result<(), StoreError> {
    let asked = Columns::of(entries);
    if asked.kinds.is_empty() {
        return Ok(());
    }
    let found = sqlx::query_as!(
        Found,
        r#"SELECT kind AS "kind!", agency_id AS "agency_id!", subject AS "subject!", day AS "day!",
               begun_at AS "begun_at!", ended_at AS "ended_at!", count AS "count!",
               threshold AS "threshold!"
           FROM find_anomalies($1, $2, $3, $4, $5, $6, $7, $8, $9)"#,
        &asked.kinds as &[&str],
        &asked.agencies,
        &asked.subjects as &[&str],
        &asked.firsts,
        &asked.lasts,
        &asked.bounds,
        &asked.windows,
        TIMES,
        USUAL_DAYS,
    )
    .fetch_all(&mut *tx)
    .await?;
    if found.is_empty() {
        return Ok(());
    }
    add(tx, found, found_at).await
}

/// In one order for all: whoever adds the same waits for the other, and never in a circle.
async fn add(
    tx: &mut PgConnection,
    mut found: Vec<Found>,
    found_at: Instant,
) -> Result<(), StoreError> {
    found.sort_unstable_by(|a, b| {
        let key = |f: &Found| (f.agency_id, f.day);
        (key(a), &a.subject, &a.kind).cmp(&(key(b), &b.subject, &b.kind))
    });
    let kinds: Vec<&str> = found.iter().map(|f| &*f.kind).collect();
    let agencies: Vec<Uuid> = found.iter().map(|f| f.agency_id).collect();
    let subjects: Vec<&str> = found.iter().map(|f| &*f.subject).collect();
    let days: Vec<Date> = found.iter().map(|f| f.day).collect();
    let begun: Vec<Instant> = found.iter().map(|f| f.begun_at).collect();
    let ended: Vec<Instant> = found.iter().map(|f| f.ended_at).collect();
    let counts: Vec<i64> = found.iter().map(|f| f.count).collect();
    let thresholds: Vec<i64> = found.iter().map(|f| f.threshold).collect();
    let added = sqlx::query!(
        "INSERT INTO anomaly (anomaly_id, kind, agency_id, subject, day, begun_at, ended_at, count,
             threshold, found_at)
         SELECT gen_random_uuid(), u.*, $9
         FROM unnest($1::text[], $2::uuid[], $3::text[], $4::date[], $5::timestamptz[],
             $6::timestamptz[], $7::bigint[], $8::bigint[]) u
         ON CONFLICT (kind, agency_id, subject, day) DO NOTHING",
        &kinds as &[&str],
        &agencies,
        &subjects as &[&str],
        &days,
        &begun,
        &ended,
        &counts,
        &thresholds,
        found_at,
    )
    .execute(tx)
    .await?;
    if added.rows_affected() > 0 {
        tracing::info!(count = added.rows_affected(), "access stands out");
    }
    Ok(())
}

struct AnomalyRow {
    id: Uuid,
    kind: String,
    subject: String,
    begun_at: Instant,
    ended_at: Instant,
    count: i64,
    threshold: i64,
    found_at: Instant,
    outcome: Option<String>,
    note: Option<String>,
    reviewed_at: Option<Instant>,
    reviewer: Option<String>,
}

impl TryFrom<AnomalyRow> for Anomaly {
    type Error = StoreError;

    fn try_from(row: AnomalyRow) -> Result<Self, StoreError> {
        let bad = |what| StoreError::BadRow { what };
        let review = match (row.outcome, row.note, row.reviewed_at, row.reviewer) {
            (Some(outcome), Some(note), Some(at), Some(reviewer)) => {
                let outcome = AnomalyOutcome::parse(&outcome).ok_or(bad("outcome of a review"))?;
                Some(Review { outcome, note, at, reviewer })
            }
            _ => None,
        };
        Ok(Self {
            id: row.id,
            kind: AnomalyKind::parse(&row.kind).ok_or(bad("kind of an anomaly"))?,
            subject: row.subject,
            begun_at: row.begun_at,
            ended_at: row.ended_at,
            count: row.count,
            threshold: row.threshold,
            found_at: row.found_at,
            review,
        })
    }
}

/// Keeps a review; false where there is one already.
pub(crate) async fn review(
    tx: &mut PgConnection,
    id: Uuid,
    review: &Review,
) -> Result<bool, StoreError> {
    let added = sqlx::query!(
        "INSERT INTO anomaly_review (anomaly_id, outcome, note, reviewed_at, reviewer)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (anomaly_id) DO NOTHING",
        id,
        review.outcome.code(),
        review.note,
        review.at,
        review.reviewer,
    );
    Ok(added.execute(tx).await?.rows_affected() == 1)
}

async fn get(
    conn: &mut PgConnection,
    agency: Uuid,
    id: Uuid,
) -> Result<Option<Anomaly>, StoreError> {
    let row = sqlx::query_as!(
        AnomalyRow,
        r#"SELECT a.anomaly_id AS id, a.kind, a.subject, a.begun_at, a.ended_at, a.count, a.threshold,
               a.found_at, r.outcome AS "outcome?", r.note AS "note?",
               r.reviewed_at AS "reviewed_at?", r.reviewer AS "reviewer?"
           FROM anomaly a LEFT JOIN anomaly_review r USING (anomaly_id)
           WHERE a.agency_id = $1 AND a.anomaly_id = $2"#,
        agency,
        id,
    );
    row.fetch_optional(conn).await?.map(Anomaly::try_from).transpose()
}

async fn list(
    conn: &mut PgConnection,
    agency: Uuid,
    open_only: bool,
    before: (Instant, Uuid),
    most: i64,
) -> Result<Vec<Anomaly>, StoreError> {
    let rows = sqlx::query_as!(
        AnomalyRow,
        r#"SELECT a.anomaly_id AS id, a.kind, a.subject, a.begun_at, a.ended_at, a.count, a.threshold,
               a.found_at, r.outcome AS "outcome?", r.note AS "note?",
               r.reviewed_at AS "reviewed_at?", r.reviewer AS "reviewer?"
           FROM anomaly a LEFT JOIN anomaly_review r USING (anomaly_id)
           WHERE a.agency_id = $1 AND (a.found_at, a.anomaly_id) < ($2, $3)
               AND NOT ($4 AND r.anomaly_id IS NOT NULL)
           ORDER BY a.found_at DESC, a.anomaly_id DESC LIMIT $5"#,
        agency,
        before.0,
        before.1,
        open_only,
        most,
    );
    rows.fetch_all(conn).await?.into_iter().map(Anomaly::try_from).collect()
}

impl Accounts {
    /// One of an agency's.
    pub async fn anomaly(&self, agency: Uuid, id: Uuid) -> Result<Option<Anomaly>, StoreError> {
        self.db
            .run_tx("anomaly.get", Scope::nobody().reading(), move |tx| {
                Box::pin(get(tx, agency, id))
            })
            .await
    }

    /// A page of an agency's, the last found first.
    pub async fn anomalies(
        &self,
        agency: Uuid,
        open_only: bool,
        before: (Instant, Uuid),
        most: i64,
    ) -> Result<Vec<Anomaly>, StoreError> {
        self.db
            .run_tx("anomaly.list", Scope::nobody().reading(), move |tx| {
                Box::pin(list(tx, agency, open_only, before, most))
            })
            .await
    }
}
