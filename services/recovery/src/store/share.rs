//! Shares.

use kernel::{ConsentId, Instant, PersonId, RecordId};
use permit::StandingPermit;
use pg::{Db, PgConnection, Scope, StoreError};
use uuid::Uuid;

use crate::domain::{Grantee, Share};

/// A share as its row has it.
struct ShareRow {
    id: Uuid,
    section_id: Uuid,
    person_id: Uuid,
    grantee: String,
    created_at: Instant,
    until_at: Instant,
    ended_at: Option<Instant>,
    crisis_id: Option<Uuid>,
}

impl From<ShareRow> for Share {
    fn from(row: ShareRow) -> Self {
        Self {
            id: row.id,
            section: row.section_id,
            person: row.person_id,
            grantee: Grantee::of(&row.grantee),
            created_at: row.created_at,
            until: row.until_at,
            ended_at: row.ended_at,
            crisis: row.crisis_id,
        }
    }
}

/// The shares of these people's plans that nobody has ended, as decisions go by them: whether one lasts is theirs
/// to see, and only what lapsed before `since` is left out. Those with a supporter only while they are of the circle and
/// may read.
pub async fn open_shares(
    db: &Db,
    people: Vec<Uuid>,
    since: Instant,
) -> Result<Vec<policy::Share>, StoreError> {
    let scope = Scope::people(people.iter().copied()).reading();
    let rows = db.run_tx("share.facts", scope, move |tx| {
        let people = people.clone();
        Box::pin(async move {
            Ok(sqlx::query!(
                "SELECT s.id, s.section_id, s.person_id, s.grantee, s.until_at FROM share s
                 WHERE s.person_id = ANY ($1) AND s.ended_at IS NULL AND s.until_at > $2
                   AND (s.supporter_id IS NULL OR EXISTS (SELECT FROM supporter r
                       WHERE r.id = s.supporter_id AND r.person_id = s.person_id
                         AND r.ended_at IS NULL AND NOT r.contribute_only))",
                &people,
                since,
            )
            .fetch_all(tx)
            .await?)
        })
    });
    let share = |id: Uuid, person: Uuid, record: Uuid, grantee, until| policy::Share {
        id: ConsentId::from(id),
        person: PersonId::from(person),
        record: RecordId::from(record),
        grantee,
        until: Some(until),
    };
    let rows = rows.await?.into_iter();
    Ok(rows.map(|r| share(r.id, r.person_id, r.section_id, r.grantee, r.until_at)).collect())
}

/// Whether the section is one of the permit's person.
pub async fn of_section(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    section: Uuid,
) -> Result<bool, StoreError> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM plan_section WHERE id = $1 AND person_id = $2) AS "found!""#,
        section,
        permit.person_id(),
    );
    Ok(found.fetch_one(tx).await?)
}

/// How many shares of a section are open that the person made.
pub async fn live(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    section: Uuid,
    now: Instant,
) -> Result<i64, StoreError> {
    let live = sqlx::query_scalar!(
        r#"SELECT count(*) AS "live!" FROM share
           WHERE section_id = $1 AND person_id = $2 AND ended_at IS NULL AND until_at > $3
             AND crisis_id IS NULL"#,
        section,
        permit.person_id(),
        now,
    );
    Ok(live.fetch_one(tx).await?)
}

/// Ends what there is between a section and a grantee, beside what a crisis shows.
pub async fn end_with(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    section: Uuid,
    grantee: &Grantee,
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE share SET ended_at = $4
         WHERE section_id = $1 AND person_id = $2 AND grantee = $3 AND ended_at IS NULL
           AND crisis_id IS NULL",
        section,
        permit.person_id(),
        grantee.text(),
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Keeps a new share of the permit's person.
pub async fn share(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    new: &Share,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO share (id, section_id, person_id, grantee, created_at, until_at, supporter_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        new.id,
        new.section,
        permit.person_id(),
        new.grantee.text(),
        new.created_at,
        new.until,
        new.grantee.supporter(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Ends a share of the permit's person: the share as it was before, none where there is none.
pub async fn end(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    id: Uuid,
    now: Instant,
) -> Result<Option<Share>, StoreError> {
    let row = sqlx::query_as!(
        ShareRow,
        "SELECT id, section_id, person_id, grantee, created_at, until_at, ended_at, crisis_id
         FROM share
         WHERE id = $1 AND person_id = $2 FOR UPDATE",
        id,
        permit.person_id(),
    );
    let Some(before) = row.fetch_optional(&mut *tx).await? else { return Ok(None) };
    sqlx::query!(
        "UPDATE share SET ended_at = $3 WHERE id = $1 AND person_id = $2 AND ended_at IS NULL",
        id,
        permit.person_id(),
        now,
    )
    .execute(tx)
    .await?;
    Ok(Some(before.into()))
}

pub(super) async fn list(
    db: &Db,
    permit: &StandingPermit,
    before: (Instant, Uuid),
    most: i64,
) -> Result<Vec<Share>, StoreError> {
    let person = permit.person_id();
    let rows = db.run_tx("share.list", permit.scope().reading(), move |tx| {
        Box::pin(async move {
            Ok(sqlx::query_as!(
                ShareRow,
                "SELECT id, section_id, person_id, grantee, created_at, until_at, ended_at,
                     crisis_id
                 FROM share WHERE person_id = $1 AND (created_at, id) < ($2, $3)
                 ORDER BY created_at DESC, id DESC LIMIT $4",
                person,
                before.0,
                before.1,
                most,
            )
            .fetch_all(tx)
            .await?)
        })
    });
    Ok(rows.await?.into_iter().map(Share::from).collect())
}
