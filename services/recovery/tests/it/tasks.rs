//! Tasks: the person asks, one of their circle answers.

use kernel::Clock as _;
use time::Duration;
use tonic::Code;
use uuid::Uuid;
use wire::{
    convert::timestamp,
    recovery::v1::{self as pb, TaskKind, TaskState},
};

use crate::{
    supported::{ending, fresh, saying},
    world::{CLINIC, Client, World, is_absent, list_of, told},
};

fn content(words: &str) -> pb::TaskContent {
    pb::TaskContent {
        kind: TaskKind::Transport.into(),
        task: Some(pb::PlanItem { words: words.to_owned() }),
        ..pb::TaskContent::default()
    }
}

pub fn asking(
    world: &World,
    person: Uuid,
    words: &str,
    whom: Option<&pb::Supporter>,
) -> pb::CreateTaskRequest {
    pb::CreateTaskRequest {
        request_id: fresh(),
        person: format!("people/{person}"),
        content: Some(content(words)),
        supporter: whom.map(|one| one.name.clone()).unwrap_or_default(),
        until_time: whom.and_then(|_| world.after(24)),
    }
}

fn stepping(task: &pb::Task, state: TaskState) -> pb::UpdateTaskRequest {
    pb::UpdateTaskRequest {
        request_id: fresh(),
        name: task.name.clone(),
        state: state.into(),
        ..pb::UpdateTaskRequest::default()
    }
}

fn rewriting(
    world: &World,
    task: &pb::Task,
    words: &str,
    whom: Option<&pb::Supporter>,
) -> pb::UpdateTaskRequest {
    pb::UpdateTaskRequest {
        request_id: fresh(),
        name: task.name.clone(),
        content: Some(content(words)),
        supporter: whom.map(|one| one.name.clone()).unwrap_or_default(),
        until_time: whom.and_then(|_| world.after(24)),
        ..pb::UpdateTaskRequest::default()
    }
}

pub fn tasks_of(person: Uuid) -> pb::ListTasksRequest {
    pb::ListTasksRequest { person: format!("people/{person}"), ..pb::ListTasksRequest::default() }
}

async fn only(client: &Client, person: Uuid) -> pb::Task {
    let mut tasks = client.tasks(tasks_of(person)).await.unwrap().tasks;
    assert_eq!(tasks.len(), 1);
    tasks.remove(0)
}

#[tokio::test]
async fn a_supporter_takes_on_what_they_are_asked_for_and_says_that_it_is_done() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let (kim, kims) = world.supporter(person, &jane, "kim").await;
    let (_, toms) = world.supporter(person, &jane, "tom").await;
    is_absent(&kims.tasks(tasks_of(person)).await.unwrap_err());
    let made = jane.make_task(asking(&world, person, "a ride", Some(&kim))).await.unwrap();
    assert_eq!((made.state(), &made.supporter), (TaskState::Requested, &kim.name));
    assert_eq!(made.content, Some(content("a ride")));

    let seen = only(&kims, person).await;
    assert_eq!(seen, pb::Task { etag: String::new(), ..made.clone() });
    is_absent(&toms.tasks(tasks_of(person)).await.unwrap_err());
    is_absent(&toms.step_task(stepping(&made, TaskState::Accepted)).await.unwrap_err());
    is_absent(&kims.plan(person).await.unwrap_err());

    world.clock.advance(Duration::minutes(5));
    let taken = kims.step_task(stepping(&made, TaskState::Accepted)).await.unwrap();
    // Their own step shows them nothing.
    let bare = pb::Task {
        name: made.name.clone(),
        person: made.person.clone(),
        supporter: kim.name.clone(),
        state: TaskState::Accepted.into(),
        ..pb::Task::default()
    };
    assert_eq!(taken, bare);
    kims.step_task(stepping(&made, TaskState::Completed)).await.unwrap();
    let done = only(&jane, person).await;
    let steps: Vec<_> = done.steps.iter().map(|step| (step.state(), &*step.by)).collect();
    let own = format!("people/{person}");
    let said = [
        (TaskState::Completed, &*kim.name),
        (TaskState::Accepted, &*kim.name),
        (TaskState::Requested, &*own),
    ];
    assert_eq!((done.state(), &*steps), (TaskState::Completed, &said[..]));
    let wrong = kims.step_task(stepping(&made, TaskState::Accepted)).await.unwrap_err();
    assert_eq!(told(&wrong), (Code::FailedPrecondition, "WRONG_STATE".to_owned()));
    // The share that shows it is among the person's.
    let shares = jane.shares(list_of(person)).await.unwrap().shares;
    assert_eq!((shares.len(), &shares[0].section, &shares[0].grantee), (1, &made.name, &kim.name));
}

#[tokio::test]
async fn who_is_let_go_or_asked_no_more_sees_and_says_nothing() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let (kim, kims) = world.supporter(person, &jane, "kim").await;
    let (tom, toms) = world.supporter(person, &jane, "tom").await;
    let made = jane.make_task(asking(&world, person, "a ride", Some(&kim))).await.unwrap();
    kims.step_task(stepping(&made, TaskState::Accepted)).await.unwrap();
    let again = jane.step_task(rewriting(&world, &made, "a walk", Some(&tom))).await.unwrap();
    assert_eq!((again.version, again.state()), (2, TaskState::Requested));
    is_absent(&kims.tasks(tasks_of(person)).await.unwrap_err());
    is_absent(&kims.step_task(stepping(&made, TaskState::Completed)).await.unwrap_err());
    assert_eq!(only(&toms, person).await.content, Some(content("a walk")));

    // The share is the whole of it: unshared, over by its time, let go, or contribute-only from now on.
    let shares = jane.shares(list_of(person)).await.unwrap().shares;
    let open: Vec<_> = shares.iter().filter(|share| share.end_time.is_none()).collect();
    assert_eq!((open.len(), &open[0].grantee), (1, &tom.name));
    jane.unshare(crate::world::unsharing(open[0])).await.unwrap();
    is_absent(&toms.tasks(tasks_of(person)).await.unwrap_err());
    is_absent(&toms.step_task(stepping(&made, TaskState::Accepted)).await.unwrap_err());
    jane.step_task(rewriting(&world, &made, "a walk", Some(&tom))).await.unwrap();
    only(&toms, person).await;
    world.clock.advance(Duration::hours(25));
    is_absent(&toms.step_task(stepping(&made, TaskState::Accepted)).await.unwrap_err());
    jane.step_task(rewriting(&world, &made, "a walk", Some(&tom))).await.unwrap();
    let only_writes = pb::UpdateSupporterRequest { contribute_only: true, ..saying(&tom) };
    jane.update_supporter(only_writes).await.unwrap();
    is_absent(&toms.tasks(tasks_of(person)).await.unwrap_err());
    is_absent(&toms.step_task(stepping(&made, TaskState::Accepted)).await.unwrap_err());
    let refused = jane.make_task(asking(&world, person, "a ride", Some(&tom))).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    jane.step_task(rewriting(&world, &made, "a walk", Some(&kim))).await.unwrap();
    jane.end_supporter(ending(&kim)).await.unwrap();
    is_absent(&kims.step_task(stepping(&made, TaskState::Accepted)).await.unwrap_err());
    let gone = jane.make_task(asking(&world, person, "a ride", Some(&kim))).await.unwrap_err();
    assert_eq!(gone.code(), Code::InvalidArgument);
    assert_eq!(only(&jane, person).await.state(), TaskState::Requested);
}

#[tokio::test]
async fn a_reminder_of_the_person_s_own_comes_again_until_they_end_it() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let first = world.clock.now() + Duration::hours(2);
    let mut request = asking(&world, person, "my tablet", None);
    request.content = Some(pb::TaskContent {
        kind: TaskKind::MedicationReminder.into(),
        due_time: Some(timestamp(first)),
        repeat_days: 1,
        link: "https://example.org/tablets".to_owned(),
        ..content("my tablet")
    });
    let made = jane.make_task(request).await.unwrap();
    assert_eq!((made.state(), made.next_due_time), (TaskState::Accepted, Some(timestamp(first))));
    for day in 1..=3 {
        world.clock.advance(Duration::DAY);
        let said = jane.step_task(stepping(&made, TaskState::Completed)).await.unwrap();
        assert_eq!(said.state(), TaskState::Completed);
        let next = only(&jane, person).await.next_due_time;
        assert_eq!(next, Some(timestamp(first + Duration::days(day))), "{day}");
    }
    jane.step_task(stepping(&made, TaskState::Cancelled)).await.unwrap();
    let over = only(&jane, person).await;
    assert_eq!((over.state(), over.next_due_time), (TaskState::Cancelled, None));
    let wrong = jane.step_task(stepping(&made, TaskState::Completed)).await.unwrap_err();
    assert_eq!(wrong.code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn bad_tasks_are_told_by_their_fields_and_others_have_none() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let (kim, kims) = world.supporter(person, &jane, "kim").await;
    let good = asking(&world, person, "a ride", Some(&kim));
    let with = |change: fn(&mut pb::TaskContent)| {
        let mut content = content("a ride");
        change(&mut content);
        pb::CreateTaskRequest { content: Some(content), request_id: fresh(), ..good.clone() }
    };
    for (bad, field) in [
        (pb::CreateTaskRequest { until_time: None, ..good.clone() }, "until_time"),
        (pb::CreateTaskRequest { until_time: world.after(0), ..good.clone() }, "until_time"),
        (pb::CreateTaskRequest { supporter: String::new(), ..good.clone() }, "until_time"),
        (pb::CreateTaskRequest { supporter: "x".into(), ..good.clone() }, "supporter"),
        (with(|content| content.repeat_days = 7), "content.due_time"),
        (with(|content| content.repeat_days = 367), "content.repeat_days"),
        (with(|content| content.link = "http://example.org".into()), "content.link"),
        (with(|content| content.kind = 0), "content.kind"),
        (with(|content| content.task = None), "content.task"),
    ] {
        let status = jane.make_task(bad).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(crate::bad_input::fields(&status).contains(field), "{field}: {status:?}");
    }
    let made = jane.make_task(good).await.unwrap();
    let mut words = rewriting(&world, &made, "mine now", None);
    let refused = kims.step_task(words.clone()).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "what it says is the person's");
    words.etag = "7".to_owned();
    assert_eq!(jane.step_task(words).await.unwrap_err().code(), Code::Aborted);
    let mut both = stepping(&made, TaskState::Completed);
    both.etag = "1".to_owned();
    assert_eq!(jane.step_task(both).await.unwrap_err().code(), Code::InvalidArgument);
    for (by, state) in [(&kims, TaskState::Cancelled), (&jane, TaskState::Accepted)] {
        let wrong = by.step_task(stepping(&made, state)).await.unwrap_err();
        assert_eq!(told(&wrong), (Code::FailedPrecondition, "WRONG_STATE".to_owned()));
    }

    // To everybody else there is no task, as there is none of a name that nobody has.
    let strange = pb::Task { name: format!("tasks/{}", Uuid::new_v4()), ..pb::Task::default() };
    let (_, other) = world.somebody();
    for task in [&made, &strange] {
        is_absent(&other.step_task(stepping(task, TaskState::Completed)).await.unwrap_err());
        is_absent(&other.step_task(rewriting(&world, task, "x", None)).await.unwrap_err());
    }
    is_absent(&kims.step_task(stepping(&strange, TaskState::Accepted)).await.unwrap_err());
    is_absent(&other.tasks(tasks_of(person)).await.unwrap_err());
    let doctor = world.clinician(CLINIC, "dr-c");
    let denied = doctor.tasks(tasks_of(person)).await.unwrap_err();
    assert_eq!(denied.code(), Code::PermissionDenied, "nobody asks staff for a task");
}

#[tokio::test]
async fn a_repeat_of_a_step_is_one_step_and_every_step_is_on_record() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let (kim, kims) = world.supporter(person, &jane, "kim").await;
    let asking = asking(&world, person, "a ride", Some(&kim));
    let made = jane.make_task(asking.clone()).await.unwrap();
    assert_eq!(jane.make_task(asking).await.unwrap(), made);
    let step = stepping(&made, TaskState::Accepted);
    let first = kims.step_task(step.clone()).await.unwrap();
    assert_eq!(kims.step_task(step.clone()).await.unwrap(), first);
    assert_eq!(only(&jane, person).await.steps.len(), 2);
    // Who is let go is told nothing again, either.
    jane.end_supporter(ending(&kim)).await.unwrap();
    is_absent(&kims.step_task(step).await.unwrap_err());
    let events = world.stage.events().await;
    let id = crate::supported::id_of(&made.name);
    let written = |rpc: &str| {
        let of = |event: &&ledger::Event| event.rpc.ends_with(rpc) && event.records.contains(&id);
        events.iter().filter(of).count()
    };
    assert!(written("/CreateTask") >= 1 && written("/UpdateTask") >= 1);
}
