//! Who may reach a consent. A miss, a refusal and another's consent walk the same way and are each
//! on record.

use identity::CallerKind;
use kernel::{AgencyId, PersonId, PractitionerId};
use permit::{Call, Others, Refusal, StandingPermit};
use rpc::Error;
use uuid::Uuid;

use crate::{App, store};

/// A consent that the caller asked for by name, and where they stand toward its person.
pub(super) struct Reached {
    pub(super) permit: StandingPermit,
    /// None: there is no such consent, and the permit is about nobody.
    person: Option<PersonId>,
    id: Uuid,
}

/// Who acts for the person by law stands where the person does.
pub(super) fn beside(agencies: bool) -> Others {
    Others { agencies, representatives: true }
}

/// `agencies_too`: an agency may go on, and sees what names it.
pub(super) async fn reach(
    app: &App,
    call: &Call,
    id: Uuid,
    agencies_too: bool,
) -> Result<Reached, Error> {
    let person = store::locate(&app.db, id).await?;
    reach_of(app, call, person, id, agencies_too).await
}

/// As [`reach`], for a restriction, an emergency access or a court order.
pub(super) async fn reach_beside(
    app: &App,
    call: &Call,
    id: Uuid,
    agencies_too: bool,
) -> Result<Reached, Error> {
    let person = store::beside::locate(&app.db, id).await?;
    reach_of(app, call, person, id, agencies_too).await
}

async fn reach_of(
    app: &App,
    call: &Call,
    person: Option<PersonId>,
    id: Uuid,
    agencies_too: bool,
) -> Result<Reached, Error> {
    let about = person.clone().unwrap_or_else(|| PersonId::from(Uuid::nil()));
    match app.guard.standing_beside(call, about, beside(agencies_too)).await {
        Ok(permit) => Ok(Reached { permit, person, id }),
        Err(Refusal::NotFound) => Err(refused(app, call, person.as_ref(), Some(id)).await),
        Err(other) => Err(other.into()),
    }
}

impl Reached {
    /// The answer where the store had nothing for this permit.
    pub(super) async fn nothing(&self, app: &App, call: &Call) -> Error {
        refused(app, call, self.person.as_ref(), Some(self.id)).await
    }
}

/// The person's side, and staff of an agency that has registered them. To everybody else, and of everybody
/// unknown, there is no such person.
pub(super) async fn registered(
    app: &App,
    call: &Call,
    person: &PersonId,
) -> Result<StandingPermit, Error> {
    let permit = match app.guard.standing_beside(call, person.clone(), beside(true)).await {
        Ok(permit) => permit,
        Err(Refusal::NotFound) => return Err(refused(app, call, Some(person), None).await),
        Err(other) => return Err(other.into()),
    };
    if permit.named_agency().is_some() && !app.guard.registered(call, person).await? {
        return Err(refused(app, call, Some(person), None).await);
    }
    Ok(permit)
}

/// The agency and the practitioner that a member of staff is.
pub(super) fn staff(call: &Call) -> Option<(&AgencyId, &PractitionerId)> {
    match call.caller().kind() {
        CallerKind::Staff { agency, practitioner } => Some((agency, practitioner)),
        _ => None,
    }
}

/// For a list: none where it is empty, as it is for an unknown person too.
pub(super) async fn standing(
    app: &App,
    call: &Call,
    person: &PersonId,
) -> Result<Option<StandingPermit>, Error> {
    match app.guard.standing_beside(call, person.clone(), beside(true)).await {
        Ok(permit) => Ok(Some(permit)),
        Err(Refusal::NotFound) => match refused(app, call, Some(person), None).await {
            Error::NotFound => Ok(None),
            other => Err(other),
        },
        Err(other) => Err(other.into()),
    }
}

/// The person's side alone.
pub(super) async fn themself(
    app: &App,
    call: &Call,
    person: &PersonId,
) -> Result<StandingPermit, Error> {
    match app.guard.standing_beside(call, person.clone(), beside(false)).await {
        Ok(permit) => Ok(permit),
        Err(Refusal::NotFound) => Err(refused(app, call, Some(person), None).await),
        Err(other) => Err(other.into()),
    }
}

/// NOT_FOUND, once it is on record.
pub(super) async fn refused(
    app: &App,
    call: &Call,
    person: Option<&PersonId>,
    id: Option<Uuid>,
) -> Error {
    app.guard.refuse_standing(call, person, id.into_iter().collect()).await.into()
}
