//! Plans for work: who works on one, and what was done.

use kernel::Instant;
use permit::StandingPermit;
use pg::{Db, PgConnection, Scope, Sealed, StoreError};
use rpc::figures::Count;
use uuid::Uuid;

use super::crisis::Whose;
use crate::domain::{
    Content, EmploymentStep, Grantee, Measured, NewStep, OwnKind, OwnRecord, Specialist, StepKind,
    StepState,
};

fn opened(content: &[u8]) -> Result<Content, StoreError> {
    Ok(Content(Sealed::open(content)?.to_vec()))
}

/// The plan of the permit's person, whose plan is locked.
pub async fn employment_plan(
    tx: &mut PgConnection,
    permit: &StandingPermit,
) -> Result<Option<Uuid>, StoreError> {
    which(tx, permit.person_id()).await
}

async fn which(tx: &mut PgConnection, person: Uuid) -> Result<Option<Uuid>, StoreError> {
    let id = sqlx::query_scalar!(
        "SELECT id FROM own_record WHERE person_id = $1 AND kind = $2",
        person,
        OwnKind::EmploymentPlan as i16,
    );
    Ok(id.fetch_optional(tx).await?)
}

/// As [`employment_plan`], of a plan that is not locked.
pub(super) async fn of_person(
    db: &Db,
    permit: &StandingPermit,
) -> Result<Option<Uuid>, StoreError> {
    let person = permit.person_id();
    db.run_tx("employment.which", permit.scope().reading(), move |tx| {
        Box::pin(async move { which(tx, person).await })
    })
    .await
}

/// What a plan says now; none: it is not this person's.
pub async fn employment_content(
    tx: &mut PgConnection,
    (whose, plan): (Whose, Uuid),
) -> Result<Option<Content>, StoreError> {
    let content = sqlx::query_scalar!(
        "SELECT v.content FROM own_record r
         JOIN own_version v ON v.record_id = r.id AND v.version = r.version
         WHERE r.id = $1 AND r.person_id = $2",
        plan,
        whose.person(),
    );
    content.fetch_optional(tx).await?.map(|content| opened(&content)).transpose()
}

/// Whom the person has named; the plan is locked.
pub async fn specialist(
    tx: &mut PgConnection,
    (whose, plan): (Whose, Uuid),
) -> Result<Option<Specialist>, StoreError> {
    let row = sqlx::query!(
        "SELECT grantee, named_at FROM employment_specialist
         WHERE record_id = $1 AND person_id = $2 AND ended_at IS NULL",
        plan,
        whose.person(),
    );
    let row = row.fetch_optional(tx).await?;
    Ok(row.map(|row| Specialist { by: Grantee::of(&row.grantee), named_at: row.named_at }))
}

/// Whether the plan, which is locked, is shared with them now: whoever would end that waits until this transaction
/// ends.
pub async fn is_shared_with(
    tx: &mut PgConnection,
    (whose, plan): (Whose, Uuid),
    by: &Grantee,
    now: Instant,
) -> Result<bool, StoreError> {
    let shared = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM share WHERE record_id = $1 AND person_id = $2 AND grantee = $3
             AND ended_at IS NULL AND until_at > $4) AS "shared!""#,
        plan,
        whose.person(),
        by.text(),
        now,
    );
    Ok(shared.fetch_one(tx).await?)
}

/// Names a specialist of the permit's person, who has none.
pub async fn name_specialist(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    (id, plan, agency): (Uuid, Uuid, Uuid),
    named: &Specialist,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO employment_specialist (id, record_id, person_id, agency_id, grantee, named_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        id,
        plan,
        permit.person_id(),
        agency,
        named.by.text(),
        named.named_at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Whoever is the specialist is it no more.
pub async fn end_specialist(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE employment_specialist SET ended_at = greatest($2, named_at)
         WHERE person_id = $1 AND ended_at IS NULL",
        permit.person_id(),
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// How many steps a plan has, which is locked.
pub async fn count_steps(
    tx: &mut PgConnection,
    (whose, plan): (Whose, Uuid),
) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM employment_step WHERE record_id = $1 AND person_id = $2"#,
        plan,
        whose.person(),
    );
    Ok(count.fetch_one(tx).await?)
}

/// Keeps a step; by none: by the person.
pub async fn add_employment_step(
    tx: &mut PgConnection,
    (whose, plan): (Whose, Uuid),
    by: Option<&Grantee>,
    new: &NewStep,
) -> Result<EmploymentStep, StoreError> {
    let (sealed, facets) = (Sealed::seal(&new.content.0), &new.facets);
    sqlx::query!(
        "INSERT INTO employment_step (id, record_id, person_id, kind, recorded_by, on_date,
             face_to_face, competitive, placement_id, content, recorded_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        new.id,
        plan,
        whose.person(),
        facets.kind as i16,
        by.map(Grantee::text),
        facets.on,
        facets.face_to_face,
        facets.competitive,
        facets.placement,
        sealed.bytes(),
        new.at,
    )
    .execute(tx)
    .await?;
    Ok(EmploymentStep {
        id: new.id,
        plan,
        by: by.cloned(),
        content: new.content.clone(),
        at: new.at,
        error_at: None,
    })
}

/// How a step of this plan, which is locked, stands; none: there is no such step.
pub async fn step_state(
    tx: &mut PgConnection,
    (whose, plan): (Whose, Uuid),
    id: Uuid,
) -> Result<Option<StepState>, StoreError> {
    let row = sqlx::query!(
        r#"WITH live AS (
               SELECT s.kind FROM employment_step s WHERE s.placement_id = $1
                   AND NOT EXISTS (SELECT FROM employment_error e WHERE e.step_id = s.id)
           )
           SELECT s.kind, s.recorded_by, s.on_date, s.content, s.recorded_at,
               e.marked_at AS "marked_at?",
               EXISTS (SELECT FROM live WHERE live.kind = $4) AS "ended!",
               EXISTS (SELECT FROM live) AS "named!"
           FROM employment_step s LEFT JOIN employment_error e ON e.step_id = s.id
           WHERE s.id = $1 AND s.record_id = $2 AND s.person_id = $3"#,
        id,
        plan,
        whose.person(),
        StepKind::JobEnd as i16,
    );
    let Some(row) = row.fetch_optional(tx).await? else { return Ok(None) };
    let step = EmploymentStep {
        id,
        plan,
        by: row.recorded_by.as_deref().map(Grantee::of),
        content: opened(&row.content)?,
        at: row.recorded_at,
        error_at: row.marked_at,
    };
    Ok(Some(StepState {
        is_placement: row.kind == StepKind::Placement as i16,
        on: row.on_date,
        ended: row.ended,
        named: row.named,
        step,
    }))
}

/// Marks a step as entered in error, whose plan is locked.
pub async fn mark_step(
    tx: &mut PgConnection,
    whose: Whose,
    (step, at): (Uuid, Instant),
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO employment_error (step_id, person_id, marked_at) VALUES ($1, $2, $3)",
        step,
        whose.person(),
        at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A person's plan for work, and whom they have named.
pub(super) async fn read(
    db: &Db,
    person: Uuid,
) -> Result<Option<(OwnRecord, Option<Specialist>)>, StoreError> {
    let row = db.run_tx("employment.read", Scope::person(person).reading(), move |tx| {
        Box::pin(async move {
            let row = sqlx::query!(
                r#"SELECT r.id, r.version, r.created_at, r.written_at, v.content,
                     n.grantee AS "grantee?", n.named_at AS "named_at?"
                   FROM own_record r
                   JOIN own_version v ON v.record_id = r.id AND v.version = r.version
                   LEFT JOIN employment_specialist n ON n.record_id = r.id AND n.ended_at IS NULL
                   WHERE r.person_id = $1 AND r.kind = $2"#,
                person,
                OwnKind::EmploymentPlan as i16,
            );
            Ok(row.fetch_optional(tx).await?)
        })
    });
    let Some(row) = row.await? else { return Ok(None) };
    let named = row.grantee.zip(row.named_at);
    let record = OwnRecord {
        id: row.id,
        person,
        version: row.version,
        created_at: row.created_at,
        written_at: row.written_at,
        content: opened(&row.content)?,
    };
    let named = named.map(|(by, named_at)| Specialist { by: Grantee::of(&by), named_at });
    Ok(Some((record, named)))
}

/// The steps of a plan before this one, the last recorded first.
pub(super) async fn steps(
    db: &Db,
    (person, plan): (Uuid, Uuid),
    before: (Instant, Uuid),
    most: i64,
) -> Result<Vec<EmploymentStep>, StoreError> {
    let rows = db.run_tx("employment.steps", Scope::person(person).reading(), move |tx| {
        Box::pin(async move {
            let rows = sqlx::query!(
                r#"SELECT s.id, s.recorded_by, s.content, s.recorded_at, e.marked_at AS "marked_at?"
                   FROM employment_step s LEFT JOIN employment_error e ON e.step_id = s.id
                   WHERE s.record_id = $1 AND s.person_id = $2 AND (s.recorded_at, s.id) < ($3, $4)
                   ORDER BY s.recorded_at DESC, s.id DESC LIMIT $5"#,
                plan,
                person,
                before.0,
                before.1,
                most,
            );
            Ok(rows.fetch_all(tx).await?)
        })
    });
    let steps = rows.await?.into_iter().map(|row| {
        Ok(EmploymentStep {
            id: row.id,
            plan,
            by: row.recorded_by.as_deref().map(Grantee::of),
            content: opened(&row.content)?,
            at: row.recorded_at,
            error_at: row.marked_at,
        })
    });
    steps.collect()
}

/// Of which plan a step is, and whose.
pub(super) async fn plan_of(db: &Db, step: Uuid) -> Result<Option<(Uuid, Uuid)>, StoreError> {
    db.run_one("employment.locate", move |conn| {
        Box::pin(async move {
            let row = sqlx::query!(
                r#"SELECT record_id AS "plan!", person_id AS "person!" FROM locate_employment_step($1)"#,
                step,
            );
            Ok(row.fetch_optional(conn).await?.map(|row| (row.plan, row.person)))
        })
    })
    .await
}

/// What an agency's specialists did between two instants, in counts alone.
pub(super) async fn counted(
    db: &Db,
    agency: Uuid,
    (since, before): (Instant, Instant),
) -> Result<Vec<Measured>, StoreError> {
    db.run_one("employment.counted", move |conn| {
        Box::pin(async move {
            let rows = sqlx::query!(
                r#"SELECT measure AS "measure!", times AS "times!", people AS "people!", days
                   FROM count_employment($1, $2, $3)"#,
                agency,
                since,
                before,
            );
            let rows = rows.fetch_all(conn).await?.into_iter().map(|row| Measured {
                measure: row.measure,
                count: Count { times: row.times, people: row.people },
                days: row.days,
            });
            Ok(rows.collect())
        })
    })
    .await
}
