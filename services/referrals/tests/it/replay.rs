//! Writes made once.

use tonic::Code;
use wire::referrals::v1::{self as pb, ReferralState as S};

use crate::world::{ANA, BEN, CLINIC, HOUSING, Move, Verb, World, new, refused};

#[tokio::test]
async fn a_repeated_request_answers_as_the_first_time() {
    let world = World::agreed().await;
    let request = new(ANA, HOUSING);
    let draft = world.create(CLINIC, request.clone()).await.unwrap();
    let token = world.staff(CLINIC);
    let sending = Move::of(&draft.name);
    let sent = Verb::Send.ask(&world, &token, sending.clone()).await.unwrap();
    world.go(Verb::Accept, HOUSING, &draft.name).await.unwrap();
    assert_eq!(world.create(CLINIC, request.clone()).await.unwrap(), draft);
    assert_eq!(Verb::Send.ask(&world, &token, sending).await.unwrap(), sent);
    assert_eq!(world.count("SELECT count(*) FROM referral").await, 1);
    assert_eq!(world.count("SELECT count(*) FROM referral_move").await, 3);
    let changed = pb::CreateReferralRequest { summary: "Other words.".to_owned(), ..request };
    let reused = world.create(CLINIC, changed).await;
    refused(reused, Code::FailedPrecondition, "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn another_callers_request_id_is_their_own() {
    let world = World::agreed().await;
    let sent = world.sent().await;
    let asked = Move::of(&sent.name);
    let by_target = Verb::Cancel.ask(&world, &world.staff(HOUSING), asked.clone()).await.unwrap();
    assert_eq!(by_target.state(), S::Cancelled);
    let by_source = Verb::Cancel.ask(&world, &world.staff(CLINIC), asked).await;
    refused(by_source, Code::FailedPrecondition, "WRONG_STATE");
}

#[tokio::test]
async fn a_repeated_request_is_authorized_again() {
    let world = World::agreed().await;
    let sent = world.sent().await;
    let (token, asked) = (world.staff(HOUSING), Move::of(&sent.name));
    Verb::Accept.ask(&world, &token, asked.clone()).await.unwrap();
    world.revoke(ANA);
    let again = Verb::Accept.ask(&world, &token, asked.clone()).await;
    refused(again, Code::NotFound, "NOT_FOUND");
    world.agree(ANA, CLINIC, HOUSING);
    let again = Verb::Accept.ask(&world, &token, asked).await.unwrap();
    assert_eq!(again.state(), S::Accepted);
}

#[tokio::test]
async fn the_same_request_at_once_lands_once() {
    let world = World::agreed().await;
    world.agree(BEN, CLINIC, HOUSING);
    let request = pb::CreateReferralRequest { send: true, ..new(BEN, HOUSING) };
    let all = futures::future::join_all((0..8).map(|_| world.create(CLINIC, request.clone())));
    let answers: Vec<_> = all.await.into_iter().map(Result::unwrap).collect();
    assert!(answers.iter().all(|a| *a == answers[0]));
    assert_eq!(world.count("SELECT count(*) FROM referral").await, 1);

    let (token, asked) = (world.staff(HOUSING), Move::of(&answers[0].name));
    let all = (0..8).map(|_| Verb::Accept.ask(&world, &token, asked.clone()));
    let answers: Vec<_> =
        futures::future::join_all(all).await.into_iter().map(Result::unwrap).collect();
    assert!(answers.iter().all(|a| *a == answers[0] && a.state() == S::Accepted));
    assert_eq!(world.count("SELECT count(*) FROM referral_move").await, 2);
}
