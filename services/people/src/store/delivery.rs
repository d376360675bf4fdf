//! Where a person is told that something waits: set, confirmed, shown and ended by the sign-in whose it is.

use kernel::Instant;
use pg::{Db, PgConnection, Sealed, StoreError};
use uuid::Uuid;
use webhook::Failure;

use super::{binding, confirmation::Own};
use crate::domain::{
    A_DAY, BETWEEN, CODE_LIFETIME, Delivery, DeliveryState, Key, MOST_CODES, MOST_WRONG, Place, Way,
};

const BAD: StoreError = StoreError::BadRow { what: "a notice delivery" };

/// As the table has it.
pub(super) struct Row {
    pub(super) id: Uuid,
    pub(super) way: i16,
    pub(super) content: Option<Vec<u8>>,
    pub(super) safe_way: bool,
    pub(super) set_at: Instant,
    pub(super) state: i16,
    pub(super) delivered_at: Option<Instant>,
    pub(super) failures: i32,
    pub(super) failing_since: Option<Instant>,
    pub(super) last_failure: Option<i16>,
}

impl TryFrom<Row> for Delivery {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            way: Way::of(row.way).ok_or(BAD)?,
            place: opened(row.content.as_deref())?,
            safe_way: row.safe_way,
            set_at: row.set_at,
            state: DeliveryState::of(row.state).ok_or(BAD)?,
            delivered_at: row.delivered_at,
            failures: row.failures,
            failing_since: row.failing_since,
            last_failure: match row.last_failure {
                Some(number) => Some(Failure::of(number).ok_or(BAD)?),
                None => None,
            },
        })
    }
}

fn opened(content: Option<&[u8]>) -> Result<Place, StoreError> {
    serde_json::from_slice(Sealed::open(content.ok_or(BAD)?)?).map_err(|_| BAD)
}

/// One that is set.
#[derive(Clone)]
pub struct New {
    pub id: Uuid,
    pub way: Way,
    pub place: Place,
    pub safe_way: bool,
    pub at: Instant,
    /// Of the code that confirms it, where one is needed.
    pub code: Key,
}

/// What came of setting one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Set {
    /// True: a code must confirm it.
    Done(bool),
    /// The one that was to be replaced is not there.
    Stale,
    /// As many codes were sent for the person as may be.
    TooManyCodes,
    /// The sign-in has ended.
    Ended,
}

/// Puts one in the place of what the sign-in set for its way before. What waits to be told waits still.
pub async fn set(
    tx: &mut PgConnection,
    own: &Own,
    new: &New,
    expected: Option<Uuid>,
) -> Result<Set, StoreError> {
    binding::lock(&mut *tx, own.person()).await?;
    let live = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM sign_in
             WHERE id = $1 AND person_id = $2 AND ended_at IS NULL) AS "is!""#,
        own.id(),
        own.person(),
    );
    if !live.fetch_one(&mut *tx).await? {
        return Ok(Set::Ended);
    }
    let before = sqlx::query!(
        "UPDATE notice_delivery n SET ended_at = $4, content = NULL, code = NULL
         FROM (SELECT id, content FROM notice_delivery
             WHERE person_id = $1 AND sign_in_id = $2 AND way = $3 AND ended_at IS NULL FOR UPDATE) AS o
         WHERE n.id = o.id RETURNING n.id, o.content, n.state, n.reached, n.waiting, n.failures,
             n.next_attempt, n.lease_until",
        own.person(),
        own.id(),
        new.way as i16,
        new.at,
    )
    .fetch_optional(&mut *tx)
    .await?;
    if expected.is_some() && expected != before.as_ref().map(|before| before.id) {
        return Ok(Set::Stale);
    }
    let confirmed = match (new.way, &before) {
        (Way::Webhook, _) => true,
        (Way::Email, None) => false,
        (Way::Email, Some(before)) => {
            // Who has refused for days may be somebody else by now.
            let active = DeliveryState::of(before.state) == Some(DeliveryState::Active);
            active && opened(before.content.as_deref())?.to == new.place.to
        }
    };
    if !confirmed && codes(&mut *tx, own, new.at - A_DAY).await? >= MOST_CODES {
        return Ok(Set::TooManyCodes);
    }
    let content = Sealed::seal(&serde_json::to_vec(&new.place).map_err(|_| BAD)?);
    sqlx::query!(
        "INSERT INTO notice_delivery (id, person_id, sign_in_id, way, content, safe_way, set_at, state, code,
             code_at, waiting, reached, next_attempt)
         SELECT $1, $2, $3, $4, $5, $6,
             -- Later than what was said of contacting before, whatever the clocks of replicas show.
             GREATEST($7, (SELECT max(p.stated_at) + interval '1 microsecond' FROM preference p
                 WHERE p.person_id = $2)),
             $8, $9, CASE WHEN $9::bytea IS NOT NULL THEN $7::timestamptz END, $10,
             COALESCE($11, (SELECT c.value FROM counter c WHERE c.name = 'notice'), 0),
             GREATEST($7, (SELECT max(d.delivered_at) + make_interval(secs => $12) FROM notice_delivery d
                 WHERE d.person_id = $2 AND d.sign_in_id = $3 AND d.way = $4),
                 -- Setting it anew is no way around waiting, nor beside what is under way.
                 $13, $14)",
        new.id,
        own.person(),
        own.id(),
        new.way as i16,
        content.bytes(),
        new.safe_way,
        new.at,
        if confirmed { DeliveryState::Active } else { DeliveryState::Unconfirmed } as i16,
        (!confirmed).then(|| new.code.bytes()),
        before.as_ref().is_some_and(|before| before.waiting),
        before.as_ref().map(|before| before.reached),
        BETWEEN.as_seconds_f64(),
        before.as_ref().filter(|before| before.failures > 0).map(|before| before.next_attempt),
        before.as_ref().and_then(|before| before.lease_until),
    )
    .execute(tx)
    .await?;
    Ok(Set::Done(!confirmed))
}

/// How many were made for the person since then.
async fn codes(tx: &mut PgConnection, own: &Own, since: Instant) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT count(*) AS "n!" FROM notice_delivery WHERE person_id = $1 AND code_at > $2"#,
        own.person(),
        since,
    )
    .fetch_one(tx)
    .await?)
}

/// Those that the sign-in has set.
pub async fn list(db: &Db, own: Own) -> Result<Vec<Delivery>, StoreError> {
    let rows = db.run_tx("delivery.list", own.scope().reading(), move |tx| {
        Box::pin(async move {
            let rows = sqlx::query_as!(
                Row,
                "SELECT id, way, content, safe_way, set_at, state, delivered_at, failures, failing_since,
                     last_failure
                 FROM notice_delivery
                 WHERE person_id = $1 AND sign_in_id = $2 AND ended_at IS NULL ORDER BY way",
                own.person(),
                own.id(),
            );
            Ok(rows.fetch_all(tx).await?)
        })
    });
    rows.await?.into_iter().map(Delivery::try_from).collect()
}

/// Which one a code confirms, as [`Key`] of the code for it; none: none. A wrong one is counted.
pub async fn tried(
    tx: &mut PgConnection,
    own: &Own,
    key: impl Fn(Uuid) -> Key,
    now: Instant,
) -> Result<Option<Uuid>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT id, code AS "code!" FROM notice_delivery
         WHERE person_id = $1 AND sign_in_id = $2 AND way = 1 AND state = 1 AND ended_at IS NULL
           AND code IS NOT NULL AND wrong_codes < $3 AND code_at > $4 FOR UPDATE"#,
        own.person(),
        own.id(),
        MOST_WRONG,
        now - CODE_LIFETIME,
    )
    .fetch_optional(&mut *tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    if key(row.id).is(&row.code) {
        return Ok(Some(row.id));
    }
    sqlx::query!(
        "UPDATE notice_delivery SET wrong_codes = wrong_codes + 1 WHERE id = $1 AND person_id = $2",
        row.id,
        own.person(),
    )
    .execute(tx)
    .await?;
    Ok(None)
}

/// One that [`tried`] found, from now on.
pub async fn confirm(tx: &mut PgConnection, own: &Own, id: Uuid) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE notice_delivery SET state = 2, code = NULL, failures = 0, failing_since = NULL,
             last_failure = NULL
         WHERE id = $1 AND person_id = $2",
        id,
        own.person(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Ends one and forgets where it led; none: there is none.
pub async fn end(
    tx: &mut PgConnection,
    own: &Own,
    way: Way,
    now: Instant,
) -> Result<Option<Uuid>, StoreError> {
    Ok(sqlx::query_scalar!(
        "UPDATE notice_delivery SET ended_at = $4, content = NULL, code = NULL
         WHERE person_id = $1 AND sign_in_id = $2 AND way = $3 AND ended_at IS NULL RETURNING id",
        own.person(),
        own.id(),
        way as i16,
        now,
    )
    .fetch_optional(tx)
    .await?)
}
