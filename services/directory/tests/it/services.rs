use kernel::{Clock as _, Role};
use tonic::Code;
use wire::{
    common::v1::Sector,
    convert::timestamp,
    directory::v1::{
        Agency, Capacity, CapacityStatus, CreateServiceRequest, GetServiceRequest,
        RegisterAgencyRequest, SearchServicesRequest, Service, SetCapacityRequest, SupportKind,
        SuspendAgencyRequest,
    },
};

use crate::support::{Network, bytes, fields, registration, request_id, told};

fn offer(display_name: &str) -> CreateServiceRequest {
    CreateServiceRequest {
        request_id: request_id(),
        display_name: display_name.into(),
        ..Default::default()
    }
}

fn capacity(service: &str, status: CapacityStatus, available: i32) -> SetCapacityRequest {
    SetCapacityRequest {
        request_id: request_id(),
        service: service.into(),
        capacity: Some(Capacity {
            status: status.into(),
            available,
            unit: "bed".into(),
            ..Default::default()
        }),
        etag: String::new(),
    }
}

async fn create(network: &Network, agency: &Agency, asked: CreateServiceRequest) -> Service {
    let mut admin = network.staff(&agency.name, Role::AgencyAdmin);
    admin.create_service(asked).await.unwrap().into_inner().service.unwrap()
}

async fn search(network: &Network, asked: SearchServicesRequest) -> Vec<String> {
    let found = network.admin().search_services(asked).await.unwrap().into_inner();
    found.services.into_iter().map(|s| s.display_name).collect()
}

fn text(text: &str) -> SearchServicesRequest {
    SearchServicesRequest { text: text.into(), ..Default::default() }
}

#[tokio::test]
async fn a_service_is_added_and_read_back_as_it_was_stated() {
    let network = Network::start().await;
    let clinic = network.agency("Clinic").await;
    let asked = CreateServiceRequest {
        description: "Open daily".into(),
        need_categories: vec!["106-01".into(), "103-02".into()],
        languages: vec!["en".into(), "Spanish".into()],
        support_kinds: vec![SupportKind::Affiliational.into(), SupportKind::Emotional.into()],
        eligibility: "Anyone".into(),
        ..offer("Groups")
    };
    let made = create(&network, &clinic, asked.clone()).await;
    assert_eq!(made.agency, clinic.name);
    assert_eq!(made.need_categories, asked.need_categories);
    assert_eq!(made.languages, asked.languages);
    assert_eq!(made.eligibility, "Anyone");
    let kinds = [SupportKind::Emotional, SupportKind::Affiliational];
    assert_eq!(made.support_kinds().collect::<Vec<_>>(), kinds);
    assert_eq!(made.capacity, None);
    let asked = GetServiceRequest { name: made.name.clone() };
    let read = network.admin().get_service(asked).await.unwrap().into_inner();
    assert_eq!(read.service, Some(made));
}

#[tokio::test]
async fn capacity_is_as_of_when_it_was_stated() {
    let network = Network::start().await;
    let clinic = network.agency("Clinic").await;
    let made = create(&network, &clinic, offer("Beds")).await;
    network.clock.advance(time::Duration::minutes(5));
    let mut asked = capacity(&made.name, CapacityStatus::Waitlist, 0);
    // The caller's own idea of when is not asked for.
    asked.capacity.as_mut().unwrap().as_of =
        Some(timestamp(time::macros::datetime!(2000-01-01 0:00 UTC)));
    let mut manager = network.staff(&clinic.name, Role::CaseManager);
    let stated = manager.set_capacity(asked).await.unwrap().into_inner().service.unwrap();
    assert_ne!(stated.etag, made.etag);
    let stated = stated.capacity.unwrap();
    assert_eq!(stated.status(), CapacityStatus::Waitlist);
    assert_eq!(stated.as_of, Some(timestamp(network.clock.now())));
    let refused = network
        .staff(&clinic.name, Role::Clinician)
        .set_capacity(capacity(&made.name, CapacityStatus::Capacity, 1))
        .await;
    assert_eq!(refused.unwrap_err().code(), Code::PermissionDenied);
}

#[tokio::test]
async fn another_agencys_service_is_as_absent_as_one_that_is_not_there() {
    let network = Network::start().await;
    let (clinic, other) = (network.agency("Clinic").await, network.agency("Other").await);
    let theirs = create(&network, &clinic, offer("Beds")).await;
    let mut admin = network.staff(&other.name, Role::AgencyAdmin);
    let absent = "services/0190d1f0-0000-7000-8000-00000000000a";
    let nothing =
        admin.set_capacity(capacity(absent, CapacityStatus::Capacity, 1)).await.unwrap_err();
    let refused =
        admin.set_capacity(capacity(&theirs.name, CapacityStatus::Capacity, 1)).await.unwrap_err();
    assert_eq!(told(&refused), (Code::NotFound, "NOT_FOUND".into()));
    assert_eq!(bytes(&refused), bytes(&nothing));
    let asked = GetServiceRequest { name: theirs.name.clone() };
    let read = admin.get_service(asked).await.unwrap().into_inner();
    assert_eq!(read.service, Some(theirs));
    let asked = GetServiceRequest { name: absent.into() };
    assert_eq!(bytes(&admin.get_service(asked).await.unwrap_err()), bytes(&nothing));
}

#[tokio::test]
async fn a_repeated_request_to_a_service_answers_as_the_first_time() {
    let network = Network::start().await;
    let clinic = network.agency("Clinic").await;
    let asked = offer("Beds");
    let made = create(&network, &clinic, asked.clone()).await;
    let one = capacity(&made.name, CapacityStatus::Capacity, 1);
    let mut admin = network.staff(&clinic.name, Role::AgencyAdmin);
    let first = admin.set_capacity(one.clone()).await.unwrap().into_inner();
    admin.set_capacity(capacity(&made.name, CapacityStatus::NoCapacity, 0)).await.unwrap();
    network.clock.advance(time::Duration::minutes(1));
    assert_eq!(admin.set_capacity(one).await.unwrap().into_inner(), first);
    assert_eq!(create(&network, &clinic, asked).await, made);
    let found = network.admin().search_services(text("beds")).await.unwrap().into_inner();
    assert_eq!(found.services.len(), 1);
    let now = found.services[0].capacity.as_ref().unwrap();
    assert_eq!(now.status(), CapacityStatus::NoCapacity);
}

#[tokio::test]
async fn a_search_finds_what_meets_every_condition() {
    let network = Network::start().await;
    let clinic = network.agency("Riverside Clinic").await;
    let sector = Sector::Housing.into();
    let homes =
        network.register(RegisterAgencyRequest { sector, ..registration("Safe Homes") }).await;
    let with = |name: &str, about: &str, codes: &[&str]| CreateServiceRequest {
        description: about.into(),
        need_categories: codes.iter().map(|c| (*c).to_owned()).collect(),
        ..offer(name)
    };
    create(&network, &clinic, with("Counselling", "For families", &["106-01-02"])).await;
    create(&network, &clinic, with("Detox", "100%_sure", &["106-01"])).await;
    let beds = create(&network, &homes, with("Beds", "For families", &["103-02", "106"])).await;
    create(&network, &homes, with("Rent help", "In a month", &["103-020".get(..6).unwrap()])).await;
    let mut admin = network.staff(&homes.name, Role::AgencyAdmin);
    admin.set_capacity(capacity(&beds.name, CapacityStatus::Capacity, 3)).await.unwrap();

    let category =
        |code: &str| SearchServicesRequest { need_category: code.into(), ..Default::default() };
    for (asked, found) in [
        (SearchServicesRequest::default(), vec!["Beds", "Counselling", "Detox", "Rent help"]),
        (text("FAMILIES"), vec!["Beds", "Counselling"]),
        // A name of the agency, and every word somewhere.
        (text("families riverside"), vec!["Counselling"]),
        (text("  "), vec!["Beds", "Counselling", "Detox", "Rent help"]),
        // No sign is a wildcard, and what has no word finds nothing.
        (text("%"), vec![]),
        (text("_sure"), vec!["Detox"]),
        (text("b_ds"), vec![]),
        (text("\\"), vec![]),
        (text("'; DROP TABLE service; --"), vec![]),
        (category("106-01"), vec!["Counselling", "Detox"]),
        (category("106"), vec!["Beds", "Counselling", "Detox"]),
        (category("103-02"), vec!["Beds", "Rent help"]),
        (category("10"), vec![]),
        (SearchServicesRequest { sector, ..Default::default() }, vec!["Beds", "Rent help"]),
        (SearchServicesRequest { with_capacity: true, ..Default::default() }, vec!["Beds"]),
        (
            SearchServicesRequest { agency: clinic.name.clone(), ..text("families") },
            vec!["Counselling"],
        ),
        (SearchServicesRequest { with_capacity: true, ..text("detox") }, vec![]),
        (
            SearchServicesRequest {
                sector,
                with_capacity: true,
                agency: homes.name.clone(),
                need_category: "103".into(),
                ..text("beds")
            },
            vec!["Beds"],
        ),
    ] {
        if asked.need_category == "10" {
            let refused = network.admin().search_services(asked).await.unwrap_err();
            assert_eq!(fields(&refused), ["need_category"]);
            continue;
        }
        assert_eq!(search(&network, asked.clone()).await, found, "{asked:?}");
    }
}

#[tokio::test]
async fn a_search_comes_a_page_at_a_time_and_its_token_goes_with_its_filter() {
    let network = Network::start().await;
    let clinic = network.agency("Clinic").await;
    for name in ["c", "A", "b", "b", "D"] {
        create(&network, &clinic, offer(name)).await;
    }
    let mut asked = SearchServicesRequest { page_size: 2, ..text("clinic") };
    let mut seen = Vec::new();
    loop {
        let page = network.admin().search_services(asked.clone()).await.unwrap().into_inner();
        seen.extend(page.services.into_iter().map(|s| s.display_name));
        if page.next_page_token.is_empty() {
            break;
        }
        asked.page_token = page.next_page_token;
    }
    assert_eq!(seen, ["A", "b", "b", "c", "D"]);
    asked.text = "other".into();
    let refused = network.admin().search_services(asked).await.unwrap_err();
    assert_eq!(told(&refused), (Code::InvalidArgument, "PAGE_TOKEN_INVALID".into()));
}

#[tokio::test]
async fn a_suspended_agencys_services_are_not_found_by_searching() {
    let network = Network::start().await;
    let (clinic, other) = (network.agency("Clinic").await, network.agency("Other").await);
    create(&network, &clinic, offer("Beds")).await;
    create(&network, &other, offer("Rooms")).await;
    let suspend = SuspendAgencyRequest {
        request_id: request_id(),
        name: clinic.name,
        reason: "an audit".into(),
    };
    network.admin().suspend_agency(suspend).await.unwrap();
    assert_eq!(search(&network, SearchServicesRequest::default()).await, ["Rooms"]);
}

#[tokio::test]
async fn a_service_is_refused_with_every_field_that_is_wrong() {
    let network = Network::start().await;
    let clinic = network.agency("Clinic").await;
    let mut admin = network.staff(&clinic.name, Role::AgencyAdmin);
    let bad = CreateServiceRequest {
        request_id: String::new(),
        display_name: "\u{202E}".into(),
        description: "x".repeat(4_001),
        need_categories: vec!["103".into(), "housing".into()],
        languages: vec!["en".into(), "e\u{0}".into()],
        support_kinds: vec![9],
        eligibility: "\u{7}".into(),
        ..Default::default()
    };
    assert_eq!(
        fields(&admin.create_service(bad).await.unwrap_err()),
        [
            "description",
            "display_name",
            "eligibility",
            "languages[1]",
            "need_categories[1]",
            "request_id",
            "support_kinds[0]",
        ]
    );
    let bad = SetCapacityRequest {
        request_id: "x".into(),
        service: "services/1".into(),
        capacity: Some(Capacity {
            status: 0,
            available: -1,
            unit: "x".repeat(51),
            maximum: -1,
            ..Default::default()
        }),
        etag: "x".into(),
    };
    assert_eq!(
        fields(&admin.set_capacity(bad).await.unwrap_err()),
        [
            "capacity.available",
            "capacity.maximum",
            "capacity.status",
            "capacity.unit",
            "etag",
            "request_id",
            "service"
        ]
    );
    let none = SetCapacityRequest {
        capacity: None,
        ..capacity("services/1", CapacityStatus::Capacity, 1)
    };
    assert_eq!(fields(&admin.set_capacity(none).await.unwrap_err()), ["capacity", "service"]);
    let refused = network.admin().create_service(offer("Beds")).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn a_capacity_says_of_how_many_by_which_system_and_when_it_is_stale() {
    let network = Network::start().await;
    let clinic = network.agency("Clinic").await;
    let made = create(&network, &clinic, offer("Beds")).await;
    let mut admin = network.staff(&clinic.name, Role::AgencyAdmin);
    let mut asked = capacity(&made.name, CapacityStatus::Waitlist, 3);
    let stated = asked.capacity.as_mut().unwrap();
    // The caller's own idea of who and how old is not asked for.
    (stated.maximum, stated.reported_by, stated.stale) = (2, "somebody".into(), true);
    assert_eq!(fields(&admin.set_capacity(asked.clone()).await.unwrap_err()), ["capacity.maximum"]);
    asked.capacity.as_mut().unwrap().maximum = 12;
    let now = admin.set_capacity(asked).await.unwrap().into_inner().service.unwrap();
    let shown = now.capacity.clone().unwrap();
    assert_eq!((shown.available, shown.maximum, shown.stale), (3, 12, false));
    assert_eq!(shown.reported_by, crate::support::CLIENT);
    let waiting = SearchServicesRequest {
        capacity_statuses: vec![CapacityStatus::Waitlist.into()],
        ..Default::default()
    };
    let why = async || {
        let found = network.admin().search_services(waiting.clone()).await.unwrap().into_inner();
        (found.services[0].capacity.clone().unwrap().stale, found.results[0].why.clone())
    };
    let says = "has a waiting list as of 2026-03-01 09:00 UTC";
    assert_eq!(why().await, (false, vec![says.to_owned()]));
    network.clock.advance(time::Duration::hours(24));
    assert!(!why().await.0, "not yet");
    network.clock.advance(time::Duration::seconds(1));
    assert_eq!(why().await, (true, vec![format!("{says}, stale")]));
    let read = network.admin().get_service(GetServiceRequest { name: made.name.clone() }).await;
    assert!(read.unwrap().into_inner().service.unwrap().capacity.unwrap().stale);
    let lately = SearchServicesRequest { max_capacity_age_hours: 24, ..waiting.clone() };
    assert_eq!(search(&network, lately).await, [] as [&str; 0]);
}

#[tokio::test]
async fn a_capacity_is_refused_where_the_service_has_changed_since_it_was_read() {
    let network = Network::start().await;
    let clinic = network.agency("Clinic").await;
    let made = create(&network, &clinic, offer("Beds")).await;
    let mut admin = network.staff(&clinic.name, Role::AgencyAdmin);
    let with = |etag: &str, available| SetCapacityRequest {
        etag: etag.into(),
        ..capacity(&made.name, CapacityStatus::Capacity, available)
    };
    let first =
        admin.set_capacity(with(&made.etag, 3)).await.unwrap().into_inner().service.unwrap();
    let refused = admin.set_capacity(with(&made.etag, 2)).await.unwrap_err();
    assert_eq!(told(&refused), (Code::Aborted, "ETAG_MISMATCH".into()));
    admin.set_capacity(with(&first.etag, 2)).await.unwrap();
    admin.set_capacity(with("", 1)).await.unwrap();
    // Another agency's is absent, whatever the etag.
    let other = network.agency("Other").await;
    let mut stranger = network.staff(&other.name, Role::AgencyAdmin);
    let refused = stranger.set_capacity(with(&made.etag, 2)).await.unwrap_err();
    assert_eq!(told(&refused), (Code::NotFound, "NOT_FOUND".into()));
}
