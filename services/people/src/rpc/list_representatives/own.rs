//! The caller's own appointments: for whom they act now.

use kernel::{PersonId, Role};
use permit::{Call, Others, Refusal};
use rpc::Error;
use uuid::Uuid;
use wire::{
    convert::{name_of, timestamp, to_wire},
    people::v1::{self as pb, RepresentativeState as State},
};

use super::Page;
use crate::{
    App,
    rpc::shared,
    store::{
        facts::{self, Acts},
        invitation::SignInKey,
        representative::Which,
    },
};

/// Whether the caller asks as a representative. A token that has PERSON, too, is the person's.
pub fn acts(call: &Call) -> bool {
    let roles = call.caller().roles();
    roles.contains(Role::Representative) && !roles.contains(Role::Person)
}

/// Of everybody, or of one person, oldest first. Each is opened as anything else of the person is.
pub async fn appointments(
    app: &App,
    call: &Call,
    person: Option<Uuid>,
    which: Which,
) -> Result<Page, Error> {
    let SignInKey { issuer, subject } = shared::sign_in(call);
    let (asked, now) = (vec![(issuer, subject)], app.deps.clock.now());
    let found = facts::resolve(&app.deps.db, asked, now).await?.pop();
    let person = person.map(PersonId::from);
    let wanted = |acts: &Acts| {
        person.as_ref().is_none_or(|person| acts.appointment.person == *person)
            && which.after.is_none_or(|after| acts.appointment.id > after)
    };
    let mut all = found.unwrap_or_default().acts;
    all.sort_by_key(|acts| acts.appointment.id);
    let most = usize::try_from(which.most).unwrap_or(usize::MAX);
    let mut page = Vec::new();
    for acts in all.into_iter().filter(wanted) {
        if page.len() >= most {
            break;
        }
        page.extend(opened(app, call, acts).await?);
    }
    Ok(page)
}

/// None: it is not in force now.
async fn opened(
    app: &App,
    call: &Call,
    acts: Acts,
) -> Result<Option<(Uuid, pb::Representative)>, Error> {
    let guard = &app.deps.guard;
    let (id, person) = (acts.appointment.id, acts.appointment.person.clone());
    let now = app.deps.clock.now();
    if !acts.appointment.in_force(now) {
        return Ok(None);
    }
    let others = Others { representatives: true, ..Others::default() };
    let permit = match guard.standing_beside(call, person, others).await {
        Ok(permit) => permit,
        Err(Refusal::NotFound) => return Ok(None),
        Err(other) => return Err(other.into()),
    };
    match guard.release_standing(&permit, vec![id], told(&acts)).await {
        Ok(told) => Ok(Some((id, told))),
        Err(Refusal::NotFound) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

/// Without what is withheld from them, the evidence, and which agencies know the person.
fn told(acts: &Acts) -> pb::Representative {
    let appointment = &acts.appointment;
    pb::Representative {
        name: name_of("representatives", appointment.id),
        person: name_of("people", &appointment.person),
        relationship: to_wire(appointment.relationship),
        from_time: appointment.from.map(timestamp),
        until_time: appointment.until.map(timestamp),
        state: State::Bound.into(),
        create_time: Some(timestamp(acts.recorded_at)),
        ..pb::Representative::default()
    }
}
