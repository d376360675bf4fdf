//! Numbers without people.

use kernel::Instant;
use pg::StoreError;
use rpc::figures::Count;
use uuid::Uuid;

use super::Referrals;

/// How often one thing happened for one need.
#[derive(Debug, Clone)]
pub struct Measured {
    pub need: String,
    /// As `count_moves` names it.
    pub measure: String,
    pub count: Count,
    /// Of acceptances: from the first sending.
    pub median_seconds: Option<f64>,
}

/// Whose referrals are counted; none: everybody's.
#[derive(Debug, Clone, Copy)]
pub enum Whose {
    Everybody,
    SentBy(Uuid),
    SentTo(Uuid),
}

impl Referrals {
    /// `victim`: the providers of victim services, of whom nothing is counted.
    pub async fn counted(
        &self,
        since: Instant,
        before: Instant,
        whose: Whose,
        victim: Vec<Uuid>,
    ) -> Result<Vec<Measured>, StoreError> {
        let (source, target) = match whose {
            Whose::Everybody => (None, None),
            Whose::SentBy(agency) => (Some(agency), None),
            Whose::SentTo(agency) => (None, Some(agency)),
        };
        self.db
            .run_one("referrals.counted", move |conn| {
                let victim = victim.clone();
                Box::pin(async move {
                    let rows = sqlx::query!(
                        r#"SELECT need AS "need!", measure AS "measure!", times AS "times!",
                            people AS "people!", median_seconds
                        FROM count_moves($1, $2, $3, $4, $5)"#,
                        since,
                        before,
                        source,
                        target,
                        &victim
                    );
                    let rows = rows.fetch_all(conn).await?.into_iter().map(|row| Measured {
                        need: row.need,
                        measure: row.measure,
                        count: Count { times: row.times, people: row.people },
                        median_seconds: row.median_seconds,
                    });
                    Ok(rows.collect())
                })
            })
            .await
    }
}
