//! What the lists share: where a page begins, where it is cut, and the token of the next.

use kernel::Instant;
use permit::Call;
use rpc::{Error, PageKey};
use uuid::Uuid;

use crate::App;

/// A page that is asked for.
pub(super) struct Page<'a> {
    app: &'a App,
    call: &'a Call,
    filter: Vec<u8>,
    /// Rows after this one.
    pub(super) after: (Instant, Uuid),
    size: usize,
}

impl<'a> Page<'a> {
    pub(super) fn of(
        app: &'a App,
        call: &'a Call,
        filter: &str,
        token: &str,
        size: i32,
    ) -> Result<Self, Error> {
        let filter = filter.as_bytes().to_vec();
        let begin = app.pages.begin(call, &filter, token)?;
        let size = usize::try_from(rpc::page_size(size)).unwrap_or(usize::MAX);
        Ok(Self { app, call, filter, after: (begin.instant(), begin.id), size })
    }

    /// How many rows to read: one more tells whether there is another page.
    pub(super) fn most(&self) -> i64 {
        i64::try_from(self.size).unwrap_or(i64::MAX).saturating_add(1)
    }

    /// Cuts what was read; the token of the next page.
    pub(super) fn cut<T>(
        &self,
        rows: &mut Vec<T>,
        key: impl Fn(&T) -> (Instant, Uuid),
    ) -> Result<String, Error> {
        let more = rows.len() > self.size;
        rows.truncate(self.size);
        match rows.last().filter(|_| more).map(key) {
            Some((at, id)) => self.app.pages.next(self.call, &self.filter, PageKey::of(at, id)),
            None => Ok(String::new()),
        }
    }
}
