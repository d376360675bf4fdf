//! Each filter, on a directory in which every fact stands somewhere.

use tonic::Code;
use wire::directory::v1::{CapacityStatus, FindServicesRequest, Near, SearchServicesRequest};

use crate::{
    imports::{Files, import},
    search::{find, names, text, why},
    support::{Network, fields},
};

/// Six services of one organization.
fn directory() -> Files {
    [
        ("organizations", "id,name,description\no,Harbour,Helps\n"),
        (
            "services",
            "id,organization_id,name,status,interpretation_services,minimum_age,maximum_age,alternate_name\n\
             plain,o,Plain,active,,,,\n\
             elders,o,Elders,active,Spanish by phone,55,,Los mayores\n\
             teens,o,Teens,active,,13,17.5,\n\
             rooms,o,Rooms,active,,,,\n\
             temple,o,Temple,active,,,,\n\
             gone,o,Gone,inactive,,,,\n",
        ),
        (
            "locations",
            "id,location_type,organization_id,name,latitude,longitude\n\
             here,physical,o,Here,37.5,-122.3\n\
             there,physical,o,There,37.6,-122.3\n\
             nowhere,virtual,o,Line,,\n",
        ),
        (
            "service_at_location",
            "id,service_id,location_id\n\
             1,elders,here\n2,teens,there\n3,rooms,there\n4,rooms,here\n5,plain,nowhere\n6,gone,here\n",
        ),
        (
            "accessibility",
            "id,location_id,description,details\n\
             1,here,Wheelchair ramp,\n2,there,,Tactile paving\n",
        ),
        (
            "schedules",
            "id,service_id,location_id,valid_from,valid_to,freq,byday,opens_at,closes_at\n\
             1,elders,,,,WEEKLY,\"MO,WE\",09:00,17:00\n\
             2,,there,2026-01-01,2026-06-30,WEEKLY,FR,20:00,02:00\n\
             3,temple,,,,MONTHLY,1SU,09:00,10:00\n",
        ),
        ("languages", "id,service_id,location_id,name,code\n1,elders,,,es-MX\n2,,there,Chinese (Mandarin),\n"),
        ("units", "id,name\nu,bed\n"),
        (
            "service_capacities",
            "id,service_id,unit_id,available,updated\n\
             1,rooms,u,4,2026-02-28T09:00:00Z\n2,teens,u,0,2026-01-01T09:00:00Z\n",
        ),
        (
            "taxonomy_terms",
            "id,code,name,taxonomy\n\
             food,102-04,Food Pantry,Open Eligibility\n\
             shelter,103-01,Emergency Shelter,Open Eligibility\n\
             latino,,Latino families,Cultural offerings\n\
             quaker,,Quaker meeting,Faith offering\n",
        ),
        (
            "attributes",
            "id,link_id,link_entity,taxonomy_term_id\n\
             1,rooms,service,shelter\n2,elders,service,latino\n3,temple,service,quaker\n4,teens,service,food\n",
        ),
    ]
    .into_iter()
    .map(|(table, rows)| (table.to_owned(), rows.as_bytes().to_vec()))
    .collect()
}

#[tokio::test]
async fn every_filter_finds_what_states_it_then_what_says_nothing_and_never_what_states_otherwise()
{
    let network = Network::start().await;
    let done = import(&network, &directory()).await;
    assert_eq!(done.rejections, [], "the directory is whole");
    let near = |radius_km| Some(Near { latitude: 37.5, longitude: -122.3, radius_km });
    let open = |at: &str| SearchServicesRequest { open_at: at.into(), ..text("") };
    let ask = SearchServicesRequest::default;
    for (what, asked, found) in [
        // Those with room first; a faith-based one only where it is asked for.
        ("all", ask(), vec!["Rooms", "Elders", "Plain", "Teens"]),
        (
            "faith-based, too",
            SearchServicesRequest { include_faith_based: true, ..ask() },
            vec!["Rooms", "Elders", "Plain", "Temple", "Teens"],
        ),
        (
            "a faith",
            SearchServicesRequest { faith_offering: "quaker".into(), ..ask() },
            vec!["Temple"],
        ),
        (
            "another faith",
            SearchServicesRequest { faith_offering: "buddhist".into(), ..ask() },
            vec![],
        ),
        (
            "a culture",
            SearchServicesRequest { cultural_offering: "latino family".into(), ..ask() },
            vec!["Elders"],
        ),
        ("interpreting", SearchServicesRequest { interpreting: true, ..ask() }, vec!["Elders"]),
        (
            "a need",
            SearchServicesRequest { need_category: "103".into(), ..ask() },
            // By its words what states no category; not what states another.
            vec!["Rooms"],
        ),
        (
            "a language",
            SearchServicesRequest { language: "espa\u{f1}ol".into(), ..ask() },
            vec!["Elders", "Plain"],
        ),
        (
            "a language of a place",
            SearchServicesRequest { language: "zh".into(), only_stated: true, ..ask() },
            vec!["Rooms", "Teens"],
        ),
        ("an age", SearchServicesRequest { age: 60, ..ask() }, vec!["Elders", "Rooms", "Plain"]),
        (
            "an age that is stated",
            SearchServicesRequest { age: 17, only_stated: true, ..ask() },
            vec!["Teens"],
        ),
        ("too old", SearchServicesRequest { age: 18, only_stated: true, ..ask() }, vec![]),
        (
            "a ramp",
            SearchServicesRequest { accessibility: "wheelchairs".into(), ..ask() },
            vec!["Rooms", "Elders", "Plain"],
        ),
        (
            "near",
            SearchServicesRequest { near: near(20.0), ..ask() },
            // The nearest of several places counts.
            vec!["Elders", "Rooms", "Teens", "Plain"],
        ),
        (
            "nearer",
            SearchServicesRequest { near: near(5.0), only_stated: true, ..ask() },
            vec!["Elders", "Rooms"],
        ),
        // Monday; at the end it is closed, and Temple's and Plain's hours are not known.
        ("open on Monday", open("2026-03-02T09:00"), vec!["Elders", "Plain"]),
        ("closed at the end", open("2026-03-02T17:00"), vec!["Plain"]),
        ("after midnight", open("2026-03-07T01:59"), vec!["Rooms", "Teens", "Plain"]),
        ("out of season", open("2026-07-03T21:00"), vec!["Rooms", "Plain", "Teens"]),
        ("room", SearchServicesRequest { with_capacity: true, ..ask() }, vec!["Rooms"]),
        (
            "none",
            SearchServicesRequest {
                capacity_statuses: vec![CapacityStatus::NoCapacity.into()],
                ..ask()
            },
            vec!["Teens"],
        ),
        (
            "stated lately",
            SearchServicesRequest { max_capacity_age_hours: 48, ..ask() },
            vec!["Rooms"],
        ),
        ("another name", text("mayores"), vec!["Elders"]),
    ] {
        assert_eq!(names(&find(&network, &asked).await), found, "{what}");
    }
}

#[tokio::test]
async fn a_result_says_in_plain_words_what_it_meets_and_what_is_not_stated() {
    let network = Network::start().await;
    import(&network, &directory()).await;
    let near = Some(Near { latitude: 37.52, longitude: -122.3, radius_km: 20.0 });
    let asked = SearchServicesRequest {
        need_category: "103".into(),
        language: "zh".into(),
        age: 30,
        accessibility: "ramp".into(),
        near,
        open_at: "2026-03-06T21:00".into(),
        with_capacity: true,
        ..text("rooms")
    };
    let found = find(&network, &asked).await;
    assert_eq!(
        why(&found, "Rooms"),
        [
            "text: rooms",
            "need: housing",
            "speaks zh",
            "ages not stated",
            "accessible: ramp",
            "2.2 km away",
            "open on 2026-03-06 at 21:00",
            "has capacity as of 2026-02-28 09:00 UTC",
        ]
    );
    let asked = SearchServicesRequest {
        language: "es".into(),
        age: 60,
        accessibility: "ramp".into(),
        near,
        open_at: "2026-03-02T09:00".into(),
        ..text("")
    };
    let found = find(&network, &asked).await;
    assert_eq!(
        why(&found, "Plain"),
        [
            "languages not stated",
            "ages not stated",
            "accessibility not stated",
            "place not stated",
            "hours not stated",
        ]
    );
    assert_eq!(
        why(&found, "Elders"),
        [
            "speaks es",
            "ages 55 and over",
            "accessible: ramp",
            "2.2 km away",
            "open on 2026-03-02 at 09:00",
        ]
    );
    let asked = SearchServicesRequest {
        cultural_offering: "Latino".into(),
        interpreting: true,
        ..text("")
    };
    assert_eq!(
        why(&find(&network, &asked).await, "Elders"),
        ["has interpreting", "culture: Latino"]
    );
}

#[tokio::test]
async fn what_an_import_takes_away_is_no_longer_found_by_it() {
    let network = Network::start().await;
    import(&network, &directory()).await;
    let asked = SearchServicesRequest { language: "es".into(), only_stated: true, ..text("") };
    assert_eq!(names(&find(&network, &asked).await), ["Elders"]);
    let mut less = directory();
    less.remove("languages");
    import(&network, &less).await;
    assert_eq!(names(&find(&network, &asked).await), [] as [&str; 0]);
}

#[tokio::test]
async fn another_service_finds_the_same_and_nobody_else_may_ask_as_one() {
    let network = Network::start().await;
    import(&network, &directory()).await;
    let faith = SearchServicesRequest { include_faith_based: true, ..text("") };
    for asked in [text(""), faith.clone()] {
        let search = Some(asked.clone());
        let anybodys = FindServicesRequest { search, agencies: Vec::new() };
        let reply = network.service().find_services(anybodys).await;
        assert_eq!(reply.unwrap().into_inner().found.unwrap(), find(&network, &asked).await);
    }
    // Among the services of some agencies, page by page, and by no page of another question.
    let all = find(&network, &text("")).await.services;
    let first = all[0].agency.clone();
    let theirs = all.iter().filter(|service| service.agency == first).count();
    let nobody = format!("agencies/{}", uuid::Uuid::new_v4());
    let one = |agency: &str, page_token: &str| FindServicesRequest {
        search: Some(SearchServicesRequest {
            page_size: 1,
            page_token: page_token.to_owned(),
            ..text("")
        }),
        agencies: vec![agency.to_owned()],
    };
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let reply = network.service().find_services(one(&first, &token)).await.unwrap();
        let page = reply.into_inner().found.unwrap();
        found.extend(page.services);
        if page.next_page_token.is_empty() {
            break;
        }
        token = page.next_page_token;
        let other = network.service().find_services(one(&nobody, &token)).await;
        assert_eq!(other.unwrap_err().code(), Code::InvalidArgument);
    }
    assert_eq!(found.len(), theirs);
    assert!(found.iter().all(|service| service.agency == first));
    let none = network.service().find_services(one(&nobody, "")).await.unwrap().into_inner();
    assert_eq!(none.found.unwrap().services.len(), 0);
    assert!(names(&find(&network, &faith).await).contains(&"Temple"));
    assert!(!names(&find(&network, &text("")).await).contains(&"Temple"));
    let request = FindServicesRequest { search: Some(text("")), agencies: Vec::new() };
    let refused = network.admin().find_services(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let nothing = FindServicesRequest { search: None, agencies: Vec::new() };
    let refused = network.service().find_services(nothing).await.unwrap_err();
    assert_eq!(fields(&refused), ["search"]);
}
