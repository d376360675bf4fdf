//! Pages of lists by name.

use permit::Call;
use rpc::{Conflict, Error};

use crate::{App, store::NameKey};

impl App {
    /// Where a page begins.
    pub(super) fn begin(&self, call: &Call, filter: &[u8], token: &str) -> Result<NameKey, Error> {
        match self.deps.pages.begin_bytes(call, filter, token)? {
            None => Ok(NameKey::default()),
            Some(key) => NameKey::from_bytes(&key).ok_or(Error::Conflict(Conflict::PageToken)),
        }
    }

    /// The next page's token; empty: there is none.
    pub(super) fn next(
        &self,
        call: &Call,
        filter: &[u8],
        next: Option<NameKey>,
    ) -> Result<String, Error> {
        let token = next.map(|key| self.deps.pages.next_bytes(call, filter, &key.to_bytes()));
        token.transpose().map(Option::unwrap_or_default)
    }
}
