//! Goals and check-ins that the person shares, one by one.

use std::collections::BTreeSet;

use time::Duration;
use tonic::Code;
use uuid::Uuid;
use wire::{common::v1::BasisKind, recovery::v1 as pb};

use crate::{
    supported::{fresh, id_of},
    world::{
        CLINIC, Client, HOUSING, World, is_absent, list_goals, list_of, making, practitioner, told,
        unsharing,
    },
};

/// Shares a record for a day.
pub fn giving(world: &World, name: &str, grantee: &str) -> pb::ShareSectionRequest {
    pb::ShareSectionRequest {
        request_id: fresh(),
        section: name.to_owned(),
        grantee: grantee.to_owned(),
        until_time: world.after(24),
    }
}

pub fn answering(person: Uuid, value: i32) -> pb::RecordCheckInRequest {
    pb::RecordCheckInRequest {
        request_id: fresh(),
        person: format!("people/{person}"),
        instrument: "outcomes".to_owned(),
        answers: vec![pb::CheckInAnswer { item: "housing".to_owned(), value: Some(value) }],
        ..pb::RecordCheckInRequest::default()
    }
}

pub fn check_ins_of(person: Uuid) -> pb::ListCheckInsRequest {
    let person = format!("people/{person}");
    pb::ListCheckInsRequest { person, ..pb::ListCheckInsRequest::default() }
}

async fn goals(client: &Client, person: Uuid) -> Vec<String> {
    let goals = client.goals(list_goals(person)).await.unwrap().goals;
    goals.into_iter().map(|goal| goal.content.unwrap().goal.unwrap().words).collect()
}

#[tokio::test]
async fn a_grantee_sees_exactly_the_goals_and_check_ins_that_are_shared_with_them() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let doctor = world.clinician(CLINIC, "dr-c");
    let grantee = practitioner(CLINIC, "dr-c");
    let mut made = Vec::new();
    for words in ["work", "a flat", "friends"] {
        made.push(jane.make_goal(making(person, words)).await.unwrap());
        world.clock.advance(Duration::seconds(1));
    }
    let said = jane.check_in(answering(person, 4)).await.unwrap();
    jane.check_in(answering(person, 2)).await.unwrap();
    is_absent(&doctor.goals(list_goals(person)).await.unwrap_err());
    is_absent(&doctor.check_ins(check_ins_of(person)).await.unwrap_err());

    let share = jane.share(giving(&world, &made[1].name, &grantee)).await.unwrap();
    assert_eq!((&share.section, &share.grantee), (&made[1].name, &grantee));
    let seen = doctor.goals(list_goals(person)).await.unwrap();
    let shown = pb::Goal { etag: String::new(), ..made[1].clone() };
    assert_eq!(seen.goals, [shown]);
    let disclosure = seen.disclosure.unwrap();
    assert_eq!(disclosure.bases, [i32::from(BasisKind::Share)]);
    assert_eq!(disclosure.basis, std::slice::from_ref(&share.name));
    // A shared goal opens neither check-ins nor the plan.
    is_absent(&doctor.check_ins(check_ins_of(person)).await.unwrap_err());
    is_absent(&doctor.plan(person).await.unwrap_err());
    jane.share(giving(&world, &said.name, &grantee)).await.unwrap();
    assert_eq!(
        doctor.check_ins(check_ins_of(person)).await.unwrap().check_ins,
        std::slice::from_ref(&said)
    );
    let other = pb::ListCheckInsRequest { instrument: "barc-10".into(), ..check_ins_of(person) };
    is_absent(&doctor.check_ins(other).await.unwrap_err());

    // What it says from now on, too; and the person has their own etag.
    let rewriting = pb::UpdateGoalRequest {
        request_id: fresh(),
        name: made[1].name.clone(),
        content: making(person, "a house").content,
        etag: String::new(),
    };
    jane.rewrite_goal(rewriting).await.unwrap();
    assert_eq!(goals(&doctor, person).await, ["a house"]);
    let own = jane.goals(list_goals(person)).await.unwrap();
    assert!(own.disclosure.is_none() && own.goals.iter().all(|goal| !goal.etag.is_empty()));

    // The same name elsewhere, a colleague and another person are nobody.
    for other in
        [world.clinician(HOUSING, "dr-c"), world.clinician(CLINIC, "dr-d"), world.somebody().1]
    {
        is_absent(&other.goals(list_goals(person)).await.unwrap_err());
        is_absent(&other.check_ins(check_ins_of(person)).await.unwrap_err());
    }
    let listed = jane.shares(list_of(person)).await.unwrap().shares;
    let of: BTreeSet<_> = listed.iter().map(|share| &*share.section).collect();
    assert_eq!(of, BTreeSet::from([&*said.name, &*made[1].name]));

    jane.unshare(unsharing(&share)).await.unwrap();
    is_absent(&doctor.goals(list_goals(person)).await.unwrap_err());
    assert_eq!(doctor.check_ins(check_ins_of(person)).await.unwrap().check_ins.len(), 1);
    // A share ends by itself.
    world.clock.advance(Duration::hours(25));
    is_absent(&doctor.check_ins(check_ins_of(person)).await.unwrap_err());
}

#[tokio::test]
async fn of_two_shares_the_one_that_lasts_shows_what_it_is_of() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let doctor = world.clinician(CLINIC, "dr-c");
    for (words, hours) in [("an hour", 1), ("a day", 24)] {
        let goal = jane.make_goal(making(person, words)).await.unwrap();
        let sharing = giving(&world, &goal.name, &practitioner(CLINIC, "dr-c"));
        let until_time = world.after(hours);
        jane.share(pb::ShareSectionRequest { until_time, ..sharing }).await.unwrap();
        world.clock.advance(Duration::seconds(1));
    }
    assert_eq!(goals(&doctor, person).await, ["a day", "an hour"]);
    world.clock.advance(Duration::hours(2));
    assert_eq!(goals(&doctor, person).await, ["a day"]);
}

#[tokio::test]
async fn pages_of_what_is_shared_are_whole_and_on_record() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let doctor = world.clinician(CLINIC, "dr-c");
    let mut shared = Vec::new();
    for n in 0..7 {
        let goal = jane.make_goal(making(person, &n.to_string())).await.unwrap();
        world.clock.advance(Duration::seconds(1));
        if n % 2 == 0 {
            let with = practitioner(CLINIC, "dr-c");
            jane.share(giving(&world, &goal.name, &with)).await.unwrap();
            shared.push(goal);
        }
    }
    shared.reverse();
    let mut page = pb::ListGoalsRequest { page_size: 3, ..list_goals(person) };
    let first = doctor.goals(page.clone()).await.unwrap();
    page.page_token.clone_from(&first.next_page_token);
    let next = doctor.goals(page).await.unwrap();
    assert_eq!(next.next_page_token, "");
    let seen: Vec<_> = first.goals.iter().chain(&next.goals).map(|goal| &goal.name).collect();
    assert_eq!(seen, shared.iter().map(|goal| &goal.name).collect::<Vec<_>>());

    let events = world.stage.events().await;
    let rpc = |event: &&ledger::Event| event.rpc.ends_with("/ListGoals");
    let ids = |event: &ledger::Event| event.records.iter().copied().collect::<BTreeSet<_>>();
    let read: Vec<_> = events.iter().filter(rpc).map(ids).collect();
    let named = |goals: &[pb::Goal]| goals.iter().map(|goal| id_of(&goal.name)).collect();
    let expected: [BTreeSet<Uuid>; 2] = [named(&first.goals), named(&next.goals)];
    assert_eq!(read, expected);
}

#[tokio::test]
async fn a_supporter_sees_what_is_shared_with_them_and_who_only_contributes_nothing() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let (kim, kims) = world.supporter(person, &jane, "kim").await;
    let goal = jane.make_goal(making(person, "work")).await.unwrap();
    is_absent(&kims.goals(list_goals(person)).await.unwrap_err());
    jane.share(giving(&world, &goal.name, &kim.name)).await.unwrap();
    assert_eq!(goals(&kims, person).await, ["work"]);
    // Of another person's circle, by the same sign-in.
    let (other, jo) = world.somebody();
    let theirs = jo.make_goal(making(other, "rest")).await.unwrap();
    is_absent(&kims.goals(list_goals(other)).await.unwrap_err());
    let stolen = jane.share(giving(&world, &theirs.name, &kim.name)).await.unwrap_err();
    is_absent(&stolen);
    let foreign = jo.share(giving(&world, &theirs.name, &kim.name)).await.unwrap_err();
    assert_eq!(foreign.code(), Code::InvalidArgument);

    let only =
        pb::UpdateSupporterRequest { contribute_only: true, ..crate::supported::saying(&kim) };
    jane.update_supporter(only).await.unwrap();
    is_absent(&kims.goals(list_goals(person)).await.unwrap_err());
    let refused = jane.share(giving(&world, &goal.name, &kim.name)).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn a_record_is_shared_once_with_somebody_and_no_more_than_fifty_times() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let goal = jane.make_goal(making(person, "work")).await.unwrap();
    let with = practitioner(CLINIC, "dr-c");
    let first = jane.share(giving(&world, &goal.name, &with)).await.unwrap();
    let again = jane.share(giving(&world, &goal.name, &with)).await.unwrap();
    let listed = jane.shares(list_of(person)).await.unwrap().shares;
    let ended: Vec<_> = listed.iter().filter(|one| one.end_time.is_some()).collect();
    assert_eq!((ended.len(), &ended[0].name, listed.len()), (1, &first.name, 2));
    assert_ne!(first.name, again.name);
    for n in 1..50 {
        let with = practitioner(CLINIC, &format!("dr-{n}"));
        jane.share(giving(&world, &goal.name, &with)).await.unwrap();
    }
    let many = jane.share(giving(&world, &goal.name, &practitioner(CLINIC, "dr-x"))).await;
    assert_eq!(told(&many.unwrap_err()), (Code::ResourceExhausted, "LIMIT_EXCEEDED".to_owned()));
    // What is not there is what is another's.
    for name in [format!("goals/{}", Uuid::new_v4()), goal.name.replace("goals", "checkIns")] {
        is_absent(&jane.share(giving(&world, &name, &with)).await.unwrap_err());
    }
    for name in ["tasks/00000000-0000-4000-8000-000000000000", "people/x", "goals/"] {
        let bad = jane.share(giving(&world, name, &with)).await.unwrap_err();
        assert_eq!(bad.code(), Code::InvalidArgument, "{name}");
    }
}
