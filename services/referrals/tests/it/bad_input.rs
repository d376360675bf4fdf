//! Bad input names all its fields at once.

use testkit::fakes::bearer;
use wire::{
    common::v1 as common,
    referrals::v1::{self as pb, ReferralState as S},
};

use crate::world::{ANA, CLINIC, HOUSING, Move, Verb, World, fields, new};

const NIL: &str = "00000000-0000-0000-0000-000000000000";

#[tokio::test]
async fn everything_that_is_wrong_with_a_new_referral_is_named_at_once() {
    let world = World::agreed().await;
    let bad = pb::CreateReferralRequest {
        request_id: "once".to_owned(),
        person: "people/ana".to_owned(),
        target: "agencies/HOUSING".to_owned(),
        service: "services/".to_owned(),
        need_category: "food".to_owned(),
        priority: 9,
        summary: " \t".to_owned(),
        labels: Some(common::Labels {
            confidentiality: 77,
            sensitivities: vec![0, 99],
            ..common::Labels::default()
        }),
        send: true,
        group: "referrals/1".to_owned(),
        expected_release_date: "tomorrow".to_owned(),
        warm_handoff: true,
        respond_by: Some(prost_types::Timestamp { seconds: 0, nanos: 0 }),
        notes: vec!["notes/1".to_owned()],
    };
    let mut named = fields(&world.create(CLINIC, bad).await.unwrap_err());
    named.sort();
    named.dedup();
    let expected = [
        "expected_release_date",
        "group",
        "labels.confidentiality",
        "labels.sensitivities[0]",
        "labels.sensitivities[1]",
        "need_category",
        "notes[0]",
        "person",
        "priority",
        "request_id",
        "respond_by",
        "service",
        "summary",
        "target",
    ];
    assert_eq!(named, expected);
    let nil = pb::CreateReferralRequest {
        request_id: NIL.to_owned(),
        person: format!("people/{NIL}"),
        target: format!("agencies/{CLINIC}"),
        service: format!("services/{NIL}"),
        ..new(ANA, HOUSING)
    };
    let named = fields(&world.create(CLINIC, nil).await.unwrap_err());
    assert_eq!(named, ["request_id", "person", "service", "target"]);
    for summary in ["", "a\u{0}b", "a\u{202e}b", "a\u{7f}", &"x".repeat(10_001)] {
        let bad = pb::CreateReferralRequest { summary: summary.to_owned(), ..new(ANA, HOUSING) };
        assert_eq!(fields(&world.create(CLINIC, bad).await.unwrap_err()), ["summary"]);
    }
    let long = pb::CreateReferralRequest { summary: "é".repeat(10_000), ..new(ANA, HOUSING) };
    world.create(CLINIC, long).await.unwrap();
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_move_is_named_at_once() {
    let world = World::agreed().await;
    let token = world.staff(HOUSING);
    let sent = world.sent().await;
    for verb in Verb::ALL {
        let bad = Move {
            request_id: "x".to_owned(),
            name: sent.name.to_uppercase(),
            etag: "e".repeat(65),
            reason: "\n".to_owned(),
            outcome: 0,
        };
        let named = fields(&verb.ask(&world, &token, bad).await.unwrap_err());
        let mut expected = vec!["request_id", "name", "etag"];
        if matches!(verb, Verb::Reject | Verb::Hold | Verb::Cancel | Verb::Fail | Verb::Reopen) {
            expected.push("reason");
        }
        if matches!(verb, Verb::Complete | Verb::Fail) {
            expected.push("outcome");
        }
        assert_eq!(named, expected, "{verb:?}");
        let nil =
            Move { request_id: NIL.to_owned(), name: format!("referrals/{NIL}"), ..Move::of("") };
        let named = fields(&verb.ask(&world, &token, nil).await.unwrap_err());
        assert_eq!(named, ["request_id", "name"], "{verb:?}");
    }
    for reason in ["", " ", "a\nb", &"x".repeat(501)] {
        let bad = Move { reason: reason.to_owned(), ..Move::of(&sent.name) };
        let named = fields(&Verb::Cancel.ask(&world, &token, bad).await.unwrap_err());
        assert_eq!(named, ["reason"]);
    }
    assert_eq!(world.get(HOUSING, &sent.name).await.unwrap().state(), S::Requested);
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_question_is_named_at_once() {
    let world = World::agreed().await;
    let token = world.staff(HOUSING);
    for name in ["", "referrals/", "notes/x", "referrals/{}", NIL] {
        assert_eq!(fields(&world.get_as(&token, name).await.unwrap_err()), ["name"]);
    }
    let nil = format!("referrals/{NIL}");
    assert_eq!(fields(&world.get_as(&token, &nil).await.unwrap_err()), ["name"]);
    for (page_size, state) in [(-1, 11), (201, -1), (i32::MIN, i32::MAX)] {
        let bad = pb::ListReferralsRequest {
            page_size,
            page_token: "t".repeat(1_001),
            person: "ana".to_owned(),
            state,
        };
        let named = fields(&world.list_as(&token, bad).await.unwrap_err());
        assert_eq!(named, ["page_size", "page_token", "person", "state"]);
    }
    let bad = pb::WatchReferralsRequest { cursor: "c".repeat(201) };
    let answer = world.client.clone().watch_referrals(bearer(&token, bad)).await;
    assert_eq!(fields(&answer.map(|_| ()).unwrap_err()), ["cursor"]);
}
