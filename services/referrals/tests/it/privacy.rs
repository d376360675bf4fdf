//! What is not there for a caller.

use kernel::Action;
use testkit::fakes::{bearer, whole};
use tonic::{Code, Status};
use uuid::Uuid;
use wire::{
    convert::name_of,
    referrals::v1::{self as pb, ReferralState as S},
};

use crate::world::{
    ANA, BEN, CLINIC, GONE, HOUSING, Move, OTHER, PROGRAMME, REFUGE, Verb, WORDS, World, new,
    refused,
};

async fn every_answer(world: &World, token: &str, name: &str) -> Vec<(String, Status)> {
    let mut answers = Vec::new();
    for verb in Verb::ALL {
        let status = verb.ask(world, token, Move::of(name)).await.unwrap_err();
        answers.push((format!("{verb:?}"), status));
    }
    answers.push(("Get".to_owned(), world.get_as(token, name).await.unwrap_err()));
    answers
}

#[tokio::test]
async fn a_referral_of_others_answers_byte_for_byte_as_one_that_there_never_was() {
    let world = World::agreed().await;
    let never = name_of("referrals", Uuid::from_u128(0x9e7e));
    let draft = world.draft().await;
    let sent = world.sent().await;
    for (agency, name) in [(OTHER, &sent.name), (OTHER, &draft.name), (HOUSING, &draft.name)] {
        let token = world.staff(agency);
        let theirs = every_answer(&world, &token, name).await;
        let nobodys = every_answer(&world, &token, &never).await;
        for ((verb, hidden), (_, absent)) in theirs.iter().zip(&nobodys) {
            assert_eq!(hidden.code(), Code::NotFound, "{verb}: {hidden:?}");
            assert_eq!(whole(hidden), whole(absent), "{verb}");
        }
    }
    assert_eq!(world.get(CLINIC, &sent.name).await.unwrap().state(), S::Requested);
}

#[tokio::test]
async fn a_draft_is_there_for_its_sources_staff_alone() {
    let world = World::agreed().await;
    let draft = world.draft().await;
    world.get(CLINIC, &draft.name).await.unwrap();
    refused(world.get(HOUSING, &draft.name).await, Code::NotFound, "NOT_FOUND");
    let ana = world.person("ana");
    refused(world.get_as(&ana, &draft.name).await, Code::NotFound, "NOT_FOUND");
    let of_ana = pb::ListReferralsRequest {
        person: name_of("people", ANA),
        ..pb::ListReferralsRequest::default()
    };
    for (token, there) in [(world.staff(CLINIC), 1), (world.staff(HOUSING), 0), (ana, 0)] {
        let list = world.list_as(&token, of_ana.clone()).await.unwrap();
        assert_eq!(list.referrals.len(), there);
    }
}

#[tokio::test]
async fn the_person_reads_what_was_sent_about_them_and_nobody_elses() {
    let world = World::agreed().await;
    let sent = world.sent().await;
    assert_eq!(world.get_as(&world.person("ana"), &sent.name).await.unwrap(), sent);
    let ben = world.get_as(&world.person("ben"), &sent.name).await;
    refused(ben, Code::NotFound, "NOT_FOUND");
    let unbound = world.get_as(&world.person("nobody"), &sent.name).await;
    refused(unbound, Code::NotFound, "NOT_FOUND");
}

#[tokio::test]
async fn a_third_agency_that_reads_by_consent_may_not_move_it() {
    let world = World::agreed().await;
    world.agree(ANA, CLINIC, OTHER);
    let sent = world.sent().await;
    world.get(OTHER, &sent.name).await.unwrap();
    for verb in Verb::ALL {
        let answer = world.go(verb, OTHER, &sent.name).await;
        refused(answer, Code::PermissionDenied, "ACTION_NOT_PERMITTED");
    }
}

#[tokio::test]
async fn a_target_that_may_read_and_not_move_is_told_so() {
    let world = World::new().await;
    world.permit(ANA, CLINIC, HOUSING, &[Action::Read, Action::Refer]);
    let sent = world.sent().await;
    world.get(HOUSING, &sent.name).await.unwrap();
    let answer = world.go(Verb::Accept, HOUSING, &sent.name).await;
    refused(answer, Code::PermissionDenied, "ACTION_NOT_PERMITTED");
}

#[tokio::test]
async fn an_agency_writes_only_about_people_that_it_has_registered() {
    let world = World::agreed().await;
    for person in [ANA, Uuid::from_u128(0x4ead)] {
        refused(world.create(OTHER, new(person, HOUSING)).await, Code::NotFound, "NOT_FOUND");
    }
    world.create(OTHER, new(BEN, HOUSING)).await.unwrap();
    assert_eq!(world.count("SELECT count(*) FROM referral").await, 1);
}

#[tokio::test]
async fn what_a_programme_or_a_refuge_writes_stays_what_it_is() {
    let world = World::new().await;
    let labels = async |agency| {
        let written = world.create(agency, new(ANA, HOUSING)).await.unwrap().labels.unwrap();
        (written.part2, written.victim_service)
    };
    assert_eq!(labels(CLINIC).await, (false, false));
    assert_eq!(labels(PROGRAMME).await, (true, false));
    assert_eq!(labels(REFUGE).await, (false, true));
}

#[tokio::test]
async fn the_target_is_another_agency_and_active() {
    let world = World::agreed().await;
    for target in [CLINIC, GONE, Uuid::from_u128(0xabc)] {
        let status = world.create(CLINIC, new(ANA, target)).await.unwrap_err();
        assert_eq!(crate::world::fields(&status), ["target"]);
    }
}

#[tokio::test]
async fn no_word_about_a_person_reaches_a_log() {
    let logs = testkit::fakes::Logs::listen();
    let world = World::agreed().await;
    let sent = world.sent().await;
    let token = world.staff(HOUSING);
    let asked = Move { reason: "canary-words-91".to_owned(), ..Move::of(&sent.name) };
    Verb::Reject.ask(&world, &token, asked).await.unwrap();
    world.get(CLINIC, &sent.name).await.unwrap();
    let request =
        pb::CreateReferralRequest { need_category: WORDS.to_owned(), ..new(ANA, HOUSING) };
    let bad = bearer(&world.staff(CLINIC), request);
    world.client.clone().create_referral(bad).await.unwrap_err();
    let text = logs.text();
    assert!(text.contains("referral.reject"), "the log hears this test");
    for canary in ["canary-7c1d", "canary-words-91"] {
        assert!(!text.contains(canary), "{canary}");
    }
}
