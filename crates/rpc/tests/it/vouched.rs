//! What is written by a role alone, where the directory vouches for who writes no more once it is under way.

use std::sync::Arc;

use facts::Directory;
use identity::{Asserts, AuthError, DEV_ISSUER, Mint, Named, Principal};
use kernel::{Clock, CodeSet, Role};
use permit::{Call, Guard};
use rpc::{Denial, Deps, Error, Pages, Request, Write};
use testkit::fakes::{Bindings, Consents, People, SignIns, Staff, Stage};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use wire::{
    convert::agency_name,
    directory::v1::{Agency, AgencyState, AgencyStatus, PrincipalState, WatchAgenciesResponse},
    notes::v1::{SignNoteRequest, SignNoteResponse},
};

use crate::{CLINIC, clock, sign_ins};

const REGISTER: &str = "trellis.directory.v1.DirectoryService/RegisterAgency";
const WEBHOOK: &str = "trellis.referrals.v1.ReferralsService/RegisterWebhook";

struct World {
    stage: Stage,
    sign_ins: SignIns,
    deps: Deps,
}

/// The clinic, as the service's own directory hears of it.
fn clinic(status: AgencyStatus) -> WatchAgenciesResponse {
    let agency =
        Agency { name: agency_name(CLINIC), sector: 1, status: status.into(), ..Agency::default() };
    let state = AgencyState { agency: Some(agency), ..AgencyState::default() };
    WatchAgenciesResponse { revision: 1, agencies: vec![state], ..Default::default() }
}

fn suspended(sub: &str) -> WatchAgenciesResponse {
    let principal = Principal::of(DEV_ISSUER, Named::Subject(sub));
    let state = PrincipalState {
        name: format!("suspendedPrincipals/{}", Uuid::from_u128(1)),
        principal: principal.as_bytes().to_vec(),
        suspended: true,
        ..PrincipalState::default()
    };
    WatchAgenciesResponse { revision: 2, principals: vec![state], ..Default::default() }
}

impl World {
    async fn new() -> Self {
        let stage = Stage::set(async |admin, service| {
            pg::migrate(admin, service, &[&ledger::MIGRATIONS]).await
        })
        .await;
        let clock = clock();
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let directory = Directory::local();
        directory.apply(&clinic(AgencyStatus::Active));
        let guard = Guard::new(
            Arc::new(Consents::default()),
            Arc::new(People::default()),
            stage.ledger.clone(),
            Arc::clone(&shared),
        );
        let deps = Deps {
            db: stage.db.clone(),
            guard,
            clock: Arc::clone(&shared),
            pages: Pages::new(&[7; 32], shared).unwrap(),
            directory,
            stop: CancellationToken::new(),
        };
        Self { stage, sign_ins: sign_ins(&clock).await, deps }
    }

    /// An administrator of the network.
    async fn ned(&self) -> Call {
        let token = self.sign_ins.mint(&Mint {
            kind: Asserts::Network,
            sub: "ned".to_owned(),
            agency: None,
            client_id: None,
            roles: [Role::NetworkAdmin].into(),
            purposes: CodeSet::EMPTY,
            ttl: time::Duration::HOUR,
            proofed: false,
        });
        self.sign_ins.call(&token, REGISTER).await
    }

    /// An administrator of the clinic.
    async fn ada(&self) -> Call {
        let ada = Staff::of(CLINIC, "ada").roles([Role::AgencyAdmin]);
        self.sign_ins.call(&self.sign_ins.staff(&ada), WEBHOOK).await
    }

    /// Why nothing was written. `meanwhile` happens within the transaction.
    async fn write(
        &self,
        call: &Call,
        meanwhile: impl Fn(&Bindings, &Directory) + Send + Sync + 'static,
    ) -> Option<AuthError> {
        let request_id = Uuid::new_v4().to_string();
        let message = SignNoteRequest { request_id, ..SignNoteRequest::default() };
        let once = Request::new(call, &message.request_id, &message).unwrap();
        let event = permit::network_event(call, Vec::new(), self.deps.guard.clock());
        let (record, call) = (Uuid::from_u128(1), call.clone());
        let write = Write { name: "test.write", call, once, record, event };
        let (bindings, directory) =
            (self.sign_ins.bindings.clone(), Arc::clone(&self.deps.directory));
        let work = self.deps.write(
            write,
            move |_| {
                meanwhile(&bindings, &directory);
                Box::pin(async { Ok(SignNoteResponse::default()) })
            },
            |_| async { Ok(()) },
        );
        match work.await {
            Ok(_) => None,
            Err(Error::Denied(Denial::Auth(why))) => Some(why),
            Err(other) => panic!("{other:?}"),
        }
    }

    async fn written(&self) -> usize {
        self.stage.events().await.len()
    }
}

#[tokio::test]
async fn nothing_is_committed_for_who_is_suspended_while_it_is_written() {
    let world = World::new().await;
    for (call, sub) in [(world.ned().await, "ned"), (world.ada().await, "ada")] {
        let before = world.written().await;
        let refused = world.write(&call, move |bindings, _| bindings.suspend(sub, true)).await;
        assert_eq!(refused, Some(AuthError::PrincipalSuspended), "{sub}");
        assert_eq!(world.written().await, before, "{sub}");
        let reinstated = world.write(&call, move |bindings, _| bindings.suspend(sub, false)).await;
        assert_eq!((reinstated, world.written().await), (None, before + 1), "{sub}");
    }
}

#[tokio::test]
async fn nothing_is_committed_for_staff_whose_client_or_agency_is_no_more_while_it_is_written() {
    let world = World::new().await;
    let ada = world.ada().await;
    let gone = world.write(&ada, |_, directory| directory.apply(&clinic(AgencyStatus::Suspended)));
    assert_eq!(gone.await, Some(AuthError::AgencySuspended));
    let back = world.write(&ada, |_, directory| directory.apply(&clinic(AgencyStatus::Active)));
    assert_eq!(back.await, None);
    let rebound = world.write(&ada, |bindings, _| bindings.unbind(CLINIC)).await;
    assert_eq!(rebound, Some(AuthError::Unauthenticated));
    assert_eq!(world.written().await, 1);
}

/// A directory service beside others: the process admits by what it has followed, the service goes by its store.
#[tokio::test]
async fn where_the_process_hears_no_directory_the_services_own_says_of_whom_it_vouches() {
    let world = World::new().await;
    let (ned, ada) = (world.ned().await, world.ada().await);
    let silent = world.write(&ada, |bindings, _| bindings.falls_silent()).await;
    assert_eq!(silent, Some(AuthError::DirectoryStale));
    assert_eq!((world.write(&ned, |_, _| ()).await, world.written().await), (None, 1));
    let stolen = world.write(&ned, |_, directory| directory.apply(&suspended("ned"))).await;
    assert_eq!(stolen, Some(AuthError::PrincipalSuspended));
    assert_eq!(world.written().await, 1);
}
