//! Whoever was let in, and is suspended before what they asked for is opened or committed.

use identity::{Asserts, AuthError, Mint};
use kernel::{Action, CodeSet, PersonId, Role};
use permit::{Ask, ReadNotes, Refusal};
use uuid::Uuid;

use crate::{
    commit::permitted,
    represent::write,
    world::{GET, Stopped, World},
};

pub const SUSPENDED: Refusal = Refusal::Caller(AuthError::PrincipalSuspended);
const DOUBTFUL: &str = "trellis.people.v1.PeopleService/ListDoubtfulMatches";

#[tokio::test]
async fn who_is_suspended_between_the_permit_and_the_release_is_told_nothing() {
    let world = World::new().await;
    let person = Uuid::new_v4();
    world.consent(person, [Action::Read]);
    let (call, note) = (world.housing(GET).await, world.note(person));
    let deferred = world.guard.defer::<ReadNotes>(&call).await.unwrap();
    let point = || deferred.seal(note.id.uuid().unwrap(), Some((note.clone(), "words")));
    let ask = Ask::<ReadNotes>::people(vec![PersonId::from(person)]);
    let list = world.guard.permit(&call, ask).await.unwrap();
    let page = || list.seal([(note.clone(), "words")]);
    world.sign_ins.bindings.suspend("ms-h", true);
    assert_eq!(world.guard.release(point()).await.map(drop), Err(SUSPENDED));
    assert_eq!(world.guard.release_page(page()).await.map(drop), Err(SUSPENDED));
    assert!(world.stage.events().await.is_empty());
    // For nobody else, and not for ever.
    world.sign_ins.bindings.suspend("ms-h", false);
    world.sign_ins.bindings.suspend("dr-c", true);
    assert_eq!(world.guard.release(point()).await.map(|(words, _)| words), Ok("words"));
    assert_eq!(world.guard.release_page(page()).await.map(|(words, _)| words), Ok(vec!["words"]));
}

#[tokio::test]
async fn who_is_suspended_between_the_permit_and_the_commit_writes_nothing() {
    let world = World::new().await;
    let permit = async || permitted(&world, Uuid::new_v4()).await;
    let (first, second, third) = (permit().await, permit().await, permit().await);
    world.sign_ins.bindings.suspend("ms-h", true);
    assert_eq!(world.write(first).await.map(drop), Err(Stopped::Refused(SUSPENDED)));
    world.sign_ins.bindings.suspend("ms-h", false);
    // Right after the answer to the last question was made.
    let bindings = world.sign_ins.bindings.clone();
    world.consents.after(0, move |_| bindings.suspend("ms-h", true));
    assert_eq!(world.write(second).await.map(drop), Err(Stopped::Refused(SUSPENDED)));
    assert_eq!((world.things().await, world.outcomes().await), (0, Vec::new()));
    world.sign_ins.bindings.suspend("ms-h", false);
    world.write(third).await.unwrap();
    assert_eq!(world.things().await, 1);
}

#[tokio::test]
async fn who_stood_toward_a_person_and_is_suspended_meanwhile_writes_and_reads_nothing() {
    let world = World::new().await;
    let jane = Uuid::new_v4();
    world.people.bind("jane", jane, None);
    let token = world.sign_ins.individual("jane", Role::Person, false);
    let callers =
        [("jane", world.sign_ins.call(&token, GET).await), ("dr-c", world.clinic(GET).await)];
    for (sub, call) in callers {
        let standing = async || {
            let permit = world.guard.standing(&call, PersonId::from(jane), true).await;
            permit.unwrap()
        };
        let (first, second, third) = (standing().await, standing().await, standing().await);
        let before = (world.things().await, world.outcomes().await.len());
        world.sign_ins.bindings.suspend(sub, true);
        let written = write(&world, &world.guard, first).await;
        assert_eq!(written, Err(Stopped::Refused(SUSPENDED)), "{sub}");
        let read = world.guard.release_standing(&second, vec![jane], "words").await;
        assert_eq!(read, Err(SUSPENDED), "{sub}");
        assert_eq!((world.things().await, world.outcomes().await.len()), before, "{sub}");
        world.sign_ins.bindings.suspend(sub, false);
        write(&world, &world.guard, third).await.unwrap();
        let read = world.guard.release_standing(&second, vec![jane], "words").await;
        assert_eq!(read, Ok("words"), "{sub}");
    }
}

#[tokio::test]
async fn a_steward_who_is_suspended_or_whose_token_has_ended_meanwhile_is_shown_nothing() {
    let world = World::new().await;
    let token = world.sign_ins.mint(&Mint {
        kind: Asserts::Network,
        sub: "stu".to_owned(),
        agency: None,
        client_id: None,
        roles: [Role::DataSteward].into(),
        purposes: CodeSet::EMPTY,
        ttl: time::Duration::HOUR,
        proofed: false,
    });
    let call = world.sign_ins.call(&token, DOUBTFUL).await;
    let shown = async || {
        let of = vec![(PersonId::from(Uuid::from_u128(1)), Uuid::from_u128(2))];
        world.guard.release_to_steward(&call, of, "forms").await
    };
    assert_eq!(shown().await, Ok("forms"));
    world.sign_ins.bindings.suspend("stu", true);
    assert_eq!(shown().await, Err(SUSPENDED));
    world.sign_ins.bindings.suspend("stu", false);
    world.clock.advance(time::Duration::hours(2));
    assert_eq!(shown().await, Err(Refusal::Caller(AuthError::Unauthenticated)));
    assert_eq!(world.outcomes().await.len(), 1);
}
