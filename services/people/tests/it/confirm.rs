use tonic::Code;
use uuid::Uuid;

use crate::world::{CLINIC, HOUSING, PROBATION, World, whole};

#[tokio::test]
async fn an_agency_that_registered_the_person_confirms_their_live_sign_in() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    world.jane(HOUSING).await;
    let code = world.staff(CLINIC).invite(person).await.unwrap().code;
    world.person("jane").accept(&code).await.unwrap();
    let request = Uuid::new_v4();
    for _ in 0..2 {
        world.staff(HOUSING).confirm_as(request, person).await.unwrap();
    }
    world.staff(HOUSING).confirm(person).await.unwrap();
    assert_eq!(world.count("sign_in_confirmation").await, 2);
}

#[tokio::test]
async fn without_a_live_sign_in_or_a_registration_there_is_nothing_to_confirm() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    let none = world.staff(CLINIC).confirm(person).await.unwrap_err();
    let code = world.staff(CLINIC).invite(person).await.unwrap().code;
    world.person("jane").accept(&code).await.unwrap();
    let foreign = world.staff(PROBATION).confirm(person).await.unwrap_err();
    let absent = world.staff(PROBATION).confirm(Uuid::new_v4()).await.unwrap_err();
    assert_eq!(none.code(), Code::NotFound);
    assert_eq!(whole(&none), whole(&foreign));
    assert_eq!(whole(&none), whole(&absent));
}

#[tokio::test]
async fn a_new_sign_in_begins_with_the_word_of_one_agency_again() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    world.jane(HOUSING).await;
    let clinic = world.staff(CLINIC);
    let old = world.person("old");
    old.accept(&clinic.invite(person).await.unwrap().code).await.unwrap();
    world.staff(HOUSING).confirm(person).await.unwrap();
    assert_eq!(old.get(person).await.unwrap().person.unwrap().profiles.len(), 2);
    let new = world.person("new");
    new.accept(&clinic.invite(person).await.unwrap().code).await.unwrap();
    assert_eq!(new.get(person).await.unwrap().person.unwrap().profiles.len(), 1);
}

#[tokio::test]
async fn nobody_confirms_a_sign_in_of_their_own_agencys_staff() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    world.jane(HOUSING).await;
    // Somebody of the housing agency, invited by a friend at the clinic.
    let code = world.staff(CLINIC).invite(person).await.unwrap().code;
    world.person("insider").accept(&code).await.unwrap();
    let insider = world.staff_named(HOUSING, "insider");
    assert_eq!(insider.confirm(person).await.unwrap_err().code(), Code::NotFound);
    insider.invite(person).await.unwrap();
    assert_eq!(world.staff(HOUSING).confirm(person).await.unwrap_err().code(), Code::NotFound);
}
