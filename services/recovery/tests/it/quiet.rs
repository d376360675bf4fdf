//! Words of a plan reach nobody but who reads it.

use wire::recovery::v1 as pb;

use crate::{
    supported::{adding, deciding, ending, saying, suggesting},
    world::{
        CLINIC, Section, World, history, items, list_of, making, practitioner, sharing, toolbox,
        unsharing, writing,
    },
};

/// A crisis plan with a word in each kind of field.
fn crisis() -> Section {
    let kim = pb::PlanSupporter {
        name: "canary-name".into(),
        contact: "canary-contact".into(),
        tasks: items(&["canary-task"]),
    };
    Section::CrisisPlan(pb::CrisisPlan {
        supporters: vec![kim],
        helps: items(&["canary-helps"]),
        ..pb::CrisisPlan::default()
    })
}

#[tokio::test]
async fn no_log_no_error_and_no_audit_record_holds_a_word_of_a_plan() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let (_, lee) = world.somebody();
    let section = jane.update(writing(person, crisis())).await.unwrap();
    let share = jane.share(sharing(&world, &section, CLINIC, "dr-c")).await.unwrap();
    let doctor = world.clinician(CLINIC, "dr-c");
    doctor.plan(person).await.unwrap();
    jane.plan(person).await.unwrap();
    jane.versions(history(&section)).await.unwrap();
    jane.shares(list_of(person)).await.unwrap();

    let mut errors = Vec::new();
    let stale = pb::UpdateSectionRequest { etag: "7".into(), ..writing(person, crisis()) };
    errors.push(jane.update(stale).await.unwrap_err());
    errors.push(jane.update(writing(person, toolbox("canary-\u{0}"))).await.unwrap_err());
    errors.push(jane.update(writing(person, toolbox(&"canary".repeat(500)))).await.unwrap_err());
    errors.push(lee.update(writing(person, crisis())).await.unwrap_err());
    errors.push(lee.plan(person).await.unwrap_err());
    let strange = pb::ShareSectionRequest {
        grantee: practitioner(crate::world::STRANGE, "canary-strange"),
        ..sharing(&world, &section, CLINIC, "dr-c")
    };
    errors.push(jane.share(strange).await.unwrap_err());
    let bad = pb::ShareSectionRequest {
        request_id: "canary-id".into(),
        section: "canary-section".into(),
        grantee: "canary-grantee".into(),
        until_time: None,
    };
    errors.push(jane.share(bad).await.unwrap_err());
    let page = pb::ListSharesRequest { page_token: "canary-token".into(), ..list_of(person) };
    errors.push(jane.shares(page).await.unwrap_err());
    let page =
        pb::ListSectionVersionsRequest { page_token: "canary-token".into(), ..history(&section) };
    errors.push(jane.versions(page).await.unwrap_err());
    let (kim, kims) = world.supporter(person, &jane, "kim").await;
    let suggested = kims.contribute(suggesting(person, toolbox("canary-swim"))).await.unwrap();
    jane.decide_contribution(deciding(&suggested.contribution.unwrap(), true)).await.unwrap();
    jane.update_supporter(saying(&kim)).await.unwrap();
    jane.end_supporter(ending(&kim)).await.unwrap();
    errors.push(kims.contribute(suggesting(person, toolbox("canary-run"))).await.unwrap_err());
    errors.push(jane.update_supporter(saying(&kim)).await.unwrap_err());
    let odd = adding(person, "canary-\u{202e}");
    errors.push(jane.add_supporter(odd).await.err().unwrap());
    jane.make_goal(making(person, "canary-goal")).await.unwrap();
    errors.push(lee.make_goal(making(person, "canary-goal")).await.unwrap_err());
    errors.push(jane.make_goal(making(person, "canary-\u{0}")).await.unwrap_err());
    let said = |answers| pb::RecordCheckInRequest {
        request_id: uuid::Uuid::new_v4().to_string(),
        person: format!("people/{person}"),
        instrument: "barc-10".into(),
        answers,
        words: items(&["canary-words"]).pop(),
    };
    jane.check_in(said(Vec::new())).await.unwrap();
    errors.push(lee.check_in(said(Vec::new())).await.unwrap_err());
    let odd = pb::CheckInAnswer { item: "canary-item".into(), value: Some(4_711) };
    errors.push(jane.check_in(said(vec![odd])).await.unwrap_err());
    jane.unshare(unsharing(&share)).await.unwrap();
    errors.push(doctor.plan(person).await.unwrap_err());
    // What makes no sense is an alarm, and no word of it is told.
    sqlx::query("UPDATE section_version SET content = $1 WHERE person_id = $2")
        .bind(b"\x07canary-broken".as_slice())
        .bind(person)
        .execute(&mut world.admin().await)
        .await
        .unwrap();
    errors.push(jane.plan(person).await.unwrap_err());
    errors.push(jane.versions(history(&section)).await.unwrap_err());

    for error in &errors {
        let details = String::from_utf8_lossy(error.details()).into_owned();
        assert!(!format!("{error:?} {details}").contains("canary"), "{error:?}");
    }
    let logs = world.logs.text();
    assert!(logs.contains("alarm=\"bad row\""), "something is logged");
    let told: Vec<&str> = logs.lines().filter(|line| line.contains("canary")).collect();
    assert!(told.is_empty(), "{told:#?}");
    for event in world.stage.events().await {
        let leaf = event.leaf().unwrap();
        assert!(!leaf.contains("canary"), "{leaf}");
    }
}
