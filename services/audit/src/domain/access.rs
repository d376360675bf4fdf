//! One event as a privacy officer is told of it.

use kernel::{Action, CodeSet, Instant, Kind, Purpose};
use uuid::Uuid;

use super::{Basis, Collection};

/// Somebody asked for something, as far as an agency is to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// In whose ledger it stands.
    pub service: String,
    /// Its number there.
    pub sequence: i64,
    pub event_id: Uuid,
    pub at: Instant,
    pub decision_id: Uuid,
    /// The caller's.
    pub agency: Option<Uuid>,
    /// Empty: no staff.
    pub practitioner: String,
    pub purposes: CodeSet<Purpose>,
    pub rpc: String,
    pub action: Action,
    pub permitted: bool,
    /// None: nobody, or not to be known.
    pub person: Option<Uuid>,
    pub records: Vec<Uuid>,
    pub kinds: CodeSet<Kind>,
    pub bases: Vec<Basis>,
    pub reason: Option<String>,
}

impl Access {
    /// The collection that names its records.
    pub fn collection(&self) -> Collection {
        Collection::written(&self.rpc, &self.bases, &self.records)
            .unwrap_or_else(|| Collection::of(self.kinds, &self.service, &self.rpc))
    }
}
