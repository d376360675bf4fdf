use kernel::Role;
use time::Duration;
use tonic::Code;
use tonic_types::StatusExt as _;
use uuid::Uuid;
use wire::{
    convert::timestamp,
    people::v1::{AddRepresentativeRequest, RepresentativeState as State},
};

use crate::world::{CLINIC, Client, HOUSING, World, guardian, whole};

fn aunt(world: &World) -> Client {
    world.individual("aunt", Role::Representative)
}

async fn bound(world: &World, agency: Uuid, person: Uuid) -> String {
    let added = world.staff(agency).add_representative(guardian(person)).await.unwrap();
    aunt(world).accept(&added.code).await.unwrap();
    added.representative.unwrap().name
}

async fn signed_in(world: &World, person: Uuid, sub: &str) -> Client {
    let code = world.staff(CLINIC).invite(person).await.unwrap().code;
    let client = world.person(sub);
    client.accept(&code).await.unwrap();
    client
}

#[tokio::test]
async fn the_person_ends_it_at_once_and_it_stays_on_record() {
    let world = World::new().await;
    let other = world.somebody_else(CLINIC).await;
    let jane = world.jane(CLINIC).await;
    let name = bound(&world, CLINIC, jane).await;
    let theirs = bound(&world, CLINIC, other).await;
    let own = signed_in(&world, jane, "jane").await;
    assert!(aunt(&world).get(jane).await.is_ok());
    let request = Uuid::new_v4();
    // Writes under way begin their COMMIT before.
    let ended = world.fenced(own.end_representative_as(request, &name)).await.unwrap();
    assert_eq!((ended.state(), ended.end_time.is_some()), (State::Ended, true));
    assert_eq!(aunt(&world).get(jane).await.unwrap_err().code(), Code::NotFound);
    assert!(aunt(&world).get(other).await.is_ok(), "nobody else's");
    // Nor did anybody wait for the first answer.
    let again = world.fenced(own.end_representative_as(request, &name)).await;
    assert_eq!(again.unwrap(), ended);
    let again = own.end_representative(&name).await.unwrap_err();
    assert_eq!(again.code(), Code::FailedPrecondition);
    assert_eq!(again.get_error_details().error_info().unwrap().reason, "WRONG_STATE");
    assert_eq!(own.representatives(jane).await.unwrap(), [ended]);
    let refused = own.end_representative(&theirs).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    // The clinic's doing is the person's to be told, not their own.
    let notices: Vec<String> = sqlx::query_scalar("SELECT what FROM notice ORDER BY id")
        .fetch_all(&mut world.admin().await)
        .await
        .unwrap();
    assert_eq!(notices, ["REPRESENTATIVE_ADDED", "REPRESENTATIVE_ADDED"]);
}

#[tokio::test]
async fn of_the_agencies_only_the_one_that_recorded_it_ends_it() {
    let world = World::new().await;
    let jane = world.jane(CLINIC).await;
    world.jane(HOUSING).await;
    let name = bound(&world, CLINIC, jane).await;
    let own = signed_in(&world, jane, "jane").await;
    let by_person = own.add_representative(guardian(jane)).await.unwrap();
    let by_person = by_person.representative.unwrap().name;
    let housing = world.staff(HOUSING);
    let absent = format!("representatives/{}", Uuid::new_v4());
    let absent = housing.end_representative(&absent).await.unwrap_err();
    assert_eq!(absent.code(), Code::NotFound);
    for (caller, name) in [
        (&housing, &name),
        (&housing, &by_person),
        (&world.staff(CLINIC), &by_person),
        (&world.person("nobody"), &name),
    ] {
        assert_eq!(whole(&caller.end_representative(name).await.unwrap_err()), whole(&absent));
    }
    let refused = aunt(&world).end_representative(&name).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let ended = world.staff_named(CLINIC, "colleague").end_representative(&name).await.unwrap();
    assert_eq!(ended.state(), State::Ended);
    assert!(aunt(&world).get(jane).await.is_err());
    let told = "SELECT count(*) FROM notice WHERE what = 'REPRESENTATIVE_ENDED'";
    let told: i64 = sqlx::query_scalar(told).fetch_one(&mut world.admin().await).await.unwrap();
    assert_eq!(told, 1);
}

#[tokio::test]
async fn what_was_ended_before_it_was_accepted_or_confirmed_is_void() {
    let world = World::new().await;
    let jane = world.jane(CLINIC).await;
    world.jane(HOUSING).await;
    let staff = world.staff(CLINIC);
    let request = guardian(jane);
    let added = staff.add_representative(request.clone()).await.unwrap();
    let name = added.representative.unwrap().name;
    staff.end_representative(&name).await.unwrap();
    assert_eq!(aunt(&world).accept(&added.code).await.unwrap_err().code(), Code::NotFound);
    let again = staff.add_representative(request).await.err().unwrap();
    assert_eq!(again.get_error_details().error_info().unwrap().reason, "WRONG_STATE");
    let bound = bound(&world, CLINIC, jane).await;
    let code = aunt(&world).code(jane, &bound).await.unwrap();
    staff.end_representative(&bound).await.unwrap();
    let housing = world.staff(HOUSING);
    let late = housing.confirm_of(Uuid::new_v4(), jane, &bound, &code).await.unwrap_err();
    assert_eq!(late.code(), Code::NotFound);
    assert_eq!(aunt(&world).code(jane, &bound).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn an_answer_to_an_acceptance_is_given_again_only_while_it_holds() {
    let world = World::new().await;
    let jane = world.jane(CLINIC).await;
    let added = world.staff(CLINIC).add_representative(guardian(jane)).await.unwrap();
    let request = Uuid::new_v4();
    aunt(&world).accept_as(request, &added.code).await.unwrap();
    assert!(aunt(&world).accept_as(request, &added.code).await.is_ok());
    let name = added.representative.unwrap().name;
    world.staff(CLINIC).end_representative(&name).await.unwrap();
    let gone = aunt(&world).accept_as(request, &added.code).await.unwrap_err();
    assert_eq!(gone.code(), Code::NotFound);
}

#[tokio::test]
async fn outside_its_time_an_appointment_opens_nothing() {
    let world = World::new().await;
    let jane = world.jane(CLINIC).await;
    let minutes = |n| Some(timestamp(world.now() + Duration::minutes(n)));
    let request = AddRepresentativeRequest {
        from_time: minutes(10),
        until_time: minutes(20),
        ..guardian(jane)
    };
    let code = world.staff(CLINIC).add_representative(request).await.unwrap().code;
    aunt(&world).accept(&code).await.unwrap();
    let sees = async || aunt(&world).get(jane).await.is_ok();
    let listed = async || aunt(&world).representatives(Uuid::nil()).await.unwrap().len();
    assert_eq!((sees().await, listed().await), (false, 0));
    world.clock.advance(Duration::minutes(10));
    assert_eq!((sees().await, listed().await), (true, 1));
    world.clock.advance(Duration::minutes(10));
    assert_eq!((sees().await, listed().await), (false, 0));
}
