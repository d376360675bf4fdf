use kernel::Role;
use tonic::Code;
use wire::directory::v1::{
    Agency, CreateServiceRequest, Near, Place, Position, Schedule, SearchServicesRequest, Service,
    SupportKind, Telephone, UpdateServiceRequest,
};

use crate::{
    exports::export,
    imports::import,
    support::{Client, Network, fields, request_id, told},
    update_agency::mask,
};

const ALL: [&str; 18] = [
    "display_name",
    "description",
    "need_categories",
    "languages",
    "support_kinds",
    "eligibility",
    "application_process",
    "fees",
    "interpreting",
    "cultural_offerings",
    "faith_offerings",
    "minimum_age",
    "maximum_age",
    "places",
    "schedules",
    "url",
    "email",
    "phones",
];

fn update(to: Service, paths: &[&str]) -> UpdateServiceRequest {
    UpdateServiceRequest {
        request_id: request_id(),
        etag: to.etag.clone(),
        service: Some(to),
        update_mask: mask(paths),
    }
}

async fn changed(client: &mut Client, asked: UpdateServiceRequest) -> Service {
    client.update_service(asked).await.unwrap().into_inner().service.unwrap()
}

async fn bare(network: &Network, agency: &Agency) -> Service {
    let offer = CreateServiceRequest {
        request_id: request_id(),
        display_name: "Room".into(),
        ..Default::default()
    };
    let mut admin = network.staff(&agency.name, Role::AgencyAdmin);
    admin.create_service(offer).await.unwrap().into_inner().service.unwrap()
}

/// All that a service can state.
fn whole(of: Service) -> Service {
    Service {
        display_name: "Lighthouse shelter".into(),
        description: "Beds for a night".into(),
        need_categories: vec!["103-02".into()],
        languages: vec!["Somali".into()],
        support_kinds: vec![SupportKind::Instrumental.into()],
        eligibility: "Anyone".into(),
        application_process: "Come by".into(),
        fees: "None".into(),
        interpreting: "By telephone".into(),
        cultural_offerings: vec!["Lakota talking circle".into()],
        faith_offerings: vec!["Quaker meeting".into()],
        minimum_age: 18,
        maximum_age: 25,
        places: vec![
            Place {
                display_name: "Main house".into(),
                position: Some(Position { latitude: 37.5, longitude: -122.25 }),
                address_1: "1 Main St".into(),
                address_2: "Rear".into(),
                city: "Redwoodville".into(),
                state_province: "CA".into(),
                postal_code: "94063".into(),
                country: "US".into(),
                accessibility: vec!["Wheelchair ramp".into()],
            },
            Place {
                position: Some(Position { latitude: 0.0, longitude: 0.0 }),
                ..Default::default()
            },
        ],
        schedules: vec![Schedule {
            days: vec!["MO".into(), "TU".into()],
            opens_at: "09:00".into(),
            closes_at: "17:30".into(),
            valid_from: "2026-01-01".into(),
            valid_to: "2026-12-31".into(),
            description: "Ring twice".into(),
        }],
        url: "https://shelter.example/a".into(),
        email: "help@shelter.example".into(),
        phones: vec![Telephone {
            number: "+1 650 555 0100".into(),
            extension: "7".into(),
            description: "Day and night".into(),
        }],
        ..of
    }
}

/// A service that is added as this one is.
fn offer(to: &Service) -> CreateServiceRequest {
    CreateServiceRequest {
        request_id: request_id(),
        display_name: to.display_name.clone(),
        description: to.description.clone(),
        need_categories: to.need_categories.clone(),
        languages: to.languages.clone(),
        support_kinds: to.support_kinds.clone(),
        eligibility: to.eligibility.clone(),
        application_process: to.application_process.clone(),
        fees: to.fees.clone(),
        interpreting: to.interpreting.clone(),
        cultural_offerings: to.cultural_offerings.clone(),
        faith_offerings: to.faith_offerings.clone(),
        minimum_age: to.minimum_age,
        maximum_age: to.maximum_age,
        places: to.places.clone(),
        schedules: to.schedules.clone(),
        url: to.url.clone(),
        email: to.email.clone(),
        phones: to.phones.clone(),
    }
}

/// Each condition by itself, only where it is stated.
fn searches() -> Vec<(&'static str, SearchServicesRequest)> {
    let base = || SearchServicesRequest {
        only_stated: true,
        include_faith_based: true,
        ..Default::default()
    };
    let near = Some(Near { latitude: 37.501, longitude: -122.25, radius_km: 2.0 });
    vec![
        ("need", SearchServicesRequest { need_category: "103".into(), ..base() }),
        ("words", SearchServicesRequest { text: "lighthouse".into(), ..base() }),
        ("town", SearchServicesRequest { text: "redwoodville".into(), ..base() }),
        ("language", SearchServicesRequest { language: "so".into(), ..base() }),
        ("interpreting", SearchServicesRequest { interpreting: true, ..base() }),
        ("culture", SearchServicesRequest { cultural_offering: "lakota".into(), ..base() }),
        ("faith", SearchServicesRequest { faith_offering: "quaker".into(), ..base() }),
        ("age", SearchServicesRequest { age: 20, ..base() }),
        ("access", SearchServicesRequest { accessibility: "wheelchair".into(), ..base() }),
        ("near", SearchServicesRequest { near, ..base() }),
        ("open", SearchServicesRequest { open_at: "2026-03-03T17:00".into(), ..base() }),
        (
            "kind",
            SearchServicesRequest {
                support_kinds: vec![SupportKind::Instrumental.into()],
                ..base()
            },
        ),
    ]
}

/// What finds anything, and what should not.
async fn found(network: &Network) -> Vec<&'static str> {
    let mut found = Vec::new();
    for (name, asked) in searches() {
        let reply = network.admin().search_services(asked).await.unwrap().into_inner();
        if !reply.services.is_empty() {
            found.push(name);
        }
    }
    found
}

#[tokio::test]
async fn whatever_a_service_states_its_agency_states_and_every_search_finds() {
    let network = Network::start().await;
    let clinic = network.agency("Clinic").await;
    let mut own = network.staff(&clinic.name, Role::AgencyAdmin);
    let service = bare(&network, &clinic).await;
    assert_eq!(found(&network).await, Vec::<&str>::new());
    let to = whole(service.clone());
    let stated = changed(&mut own, update(to.clone(), &ALL)).await;
    assert_eq!(stated, Service { etag: stated.etag.clone(), ..to });
    let names: Vec<&str> = searches().into_iter().map(|(name, _)| name).collect();
    assert_eq!(found(&network).await, names);
    for closed in ["2026-03-04T12:00", "2026-03-03T17:30"] {
        let asked = SearchServicesRequest {
            open_at: closed.into(),
            include_faith_based: true,
            ..Default::default()
        };
        let reply = network.admin().search_services(asked).await.unwrap().into_inner();
        assert!(reply.services.is_empty(), "{closed}");
    }
    // Named and empty is cleared, and found no more.
    let paths = &ALL[1..];
    let cleared = Service {
        name: stated.name.clone(),
        display_name: "Not named".into(),
        etag: stated.etag.clone(),
        ..Default::default()
    };
    let cleared = changed(&mut own, update(cleared, paths)).await;
    let expected = Service {
        display_name: stated.display_name.clone(),
        etag: cleared.etag.clone(),
        ..service
    };
    assert_eq!(cleared, expected);
    assert_eq!(found(&network).await, ["words"]);
}

#[tokio::test]
async fn a_service_is_added_with_all_that_it_states_and_capacity_is_beside_it() {
    let network = Network::start().await;
    let clinic = network.agency("Clinic").await;
    let mut own = network.staff(&clinic.name, Role::AgencyAdmin);
    let to = whole(Service::default());
    let made = own.create_service(offer(&to)).await.unwrap().into_inner().service.unwrap();
    let expected = Service {
        name: made.name.clone(),
        agency: clinic.name.clone(),
        etag: made.etag.clone(),
        ..to
    };
    assert_eq!(made, expected);
    assert_eq!(found(&network).await.len(), searches().len());
    // Another network that imports the export finds the same.
    let files = export(&network).await;
    for table in
        ["locations", "service_at_location", "addresses", "accessibility", "schedules", "phones"]
    {
        assert!(files.contains_key(table), "{table}");
    }
    let other = Network::start().await;
    let reply = import(&other, &files).await;
    assert_eq!(reply.rejections, []);
    let names: Vec<&str> = searches().into_iter().map(|(name, _)| name).collect();
    assert_eq!(found(&other).await, names);
    // And what it exports is, table by table, what it was given.
    let again = export(&other).await;
    assert_eq!(again.keys().collect::<Vec<_>>(), files.keys().collect::<Vec<_>>());
    // Here it stays as it is.
    assert_eq!(import(&network, &files).await.rejections, []);
    assert_eq!(export(&network).await, files);
}

#[tokio::test]
async fn a_change_of_a_service_is_judged_by_what_it_names() {
    let network = Network::start().await;
    let (clinic, other) = (network.agency("Clinic").await, network.agency("Other").await);
    let mut own = network.staff(&clinic.name, Role::AgencyAdmin);
    let service = bare(&network, &clinic).await;
    let odd = Service {
        languages: vec!["e\u{0}".into()],
        minimum_age: 30,
        maximum_age: 20,
        places: vec![
            Place { city: "Here".into(), accessibility: vec![" ".into()], ..Default::default() },
            Place { display_name: "Nowhere".into(), ..Default::default() },
            Place {
                position: Some(Position { latitude: 91.0, longitude: f64::NAN }),
                ..Default::default()
            },
        ],
        schedules: vec![
            Schedule { opens_at: "9".into(), closes_at: "24:00".into(), ..Default::default() },
            Schedule {
                days: vec!["MO".into(), "MO".into(), "XX".into()],
                opens_at: "09:00".into(),
                closes_at: "10:00".into(),
                valid_from: "2026-02-30".into(),
                ..Default::default()
            },
            Schedule {
                days: vec!["MO".into()],
                opens_at: "09:00".into(),
                closes_at: "10:00".into(),
                valid_from: "2026-02-02".into(),
                valid_to: "2026-02-01".into(),
                ..Default::default()
            },
        ],
        url: "javascript:alert(1)".into(),
        email: "nobody".into(),
        phones: vec![Telephone::default()],
        ..service.clone()
    };
    let refused = own.update_service(update(odd.clone(), &ALL)).await.unwrap_err();
    let mut expected = vec![
        "service.email",
        "service.languages[0]",
        "service.maximum_age",
        "service.phones[0].number",
        "service.places[0].accessibility[0]",
        "service.places[0].address_1",
        "service.places[0].country",
        "service.places[0].postal_code",
        "service.places[0].state_province",
        "service.places[1]",
        "service.places[2].position.latitude",
        "service.places[2].position.longitude",
        "service.schedules[0].closes_at",
        "service.schedules[0].days",
        "service.schedules[0].opens_at",
        "service.schedules[1].days",
        "service.schedules[1].days[2]",
        "service.schedules[1].valid_from",
        "service.schedules[2].valid_to",
        "service.url",
    ];
    expected.sort_unstable();
    assert_eq!(fields(&refused), expected);
    // All of it, the rules between two fields too, is refused of one that is added so.
    let refused = own.create_service(offer(&odd)).await.unwrap_err();
    let added: Vec<_> = fields(&refused).iter().map(|of| format!("service.{of}")).collect();
    assert_eq!(added, expected);
    // What is not named is not looked at.
    let renamed = changed(&mut own, update(Service { fees: "Ten".into(), ..odd }, &["fees"])).await;
    assert_eq!(
        renamed,
        Service { fees: "Ten".into(), etag: renamed.etag.clone(), ..service.clone() }
    );
    let stale = own.update_service(update(service.clone(), &["fees"])).await.unwrap_err();
    assert_eq!(told(&stale), (Code::Aborted, "ETAG_MISMATCH".into()));
    let refused = own
        .update_service(update(renamed.clone(), &["capacity", "places.city"]))
        .await
        .unwrap_err();
    assert_eq!(fields(&refused), ["update_mask.paths[0]", "update_mask.paths[1]"]);
    let mut theirs = network.staff(&other.name, Role::AgencyAdmin);
    let refused = theirs.update_service(update(renamed.clone(), &["fees"])).await.unwrap_err();
    assert_eq!(told(&refused), (Code::NotFound, "NOT_FOUND".into()));
    for client in [network.admin(), network.staff(&clinic.name, Role::CaseManager)] {
        let mut client = client;
        let refused = client.update_service(update(renamed.clone(), &["fees"])).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
    }
}
