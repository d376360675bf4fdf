use identity::{AgencyBindings as _, Binding, DEV_ISSUER};
use kernel::{AgencyId, Role};
use tonic::Code;
use tonic_types::StatusExt as _;
use wire::{
    common::v1::Sector,
    directory::v1::{
        AgencyBinding, AgencyStatus, GetAgencyRequest, RegisterAgencyRequest,
        ReinstateAgencyRequest, SuspendAgencyRequest,
    },
};

use crate::support::{CLIENT, Network, bytes, fields, registration, request_id, told};

fn get(name: &str) -> GetAgencyRequest {
    GetAgencyRequest { name: name.to_owned() }
}

fn suspend(name: &str) -> SuspendAgencyRequest {
    SuspendAgencyRequest {
        request_id: request_id(),
        name: name.to_owned(),
        reason: "an audit".into(),
    }
}

fn reinstate(name: &str) -> ReinstateAgencyRequest {
    ReinstateAgencyRequest { request_id: request_id(), name: name.to_owned() }
}

#[tokio::test]
async fn an_agency_and_its_unit_are_registered_and_read_back_as_they_were_stated() {
    let network = Network::start().await;
    let clinic = network.agency("Clinic").await;
    let unit = network
        .register(RegisterAgencyRequest {
            parent: clinic.name.clone(),
            part2_program: true,
            covered_entity: true,
            description: "Counselling\nand groups".into(),
            ..registration("Clinic, SUD unit")
        })
        .await;
    let read = network.admin().get_agency(get(&unit.name)).await.unwrap().into_inner();
    assert_eq!(read.agency, Some(unit.clone()));
    assert_eq!(unit.parent, clinic.name);
    assert_eq!((unit.status(), unit.sector()), (AgencyStatus::Active, Sector::Healthcare));
    assert!(unit.part2_program && unit.covered_entity && !unit.victim_service_provider);
    assert_eq!(unit.description, "Counselling\nand groups");
    assert!(!unit.etag.is_empty());
}

#[tokio::test]
async fn whoever_is_bound_speaks_for_the_agency_from_the_moment_it_is_registered() {
    let network = Network::start().await;
    let clinic = network.agency("Clinic").await;
    let unit = network.agency("Clinic, unit").await;
    // The same client for both: the token says for which.
    for agency in [&clinic, &unit] {
        network.staff(&agency.name, Role::Clinician).get_agency(get(&agency.name)).await.unwrap();
    }
    let unbound = network
        .register(RegisterAgencyRequest { bindings: vec![], ..registration("Nobody's") })
        .await;
    let refused = network.staff(&unbound.name, Role::Clinician).get_agency(get(&clinic.name)).await;
    assert_eq!(refused.unwrap_err().code(), Code::Unauthenticated);
}

#[tokio::test]
async fn no_client_but_the_bound_one_speaks_for_an_agency_letter_by_letter() {
    let network = Network::start().await;
    let clinic = network.agency("Clinic").await;
    let bound = |clients: &[&str]| RegisterAgencyRequest {
        bindings: vec![AgencyBinding {
            issuer: DEV_ISSUER.into(),
            client_ids: clients.iter().map(|&client| client.to_owned()).collect(),
        }],
        ..registration("Bound")
    };
    for others in
        [&["other-app"][..], &["Clinic-App"], &["CLINIC-APP"], &["clinic-ap", "clinic-apps"]]
    {
        let agency = network.register(bound(others)).await;
        let staff =
            network.staff(&agency.name, Role::Clinician).get_agency(get(&clinic.name)).await;
        let refused = (Code::Unauthenticated, "UNAUTHENTICATED".into());
        assert_eq!(told(&staff.unwrap_err()), refused, "{others:?}");
    }
    let agency = network.register(bound(&["other-app", CLIENT])).await;
    network.staff(&agency.name, Role::Clinician).get_agency(get(&clinic.name)).await.unwrap();
}

#[tokio::test]
async fn a_registration_is_refused_with_every_field_that_is_wrong() {
    let network = Network::start().await;
    let bad = RegisterAgencyRequest {
        request_id: "no".into(),
        display_name: " ".into(),
        sector: 0,
        parent: "agencies/0190d1f0-0000-7000-8000-00000000000a".into(),
        description: "a\u{0}b".into(),
        bindings: vec![
            AgencyBinding {
                issuer: "https://elsewhere.example".into(),
                client_ids: vec![CLIENT.into()],
            },
            AgencyBinding { issuer: DEV_ISSUER.into(), client_ids: vec!["a\u{0}".into()] },
            AgencyBinding { issuer: DEV_ISSUER.into(), client_ids: vec![] },
        ],
        ..registration("")
    };
    let refused = network.admin().register_agency(bad).await.unwrap_err();
    assert_eq!(
        fields(&refused),
        [
            "bindings[0].issuer",
            "bindings[1].client_ids[0]",
            "bindings[2].client_ids",
            "description",
            "display_name",
            "parent",
            "request_id",
            "sector",
        ]
    );
    let odd = RegisterAgencyRequest {
        parent: "agencies/../x".into(),
        display_name: "x".repeat(201),
        ..registration("")
    };
    let refused = network.admin().register_agency(odd).await.unwrap_err();
    assert_eq!(fields(&refused), ["display_name", "parent"]);
}

#[tokio::test]
async fn a_binding_that_is_named_twice_is_bound_once() {
    let network = Network::start().await;
    let binding = AgencyBinding { issuer: DEV_ISSUER.into(), client_ids: vec![CLIENT.into()] };
    let twice = RegisterAgencyRequest {
        bindings: vec![binding.clone(), binding],
        ..registration("Clinic")
    };
    let clinic = network.register(twice).await;
    network.staff(&clinic.name, Role::Clinician).get_agency(get(&clinic.name)).await.unwrap();
}

#[tokio::test]
async fn an_agency_that_is_not_there_is_not_found_and_an_odd_name_is_refused() {
    let network = Network::start().await;
    let absent = "agencies/0190d1f0-0000-7000-8000-00000000000a";
    let mut admin = network.admin();
    let nothing = admin.get_agency(get(absent)).await.unwrap_err();
    assert_eq!(told(&nothing), (Code::NotFound, "NOT_FOUND".into()));
    for status in [
        admin.suspend_agency(suspend(absent)).await.unwrap_err(),
        admin.reinstate_agency(reinstate(absent)).await.unwrap_err(),
    ] {
        assert_eq!(bytes(&status), bytes(&nothing));
    }
    for odd in [
        "",
        "agencies/",
        "services/0190d1f0-0000-7000-8000-00000000000a",
        "agencies/0190D1F0-0000-7000-8000-00000000000A",
    ] {
        assert_eq!(fields(&admin.get_agency(get(odd)).await.unwrap_err()), ["name"], "{odd}");
    }
    let nil = "agencies/00000000-0000-0000-0000-000000000000";
    assert_eq!(fields(&admin.get_agency(get(nil)).await.unwrap_err()), ["name"]);
}

#[tokio::test]
async fn a_suspension_takes_effect_before_its_rpc_returns_and_ends_when_it_is_lifted() {
    let network = Network::start().await;
    let (clinic, other) = (network.agency("Clinic").await, network.agency("Other").await);
    let mut staff = network.staff(&clinic.name, Role::Clinician);
    staff.get_agency(get(&clinic.name)).await.unwrap();

    let done = network.admin().suspend_agency(suspend(&clinic.name)).await.unwrap().into_inner();
    let suspended = done.agency.unwrap();
    assert_eq!(suspended.status(), AgencyStatus::Suspended);
    assert_ne!(suspended.etag, clinic.etag);
    let refused = staff.get_agency(get(&clinic.name)).await.unwrap_err();
    assert_eq!(told(&refused), (Code::PermissionDenied, "AGENCY_SUSPENDED".into()));
    let id = AgencyId::new(clinic.name.strip_prefix("agencies/").unwrap());
    assert_eq!(network.directory.check(&id, DEV_ISSUER, CLIENT), Binding::Suspended);
    network.staff(&other.name, Role::Clinician).get_agency(get(&clinic.name)).await.unwrap();

    let again = network.admin().suspend_agency(suspend(&clinic.name)).await.unwrap_err();
    assert_eq!(told(&again), (Code::FailedPrecondition, "WRONG_STATE".into()));
    let details = again.get_error_details();
    let metadata = &details.error_info().unwrap().metadata;
    assert_eq!((&*metadata["state"], &*metadata["allowed"]), ("SUSPENDED", "ACTIVE"));

    network.admin().reinstate_agency(reinstate(&clinic.name)).await.unwrap();
    staff.get_agency(get(&clinic.name)).await.unwrap();
    let again = network.admin().reinstate_agency(reinstate(&clinic.name)).await.unwrap_err();
    assert_eq!(told(&again), (Code::FailedPrecondition, "WRONG_STATE".into()));
}

#[tokio::test]
async fn the_reason_of_a_suspension_is_kept_and_shown_to_nobody() {
    let network = Network::start().await;
    let clinic = network.agency("Clinic").await;
    let reason = "canary-reason";
    let asked = SuspendAgencyRequest { reason: reason.into(), ..suspend(&clinic.name) };
    let reply = network.admin().suspend_agency(asked).await.unwrap().into_inner();
    assert!(!format!("{reply:?}").contains(reason));
    let (kept, of): (String, bool) = sqlx::query_as(
        "SELECT s.reason, a.detail LIKE '%' || s.agency_id || '%'
         FROM suspension s JOIN audit_event a ON a.event_id = s.event_id",
    )
    .fetch_one(&mut network.look().await)
    .await
    .unwrap();
    assert_eq!((&*kept, of), (reason, true));
    let blank = SuspendAgencyRequest { reason: " ".into(), ..suspend(&clinic.name) };
    assert_eq!(fields(&network.admin().suspend_agency(blank).await.unwrap_err()), ["reason"]);
}

#[tokio::test]
async fn only_a_network_administrator_registers_suspends_and_reinstates() {
    let network = Network::start().await;
    let clinic = network.agency("Clinic").await;
    let mut staff = network.staff(&clinic.name, Role::AgencyAdmin);
    for status in [
        staff.register_agency(registration("Mine")).await.unwrap_err(),
        staff.suspend_agency(suspend(&clinic.name)).await.unwrap_err(),
        staff.reinstate_agency(reinstate(&clinic.name)).await.unwrap_err(),
    ] {
        assert_eq!(status.code(), Code::PermissionDenied);
    }
    let refused = network.service().get_agency(get(&clinic.name)).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
}
