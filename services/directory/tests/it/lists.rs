use kernel::Role;
use tonic::Code;
use wire::{
    common::v1::Sector,
    directory::v1::{ListAgenciesRequest, RegisterAgencyRequest},
};

use crate::support::{Client, Network, fields, registration, told};

async fn pages(mut client: Client, mut asked: ListAgenciesRequest) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    loop {
        let page = client.list_agencies(asked.clone()).await.unwrap().into_inner();
        pages.push(page.agencies.into_iter().map(|a| a.display_name).collect());
        if page.next_page_token.is_empty() {
            return pages;
        }
        asked.page_token = page.next_page_token;
    }
}

#[tokio::test]
async fn agencies_come_in_the_order_of_their_names_a_page_at_a_time() {
    let network = Network::start().await;
    for name in ["delta", "Alpha", "charlie", "Bravo", "Alpha", "\u{c9}cole"] {
        network.agency(name).await;
    }
    let asked = ListAgenciesRequest { page_size: 2, ..Default::default() };
    assert_eq!(
        pages(network.admin(), asked).await,
        [["Alpha", "Alpha"], ["Bravo", "charlie"], ["delta", "\u{c9}cole"]]
    );
    let all = pages(network.admin(), ListAgenciesRequest::default()).await;
    assert_eq!((all.len(), all[0].len()), (1, 6));
}

#[tokio::test]
async fn the_longest_name_of_the_widest_letters_fits_into_a_token() {
    let network = Network::start().await;
    let long = "\u{1d518}".repeat(200);
    for _ in 0..2 {
        network.agency(&long).await;
    }
    let asked = ListAgenciesRequest { page_size: 1, ..Default::default() };
    assert_eq!(pages(network.admin(), asked).await.len(), 2);
}

#[tokio::test]
async fn a_list_can_be_of_one_sector() {
    let network = Network::start().await;
    network.agency("Clinic").await;
    let sector = Sector::Housing.into();
    network.register(RegisterAgencyRequest { sector, ..registration("Homes") }).await;
    let asked = ListAgenciesRequest { sector, ..Default::default() };
    assert_eq!(pages(network.admin(), asked).await, [["Homes"]]);
}

#[tokio::test]
async fn a_page_token_is_its_callers_its_filters_and_a_whole_one() {
    let network = Network::start().await;
    let clinic = network.agency("A").await;
    network.agency("B").await;
    let asked = ListAgenciesRequest { page_size: 1, ..Default::default() };
    let page = network.admin().list_agencies(asked.clone()).await.unwrap().into_inner();
    let token = page.next_page_token;
    let with = |token: &str| ListAgenciesRequest { page_token: token.into(), ..asked.clone() };
    let other = ListAgenciesRequest { sector: Sector::Healthcare.into(), ..with(&token) };
    let mut cut = token.clone();
    cut.pop();
    for (mut client, asked) in [
        (network.admin(), other),
        (network.other_admin(), with(&token)),
        (network.staff(&clinic.name, Role::Clinician), with(&token)),
        (network.admin(), with(&cut)),
        (network.admin(), with("x")),
        (network.admin(), with(&token.to_uppercase())),
    ] {
        let refused = client.list_agencies(asked).await.unwrap_err();
        assert_eq!(told(&refused), (Code::InvalidArgument, "PAGE_TOKEN_INVALID".into()));
    }
    // The size may change on the way.
    let larger = ListAgenciesRequest { page_size: 9, ..with(&token) };
    assert_eq!(network.admin().list_agencies(larger).await.unwrap().into_inner().agencies.len(), 1);
    network.clock.advance(time::Duration::hours(2));
    let refused = network.admin().list_agencies(with(&token)).await.unwrap_err();
    assert_eq!(told(&refused), (Code::InvalidArgument, "PAGE_TOKEN_INVALID".into()));
}

#[tokio::test]
async fn a_list_is_refused_with_every_field_that_is_wrong() {
    let network = Network::start().await;
    for size in [-1, 201, i32::MIN, i32::MAX] {
        let asked =
            ListAgenciesRequest { page_size: size, page_token: "x".repeat(1_001), sector: 99 };
        let refused = network.admin().list_agencies(asked).await.unwrap_err();
        assert_eq!(fields(&refused), ["page_size", "page_token", "sector"]);
    }
}
