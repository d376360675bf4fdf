//! Every service follows the directory: who speaks for an agency, and its flags. After 10 seconds of
//! silence it says nothing any more, and that is a refusal.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use identity::{AgencyBindings, Binding};
use kernel::{AgencyId, AgencyStatus, Sector};
use policy::{Agencies, Agency};
use tokio_util::sync::CancellationToken;
use wire::{
    convert::{from_wire, id_of},
    directory::v1::{
        AgencyState, AgencyStatus as PbStatus, WatchAgenciesRequest, WatchAgenciesResponse,
        directory_service_client::DirectoryServiceClient,
    },
};

use crate::Peer;

/// Silence after which nothing is said.
const STALE: Duration = Duration::from_secs(10);
const AGAIN: Duration = Duration::from_millis(200);

/// The directory as this process last heard it.
#[derive(Debug, Default)]
pub struct Directory {
    view: ArcSwap<View>,
    heard: Mutex<Option<Instant>>,
    /// A directory in this very process is never stale.
    local: bool,
}

#[derive(Debug, Default)]
struct View {
    revision: i64,
    states: HashMap<AgencyId, AgencyState>,
    agencies: Arc<Agencies>,
}

impl Directory {
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// The directory service's own: told by its store, not by a stream.
    pub fn local() -> Arc<Self> {
        Arc::new(Self { local: true, ..Self::default() })
    }

    fn stale(&self) -> bool {
        let heard = *self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        !heard.is_some_and(|at| self.local || at.elapsed() < STALE)
    }

    /// Revision and flags of all agencies; none when stale.
    pub fn agencies(&self) -> Option<(i64, Arc<Agencies>)> {
        if self.stale() {
            return None;
        }
        let view = self.view.load();
        Some((view.revision, Arc::clone(&view.agencies)))
    }

    /// What people call an agency; none when it is not known.
    pub fn display_name(&self, agency: &AgencyId) -> Option<String> {
        let view = self.view.load();
        view.states.get(agency)?.agency.as_ref().map(|a| a.display_name.clone())
    }

    /// Takes one step of the feed.
    pub fn apply(&self, step: &WatchAgenciesResponse) {
        if step.snapshot || !step.agencies.is_empty() {
            let old = self.view.load();
            let mut states = if step.snapshot { HashMap::new() } else { old.states.clone() };
            for state in &step.agencies {
                let id = state.agency.as_ref().and_then(|a| id_of("agencies", &a.name));
                if let Some(id) = id {
                    states.insert(AgencyId::from(id), state.clone());
                }
            }
            let agencies = Arc::new(states.values().filter_map(agency_of).collect());
            self.view.store(Arc::new(View { revision: step.revision, states, agencies }));
        }
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}

/// The flags that a decision needs.
pub fn agency_of(state: &AgencyState) -> Option<Agency> {
    let agency = state.agency.as_ref()?;
    let active = agency.status == i32::from(PbStatus::Active);
    Some(Agency {
        id: AgencyId::from(id_of("agencies", &agency.name)?),
        status: if active { AgencyStatus::Active } else { AgencyStatus::Suspended },
        sector: from_wire::<Sector>(agency.sector)?,
        covered_entity: agency.covered_entity,
        part2_program: agency.part2_program,
        victim_service_provider: agency.victim_service_provider,
    })
}

impl AgencyBindings for Directory {
    fn check(&self, agency: &AgencyId, issuer: &str, client_id: &str) -> Binding {
        if self.stale() {
            return Binding::Stale;
        }
        let view = self.view.load();
        let Some(state) = view.states.get(agency) else { return Binding::NotBound };
        let bound = state
            .bindings
            .iter()
            .any(|b| b.issuer == issuer && b.client_ids.iter().any(|c| c == client_id));
        match state.agency.as_ref().map(|a| a.status == i32::from(PbStatus::Active)) {
            Some(true) if bound => Binding::Bound,
            Some(false) if bound => Binding::Suspended,
            _ => Binding::NotBound,
        }
    }
}

/// Follows until cancelled; connects again whenever the stream ends.
pub async fn follow_directory(peer: Peer, directory: Arc<Directory>, stop: CancellationToken) {
    let following = async {
        loop {
            let mut client = DirectoryServiceClient::new(peer.service())
                .max_decoding_message_size(64 * 1024 * 1024);
            match client.watch_agencies(WatchAgenciesRequest {}).await {
                Ok(stream) => {
                    let mut stream = stream.into_inner();
                    // A checkpoint comes every 2 seconds: silence for STALE is a dead stream.
                    while let Ok(Ok(Some(step))) =
                        tokio::time::timeout(STALE, stream.message()).await
                    {
                        directory.apply(&step);
                    }
                }
                Err(status) => tracing::debug!(code = ?status.code(), "the directory is away"),
            }
            tokio::time::sleep(AGAIN).await;
        }
    };
    stop.run_until_cancelled(following).await;
}
