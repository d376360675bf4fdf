//! Suggestions: made without reading anything, and a part of the plan only where the person says so.

use futures::future::join_all;
use kernel::Role;
use tonic::Code;
use uuid::Uuid;
use wire::recovery::v1::{self as pb, ContributionState as State, PlanSectionKind as Kind};

use crate::{
    supported::{deciding, ending, fresh, suggesting, suggestions_to, whole},
    world::{CLINIC, STRANGE, Section, World, history, is_absent, items, told, toolbox, writing},
};

#[tokio::test]
async fn what_is_accepted_becomes_a_part_of_the_section_and_what_is_not_does_not() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let tools = jane.update(writing(person, toolbox("a walk"))).await.unwrap();
    let (_, kims) = world.supporter(person, &jane, "kim").await;
    let doctor = world.clinician(CLINIC, "dr-c");
    let one = kims.contribute(suggesting(person, toolbox("a swim"))).await.unwrap();
    let one = one.contribution.unwrap();
    world.clock.advance(time::Duration::SECOND);
    let other = doctor.contribute(suggesting(person, toolbox("a pill"))).await.unwrap();
    let other = other.contribution.unwrap();
    assert_eq!(one.state(), State::Pending);
    assert!(one.contributor.starts_with("supporters/"));
    assert_eq!(other.contributor, format!("agencies/{CLINIC}/practitioners/dr-c"));
    let listed = jane.list_contributions(suggestions_to(person)).await.unwrap().contributions;
    assert_eq!(listed, [other.clone(), one.clone()]);
    // Nothing of it is in the plan yet.
    assert_eq!(jane.section(person, Kind::WellnessToolbox).await.content, Some(toolbox("a walk")));
    let accept = deciding(&one, true);
    let accepted = jane.decide_contribution(accept.clone()).await.unwrap().contribution.unwrap();
    assert_eq!(accepted.state(), State::Accepted);
    let again = jane.decide_contribution(accept).await.unwrap().contribution.unwrap();
    assert_eq!(again, accepted);
    jane.decide_contribution(deciding(&other, false)).await.unwrap();
    let now = jane.section(person, Kind::WellnessToolbox).await;
    let both =
        Section::WellnessToolbox(pb::WellnessToolbox { tools: items(&["a walk", "a swim"]) });
    assert_eq!((now.version, now.content), (2, Some(both.into())));
    assert_eq!(jane.versions(history(&tools)).await.unwrap().versions.len(), 2);
    // Each is told of their own, and of what became of it.
    let own = kims.list_contributions(suggestions_to(person)).await.unwrap().contributions;
    assert_eq!((own.len(), own[0].state()), (1, State::Accepted));
    let own = doctor.list_contributions(suggestions_to(person)).await.unwrap().contributions;
    assert_eq!((own.len(), own[0].state()), (1, State::Declined));
    for one in [&one, &other] {
        let refused = jane.decide_contribution(deciding(one, true)).await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition);
    }
    is_absent(&kims.plan(person).await.unwrap_err());
}

#[tokio::test]
async fn a_section_that_says_nothing_and_a_plan_that_is_not_there_take_a_suggestion() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let doctor = world.clinician(CLINIC, "dr-c");
    let crisis = Section::CrisisPlan(pb::CrisisPlan {
        helps: items(&["quiet"]),
        ..pb::CrisisPlan::default()
    });
    let crisis = pb::SectionContent::from(crisis);
    let one = doctor.contribute(suggesting(person, crisis.clone())).await.unwrap();
    jane.decide_contribution(deciding(&one.contribution.unwrap(), true)).await.unwrap();
    let section = jane.section(person, Kind::CrisisPlan).await;
    assert_eq!((section.version, section.content), (1, Some(crisis)));
}

#[tokio::test]
async fn no_answer_and_no_error_tells_whether_there_is_a_plan_or_what_it_says() {
    let world = World::new().await;
    let (with, jane) = world.somebody();
    let (without, lee) = world.somebody();
    // One has a plan that is full; the other has none.
    let full = || Section::WellnessToolbox(pb::WellnessToolbox { tools: items(&["a walk"; 50]) });
    jane.update(writing(with, full())).await.unwrap();
    world.supporter(with, &jane, "kim").await;
    let supporter = lee.add_supporter(crate::supported::adding(without, "kim")).await.unwrap();
    world.joined(without, &supporter.supporter.unwrap(), "kim");
    // Nobody but the person's own sign-in has touched the plan of `without` since: as if it were not there.
    let mut admin = world.admin().await;
    for sql in
        ["DELETE FROM plan_section WHERE person_id = $1", "DELETE FROM plan WHERE person_id = $1"]
    {
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(without).execute(&mut admin).await.unwrap();
    }
    for by in [world.individual("kim", Role::Supporter), world.clinician(CLINIC, "dr-c")] {
        let mut answers = Vec::new();
        for person in [with, without] {
            let made = by.contribute(suggesting(person, toolbox("a swim"))).await.unwrap();
            let mut made = made.contribution.unwrap();
            (made.name, made.person, made.contributor, made.create_time) = Default::default();
            let mut listed = by.list_contributions(suggestions_to(person)).await.unwrap();
            for one in &mut listed.contributions {
                (one.name, one.person, one.contributor, one.create_time) = Default::default();
            }
            let many =
                pb::SectionContent { triggers: Some(pb::Triggers::default()), ..toolbox("x") };
            let refused = [
                by.contribute(suggesting(person, many)).await.unwrap_err(),
                by.plan(person).await.unwrap_err(),
            ];
            answers.push((made, listed, refused.map(|status| whole(&status))));
        }
        assert_eq!(answers[0], answers[1]);
    }
    // Whom it does not fit in any more is told to the person alone.
    let listed = jane.list_contributions(suggestions_to(with)).await.unwrap().contributions;
    let refused = jane.decide_contribution(deciding(&listed[0], true)).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    jane.decide_contribution(deciding(&listed[0], false)).await.unwrap();
}

#[tokio::test]
async fn to_whom_one_has_nothing_to_do_with_is_nobody() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let (kim, kims) = world.supporter(person, &jane, "kim").await;
    let (_, lee) = world.somebody();
    let one = kims.contribute(suggesting(person, toolbox("a swim"))).await.unwrap();
    let one = one.contribution.unwrap();
    let unknown = Uuid::new_v4();
    let mut refusals = Vec::new();
    for (by, to) in [
        (&kims, unknown),
        (&world.individual("stranger", Role::Supporter), person),
        (&world.clinician(STRANGE, "dr-c"), person),
        (&world.clinician(CLINIC, "dr-c"), unknown),
    ] {
        refusals.push(by.contribute(suggesting(to, toolbox("a swim"))).await.unwrap_err());
        refusals.push(by.list_contributions(suggestions_to(to)).await.unwrap_err());
    }
    refusals.push(lee.list_contributions(suggestions_to(person)).await.unwrap_err());
    refusals.push(lee.decide_contribution(deciding(&one, true)).await.unwrap_err());
    // Whom the person has ended, the people service binding them still.
    let replay = suggesting(person, toolbox("a nap"));
    kims.contribute(replay.clone()).await.unwrap();
    jane.end_supporter(ending(&kim)).await.unwrap();
    refusals.push(kims.contribute(suggesting(person, toolbox("a swim"))).await.unwrap_err());
    refusals.push(kims.contribute(replay).await.unwrap_err());
    refusals.push(kims.list_contributions(suggestions_to(person)).await.unwrap_err());
    assert!(refusals.iter().all(|refused| whole(refused) == whole(&refusals[0])), "{refusals:?}");
    is_absent(&refusals[0]);
    for by in [&kims, &world.clinician(CLINIC, "dr-c")] {
        let refused = by.decide_contribution(deciding(&one, true)).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
    }
    let refused = jane.contribute(suggesting(person, toolbox("a swim"))).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "the person writes");
    // What was suggested stays for the person to decide on.
    jane.decide_contribution(deciding(&one, true)).await.unwrap();
}

#[tokio::test]
async fn a_suggestion_is_made_once_and_so_many_wait_at_a_time() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let (_, kims) = world.supporter(person, &jane, "kim").await;
    let message = suggesting(person, toolbox("a swim"));
    let first = kims.contribute(message.clone()).await.unwrap();
    assert_eq!(kims.contribute(message.clone()).await.unwrap(), first);
    let other = pb::ContributeRequest { content: Some(toolbox("a nap")), ..message };
    let refused = kims.contribute(other).await.unwrap_err();
    assert_eq!(told(&refused), (Code::FailedPrecondition, "REQUEST_ID_REUSED".to_owned()));
    let many = (0..30).map(|n| kims.contribute(suggesting(person, toolbox(&n.to_string()))));
    let made = join_all(many).await;
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 19);
    assert!(
        made.iter()
            .flat_map(|made| made.as_ref().err())
            .all(|refused| { refused.code() == Code::ResourceExhausted })
    );
    // Others' are their own.
    world
        .clinician(CLINIC, "dr-c")
        .contribute(suggesting(person, toolbox("a pill")))
        .await
        .unwrap();
    jane.decide_contribution(deciding(&first.contribution.unwrap(), false)).await.unwrap();
    kims.contribute(suggesting(person, toolbox("one more"))).await.unwrap();
    let page = pb::ListContributionsRequest { page_size: 15, ..suggestions_to(person) };
    let first = kims.list_contributions(page.clone()).await.unwrap();
    let next = pb::ListContributionsRequest { page_token: first.next_page_token, ..page };
    assert_eq!(kims.list_contributions(next.clone()).await.unwrap().contributions.len(), 6);
    let refused = jane.list_contributions(next).await.unwrap_err();
    assert_eq!(told(&refused).1, "PAGE_TOKEN_INVALID");
}

#[tokio::test]
async fn what_is_no_suggestion_is_named() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let (_, kims) = world.supporter(person, &jane, "kim").await;
    let long = "a".repeat(1000);
    let empty = Section::Triggers(pb::Triggers::default());
    for content in [
        pb::SectionContent::default(),
        empty.into(),
        pb::SectionContent { triggers: Some(pb::Triggers::default()), ..toolbox("a walk") },
        toolbox(" "),
        toolbox("a\u{202e}b"),
        Section::WellnessToolbox(pb::WellnessToolbox { tools: items(&[&*long; 9]) }).into(),
    ] {
        let refused = kims.contribute(suggesting(person, content)).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    }
    for message in [
        pb::ContributeRequest { content: None, ..suggesting(person, toolbox("x")) },
        pb::ContributeRequest { request_id: String::new(), ..suggesting(person, toolbox("x")) },
        suggesting(Uuid::nil(), toolbox("x")),
    ] {
        assert_eq!(kims.contribute(message).await.unwrap_err().code(), Code::InvalidArgument);
    }
    let odd = pb::DecideContributionRequest {
        request_id: fresh(),
        name: "contributions/1".into(),
        accept: true,
        ..pb::DecideContributionRequest::default()
    };
    assert_eq!(jane.decide_contribution(odd).await.unwrap_err().code(), Code::InvalidArgument);
}
