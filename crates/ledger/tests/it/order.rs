use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use ledger::{Followed, LedgerError, write_in};
use pg::{Scope, StoreError};

use crate::stage::{Stage, event};

#[tokio::test]
async fn what_was_recorded_reads_back_byte_for_byte_and_in_order() {
    let stage = Stage::set().await;
    let written: Vec<_> = (0..5).map(|_| event()).collect();
    for one in &written {
        stage.ledger.record(one.clone()).await.unwrap();
    }
    let read = stage.ledger.follow(0, 100).await.unwrap();
    let read: Vec<_> = read.into_iter().filter_map(Followed::told).collect();
    assert_eq!(read.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    for ((_, read), written) in read.iter().zip(&written) {
        assert_eq!(read, written);
        assert_eq!(read.leaf().unwrap(), written.leaf().unwrap());
    }
    let rest = stage.ledger.follow(2, 2).await.unwrap();
    let rest: Vec<_> = rest.into_iter().filter_map(Followed::told).collect();
    assert_eq!(rest.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [3, 4]);
}

#[tokio::test]
async fn a_finer_instant_or_another_offset_spells_the_same_after_reading() {
    let stage = Stage::set().await;
    let mut odd = event();
    odd.occurred_at = time::macros::datetime!(2026-02-03 04:05:06.123456789 +05:30);
    stage.ledger.record(odd).await.unwrap();
    let read = stage.ledger.follow(0, 1).await.unwrap();
    let read: Vec<_> = read.into_iter().filter_map(Followed::told).collect();
    assert_eq!(read[0].1.occurred_at, time::macros::datetime!(2026-02-02 22:35:06.123456 UTC));
    assert!(read[0].1.leaf().unwrap().contains("2026-02-02T22:35:06.123456Z"));
}

#[tokio::test]
async fn many_at_once_share_few_commits() {
    let stage = Stage::set().await;
    let all: Vec<_> = (0..400)
        .map(|_| {
            let ledger = stage.ledger.clone();
            tokio::spawn(async move { ledger.record(event()).await })
        })
        .collect();
    for one in all {
        one.await.unwrap().unwrap();
    }
    assert_eq!(stage.assert_gapless().await, 400);
    let commits = stage.commits().await;
    println!("400 events in {commits} commits");
    assert!(commits <= 40, "{commits}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_have_no_gaps_when_reads_writes_and_rollbacks_run_together() {
    let stage = Stage::set().await;
    let mut all = Vec::new();
    for n in 0..60 {
        let (ledger, db) = (stage.ledger.clone(), stage.db.clone());
        all.push(tokio::spawn(async move { ledger.record(event()).await.is_ok() }));
        all.push(tokio::spawn(async move {
            let events = Arc::new([event(), event()]);
            db.run_tx("write", Scope::nobody(), move |tx| {
                let events = Arc::clone(&events);
                Box::pin(async move {
                    write_in(tx, &events[..]).await?;
                    // Every third write thinks better of it.
                    if n % 3 == 0 { Err(StoreError::FenceExpired) } else { Ok(()) }
                })
            })
            .await
            .is_ok()
        }));
    }
    // A follower never sees a later event before an earlier one.
    let done = Arc::new(AtomicBool::new(false));
    let follower = tokio::spawn({
        let (ledger, done) = (stage.ledger.clone(), Arc::clone(&done));
        async move {
            let mut seen = 0;
            loop {
                let last = done.load(Ordering::SeqCst);
                let page = ledger.follow(seen, 50).await.unwrap();
                for followed in &page {
                    assert_eq!(followed.seq, seen + 1);
                    seen = followed.seq;
                }
                if last && page.is_empty() {
                    return seen;
                }
            }
        }
    });
    let mut ok = 0;
    for one in all {
        ok += usize::from(one.await.unwrap());
    }
    done.store(true, Ordering::SeqCst);
    assert_eq!(ok, 60 + 40);
    assert_eq!(stage.assert_gapless().await, 60 + 2 * 40);
    assert_eq!(follower.await.unwrap(), 140);
}

#[tokio::test]
async fn an_event_written_again_is_there_once_and_leaves_no_gap() {
    let stage = Stage::set().await;
    let (first, second) = (event(), event());
    stage.ledger.record(first.clone()).await.unwrap();
    // As after a commit whose answer was lost, together with a new one.
    let again = Arc::new([first.clone(), second]);
    let head = stage
        .db
        .run_tx("again", Scope::nobody(), move |tx| {
            let again = Arc::clone(&again);
            Box::pin(async move { write_in(tx, &again[..]).await })
        })
        .await;
    assert_eq!(head, Ok(2));
    stage.ledger.record(first).await.unwrap();
    assert_eq!(stage.assert_gapless().await, 2);
}

#[tokio::test]
async fn a_write_and_its_record_happen_together_or_not_at_all() {
    let stage = Stage::set().await;
    for keep in [false, true] {
        let done = stage
            .db
            .run_tx("write", Scope::nobody(), move |tx| {
                Box::pin(async move {
                    sqlx::query("SELECT next_values('x', 1)").execute(&mut *tx).await?;
                    write_in(tx, &[event()]).await?;
                    if keep { Ok(()) } else { Err(StoreError::FenceExpired) }
                })
            })
            .await;
        assert_eq!(done.is_ok(), keep);
        let counted: Option<i64> = sqlx::query_scalar("SELECT value FROM counter")
            .fetch_optional(&mut stage.admin().await)
            .await
            .unwrap();
        assert_eq!((counted.is_some(), stage.assert_gapless().await), (keep, usize::from(keep)));
    }
}

#[tokio::test]
async fn an_event_that_cannot_be_held_is_refused_alone() {
    let stage = Stage::set().await;
    let mut bad = event();
    bad.caller.subject = "nul \0".into();
    let (mut refused, mut kept) = (0, 0);
    let all: Vec<_> = (0..20)
        .map(|n| {
            let ledger = stage.ledger.clone();
            let event = if n == 7 { bad.clone() } else { event() };
            tokio::spawn(async move { ledger.record(event).await })
        })
        .collect();
    for one in all {
        match one.await.unwrap() {
            Ok(()) => kept += 1,
            Err(LedgerError::Refused(_)) => refused += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!((refused, kept), (1, 19));
    assert_eq!(stage.assert_gapless().await, 19);
}

#[tokio::test]
async fn the_same_event_twice_in_one_group_is_there_once() {
    let stage = Stage::set().await;
    let same = event();
    let all: Vec<_> = (0..10)
        .map(|_| {
            let (ledger, same) = (stage.ledger.clone(), same.clone());
            tokio::spawn(async move { ledger.record(same).await })
        })
        .collect();
    for one in all {
        one.await.unwrap().unwrap();
    }
    assert_eq!(stage.assert_gapless().await, 1);
}
