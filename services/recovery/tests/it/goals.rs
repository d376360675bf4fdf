//! Goals are the person's own, as their plan is.

use kernel::{Action, Role};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;
use wire::recovery::v1::{self as pb, GoalDimension, GoalStatus};

use crate::world::{CLINIC, Client, HOUSING, World, is_absent, items, list_goals, making, told};

fn words(words: &str) -> Option<pb::PlanItem> {
    Some(pb::PlanItem { words: words.to_owned() })
}

fn rewriting(goal: &pb::Goal, words: &str, etag: &str) -> pb::UpdateGoalRequest {
    pb::UpdateGoalRequest {
        request_id: Uuid::new_v4().to_string(),
        name: goal.name.clone(),
        content: making(Uuid::nil(), words).content,
        etag: etag.to_owned(),
    }
}

async fn names(client: &Client, person: Uuid) -> Vec<String> {
    let goals = client.goals(list_goals(person)).await.unwrap().goals;
    goals.into_iter().map(|goal| goal.content.unwrap().goal.unwrap().words).collect()
}

#[tokio::test]
async fn a_goal_is_kept_as_it_was_said_and_each_write_is_a_version() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let content = pb::GoalContent {
        dimension: GoalDimension::Home.into(),
        goal: words("A flat\nof my own"),
        strengths: items(&["I pay my rent", "Kim"]),
        steps: vec![
            pb::GoalStep { step: words("call the landlord"), done: true },
            pb::GoalStep { step: words("look at it"), done: false },
        ],
        status: GoalStatus::Active.into(),
    };
    let request =
        pb::CreateGoalRequest { content: Some(content.clone()), ..making(person, "ignored") };
    let goal = jane.make_goal(request).await.unwrap();
    assert_eq!(goal.content.as_ref(), Some(&content));
    assert_eq!((goal.version, &*goal.etag), (1, "1"));
    assert_eq!(goal.person, format!("people/{person}"));
    assert_eq!(goal.create_time, goal.write_time);
    let id = Uuid::try_parse(goal.name.trim_start_matches("goals/")).unwrap();
    assert_eq!(id.get_version_num(), 4, "a name tells no time");

    world.clock.advance(time::Duration::seconds(60));
    let again = jane.rewrite_goal(rewriting(&goal, "A flat with a garden", "1")).await.unwrap();
    assert_eq!((again.version, &again.name), (2, &goal.name));
    assert_eq!(again.create_time, goal.create_time);
    assert_ne!(again.write_time, goal.write_time);
    let stale = jane.rewrite_goal(rewriting(&goal, "none", "1")).await.unwrap_err();
    assert_eq!(told(&stale), (Code::Aborted, "ETAG_MISMATCH".to_owned()));
    for odd in ["01", "x", "3"] {
        let stale = jane.rewrite_goal(rewriting(&goal, "none", odd)).await.unwrap_err();
        assert_eq!(stale.code(), Code::Aborted, "{odd}");
    }
    assert_eq!(jane.goals(list_goals(person)).await.unwrap().goals, [again]);
    // What it said before is kept.
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM own_version")
        .fetch_one(&mut world.admin().await)
        .await
        .unwrap();
    assert_eq!(kept, 2);
}

#[tokio::test]
async fn goals_are_listed_newest_first_a_page_at_a_time() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    for n in 0..5 {
        jane.make_goal(making(person, &n.to_string())).await.unwrap();
        world.clock.advance(time::Duration::seconds(1));
    }
    let mut page = pb::ListGoalsRequest { page_size: 2, ..list_goals(person) };
    let mut found = Vec::new();
    loop {
        let reply = jane.goals(page.clone()).await.unwrap();
        assert!(reply.goals.len() <= 2);
        found.extend(reply.goals.into_iter().map(|g| g.content.unwrap().goal.unwrap().words));
        if reply.next_page_token.is_empty() {
            break;
        }
        page.page_token = reply.next_page_token;
    }
    assert_eq!(found, ["4", "3", "2", "1", "0"]);
}

#[tokio::test]
async fn nobody_but_the_person_reads_or_writes_a_goal() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let (other, lee) = world.somebody();
    let goal = jane.make_goal(making(person, "a secret goal")).await.unwrap();
    let absent = pb::Goal { name: format!("goals/{}", Uuid::new_v4()), ..goal.clone() };
    let mut answers: Vec<Status> = Vec::new();
    for caller in [&lee, &world.signed_in(other, Some(&[CLINIC]))] {
        answers.push(caller.make_goal(making(person, "mine now")).await.unwrap_err());
        answers.push(caller.rewrite_goal(rewriting(&goal, "mine now", "")).await.unwrap_err());
        answers.push(caller.rewrite_goal(rewriting(&absent, "mine now", "")).await.unwrap_err());
        answers.push(caller.goals(list_goals(person)).await.unwrap_err());
    }
    answers.iter().for_each(is_absent);
    // Absent and another's are one answer, to the byte.
    let said = |status: &Status| (status.message().to_owned(), status.details().to_vec().len());
    assert!(answers.iter().all(|status| said(status) == said(&answers[0])));
    // Who has no business here is not let in, and staff see what is shared with them.
    let (doctor, representative) =
        (world.clinician(CLINIC, "dr-c"), world.individual("rep", Role::Representative));
    is_absent(&doctor.goals(list_goals(person)).await.unwrap_err());
    let refused = representative.goals(list_goals(person)).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    for staff in [doctor, representative] {
        let refused = staff.make_goal(making(person, "for them")).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
    }
    assert_eq!(names(&jane, person).await, ["a secret goal"]);
    assert!(names(&lee, other).await.is_empty());
    // What was refused is on record, by no word of it.
    let events = world.stage.events().await;
    assert!(events.iter().filter(|e| e.action == Action::Write).count() == 1);
    assert!(!world.logs.text().contains("secret goal"));
}

#[tokio::test]
async fn a_goal_is_gone_on_with_only_by_a_sign_in_that_stands_as_well() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let clinics = world.signed_in(person, Some(&[CLINIC]));
    let goal = clinics.make_goal(making(person, "vouched")).await.unwrap();
    let refused = world.signed_in(person, Some(&[HOUSING]));
    let expected = (Code::PermissionDenied, "SIGN_IN_NOT_CONFIRMED".to_owned());
    assert_eq!(told(&refused.goals(list_goals(person)).await.unwrap_err()), expected);
    let write = rewriting(&goal, "x", "");
    assert_eq!(told(&refused.rewrite_goal(write).await.unwrap_err()), expected);
    // A write by one that stands everywhere leaves the one that an agency vouches for behind.
    jane.rewrite_goal(rewriting(&goal, "proofed", "")).await.unwrap();
    assert_eq!(told(&clinics.goals(list_goals(person)).await.unwrap_err()), expected);
    assert_eq!(told(&clinics.plan(person).await.unwrap_err()), expected);
}

#[tokio::test]
async fn a_repeated_write_is_one_and_bad_input_is_named() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let request = making(person, "once");
    let made = jane.make_goal(request.clone()).await.unwrap();
    assert_eq!(jane.make_goal(request).await.unwrap(), made);
    let write = rewriting(&made, "twice", "1");
    let written = jane.rewrite_goal(write.clone()).await.unwrap();
    assert_eq!(jane.rewrite_goal(write).await.unwrap(), written);
    assert_eq!(names(&jane, person).await, ["twice"]);

    let fields = |status: &Status| {
        assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
        let bad = status.get_details_bad_request().unwrap();
        bad.field_violations.into_iter().map(|v| v.field).collect::<Vec<_>>()
    };
    let with = |change: &dyn Fn(&mut pb::GoalContent)| {
        let mut request = making(person, "odd");
        change(request.content.as_mut().unwrap());
        request
    };
    for (change, field) in [
        (&|c: &mut pb::GoalContent| c.dimension = 0) as &dyn Fn(&mut pb::GoalContent),
        &|c: &mut pb::GoalContent| c.dimension = 9,
    ]
    .into_iter()
    .map(|change| (change, "content.dimension"))
    .chain(
        [
            (&|c: &mut pb::GoalContent| c.status = 0) as &dyn Fn(&mut pb::GoalContent),
            &|c: &mut pb::GoalContent| c.status = 9,
        ]
        .map(|change| (change, "content.status")),
    ) {
        let refused = jane.make_goal(with(change)).await.unwrap_err();
        assert_eq!(fields(&refused), [field]);
    }
    let refused = jane.make_goal(with(&|c| c.goal = None)).await.unwrap_err();
    assert_eq!(fields(&refused), ["content.goal"]);
    let refused = jane.make_goal(with(&|c| c.steps = vec![pb::GoalStep::default()])).await;
    assert_eq!(fields(&refused.unwrap_err()), ["content.steps[0].step"]);
    let refused = jane.make_goal(with(&|c| c.strengths = items(&["a"; 51]))).await.unwrap_err();
    assert_eq!(fields(&refused), ["content.strengths"]);
    // Each is short enough, and all of them are not.
    let long = "ä".repeat(1000);
    let step = || pb::GoalStep { step: words(&long), done: false };
    let refused = jane.make_goal(with(&|c| c.steps = (0..50).map(|_| step()).collect())).await;
    assert_eq!(fields(&refused.unwrap_err()), ["content"]);
    let empty = jane.make_goal(pb::CreateGoalRequest::default()).await.unwrap_err();
    assert_eq!(fields(&empty), ["request_id", "person", "content"]);
    assert_eq!(names(&jane, person).await, ["twice"]);
}

#[tokio::test]
async fn there_is_an_end_to_how_many_goals_there_are() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let goal = jane.make_goal(making(person, "the first")).await.unwrap();
    sqlx::query(
        "INSERT INTO own_record (id, person_id, kind, created_at, written_at)
         SELECT gen_random_uuid(), person_id, kind, created_at, written_at
         FROM own_record CROSS JOIN generate_series(2, 500)",
    )
    .execute(&mut world.admin().await)
    .await
    .unwrap();
    let refused = jane.make_goal(making(person, "one more")).await.unwrap_err();
    assert_eq!(told(&refused), (Code::ResourceExhausted, "LIMIT_EXCEEDED".to_owned()));
    let info = refused.get_details_error_info().unwrap();
    assert_eq!(info.metadata["limit"], "500");
    // What is there is written on.
    jane.rewrite_goal(rewriting(&goal, "the first still", "")).await.unwrap();
    let (other, lee) = world.somebody();
    lee.make_goal(making(other, "another's")).await.unwrap();
}
