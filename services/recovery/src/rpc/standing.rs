//! Whose sign-in it is that calls.

use kernel::PersonId;
use permit::{Call, Refusal, StandingPermit};
use rpc::Error;

use super::own::refused;
use crate::App;

/// Any sign-in of the person's own.
pub(super) async fn standing(
    app: &App,
    call: &Call,
    person: &PersonId,
) -> Result<StandingPermit, Error> {
    match app.deps.guard.standing(call, person.clone(), false).await {
        Ok(permit) => Ok(permit),
        Err(Refusal::NotFound) => Err(refused(app, call, Some(person), Vec::new()).await),
        Err(away) => Err(away.into()),
    }
}
