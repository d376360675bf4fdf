//! Lists of what waits at an agency, what has waited longest first.

use kernel::{Instant, PersonId};
use permit::Call;
use rpc::{Error, PageKey};
use uuid::Uuid;

use crate::{App, store::Waits};

/// A page that is asked for.
pub(super) struct Page<'a> {
    app: &'a App,
    call: &'a Call,
    filter: &'a str,
    /// Rows after this one.
    pub(super) after: (Instant, Uuid),
    size: i64,
}

impl<'a> Page<'a> {
    pub(super) fn of(
        app: &'a App,
        call: &'a Call,
        filter: &'a str,
        token: &str,
        size: i32,
    ) -> Result<Self, Error> {
        let begin = app.deps.pages.begin(call, filter.as_bytes(), token)?;
        // The first page of the tokens is before everything that is newest first.
        let after = match token {
            "" => (Instant::UNIX_EPOCH, Uuid::nil()),
            _ => (begin.instant(), begin.id),
        };
        Ok(Self { app, call, filter, after, size: rpc::page_size(size) })
    }

    /// How many rows to read: one more tells whether there is another page.
    pub(super) fn most(&self) -> i64 {
        self.size.saturating_add(1)
    }

    /// Cuts what was read; the token of the next page.
    pub(super) fn cut<T>(
        &self,
        rows: &mut Vec<T>,
        key: impl Fn(&T) -> (Instant, Uuid),
    ) -> Result<String, Error> {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        let more = rows.len() > size;
        rows.truncate(size);
        match rows.last().filter(|_| more).map(key) {
            Some((at, id)) => {
                self.app.deps.pages.next(self.call, self.filter.as_bytes(), PageKey::of(at, id))
            }
            None => Ok(String::new()),
        }
    }
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
