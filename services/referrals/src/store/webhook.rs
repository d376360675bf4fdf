//! Rows of `webhook`. They name nobody, and hold no secret.

use kernel::{AgencyId, CodeSet, Instant, Purpose};
use pg::{PgConnection, Scope, StoreError};
use uuid::Uuid;
use webhook::Failure;

use super::Referrals;
use crate::domain::{Status, Webhook};

/// Of one agency, those that are gone not counted.
pub const MOST_WEBHOOKS: i64 = 5;

const BAD: StoreError = StoreError::BadRow { what: "webhook" };

/// As the table has it.
struct Row {
    id: Uuid,
    agency: Uuid,
    url: String,
    purposes: i32,
    created_at: Instant,
    status: i16,
    generation: i32,
    rotated_at: Option<Instant>,
    reached: i64,
    delivered_at: Option<Instant>,
    failures: i32,
    failing_since: Option<Instant>,
    last_failure: Option<i16>,
    next_attempt: Instant,
}

impl TryFrom<Row> for Webhook {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            agency: AgencyId::from(row.agency),
            url: row.url,
            purposes: CodeSet::<Purpose>::from_bits(u32::try_from(row.purposes).map_err(|_| BAD)?),
            created_at: row.created_at,
            status: Status::of(row.status).ok_or(BAD)?,
            generation: row.generation,
            rotated_at: row.rotated_at,
            reached: row.reached,
            delivered_at: row.delivered_at,
            failures: row.failures,
            failing_since: row.failing_since,
            last_failure: match row.last_failure {
                Some(number) => Some(Failure::of(number).ok_or(BAD)?),
                None => None,
            },
            next_attempt: row.next_attempt,
        })
    }
}

/// One that may be delivered to now, if there is anything.
#[derive(Debug, Clone)]
pub struct Waiting {
    pub id: Uuid,
    pub agency: Uuid,
    pub reached: i64,
}

/// Adds one; none: its agency has [`MOST_WEBHOOKS`].
pub async fn register(tx: &mut PgConnection, new: &Webhook) -> Result<bool, StoreError> {
    let agency = new.agency.uuid().unwrap_or_default();
    sqlx::query!(
        r#"SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' webhooks ' || $1, 0))
            AS "locked!: ()""#,
        agency.to_string(),
    )
    .execute(&mut *tx)
    .await?;
    let added = sqlx::query!(
        "INSERT INTO webhook (id, agency, url, purposes, created_at, status, generation, reached, next_attempt)
         SELECT $1, $2, $3, $4, $5, $6, 1, $7, $5 FROM webhook
         WHERE agency = $2 AND ended_at IS NULL AND status <> 3 HAVING count(*) < $8",
        new.id,
        agency,
        new.url,
        i32::try_from(new.purposes.bits()).unwrap_or_default(),
        new.created_at,
        new.status as i16,
        new.reached,
        MOST_WEBHOOKS,
    );
    Ok(added.execute(tx).await?.rows_affected() == 1)
}

/// One of an agency's that it has not ended, locked.
pub async fn own(
    tx: &mut PgConnection,
    agency: Uuid,
    id: Uuid,
) -> Result<Option<Webhook>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, agency, url, purposes, created_at, status, generation, rotated_at, reached, delivered_at,
            failures, failing_since, last_failure, next_attempt
         FROM webhook WHERE id = $2 AND agency = $1 AND ended_at IS NULL FOR UPDATE",
        agency,
        id,
    );
    row.fetch_optional(tx).await?.map(Webhook::try_from).transpose()
}

/// Its next secret.
pub async fn rotate(tx: &mut PgConnection, id: Uuid, now: Instant) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE webhook SET generation = generation + 1, rotated_at = $2 WHERE id = $1",
        id,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Told again from after a number. Whoever delivers to it now finds that its place has changed, and stops.
pub async fn replay(
    tx: &mut PgConnection,
    id: Uuid,
    reached: i64,
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE webhook SET reached = $2, status = 1, failures = 0, failing_since = NULL, last_failure = NULL,
            next_attempt = $3
         WHERE id = $1 AND status <> 3",
        id,
        reached,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Ended by its agency.
pub async fn end(tx: &mut PgConnection, id: Uuid, now: Instant) -> Result<(), StoreError> {
    sqlx::query!("UPDATE webhook SET ended_at = $2 WHERE id = $1", id, now).execute(tx).await?;
    Ok(())
}

impl Referrals {
    /// An agency's, newest first, after a place.
    pub async fn webhooks(
        &self,
        agency: Uuid,
        before: (Instant, Uuid),
        most: i64,
    ) -> Result<Vec<Webhook>, StoreError> {
        let rows = self
            .db
            .run_one("webhooks.list", move |conn| {
                Box::pin(async move {
                    let rows = sqlx::query_as!(
                        Row,
                        "SELECT id, agency, url, purposes, created_at, status, generation, rotated_at, reached,
                            delivered_at, failures, failing_since, last_failure, next_attempt
                         FROM webhook
                         WHERE agency = $1 AND ended_at IS NULL AND (created_at, id) < ($2, $3)
                         ORDER BY created_at DESC, id DESC LIMIT $4",
                        agency,
                        before.0,
                        before.1,
                        most,
                    );
                    Ok(rows.fetch_all(conn).await?)
                })
            })
            .await?;
        rows.into_iter().map(Webhook::try_from).collect()
    }

    /// One of an agency's that it has not ended.
    pub async fn webhook(&self, agency: Uuid, id: Uuid) -> Result<Option<Webhook>, StoreError> {
        self.db
            .run_tx("webhooks.one", Scope::nobody(), move |tx| Box::pin(own(tx, agency, id)))
            .await
    }

    /// Those that may be delivered to now, and that nobody delivers to.
    pub async fn waiting(&self, now: Instant) -> Result<Vec<Waiting>, StoreError> {
        self.db
            .run_one("webhooks.waiting", move |conn| {
                Box::pin(async move {
                    let waiting = sqlx::query_as!(
                        Waiting,
                        "SELECT id, agency, reached FROM webhook
                         WHERE status = 1 AND ended_at IS NULL AND next_attempt <= $1
                            AND (lease_until IS NULL OR lease_until <= $1)
                         ORDER BY next_attempt, id",
                        now,
                    );
                    Ok(waiting.fetch_all(conn).await?)
                })
            })
            .await
    }

    /// Makes `deliverer` the one who delivers until `until`; none: another does, or nothing is to be delivered.
    pub async fn take_webhook(
        &self,
        id: Uuid,
        deliverer: Uuid,
        (now, until): (Instant, Instant),
    ) -> Result<Option<Webhook>, StoreError> {
        let row = self
            .db
            .run_one("webhooks.take", move |conn| {
                Box::pin(async move {
                    let row = sqlx::query_as!(
                        Row,
                        "UPDATE webhook SET deliverer = $2, lease_until = $4
                         WHERE id = $1 AND status = 1 AND ended_at IS NULL AND next_attempt <= $3
                            AND (lease_until IS NULL OR lease_until <= $3)
                         RETURNING id, agency, url, purposes, created_at, status, generation, rotated_at,
                            reached, delivered_at, failures, failing_since, last_failure, next_attempt",
                        id,
                        deliverer,
                        now,
                        until,
                    );
                    Ok(row.fetch_optional(conn).await?)
                })
            })
            .await?;
        row.map(Webhook::try_from).transpose()
    }

    /// On to an event that was told at `delivered`, or was not to be told. False: somebody else delivers, or
    /// its place has changed.
    pub async fn webhook_moved(
        &self,
        (id, deliverer): (Uuid, Uuid),
        (from, to): (i64, i64),
        delivered: Option<Instant>,
        until: Instant,
    ) -> Result<bool, StoreError> {
        self.db
            .run_one("webhooks.moved", move |conn| {
                Box::pin(async move {
                    let moved = sqlx::query!(
                        "UPDATE webhook SET reached = $4, lease_until = $6,
                            delivered_at = COALESCE($5, delivered_at),
                            failures = CASE WHEN $5::timestamptz IS NULL THEN failures ELSE 0 END,
                            failing_since = CASE WHEN $5::timestamptz IS NULL THEN failing_since END,
                            last_failure = CASE WHEN $5::timestamptz IS NULL THEN last_failure END
                         WHERE id = $1 AND deliverer = $2 AND reached = $3 AND status = 1
                            AND ended_at IS NULL",
                        id,
                        deliverer,
                        from,
                        to,
                        delivered,
                        until,
                    );
                    Ok(moved.execute(conn).await?.rows_affected() == 1)
                })
            })
            .await
    }

    /// It could not be delivered: tried again at `next`, disabled where it has failed since before
    /// `too_long_ago`, and never again where its receiver is gone.
    pub async fn webhook_failed(
        &self,
        (id, deliverer): (Uuid, Uuid),
        failure: Failure,
        now: Instant,
        next: Instant,
        too_long_ago: Instant,
    ) -> Result<(), StoreError> {
        let gone = failure == Failure::Gone;
        self.db
            .run_one("webhooks.failed", move |conn| {
                Box::pin(async move {
                    sqlx::query!(
                        "UPDATE webhook SET failures = failures + 1,
                            failing_since = COALESCE(failing_since, $4), last_failure = $3,
                            next_attempt = $5, deliverer = NULL, lease_until = NULL,
                            status = CASE WHEN $7 THEN 3 WHEN failing_since <= $6 THEN 2 ELSE status END
                         WHERE id = $1 AND deliverer = $2",
                        id,
                        deliverer,
                        failure as i16,
                        now,
                        next,
                        too_long_ago,
                        gone,
                    )
                    .execute(conn)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Nobody delivers to it now; nor will before `next`.
    pub async fn release_webhook(
        &self,
        (id, deliverer): (Uuid, Uuid),
        next: Instant,
    ) -> Result<(), StoreError> {
        self.db
            .run_one("webhooks.release", move |conn| {
                Box::pin(async move {
                    sqlx::query!(
                        "UPDATE webhook SET deliverer = NULL, lease_until = NULL, next_attempt = $3
                         WHERE id = $1 AND deliverer = $2",
                        id,
                        deliverer,
                        next,
                    )
                    .execute(conn)
                    .await?;
                    Ok(())
                })
            })
            .await
    }
}
