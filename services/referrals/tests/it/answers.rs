//! What a person says to a referral: it is theirs to take or leave.

use kernel::{CodeSet, PersonId, Role};
use permit::Appointment;
use policy::Relationship;
use tonic::Code;
use wire::referrals::v1::{PersonAnswer as A, ReferralState as S};

use crate::world::{ANA, CLINIC, HOUSING, OTHER, Verb, World, refused, saying};

#[tokio::test]
async fn a_yes_and_a_question_move_nothing_and_are_read_by_both_sides_and_the_person() {
    let world = World::agreed().await;
    let ana = world.person("ana");
    let sent = world.sent().await;
    let (mut clinic, mut housing) = (world.watch(CLINIC).await, world.watch(HOUSING).await);
    for watch in [&mut clinic, &mut housing] {
        watch.is_told(&sent.name, S::Requested).await;
    }
    let asks = saying(&sent.name, A::Asks, "Is there a lift? canary-31aa");
    let asked = world.respond(&ana, asks.clone()).await.unwrap();
    world.clock.advance(time::Duration::MINUTE);
    let yes = world.respond(&ana, saying(&sent.name, A::Yes, "")).await.unwrap();
    assert_eq!((yes.state(), &yes.moves, &yes.etag), (S::Requested, &sent.moves, &sent.etag));
    let said: Vec<_> = yes.answers.iter().map(|a| (a.answer(), &*a.words)).collect();
    assert_eq!(said, [(A::Asks, "Is there a lift? canary-31aa"), (A::Yes, "")]);
    assert!(yes.answers.iter().all(|a| a.time.is_some() && !a.by_representative));
    assert!(yes.update_time.unwrap().seconds > asked.update_time.unwrap().seconds);
    for agency in [CLINIC, HOUSING] {
        assert_eq!(world.get(agency, &sent.name).await.unwrap(), yes);
    }
    assert_eq!(world.get_as(&ana, &sent.name).await.unwrap(), yes);
    for watch in [&mut clinic, &mut housing] {
        watch.is_told_of_more(&sent.name).await;
        watch.is_told_of_more(&sent.name).await;
        watch.is_told_nothing_more(&world).await;
    }
    assert_eq!(world.respond(&ana, asks).await.unwrap(), asked, "a replay");
    assert_eq!(world.get_as(&ana, &sent.name).await.unwrap(), yes);
    let listed = world.list_as(&ana, Default::default()).await.unwrap_err();
    assert_eq!(listed.code(), Code::InvalidArgument, "a person names themself");
}

#[tokio::test]
async fn a_no_ends_it_and_it_is_not_sent_again_until_they_say_otherwise() {
    let world = World::agreed().await;
    let ana = world.person("ana");
    let sent = world.in_state(S::InProgress).await;
    let mut housing = world.watch(HOUSING).await;
    for state in [S::Requested, S::Accepted, S::InProgress] {
        housing.is_told(&sent.name, state).await;
    }
    let ended = world.respond(&ana, saying(&sent.name, A::No, "No, thank you.")).await.unwrap();
    assert_eq!(ended.state(), S::Cancelled);
    housing.is_told(&sent.name, S::Cancelled).await;
    let reopened = world.go(Verb::Reopen, CLINIC, &sent.name).await;
    refused(reopened, Code::FailedPrecondition, "PERSON_DECLINED");
    assert_eq!(world.get(CLINIC, &sent.name).await.unwrap(), ended);
    world.respond(&ana, saying(&sent.name, A::Yes, "After all.")).await.unwrap();
    let reopened = world.go(Verb::Reopen, CLINIC, &sent.name).await.unwrap();
    assert_eq!(reopened.state(), S::Requested);
    assert_eq!(reopened.moves.last().unwrap().reason, "because");
    // On record as their own act, and as nobody's else.
    let events = world.stage.events().await;
    let own: Vec<_> = events.iter().filter(|e| e.rpc.ends_with("/RespondToReferral")).collect();
    let wrote = own.iter().filter(|e| e.action == ledger::Action::Write);
    assert!(wrote.clone().count() == 2 && wrote.clone().all(|e| e.person == Some(ANA)));
}

#[tokio::test]
async fn who_acts_for_them_answers_for_them_and_that_is_said() {
    let world = World::agreed().await;
    let sent = world.sent().await;
    world.people.appoint("sam", guardian());
    let sam = world.sign_ins.individual("sam", Role::Representative, true);
    let said = world.respond(&sam, saying(&sent.name, A::No, "")).await.unwrap();
    assert_eq!(said.state(), S::Cancelled);
    assert!(said.answers[0].by_representative);
}

fn guardian() -> Appointment {
    Appointment {
        id: crate::world::fresh(),
        person: PersonId::from(ANA),
        relationship: Relationship::Guardian,
        authority: true,
        from: None,
        until: None,
        excluded_sensitivities: CodeSet::EMPTY,
        confirmed_by: None,
    }
}

#[tokio::test]
async fn nobody_answers_what_they_may_not_see() {
    let world = World::agreed().await;
    let ana = world.person("ana");
    let (sent, draft) = (world.sent().await, world.draft().await);
    let no = |name: &str| saying(name, A::No, "");
    let absent = format!("referrals/{}", crate::world::fresh());
    // Another person, a draft, what there is not, and a sign-in that other agencies vouch for.
    let ben = world.person("ben");
    world.people.bind("other-ana", ANA, Some(&[OTHER]));
    let vouched = world.sign_ins.individual("other-ana", Role::Person, false);
    for (token, name) in
        [(&ben, &sent.name), (&ana, &draft.name), (&ana, &absent), (&vouched, &sent.name)]
    {
        refused(world.respond(token, no(name)).await, Code::NotFound, "NOT_FOUND");
    }
    for agency in [CLINIC, HOUSING] {
        let staff = world.respond(&world.staff(agency), no(&sent.name)).await;
        assert_eq!(staff.unwrap_err().code(), Code::PermissionDenied);
    }
    assert_eq!(world.get(CLINIC, &sent.name).await.unwrap(), sent);
    assert!(world.get(CLINIC, &draft.name).await.unwrap().answers.is_empty());
}

#[tokio::test]
async fn an_answer_to_what_the_end_of_a_consent_holds_is_told_to_its_source_alone() {
    let world = World::agreed().await;
    let sent = world.in_state(S::Accepted).await;
    world.revoke(ANA);
    world.reconcile(ANA).await;
    let mut housing = world.watch(HOUSING).await;
    let mut clinic = world.watch(CLINIC).await;
    housing.loses(&sent.name).await;
    for state in [S::Requested, S::Accepted, S::OnHold] {
        clinic.is_told(&sent.name, state).await;
    }
    let ended = world.respond(&world.person("ana"), saying(&sent.name, A::No, "")).await.unwrap();
    assert_eq!(ended.state(), S::Cancelled);
    clinic.is_told(&sent.name, S::Cancelled).await;
    housing.is_told_nothing_more(&world).await;
}

#[tokio::test]
async fn two_hundred_answers_are_kept_and_the_next_is_refused() {
    let world = World::agreed().await;
    let (sent, ana) = (world.sent().await, world.person("ana"));
    for _ in 0..200 {
        world.respond(&ana, saying(&sent.name, A::Asks, "")).await.unwrap();
    }
    let more = world.respond(&ana, saying(&sent.name, A::No, "")).await;
    refused(more, Code::ResourceExhausted, "LIMIT_EXCEEDED");
    let kept = world.get(CLINIC, &sent.name).await.unwrap();
    assert_eq!((kept.answers.len(), kept.state()), (200, S::Requested));
}
