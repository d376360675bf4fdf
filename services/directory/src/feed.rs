//! What this process, and whoever follows it, knows of the agencies and of who is suspended. Read from the store
//! after every write of our own, before its RPC returns, and every second for the writes of other replicas.

use std::{collections::HashMap, sync::Arc};

use facts::Directory;
use pg::{Db, StoreError};
use tokio::sync::{Mutex, watch};
use uuid::Uuid;
use wire::directory::v1::{AgencyState, PrincipalState, WatchAgenciesResponse};

use crate::{
    rpc::{convert, principals},
    store,
};

/// All agencies and suspensions as of a revision.
#[derive(Debug, Clone, Default)]
pub(crate) struct Head {
    pub revision: i64,
    /// With the revision of each one's last change.
    states: HashMap<Uuid, (i64, Arc<AgencyState>)>,
    /// Those that have ended since this process began, too.
    suspensions: HashMap<Uuid, (i64, PrincipalState)>,
}

impl Head {
    /// What has changed after `revision`, in the order of the changes.
    pub(crate) fn since(&self, revision: i64) -> Vec<(i64, Arc<AgencyState>)> {
        let mut changed: Vec<_> =
            self.states.values().filter(|(at, _)| *at > revision).cloned().collect();
        changed.sort_by_key(|(at, _)| *at);
        changed
    }

    /// The suspensions of principals that have changed after `revision`; from the beginning on, those that are
    /// in force.
    pub(crate) fn principals_since(&self, revision: i64) -> impl Iterator<Item = &PrincipalState> {
        let changed = self.suspensions.values().filter(move |(at, _)| *at > revision);
        changed.map(|(_, state)| state).filter(move |state| revision > 0 || state.suspended)
    }
}

#[derive(Debug)]
pub(crate) struct Feed {
    db: Db,
    directory: Arc<Directory>,
    /// One reader at a time, so that a later reading is never overtaken by an earlier one.
    turn: Mutex<()>,
    /// Sent after each successful reading, changed or not: what it tells is as of now.
    head: watch::Sender<Arc<Head>>,
}

impl Feed {
    pub(crate) fn new(db: Db, directory: Arc<Directory>) -> Self {
        let (head, _) = watch::channel(Arc::new(Head { revision: -1, ..Head::default() }));
        Self { db, directory, turn: Mutex::new(()), head }
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Arc<Head>> {
        self.head.subscribe()
    }

    /// Everything that had been committed when this was called is known when it returns.
    pub(crate) async fn refresh(&self) -> Result<(), StoreError> {
        let _turn = self.turn.lock().await;
        let known = Arc::clone(&self.head.borrow());
        let now = store::agency::revision(&self.db).await?;
        if now == known.revision {
            self.head.send_replace(known);
            return Ok(());
        }
        // The first reading; or a database that was set back, and then what is known is not so.
        let snapshot = known.revision < 0 || now < known.revision;
        let (after, Head { mut states, mut suspensions, .. }) =
            if snapshot { (0, Head::default()) } else { (known.revision, Head::clone(&known)) };
        let changed = store::agency::changes(&self.db, after).await?;
        let revision = changed.revision;
        let mut step = WatchAgenciesResponse { revision, snapshot, ..Default::default() };
        for (agency, bindings, teams) in changed.agencies {
            let state = convert::state(&agency, bindings, teams);
            step.agencies.push(state.clone());
            states.insert(agency.id, (agency.revision, Arc::new(state)));
        }
        for suspension in &changed.principals {
            let state = principals::principal_state(suspension);
            step.principals.push(state.clone());
            suspensions.insert(suspension.id, (suspension.revision, state));
        }
        self.directory.apply(&step);
        self.head.send_replace(Arc::new(Head { revision, states, suspensions }));
        Ok(())
    }
}
