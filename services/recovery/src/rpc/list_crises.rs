//! Lists the crises that the caller was chosen for, person by person: each is decided on and recorded by itself.

use kernel::{PersonId, Role};
use permit::{Call, ReadPlans, Refusal, Sight};
use rpc::{Conflict, Error};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::{
    convert::{name_of, timestamp},
    recovery::v1::{Crisis as Told, CrisisState, ListCrisesRequest, ListCrisesResponse},
};

use super::crisis;
use crate::{
    App,
    domain::{Crisis, Grantee},
};

const RPC: &str = "trellis.recovery.v1.RecoveryService/ListCrises";

pub(super) async fn list_crises(
    app: &App,
    request: Request<ListCrisesRequest>,
) -> Result<Response<ListCrisesResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::check(&request).done()?;
    let pages = &app.deps.pages;
    let after = match pages.begin_bytes(&call, b"", &request.page_token)? {
        None => Uuid::nil(),
        Some(last) => Uuid::from_slice(&last).map_err(|_| Error::Conflict(Conflict::PageToken))?,
    };
    let size = rpc::page_size(request.page_size);
    let supporter = call.caller().roles().contains(Role::Supporter);
    let mut people = match supporter {
        true => supported(app, &call, after).await?,
        false => {
            // Who may ask nothing of a plan is told so, whether there is a crisis or none.
            app.deps.guard.defer::<ReadPlans>(&call).await?;
            let from = (after, app.deps.clock.now());
            app.store.crises_shown_to(whole_name(&call)?, from, size + 1).await?
        }
    };
    let size = usize::try_from(size).unwrap_or_default();
    let more = people.len() > size;
    people.truncate(size);
    let mut crises = Vec::new();
    for person in &people {
        crises.extend(match supporter {
            true => chosen(app, &call, *person).await?,
            false => shown(app, &call, *person).await?,
        });
    }
    let next_page_token = match people.last().filter(|_| more) {
        Some(last) => pages.next_bytes(&call, b"", last.as_bytes())?,
        None => String::new(),
    };
    Ok(Response::new(ListCrisesResponse { crises, next_page_token }))
}

/// Whom the caller supports, after one of them.
async fn supported(app: &App, call: &Call, after: Uuid) -> Result<Vec<Uuid>, Error> {
    let supports = app.deps.guard.supported(call).await?;
    let mut people: Vec<Uuid> = supports.iter().filter_map(|one| one.person.uuid()).collect();
    people.retain(|person| *person > after);
    people.sort_unstable();
    people.dedup();
    Ok(people)
}

/// As shares name a practitioner.
pub(super) fn whole_name(call: &Call) -> Result<String, Error> {
    let caller = call.caller();
    let agency = caller.agency().ok_or(Error::NotFound)?;
    Ok(format!("{agency}/{}", caller.subject().as_str()))
}

/// To a supporter: where they may call, or are shown something.
async fn chosen(app: &App, call: &Call, person: Uuid) -> Result<Option<Told>, Error> {
    let permit = match app.deps.guard.contributor(call, PersonId::from(person)).await {
        Ok(permit) => permit,
        Err(Refusal::NotFound) => return Ok(None),
        Err(away) => return Err(away.into()),
    };
    let now = app.deps.clock.now();
    let Some((rules, steps, eyes)) = app.store.chosen(&permit, now).await? else { return Ok(None) };
    if !app.store.stands(&permit).await? {
        return Ok(None);
    }
    let by = Grantee::of(&permit.by().text());
    let may_activate = by.supporter().is_some_and(|id| rules.activators.contains(&id));
    let viewer = eyes.reads && rules.views.iter().any(|(_, to)| *to == by);
    if !may_activate && !viewer {
        return Ok(None);
    }
    let until = Crisis::after(&rules, &steps).until(now);
    let told = Told {
        person: name_of("people", person),
        state: crisis::state(until).into(),
        until_time: until.map(timestamp),
        may_activate,
        shown: viewer && eyes.shown,
    };
    let records = vec![rules.id];
    Ok(Some(app.deps.guard.release_contribution(&permit, records, told).await?))
}

/// To staff: what is open to them is decided as when they read it.
async fn shown(app: &App, call: &Call, person: Uuid) -> Result<Option<Told>, Error> {
    let deferred = app.deps.guard.defer::<ReadPlans>(call).await?;
    let sealed = app.store.sections(&deferred, person).await?;
    match app.deps.guard.release_parts(sealed).await {
        Ok((_, sights, _)) if sights.contains(&Sight::Open) => Ok(Some(Told {
            person: name_of("people", person),
            state: CrisisState::Active.into(),
            shown: true,
            ..Told::default()
        })),
        Ok(_) | Err(Refusal::NotFound) => Ok(None),
        Err(away) => Err(away.into()),
    }
}
