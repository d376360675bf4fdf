//! An officer who was let in, and is suspended before they are answered.

use std::sync::{Arc, Mutex};

use facts::Directory;
use identity::{AgencyBindings, Binding, DEV_ISSUER, Named, Principal, PrincipalStanding};
use kernel::AgencyId;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;
use wire::{
    audit::v1::{
        AccessScope, ListAccessEventsRequest, ListAccountingSuspensionsRequest,
        ListAnomaliesRequest, ListLegalHoldsRequest, PlaceLegalHoldRequest,
    },
    directory::v1::{PrincipalState, WatchAgenciesResponse},
};

use crate::world::{Audit, CLINIC, JANE, World};

type Step = Box<dyn FnOnce() + Send>;

/// The directory's word on callers, and what a test does once it was asked.
pub struct Meanwhile {
    directory: Arc<Directory>,
    step: Mutex<Option<Step>>,
}

impl Meanwhile {
    pub fn of(directory: &Arc<Directory>) -> Self {
        Self { directory: Arc::clone(directory), step: Mutex::default() }
    }

    /// Once the next member of staff has been asked about, and before the asker hears of it.
    fn then(&self, step: impl FnOnce() + Send + 'static) {
        *self.step.lock().unwrap() = Some(Box::new(step));
    }
}

impl AgencyBindings for Meanwhile {
    fn check(&self, agency: &AgencyId, issuer: &str, client_id: &str) -> Binding {
        self.directory.check(agency, issuer, client_id)
    }

    fn standing(&self, principals: &[Principal], agency: Option<&AgencyId>) -> PrincipalStanding {
        let standing = self.directory.standing(principals, agency);
        // Of services it is asked all the time.
        let step = agency.and_then(|_| self.step.lock().unwrap().take());
        if let Some(step) = step {
            step();
        }
        standing
    }
}

/// Whether the officer is suspended.
fn officer(suspended: bool) -> WatchAgenciesResponse {
    let principal = Principal::of(DEV_ISSUER, Named::Subject("po"));
    let state = PrincipalState {
        name: format!("suspendedPrincipals/{}", Uuid::from_u128(1)),
        principal: principal.as_bytes().to_vec(),
        suspended,
        ..PrincipalState::default()
    };
    WatchAgenciesResponse { revision: 2, principals: vec![state], ..Default::default() }
}

/// How many records there are of an RPC.
async fn recorded(audit: &Audit, rpc: &str) -> usize {
    let all = audit.ledger.follow(0, 1_000).await.unwrap();
    let all = all.into_iter().filter_map(ledger::Followed::told);
    all.filter(|(_, event)| event.rpc.ends_with(rpc)).count()
}

fn placing() -> PlaceLegalHoldRequest {
    PlaceLegalHoldRequest {
        request_id: Uuid::new_v4().to_string(),
        person: format!("people/{JANE}"),
        matter: "2026-CV-17".to_owned(),
    }
}

#[tokio::test]
async fn who_is_suspended_once_they_were_let_in_reads_and_writes_nothing_by_their_role() {
    let world = World::new().await;
    let audit = world.audit().await;
    let office = world.officer(&audit, CLINIC);
    let first = placing();
    let ask = async |rpc: &str| -> Result<(), Status> {
        let mut audit = office.audit();
        match rpc {
            "/ListAccessEvents" => {
                let scope = AccessScope::ByOwnStaff.into();
                let asked = ListAccessEventsRequest { scope, ..Default::default() };
                audit.list_access_events(office.with(asked)).await.map(drop)
            }
            "/ListAnomalies" => {
                let asked = ListAnomaliesRequest::default();
                audit.list_anomalies(office.with(asked)).await.map(drop)
            }
            "/ListLegalHolds" => {
                let asked = ListLegalHoldsRequest::default();
                audit.list_legal_holds(office.with(asked)).await.map(drop)
            }
            "/ListAccountingSuspensions" => {
                let asked = ListAccountingSuspensionsRequest::default();
                audit.list_accounting_suspensions(office.with(asked)).await.map(drop)
            }
            // Asked again, it is answered as the first time.
            "/PlaceLegalHold" => audit.place_legal_hold(office.with(first.clone())).await.map(drop),
            _ => audit.place_legal_hold(office.with(placing())).await.map(drop),
        }
    };
    let all = [
        "/ListAccessEvents",
        "/ListAnomalies",
        "/ListLegalHolds",
        "/ListAccountingSuspensions",
        "/PlaceLegalHold",
        "Hold",
    ];
    for rpc in all {
        ask(rpc).await.unwrap();
        let before = recorded(&audit, rpc).await;
        let directory = Arc::clone(&world.directory);
        world.meanwhile.then(move || directory.apply(&officer(true)));
        let refused = ask(rpc).await.unwrap_err();
        let reason = refused.get_error_details().error_info().unwrap().reason.clone();
        let told = (refused.code(), &*reason);
        assert_eq!(told, (Code::PermissionDenied, "PRINCIPAL_SUSPENDED"), "{rpc}");
        assert_eq!(recorded(&audit, rpc).await, before, "{rpc}");
        world.directory.apply(&officer(false));
    }
}
