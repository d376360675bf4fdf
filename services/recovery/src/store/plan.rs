//! Plans, their sections, and what they have said.

use std::collections::HashMap;

use kernel::Instant;
use permit::StandingPermit;
use pg::{Db, PgConnection, Scope, Sealed, StoreError};
use uuid::Uuid;

use crate::domain::{Content, SECTIONS, Section, Surety, Version};

/// The sections of a person's plan, in their order.
pub(super) async fn sections(db: &Db, person: Uuid) -> Result<Vec<Section>, StoreError> {
    db.run_tx("plan.read", Scope::person(person).reading(), move |tx| {
        Box::pin(async move {
            Ok(sqlx::query_as!(
                Section,
                r#"SELECT id, person_id AS person, kind, version, written_at
                   FROM plan_section WHERE person_id = $1 ORDER BY kind"#,
                person,
            )
            .fetch_all(tx)
            .await?)
        })
    })
    .await
}

pub(super) async fn words(
    db: &Db,
    sections: &[Section],
) -> Result<Vec<Option<Content>>, StoreError> {
    let written: Vec<&Section> = sections.iter().filter(|section| section.version > 0).collect();
    let ids: Vec<Uuid> = written.iter().map(|section| section.id).collect();
    let versions: Vec<i32> = written.iter().map(|section| section.version).collect();
    let scope = Scope::people(sections.first().map(|section| section.person)).reading();
    let rows = db.run_tx("plan.words", scope, move |tx| {
        let (ids, versions) = (ids.clone(), versions.clone());
        Box::pin(async move {
            Ok(sqlx::query!(
                "SELECT v.section_id, v.content FROM section_version v
                 JOIN unnest($1::uuid[], $2::integer[]) AS asked (section_id, version)
                     USING (section_id, version)",
                &ids,
                &versions,
            )
            .fetch_all(tx)
            .await?)
        })
    });
    let opened = |row: &[u8]| Ok::<_, StoreError>(Content(Sealed::open(row)?.to_vec()));
    let mut found = HashMap::new();
    for row in rows.await? {
        found.insert(row.section_id, opened(&row.content)?);
    }
    let one = |section: &Section| match (section.version, found.remove(&section.id)) {
        (0, _) => Ok(None),
        (_, Some(content)) => Ok(Some(content)),
        (_, None) => Err(StoreError::BadRow { what: "a version of a section" }),
    };
    sections.iter().map(one).collect()
}

/// A plan's standing as its row has it.
struct SuretyRow {
    proofed: bool,
    vouching: Vec<Uuid>,
    sign_in: Vec<u8>,
}

impl From<SuretyRow> for Surety {
    fn from(row: SuretyRow) -> Self {
        Self { proofed: row.proofed, vouching: row.vouching, sign_in: row.sign_in }
    }
}

pub(super) async fn surety(db: &Db, permit: &StandingPermit) -> Result<Option<Surety>, StoreError> {
    let person = permit.person_id();
    let found = db.run_tx("plan.surety", permit.scope().reading(), move |tx| {
        Box::pin(async move {
            let row = sqlx::query_as!(
                SuretyRow,
                "SELECT proofed, vouching, sign_in FROM plan WHERE person_id = $1",
                person
            );
            Ok(row.fetch_optional(tx).await?)
        })
    });
    Ok(found.await?.map(Surety::from))
}

/// Makes the plan of the permit's person, with sections that say nothing yet, where there is none.
pub async fn make(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    by: &Surety,
    at: Instant,
) -> Result<(), StoreError> {
    let made = sqlx::query!(
        "INSERT INTO plan (person_id, proofed, vouching, made_at, sign_in)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (person_id) DO NOTHING",
        permit.person_id(),
        by.proofed,
        &by.vouching,
        at,
        by.sign_in,
    );
    if made.execute(&mut *tx).await?.rows_affected() == 0 {
        return Ok(());
    }
    let kinds: Vec<i16> = (1..=SECTIONS).collect();
    // Random: a name tells neither when nor in which order.
    let ids: Vec<Uuid> = kinds.iter().map(|_| Uuid::new_v4()).collect();
    sqlx::query!(
        "INSERT INTO plan_section (id, person_id, kind)
         SELECT new.id, $2, new.kind FROM unnest($1::uuid[], $3::smallint[]) AS new (id, kind)",
        &ids,
        permit.person_id(),
        &kinds,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Locks the plan of the permit's person: on what the sign-in stood that wrote to it last. None: there is no plan.
pub async fn lock(
    tx: &mut PgConnection,
    permit: &StandingPermit,
) -> Result<Option<Surety>, StoreError> {
    let row = sqlx::query_as!(
        SuretyRow,
        "SELECT proofed, vouching, sign_in FROM plan WHERE person_id = $1 FOR UPDATE",
        permit.person_id(),
    );
    Ok(row.fetch_optional(tx).await?.map(Surety::from))
}

/// What a section, whose plan is locked, says; none: nothing.
pub async fn says(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    kind: i16,
) -> Result<Option<Content>, StoreError> {
    let content = sqlx::query_scalar!(
        "SELECT v.content FROM plan_section s
         JOIN section_version v ON v.section_id = s.id AND v.version = s.version
         WHERE s.person_id = $1 AND s.kind = $2",
        permit.person_id(),
        kind,
    );
    let content = content.fetch_optional(tx).await?;
    content.map(|content| Ok(Content(Sealed::open(&content)?.to_vec()))).transpose()
}

/// Notes on what the sign-in stands that writes; what another has opened that it takes over from ends. The plan is
/// locked. Who is of the circle no more by it.
pub async fn stands_on(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    (by, before): (&Surety, &Surety),
    at: Instant,
) -> Result<Vec<Uuid>, StoreError> {
    let ended = match by.takes_over_from(before) {
        true => close(&mut *tx, permit, at).await?,
        false => Vec::new(),
    };
    sqlx::query!(
        "UPDATE plan SET proofed = $2, vouching = $3, sign_in = $4 WHERE person_id = $1",
        permit.person_id(),
        by.proofed,
        &by.vouching,
        by.sign_in,
    )
    .execute(tx)
    .await?;
    Ok(ended)
}

/// Ends all that the permit's person shares, that somebody is their employment specialist, and their circle: who that
/// was.
async fn close(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    at: Instant,
) -> Result<Vec<Uuid>, StoreError> {
    let person = permit.person_id();
    sqlx::query!(
        "UPDATE share SET ended_at = $2 WHERE person_id = $1 AND ended_at IS NULL",
        person,
        at,
    )
    .execute(&mut *tx)
    .await?;
    super::employment::end_specialist(&mut *tx, permit, at).await?;
    let ended = sqlx::query_scalar!(
        "UPDATE supporter SET ended_at = $2 WHERE person_id = $1 AND ended_at IS NULL RETURNING id",
        person,
        at,
    );
    Ok(ended.fetch_all(tx).await?)
}

/// Writes a new version of a section, whose plan is locked; `expected`: of this version, or nothing is written.
pub async fn write(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    (kind, expected): (i16, Option<i32>),
    (id, content, at): (Uuid, &Content, Instant),
) -> Result<Option<Section>, StoreError> {
    let person = permit.person_id();
    let section = sqlx::query_as!(
        Section,
        r#"UPDATE plan_section SET version = version + 1, written_at = $3
           WHERE person_id = $1 AND kind = $2 AND ($4::integer IS NULL OR version = $4)
           RETURNING id, person_id AS person, kind, version, written_at"#,
        person,
        kind,
        at,
        expected,
    );
    let Some(section) = section.fetch_optional(&mut *tx).await? else { return Ok(None) };
    let sealed = Sealed::seal(&content.0);
    sqlx::query!(
        "INSERT INTO section_version (id, section_id, person_id, version, content, written_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        id,
        section.id,
        person,
        section.version,
        sealed.bytes(),
        at,
    )
    .execute(&mut *tx)
    .await?;
    Ok(Some(section))
}

pub(super) async fn versions(
    db: &Db,
    permit: &StandingPermit,
    (section, before): (Uuid, i32),
    most: i64,
) -> Result<Vec<Version>, StoreError> {
    let person = permit.person_id();
    let rows = db.run_tx("plan.versions", permit.scope().reading(), move |tx| {
        Box::pin(async move {
            Ok(sqlx::query!(
                "SELECT id, section_id, version, content, written_at FROM section_version
                 WHERE section_id = $1 AND person_id = $2 AND version < $3
                 ORDER BY version DESC LIMIT $4",
                section,
                person,
                before,
                most,
            )
            .fetch_all(tx)
            .await?)
        })
    });
    let versions = rows.await?.into_iter().map(|row| {
        Ok(Version {
            id: row.id,
            section: row.section_id,
            number: row.version,
            content: Content(Sealed::open(&row.content)?.to_vec()),
            at: row.written_at,
        })
    });
    versions.collect()
}
