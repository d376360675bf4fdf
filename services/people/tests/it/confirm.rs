//! An agency vouches for the sign-in whose code it is shown.

use kernel::Role;
use tonic::Code;
use uuid::Uuid;

use crate::world::{CLINIC, Client, HOUSING, PROBATION, World, guardian, whole};

/// Jane, whom the clinic and the housing agency know, by a sign-in that the clinic vouches for; and
/// its confirmation code.
async fn bound(world: &World, sub: &str) -> (Uuid, Client, String) {
    let person = world.jane(CLINIC).await;
    world.jane(HOUSING).await;
    let invited = world.staff(CLINIC).invite(person).await.unwrap().code;
    let client = world.person(sub);
    let accepted = client.accepted(Uuid::new_v4(), &invited).await.unwrap();
    (person, client, accepted.confirmation_code)
}

async fn profiles(client: &Client, person: Uuid) -> usize {
    client.get(person).await.map_or(0, |reply| reply.person.unwrap().profiles.len())
}

/// A code that is not this one.
fn other_than(code: &str) -> String {
    let last = if code.ends_with('A') { 'B' } else { 'A' };
    format!("{}{last}", &code[..7])
}

#[tokio::test]
async fn an_agency_that_registered_the_person_confirms_the_sign_in_whose_code_it_is_shown() {
    let world = World::new().await;
    let (person, jane, code) = bound(&world, "jane").await;
    assert_eq!(profiles(&jane, person).await, 1);
    let request = Uuid::new_v4();
    for _ in 0..2 {
        world.staff(HOUSING).confirm_as(request, person, &code).await.unwrap();
    }
    assert_eq!(profiles(&jane, person).await, 2);
    // It is good for every agency, as it is read out.
    let spelled = format!("{} - {}", code[..4].to_lowercase(), &code[4..]);
    world.staff(HOUSING).confirm(person, &spelled).await.unwrap();
    assert_eq!(world.count("sign_in_confirmation").await, 2);
}

#[tokio::test]
async fn whatever_is_not_to_be_confirmed_the_answer_is_the_same() {
    let world = World::new().await;
    let other = world.somebody_else(HOUSING).await;
    let (person, jane, code) = bound(&world, "jane").await;
    let housing = world.staff(HOUSING);
    let wrong = whole(&housing.confirm(person, &other_than(&code)).await.unwrap_err());
    assert!(wrong.starts_with("NotFound"), "{wrong}");
    let voided = {
        let before = code.clone();
        assert_ne!(jane.code(person, "").await.unwrap(), before);
        before
    };
    let code = jane.code(person, "").await.unwrap();
    for (client, of, shown) in [
        (&housing, person, ""),
        (&housing, person, &*voided),
        // Nobody is signed in, so nobody knows whether anybody is.
        (&housing, other, &*code),
        (&housing, other, ""),
        (&world.staff(PROBATION), person, &*code),
        (&world.staff(PROBATION), Uuid::new_v4(), &*code),
    ] {
        assert_eq!(whole(&client.confirm(of, shown).await.unwrap_err()), wrong, "{of} {shown}");
    }
    let named = format!("representatives/{}", Uuid::new_v4());
    let named = housing.confirm_of(Uuid::new_v4(), person, &named, &code).await;
    assert_eq!(whole(&named.unwrap_err()), wrong);
    assert_eq!(world.count("sign_in_confirmation").await, 1);
    let events = world.ledger.follow(0, 200).await.unwrap();
    let events: Vec<_> = events.into_iter().filter_map(ledger::Followed::told).collect();
    let confirms = events.iter().filter(|(_, e)| e.rpc.ends_with("/ConfirmSignIn"));
    let denied = confirms.filter(|(_, e)| e.outcome == ledger::Outcome::Deny).count();
    assert_eq!(denied, 8, "each refusal is on record");
    housing.confirm(person, &code).await.unwrap();
}

#[tokio::test]
async fn ten_wrong_codes_make_the_right_one_void_until_it_is_renewed() {
    let world = World::new().await;
    let (person, jane, code) = bound(&world, "jane").await;
    let housing = world.staff(HOUSING);
    for _ in 0..9 {
        assert!(housing.confirm(person, &other_than(&code)).await.is_err());
    }
    housing.confirm(person, &code).await.unwrap();
    let clinic = world.staff(CLINIC);
    assert!(clinic.confirm(person, &other_than(&code)).await.is_err());
    let void = clinic.confirm(person, &code).await.unwrap_err();
    assert_eq!(void.code(), Code::NotFound);
    let fresh = jane.code(person, "").await.unwrap();
    clinic.confirm(person, &fresh).await.unwrap();
}

#[tokio::test]
async fn a_code_is_renewed_by_whoever_holds_the_sign_in_and_by_nobody_else() {
    let world = World::new().await;
    let (person, jane, _) = bound(&world, "jane").await;
    let added = world.staff(CLINIC).add_representative(guardian(person)).await.unwrap();
    let name = added.representative.unwrap().name;
    let aunt = world.individual("aunt", Role::Representative);
    aunt.accept(&added.code).await.unwrap();
    let absent = whole(&jane.code(Uuid::new_v4(), "").await.unwrap_err());
    assert!(absent.starts_with("NotFound"), "{absent}");
    for (client, representative) in [
        (world.person("other"), ""),
        (world.person("aunt"), &*name),
        (world.person("jane"), &*name),
        (world.individual("jane", Role::Representative), ""),
        (aunt.clone(), ""),
        (world.individual("uncle", Role::Representative), &*name),
    ] {
        let refused = client.code(person, representative).await.unwrap_err();
        assert_eq!(whole(&refused), absent, "{representative}");
    }
    let code = aunt.code(person, &name).await.unwrap();
    // The code of one sign-in is not that of another.
    assert!(world.staff(HOUSING).confirm(person, &code).await.is_err());
    let refused = world.staff(CLINIC).code(person, "").await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn a_replay_shows_a_fresh_code_and_makes_the_one_before_void() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    world.jane(HOUSING).await;
    let invited = world.staff(CLINIC).invite(person).await.unwrap().code;
    let jane = world.person("jane");
    let (accept, renew) = (Uuid::new_v4(), Uuid::new_v4());
    let first = jane.accepted(accept, &invited).await.unwrap().confirmation_code;
    let second = jane.accepted(accept, &invited).await.unwrap().confirmation_code;
    let third = jane.code_as(renew, person, "").await.unwrap();
    let fourth = jane.code_as(renew, person, "").await.unwrap();
    for void in [first, second, third] {
        assert!(world.staff(HOUSING).confirm(person, &void).await.is_err());
    }
    world.staff(HOUSING).confirm(person, &fourth).await.unwrap();
}

#[tokio::test]
async fn no_confirmation_code_is_kept_anywhere() {
    let world = World::new().await;
    let (person, jane, first) = bound(&world, "jane").await;
    let second = jane.code(person, "").await.unwrap();
    world.staff(HOUSING).confirm(person, &second).await.unwrap();
    let kept: Vec<Vec<u8>> = sqlx::query_scalar("SELECT answer FROM request_log")
        .fetch_all(&mut world.admin().await)
        .await
        .unwrap();
    for code in [first, second] {
        assert!(kept.iter().all(|a| !a.windows(code.len()).any(|w| w == code.as_bytes())));
        let rows: Vec<String> = sqlx::query_scalar("SELECT sign_in::text FROM sign_in")
            .fetch_all(&mut world.admin().await)
            .await
            .unwrap();
        assert!(rows.iter().all(|row| !row.contains(&code)));
    }
}

#[tokio::test]
async fn a_new_sign_in_begins_with_the_word_of_one_agency_again() {
    let world = World::new().await;
    let (person, old, code) = bound(&world, "old").await;
    world.staff(HOUSING).confirm(person, &code).await.unwrap();
    assert_eq!(profiles(&old, person).await, 2);
    let new = world.person("new");
    new.accept(&world.staff(CLINIC).invite(person).await.unwrap().code).await.unwrap();
    assert_eq!(profiles(&new, person).await, 1);
    assert!(world.staff(HOUSING).confirm(person, &code).await.is_err(), "not by the old one's");
}

#[tokio::test]
async fn nobody_confirms_a_sign_in_of_their_own_agencys_staff() {
    let world = World::new().await;
    // Somebody of the housing agency, invited by a friend at the clinic.
    let (person, _, code) = bound(&world, "insider").await;
    let insider = world.staff_named(HOUSING, "insider");
    assert_eq!(insider.confirm(person, &code).await.unwrap_err().code(), Code::NotFound);
    insider.invite(person).await.unwrap();
    let refused = world.staff(HOUSING).confirm(person, &code).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
}

#[tokio::test]
async fn what_may_end_another_sign_in_returns_when_writes_under_way_are_committed() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    world.jane(HOUSING).await;
    let invited = world.staff(CLINIC).invite(person).await.unwrap().code;
    let (jane, housing) = (world.person("jane"), world.staff(HOUSING));
    let accepted = world.fenced(jane.accepted(Uuid::new_v4(), &invited)).await.unwrap();
    world.fenced(housing.confirm(person, &accepted.confirmation_code)).await.unwrap();
}
