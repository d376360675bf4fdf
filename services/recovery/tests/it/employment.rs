//! Plans for work: the person's own, and what their employment specialist records.

use kernel::{Action, Role};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;
use wire::recovery::v1::{self as pb, EmployerTold, EmploymentDisclosureChoice as Choice};

use crate::{
    employed::{
        choosing, contact, content, ended, followed, letting_go, marking, naming, on, placed,
        recording, steps_of, telling, words, writing_work,
    },
    supported::fresh,
    world::{CLINIC, HOUSING, STRANGE, World, is_absent, items, practitioner, told},
};

const TODAY: &str = "2040-03-01";

fn fields(status: &Status) -> Vec<String> {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let bad = status.get_details_bad_request().unwrap();
    bad.field_violations.into_iter().map(|v| v.field).collect()
}

fn sharing(world: &World, plan: &pb::EmploymentPlan, grantee: &str) -> pb::ShareSectionRequest {
    pb::ShareSectionRequest {
        request_id: fresh(),
        section: plan.name.clone(),
        grantee: grantee.to_owned(),
        until_time: world.after(24),
    }
}

#[tokio::test]
async fn a_plan_is_the_persons_alone_one_each_and_written_whole() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let (other, lee) = world.somebody();
    is_absent(&jane.working(person).await.unwrap_err());
    let stale = jane.update_employment_plan(writing_work(person, content(), "1")).await;
    assert_eq!(stale.unwrap_err().code(), Code::Aborted, "there is none yet");
    let first = writing_work(person, content(), "");
    let plan = jane.update_employment_plan(first.clone()).await.unwrap().plan.unwrap();
    assert_eq!((plan.version, &*plan.etag, &plan.content), (1, "1", &Some(content())));
    assert_eq!(jane.update_employment_plan(first).await.unwrap().plan.unwrap(), plan);
    let id = Uuid::try_parse(plan.name.trim_start_matches("employmentPlans/")).unwrap();
    assert_eq!(id.get_version_num(), 4, "a name tells no time");
    assert_eq!(jane.working(person).await.unwrap(), plan);
    let later = pb::EmploymentPlanContent { goals: items(&["company"]), ..content() };
    let again = writing_work(person, later.clone(), "1");
    let again = jane.update_employment_plan(again).await.unwrap().plan.unwrap();
    assert_eq!((again.version, &again.name, again.content), (2, &plan.name, Some(later)));
    let stale = jane.update_employment_plan(writing_work(person, content(), "1")).await;
    assert_eq!(told(&stale.unwrap_err()), (Code::Aborted, "ETAG_MISMATCH".to_owned()));
    // Two at once make one.
    let at_once = [
        lee.update_employment_plan(writing_work(other, content(), "")),
        lee.update_employment_plan(writing_work(other, content(), "")),
    ];
    let made = futures::future::join_all(at_once).await;
    assert!(made.iter().any(Result::is_ok));
    let plans: i64 = sqlx::query_scalar("SELECT count(*) FROM own_record WHERE kind = 5")
        .fetch_one(&mut world.admin().await)
        .await
        .unwrap();
    assert_eq!(plans, 2);

    let mut refused = vec![
        lee.working(person).await.unwrap_err(),
        lee.update_employment_plan(writing_work(person, content(), "")).await.unwrap_err(),
        lee.set_employment_specialist(naming(&world, &plan, CLINIC, "kim")).await.unwrap_err(),
        lee.end_employment_specialist(letting_go(&plan)).await.unwrap_err(),
        lee.step(&plan, contact(TODAY, "Cafe")).await.unwrap_err(),
        lee.steps(&plan).await.unwrap_err(),
    ];
    let absent = pb::EmploymentPlan { name: format!("employmentPlans/{}", Uuid::new_v4()), ..plan };
    for agency in [CLINIC, HOUSING] {
        let staff = world.clinician(agency, "kim");
        refused.push(staff.working(person).await.unwrap_err());
        for plan in [&plan_named(&again.name), &absent] {
            refused.push(staff.steps(plan).await.unwrap_err());
            refused.push(staff.step(plan, contact(TODAY, "Cafe")).await.unwrap_err());
        }
    }
    refused.iter().for_each(is_absent);
    let said = |status: &Status| (status.message().to_owned(), status.details().len());
    assert!(refused.iter().all(|status| said(status) == said(&refused[0])));
    let rep = world.individual("rep", Role::Representative);
    assert_eq!(rep.working(person).await.unwrap_err().code(), Code::PermissionDenied);
}

fn plan_named(name: &str) -> pb::EmploymentPlan {
    pb::EmploymentPlan { name: name.to_owned(), ..pb::EmploymentPlan::default() }
}

#[tokio::test]
async fn the_specialist_records_what_they_do_and_nobody_else_with_whom_it_is_shared() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let plan = jane.work(person, content()).await;
    let named = jane.named(&world, &plan, CLINIC, "kim").await;
    let share = named.share.unwrap();
    assert_eq!((&share.section, share.grantee), (&plan.name, practitioner(CLINIC, "kim")));
    let kim = world.clinician(CLINIC, "kim");
    let seen = kim.working(person).await.unwrap();
    assert_eq!(
        (&*seen.etag, seen.content, seen.specialist),
        ("", Some(content()), named.specialist)
    );
    let counselled = pb::EmploymentStepContent {
        benefits_counselling: Some(pb::BenefitsCounsellingGiven { given_by: "Lee".into() }),
        words: words("she keeps the health plan"),
        ..on(TODAY)
    };
    let mut steps = Vec::new();
    let then = || world.clock.advance(time::Duration::seconds(1));
    for (by, said) in [
        (&kim, contact(TODAY, "Cafe")),
        (&kim, counselled),
        (&kim, placed(TODAY, "Green Nursery", true)),
    ] {
        steps.push(by.step(&plan, said).await.unwrap());
        then();
    }
    let job = steps[2].clone();
    // There is no end to the contacts, nor with the job's.
    for (by, said) in
        [(&jane, followed(TODAY, &job)), (&kim, ended(TODAY, &job)), (&kim, followed(TODAY, &job))]
    {
        steps.push(by.step(&plan, said).await.unwrap());
        then();
    }
    let by: Vec<&str> = steps.iter().map(|step| &*step.recorded_by).collect();
    let kims = practitioner(CLINIC, "kim");
    assert_eq!(by, [&*kims, &*kims, &*kims, "", &*kims, &*kims]);
    steps.reverse();
    assert_eq!(jane.steps(&plan).await.unwrap(), steps);
    assert_eq!(kim.steps(&plan).await.unwrap(), steps);

    // Of the same name at another agency, and a colleague.
    for stranger in [world.clinician(HOUSING, "kim"), world.clinician(CLINIC, "max")] {
        is_absent(&stranger.working(person).await.unwrap_err());
        is_absent(&stranger.steps(&plan).await.unwrap_err());
        is_absent(&stranger.step(&plan, contact(TODAY, "Cafe")).await.unwrap_err());
        is_absent(&stranger.mark_employment_step_in_error(marking(&job)).await.unwrap_err());
    }
    // With whom it is shared they read it, and are not told who the specialist is.
    let (sue, sues) = world.supporter(person, &jane, "sue").await;
    for grantee in [practitioner(CLINIC, "max"), sue.name.clone()] {
        jane.share(sharing(&world, &plan, &grantee)).await.unwrap();
    }
    let max = world.clinician(CLINIC, "max");
    for reader in [&max, &sues] {
        let seen = reader.working(person).await.unwrap();
        assert_eq!((seen.content, seen.specialist), (Some(content()), None));
        let unnamed = |step: &pb::EmploymentStep| pb::EmploymentStep {
            recorded_by: String::new(),
            ..step.clone()
        };
        let unnamed: Vec<_> = steps.iter().map(unnamed).collect();
        assert_eq!(reader.steps(&plan).await.unwrap(), unnamed);
    }
    let not_theirs = (Code::PermissionDenied, "ACTION_NOT_PERMITTED".to_owned());
    assert_eq!(told(&max.step(&plan, contact(TODAY, "Cafe")).await.unwrap_err()), not_theirs);
    let marks = max.mark_employment_step_in_error(marking(&job)).await;
    assert_eq!(told(&marks.unwrap_err()), not_theirs);
    let supporter = sues.step(&plan, contact(TODAY, "Cafe")).await.unwrap_err();
    assert_eq!(supporter.code(), Code::PermissionDenied);
    assert_eq!(jane.steps(&plan).await.unwrap().len(), steps.len());
    // Each is on record by the plan, by what opened it.
    let id = Uuid::try_parse(plan.name.trim_start_matches("employmentPlans/")).unwrap();
    let events = world.stage.events().await;
    let written = events.iter().filter(|e| {
        e.action == Action::Write
            && e.rpc.ends_with("/RecordEmploymentStep")
            && e.outcome == ledger::Outcome::Permit
    });
    let bases: Vec<_> = written
        .map(|e| {
            assert!(e.records == [id] && e.person == Some(person));
            e.bases[0].to_string()
        })
        .collect();
    assert_eq!(bases, ["SHARE", "SHARE", "SHARE", "SELF", "SHARE", "SHARE"]);
    assert!(!world.logs.text().contains("plants") && !world.logs.text().contains("Nursery"));
}

#[tokio::test]
async fn shares_are_asked_for_beside_the_connections_that_transactions_have() {
    let world = World::narrow().await;
    let (person, jane) = world.somebody();
    let plan = jane.work(person, content()).await;
    jane.named(&world, &plan, CLINIC, "kim").await;
    let kim = world.clinician(CLINIC, "kim");
    // The transaction has the one connection when it asks for the last time, and those that follow wait for it.
    let steps = [contact(TODAY, "Cafe"), placed(TODAY, "Green Nursery", true)];
    let [first, second] = steps.map(|said| kim.step(&plan, said));
    let (first, second) = tokio::join!(first, second);
    let mut made = [first.unwrap().name, second.unwrap().name];
    let mut seen: Vec<_> = jane.steps(&plan).await.unwrap();
    seen.sort_by(|one, other| one.name.cmp(&other.name));
    made.sort();
    assert!(seen.iter().map(|step| &step.name).eq(&made), "{seen:?}");
}

#[tokio::test]
async fn an_employer_is_told_no_more_than_the_person_chose() {
    use EmployerTold::{ThatThereIsSupport, WhatThePersonSays};
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let plan = jane.work(person, content()).await;
    jane.named(&world, &plan, CLINIC, "kim").await;
    let kim = world.clinician(CLINIC, "kim");
    let field = "content.employer_contact.told";
    for what in [ThatThereIsSupport, WhatThePersonSays] {
        let refused = kim.step(&plan, telling(TODAY, "Cafe", what)).await.unwrap_err();
        assert_eq!(fields(&refused), [field]);
        let bad = refused.get_details_bad_request().unwrap();
        assert!(bad.field_violations[0].description.contains("what the person chose"));
    }
    // For one employer the person chose otherwise; its name is known by its words.
    let asked = telling(TODAY, " green  NURSERY", ThatThereIsSupport);
    kim.step(&plan, asked).await.unwrap();
    let beyond = kim.step(&plan, telling(TODAY, "Green Nursery", WhatThePersonSays)).await;
    assert_eq!(fields(&beyond.unwrap_err()), [field]);
    // After a placement it is the placement's employer.
    let cafe = kim.step(&plan, placed(TODAY, "Cafe", true)).await.unwrap();
    let nursery = kim.step(&plan, placed(TODAY, "Green Nursery", true)).await.unwrap();
    let with_employer = |job: &pb::EmploymentStep| {
        let mut after = followed(TODAY, job);
        let one = after.follow_along.as_mut().unwrap();
        (one.with_employer, one.told) = (true, ThatThereIsSupport.into());
        after
    };
    let refused = kim.step(&plan, with_employer(&cafe)).await.unwrap_err();
    assert_eq!(fields(&refused), ["content.follow_along.told"]);
    kim.step(&plan, with_employer(&nursery)).await.unwrap();
    // The person tells whom they like.
    jane.step(&plan, telling(TODAY, "Cafe", WhatThePersonSays)).await.unwrap();
    // What they choose holds from then on.
    let says = pb::EmploymentPlanContent {
        disclosure: choosing(Choice::WhatISay),
        employer_disclosures: Vec::new(),
        ..content()
    };
    jane.work(person, says).await;
    kim.step(&plan, telling(TODAY, "Cafe", WhatThePersonSays)).await.unwrap();
    let more = kim.step(&plan, telling(TODAY, "Green Nursery", ThatThereIsSupport)).await;
    assert_eq!(fields(&more.unwrap_err()), [field]);
    jane.work(person, pb::EmploymentPlanContent::default()).await;
    let unsaid = kim.step(&plan, telling(TODAY, "Cafe", ThatThereIsSupport)).await;
    assert_eq!(fields(&unsaid.unwrap_err()), [field]);
    kim.step(&plan, contact(TODAY, "Cafe")).await.unwrap();
}

#[tokio::test]
async fn a_step_entered_in_error_stays_and_counts_for_nothing() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let plan = jane.work(person, content()).await;
    jane.named(&world, &plan, CLINIC, "kim").await;
    let kim = world.clinician(CLINIC, "kim");
    let job = kim.step(&plan, placed(TODAY, "Cafe", true)).await.unwrap();
    let end = kim.step(&plan, ended(TODAY, &job)).await.unwrap();
    let twice = kim.step(&plan, ended(TODAY, &job)).await.unwrap_err();
    assert_eq!(fields(&twice), ["content.job_end.placement"]);
    let wrong = (Code::FailedPrecondition, "WRONG_STATE".to_owned());
    let named = kim.mark_employment_step_in_error(marking(&job)).await.unwrap_err();
    assert_eq!(told(&named), wrong, "the end names it");
    let mark = marking(&end);
    let marked = kim.mark_employment_step_in_error(mark.clone()).await.unwrap().step.unwrap();
    assert!(marked.error_time.is_some() && marked.content == end.content);
    let again = kim.mark_employment_step_in_error(mark).await.unwrap().step.unwrap();
    assert_eq!(again, marked);
    let twice = kim.mark_employment_step_in_error(marking(&end)).await.unwrap_err();
    assert_eq!(told(&twice), wrong);
    // It has not ended, then.
    let end = kim.step(&plan, ended(TODAY, &job)).await.unwrap();
    // What the person has recorded is theirs to mark; and they mark any.
    let own = jane.step(&plan, contact(TODAY, "Cafe")).await.unwrap();
    let not_theirs = (Code::PermissionDenied, "ACTION_NOT_PERMITTED".to_owned());
    let refused = kim.mark_employment_step_in_error(marking(&own)).await.unwrap_err();
    assert_eq!(told(&refused), not_theirs);
    for step in [&own, &end, &job] {
        jane.mark_employment_step_in_error(marking(step)).await.unwrap();
    }
    let after = kim.step(&plan, followed(TODAY, &job)).await.unwrap_err();
    assert_eq!(fields(&after), ["content.follow_along.placement"]);
    let kept = jane.steps(&plan).await.unwrap();
    assert_eq!(kept.len(), 4);
    assert!(kept.iter().all(|step| step.error_time.is_some()));
    let absent = pb::EmploymentStep { name: format!("employmentSteps/{}", Uuid::new_v4()), ..job };
    for caller in [&jane, &kim, &world.somebody().1] {
        is_absent(&caller.mark_employment_step_in_error(marking(&absent)).await.unwrap_err());
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_named_and_nothing_is_written() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let with = |change: &dyn Fn(&mut pb::EmploymentPlanContent)| {
        let mut said = content();
        change(&mut said);
        writing_work(person, said, "")
    };
    type Change = &'static dyn Fn(&mut pb::EmploymentPlanContent);
    let changes: [(Change, &str); 15] = [
        (&|c| wants(c).least_hours = -1, "content.preferences.least_hours"),
        (&|c| wants(c).most_hours = 169, "content.preferences.most_hours"),
        (&|c| wants(c).most_hours = -1, "content.preferences.most_hours"),
        (&|c| wants(c).most_hours = 9, "content.preferences.most_hours"),
        (&|c| wants(c).jobs = items(&["a"; 51]), "content.preferences.jobs"),
        (&|c| c.goals = items(&["a"; 51]), "content.goals"),
        (&|c| chosen(c).choice = 0, "content.disclosure.choice"),
        (&|c| chosen(c).words = words("all"), "content.disclosure.words"),
        (&|c| chosen(c).choice = Choice::WhatISay.into(), "content.disclosure.words"),
        (
            &|c| c.employer_disclosures[0].disclosure = None,
            "content.employer_disclosures[0].disclosure",
        ),
        (
            &|c| {
                let employer = "green NURSERY ".into();
                let disclosure = choosing(Choice::Nothing);
                c.employer_disclosures.push(pb::EmployerDisclosure { employer, disclosure });
            },
            "content.employer_disclosures[1].employer",
        ),
        (
            &|c| benefits(c).offer_date = "2040-02-30".into(),
            "content.benefits_counselling.offer_date",
        ),
        (
            &|c| benefits(c).done_date = "2040-03-03".into(),
            "content.benefits_counselling.done_date",
        ),
        (
            &|c| benefits(c).done_date = "2040-01-31".into(),
            "content.benefits_counselling.done_date",
        ),
        (&|c| benefits(c).declined = true, "content.benefits_counselling.declined"),
    ];
    for (change, field) in changes {
        let refused = jane.update_employment_plan(with(change)).await.unwrap_err();
        assert_eq!(fields(&refused), [field]);
    }
    let empty = pb::UpdateEmploymentPlanRequest::default();
    let refused = jane.update_employment_plan(empty).await.unwrap_err();
    assert_eq!(fields(&refused), ["request_id", "person", "content"]);
    let long = "ä".repeat(1000);
    let large = with(&|c| c.goals = items(&[&*long; 50]));
    assert_eq!(fields(&jane.update_employment_plan(large).await.unwrap_err()), ["content"]);
    is_absent(&jane.working(person).await.unwrap_err());

    let plan = jane.work(person, content()).await;
    for (asked, field) in [
        (naming(&world, &plan, STRANGE, "kim"), "practitioner"),
        (
            pb::SetEmploymentSpecialistRequest {
                until_time: world.after(0),
                ..naming(&world, &plan, CLINIC, "kim")
            },
            "until_time",
        ),
        (
            pb::SetEmploymentSpecialistRequest {
                practitioner: format!("supporters/{person}"),
                ..naming(&world, &plan, CLINIC, "kim")
            },
            "practitioner",
        ),
    ] {
        let refused = jane.set_employment_specialist(asked).await.unwrap_err();
        assert_eq!(fields(&refused), [field]);
    }
    let job = jane.step(&plan, placed(TODAY, "Cafe", true)).await.unwrap();
    let seen = jane.step(&plan, contact(TODAY, "Cafe")).await.unwrap();
    for (step, field) in [
        (contact("2040-03-03", "Cafe"), "content.date"),
        (contact("2040-02-30", "Cafe"), "content.date"),
        (contact("1899-12-31", "Cafe"), "content.date"),
        (contact("today", "Cafe"), "content.date"),
        (on(TODAY), "content"),
        (
            pb::EmploymentStepContent {
                placement: placed(TODAY, "Cafe", true).placement,
                ..contact(TODAY, "Cafe")
            },
            "content",
        ),
        (contact(TODAY, ""), "content.employer_contact.employer"),
        (telling(TODAY, "Cafe", EmployerTold::Unspecified), "content.employer_contact.told"),
        (hours(0), "content.placement.hours_a_week"),
        (hours(169), "content.placement.hours_a_week"),
        (ended("2040-02-29", &job), "content.date"),
        (ended(TODAY, &seen), "content.job_end.placement"),
        (followed(TODAY, &seen), "content.follow_along.placement"),
        (
            pb::EmploymentStepContent {
                follow_along: Some(pb::FollowAlong {
                    told: EmployerTold::Nothing.into(),
                    ..followed(TODAY, &job).follow_along.unwrap()
                }),
                ..on(TODAY)
            },
            "content.follow_along.told",
        ),
    ] {
        let refused = jane.step(&plan, step.clone()).await.unwrap_err();
        assert_eq!(fields(&refused), [field], "{step:?}");
    }
    // Where it is tomorrow already.
    jane.step(&plan, contact("2040-03-02", "Cafe")).await.unwrap();
    assert_eq!(jane.steps(&plan).await.unwrap().len(), 3);
}

fn wants(said: &mut pb::EmploymentPlanContent) -> &mut pb::EmploymentPreferences {
    said.preferences.as_mut().unwrap()
}

fn chosen(said: &mut pb::EmploymentPlanContent) -> &mut pb::EmploymentDisclosure {
    said.disclosure.as_mut().unwrap()
}

fn benefits(said: &mut pb::EmploymentPlanContent) -> &mut pb::BenefitsCounselling {
    said.benefits_counselling.as_mut().unwrap()
}

fn hours(hours_a_week: i32) -> pb::EmploymentStepContent {
    let mut step = placed(TODAY, "Cafe", true);
    step.placement.as_mut().unwrap().hours_a_week = hours_a_week;
    step
}

#[tokio::test]
async fn steps_are_listed_in_pages_recorded_once_and_not_without_end() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let plan = jane.work(person, content()).await;
    jane.named(&world, &plan, CLINIC, "kim").await;
    let kim = world.clinician(CLINIC, "kim");
    let mut expected = Vec::new();
    for n in 0..5 {
        let asked = recording(&plan.name, contact(TODAY, &n.to_string()));
        let step = kim.record_employment_step(asked.clone()).await.unwrap();
        assert_eq!(kim.record_employment_step(asked).await.unwrap(), step);
        expected.insert(0, step.step.unwrap());
        world.clock.advance(time::Duration::seconds(1));
    }
    let mut page = pb::ListEmploymentStepsRequest { page_size: 2, ..steps_of(&plan) };
    let mut found = Vec::new();
    loop {
        let reply = kim.list_employment_steps(page.clone()).await.unwrap();
        assert!(reply.steps.len() <= 2);
        found.extend(reply.steps);
        if reply.next_page_token.is_empty() {
            break;
        }
        page.page_token = reply.next_page_token;
    }
    assert_eq!(found, expected);
    sqlx::query(
        "INSERT INTO employment_step SELECT gen_random_uuid(), record_id, person_id, kind,
             recorded_by, on_date, face_to_face, competitive, placement_id, content, recorded_at
         FROM (SELECT * FROM employment_step LIMIT 1) s CROSS JOIN generate_series(6, 2000)",
    )
    .execute(&mut world.admin().await)
    .await
    .unwrap();
    for caller in [&jane, &kim] {
        let refused = caller.step(&plan, contact(TODAY, "Cafe")).await.unwrap_err();
        assert_eq!(told(&refused), (Code::ResourceExhausted, "LIMIT_EXCEEDED".to_owned()));
    }
}
