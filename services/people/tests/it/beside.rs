//! A new sign-in ends an earlier one only where it is at least as strong.

use kernel::Role;
use tonic::Code;
use uuid::Uuid;
use wire::people::v1::AcceptInvitationResponse;

use crate::world::{CLINIC, Client, HOUSING, PROBATION, World, guardian, papers};

async fn bind(world: &World, agency: Uuid, person: Uuid, sub: &str) -> Client {
    let client = world.person(sub);
    client.accept(&world.staff(agency).invite(person).await.unwrap().code).await.unwrap();
    client
}

async fn profiles(client: &Client, person: Uuid) -> usize {
    client.get(person).await.map_or(0, |reply| reply.person.unwrap().profiles.len())
}

async fn notices(world: &World, what: &str) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM notice WHERE what = $1")
        .bind(what)
        .fetch_one(&mut world.admin().await)
        .await
        .unwrap()
}

#[tokio::test]
async fn an_agency_that_does_not_vouch_for_a_sign_in_does_not_end_it() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    world.jane(HOUSING).await;
    world.jane(PROBATION).await;
    let jane = bind(&world, CLINIC, person, "jane").await;
    let code = jane.code(person, "").await.unwrap();
    world.staff(HOUSING).confirm(person, &code).await.unwrap();
    let mallory = bind(&world, PROBATION, person, "mallory").await;
    assert_eq!((profiles(&jane, person).await, profiles(&mallory, person).await), (2, 1));
    assert_eq!(notices(&world, "SIGN_IN_ADDED").await, 1, "Jane is told");
    // Again and again: an agency vouches for one at a time.
    let again = bind(&world, PROBATION, person, "again").await;
    let of_all = (profiles(&jane, person).await, profiles(&mallory, person).await);
    assert_eq!((of_all, profiles(&again, person).await), ((2, 0), 1));
    // Where it vouches for the earlier one, it ends it.
    let new = bind(&world, HOUSING, person, "new").await;
    assert_eq!((profiles(&jane, person).await, profiles(&new, person).await), (0, 1));
    assert_eq!(notices(&world, "SIGN_IN_REPLACED").await, 2);
}

#[tokio::test]
async fn a_sign_in_that_stands_everywhere_is_not_ended_by_an_agency_that_does_not_vouch_for_it() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    world.jane(PROBATION).await;
    let jane = world.proofed("jane", Role::Person, &papers("Jane", "Roe"));
    jane.accept(&world.staff(CLINIC).invite(person).await.unwrap().code).await.unwrap();
    let mallory = world.proofed("mallory", Role::Person, &papers("Mallory", "Doe"));
    mallory.accept(&world.staff(PROBATION).invite(person).await.unwrap().code).await.unwrap();
    assert_eq!((profiles(&jane, person).await, profiles(&mallory, person).await), (2, 1));
}

#[tokio::test]
async fn a_sign_in_that_stands_everywhere_ends_all_others() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    world.jane(HOUSING).await;
    world.jane(PROBATION).await;
    let mallory = bind(&world, PROBATION, person, "mallory").await;
    let old = bind(&world, CLINIC, person, "old").await;
    let jane = world.proofed("jane", Role::Person, &papers("Jane", "Roe"));
    jane.accept(&world.staff(HOUSING).invite(person).await.unwrap().code).await.unwrap();
    assert_eq!(profiles(&jane, person).await, 3);
    assert_eq!((profiles(&old, person).await, profiles(&mallory, person).await), (0, 0));
}

#[tokio::test]
async fn an_agency_that_confirms_another_sign_in_ends_the_one_that_it_vouched_for() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    world.jane(HOUSING).await;
    let old = bind(&world, CLINIC, person, "old").await;
    let new = bind(&world, HOUSING, person, "new").await;
    assert_eq!((profiles(&old, person).await, profiles(&new, person).await), (1, 1));
    let code = new.code(person, "").await.unwrap();
    world.staff(CLINIC).confirm(person, &code).await.unwrap();
    assert_eq!((profiles(&old, person).await, profiles(&new, person).await), (0, 2));
    let ended = old.code(person, "").await.unwrap_err();
    assert_eq!(ended.code(), Code::NotFound);
}

#[tokio::test]
async fn accepting_tells_nothing_of_other_sign_ins() {
    let world = World::new().await;
    let accepted = async |person: Uuid, sub: &str| {
        let code = world.staff(PROBATION).invite(person).await.unwrap().code;
        let client = world.person(sub);
        let reply = client.accepted(Uuid::new_v4(), &code).await.unwrap();
        let shown = profiles(&client, person).await;
        let AcceptInvitationResponse { representative, confirmation_code, .. } = reply;
        (representative, confirmation_code.len(), shown)
    };
    let jane = world.jane(CLINIC).await;
    world.jane(PROBATION).await;
    bind(&world, CLINIC, jane, "jane").await;
    let other = world.somebody_else(PROBATION).await;
    let known = accepted(jane, "mallory").await;
    assert_eq!(known, accepted(other, "mallory-too").await);
    assert_eq!(known, (String::new(), 8, 1));
}

#[tokio::test]
async fn whom_a_sign_in_lets_act_is_vouched_for_as_that_sign_in_is() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    world.jane(HOUSING).await;
    world.jane(PROBATION).await;
    let jane = bind(&world, CLINIC, person, "jane").await;
    let code = jane.code(person, "").await.unwrap();
    world.staff(HOUSING).confirm(person, &code).await.unwrap();
    let mallory = bind(&world, PROBATION, person, "mallory").await;
    for (own, opened) in [(&jane, 2), (&mallory, 1)] {
        let added = own.add_representative(guardian(person)).await.unwrap();
        let acting = world.individual(&format!("aunt-{opened}"), Role::Representative);
        acting.accept(&added.code).await.unwrap();
        assert_eq!(profiles(&acting, person).await, opened);
    }
}
