use std::time::Duration;

use kernel::Role;
use prost_types::FieldMask;
use tonic::Code;
use tonic_types::StatusExt as _;
use uuid::Uuid;
use wire::{
    common::v1::Sector,
    directory::v1::{
        AcknowledgeAgenciesRequest, Agency, GetAgencyRequest, RegisterAgencyRequest,
        SearchServicesRequest, SuspendAgencyRequest, UpdateAgencyRequest,
    },
};

use crate::{
    imports::{agencies, county, import},
    support::{Client, Network, bytes, fields, registration, request_id, soon, told},
};

pub fn mask(paths: &[&str]) -> Option<FieldMask> {
    Some(FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() })
}

fn update(to: Agency, paths: &[&str]) -> UpdateAgencyRequest {
    UpdateAgencyRequest {
        request_id: request_id(),
        etag: to.etag.clone(),
        agency: Some(to),
        update_mask: mask(paths),
    }
}

async fn changed(client: &mut Client, asked: UpdateAgencyRequest) -> Agency {
    client.update_agency(asked).await.unwrap().into_inner().agency.unwrap()
}

async fn read(network: &Network, name: &str) -> Agency {
    let asked = GetAgencyRequest { name: name.to_owned() };
    network.admin().get_agency(asked).await.unwrap().into_inner().agency.unwrap()
}

#[tokio::test]
async fn an_agency_says_what_it_is_called_and_what_it_does_and_nothing_else_changes() {
    let network = Network::start().await;
    let clinic = network.agency("Clinic").await;
    let mut own = network.staff(&clinic.name, Role::AgencyAdmin);
    let to = Agency {
        display_name: " River Clinic ".into(),
        description: "Not named, not looked at \u{0}".into(),
        part2_program: true,
        ..clinic.clone()
    };
    let asked = update(to, &["display_name"]);
    let first = changed(&mut own, asked.clone()).await;
    let expected =
        Agency { display_name: "River Clinic".into(), etag: first.etag.clone(), ..clinic.clone() };
    assert_eq!((&first, first.etag != clinic.etag), (&expected, true));
    assert_eq!(read(&network, &clinic.name).await, first);
    // A repeat answers as the first time; the etag that was read before is stale for anything else.
    assert_eq!(changed(&mut own, asked.clone()).await, first);
    let other = UpdateAgencyRequest { request_id: request_id(), ..asked };
    let stale = own.update_agency(other).await.unwrap_err();
    assert_eq!(told(&stale), (Code::Aborted, "ETAG_MISMATCH".into()));
    // Cleared by being named and empty.
    let to = Agency { description: "Groups".into(), ..first };
    let described = changed(&mut own, update(to, &["description"])).await;
    assert_eq!(described.description, "Groups");
    let to = Agency { description: String::new(), ..described };
    assert_eq!(changed(&mut own, update(to, &["description"])).await.description, "");
}

#[tokio::test]
async fn what_decisions_hang_on_is_the_networks_to_say() {
    let network = Network::start().await;
    let (clinic, other) = (network.agency("Clinic").await, network.agency("Other").await);
    let mut own = network.staff(&clinic.name, Role::AgencyAdmin);
    for path in ["sector", "parent", "part2_program", "victim_service_provider", "covered_entity"] {
        let refused = own.update_agency(update(clinic.clone(), &["description", path])).await;
        let refused = told(&refused.unwrap_err());
        assert_eq!(refused, (Code::PermissionDenied, "ROLE_NOT_ADMITTED".into()), "{path}");
    }
    let mut clinician = network.staff(&clinic.name, Role::Clinician);
    let refused = clinician.update_agency(update(clinic.clone(), &["description"])).await;
    assert_eq!(refused.unwrap_err().code(), Code::PermissionDenied);
    let absent =
        Agency { name: "agencies/0190d1f0-0000-7000-8000-00000000000a".into(), ..other.clone() };
    let nothing = own.update_agency(update(absent, &["display_name"])).await.unwrap_err();
    let theirs = own.update_agency(update(other.clone(), &["display_name"])).await.unwrap_err();
    assert_eq!(told(&theirs), (Code::NotFound, "NOT_FOUND".into()));
    assert_eq!(bytes(&theirs), bytes(&nothing));
    assert_eq!(read(&network, &clinic.name).await, clinic);
    let to = Agency {
        sector: Sector::Housing.into(),
        parent: other.name.clone(),
        part2_program: true,
        victim_service_provider: true,
        covered_entity: true,
        ..clinic.clone()
    };
    let paths = ["sector", "parent", "part2_program", "victim_service_provider", "covered_entity"];
    let done = changed(&mut network.admin(), update(to.clone(), &paths)).await;
    assert_eq!(done, Agency { etag: done.etag.clone(), ..to });
    let flags = network.directory.agencies().unwrap().1;
    let id = clinic.name.strip_prefix("agencies/").unwrap().into();
    let flags = flags.get(&id).unwrap();
    assert!(flags.part2_program && flags.victim_service_provider && flags.covered_entity);
    // What was written under them goes by them.
    let less = Agency {
        part2_program: false,
        victim_service_provider: false,
        covered_entity: false,
        ..done.clone()
    };
    let paths = ["part2_program", "victim_service_provider"];
    let refused = network.admin().update_agency(update(less.clone(), &paths)).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let bad = refused.get_error_details();
    let bad = bad.bad_request().unwrap().field_violations.iter().map(|v| v.field.clone());
    assert_eq!(bad.collect::<Vec<_>>(), ["agency.part2_program", "agency.victim_service_provider"]);
    changed(&mut network.admin(), update(less, &["covered_entity"])).await;
}

#[tokio::test]
async fn what_is_wrong_with_a_change_is_told_at_once_and_never_said_back() {
    let network = Network::start().await;
    let clinic = network.agency("Clinic").await;
    let mut admin = network.admin();
    let asked = UpdateAgencyRequest {
        request_id: "no".into(),
        etag: String::new(),
        update_mask: mask(&["status", "canary", "*", "sector.canary", "sector", "sector"]),
        agency: Some(Agency { name: "canary".into(), ..clinic.clone() }),
    };
    let refused = admin.update_agency(asked).await.unwrap_err();
    let expected = [
        "agency.name",
        "etag",
        "request_id",
        "update_mask.paths[0]",
        "update_mask.paths[1]",
        "update_mask.paths[2]",
        "update_mask.paths[3]",
        "update_mask.paths[5]",
    ];
    assert_eq!(fields(&refused), expected);
    assert!(!format!("{refused:?}").contains("canary"));
    let empty = UpdateAgencyRequest { update_mask: None, ..update(clinic.clone(), &[]) };
    assert_eq!(fields(&admin.update_agency(empty).await.unwrap_err()), ["update_mask"]);
    let nobody = UpdateAgencyRequest { agency: None, ..update(clinic.clone(), &["sector"]) };
    assert_eq!(fields(&admin.update_agency(nobody).await.unwrap_err()), ["agency"]);
    let to = Agency {
        display_name: " ".into(),
        sector: 0,
        description: "x".repeat(2_001),
        parent: "agencies/0190d1f0-0000-7000-8000-00000000000a".into(),
        ..clinic
    };
    let paths = ["display_name", "sector", "description", "parent"];
    let refused = admin.update_agency(update(to, &paths)).await.unwrap_err();
    let expected = ["agency.description", "agency.display_name", "agency.parent", "agency.sector"];
    assert_eq!(fields(&refused), expected);
}

#[tokio::test]
async fn agencies_are_no_units_of_themselves_by_any_way() {
    let network = Network::start().await;
    let top = network.agency("Top").await;
    let parent = top.name.clone();
    let middle = network.register(RegisterAgencyRequest { parent, ..registration("Middle") }).await;
    let parent = middle.name.clone();
    let low = network.register(RegisterAgencyRequest { parent, ..registration("Low") }).await;
    let mut admin = network.admin();
    for parent in [&top, &middle, &low] {
        let to = Agency { parent: parent.name.clone(), ..top.clone() };
        let refused = admin.update_agency(update(to, &["parent"])).await.unwrap_err();
        assert_eq!(fields(&refused), ["agency.parent"], "{}", parent.display_name);
    }
    let to = Agency { parent: top.name.clone(), ..low };
    changed(&mut admin, update(to, &["parent"])).await;
    let to = Agency { parent: String::new(), ..middle };
    assert_eq!(changed(&mut admin, update(to, &["parent"])).await.parent, "");
}

#[tokio::test]
async fn of_an_imported_agency_the_network_says_the_flags_and_its_source_the_rest() {
    let network = Network::start().await;
    import(&network, &county()).await;
    let one = agencies(&network).await.remove(0);
    let mut admin = network.admin();
    let paths = ["covered_entity", "display_name", "description", "parent"];
    let refused = admin.update_agency(update(one.clone(), &paths)).await.unwrap_err();
    let expected = ["update_mask.paths[1]", "update_mask.paths[2]", "update_mask.paths[3]"];
    assert_eq!(fields(&refused), expected);
    let to = Agency { covered_entity: true, sector: Sector::Housing.into(), ..one.clone() };
    changed(&mut admin, update(to, &["covered_entity", "sector"])).await;
    import(&network, &county()).await;
    let kept = read(&network, &one.name).await;
    assert!(kept.covered_entity && kept.sector() == Sector::Housing);
}

#[tokio::test]
async fn searches_know_an_agencys_new_name_and_sector() {
    let network = Network::start().await;
    let clinic = network.agency("Clinic").await;
    let mut own = network.staff(&clinic.name, Role::AgencyAdmin);
    let offer = wire::directory::v1::CreateServiceRequest {
        request_id: request_id(),
        display_name: "Beds".into(),
        ..Default::default()
    };
    own.create_service(offer).await.unwrap();
    let to = Agency { display_name: "Lighthouse".into(), sector: Sector::Housing.into(), ..clinic };
    changed(&mut network.admin(), update(to, &["display_name", "sector"])).await;
    let asked = SearchServicesRequest {
        text: "lighthouse".into(),
        sector: Sector::Housing.into(),
        ..Default::default()
    };
    let found = network.admin().search_services(asked).await.unwrap().into_inner();
    assert_eq!(found.services.len(), 1);
}

/// What takes something away waits for each process that may still go by less.
#[tokio::test]
async fn a_suspension_and_a_change_of_flags_wait_for_whoever_follows() {
    let network = Network::start().await;
    let clinic = network.agency("Clinic").await;
    let follower = Uuid::new_v4().to_string();
    let heard = async |revision: i64| {
        let asked = AcknowledgeAgenciesRequest { follower: follower.clone(), revision };
        network.service().acknowledge_agencies(asked).await.unwrap().into_inner().current
    };
    let revision = || network.directory.agencies().unwrap().0;
    let suspend = SuspendAgencyRequest {
        request_id: request_id(),
        name: clinic.name.clone(),
        reason: "an audit".into(),
    };
    let flags = Agency { covered_entity: true, ..clinic.clone() };
    let flags = update(flags, &["covered_entity"]);
    for kind in ["flags", "suspension"] {
        let before = revision();
        assert!(heard(before).await);
        let mut admin = network.admin();
        let (suspend, flags) = (suspend.clone(), flags.clone());
        let mut changing = tokio::spawn(async move {
            match kind {
                "flags" => drop(admin.update_agency(flags).await.unwrap()),
                _ => drop(admin.suspend_agency(suspend).await.unwrap()),
            }
        });
        soon(async {
            while revision() == before {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
        let early = tokio::time::timeout(Duration::from_millis(400), &mut changing).await;
        assert!(early.is_err(), "{kind}: a follower goes by what was before, and it has returned");
        assert!(!heard(before).await, "{kind}: nobody may go by what was before any longer");
        assert!(heard(revision()).await);
        soon(changing).await.unwrap();
    }
    // A name takes nothing away, and nobody waits.
    let mut own = network.staff(&network.agency("Other").await.name, Role::AgencyAdmin);
    let other = agencies(&network).await.into_iter().find(|a| a.display_name == "Other").unwrap();
    let to = Agency { description: "Groups".into(), ..other };
    tokio::time::timeout(Duration::from_secs(5), own.update_agency(update(to, &["description"])))
        .await
        .expect("it waited")
        .unwrap();
}

#[tokio::test]
async fn only_services_say_how_far_they_have_come() {
    let network = Network::start().await;
    let clinic = network.agency("Clinic").await;
    let follower = Uuid::new_v4().to_string();
    let asked = AcknowledgeAgenciesRequest { follower, revision: 1 };
    for mut client in [network.admin(), network.staff(&clinic.name, Role::AgencyAdmin)] {
        let refused = client.acknowledge_agencies(asked.clone()).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
    }
    for (follower, revision, field) in [
        (Uuid::nil().to_string(), 1, "follower"),
        ("x".to_owned(), 1, "follower"),
        (Uuid::new_v4().to_string(), -1, "revision"),
    ] {
        let odd = AcknowledgeAgenciesRequest { follower, revision };
        let refused = network.service().acknowledge_agencies(odd).await.unwrap_err();
        assert_eq!(fields(&refused), [field]);
    }
}
