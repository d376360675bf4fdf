//! Plans in PostgreSQL. Facets are read for a decision, and words only of what it has opened.

mod circle;
mod circle_event;
mod contribution;
mod crisis;
mod decision;
mod employment;
mod own_record;
mod plan;
mod share;
mod task;

use std::collections::HashMap;

use kernel::Instant;
use permit::{Contributor, ContributorPermit, Deferred, Disclosed, ReadPlans, StandingPermit};
use pg::{Db, StoreError};
use uuid::Uuid;

use crate::domain::{
    Confirmed, Content, Contribution, EmploymentStep, Head, Measured, OwnKind, OwnRecord, Rules,
    Section, Share, Specialist, Standing, Step, Supporter, Surety, Version,
};

pub use circle::{
    add_supporter, circle_size, end_supporter, of_circle, say_supporter, stands, supporter,
};
pub use circle_event::PersonEvent;
pub use contribution::{contribute, decide, pending};
pub use crisis::{
    Eyes, Whose, add_step, circle_now, hide, lock_for, rules, set_rules, show, steps,
};
pub use decision::{confirm, set_decision, version_for};
pub use employment::{
    add_employment_step, count_steps, employment_content, employment_plan, end_specialist,
    is_shared_with, mark_step, name_specialist, specialist, step_state,
};
pub use own_record::{add, count, rewrite};
pub use plan::{lock, make, says, stands_on, write};
pub use share::{end, end_with, is_theirs, live, open_shares, share};
pub use task::{add_task, say_task, stands_now, task};

/// Versions 1000 and up of this service's schema.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

/// The plans of this schema.
#[derive(Debug, Clone)]
pub struct Plans {
    db: Db,
}

impl Plans {
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    pub fn db(&self) -> &Db {
        &self.db
    }

    /// The sections of a person's plan, to be decided on one by one at their release.
    pub async fn sections(
        &self,
        deferred: &Deferred<ReadPlans>,
        person: Uuid,
    ) -> Result<Disclosed<Vec<Section>>, StoreError> {
        let sections = plan::sections(&self.db, person).await?;
        let parts: Vec<_> = sections.iter().map(Section::record).collect();
        // As a whole it has no name of its own, and nobody shares it so.
        let whole = crate::domain::record(person, person);
        let found = (!sections.is_empty()).then_some((whole, parts, sections));
        Ok(deferred.seal_parts(person, found))
    }

    /// What these sections, which were released, say, of the versions that were released; in their order.
    pub async fn words(&self, sections: &[Section]) -> Result<Vec<Option<Content>>, StoreError> {
        plan::words(&self.db, sections).await
    }

    /// On what the sign-in stood that wrote to the person's plan last; none: there is no plan.
    pub async fn surety(&self, permit: &StandingPermit) -> Result<Option<Surety>, StoreError> {
        plan::surety(&self.db, permit).await
    }

    /// What a section of the person's has said before this version, newest first.
    pub async fn versions(
        &self,
        permit: &StandingPermit,
        section: Uuid,
        before: i32,
        most: i64,
    ) -> Result<Vec<Version>, StoreError> {
        plan::versions(&self.db, permit, (section, before), most).await
    }

    /// The shares of the person's plan before this one, newest first.
    pub async fn shares(
        &self,
        permit: &StandingPermit,
        before: (Instant, Uuid),
        most: i64,
    ) -> Result<Vec<Share>, StoreError> {
        share::list(&self.db, permit, before, most).await
    }

    /// The person's circle before this one, newest first.
    pub async fn circle(
        &self,
        permit: &StandingPermit,
        before: (Instant, Uuid),
        most: i64,
    ) -> Result<Vec<Supporter>, StoreError> {
        circle::list(&self.db, permit, before, most).await
    }

    /// Whether a supporter whom the person has just added is of their circle still.
    pub async fn is_of_circle(&self, whose: Whose, supporter: Uuid) -> Result<bool, StoreError> {
        circle::is_of(&self.db, whose, supporter).await
    }

    /// Whether the contributor is of the circle now. Staff need not be.
    pub async fn stands(&self, permit: &ContributorPermit) -> Result<bool, StoreError> {
        match permit.by() {
            Contributor::Supporter(id) => self.is_of_circle(Whose::from(permit), *id).await,
            Contributor::Staff(_) => Ok(true),
        }
    }

    /// The suggestions to the person before this one, newest first.
    pub async fn contributions(
        &self,
        permit: &StandingPermit,
        before: (Instant, Uuid),
        most: i64,
    ) -> Result<Vec<Contribution>, StoreError> {
        let of = (permit.scope(), permit.person_id(), None);
        contribution::list(&self.db, of, before, most).await
    }

    /// The contributor's own before this one, newest first.
    pub async fn own_contributions(
        &self,
        permit: &ContributorPermit,
        before: (Instant, Uuid),
        most: i64,
    ) -> Result<Vec<Contribution>, StoreError> {
        let of = (permit.scope(), permit.person_id(), Some(permit.by().text()));
        contribution::list(&self.db, of, before, most).await
    }

    /// The person's rules, what was done since it turned, and the last that was done, at most so much.
    pub async fn crisis(
        &self,
        permit: &StandingPermit,
        most: i64,
    ) -> Result<Option<(Rules, Vec<Step>, Vec<Step>)>, StoreError> {
        crisis::told(&self.db, permit, most).await
    }

    /// The rules of whom the supporter supports, what was done since it turned, and what the supporter may see.
    pub async fn chosen(
        &self,
        permit: &ContributorPermit,
        now: Instant,
    ) -> Result<Option<(Rules, Vec<Step>, Eyes)>, StoreError> {
        crisis::chosen(&self.db, permit, now).await
    }

    /// Whose crises show something to this practitioner now, after one person: ids, to be decided on one by one.
    pub async fn crises_shown_to(
        &self,
        practitioner: String,
        from: (Uuid, Instant),
        most: i64,
    ) -> Result<Vec<Uuid>, StoreError> {
        crisis::showing(&self.db, practitioner, from, most).await
    }

    /// What people must be told of after this number, of anybody.
    pub async fn events(&self, after: i64, most: i64) -> Result<Vec<PersonEvent>, StoreError> {
        circle_event::follow(&self.db, after, most).await
    }

    /// Whose a section, a share, a supporter or a suggestion is.
    pub async fn owner(&self, part: Uuid) -> Result<Option<Uuid>, StoreError> {
        self.db
            .run_one("plan.locate", move |conn| {
                Box::pin(async move {
                    let owner = sqlx::query_scalar!("SELECT locate_owner($1)", part);
                    Ok(owner.fetch_one(conn).await?)
                })
            })
            .await
    }

    /// The person's goals or check-ins before this one, newest first.
    pub async fn own_records(
        &self,
        permit: &StandingPermit,
        which: (OwnKind, Option<String>),
        before: (Instant, Uuid),
        most: i64,
    ) -> Result<Vec<OwnRecord>, StoreError> {
        own_record::list(&self.db, permit, which, before, most).await
    }

    /// The records before this one that are shared with one of these at this time, newest first, without their words:
    /// to be decided on one by one.
    pub async fn shared_records(
        &self,
        person: Uuid,
        which: ((OwnKind, Option<String>), Vec<String>, Instant),
        before: (Instant, Uuid),
        most: i64,
    ) -> Result<Vec<Head>, StoreError> {
        own_record::shared(&self.db, person, which, before, most).await
    }

    /// Seals them, to be opened one by one.
    pub fn sealed(
        deferred: &Deferred<ReadPlans>,
        person: Uuid,
        heads: Vec<Head>,
    ) -> Disclosed<Vec<Head>> {
        let part = |head: &Head| crate::domain::record(head.id, head.person);
        let parts: Vec<_> = heads.iter().map(part).collect();
        let whole = crate::domain::record(person, person);
        deferred.seal_parts(person, (!heads.is_empty()).then_some((whole, parts, heads)))
    }

    /// What these records, which were released, say, of the versions that were released.
    pub async fn say(&self, person: Uuid, heads: Vec<Head>) -> Result<Vec<OwnRecord>, StoreError> {
        own_record::say(&self.db, person, heads).await
    }

    /// Where these tasks, which were released, stand; `which.1`: as these supporters see them.
    pub async fn tasks(
        &self,
        person: Uuid,
        which: (Vec<Uuid>, Option<Vec<Uuid>>),
        most: i32,
    ) -> Result<HashMap<Uuid, Standing>, StoreError> {
        task::standing(&self.db, person, which, most).await
    }

    /// Whether the contributor is asked for this task now, or the decision is made with them and shown to them.
    pub async fn is_theirs_now(
        &self,
        permit: &ContributorPermit,
        id: Uuid,
        now: Instant,
    ) -> Result<bool, StoreError> {
        match permit.by() {
            Contributor::Supporter(by) => task::is_asked(&self.db, permit, id, (*by, now)).await,
            Contributor::Staff(_) => decision::is_made_with(&self.db, permit, id, now).await,
        }
    }

    /// With whom these decisions, which were released, are made, and when what they say was confirmed.
    pub async fn decisions(
        &self,
        person: Uuid,
        records: &[OwnRecord],
    ) -> Result<HashMap<Uuid, Confirmed>, StoreError> {
        let ids = records.iter().map(|record| record.id).collect();
        let versions = records.iter().map(|record| record.version).collect();
        decision::standing(&self.db, person, (ids, versions)).await
    }

    /// For what a suggestion to the person is, by its number.
    pub async fn suggested_for(
        &self,
        permit: &StandingPermit,
        id: Uuid,
    ) -> Result<Option<i16>, StoreError> {
        contribution::kind(&self.db, permit, id).await
    }

    /// Whose such a record is.
    pub async fn record_owner(&self, record: (Uuid, OwnKind)) -> Result<Option<Uuid>, StoreError> {
        own_record::owner(&self.db, record).await
    }

    /// The person's plan for work: which it is.
    pub async fn plan_for_work(&self, permit: &StandingPermit) -> Result<Option<Uuid>, StoreError> {
        employment::of_person(&self.db, permit).await
    }

    /// A person's plan for work and whom they have named, to be decided on at its release.
    pub async fn sealed_employment_plan(
        &self,
        deferred: &Deferred<ReadPlans>,
        person: Uuid,
    ) -> Result<Disclosed<(OwnRecord, Option<Specialist>)>, StoreError> {
        let found = employment::read(&self.db, person).await?;
        let id = found.as_ref().map_or(person, |(plan, _)| plan.id);
        let found = found.map(|plan| (crate::domain::record(id, person), plan));
        Ok(deferred.seal(id, found))
    }

    /// The steps of a plan of this owner's before this one, the last recorded first, to be decided on as the plan is;
    /// no owner: there is no such plan, and nobody's steps are read all the same: a miss takes as long.
    pub async fn employment_steps(
        &self,
        deferred: &Deferred<ReadPlans>,
        (plan, owner): (Uuid, Option<Uuid>),
        before: (Instant, Uuid),
        most: i64,
    ) -> Result<Disclosed<Vec<EmploymentStep>>, StoreError> {
        let person = owner.unwrap_or_default();
        let steps = employment::steps(&self.db, (person, plan), before, most).await?;
        let found = owner.map(|person| (crate::domain::record(plan, person), steps));
        Ok(deferred.seal(plan, found))
    }

    /// Of which plan a step is, and whose.
    pub async fn employment_step_of(&self, step: Uuid) -> Result<Option<(Uuid, Uuid)>, StoreError> {
        employment::plan_of(&self.db, step).await
    }

    /// What an agency's employment specialists did between two instants, in counts alone.
    pub async fn employment_counted(
        &self,
        agency: Uuid,
        between: (Instant, Instant),
    ) -> Result<Vec<Measured>, StoreError> {
        employment::counted(&self.db, agency, between).await
    }
}
