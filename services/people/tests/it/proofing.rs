//! Identity proofing says who signed in, and counts where that is who the agencies say it is.

use identity::Proofed;
use kernel::Role;
use time::macros::date;
use uuid::Uuid;

use crate::world::{CLINIC, Client, HOUSING, PROBATION, World, guardian, papers};

async fn profiles(client: &Client, person: Uuid) -> usize {
    client.get(person).await.map_or(0, |reply| reply.person.unwrap().profiles.len())
}

/// Accepts an invitation of the clinic to Jane, whom the housing agency knows, too; how many of the
/// two profiles are opened.
async fn opened(world: &World, person: Uuid, client: &Client) -> usize {
    client.accept(&world.staff(CLINIC).invite(person).await.unwrap().code).await.unwrap();
    profiles(client, person).await
}

async fn known_twice() -> (World, Uuid) {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    assert_eq!(world.jane(HOUSING).await, person);
    (world, person)
}

#[tokio::test]
async fn a_sign_in_that_was_proofed_to_be_the_person_opens_what_every_agency_holds() {
    let (world, person) = known_twice().await;
    let proofed = world.proofed("jane", Role::Person, &papers("JANÉ", "röe"));
    assert_eq!(opened(&world, person, &proofed).await, 2);
    // It is the binding that stands: the next token need say nothing of it.
    assert_eq!(profiles(&world.person("jane"), person).await, 2);
    let bare = Proofed { given_name: None, ..papers("", "Roe") };
    let bare = world.proofed("bare", Role::Person, &bare);
    assert_eq!(opened(&world, person, &bare).await, 2, "without a given name");
}

#[tokio::test]
async fn a_sign_in_that_was_proofed_to_be_somebody_else_opens_what_the_inviting_agency_holds() {
    let (world, person) = known_twice().await;
    let later = Proofed { birth_date: date!(1980 - 02 - 01), ..papers("Jane", "Roe") };
    for who in [papers("Mallory", "Roe"), papers("Jane", "Doe"), later] {
        let other = world.proofed("other", Role::Person, &who);
        assert_eq!(opened(&world, person, &other).await, 1);
    }
    let nobody = world.proofed_as_nobody("nobody");
    assert_eq!(opened(&world, person, &nobody).await, 1);
}

#[tokio::test]
async fn a_token_that_is_proofed_once_bound_lifts_nothing() {
    let (world, person) = known_twice().await;
    assert_eq!(opened(&world, person, &world.person("jane")).await, 1);
    let proofed = world.proofed("jane", Role::Person, &papers("Jane", "Roe"));
    assert_eq!(profiles(&proofed, person).await, 1, "not by the token");
    assert_eq!(opened(&world, person, &proofed).await, 2, "but by another invitation");
    assert_eq!(world.count("notice").await, 0, "the same sign-in: nothing ended");
    assert_eq!(profiles(&world.person("jane"), person).await, 2);
}

#[tokio::test]
async fn proofing_does_not_stand_where_another_agency_states_somebody_else() {
    let (world, person) = known_twice().await;
    let janet = wire::people::v1::UpdatePersonRequest {
        given_name: "Janet".into(),
        family_name: "Roe".into(),
        ..crate::update::changed(person)
    };
    world.staff(HOUSING).update(janet).await.unwrap();
    let proofed = world.proofed("jane", Role::Person, &papers("Jane", "Roe"));
    assert_eq!(opened(&world, person, &proofed).await, 1);
}

#[tokio::test]
async fn a_representative_stands_by_the_word_of_agencies_however_well_they_are_proofed() {
    let (world, person) = known_twice().await;
    world.jane(PROBATION).await;
    for who in [papers("Ruth", "Miller"), papers("Jane", "Roe")] {
        let added = world.staff(CLINIC).add_representative(guardian(person)).await.unwrap();
        let aunt = world.proofed(who.family_name.as_str(), Role::Representative, &who);
        aunt.accept(&added.code).await.unwrap();
        assert_eq!(profiles(&aunt, person).await, 1);
        let name = added.representative.unwrap().name;
        let code = aunt.code(person, &name).await.unwrap();
        world.staff(HOUSING).confirm_of(Uuid::new_v4(), person, &name, &code).await.unwrap();
        assert_eq!(profiles(&aunt, person).await, 2);
    }
}
