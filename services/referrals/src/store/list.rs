//! Lists: filtered by Visibility in SQL before the page is cut.

use kernel::{Instant, PersonId};
use permit::{Disclosed, Permit, ReadReferrals};
use pg::StoreError;
use uuid::Uuid;

use super::{
    Referrals,
    referral::{ReferralRow, referral_rows},
};
use crate::domain::Referral;

/// People that a list of everybody's asks about at once.
pub const MOST_PEOPLE: usize = 5_000;

/// Which page.
#[derive(Debug, Clone)]
pub struct Page {
    /// Of a person whom the reader named.
    pub named: bool,
    pub state: Option<i16>,
    /// The reader's agency, which sees drafts of its own.
    pub agency: Option<Uuid>,
    /// After this row, newest first.
    pub before: (Instant, Uuid),
    pub limit: i64,
}

impl Referrals {
    /// People with a referral that the agency sends or was sent; none where there are more than
    /// [`MOST_PEOPLE`].
    pub async fn people_of(&self, agency: Uuid) -> Result<Option<Vec<PersonId>>, StoreError> {
        let most = i32::try_from(MOST_PEOPLE + 1).unwrap_or(i32::MAX);
        let people = self
            .db
            .run_one("referrals.people", move |conn| {
                Box::pin(async move {
                    Ok(sqlx::query_scalar!(
                        r#"SELECT person_id AS "person_id!" FROM locate_people_of($1, $2) AS person_id"#,
                        agency,
                        most
                    )
                    .fetch_all(conn)
                    .await?)
                })
            })
            .await?;
        if people.len() > MOST_PEOPLE {
            return Ok(None);
        }
        Ok(Some(people.into_iter().map(PersonId::from).collect()))
    }

    /// A page of what the permit makes visible, sealed, and, where there is more, its last row.
    pub async fn list(
        &self,
        permit: &Permit<ReadReferrals>,
        page: Page,
    ) -> Result<(Disclosed<Referral>, Option<(Instant, Uuid)>), StoreError> {
        let (people, visibility) = (permit.people(), permit.visibility());
        let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let named = page.named;
        let rows: Vec<ReferralRow> = self
            .db
            .run_tx("referrals.list", permit.scope().reading(), move |tx| {
                let (people, visibility, page) = (people.clone(), visibility.clone(), page.clone());
                Box::pin(async move {
                    Ok(referral_rows!(
                        "referral_rows(added => false, ids => ARRAY(
                            SELECT r.id FROM referral r
                            WHERE r.person_id = ANY ($1)
                                AND (r.purposes IS NOT NULL OR r.custodian_id = $3)
                                AND ($4::smallint IS NULL OR r.state = $4)
                                AND (r.authored_at, r.id) < ($5, $6)
                                AND visible($2, r.id, r.person_id, r.kind, r.class,
                                    r.custodian_id, r.author, r.episode_id, r.authored_at,
                                    r.confidentiality, r.sensitivities, r.part2,
                                    r.victim_service, r.release_block_until)
                            ORDER BY r.authored_at DESC, r.id DESC
                            LIMIT $7))
                        ORDER BY authored_at DESC, id DESC",
                        &people,
                        visibility,
                        page.agency,
                        page.state,
                        page.before.0,
                        page.before.1,
                        page.limit + 1
                    )
                    .fetch_all(tx)
                    .await?)
                })
            })
            .await?;
        let more = rows.len() > limit;
        let mut referrals = Vec::with_capacity(rows.len());
        let mut last = None;
        for row in rows.into_iter().take(limit) {
            last = row.authored_at.map(|at| (at, row.id));
            let referral = Referral::try_from(row)?;
            referrals.push((referral.record.clone(), referral));
        }
        // Of what was read, not of what is released: the next page goes on from here either way.
        let sealed = if named { permit.seal(referrals) } else { permit.seal_found(referrals) };
        Ok((sealed, last.filter(|_| more)))
    }
}
