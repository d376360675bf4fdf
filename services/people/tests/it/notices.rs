//! What a person must be told waits for them, and for nobody else.

use kernel::Role;
use tonic::Code;
use tonic_types::StatusExt as _;
use uuid::Uuid;
use wire::people::v1::{ListNoticesRequest, Notice, NoticeKind as Kind};

use crate::world::{CLINIC, Client, HOUSING, PROBATION, World, guardian, papers, whole};

pub async fn bind(world: &World, agency: Uuid, person: Uuid, sub: &str) -> Client {
    let client = world.person(sub);
    client.accept(&world.staff(agency).invite(person).await.unwrap().code).await.unwrap();
    client
}

pub async fn list(client: &Client, person: Uuid) -> Vec<Notice> {
    let person = format!("people/{person}");
    let message = ListNoticesRequest { person, ..ListNoticesRequest::default() };
    client.notices(message).await.unwrap().notices
}

pub async fn kinds(client: &Client, person: Uuid) -> Vec<Kind> {
    list(client, person).await.iter().map(Notice::kind).collect()
}

#[tokio::test]
async fn each_sign_in_is_told_what_concerns_it_newest_first() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    world.jane(HOUSING).await;
    world.jane(PROBATION).await;
    let jane = bind(&world, CLINIC, person, "jane").await;
    assert!(list(&jane, person).await.is_empty());
    let added = world.staff(CLINIC).add_representative(guardian(person)).await.unwrap();
    world.clock.advance(time::Duration::MINUTE);
    let mallory = bind(&world, PROBATION, person, "mallory").await;
    assert_eq!(kinds(&jane, person).await, [Kind::SignInAdded, Kind::RepresentativeAdded]);
    assert!(list(&mallory, person).await.is_empty(), "neither of another agency nor of itself");
    // What the housing agency did is told once it vouches.
    world.clock.advance(time::Duration::MINUTE);
    world.staff(HOUSING).add_representative(guardian(person)).await.unwrap();
    assert_eq!(list(&jane, person).await.len(), 2);
    let code = jane.code(person, "").await.unwrap();
    world.staff(HOUSING).confirm(person, &code).await.unwrap();
    world.clock.advance(time::Duration::MINUTE);
    let name = added.representative.unwrap().name;
    world.staff(CLINIC).end_representative(&name).await.unwrap();
    let all = [
        Kind::RepresentativeEnded,
        Kind::RepresentativeAdded,
        Kind::SignInAdded,
        Kind::RepresentativeAdded,
    ];
    assert_eq!(kinds(&jane, person).await, all);
    // Whoever takes its place has its notices, and one of that.
    world.clock.advance(time::Duration::MINUTE);
    let new = world.proofed("new", Role::Person, &papers("Jane", "Roe"));
    new.accept(&world.staff(CLINIC).invite(person).await.unwrap().code).await.unwrap();
    let told = kinds(&new, person).await;
    assert_eq!((told.len(), told[0], told[1]), (6, Kind::SignInReplaced, Kind::SignInReplaced));
    assert_eq!(told[2..], all);
    assert!(list(&jane, person).await.is_empty());
}

#[tokio::test]
async fn nobody_elses_notices_are_listed_or_acknowledged() {
    let world = World::new().await;
    let other = world.somebody_else(CLINIC).await;
    let person = world.jane(CLINIC).await;
    world.jane(PROBATION).await;
    let jane = bind(&world, CLINIC, person, "jane").await;
    let john = bind(&world, CLINIC, other, "john").await;
    let added = world.staff(CLINIC).add_representative(guardian(person)).await.unwrap();
    let mallory = bind(&world, PROBATION, person, "mallory").await;
    let aunt = world.individual("aunt", Role::Representative);
    let uncle = world.individual("uncle", Role::Representative);
    for client in [&john, &mallory, &world.person("nobody"), &aunt, &uncle] {
        assert!(list(client, person).await.is_empty());
    }
    aunt.accept(&added.code).await.unwrap();
    // Who acts for a person is told what their agencies did, and acknowledges nothing for them.
    assert_eq!(kinds(&aunt, person).await, [Kind::RepresentativeAdded]);
    let name = list(&aunt, person).await[0].name.clone();
    let refused = aunt.acknowledge(Uuid::new_v4(), &name).await.unwrap_err();
    assert_eq!(refused.get_error_details().error_info().unwrap().reason, "ROLE_NOT_ADMITTED");
    let staff = world.staff(CLINIC).acknowledge(Uuid::new_v4(), &name).await.unwrap_err();
    assert_eq!(staff.code(), Code::PermissionDenied);
    let unknown = format!("notices/{}", Uuid::new_v4());
    let absent = jane.acknowledge(Uuid::new_v4(), &unknown).await.unwrap_err();
    assert_eq!(absent.code(), Code::NotFound);
    for client in [&john, &mallory, &world.person("nobody")] {
        let refused = client.acknowledge(Uuid::new_v4(), &name).await.unwrap_err();
        assert_eq!(whole(&refused), whole(&absent));
    }
    assert!(list(&jane, person).await.iter().all(|one| one.acknowledge_time.is_none()));
}

#[tokio::test]
async fn a_notice_is_acknowledged_once_and_stays() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    let jane = bind(&world, CLINIC, person, "jane").await;
    world.staff(CLINIC).add_representative(guardian(person)).await.unwrap();
    let name = list(&jane, person).await[0].name.clone();
    let request = Uuid::new_v4();
    let first = jane.acknowledge(request, &name).await.unwrap();
    assert!(first.acknowledge_time.is_some());
    world.clock.advance(time::Duration::MINUTE);
    assert_eq!(jane.acknowledge(request, &name).await.unwrap(), first);
    assert_eq!(jane.acknowledge(Uuid::new_v4(), &name).await.unwrap(), first);
    assert_eq!(list(&jane, person).await, [first]);
}

#[tokio::test]
async fn whose_the_sign_in_is_is_asked_beside_the_connections_that_transactions_have() {
    let world = World::narrow().await;
    let person = world.jane(CLINIC).await;
    let jane = bind(&world, CLINIC, person, "jane").await;
    for _ in 0..3 {
        world.staff(CLINIC).add_representative(guardian(person)).await.unwrap();
    }
    // The transaction has the one connection when it asks for the last time.
    for notice in list(&jane, person).await {
        let told = jane.acknowledge(Uuid::new_v4(), &notice.name).await.unwrap();
        assert!(told.acknowledge_time.is_some());
    }
    assert!(list(&jane, person).await.iter().all(|one| one.acknowledge_time.is_some()));
}

#[tokio::test]
async fn pages_go_on_where_the_last_ended() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    let jane = bind(&world, CLINIC, person, "jane").await;
    for _ in 0..5 {
        // Some at one instant.
        world.staff(CLINIC).add_representative(guardian(person)).await.unwrap();
    }
    let all = list(&jane, person).await;
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let person = format!("people/{person}");
        let message = ListNoticesRequest { page_size: 2, page_token, person };
        let page = jane.notices(message).await.unwrap();
        assert!(page.notices.len() <= 2);
        seen.extend(page.notices);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!((seen.len(), &seen), (5, &all));
}
