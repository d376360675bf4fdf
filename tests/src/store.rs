//! What the database holds in the end, read by its administrator: what no service says of itself.

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{Connection as _, FromRow, PgConnection};
use time::OffsetDateTime;
use uuid::Uuid;

/// A row of `referral_event`.
#[derive(Debug, Clone, FromRow)]
pub struct ReferralEvent {
    pub seq: i64,
    pub referral_id: Uuid,
    pub source_id: Uuid,
    pub target_id: Uuid,
    pub kind: i16,
    pub state: Option<i16>,
    pub at: OffsetDateTime,
    pub for_agency: Option<Uuid>,
}

/// What became of a referral, by its own rows: the states of its moves in their order, and how often
/// something was added that moved nothing.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ReferralHistory {
    pub id: Uuid,
    pub moves: Vec<i16>,
    pub added: i64,
}

async fn connected(admin: &SecretString) -> PgConnection {
    PgConnection::connect(admin.expose_secret()).await.unwrap()
}

/// Every event, in its order.
pub async fn referral_events(admin: &SecretString) -> Vec<ReferralEvent> {
    let events = "SELECT seq, referral_id, source_id, target_id, kind, state, at, for_agency
        FROM referrals.referral_event ORDER BY seq";
    sqlx::query_as(events).fetch_all(&mut connected(admin).await).await.unwrap()
}

/// The last event's number; none: the database does not answer now.
pub async fn last_referral_event(admin: &SecretString) -> Option<i64> {
    let mut conn = PgConnection::connect(admin.expose_secret()).await.ok()?;
    let last = "SELECT COALESCE(max(seq), 0) FROM referrals.referral_event";
    sqlx::query_scalar(last).fetch_one(&mut conn).await.ok()
}

/// Every referral. A no of the person's has its move, and is nothing added.
pub async fn referral_histories(admin: &SecretString) -> Vec<ReferralHistory> {
    let histories = "SELECT r.id,
            ARRAY(SELECT m.state FROM referrals.referral_move m
                WHERE m.referral_id = r.id ORDER BY m.n) AS moves,
            (SELECT count(*) FROM referrals.referral_contact c WHERE c.referral_id = r.id)
            + (SELECT count(*) FROM referrals.referral_answer a WHERE a.referral_id = r.id
                AND NOT EXISTS (SELECT FROM referrals.referral_move m WHERE m.referral_id = r.id
                    AND m.agency IS NULL AND m.at = a.at AND a.answer = 2)) AS added
        FROM referrals.referral r";
    sqlx::query_as(histories).fetch_all(&mut connected(admin).await).await.unwrap()
}
