use std::{sync::Arc, time::Duration};

use facts::{Directory, Peer, follow_directory};
use identity::{AgencyBindings as _, Binding, DEV_ISSUER};
use kernel::{AgencyId, Role};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Streaming};
use wire::directory::v1::{
    Agency, AgencyStatus, RegisterAgencyRequest, ReinstateAgencyRequest, SuspendAgencyRequest,
    WatchAgenciesRequest, WatchAgenciesResponse,
};

use crate::support::{CLIENT, Network, registration, request_id, soon, told};

async fn watch(network: &Network) -> Streaming<WatchAgenciesResponse> {
    network.service().watch_agencies(WatchAgenciesRequest {}).await.unwrap().into_inner()
}

/// The next step that is more than a checkpoint.
async fn change(steps: &mut Streaming<WatchAgenciesResponse>) -> WatchAgenciesResponse {
    soon(async {
        loop {
            let step = steps.message().await.unwrap().unwrap();
            if step.snapshot || !step.agencies.is_empty() {
                return step;
            }
        }
    })
    .await
}

fn agencies(step: &WatchAgenciesResponse) -> Vec<&Agency> {
    step.agencies.iter().map(|state| state.agency.as_ref().unwrap()).collect()
}

fn suspend(agency: &Agency) -> SuspendAgencyRequest {
    SuspendAgencyRequest {
        request_id: request_id(),
        name: agency.name.clone(),
        reason: "an audit".into(),
    }
}

#[tokio::test]
async fn a_follower_gets_a_snapshot_and_then_every_change_in_order() {
    let network = Network::start().await;
    let clinic = network.agency("Clinic").await;
    let mut steps = watch(&network).await;
    let snapshot = change(&mut steps).await;
    assert!(snapshot.snapshot);
    assert_eq!(agencies(&snapshot), [&clinic]);
    let bindings = &snapshot.agencies[0].bindings;
    assert_eq!((&*bindings[0].issuer, &*bindings[0].client_ids[0]), (DEV_ISSUER, CLIENT));

    let mut revision = snapshot.revision;
    let other = network.agency("Other").await;
    let added = change(&mut steps).await;
    assert_eq!(agencies(&added), [&other]);
    assert!(!added.snapshot && added.revision > revision);
    revision = added.revision;

    network.admin().suspend_agency(suspend(&clinic)).await.unwrap();
    let suspended = change(&mut steps).await;
    assert_eq!(agencies(&suspended)[0].status(), AgencyStatus::Suspended);
    assert_eq!(agencies(&suspended)[0].name, clinic.name);
    assert_eq!(suspended.agencies[0].bindings.len(), 1);
    assert!(suspended.revision > revision);

    let reinstate = ReinstateAgencyRequest { request_id: request_id(), name: clinic.name.clone() };
    network.admin().reinstate_agency(reinstate).await.unwrap();
    assert_eq!(agencies(&change(&mut steps).await)[0].status(), AgencyStatus::Active);
}

#[tokio::test]
async fn an_empty_directory_is_a_snapshot_too_and_silence_is_broken_by_checkpoints() {
    let network = Network::start().await;
    let mut steps = watch(&network).await;
    let snapshot = change(&mut steps).await;
    assert!(snapshot.snapshot && snapshot.agencies.is_empty());
    for _ in 0..2 {
        let wait = tokio::time::timeout(Duration::from_secs(8), steps.message());
        let step = wait.await.expect("a checkpoint").unwrap().unwrap();
        assert_eq!(step, WatchAgenciesResponse { snapshot: false, ..snapshot.clone() });
    }
}

#[tokio::test]
async fn another_replicas_change_arrives_too_and_takes_effect() {
    let network = Network::start().await;
    let clinic = network.agency("Clinic").await;
    let replica = network.replica().await;
    let mut steps = watch(&replica).await;
    assert_eq!(agencies(&change(&mut steps).await), [&clinic]);
    network.admin().suspend_agency(suspend(&clinic)).await.unwrap();
    let told = change(&mut steps).await;
    assert_eq!(agencies(&told)[0].status(), AgencyStatus::Suspended);
    let id = AgencyId::new(clinic.name.strip_prefix("agencies/").unwrap());
    assert_eq!(replica.directory.check(&id, DEV_ISSUER, CLIENT), Binding::Suspended);
}

#[tokio::test]
async fn a_service_that_follows_knows_who_speaks_for_whom() {
    let network = Network::start().await;
    let clinic = network.agency("Clinic").await;
    let (directory, stop) = (Directory::new(), CancellationToken::new());
    let peer = Peer::new(network.channel.clone(), Arc::new(network.tokens()), "directory");
    let following = tokio::spawn(follow_directory(peer, Arc::clone(&directory), stop.clone()));
    let id = AgencyId::new(clinic.name.strip_prefix("agencies/").unwrap());
    let until = async |wanted: Binding| {
        soon(async {
            while directory.check(&id, DEV_ISSUER, CLIENT) != wanted {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
    };
    until(Binding::Bound).await;
    assert_eq!(directory.check(&id, DEV_ISSUER, "another"), Binding::NotBound);
    network.admin().suspend_agency(suspend(&clinic)).await.unwrap();
    until(Binding::Suspended).await;
    stop.cancel();
    following.await.unwrap();
}

#[tokio::test]
async fn a_large_directory_comes_in_parts_and_whole() {
    let network = Network::start().await;
    // Bindings are what makes a state large: twenty of these are more than a part.
    let client_ids = |n: usize| (0..20).map(|i| format!("{n}-{i}-{}", "c".repeat(90))).collect();
    for n in 0..60 {
        let mut asked: RegisterAgencyRequest = registration(&format!("Agency {n}"));
        let binding = asked.bindings[0].clone();
        asked.bindings = (0..10)
            .map(|i| {
                let mut binding = binding.clone();
                binding.client_ids = client_ids(n * 10 + i);
                binding
            })
            .collect();
        network.register(asked).await;
    }
    let mut steps = watch(&network).await;
    let mut seen = 0;
    let mut revision = 0;
    let mut parts = 0;
    while seen < 60 {
        let step = change(&mut steps).await;
        assert_eq!(step.snapshot, parts == 0);
        assert!(step.revision > revision);
        (seen, revision, parts) = (seen + step.agencies.len(), step.revision, parts + 1);
    }
    assert!(parts > 1, "{parts}");
    assert_eq!(network.directory.agencies().unwrap().0, revision);
}

#[tokio::test]
async fn a_stream_ends_with_its_token() {
    let network = Network::start().await;
    let mut steps = watch(&network).await;
    change(&mut steps).await;
    network.clock.advance(time::Duration::minutes(10));
    let ended = soon(async {
        loop {
            match steps.message().await {
                Ok(Some(_)) => {}
                ended => return ended,
            }
        }
    })
    .await;
    assert_eq!(ended.unwrap_err().code(), Code::Unauthenticated);
}

#[tokio::test]
async fn nobody_but_a_service_may_follow() {
    let network = Network::start().await;
    let clinic = network.agency("Clinic").await;
    for mut client in [network.admin(), network.staff(&clinic.name, Role::AgencyAdmin)] {
        let refused = client.watch_agencies(WatchAgenciesRequest {}).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
    }
}

#[tokio::test]
async fn a_directory_that_cannot_read_its_store_makes_nobody_sure_of_anything() {
    let network = Network::start().await;
    network.agency("Clinic").await;
    let mut steps = watch(&network).await;
    change(&mut steps).await;
    network.db.close().await;
    let refused = network.service().watch_agencies(WatchAgenciesRequest {}).await.unwrap_err();
    assert_eq!(told(&refused), (Code::Unavailable, "DATABASE_UNAVAILABLE".into()));
    // A checkpoint would have come by now.
    let silence = tokio::time::timeout(Duration::from_secs(3), steps.message()).await;
    assert!(silence.is_err(), "{silence:?}");
}
