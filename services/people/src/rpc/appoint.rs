//! What the RPCs about representatives do alike: by whose right, and how one is told.

use kernel::PersonId;
use permit::{Call, Others, Permit, Refusal, StandingPermit, WriteProfiles};
use pg::{BoxFuture, PgConnection};
use rpc::{Error, InTx};
use uuid::Uuid;
use wire::{
    convert::{agency_name, name_of, set_to_wire, timestamp, to_wire},
    people::v1::{self as pb, RepresentativeState as State},
};

use super::shared;
use crate::{
    App,
    store::representative::{Held, Recorder},
};

/// By whose right something is done about a representative.
pub enum Right {
    /// An agency's that has registered the person.
    Agency(Box<Permit<WriteProfiles>>),
    Person(StandingPermit),
}

/// The caller's right toward the person. `about`: what was asked for, as the audit record of a
/// refusal names it. Absent, refused and not registered are one; a nil person is nobody.
pub async fn right(app: &App, call: &Call, person: Uuid, about: Uuid) -> Result<Right, Error> {
    if call.caller().agency().is_some() {
        return Ok(Right::Agency(Box::new(shared::own_profile(app, call, person).await?)));
    }
    Ok(Right::Person(standing(app, call, person, about).await?))
}

/// That of the person.
pub async fn standing(
    app: &App,
    call: &Call,
    person: Uuid,
    about: Uuid,
) -> Result<StandingPermit, Error> {
    standing_beside(app, call, person, about, Others::default()).await
}

/// That of the person, and of these beside them.
pub async fn standing_beside(
    app: &App,
    call: &Call,
    person: Uuid,
    about: Uuid,
    others: Others,
) -> Result<StandingPermit, Error> {
    let guard = &app.deps.guard;
    match guard.standing_beside(call, person.into(), others).await {
        Ok(permit) => Ok(permit),
        Err(Refusal::NotFound) => {
            let known = Some(PersonId::from(person)).filter(|_| !person.is_nil());
            let about = Some(about).filter(|id| !id.is_nil()).into_iter().collect();
            Err(guard.refuse_standing(call, known.as_ref(), about).await.into())
        }
        Err(other) => Err(other.into()),
    }
}

impl Right {
    /// Writes by this right, with the audit record of it; `records` is what the person's names.
    pub async fn commit<T, F>(
        self,
        app: &App,
        name: &'static str,
        records: Vec<Uuid>,
        work: F,
    ) -> Result<T, InTx>
    where
        T: Send + 'static,
        F: for<'c> Fn(&'c mut PgConnection, Recorder) -> BoxFuture<'c, Result<T, InTx>>
            + Send
            + Sync
            + 'static,
    {
        let (guard, db) = (&app.deps.guard, &app.deps.db);
        match self {
            Self::Agency(permit) => {
                let written = guard.commit(db, name, *permit, move |tx, permit| {
                    work(tx, Recorder::agency_of(&permit))
                });
                Ok(written.await?.value)
            }
            Self::Person(permit) => {
                let written =
                    guard.commit_standing(db, name, permit, records, move |tx, permit| {
                        work(tx, Recorder::person_of(&permit))
                    });
                written.await
            }
        }
    }
}

/// As the person sees it, or the agency that recorded it: which agencies vouch is for the person.
pub fn told(held: &Held, to_person: bool) -> pb::Representative {
    let terms = &held.terms;
    let state = match held.ended_at {
        Some(_) => State::Ended,
        None if held.bound => State::Bound,
        None => State::Invited,
    };
    let hash = terms.document_sha256.iter().flatten();
    pb::Representative {
        name: name_of("representatives", held.id),
        person: name_of("people", held.person),
        relationship: to_wire(terms.relationship),
        authority: terms.authority.clone(),
        document_sha256: hash.map(|byte| format!("{byte:02x}")).collect(),
        from_time: Some(timestamp(terms.from)),
        until_time: terms.until.map(timestamp),
        excluded_sensitivities: set_to_wire(terms.excluded),
        recorded_by: held.agency.map(agency_name).unwrap_or_default(),
        state: state.into(),
        create_time: Some(timestamp(held.recorded_at)),
        end_time: held.ended_at.map(timestamp),
        confirmed_by: match to_person {
            true => held.confirmed_by.iter().map(agency_name).collect(),
            false => Vec::new(),
        },
    }
}
