use std::{
    collections::HashSet,
    fs::Permissions,
    os::unix::fs::PermissionsExt as _,
    process::Command,
    sync::{Arc, Mutex},
};

use futures::FutureExt as _;
use ledger::{Config, LedgerError};
use pg::{Embedded, embedded};
use uuid::Uuid;

use crate::stage::{Stage, event, sql, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_the_server_is_killed() {
    let home =
        tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir().unwrap();
    let options = embedded::Options {
        data_dir: Some(home.path().join("data")),
        socket_dir: Some(home.path().join("s")),
        fast: true,
        ..Default::default()
    };
    let mut server = Embedded::start(options.clone()).await.unwrap();
    let stage = Stage::on(&server, "postgres", Config::default()).await;
    let acknowledged: Arc<Mutex<HashSet<Uuid>>> = Arc::default();
    let writers: Vec<_> = (0..8)
        .map(|_| {
            let (ledger, acknowledged) = (stage.ledger.clone(), Arc::clone(&acknowledged));
            tokio::spawn(async move {
                loop {
                    let event = event();
                    let id = event.event_id;
                    match ledger.record(event.clone()).await {
                        Ok(()) => acknowledged.lock().unwrap().insert(id),
                        Err(_) => return event,
                    };
                }
            })
        })
        .collect();
    until("some to be recorded", async || acknowledged.lock().unwrap().len() > 300).await;
    let pid = server.pid().to_string();
    assert!(Command::new("kill").args(["-9", &pid]).status().unwrap().success());
    let mut unknown = Vec::new();
    for writer in writers {
        unknown.push(writer.await.unwrap());
    }
    until("the server to die", async || !server.is_running()).await;
    drop(server);

    let _server = Embedded::start(options).await.unwrap();
    let there: HashSet<Uuid> = stage.events().await.into_iter().map(|(_, id)| id).collect();
    let acknowledged = acknowledged.lock().unwrap().clone();
    assert!(acknowledged.is_subset(&there), "{} acknowledged", acknowledged.len());
    // The pool finds its way back, and what nobody knew of lands once.
    for event in &unknown {
        stage.ledger.record(event.clone()).await.unwrap();
        stage.ledger.record(event.clone()).await.unwrap();
    }
    let all = stage.assert_gapless().await;
    assert!(all >= acknowledged.len() + unknown.len());
}

#[tokio::test]
async fn a_commit_that_went_unanswered_is_repeated_with_the_same_ids() {
    let stage = Stage::set().await;
    // Inside COMMIT the backend ends itself, the first time only: a sequence does not roll back.
    // A superuser's function: the ledger's owner may not end the service's connection.
    sql(
        &mut stage.admin().await,
        "CREATE SEQUENCE attempts;
         CREATE FUNCTION die_once() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
             SET search_path = stage AS $$ BEGIN
             IF nextval('attempts') = 1 THEN
                 PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5);
             END IF;
             RETURN NULL;
         END $$;
         CREATE CONSTRAINT TRIGGER die AFTER INSERT ON audit_event DEFERRABLE INITIALLY DEFERRED
             FOR EACH ROW EXECUTE FUNCTION die_once();",
    )
    .await;
    stage.ledger.record(event()).await.unwrap();
    assert_eq!(stage.assert_gapless().await, 1);
}

#[tokio::test]
async fn what_the_commit_itself_refuses_is_not_acknowledged() {
    let stage = Stage::set().await;
    // The statement succeeds and its row is sent; then the commit fails.
    sql(
        &mut stage.owner().await,
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             RAISE 'refused' USING ERRCODE = 'check_violation';
         END $$;
         CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON audit_event DEFERRABLE INITIALLY DEFERRED
             FOR EACH ROW EXECUTE FUNCTION refuse();",
    )
    .await;
    assert!(stage.ledger.record(event()).await.is_err());
    assert_eq!(stage.assert_gapless().await, 0);
}

#[tokio::test]
async fn while_the_database_is_away_nothing_is_acknowledged() {
    let mut server =
        Embedded::start(embedded::Options { fast: true, ..Default::default() }).await.unwrap();
    let stage = Stage::on(&server, "postgres", Config::default()).await;
    let pid = server.pid().to_string();
    assert!(Command::new("kill").args(["-9", &pid]).status().unwrap().success());
    until("the server to die", async || !server.is_running()).await;
    assert_eq!(stage.ledger.record(event()).await, Err(LedgerError::Unavailable));
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_what_waits_is_written() {
    let stage = Stage::with(Config { queue: 4, ..Config::default() }).await;
    let mut holder = stage.admin().await;
    sql(&mut holder, "BEGIN; SELECT 1 FROM ledger_head FOR UPDATE").await;
    let record = |stage: &Stage| {
        let ledger = stage.ledger.clone();
        tokio::spawn(async move { ledger.record(event()).await })
    };
    let first = record(&stage);
    until("it to wait for the head", async || stage.waits_for_a_lock().await).await;
    let waiting: Vec<_> = (0..4).map(|_| record(&stage)).collect();
    until("the queue to fill", async || stage.ledger.waiting() == 4).await;
    // At once: without any wait.
    let refused = stage.ledger.record(event()).now_or_never();
    assert_eq!(refused, Some(Err(LedgerError::Unavailable)));
    sql(&mut holder, "COMMIT").await;
    first.await.unwrap().unwrap();
    for one in waiting {
        one.await.unwrap().unwrap();
    }
    assert_eq!(stage.assert_gapless().await, 5);
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_take_its_record_with_it() {
    let stage = Stage::set().await;
    let mut holder = stage.admin().await;
    sql(&mut holder, "BEGIN; SELECT 1 FROM ledger_head FOR UPDATE").await;
    let record = || {
        let ledger = stage.ledger.clone();
        tokio::spawn(async move { ledger.record(event()).await })
    };
    let first = record();
    until("it to wait for the head", async || stage.waits_for_a_lock().await).await;
    let tasks = [first, record(), record()];
    until("the others to wait for it", async || stage.ledger.waiting() == 2).await;
    for task in &tasks {
        task.abort();
    }
    sql(&mut holder, "COMMIT").await;
    until("all to be written", async || stage.events().await.len() == 3).await;
    stage.assert_gapless().await;
}
