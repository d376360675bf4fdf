//! To which agencies anything of a person went.

use kernel::Instant;
use pg::{PgConnection, StoreError};
use uuid::Uuid;

use super::disclosure::set;
use crate::domain::Recipient;

/// Agencies in one answer.
const MOST: i64 = 1_000;

struct RecipientRow {
    agency: Uuid,
    disclosures: i64,
    first_at: Instant,
    last_at: Instant,
    purposes: i32,
    kinds: i32,
}

impl TryFrom<RecipientRow> for Recipient {
    type Error = StoreError;

    fn try_from(row: RecipientRow) -> Result<Self, StoreError> {
        let bad = |what| StoreError::BadRow { what };
        Ok(Self {
            agency: row.agency,
            disclosures: row.disclosures,
            first_at: row.first_at,
            last_at: row.last_at,
            purposes: set(row.purposes).ok_or(bad("purposes of a recipient"))?,
            kinds: set(row.kinds).ok_or(bad("kinds of a recipient"))?,
        })
    }
}

/// The latest first. It counts what [`super::disclosure::list`] shows without the custodians' access: a
/// test holds the two conditions together.
pub(super) async fn list(
    tx: &mut PgConnection,
    person: Uuid,
    confirmed_by: Option<Vec<Uuid>>,
    since: Instant,
    at: Instant,
) -> Result<Vec<Recipient>, StoreError> {
    let rows = sqlx::query_as!(
        RecipientRow,
        r#"SELECT COALESCE(recipient_id, agency_id) AS "agency!", count(*) AS "disclosures!",
            min(occurred_at) AS "first_at!", max(occurred_at) AS "last_at!",
            bit_or(purposes) AS "purposes!", bit_or(record_kinds) AS "kinds!"
         FROM disclosure d
         WHERE person_id = $1 AND outcome = 'PERMIT' AND bases <> '{}' AND told_now(d, $5)
            AND (bases <> '{NAMED_IN_CONSENT}' OR records <> '{}')
            AND NOT (bases <@ '{SELF,INVITATION,SUPPORT}' OR COALESCE(
                bases <@ '{CUSTODIAN}' AND custodians <@ ARRAY[agency_id], false))
            AND ($2::uuid[] IS NULL OR CASE WHEN custodians = '{}'
                THEN service = 'consent' AND (agency_id IS NULL OR agency_id = ANY ($2))
                    OR service = 'recovery' AND agency_id = ANY ($2)
                ELSE custodians <@ $2 END)
            AND occurred_at >= $3
            AND COALESCE(recipient_id, agency_id) IS NOT NULL
         GROUP BY 1
         ORDER BY max(occurred_at) DESC, 1
         LIMIT $4"#,
        person,
        confirmed_by.as_deref(),
        since,
        MOST,
        at,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(Recipient::try_from).collect()
}
