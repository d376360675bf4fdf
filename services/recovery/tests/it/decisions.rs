//! Decisions that the person makes with a practitioner.

use time::Duration;
use tonic::Code;
use uuid::Uuid;
use wire::{
    common::v1::BasisKind,
    recovery::v1::{self as pb, DecisionMaker},
};

use crate::{
    bad_input::fields,
    shared::giving,
    supported::{fresh, id_of, suggestions_to},
    world::{
        CLINIC, Client, HOUSING, STRANGE, World, is_absent, items, list_of, practitioner, told,
    },
};

fn words(words: &str) -> Option<pb::PlanItem> {
    Some(pb::PlanItem { words: words.to_owned() })
}

fn saying(decided: &str) -> pb::DecisionContent {
    let option = |option, benefits: &[&str], harms: &[&str]| pb::DecisionOption {
        option: words(option),
        benefits: items(benefits),
        harms: items(harms),
    };
    pb::DecisionContent {
        question: words("What helps me to sleep?"),
        options: vec![
            option("a tablet", &["it worked before"], &["tired in the morning"]),
            option("a walk in the evening", &["free"], &["not in the rain"]),
        ],
        what_matters: items(&["to be awake for the children"]),
        decided: words(decided),
        decided_by: DecisionMaker::Together.into(),
        revisit_time: None,
    }
}

pub fn recording(world: &World, person: Uuid, with: Option<&str>) -> pb::RecordDecisionRequest {
    pb::RecordDecisionRequest {
        request_id: fresh(),
        person: format!("people/{person}"),
        content: Some(saying("the walk")),
        practitioner: with.unwrap_or_default().to_owned(),
        until_time: with.and_then(|_| world.after(24)),
        ..pb::RecordDecisionRequest::default()
    }
}

pub fn confirming(decision: &pb::Decision) -> pb::ConfirmDecisionRequest {
    let (name, version) = (decision.name.clone(), decision.version);
    pb::ConfirmDecisionRequest { request_id: fresh(), name, version }
}

pub fn decisions_of(person: Uuid) -> pb::ListDecisionsRequest {
    let person = format!("people/{person}");
    pb::ListDecisionsRequest { person, ..pb::ListDecisionsRequest::default() }
}

async fn only(client: &Client, person: Uuid) -> pb::Decision {
    let mut decisions = client.decisions(decisions_of(person)).await.unwrap().decisions;
    assert_eq!(decisions.len(), 1);
    decisions.remove(0)
}

async fn made(client: &Client, request: pb::RecordDecisionRequest) -> pb::Decision {
    client.record_decision(request).await.unwrap().decision.unwrap()
}

#[tokio::test]
async fn what_the_person_records_is_of_both_once_the_practitioner_has_confirmed_it() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let (doctor, with) = (world.clinician(CLINIC, "dr-c"), practitioner(CLINIC, "dr-c"));
    let decision = made(&jane, recording(&world, person, Some(&with))).await;
    assert_eq!((&decision.practitioner, decision.confirm_time), (&with, None));
    let seen = doctor.decisions(decisions_of(person)).await.unwrap();
    assert_eq!(seen.decisions, [pb::Decision { etag: String::new(), ..decision.clone() }]);
    assert_eq!(seen.disclosure.unwrap().bases, [i32::from(BasisKind::Share)]);
    // A colleague and the same name elsewhere neither see nor confirm it.
    for other in [world.clinician(CLINIC, "dr-d"), world.clinician(HOUSING, "dr-c")] {
        is_absent(&other.decisions(decisions_of(person)).await.unwrap_err());
        is_absent(&other.confirm(confirming(&decision)).await.unwrap_err());
    }
    let old = pb::Decision { version: 2, ..decision.clone() };
    let stale = doctor.confirm(confirming(&old)).await.unwrap_err();
    assert_eq!(told(&stale), (Code::Aborted, "ETAG_MISMATCH".to_owned()));
    world.clock.advance(Duration::minutes(5));
    let confirmed = doctor.confirm(confirming(&decision)).await.unwrap();
    assert!(confirmed.confirm_time.is_some() && confirmed.content.is_none());
    world.clock.advance(Duration::minutes(5));
    // Once more is the first time.
    let again = doctor.confirm(confirming(&decision)).await.unwrap();
    assert_eq!(again, confirmed);
    assert_eq!(only(&jane, person).await.confirm_time, confirmed.confirm_time);

    // What it says from now on is the person's alone until they confirm that.
    let rewriting = pb::RecordDecisionRequest {
        name: decision.name.clone(),
        etag: "1".to_owned(),
        content: Some(saying("the tablet")),
        ..recording(&world, person, Some(&with))
    };
    let rewritten = made(&jane, rewriting).await;
    assert_eq!((rewritten.version, rewritten.confirm_time), (2, None));
    assert_eq!(only(&doctor, person).await.confirm_time, None);
    assert_eq!(doctor.confirm(confirming(&decision)).await.unwrap_err().code(), Code::Aborted);
    doctor.confirm(confirming(&rewritten)).await.unwrap();
    assert!(only(&jane, person).await.confirm_time.is_some());
    // Confirmed for ever are what they stood by, in the words of then.
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM decision_confirmed")
        .fetch_one(&mut world.admin().await)
        .await
        .unwrap();
    assert_eq!(kept, 2);
}

#[tokio::test]
async fn with_whom_it_is_not_made_any_more_sees_and_confirms_nothing() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let (doctor, with) = (world.clinician(CLINIC, "dr-c"), practitioner(CLINIC, "dr-c"));
    let decision = made(&jane, recording(&world, person, Some(&with))).await;
    let share = jane.shares(list_of(person)).await.unwrap().shares.remove(0);
    assert_eq!((&share.section, &share.grantee), (&decision.name, &with));
    jane.unshare(crate::world::unsharing(&share)).await.unwrap();
    is_absent(&doctor.decisions(decisions_of(person)).await.unwrap_err());
    is_absent(&doctor.confirm(confirming(&decision)).await.unwrap_err());
    // Shared like any other record it can be read by somebody else, who has nothing to confirm.
    let (kim, kims) = world.supporter(person, &jane, "kim").await;
    jane.share(giving(&world, &decision.name, &kim.name)).await.unwrap();
    assert_eq!(only(&kims, person).await.content, Some(saying("the walk")));
    let denied = kims.confirm(confirming(&decision)).await.unwrap_err();
    assert_eq!(denied.code(), Code::PermissionDenied);
    let other = practitioner(HOUSING, "dr-h");
    jane.share(giving(&world, &decision.name, &other)).await.unwrap();
    let reader = world.clinician(HOUSING, "dr-h");
    only(&reader, person).await;
    is_absent(&reader.confirm(confirming(&decision)).await.unwrap_err());

    let rewriting = |with: Option<&str>| pb::RecordDecisionRequest {
        name: decision.name.clone(),
        ..recording(&world, person, with)
    };
    let rewritten = made(&jane, rewriting(Some(&with))).await;
    only(&doctor, person).await;
    world.clock.advance(Duration::hours(25));
    is_absent(&doctor.confirm(confirming(&rewritten)).await.unwrap_err());
    let rewritten = made(&jane, rewriting(Some(&with))).await;
    doctor.confirm(confirming(&rewritten)).await.unwrap();
    let alone = made(&jane, rewriting(None)).await;
    assert_eq!((&*alone.practitioner, alone.confirm_time), ("", None));
    is_absent(&doctor.decisions(decisions_of(person)).await.unwrap_err());
    is_absent(&doctor.confirm(confirming(&alone)).await.unwrap_err());
}

#[tokio::test]
async fn what_a_practitioner_suggests_is_of_both_once_the_person_takes_it_in() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let doctor = world.clinician(CLINIC, "dr-c");
    let suggest = || recording(&world, person, None);
    let suggested = doctor.record_decision(suggest()).await.unwrap();
    assert_eq!(suggested.decision, None);
    let suggested = suggested.contribution.unwrap();
    assert_eq!((&suggested.decision, &suggested.content), (&Some(saying("the walk")), &None));
    assert_eq!(jane.decisions(decisions_of(person)).await.unwrap().decisions, []);
    let listed = jane.list_contributions(suggestions_to(person)).await.unwrap().contributions;
    assert_eq!(listed, std::slice::from_ref(&suggested));
    world.clock.advance(Duration::minutes(5));

    let taking = pb::DecideContributionRequest {
        until_time: world.after(24),
        ..crate::supported::deciding(&suggested, true)
    };
    jane.decide_contribution(taking).await.unwrap();
    let decision = only(&jane, person).await;
    assert_eq!(decision.content, Some(saying("the walk")));
    assert_eq!(decision.practitioner, practitioner(CLINIC, "dr-c"));
    // They stood by it when they said it.
    assert_eq!(decision.confirm_time, suggested.create_time);
    assert_eq!(id_of(&decision.name).get_version_num(), 4, "a name tells no time");
    only(&doctor, person).await;

    // Without a time it is shown to nobody, and what is not taken in is no decision.
    let suggested = doctor.record_decision(suggest()).await.unwrap().contribution.unwrap();
    let declining = crate::supported::deciding(&suggested, false);
    let odd = pb::DecideContributionRequest { until_time: world.after(24), ..declining.clone() };
    assert!(fields(&jane.decide_contribution(odd).await.unwrap_err()).contains("until_time"));
    jane.decide_contribution(declining).await.unwrap();
    let suggested = doctor.record_decision(suggest()).await.unwrap().contribution.unwrap();
    let taking = crate::supported::deciding(&suggested, true);
    let late = pb::DecideContributionRequest { until_time: world.after(0), ..taking.clone() };
    assert!(fields(&jane.decide_contribution(late).await.unwrap_err()).contains("until_time"));
    jane.decide_contribution(taking).await.unwrap();
    assert_eq!(jane.decisions(decisions_of(person)).await.unwrap().decisions.len(), 2);
    only(&doctor, person).await;

    // Nobody whom the person's agencies do not have suggests one.
    let stranger = world.clinician(STRANGE, "dr-s");
    is_absent(&stranger.record_decision(suggest()).await.unwrap_err());
    is_absent(&doctor.record_decision(recording(&world, Uuid::new_v4(), None)).await.unwrap_err());
}

#[tokio::test]
async fn bad_decisions_are_told_by_their_fields_and_another_s_is_absent() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let (doctor, with) = (world.clinician(CLINIC, "dr-c"), practitioner(CLINIC, "dr-c"));
    let good = recording(&world, person, Some(&with));
    let content = |change: fn(&mut pb::DecisionContent)| {
        let mut content = saying("the walk");
        change(&mut content);
        pb::RecordDecisionRequest { content: Some(content), ..good.clone() }
    };
    for (bad, field) in [
        (pb::RecordDecisionRequest { until_time: None, ..good.clone() }, "until_time"),
        (pb::RecordDecisionRequest { until_time: world.after(0), ..good.clone() }, "until_time"),
        (pb::RecordDecisionRequest { practitioner: String::new(), ..good.clone() }, "until_time"),
        (pb::RecordDecisionRequest { etag: "1".into(), ..good.clone() }, "etag"),
        (pb::RecordDecisionRequest { content: None, ..good.clone() }, "content"),
        (content(|said| said.question = None), "content.question"),
        (content(|said| said.decided = None), "content.decided"),
        (content(|said| said.decided_by = DecisionMaker::Open.into()), "content.decided_by"),
        (content(|said| said.decided_by = 9), "content.decided_by"),
        (content(|said| said.options = vec![said.options[0].clone(); 21]), "content.options"),
    ] {
        let status = jane.record_decision(bad).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(fields(&status).contains(field), "{field}: {status:?}");
    }
    let strange = practitioner(STRANGE, "dr-c");
    let unknown = jane.record_decision(recording(&world, person, Some(&strange))).await;
    assert!(fields(&unknown.unwrap_err()).contains("practitioner"));
    let theirs = fields(&doctor.record_decision(good.clone()).await.unwrap_err());
    assert!(theirs.contains("practitioner") && theirs.contains("until_time"), "{theirs:?}");
    let long =
        pb::DecisionContent { what_matters: items(&["x".repeat(1000).as_str(); 9]), ..saying("x") };
    let long = pb::RecordDecisionRequest { content: Some(long), ..recording(&world, person, None) };
    assert!(fields(&doctor.record_decision(long.clone()).await.unwrap_err()).contains("content"));
    made(&jane, long).await;

    let decision = made(&jane, good.clone()).await;
    let (other, jo) = world.somebody();
    for name in [decision.name.clone(), format!("decisions/{}", Uuid::new_v4())] {
        let own =
            pb::RecordDecisionRequest { name: name.clone(), request_id: fresh(), ..good.clone() };
        let theirs = pb::RecordDecisionRequest { person: format!("people/{other}"), ..own.clone() };
        is_absent(&jo.record_decision(own).await.unwrap_err());
        is_absent(&jo.record_decision(theirs).await.unwrap_err());
    }
    let unnamed = pb::Decision { name: format!("decisions/{}", Uuid::new_v4()), ..decision };
    is_absent(&doctor.confirm(confirming(&unnamed)).await.unwrap_err());
    is_absent(&jo.decisions(decisions_of(person)).await.unwrap_err());
}
