//! Changing what the caller's agency holds of a person: its own profile, and nobody else's.

mod work;

use std::sync::Arc;

use permit::{Call, Disclosure};
use rpc::{Error, InTx, Replay};
use time::Date;
use uuid::Uuid;
use wire::people::v1::Person;

use self::work::Work;
use super::{register_person::scope, shared};
use crate::{
    App,
    domain::{Details, Identifier, Profile},
    store::locate,
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
        clock: Arc::clone(&app.deps.clock),
    });
    let written = app.deps.guard.commit(&app.deps.db, name, permit, move |tx, permit| {
        let work = Arc::clone(&work);
        Box::pin(async move { work.run(tx, &permit).await })
    });
    let written = written.await?;
    Ok((written.value, written.disclosure))
}
