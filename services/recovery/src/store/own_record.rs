//! Goals and check-ins: a row each, and a row for all that they have said.

use kernel::Instant;
use permit::StandingPermit;
use pg::{Db, PgConnection, Sealed, StoreError};
use uuid::Uuid;

use super::plan::stands_on;
use crate::domain::{Content, NewRecord, OwnKind, OwnRecord, Surety};

struct Row {
    id: Uuid,
    person_id: Uuid,
    version: i32,
    created_at: Instant,
    written_at: Instant,
    content: Vec<u8>,
}

impl TryFrom<Row> for OwnRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            person: row.person_id,
            version: row.version,
            created_at: row.created_at,
            written_at: row.written_at,
            content: Content(Sealed::open(&row.content)?.to_vec()),
        })
    }
}

/// How many of these the permit's person has; the plan is locked.
pub async fn count(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    kind: OwnKind,
) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM own_record WHERE person_id = $1 AND kind = $2"#,
        permit.person_id(),
        kind as i16,
    );
    Ok(count.fetch_one(tx).await?)
}

/// Makes a record; the plan is locked.
pub async fn add(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    by: &Surety,
    new: &NewRecord,
) -> Result<OwnRecord, StoreError> {
    let person = permit.person_id();
    sqlx::query!(
        "INSERT INTO own_record (id, person_id, kind, instrument, created_at, written_at)
         VALUES ($1, $2, $3, $4, $5, $5)",
        new.id,
        person,
        new.kind as i16,
        new.instrument,
        new.at,
    )
    .execute(&mut *tx)
    .await?;
    version(tx, permit, by, (new.id, 1), (&new.content, new.at)).await?;
    Ok(OwnRecord {
        id: new.id,
        person,
        version: 1,
        created_at: new.at,
        written_at: new.at,
        content: new.content.clone(),
    })
}

async fn version(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    by: &Surety,
    (record, version): (Uuid, i32),
    (content, at): (&Content, Instant),
) -> Result<(), StoreError> {
    let sealed = Sealed::seal(&content.0);
    sqlx::query!(
        "INSERT INTO own_version (record_id, person_id, version, content, written_at)
         VALUES ($1, $2, $3, $4, $5)",
        record,
        permit.person_id(),
        version,
        sealed.bytes(),
        at,
    )
    .execute(&mut *tx)
    .await?;
    stands_on(tx, permit, by).await
}

/// Writes a new version of a record of the permit's person, whose plan is locked; `expected`: of this version, or
/// nothing is written.
pub async fn rewrite(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    by: &Surety,
    (record, kind): (Uuid, OwnKind),
    expected: Option<i32>,
    (content, at): (&Content, Instant),
) -> Result<Option<OwnRecord>, StoreError> {
    let person = permit.person_id();
    let row = sqlx::query!(
        "UPDATE own_record SET version = version + 1, written_at = greatest($4, created_at)
         WHERE id = $1 AND person_id = $2 AND kind = $3 AND ($5::integer IS NULL OR version = $5)
         RETURNING version, created_at, written_at",
        record,
        person,
        kind as i16,
        at,
        expected,
    );
    let Some(row) = row.fetch_optional(&mut *tx).await? else { return Ok(None) };
    version(tx, permit, by, (record, row.version), (content, at)).await?;
    Ok(Some(OwnRecord {
        id: record,
        person,
        version: row.version,
        created_at: row.created_at,
        written_at: row.written_at,
        content: content.clone(),
    }))
}

/// The records of the permit's person before this one, newest first; check-ins of one instrument, or of all.
pub(super) async fn list(
    db: &Db,
    permit: &StandingPermit,
    (kind, instrument): (OwnKind, Option<String>),
    before: (Instant, Uuid),
    most: i64,
) -> Result<Vec<OwnRecord>, StoreError> {
    let person = permit.person_id();
    let rows = db.run_tx("own.list", permit.scope().reading(), move |tx| {
        let instrument = instrument.clone();
        Box::pin(async move {
            Ok(sqlx::query_as!(
                Row,
                "SELECT r.id, r.person_id, r.version, r.created_at, r.written_at, v.content
                 FROM own_record r JOIN own_version v ON v.record_id = r.id AND v.version = r.version
                 WHERE r.person_id = $1 AND r.kind = $2 AND ($3::text IS NULL OR r.instrument = $3)
                     AND (r.created_at, r.id) < ($4, $5)
                 ORDER BY r.created_at DESC, r.id DESC LIMIT $6",
                person,
                kind as i16,
                instrument,
                before.0,
                before.1,
                most,
            )
            .fetch_all(tx)
            .await?)
        })
    });
    rows.await?.into_iter().map(OwnRecord::try_from).collect()
}

/// Whose a record is.
pub(super) async fn owner(db: &Db, record: Uuid) -> Result<Option<Uuid>, StoreError> {
    db.run_one("own.locate", move |conn| {
        Box::pin(async move {
            let owner = sqlx::query_scalar!("SELECT locate_own_record($1)", record);
            Ok(owner.fetch_one(conn).await?)
        })
    })
    .await
}
