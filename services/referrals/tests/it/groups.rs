//! Several that ask for the same: the first to accept has it.

use tonic::Code;
use uuid::Uuid;
use wire::referrals::v1::{self as pb, PersonAnswer, ReferralState as S};

use crate::world::{
    ANA, BEN, CLINIC, HOUSING, OTHER, PROGRAMME, REFUGE, Verb, World, fields, fresh, new, refused,
    saying,
};

/// Of Ana, to this agency too.
fn too(first: &pb::Referral, target: Uuid) -> pb::CreateReferralRequest {
    pb::CreateReferralRequest { group: first.name.clone(), send: true, ..new(ANA, target) }
}

/// Ana agrees to all three, and the clinic asks all three.
async fn asked(world: &World) -> [pb::Referral; 3] {
    for target in [OTHER, PROGRAMME] {
        world.agree(ANA, CLINIC, target);
    }
    let first = world.sent().await;
    let second = world.create(CLINIC, too(&first, OTHER)).await.unwrap();
    let third = world.create(CLINIC, too(&second, PROGRAMME)).await.unwrap();
    [first, second, third]
}

async fn state(world: &World, referral: &pb::Referral) -> S {
    world.get(CLINIC, &referral.name).await.unwrap().state()
}

#[tokio::test]
async fn the_first_acceptance_cancels_the_others_and_no_target_is_told_of_them_before() {
    let world = World::agreed().await;
    let [first, second, third] = asked(&world).await;
    let draft =
        world.create(CLINIC, pb::CreateReferralRequest { send: false, ..too(&first, REFUGE) });
    let draft = draft.await.unwrap();
    let alone = world.sent().await;
    assert_eq!((&*second.group, &*third.group), (&*first.name, &*first.name));
    let seen = world.get(CLINIC, &first.name).await.unwrap();
    assert_eq!(seen.group, first.name, "the first is of it, too");
    // Nor one who may read what others were asked, nor the person: the first may be a draft.
    assert_eq!(world.get_as(&world.person("ana"), &second.name).await.unwrap().group, "");
    for (agency, referral) in [(HOUSING, &first), (OTHER, &second), (OTHER, &first)] {
        assert_eq!(world.get(agency, &referral.name).await.unwrap().group, "");
    }
    let (mut clinic, mut other) = (world.watch(CLINIC).await, world.watch(OTHER).await);
    for referral in [&first, &second, &third] {
        clinic.is_told(&referral.name, S::Requested).await;
    }
    clinic.is_told(&draft.name, S::Draft).await;
    clinic.is_told(&alone.name, S::Requested).await;
    other.is_told(&second.name, S::Requested).await;

    let events = world.stage.events().await.len();
    let accepted = world.go(Verb::Accept, HOUSING, &first.name).await.unwrap();
    assert_eq!((accepted.state(), &*accepted.group), (S::Accepted, ""));
    let given_up = world.get(CLINIC, &second.name).await.unwrap();
    let last = given_up.moves.last().unwrap();
    assert_eq!(
        (last.state(), &*last.agency, &*last.reason),
        (S::Cancelled, "", "ACCEPTED_ELSEWHERE")
    );
    assert_eq!(state(&world, &third).await, S::Cancelled);
    assert_eq!(state(&world, &draft).await, S::Draft, "it was never asked");
    assert_eq!(state(&world, &alone).await, S::Requested, "it is of no group");
    let mut given_up = [&second.name, &third.name];
    given_up.sort_unstable();
    for name in given_up {
        clinic.is_told(name, S::Cancelled).await;
    }
    clinic.is_told(&first.name, S::Accepted).await;
    other.is_told(&second.name, S::Cancelled).await;
    // Both are on record, the network's act beside the target's.
    let new = &world.stage.events().await[events..];
    let task = new.iter().find(|e| e.rpc.as_ref() == "trellis.referrals/AcceptedElsewhere");
    assert_eq!(task.unwrap().records.len(), 2);
    assert!(new.iter().any(|e| e.rpc.ends_with("/AcceptReferral")));

    // What is taken on is asked nowhere else, until it has ended.
    let again = world.go(Verb::Reopen, CLINIC, &second.name).await;
    refused(again, Code::FailedPrecondition, "ACCEPTED_ELSEWHERE");
    world.permit(ANA, CLINIC, REFUGE, &[kernel::Action::Refer]);
    let send = world.go(Verb::Send, CLINIC, &draft.name).await;
    refused(send, Code::FailedPrecondition, "ACCEPTED_ELSEWHERE");
    let more = world.create(CLINIC, too(&draft, PROGRAMME)).await;
    refused(more, Code::FailedPrecondition, "ACCEPTED_ELSEWHERE");
    world.go(Verb::Fail, HOUSING, &first.name).await.unwrap();
    let again = world.go(Verb::Reopen, CLINIC, &second.name).await.unwrap();
    assert_eq!((again.state(), &*again.group), (S::Requested, &*first.name));
}

#[tokio::test]
async fn of_many_that_accept_at_once_one_has_it() {
    let world = World::agreed().await;
    for _ in 0..10 {
        let all = asked(&world).await;
        let answers = [HOUSING, OTHER, PROGRAMME].into_iter().zip(&all);
        let answers = answers.map(|(agency, one)| world.go(Verb::Accept, agency, &one.name));
        let answers = futures::future::join_all(answers).await;
        assert_eq!(answers.iter().filter(|a| a.is_ok()).count(), 1, "{answers:?}");
        let mut states = Vec::new();
        for referral in &all {
            states.push(state(&world, referral).await);
        }
        assert_eq!(states.iter().filter(|s| **s == S::Accepted).count(), 1);
        assert_eq!(states.iter().filter(|s| **s == S::Cancelled).count(), 2);
    }
}

#[tokio::test]
async fn what_the_end_of_a_consent_holds_is_given_up_where_it_waited_and_counts_where_it_was_taken_on()
 {
    let world = World::agreed().await;
    world.agree(ANA, CLINIC, OTHER);
    let first = world.sent().await;
    let second = world.create(CLINIC, too(&first, OTHER)).await.unwrap();
    world.revoke(ANA);
    world.reconcile(ANA).await;
    world.agree(ANA, CLINIC, OTHER);
    world.reconcile(ANA).await;
    assert_eq!(
        (state(&world, &first).await, state(&world, &second).await),
        (S::OnHold, S::Requested)
    );
    world.go(Verb::Accept, OTHER, &second.name).await.unwrap();
    assert_eq!(state(&world, &first).await, S::Cancelled);
    // Held after its acceptance, it has been taken on all the same.
    world.revoke(ANA);
    world.reconcile(ANA).await;
    world.agree(ANA, CLINIC, HOUSING);
    world.reconcile(ANA).await;
    assert_eq!(state(&world, &second).await, S::OnHold);
    let again = world.go(Verb::Reopen, CLINIC, &first.name).await;
    refused(again, Code::FailedPrecondition, "ACCEPTED_ELSEWHERE");
    // Until the person gives it up.
    let no = saying(&second.name, PersonAnswer::No, "");
    world.respond(&world.person("ana"), no).await.unwrap();
    world.go(Verb::Reopen, CLINIC, &first.name).await.unwrap();
}

#[tokio::test]
async fn a_group_is_joined_by_its_sources_own_referrals_of_the_same_person_alone() {
    let world = World::agreed().await;
    world.agree(ANA, CLINIC, OTHER);
    let first = world.sent().await;
    let join = |group: &str| pb::CreateReferralRequest {
        group: group.to_owned(),
        send: false,
        ..new(ANA, OTHER)
    };
    // Absent, another agency's, another person's, answered: in the same words.
    let absent = format!("referrals/{}", fresh());
    let foreign = world.create(PROGRAMME, new(ANA, OTHER)).await.unwrap();
    let of_ben = world.create(CLINIC, new(BEN, OTHER)).await.unwrap();
    let ended = world.in_state(S::Cancelled).await;
    let mut told = Vec::new();
    for wrong in [&absent, &foreign.name, &of_ben.name, &ended.name] {
        let refused = world.create(CLINIC, join(wrong)).await.unwrap_err();
        assert_eq!(fields(&refused), ["group"]);
        told.push(format!("{:?} {:?}", refused.message(), refused.details()));
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
    // The same agency is not asked twice.
    let twice = pb::CreateReferralRequest { group: first.name.clone(), ..new(ANA, HOUSING) };
    assert_eq!(fields(&world.create(CLINIC, twice).await.unwrap_err()), ["target"]);
    assert_eq!(world.get(CLINIC, &first.name).await.unwrap().group, "", "nobody joined");
    let ask = join(&first.name);
    let joined = world.create(CLINIC, ask.clone()).await.unwrap();
    assert_eq!(world.create(CLINIC, ask).await.unwrap(), joined, "a replay joins once");
    assert_eq!(joined.group, first.name);
}

#[tokio::test]
async fn who_is_asked_while_another_accepts_is_asked_no_more() {
    let world = World::agreed().await;
    for target in [OTHER, PROGRAMME] {
        world.agree(ANA, CLINIC, target);
    }
    for _ in 0..25 {
        let first = world.sent().await;
        let second = world.create(CLINIC, too(&first, OTHER)).await.unwrap();
        let asked = world.create(CLINIC, too(&first, PROGRAMME));
        let (accepted, asked) =
            futures::future::join(world.go(Verb::Accept, OTHER, &second.name), asked).await;
        accepted.unwrap();
        match asked {
            Ok(third) => assert_eq!(state(&world, &third).await, S::Cancelled),
            Err(late) => {
                refused(Err::<(), _>(late), Code::FailedPrecondition, "ACCEPTED_ELSEWHERE");
            }
        }
    }
}

#[tokio::test]
async fn nobody_is_asked_twice_at_once_nor_again_what_the_person_declined() {
    let world = World::agreed().await;
    let [first, second, third] = asked(&world).await;
    let ana = world.person("ana");
    world.respond(&ana, saying(&first.name, PersonAnswer::No, "")).await.unwrap();
    let again = world.create(CLINIC, too(&second, HOUSING)).await;
    refused(again, Code::FailedPrecondition, "PERSON_DECLINED");
    // Cancelled and asked anew: the old one is not reopened beside the new.
    world.go(Verb::Cancel, CLINIC, &second.name).await.unwrap();
    let ended = world.create(CLINIC, too(&second, OTHER)).await;
    assert_eq!(fields(&ended.unwrap_err()), ["group"], "what has ended is joined no more");
    let anew = world.create(CLINIC, too(&third, OTHER)).await.unwrap();
    let both = world.go(Verb::Reopen, CLINIC, &second.name).await;
    refused(both, Code::AlreadyExists, "ALREADY_EXISTS");
    world.go(Verb::Cancel, CLINIC, &anew.name).await.unwrap();
    world.go(Verb::Reopen, CLINIC, &second.name).await.unwrap();
}

#[tokio::test]
async fn the_same_request_at_once_joins_once() {
    let world = World::agreed().await;
    world.agree(ANA, CLINIC, OTHER);
    for _ in 0..5 {
        let first = world.sent().await;
        let ask = too(&first, OTHER);
        let all = (0..4).map(|_| world.create(CLINIC, ask.clone()));
        let all = futures::future::join_all(all).await;
        let one = all[0].as_ref().unwrap();
        assert!(
            all.iter().all(|answer| answer.as_ref().is_ok_and(|a| a.name == one.name)),
            "{all:?}"
        );
    }
}
