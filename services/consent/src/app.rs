//! What the handlers share.

use std::sync::Arc;

use facts::Directory;
use kernel::{AgencyId, Clock};
use permit::Guard;
use pg::Db;
use policy::Agencies;
use tokio_util::sync::CancellationToken;

use crate::{Rules, domain::text::Names, store::Facts, watch::Changes};
use rpc::{Deps, Error, Outage, Pages};

/// The consent service.
pub struct App {
    pub(crate) db: Db,
    pub(crate) guard: Guard,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) pages: Pages,
    pub(crate) directory: Arc<Directory>,
    pub(crate) stop: CancellationToken,
    pub(crate) facts: Facts,
    pub(crate) changes: Changes,
    pub(crate) rules: Arc<Rules>,
}

impl App {
    pub(crate) fn new(deps: Deps, rules: Rules) -> Self {
        let Deps { db, guard, clock, pages, directory, stop } = deps;
        let facts = Facts::new(&db);
        let (changes, rules) = (Changes::default(), Arc::new(rules));
        Self { db, guard, clock, pages, directory, stop, facts, changes, rules }
    }

    /// The directory's revision and flags; what is stale is not said.
    pub(crate) fn agencies(&self) -> Result<(i64, Arc<Agencies>), Error> {
        self.directory.agencies().ok_or(Error::Unavailable(Outage::Directory))
    }
}

/// Agencies by the names that people know.
pub(crate) struct DisplayNames(pub(crate) Arc<Directory>);

impl Names for DisplayNames {
    fn agency(&self, id: &AgencyId) -> String {
        self.0.display_name(id).unwrap_or_else(|| format!("the agency {id}"))
    }
}
