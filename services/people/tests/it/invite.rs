use kernel::Role;
use tonic::Code;
use tonic_types::StatusExt as _;
use uuid::Uuid;

use crate::world::{CLINIC, HOUSING, PROBATION, World, whole};

#[tokio::test]
async fn an_invitation_is_used_once_within_seven_days() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    let invitation = world.staff(CLINIC).invite(person).await.unwrap();
    let days = invitation.expires.unwrap().seconds - world.now().unix_timestamp();
    assert_eq!(days, 7 * 24 * 3600);
    assert_eq!(world.person("jane").accept(&invitation.code).await.unwrap(), person);
    let again = world.person("thief").accept(&invitation.code).await.unwrap_err();
    let late = world.staff(CLINIC).invite(person).await.unwrap().code;
    world.clock.advance(time::Duration::days(7));
    let late = world.person("late").accept(&late).await.unwrap_err();
    assert_eq!(again.code(), Code::NotFound);
    assert_eq!(whole(&again), whole(&late));
}

#[tokio::test]
async fn a_later_invitation_of_the_same_agency_ends_the_earlier_and_no_other() {
    let world = World::new().await;
    let other = world.somebody_else(CLINIC).await;
    let person = world.jane(CLINIC).await;
    world.jane(HOUSING).await;
    let theirs = world.staff(CLINIC).invite(other).await.unwrap().code;
    let housing = world.staff(HOUSING).invite(person).await.unwrap().code;
    let earlier = world.staff(CLINIC).invite(person).await.unwrap().code;
    let later = world.staff_named(CLINIC, "colleague").invite(person).await.unwrap().code;
    assert!(world.person("jane").accept(&earlier).await.is_err());
    assert_eq!(world.person("jane").accept(&later).await.unwrap(), person);
    assert_eq!(world.person("jane").accept(&housing).await.unwrap(), person);
    assert_eq!(world.person("john").accept(&theirs).await.unwrap(), other);
}

#[tokio::test]
async fn whatever_is_wrong_with_a_code_the_answer_is_the_same() {
    let world = World::new().await;
    let other = world.somebody_else(CLINIC).await;
    let person = world.jane(CLINIC).await;
    let staff = world.staff(CLINIC);
    let ended = staff.invite(person).await.unwrap().code;
    let open = staff.invite(person).await.unwrap().code;
    world.person("john").accept(&staff.invite(other).await.unwrap().code).await.unwrap();
    let inviter = world.person(&format!("staff-{CLINIC}"));
    world.staff_named(CLINIC, "colleague").find("urn:own", "x").await.unwrap();
    let code = world.person("john").code(other, "").await.unwrap();
    world.staff_named(CLINIC, "colleague").confirm(other, &code).await.unwrap();
    let refused = [
        world.person("jane").accept(&"A".repeat(43)).await,
        world.person("jane").accept(&ended).await,
        // The sign-in is somebody else's.
        world.person("john").accept(&open).await,
        // Of the inviting agency's staff: who invited, and who else has acted here.
        inviter.accept(&open).await,
        world.person("colleague").accept(&open).await,
        // Not a person's token.
        world.individual("jane", Role::Supporter).accept(&open).await,
        world.individual("jane", Role::Representative).accept(&open).await,
    ];
    let refused: Vec<String> = refused.into_iter().map(|r| whole(&r.unwrap_err())).collect();
    assert!(refused[0].starts_with("NotFound"), "{}", refused[0]);
    for (i, answer) in refused.iter().enumerate() {
        assert_eq!(*answer, refused[0], "{i}");
    }
    // Nor while the agency that vouches is suspended.
    world.agencies(&[CLINIC]);
    assert_eq!(whole(&world.person("jane").accept(&open).await.unwrap_err()), refused[0]);
    world.agencies(&[]);
    assert_eq!(world.person("jane").accept(&open).await.unwrap(), person, "still unused");
    let events = world.ledger.follow(0, 100).await.unwrap();
    let events: Vec<_> = events.into_iter().filter_map(ledger::Followed::told).collect();
    let denied = events.iter().filter(|(_, e)| e.reason.as_deref() == Some("ABSENT"));
    assert_eq!(denied.count(), 8, "each refusal is on record");
}

#[tokio::test]
async fn a_token_of_staff_accepts_nothing() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    let code = world.staff(CLINIC).invite(person).await.unwrap().code;
    let refused = world.staff(HOUSING).accept(&code).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert_eq!(refused.get_error_details().error_info().unwrap().reason, "ROLE_NOT_ADMITTED");
}

#[tokio::test]
async fn only_an_agency_that_registered_the_person_invites_them() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    let refused = world.staff(PROBATION).invite(person).await.err().unwrap();
    let absent = world.staff(PROBATION).invite(Uuid::new_v4()).await.err().unwrap();
    assert_eq!(refused.code(), Code::NotFound);
    assert_eq!(whole(&refused), whole(&absent));
    assert_eq!(world.count("invitation").await, 0);
}

#[tokio::test]
async fn another_sign_in_takes_the_place_of_the_earlier_and_the_person_is_to_be_told() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    let staff = world.staff(CLINIC);
    world.person("old").accept(&staff.invite(person).await.unwrap().code).await.unwrap();
    assert!(world.person("old").get(person).await.is_ok());
    world.person("new").accept(&staff.invite(person).await.unwrap().code).await.unwrap();
    assert!(world.person("new").get(person).await.is_ok());
    assert_eq!(world.person("old").get(person).await.unwrap_err().code(), Code::NotFound);
    assert_eq!((world.count("sign_in").await, world.count("notice").await), (2, 1));
    // The old sign-in is free for somebody else, and may come back.
    world.person("old").accept(&staff.invite(person).await.unwrap().code).await.unwrap();
    assert_eq!(world.person("new").get(person).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_use_one_code_at_once_one_is_bound() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    let code = world.staff(CLINIC).invite(person).await.unwrap().code;
    let tries: Vec<_> = (0..6)
        .map(|i| {
            let (caller, code) = (world.person(&format!("p{i}")), code.clone());
            tokio::spawn(async move { caller.accept(&code).await.is_ok() })
        })
        .collect();
    let mut bound = 0;
    for done in tries {
        bound += usize::from(done.await.unwrap());
    }
    assert_eq!((bound, world.count("sign_in").await), (1, 1));
}

#[tokio::test]
async fn accepting_again_with_the_same_request_id_answers_as_the_first_time() {
    let world = World::new().await;
    let other = world.somebody_else(CLINIC).await;
    let person = world.jane(CLINIC).await;
    let staff = world.staff(CLINIC);
    let code = staff.invite(person).await.unwrap().code;
    let request = Uuid::new_v4();
    let jane = world.person("jane");
    assert_eq!(jane.accept_as(request, &code).await.unwrap(), person);
    assert_eq!(jane.accept_as(request, &code).await.unwrap(), person);
    // The same answer is refused once the sign-in is the person's no more.
    world.person("new").accept(&staff.invite(person).await.unwrap().code).await.unwrap();
    assert_eq!(jane.accept_as(request, &code).await.unwrap_err().code(), Code::NotFound);
    // Nor when it has become somebody else's meanwhile.
    let code_of_other = staff.invite(other).await.unwrap().code;
    assert_eq!(jane.accept(&code_of_other).await.unwrap(), other);
    assert_eq!(jane.accept_as(request, &code).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn inviting_again_with_the_same_request_id_voids_the_code_that_nobody_kept() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    let staff = world.staff(CLINIC);
    let request = Uuid::new_v4();
    let first = staff.invite_as(request, person).await.unwrap();
    world.clock.advance(time::Duration::HOUR);
    let second = world.staff(CLINIC).invite_as(request, person).await.unwrap();
    assert_ne!(first.code, second.code);
    assert_eq!(first.expires, second.expires, "the same invitation");
    assert!(world.person("jane").accept(&first.code).await.is_err());
    assert!(world.person("jane").accept(&second.code).await.is_ok());
    let used = world.staff(CLINIC).invite_as(request, person).await.err().unwrap();
    assert_eq!(used.code(), Code::FailedPrecondition);
    assert_eq!(used.get_error_details().error_info().unwrap().reason, "WRONG_STATE");
}

#[tokio::test]
async fn no_code_is_kept_anywhere() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    let code = world.staff(CLINIC).invite(person).await.unwrap().code;
    world.person("jane").accept(&code).await.unwrap();
    let kept: Vec<Vec<u8>> = sqlx::query_scalar("SELECT answer FROM request_log")
        .fetch_all(&mut world.admin().await)
        .await
        .unwrap();
    assert_eq!(kept.len(), 3);
    for answer in kept {
        assert!(!answer.windows(code.len()).any(|w| w == code.as_bytes()));
    }
    let rows: Vec<String> = sqlx::query_scalar("SELECT invitation::text FROM invitation")
        .fetch_all(&mut world.admin().await)
        .await
        .unwrap();
    assert!(rows.iter().all(|row| !row.contains(&code)));
}
