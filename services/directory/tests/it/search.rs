//! Searches of the county's directory, in the words of those who ask.

use kernel::Role;
use tonic::Code;
use wire::directory::v1::{
    CreateServiceRequest, Near, ReinstateAgencyRequest, SearchServicesRequest,
    SearchServicesResponse, SuspendAgencyRequest,
};

use crate::{
    imports::{county, import},
    support::{Network, fields, request_id, told},
};

pub async fn find(network: &Network, asked: &SearchServicesRequest) -> SearchServicesResponse {
    let found = network.admin().search_services(asked.clone()).await.unwrap().into_inner();
    let named: Vec<_> = found.services.iter().map(|service| service.name.clone()).collect();
    let told: Vec<_> = found.results.iter().map(|result| result.service.clone()).collect();
    assert_eq!(named, told, "a result for each service, in their order");
    assert!(found.results.is_sorted_by(|a, b| a.rank >= b.rank), "{:?}", found.results);
    found
}

pub fn names(found: &SearchServicesResponse) -> Vec<&str> {
    found.services.iter().map(|service| service.display_name.as_str()).collect()
}

pub fn why<'a>(found: &'a SearchServicesResponse, name: &str) -> Vec<&'a str> {
    let at = found.services.iter().position(|service| service.display_name == name);
    let at = at.unwrap_or_else(|| panic!("{name} is not in {:?}", names(found)));
    found.results[at].why.iter().map(String::as_str).collect()
}

pub fn text(text: &str) -> SearchServicesRequest {
    SearchServicesRequest { text: text.to_owned(), page_size: 200, ..Default::default() }
}

/// The county's one service with a category is a test of its makers.
fn real(found: &SearchServicesResponse) -> Vec<&str> {
    let mut names = names(found);
    names.retain(|name| !matches!(*name, "Passport Photos" | "Example Service Name"));
    names.sort_unstable();
    names
}

const CORPS: [&str; 3] =
    ["Redwood City Corps", "South San Francisco Citadel Corps", "Sunnyvale Corps"];

#[tokio::test]
async fn the_countys_services_are_found_by_english_and_by_spanish_words() {
    let network = Network::start().await;
    import(&network, &county()).await;
    let meals = ["Meals on Wheels - South County"];
    let food: Vec<&str> = meals.into_iter().chain(CORPS).collect();
    for (english, spanish, expected) in [
        ("food", "comida", food.clone()),
        ("FOOD bank", "banco de alimentos", food),
        ("clothing", "ropa", CORPS.to_vec()),
        ("shelter", "albergue", vec!["Redwood City Corps"]),
        ("dentist", "dentista", vec!["Project Smile", "San Mateo Free Medical Clinic"]),
        ("job", "trabajo", vec!["Second Career Employment Program"]),
        ("treatment", "tratamiento", vec!["Adult Rehabilitation Center"]),
        (
            "counselling",
            "consejería",
            vec![
                "Adult Rehabilitation Center",
                "Family Visitation Center",
                "Senior Peer Counseling",
                "South San Francisco Citadel Corps",
            ],
        ),
        ("English classes", "clases de inglés", vec!["Project Read"]),
        ("transport", "transporte", vec!["Redwood City Corps"]),
        ("domestic violence", "violencia doméstica", vec!["Family Visitation Center"]),
        ("furniture", "muebles", vec!["South San Francisco Citadel Corps"]),
    ] {
        let [in_english, in_spanish] =
            [find(&network, &text(english)).await, find(&network, &text(spanish)).await];
        for name in &expected {
            assert!(names(&in_english).contains(name), "{english}: {:?}", names(&in_english));
        }
        assert_eq!(real(&in_english), real(&in_spanish), "{english}, {spanish}");
        assert!(!names(&in_english).contains(&"Schaberg Branch"), "{english}");
    }
    let found = find(&network, &text("comida")).await;
    assert_eq!(why(&found, "Sunnyvale Corps"), ["text: comida as food"]);
    let found = find(&network, &text("food")).await;
    assert_eq!(why(&found, "Sunnyvale Corps"), ["text: food"]);
    assert_eq!(why(&found, "Meals on Wheels - South County"), ["text: food as food"]);
    // A name before a description.
    let first = find(&network, &text("library")).await;
    assert_eq!(names(&first)[0], "Main Library");
    // Every word must be found; a town of its places, too.
    let both = find(&network, &text("comida autobús")).await;
    assert_eq!(real(&both), ["Redwood City Corps"]);
    let town = find(&network, &text("food sunnyvale")).await;
    assert_eq!(real(&town), ["Sunnyvale Corps"]);
    // What its source no longer offers.
    assert_eq!(names(&find(&network, &text("unrequired")).await), [] as [&str; 0]);
}

#[tokio::test]
async fn a_misspelt_word_finds_what_was_meant_and_says_so() {
    let network = Network::start().await;
    import(&network, &county()).await;
    for (wrong, right, name, told) in [
        ("comidaa", "comida", "Sunnyvale Corps", "text: comidaa as food"),
        ("shleter", "shelter", "Redwood City Corps", "text: shleter as shelter"),
        ("vouchrs", "vouchers", "South San Francisco Citadel Corps", "text: vouchrs as vouchers"),
        ("gardning", "gardening", "Fair Oaks Adult Activity Center", "text: gardning as gardening"),
    ] {
        let [meant, found] =
            [find(&network, &text(right)).await, find(&network, &text(wrong)).await];
        assert_eq!(names(&found), names(&meant), "{wrong}");
        assert_eq!(why(&found, name), [told]);
    }
    // The beginning of a word, and another form of it.
    for begun in ["garde", "gardens", "GARDENING"] {
        let found = find(&network, &text(begun)).await;
        assert_eq!(names(&found), ["Fair Oaks Adult Activity Center"], "{begun}");
    }
    assert_eq!(names(&find(&network, &text("xyzzyx")).await), [] as [&str; 0]);
    assert_eq!(names(&find(&network, &text("the")).await), [] as [&str; 0]);
}

#[tokio::test]
async fn a_language_of_a_place_is_its_services_and_what_states_none_comes_last() {
    let network = Network::start().await;
    import(&network, &county()).await;
    let asked = |language: &str| SearchServicesRequest { language: language.into(), ..text("") };
    let found = find(&network, &asked("tagalo")).await;
    assert!(found.results.iter().all(|r| r.why == ["languages not stated"]), "no such language");
    let found = find(&network, &asked("Tagalog")).await;
    let speaks = found.results.iter().take_while(|r| r.why == ["speaks Tagalog"]).count();
    assert!(speaks >= 5, "{:?}", found.results);
    assert!(found.results[speaks..].iter().all(|r| r.why == ["languages not stated"]));
    assert!(found.results.len() > speaks);
    for same in ["tl", "fil", "filipino"] {
        assert_eq!(names(&find(&network, &asked(same)).await), names(&found), "{same}");
    }
    let stated = SearchServicesRequest { only_stated: true, ..asked("Tagalog") };
    assert_eq!(names(&find(&network, &stated).await), names(&found)[..speaks]);
}

#[tokio::test]
async fn a_suspended_agencys_services_go_at_once_and_come_back_when_it_is_reinstated() {
    let network = Network::start().await;
    let (clinic, other) = (network.agency("Riverside").await, network.agency("Other").await);
    for (agency, name) in [(&clinic, "Food pantry"), (&other, "Hot food")] {
        let offer = CreateServiceRequest {
            request_id: request_id(),
            display_name: name.into(),
            ..Default::default()
        };
        network.staff(&agency.name, Role::AgencyAdmin).create_service(offer).await.unwrap();
    }
    let suspend = SuspendAgencyRequest {
        request_id: request_id(),
        name: clinic.name.clone(),
        reason: "an audit".into(),
    };
    network.admin().suspend_agency(suspend).await.unwrap();
    // Of that agency, by its name, by any words and by none.
    let of = SearchServicesRequest { agency: clinic.name.clone(), ..text("") };
    for (asked, left) in [
        (of.clone(), vec![]),
        (text("riverside"), vec![]),
        (text("food"), vec!["Hot food"]),
        (text(""), vec!["Hot food"]),
    ] {
        assert_eq!(names(&find(&network, &asked).await), left, "{asked:?}");
    }
    let reinstate = ReinstateAgencyRequest { request_id: request_id(), name: clinic.name.clone() };
    network.admin().reinstate_agency(reinstate).await.unwrap();
    for (asked, there) in
        [(of, vec!["Food pantry"]), (text("food"), vec!["Food pantry", "Hot food"])]
    {
        assert_eq!(names(&find(&network, &asked).await), there, "{asked:?}");
    }
}

#[tokio::test]
async fn pages_one_after_the_other_are_the_whole_and_a_token_is_its_searchs_own() {
    let network = Network::start().await;
    import(&network, &county()).await;
    let near = Some(Near { latitude: 37.53, longitude: -122.29, radius_km: 50.0 });
    for asked in [
        text(""),
        text("food"),
        SearchServicesRequest { language: "es".into(), ..text("") },
        SearchServicesRequest { near, language: "es".into(), ..text("program") },
        SearchServicesRequest { near, ..text("") },
    ] {
        let whole = find(&network, &asked).await;
        assert!(whole.next_page_token.is_empty());
        for size in [1, 2, 7] {
            let mut asked = SearchServicesRequest { page_size: size, ..asked.clone() };
            let (mut services, mut results) = (Vec::new(), Vec::new());
            loop {
                let page = find(&network, &asked).await;
                assert!(page.services.len() <= usize::try_from(size).unwrap());
                services.extend(page.services);
                results.extend(page.results);
                if page.next_page_token.is_empty() {
                    break;
                }
                asked.page_token = page.next_page_token;
            }
            assert_eq!((services, results), (whole.services.clone(), whole.results.clone()));
        }
    }
    let page = find(&network, &SearchServicesRequest { page_size: 1, ..text("food") }).await;
    let with = |asked| SearchServicesRequest { page_token: page.next_page_token.clone(), ..asked };
    let other = SearchServicesRequest { only_stated: true, ..text("food") };
    for (mut client, asked) in
        [(network.admin(), with(other)), (network.other_admin(), with(text("food")))]
    {
        let refused = client.search_services(asked).await.unwrap_err();
        assert_eq!(told(&refused), (Code::InvalidArgument, "PAGE_TOKEN_INVALID".into()));
    }
}

#[tokio::test]
async fn a_search_is_refused_with_every_field_that_is_wrong() {
    let network = Network::start().await;
    let bad = SearchServicesRequest {
        page_size: -1,
        text: "x".repeat(201),
        language: "\u{0}".into(),
        cultural_offering: "x".repeat(101),
        faith_offering: "\u{202E}".into(),
        age: 131,
        accessibility: "x".repeat(101),
        near: Some(Near { latitude: f64::NAN, longitude: 180.1, radius_km: 0.0 }),
        open_at: "2026-02-30T09:00".into(),
        support_kinds: vec![9],
        capacity_statuses: vec![0],
        max_capacity_age_hours: -1,
        ..Default::default()
    };
    assert_eq!(
        fields(&network.admin().search_services(bad).await.unwrap_err()),
        [
            "accessibility",
            "age",
            "capacity_statuses[0]",
            "cultural_offering",
            "faith_offering",
            "language",
            "max_capacity_age_hours",
            "near.latitude",
            "near.longitude",
            "near.radius_km",
            "open_at",
            "page_size",
            "support_kinds[0]",
            "text",
        ]
    );
    // What names no language would be no condition.
    for language in ["idioma", "y", "??", "language"] {
        let asked = SearchServicesRequest { language: language.into(), ..Default::default() };
        let refused = network.admin().search_services(asked).await.unwrap_err();
        assert_eq!(fields(&refused), ["language"]);
    }
}
