//! What was sent about one person, for what follows from a change of their consents.

use kernel::{AgencyId, CodeSet, Purpose};
use permit::ByNetwork;
use pg::StoreError;
use policy::Record;

use super::{Referrals, referral::record, write::standing};
use crate::domain::Standing;

/// A referral that was sent.
#[derive(Debug, Clone)]
pub struct Sent {
    pub record: Record,
    pub target: AgencyId,
    pub purposes: CodeSet<Purpose>,
    pub standing: Standing,
    pub target_sees: bool,
}

impl Referrals {
    /// All that was sent about the act's person, whatever is being sent now included: what has begun
    /// to be sent is waited for (see `sending`).
    pub async fn sent(&self, act: &ByNetwork) -> Result<Vec<Sent>, StoreError> {
        let person = act.person_id();
        let rows = self
            .db
            .run_tx("referrals.sent", act.scope(), move |tx| {
                Box::pin(async move {
                    sqlx::query!(
                        r#"SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' sent ' || $1, 0))
                            AS "locked!: ()""#,
                        person.to_string()
                    )
                    .execute(&mut *tx)
                    .await?;
                    Ok(sqlx::query!(
                        r#"SELECT id, person_id, class, custodian_id, author, episode_id,
                            authored_at, confidentiality, sensitivities, part2, victim_service,
                            release_block_until, target_id, state, held_from, hold_reason_system,
                            purposes AS "purposes!", target_sees
                        FROM referral WHERE person_id = $1 AND purposes IS NOT NULL
                        ORDER BY authored_at, id"#,
                        person
                    )
                    .fetch_all(tx)
                    .await?)
                })
            })
            .await?;
        let mut sent = Vec::with_capacity(rows.len());
        for row in rows {
            let bits = u32::try_from(row.purposes)
                .map_err(|_| StoreError::BadRow { what: "purposes of a referral" })?;
            sent.push(Sent {
                target: AgencyId::from(row.target_id),
                purposes: CodeSet::from_bits(bits),
                standing: standing(row.state, row.held_from, row.hold_reason_system)?,
                target_sees: row.target_sees,
                record: record!(row)?,
            });
        }
        Ok(sent)
    }
}
