//! Crisis plans: rules, what was done under them, and the shares that they open.

use std::collections::BTreeSet;

use kernel::Instant;
use permit::{ContributorPermit, Permit, RecordSteps, StandingPermit};
use pg::{Db, PgConnection, Scope, StoreError};
use uuid::Uuid;

use crate::domain::{Act, Grantee, Rules, Step};

/// Whose plan and circle. Made of a permit alone.
#[derive(Debug, Clone, Copy)]
pub struct Whose(Uuid);

impl From<&StandingPermit> for Whose {
    fn from(permit: &StandingPermit) -> Self {
        Self(permit.person_id())
    }
}

impl From<&ContributorPermit> for Whose {
    fn from(permit: &ContributorPermit) -> Self {
        Self(permit.person_id())
    }
}

impl From<&Permit<RecordSteps>> for Whose {
    fn from(permit: &Permit<RecordSteps>) -> Self {
        Self(permit.person_id())
    }
}

impl Whose {
    pub fn person(self) -> Uuid {
        self.0
    }
    pub(super) fn scope(self) -> Scope {
        Scope::person(self.0)
    }
}

/// Locks the plan, as each of the person's own writes does; false: there is none.
pub async fn lock_for(tx: &mut PgConnection, whose: Whose) -> Result<bool, StoreError> {
    let plan =
        sqlx::query_scalar!("SELECT person_id FROM plan WHERE person_id = $1 FOR UPDATE", whose.0);
    Ok(plan.fetch_optional(tx).await?.is_some())
}

/// Who is of the person's circle now.
pub async fn circle_now(tx: &mut PgConnection, whose: Whose) -> Result<BTreeSet<Uuid>, StoreError> {
    let ids = sqlx::query_scalar!(
        "SELECT id FROM supporter WHERE person_id = $1 AND ended_at IS NULL",
        whose.0
    );
    Ok(ids.fetch_all(tx).await?.into_iter().collect())
}

/// The rules in force.
pub async fn rules(tx: &mut PgConnection, whose: Whose) -> Result<Option<Rules>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT r.id, r.threshold, r.end_threshold, r.most_hours, r.created_at,
             ARRAY(SELECT a.supporter_id FROM crisis_activator a WHERE a.rules_id = r.id)
                 AS "activators!"
         FROM crisis_rules r WHERE r.person_id = $1 AND r.replaced_at IS NULL"#,
        whose.0,
    );
    let Some(row) = row.fetch_optional(&mut *tx).await? else { return Ok(None) };
    let views = sqlx::query!(
        "SELECT kind, grantee FROM crisis_view WHERE rules_id = $1 ORDER BY kind, grantee",
        row.id,
    );
    let views = views.fetch_all(tx).await?;
    Ok(Some(Rules {
        id: row.id,
        activators: row.activators.into_iter().collect(),
        threshold: row.threshold,
        end_threshold: row.end_threshold,
        most_hours: row.most_hours,
        views: views.into_iter().map(|view| (view.kind, Grantee::of(&view.grantee))).collect(),
        created_at: row.created_at,
    }))
}

/// Sets rules in the place of those in force.
pub async fn set_rules(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    new: &Rules,
) -> Result<(), StoreError> {
    let person = permit.person_id();
    sqlx::query!(
        "UPDATE crisis_rules SET replaced_at = $2 WHERE person_id = $1 AND replaced_at IS NULL",
        person,
        new.created_at,
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "INSERT INTO crisis_rules (id, person_id, threshold, end_threshold, most_hours, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        new.id,
        person,
        new.threshold,
        new.end_threshold,
        new.most_hours,
        new.created_at,
    )
    .execute(&mut *tx)
    .await?;
    let activators: Vec<Uuid> = new.activators.iter().copied().collect();
    sqlx::query!(
        "INSERT INTO crisis_activator (rules_id, person_id, supporter_id)
         SELECT $1, $2, new.id FROM unnest($3::uuid[]) AS new (id)",
        new.id,
        person,
        &activators,
    )
    .execute(&mut *tx)
    .await?;
    let kinds: Vec<i16> = new.views.iter().map(|(kind, _)| *kind).collect();
    let grantees: Vec<String> = new.views.iter().map(|(_, to)| to.text()).collect();
    let supporters: Vec<Option<Uuid>> = new.views.iter().map(|(_, to)| to.supporter()).collect();
    sqlx::query!(
        "INSERT INTO crisis_view (rules_id, person_id, kind, grantee, supporter_id)
         SELECT $1, $2, new.kind, new.grantee, new.supporter
         FROM unnest($3::smallint[], $4::text[], $5::uuid[]) AS new (kind, grantee, supporter)",
        new.id,
        person,
        &kinds,
        &grantees,
        &supporters as &[Option<Uuid>],
    )
    .execute(tx)
    .await?;
    Ok(())
}

struct StepRow {
    id: Uuid,
    act: i16,
    supporter_id: Option<Uuid>,
    turned: bool,
    at: Instant,
}

impl TryFrom<StepRow> for Step {
    type Error = StoreError;

    fn try_from(row: StepRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            act: Act::of(row.act).ok_or(StoreError::BadRow { what: "an act in a crisis" })?,
            by: row.supporter_id,
            turned: row.turned,
            at: row.at,
        })
    }
}

/// What was done under the rules, in its order, from the last that turned it.
pub async fn steps(tx: &mut PgConnection, rules: &Rules) -> Result<Vec<Step>, StoreError> {
    let rows = sqlx::query_as!(
        StepRow,
        "SELECT id, act, supporter_id, turned, at FROM crisis_step
         WHERE rules_id = $1 AND place >= COALESCE(
             (SELECT max(t.place) FROM crisis_step t WHERE t.rules_id = $1 AND t.turned), 0)
         ORDER BY place",
        rules.id,
    );
    rows.fetch_all(tx).await?.into_iter().map(Step::try_from).collect()
}

/// Keeps what was done, under the plan's lock.
pub async fn add_step(
    tx: &mut PgConnection,
    whose: Whose,
    rules: &Rules,
    step: &Step,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO crisis_step (id, person_id, rules_id, place, act, supporter_id, turned, at)
         SELECT $1, $2, $3, COALESCE(max(s.place), 0) + 1, $4, $5, $6, $7
         FROM crisis_step s WHERE s.rules_id = $3",
        step.id,
        whose.0,
        rules.id,
        step.act as i16,
        step.by,
        step.turned,
        step.at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Opens what the rules show, by the call that activated it. `ids`: as many as there are views.
pub async fn show(
    tx: &mut PgConnection,
    whose: Whose,
    rules: &Rules,
    (by, until): (&Step, Instant),
    ids: &[Uuid],
) -> Result<(), StoreError> {
    let kinds: Vec<i16> = rules.views.iter().map(|(kind, _)| *kind).collect();
    let grantees: Vec<String> = rules.views.iter().map(|(_, to)| to.text()).collect();
    let supporters: Vec<Option<Uuid>> = rules.views.iter().map(|(_, to)| to.supporter()).collect();
    sqlx::query!(
        "INSERT INTO share (id, section_id, person_id, grantee, created_at, until_at, supporter_id,
             crisis_id)
         SELECT new.id, s.id, s.person_id, new.grantee, $2, $3, new.supporter, $4
         FROM unnest($5::uuid[], $6::smallint[], $7::text[], $8::uuid[])
             AS new (id, kind, grantee, supporter)
         JOIN plan_section s ON s.person_id = $1 AND s.kind = new.kind",
        whose.0,
        by.at,
        until,
        by.id,
        ids,
        &kinds,
        &grantees,
        &supporters as &[Option<Uuid>],
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Ends what crises have opened.
pub async fn hide(tx: &mut PgConnection, whose: Whose, now: Instant) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE share SET ended_at = $2
         WHERE person_id = $1 AND crisis_id IS NOT NULL AND ended_at IS NULL",
        whose.0,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The rules in force, and what was done under them, newest first, at most so many.
pub(super) async fn told(
    db: &Db,
    permit: &StandingPermit,
    most: i64,
) -> Result<Option<(Rules, Vec<Step>, Vec<Step>)>, StoreError> {
    let whose = Whose::from(permit);
    db.run_tx("crisis.told", whose.scope().reading(), move |tx| {
        Box::pin(async move {
            let Some(rules) = rules(&mut *tx, whose).await? else { return Ok(None) };
            let since = steps(&mut *tx, &rules).await?;
            let rows = sqlx::query_as!(
                StepRow,
                "SELECT id, act, supporter_id, turned, at FROM crisis_step
                 WHERE rules_id = $1 ORDER BY place DESC LIMIT $2",
                rules.id,
                most,
            );
            let all = rows.fetch_all(tx).await?.into_iter().map(Step::try_from);
            let all = all.collect::<Result<_, _>>()?;
            Ok(Some((rules, since, all)))
        })
    })
    .await
}

/// What a supporter may see.
#[derive(Debug, Clone, Copy)]
pub struct Eyes {
    /// They are of the circle, and not contribute-only.
    pub reads: bool,
    /// A crisis shares something with them now.
    pub shown: bool,
}

/// As much of it as those may be told whom the person chose: rules in force, what was done since it turned, whether
/// the supporter may read, and whether a crisis shows them something now.
pub(super) async fn chosen(
    db: &Db,
    permit: &ContributorPermit,
    now: Instant,
) -> Result<Option<(Rules, Vec<Step>, Eyes)>, StoreError> {
    let whose = Whose::from(permit);
    let by = permit.by().text();
    db.run_tx("crisis.chosen", whose.scope().reading(), move |tx| {
        let by = by.clone();
        Box::pin(async move {
            let Some(rules) = rules(&mut *tx, whose).await? else { return Ok(None) };
            let since = steps(&mut *tx, &rules).await?;
            let eyes = sqlx::query_as!(
                Eyes,
                r#"SELECT EXISTS (SELECT FROM supporter
                     WHERE person_id = $1 AND 'supporters/' || id::text = $2 AND ended_at IS NULL
                       AND NOT contribute_only) AS "reads!",
                   EXISTS (SELECT FROM share
                     WHERE person_id = $1 AND grantee = $2 AND crisis_id IS NOT NULL
                       AND ended_at IS NULL AND until_at > $3) AS "shown!""#,
                whose.0,
                by,
                now,
            );
            Ok(Some((rules, since, eyes.fetch_one(tx).await?)))
        })
    })
    .await
}

/// Whose crises show something to this practitioner, after one person.
pub(super) async fn showing(
    db: &Db,
    grantee: String,
    (after, now): (Uuid, Instant),
    most: i64,
) -> Result<Vec<Uuid>, StoreError> {
    db.run_one("crisis.locate", move |conn| {
        let grantee = grantee.clone();
        Box::pin(async move {
            let people = sqlx::query_scalar!(
                r#"SELECT locate_crises($1, $2, $3, $4) AS "person!""#,
                grantee,
                after,
                now,
                most,
            );
            Ok(people.fetch_all(conn).await?)
        })
    })
    .await
}
