//! Shares.

use kernel::{ConsentId, Instant, PersonId, RecordId};
use permit::StandingPermit;
use pg::{Db, PgConnection, Scope, StoreError};
use uuid::Uuid;

use crate::domain::{Grantee, OwnKind, Share, SharedOf};

/// A share as its row has it.
struct ShareRow {
    id: Uuid,
    section_id: Option<Uuid>,
    record_id: Option<Uuid>,
    record_kind: Option<i16>,
    person_id: Uuid,
    grantee: String,
    created_at: Instant,
    until_at: Instant,
    ended_at: Option<Instant>,
    crisis_id: Option<Uuid>,
}

impl TryFrom<ShareRow> for Share {
    type Error = StoreError;

    fn try_from(row: ShareRow) -> Result<Self, StoreError> {
        let kind = row.record_kind.and_then(OwnKind::of);
        let of = match (row.section_id, row.record_id.zip(kind)) {
            (Some(id), None) => SharedOf::Section(id),
            (None, Some((id, kind))) => SharedOf::Record(id, kind),
            _ => return Err(StoreError::BadRow { what: "what a share is of" }),
        };
        Ok(Self {
            id: row.id,
            of,
            person: row.person_id,
            grantee: Grantee::of(&row.grantee),
            created_at: row.created_at,
            until: row.until_at,
            ended_at: row.ended_at,
            crisis: row.crisis_id,
        })
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
                r#"SELECT s.id, s.person_id, s.grantee, s.until_at,
                     COALESCE(s.section_id, s.record_id) AS "of!"
                 FROM share s
                 WHERE s.person_id = ANY ($1) AND s.ended_at IS NULL AND s.until_at > $2
                   AND (s.supporter_id IS NULL OR EXISTS (SELECT FROM supporter r
                       WHERE r.id = s.supporter_id AND r.person_id = s.person_id
                         AND r.ended_at IS NULL AND NOT r.contribute_only))"#,
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
    Ok(rows.map(|r| share(r.id, r.person_id, r.of, r.grantee, r.until_at)).collect())
}

/// Whether the section or record is one of the permit's person.
pub async fn is_theirs(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    of: SharedOf,
) -> Result<bool, StoreError> {
    let (section, record) = of.ids();
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM plan_section WHERE id = $1 AND person_id = $3)
             OR EXISTS (SELECT FROM own_record WHERE id = $2 AND person_id = $3) AS "found!""#,
        section,
        record,
        permit.person_id(),
    );
    Ok(found.fetch_one(tx).await?)
}

/// How many shares of a section or record are open that the person made.
pub async fn live(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    of: SharedOf,
    now: Instant,
) -> Result<i64, StoreError> {
    let live = sqlx::query_scalar!(
        r#"SELECT count(*) AS "live!" FROM share
           WHERE COALESCE(section_id, record_id) = $1 AND person_id = $2 AND ended_at IS NULL
             AND until_at > $3 AND crisis_id IS NULL"#,
        of.id(),
        permit.person_id(),
        now,
    );
    Ok(live.fetch_one(tx).await?)
}

/// Ends what there is between a section or record and a grantee, beside what a crisis shows.
pub async fn end_with(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    of: SharedOf,
    grantee: &Grantee,
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE share SET ended_at = $4
         WHERE COALESCE(section_id, record_id) = $1 AND person_id = $2 AND grantee = $3
           AND ended_at IS NULL AND crisis_id IS NULL",
        of.id(),
        permit.person_id(),
        grantee.text(),
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Keeps a new share of the permit's person; `with_record`: it is on record by what made its record.
pub async fn share(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    new: &Share,
    with_record: bool,
) -> Result<(), StoreError> {
    let (section, record) = new.of.ids();
    sqlx::query!(
        "INSERT INTO share
             (id, section_id, record_id, person_id, grantee, created_at, until_at, supporter_id,
              with_record)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        new.id,
        section,
        record,
        permit.person_id(),
        new.grantee.text(),
        new.created_at,
        new.until,
        new.grantee.supporter(),
        with_record,
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
        r#"SELECT s.id, s.section_id, s.record_id, r.kind AS "record_kind?", s.person_id,
             s.grantee, s.created_at, s.until_at, s.ended_at, s.crisis_id
         FROM share s LEFT JOIN own_record r ON r.id = s.record_id
         WHERE s.id = $1 AND s.person_id = $2 FOR UPDATE OF s"#,
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
    before.try_into().map(Some)
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
                r#"SELECT s.id, s.section_id, s.record_id, r.kind AS "record_kind?", s.person_id,
                     s.grantee, s.created_at, s.until_at, s.ended_at, s.crisis_id
                 FROM share s LEFT JOIN own_record r ON r.id = s.record_id
                 WHERE s.person_id = $1 AND (s.created_at, s.id) < ($2, $3)
                 ORDER BY s.created_at DESC, s.id DESC LIMIT $4"#,
                person,
                before.0,
                before.1,
                most,
            )
            .fetch_all(tx)
            .await?)
        })
    });
    rows.await?.into_iter().map(Share::try_from).collect()
}
