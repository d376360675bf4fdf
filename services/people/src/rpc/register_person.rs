//! RegisterPerson.

pub(super) mod parse;
mod registration;
mod write;

use std::sync::Arc;

use kernel::Kind;
use permit::{Ask, Call, Located, Written};
use rpc::{Denial, Error, Failed, InTx, Outage, Replay};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::people::v1::{Person, RegisterPersonRequest, RegisterPersonResponse};

use self::registration::record;
pub(super) use self::registration::{Registration, scope};
use super::shared;
use crate::{App, domain::Profile, store::locate};

const RPC: &str = "trellis.people.v1.PeopleService/RegisterPerson";

/// Attempts, when other registrations of the same person land between the look-up and the write, or whose people
/// nobody else recognises becomes another question.
const ATTEMPTS: u32 = 4;

/// Registers a person with the caller's agency. Whether the network knew the person changes neither
/// the answer nor the work: the index is always asked, the person's row is always offered, and the
/// profile is new for this agency in either case.
///
/// The agency that registers somebody again, by an identifier of its own, or by a shared one with the same
/// names and birth date, gets the person and its own profile as it stands, with the identifiers that were not
/// there yet added and the labels as strict as the stricter; another birth date under its own identifier is
/// ALREADY_EXISTS.
pub async fn handle(
    app: &App,
    request: Request<RegisterPersonRequest>,
) -> Result<Response<RegisterPersonResponse>, Error> {
    shared::on_the_beat(registered(app, request)).await
}

async fn registered(
    app: &App,
    request: Request<RegisterPersonRequest>,
) -> Result<Response<RegisterPersonResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    let profile = parse::profile(&req, app.deps.clock.now())?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    for _ in 0..ATTEMPTS {
        let new = Arc::new(prepared(app, &call, profile.clone())?);
        if let Some(replay) = once.earlier(&app.deps.db).await? {
            return replayed(app, &call, &once, replay).await;
        }
        match attempt(app, &call, &once, &new).await {
            Ok(Written { value, disclosure }) => return Ok(reply(value, &disclosure)),
            Err(Failed::Moved) => {}
            Err(Failed::Tx(error)) if shared::landed(&error) => {}
            Err(Failed::Tx(error)) => return Err(error.into()),
        }
    }
    Err(Error::Unavailable(Outage::Overloaded))
}

fn reply(person: Person, disclosure: &permit::Disclosure) -> Response<RegisterPersonResponse> {
    let disclosure = Some(rpc::disclosure(disclosure));
    Response::new(RegisterPersonResponse { person: Some(person), disclosure })
}

/// What is registered, and by what it is recognised.
fn prepared(app: &App, call: &Call, profile: Profile) -> Result<Registration, Error> {
    let agency = shared::agency(call)?;
    let (victim, never) = scope(app, agency)?;
    // Before anything is looked up: it is about the agency alone.
    if !app.registers.takes(agency, victim) {
        return Err(Error::Denied(Denial::HeldElsewhere));
    }
    Ok(Registration::new(&app.matching, agency, shared::sign_in(call), victim, never, profile))
}

async fn attempt(
    app: &App,
    call: &Call,
    once: &rpc::Request,
    new: &Arc<Registration>,
) -> Result<Written<Person>, Failed> {
    let (db, guard) = (&app.deps.db, &app.deps.guard);
    let looked = (Arc::clone(new), Arc::clone(&app.matching));
    let seen = db
        .run_one("person.match", move |conn| {
            let (new, matching) = looked.clone();
            Box::pin(async move { new.candidates(conn, &matching).await })
        })
        .await?;
    let fresh = Uuid::new_v4();
    let person = seen.person().unwrap_or(fresh);
    let permit = match locate::profile_of(db, person, new.agency).await? {
        Some(held) => {
            let located = Located::of(Kind::Profile, new.agency, Some(held));
            guard.permit(call, Ask::about(located)).await
        }
        None => guard.permit_registration(call, record(app, call, person, &new.profile)).await,
    };
    let permit = permit.map_err(InTx::from)?;
    let write = write::Write {
        new: Arc::clone(new),
        seen,
        matching: Arc::clone(&app.matching),
        victim: new.never.contains(&new.agency),
        key: once.key.clone(),
        now: app.deps.clock.now(),
        clock: Arc::clone(&app.deps.clock),
        directory: Arc::clone(&app.deps.directory),
    };
    let write = Arc::new(write);
    guard
        .commit(db, "person.register", permit, move |tx, permit| {
            let write = Arc::clone(&write);
            Box::pin(async move { write.run(tx, &permit).await })
        })
        .await
}

/// The first answer, released as any read of the profile is.
async fn replayed(
    app: &App,
    call: &Call,
    once: &rpc::Request,
    replay: Replay,
) -> Result<Response<RegisterPersonResponse>, Error> {
    let deferred = app.deps.guard.defer::<permit::ReadProfiles>(call).await?;
    let found = locate::profile(&app.deps.db, replay.record_id).await?;
    let answer: Person = once.answer(&app.deps.db, replay).await?;
    let sealed = deferred.seal(replay.record_id, found.map(|record| (record, answer)));
    let (person, disclosure) = app.deps.guard.release(sealed).await?;
    Ok(reply(person, &disclosure))
}
