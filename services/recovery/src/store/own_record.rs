//! Goals and check-ins: a row each, and a row for all that they have said.

use std::collections::HashMap;

use kernel::Instant;
use permit::StandingPermit;
use pg::{Db, PgConnection, Scope, Sealed, StoreError};
use uuid::Uuid;

use crate::domain::{Content, Head, NewRecord, OwnKind, OwnRecord};

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
    version(tx, permit, (new.id, 1), (&new.content, new.at)).await?;
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
    .execute(tx)
    .await?;
    Ok(())
}

/// Writes a new version of a record of the permit's person, whose plan is locked; `expected`: of this version, or
/// nothing is written.
pub async fn rewrite(
    tx: &mut PgConnection,
    permit: &StandingPermit,
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
    version(tx, permit, (record, row.version), (content, at)).await?;
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

/// The records of a person's before this one that are shared with one of these, newest first. Whether a share lasts is
/// the decision's to see.
pub(super) async fn shared(
    db: &Db,
    person: Uuid,
    ((kind, instrument), with): ((OwnKind, Option<String>), Vec<String>),
    before: (Instant, Uuid),
    most: i64,
) -> Result<Vec<Head>, StoreError> {
    db.run_tx("own.shared", Scope::person(person).reading(), move |tx| {
        let (instrument, with) = (instrument.clone(), with.clone());
        Box::pin(async move {
            Ok(sqlx::query_as!(
                Head,
                "SELECT r.id, r.person_id AS person, r.version, r.created_at, r.written_at
                 FROM own_record r
                 WHERE r.person_id = $1 AND r.kind = $2 AND ($3::text IS NULL OR r.instrument = $3)
                     AND (r.created_at, r.id) < ($4, $5)
                     AND EXISTS (SELECT FROM share s WHERE s.record_id = r.id
                         AND s.ended_at IS NULL AND s.grantee = ANY ($7))
                 ORDER BY r.created_at DESC, r.id DESC LIMIT $6",
                person,
                kind as i16,
                instrument,
                before.0,
                before.1,
                most,
                &with,
            )
            .fetch_all(tx)
            .await?)
        })
    })
    .await
}

/// What records say, of these versions.
pub(super) async fn say(
    db: &Db,
    person: Uuid,
    heads: Vec<Head>,
) -> Result<Vec<OwnRecord>, StoreError> {
    let ids: Vec<Uuid> = heads.iter().map(|head| head.id).collect();
    let versions: Vec<i32> = heads.iter().map(|head| head.version).collect();
    let rows = db.run_tx("own.words", Scope::person(person).reading(), move |tx| {
        let (ids, versions) = (ids.clone(), versions.clone());
        Box::pin(async move {
            Ok(sqlx::query!(
                "SELECT v.record_id, v.content FROM own_version v
                 JOIN unnest($1::uuid[], $2::integer[]) AS asked (record_id, version)
                     USING (record_id, version)",
                &ids,
                &versions,
            )
            .fetch_all(tx)
            .await?)
        })
    });
    let mut found = HashMap::new();
    for row in rows.await? {
        found.insert(row.record_id, Content(Sealed::open(&row.content)?.to_vec()));
    }
    let lost = || StoreError::BadRow { what: "a version of a record" };
    let said = |head: &Head| Ok(head.saying(found.remove(&head.id).ok_or_else(lost)?));
    heads.iter().map(said).collect()
}

/// Whose a record is.
pub(super) async fn owner(
    db: &Db,
    (record, kind): (Uuid, OwnKind),
) -> Result<Option<Uuid>, StoreError> {
    db.run_one("own.locate", move |conn| {
        Box::pin(async move {
            let owner =
                sqlx::query_scalar!("SELECT locate_own_record($1, $2)", record, kind as i16);
            Ok(owner.fetch_one(conn).await?)
        })
    })
    .await
}
