use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use pg::{Group, GroupError, Limits};
use tokio::sync::Semaphore;

type Asked = Group<u32, u32, ()>;

/// Answers `key * 2` when a permit is there; counts groups and keys.
fn gated(limits: Limits) -> (Asked, Arc<Semaphore>, Arc<AtomicUsize>, Arc<AtomicUsize>) {
    let gate = Arc::new(Semaphore::new(0));
    let (groups, keys) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let (g, n, k) = (Arc::clone(&gate), Arc::clone(&groups), Arc::clone(&keys));
    let group = Group::new("test", limits, move |asked: Vec<u32>| {
        let (g, n, k) = (Arc::clone(&g), Arc::clone(&n), Arc::clone(&k));
        async move {
            n.fetch_add(1, Ordering::SeqCst);
            g.acquire().await.unwrap().forget();
            k.fetch_add(asked.len(), Ordering::SeqCst);
            Ok(asked.into_iter().map(|key| key * 2).collect())
        }
    });
    (group, gate, groups, keys)
}

fn ask(group: &Asked, key: u32) -> tokio::task::JoinHandle<Result<u32, GroupError<()>>> {
    let group = group.clone();
    tokio::spawn(async move { group.ask(key).await })
}

async fn settle(done: impl Fn() -> bool) {
    crate::stage::until("the group to settle", async || done()).await;
}

#[tokio::test]
async fn what_arrives_during_a_group_is_the_next_group_and_each_gets_its_own_answer() {
    let (group, gate, groups, _) = gated(Limits::default());
    let first = ask(&group, 1);
    settle(|| groups.load(Ordering::SeqCst) == 1).await;
    let rest: Vec<_> = (2..200).map(|key| (key, ask(&group, key))).collect();
    settle(|| group.waiting() == 198).await;
    gate.add_permits(2);
    assert_eq!(first.await.unwrap(), Ok(2));
    for (key, asked) in rest {
        assert_eq!(asked.await.unwrap(), Ok(key * 2));
    }
    assert_eq!(groups.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_lone_question_waits_for_nobody() {
    let (group, gate, groups, _) = gated(Limits::default());
    gate.add_permits(1);
    assert_eq!(group.ask(21).await, Ok(42));
    assert_eq!(groups.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_question_more_than_the_queue_holds_is_refused_at_once() {
    let (group, gate, groups, _) = gated(Limits { queue: 3, ..Limits::default() });
    let first = ask(&group, 0);
    settle(|| groups.load(Ordering::SeqCst) == 1).await;
    let held: Vec<_> = (1..4).map(|key| ask(&group, key)).collect();
    settle(|| group.waiting() == 3).await;
    assert_eq!(group.ask(9).await, Err(GroupError::Overloaded));
    gate.add_permits(2);
    assert_eq!(first.await.unwrap(), Ok(0));
    for asked in held {
        assert!(asked.await.unwrap().is_ok());
    }
}

#[tokio::test]
async fn a_caller_that_goes_away_takes_neither_its_question_nor_others_answers_with_it() {
    let (group, gate, groups, keys) = gated(Limits::default());
    let first = ask(&group, 0);
    settle(|| groups.load(Ordering::SeqCst) == 1).await;
    let (gone, stays) = (ask(&group, 1), ask(&group, 2));
    settle(|| group.waiting() == 2).await;
    first.abort();
    gone.abort();
    gate.add_permits(2);
    assert_eq!(stays.await.unwrap(), Ok(4));
    assert_eq!(keys.load(Ordering::SeqCst), 3, "the question of the one that left was asked");
}

#[tokio::test]
async fn a_group_is_no_larger_than_its_limit() {
    let (group, gate, groups, _) = gated(Limits { max_group: 10, ..Limits::default() });
    let first = ask(&group, 0);
    settle(|| groups.load(Ordering::SeqCst) == 1).await;
    let rest: Vec<_> = (0..25).map(|key| ask(&group, key)).collect();
    settle(|| group.waiting() == 25).await;
    gate.add_permits(100);
    for asked in rest {
        assert!(asked.await.unwrap().is_ok());
    }
    assert!(first.await.unwrap().is_ok());
    assert_eq!(groups.load(Ordering::SeqCst), 1 + 3);
}

#[tokio::test]
async fn as_many_groups_are_under_way_as_configured_and_no_more() {
    let (group, gate, groups, _) =
        gated(Limits { in_flight: 2, max_group: 1, ..Limits::default() });
    let asked: Vec<_> = (0..5).map(|key| ask(&group, key)).collect();
    settle(|| group.waiting() == 3).await;
    assert_eq!(groups.load(Ordering::SeqCst), 2);
    gate.add_permits(5);
    for one in asked {
        assert!(one.await.unwrap().is_ok());
    }
}

#[tokio::test]
async fn a_panic_or_a_short_answer_is_an_error_and_the_next_group_is_fine() {
    let group: Asked = Group::new("test", Limits::default(), |keys: Vec<u32>| async move {
        match keys.first() {
            Some(0) => panic!("on purpose"),
            Some(1) => Ok(vec![]),
            Some(2) => Err(()),
            _ => Ok(keys),
        }
    });
    assert_eq!(group.ask(0).await, Err(GroupError::Broken));
    assert_eq!(group.ask(1).await, Err(GroupError::Broken));
    assert_eq!(group.ask(2).await, Err(GroupError::Failed(())));
    assert_eq!(group.ask(3).await, Ok(3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_overhead_is_microseconds_at_most() {
    let group: Asked = Group::new("test", Limits::default(), |k: Vec<u32>| async move { Ok(k) });
    let started = Instant::now();
    let (tasks, each) = (64, 500);
    let all: Vec<_> = (0..tasks)
        .map(|_| {
            let group = group.clone();
            tokio::spawn(async move {
                for key in 0..each {
                    assert_eq!(group.ask(key).await, Ok(key));
                }
            })
        })
        .collect();
    for task in all {
        task.await.unwrap();
    }
    let an_item = started.elapsed() / (tasks * each);
    println!("group: {an_item:?} an item, with the tasks around it");
    // An unoptimised build on a busy machine: the bound only catches a mistake of kind.
    assert!(an_item.as_micros() < 500);
}
