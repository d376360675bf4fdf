//! `trellis up`: what stays, what ends, and what is said when it can't start.

use std::net::TcpListener;

use client::{Client, TokenSource};
use nix::sys::signal::Signal;
use wire::directory::v1::{ListAgenciesRequest, RegisterAgencyRequest};

use crate::support::{Up, folder, is_gone, run, trellis};

async fn directory(up: &Up) -> Client {
    let token = up.token(&["--kind", "network", "--role", "NETWORK_ADMIN"]);
    Client::connect(&up.url(), TokenSource::fixed(token)).await.unwrap()
}

async fn agencies(up: &Up) -> Vec<String> {
    let reply = directory(up).await.directory().list_agencies(ListAgenciesRequest::default()).await;
    let agencies = reply.unwrap().into_inner().agencies;
    agencies.into_iter().map(|agency| agency.display_name).collect()
}

#[tokio::test]
async fn data_stays_between_runs_until_a_fresh_one() {
    let dir = folder();
    let data = dir.path().join("data");
    let mut up = Up::start(&data, &[]).await;
    let register = RegisterAgencyRequest {
        request_id: client::request_id(),
        display_name: "Elm Clinic".into(),
        sector: 1,
        ..RegisterAgencyRequest::default()
    };
    directory(&up).await.directory().register_agency(register).await.unwrap();

    // A second one finds the data taken, and says so.
    let second = run(trellis().args(["up", "--port", "0", "--data"]).arg(&data));
    second.is_one_line(&["another `trellis up`"]);

    up.signal(Signal::SIGTERM);
    let ended = up.ended().await;
    assert!(ended.success(), "{ended}: {}", up.log());
    let up = Up::start(&data, &[]).await;
    assert_eq!(agencies(&up).await, ["Elm Clinic"]);
    drop(up);
    let up = Up::start(&data, &["--fresh", "--threads", "1"]).await;
    assert!(agencies(&up).await.is_empty());
}

#[tokio::test]
async fn killed_with_9_it_leaves_no_database_behind_and_what_it_acknowledged() {
    let dir = folder();
    let data = dir.path().join("data");
    let mut up = Up::start(&data, &[]).await;
    let register = RegisterAgencyRequest {
        request_id: client::request_id(),
        display_name: "Ash Housing".into(),
        sector: 1,
        ..RegisterAgencyRequest::default()
    };
    directory(&up).await.directory().register_agency(register).await.unwrap();
    let postgres = up.postgres();
    up.signal(Signal::SIGKILL);
    up.ended().await;
    is_gone(&postgres).await;
    let up = Up::start(&data, &[]).await;
    assert_eq!(agencies(&up).await, ["Ash Housing"]);
}

#[tokio::test]
async fn a_database_that_ends_by_itself_ends_it_with_one_line() {
    let dir = folder();
    let data = dir.path().join("data");
    let mut up = Up::start(&data, &[]).await;
    let postgres: i32 = up.postgres().parse().unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(postgres), Signal::SIGQUIT).unwrap();
    assert_eq!(up.ended().await.code(), Some(1));
    assert!(up.log().contains("trellis: the database ended by itself"), "{}", up.log());
}

#[tokio::test]
async fn a_port_that_is_taken_is_one_line_and_no_database_is_started_for_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let dir = folder();
    let data = dir.path().join("data");
    let done = run(trellis().args(["up", "--port", &port, "--data"]).arg(&data));
    done.is_one_line(&[&port, "taken"]);
    assert!(!data.exists());
}

#[tokio::test]
async fn an_operators_database_is_used_with_roles_and_passwords_of_its_own() {
    let database = testkit::Postgres::shared().await.unwrap().empty().await.unwrap();
    let dir = folder();
    let data = dir.path().join("data");
    // The tests' server does not wait for the disk, and that alone is what is refused.
    let done = run(trellis()
        .args(["up", "--port", "0", "--database-url", &database.url, "--data"])
        .arg(&data));
    done.is_one_line(&["fsync"]);
    assert!(data.join("secrets/database-notes").exists());
    assert!(!data.join("postgres").exists());
}

#[test]
fn a_database_that_is_away_is_one_line() {
    let dir = folder();
    let nowhere = "postgres://nobody:hunter2@127.0.0.1:9/none";
    let done = run(trellis()
        .args(["up", "--port", "0", "--database-url", nowhere, "--data"])
        .arg(dir.path().join("data")));
    done.is_one_line(&["database"]);
    assert!(!done.err.contains("hunter2"), "{}", done.err);
}
