//! Who may reach a consent. A miss, a refusal and another's consent walk the same way and are each
//! on record.

use kernel::PersonId;
use permit::{Call, Refusal, StandingPermit};
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

/// `agencies_too`: an agency may go on, and sees what names it.
pub(super) async fn reach(
    app: &App,
    call: &Call,
    id: Uuid,
    agencies_too: bool,
) -> Result<Reached, Error> {
    let person = store::locate(&app.db, id).await?;
    let about = person.clone().unwrap_or_else(|| PersonId::from(Uuid::nil()));
    match app.guard.standing(call, about, agencies_too).await {
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

/// NOT_FOUND, once it is on record.
pub(super) async fn refused(
    app: &App,
    call: &Call,
    person: Option<&PersonId>,
    id: Option<Uuid>,
) -> Error {
    app.guard.refuse_standing(call, person, id.into_iter().collect()).await.into()
}
