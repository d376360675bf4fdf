//! Writes made once.

use futures::future::join_all;
use kernel::Action;
use tonic::Code;
use wire::recovery::v1::{self as pb, PlanSectionKind as Kind};

use crate::world::{
    CLINIC, World, history, list_of, sharing, told, toolbox, triggers, unsharing, writing,
};

#[tokio::test]
async fn a_repeated_request_answers_as_the_first_time_whatever_came_after_it() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let writing_first = writing(person, toolbox("a walk"));
    let first = jane.update(writing_first.clone()).await.unwrap();
    jane.update(writing(person, toolbox("a swim"))).await.unwrap();
    assert_eq!(jane.update(writing_first.clone()).await.unwrap(), first);
    let sharing_it = sharing(&world, &first, CLINIC, "dr-c");
    let share = jane.share(sharing_it.clone()).await.unwrap();
    let ending = unsharing(&share);
    let ended = jane.unshare(ending.clone()).await.unwrap();
    assert_eq!(jane.share(sharing_it.clone()).await.unwrap(), share);
    assert_eq!(jane.unshare(ending.clone()).await.unwrap(), ended);
    assert_eq!(jane.versions(history(&first)).await.unwrap().versions.len(), 2);
    assert_eq!(jane.shares(list_of(person)).await.unwrap().shares, [ended]);
    let writes = world.stage.events().await.into_iter().filter(|e| e.action == Action::Write);
    assert_eq!(writes.count(), 4);

    let reused = (Code::FailedPrecondition, "REQUEST_ID_REUSED".to_owned());
    let other = pb::UpdateSectionRequest {
        request_id: writing_first.request_id,
        ..writing(person, triggers("the letter"))
    };
    assert_eq!(told(&jane.update(other).await.unwrap_err()), reused);
    let other = pb::ShareSectionRequest { until_time: world.after(1), ..sharing_it };
    assert_eq!(told(&jane.share(other).await.unwrap_err()), reused);
    // Another caller's is another's.
    let (other, lee) = world.somebody();
    let theirs = pb::UpdateSectionRequest {
        request_id: ending.request_id,
        ..writing(other, toolbox("a nap"))
    };
    assert_eq!(lee.update(theirs).await.unwrap().version, 1);
}

#[tokio::test]
async fn a_repeat_is_authorized_again() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let message = writing(person, toolbox("a walk"));
    jane.update(message.clone()).await.unwrap();
    // The sign-in is somebody else's now.
    let token = (jane.mint)();
    let caller = world.sign_ins.caller(&token, "trellis.recovery.v1.RecoveryService/GetPlan");
    let sub = caller.await.subject().as_str().to_owned();
    let (other, _) = world.somebody();
    world.people.bind(&sub, other, None);
    crate::world::is_absent(&jane.update(message).await.unwrap_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_many_times_at_once_lands_once_and_what_is_two_writes_is_two() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    // The first of all makes the plan.
    let message = writing(person, toolbox("a walk"));
    let made = join_all((0..8).map(|_| jane.update(message.clone()))).await;
    let made: Vec<_> = made.into_iter().map(Result::unwrap).collect();
    assert!(made.iter().all(|section| *section == made[0] && section.version == 1));
    let many =
        join_all((0..8).map(|n| jane.update(writing(person, triggers(&n.to_string()))))).await;
    let mut numbers: Vec<i32> = many.into_iter().map(|one| one.unwrap().version).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=8).collect::<Vec<_>>());
    // Of those who have read the same, one writes.
    let etag = jane.section(person, Kind::Triggers).await.etag;
    let with = |n: i32| pb::UpdateSectionRequest {
        etag: etag.clone(),
        ..writing(person, triggers(&n.to_string()))
    };
    let many = join_all((0..8).map(|n| jane.update(with(n)))).await;
    assert_eq!(many.iter().filter(|one| one.is_ok()).count(), 1);
    // One share with each, however many are made at once.
    let tools = jane.section(person, Kind::WellnessToolbox).await;
    join_all((0..8).map(|_| jane.share(sharing(&world, &tools, CLINIC, "dr-c")))).await;
    let shares = jane.shares(list_of(person)).await.unwrap().shares;
    assert_eq!(shares.len(), 8);
    assert_eq!(shares.iter().filter(|share| share.end_time.is_none()).count(), 1);
}

#[tokio::test]
async fn a_plan_that_is_asked_for_many_times_at_once_is_one() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let plans = join_all((0..8).map(|_| jane.plan(person))).await;
    let plans: Vec<_> = plans.into_iter().map(|plan| plan.unwrap().sections).collect();
    assert!(plans.iter().all(|plan| *plan == plans[0] && plan.len() == 7));
}
