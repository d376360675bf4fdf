//! Lists of what waits at an agency, what has waited longest first.

use kernel::{Instant, PersonId};
use permit::Call;
use rpc::{Error, Page};
use uuid::Uuid;

use crate::{App, store::Waits};

/// A page that is asked for: the first begins before everything, not after it.
pub(super) fn page<'a>(
    app: &'a App,
    call: &'a Call,
    filter: &str,
    token: &str,
    size: i32,
) -> Result<Page<'a>, Error> {
    let mut page = app.deps.pages.page(call, filter, token, size)?;
    if token.is_empty() {
        page.after = (Instant::UNIX_EPOCH, Uuid::nil());
    }
    Ok(page)
}

/// The caller's unit.
pub(super) fn unit(call: &Call) -> Result<Uuid, Error> {
    call.caller().agency().and_then(kernel::AgencyId::uuid).ok_or(Error::NotFound)
}

/// Which they are, and whose.
pub(super) fn whose(waits: &[Waits]) -> (Vec<Uuid>, Vec<PersonId>) {
    let mut people: Vec<Uuid> = waits.iter().map(|one| one.person).collect();
    people.sort_unstable();
    people.dedup();
    let ids = waits.iter().map(|one| one.id).collect();
    (ids, people.into_iter().map(PersonId::from).collect())
}
