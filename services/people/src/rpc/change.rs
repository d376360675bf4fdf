//! Changing what the caller's agency holds of a person: its own profile, and nobody else's.

use std::sync::Arc;

use kernel::Instant;
use permit::{Call, Disclosure, Permit, WriteProfiles};
use pg::PgConnection;
use rpc::{Conflict, Error, InTx, Replay};
use time::Date;
use uuid::Uuid;
use wire::people::v1::Person;

use super::{
    register_person::{Registration, scope},
    shared,
};
use crate::{
    App,
    domain::{Details, Identifier, MAX_IDENTIFIERS, Profile},
    store::{binding, locate, registration},
};

/// What is to be changed. No Debug: it is content.
pub enum Change {
    /// All that is stated but identifiers and labels, where it is still what was seen.
    Replace {
        etag: String,
        stated: Box<Stated>,
    },
    Add(Identifier),
}

pub struct Stated {
    pub given_name: String,
    pub family_name: String,
    pub birth_date: Date,
    pub preferred_language: String,
    pub details: Details,
}

impl Change {
    fn applied(&self, to: &Profile) -> Profile {
        let mut profile = to.clone();
        match self {
            Self::Replace { stated, .. } => {
                profile.given_name.clone_from(&stated.given_name);
                profile.family_name.clone_from(&stated.family_name);
                profile.birth_date = stated.birth_date;
                profile.preferred_language.clone_from(&stated.preferred_language);
                profile.details.clone_from(&stated.details);
            }
            Self::Add(identifier) => profile.identifiers.push(identifier.clone()),
        }
        profile
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Replace { .. } => "person.update",
            Self::Add(_) => "person.add_identifier",
        }
    }
}

/// Makes the change, or answers as the first time.
pub async fn made(
    app: &App,
    call: &Call,
    person: Uuid,
    once: rpc::Request,
    change: Change,
) -> Result<(Person, Disclosure), Error> {
    let again = |replay: Replay| async move {
        let deferred = app.deps.guard.defer::<permit::ReadProfiles>(call).await?;
        let found = locate::profile(&app.deps.db, replay.record_id).await?;
        let sealed = deferred.seal(replay.record_id, found.map(|record| (record, ())));
        Ok(app.deps.guard.release(sealed).await?.1)
    };
    once.written(&app.deps.db, write(app, call, person, &once, change), again).await
}

async fn write(
    app: &App,
    call: &Call,
    person: Uuid,
    once: &rpc::Request,
    change: Change,
) -> Result<(Person, Disclosure), InTx> {
    let permit = shared::own_profile(app, call, person).await?;
    let name = change.name();
    let (victim, never) = scope(app, shared::agency(call)?)?;
    let work = Arc::new(Work {
        change,
        matching: Arc::clone(&app.matching),
        by: shared::sign_in(call),
        victim,
        never,
        key: once.key.clone(),
        now: app.deps.clock.now(),
    });
    let written = app.deps.guard.commit(&app.deps.db, name, permit, move |tx, permit| {
        let work = Arc::clone(&work);
        Box::pin(async move { work.run(tx, &permit).await })
    });
    let written = written.await?;
    Ok((written.value, written.disclosure))
}

struct Work {
    change: Change,
    matching: Arc<crate::Matching>,
    by: crate::store::invitation::SignInKey,
    victim: bool,
    never: Vec<Uuid>,
    key: pg::requests::RequestKey,
    now: Instant,
}

impl Work {
    async fn run(
        &self,
        tx: &mut PgConnection,
        permit: &Permit<WriteProfiles>,
    ) -> Result<Person, InTx> {
        // The keys are locked before the person, as a registration does: so it is read twice.
        let locks = self.stated(&mut *tx, permit).await?.locks();
        registration::lock(&mut *tx, &locks).await?;
        registration::lock_person(&mut *tx, permit).await?;
        let new = self.stated(&mut *tx, permit).await?;
        if let Change::Replace { etag, .. } = &self.change
            && (*etag != new.profile.version.to_string()
                || !registration::replace(&mut *tx, permit, &new.profile, &self.by, self.now)
                    .await?)
        {
            return Err(Error::Conflict(Conflict::Stale).into());
        }
        if let Change::Add(_) = &self.change {
            let others = new.candidates(&mut *tx).await?.own;
            if others.iter().any(|other| *other != permit.person_id()) {
                return Err(Error::Conflict(Conflict::AlreadyExists { field: "identifier" }).into());
            }
            let all = &new.identifiers;
            if registration::add_identifiers(&mut *tx, permit, all).await? > MAX_IDENTIFIERS {
                return Err(Error::field("identifier", "the profile has as many as it may").into());
            }
        }
        registration::index(&mut *tx, permit, &new.indexed, &new.never).await?;
        binding::seen_as_staff(&mut *tx, permit, &self.by).await?;
        shared::kept_answer(tx, permit, &self.key, self.now).await
    }

    /// The profile as it is to be, and by what it is recognised then.
    async fn stated(
        &self,
        tx: &mut PgConnection,
        permit: &Permit<WriteProfiles>,
    ) -> Result<Registration, InTx> {
        let held = registration::held(tx, permit).await?;
        let (record, profile) = held.ok_or(Error::NotFound)?;
        let agency = record.custodian.and_then(|a| a.uuid()).unwrap_or_default();
        let profile = self.change.applied(&profile);
        let by = self.by.clone();
        let never = self.never.clone();
        Ok(Registration::new(&self.matching, agency, by, self.victim, never, profile))
    }
}
