use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use serve::{Error, Server};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tonic::Code;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::echo::Echo;
use crate::support::{Client, config, soon, start, until};

#[tokio::test(flavor = "multi_thread")]
async fn under_load_every_call_that_reached_a_handler_is_answered() {
    let (server, state) = start("").await;
    let (addr, answered) = (server.addr(), Arc::new(AtomicUsize::new(0)));
    let callers: Vec<_> = (0..16)
        .map(|_| {
            let answered = Arc::clone(&answered);
            tokio::spawn(async move {
                let client = Client::to(addr).await;
                // Until the connection says that it goes away.
                while let Ok(reply) = client.call("test.Echo/Say", "sleep:3", &[]).await {
                    assert_eq!(reply.text(), "slept");
                    answered.fetch_add(1, SeqCst);
                }
            })
        })
        .collect();
    until("there is load", || answered.load(SeqCst) > 500).await;
    server.shutdown();
    assert_eq!(soon(server.join()).await.unwrap().connections_cut, 0);
    for caller in callers {
        soon(caller).await.unwrap();
    }
    assert_eq!(answered.load(SeqCst), state.started());
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_connect_at_that_moment_are_served_or_refused_and_never_cut() {
    let (server, state) = start("").await;
    let (addr, ok) = (server.addr(), Arc::new(AtomicUsize::new(0)));
    let stop = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let (ok, stop) = (Arc::clone(&ok), Arc::clone(&stop));
            tokio::spawn(async move {
                while !stop.load(SeqCst) {
                    let Ok(socket) = TcpStream::connect(addr).await else { return };
                    // What the kernel took in before the listener was closed may be reset by it: refused.
                    let Ok(client) = Client::try_over(socket).await else { continue };
                    if let Ok(reply) = client.call("test.Echo/Say", "sleep:1", &[]).await {
                        assert_eq!(reply.text(), "slept");
                        ok.fetch_add(1, SeqCst);
                    }
                }
            })
        })
        .collect();
    until("there is load", || ok.load(SeqCst) > 100).await;
    server.shutdown();
    assert_eq!(soon(server.join()).await.unwrap().connections_cut, 0);
    stop.store(true, SeqCst);
    for caller in callers {
        soon(caller).await.unwrap();
    }
    assert_eq!(ok.load(SeqCst), state.started());
}

#[tokio::test]
async fn a_watch_ends_at_once_with_unavailable() {
    let (server, state) = start("").await;
    let client = Client::to(server.addr()).await;
    let watch = tokio::spawn(async move { client.call("test.Echo/WatchAll", "", &[]).await });
    until("the watch runs", || state.started() == 1).await;
    let begun = Instant::now();
    server.shutdown();
    let reply = soon(watch).await.unwrap().unwrap();
    assert_eq!((reply.code(), reply.reason().as_str()), (Code::Unavailable, "SHUTTING_DOWN"));
    assert!(!reply.body.is_empty(), "what was sent before stays sent");
    assert_eq!(soon(server.join()).await.unwrap().connections_cut, 0);
    assert!(begun.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_stream_with_an_end_may_reach_it() {
    let (server, state) = start("").await;
    let client = Client::to(server.addr()).await;
    let count = tokio::spawn(async move { client.call("test.Echo/Count", "hold", &[]).await });
    until("the stream runs", || state.started() == 1).await;
    server.shutdown();
    until("the socket is closed", || std::net::TcpStream::connect(server.addr()).is_err()).await;
    state.release.add_permits(1);
    assert_eq!(soon(count).await.unwrap().unwrap().code(), Code::Ok);
    assert_eq!(soon(server.join()).await.unwrap().connections_cut, 0);
}

#[tokio::test]
async fn what_does_not_end_is_cut_at_the_bound() {
    let (server, state) = start("drain_seconds = 1").await;
    let client = Client::to(server.addr()).await;
    let unary = client.clone();
    let unary = tokio::spawn(async move { unary.call("test.Echo/Say", "hang", &[]).await });
    let stream = tokio::spawn(async move { client.call("test.Echo/Count", "hang", &[]).await });
    until("both run", || state.started() == 2).await;
    server.shutdown();
    assert_eq!(soon(server.join()).await.unwrap().connections_cut, 1);
    assert_eq!(soon(stream).await.unwrap().unwrap().code(), Code::Unavailable);
    assert!(soon(unary).await.unwrap().is_err());
    until("nothing is left behind", || state.dropped() == 2).await;
}

#[tokio::test]
async fn in_the_lame_duck_time_health_says_no_and_calls_are_still_served() {
    let token = CancellationToken::new();
    let server = Server::builder(config("lame_duck_seconds = 2"))
        .add_service(Echo::default())
        .shutdown_on(token.clone())
        .start()
        .await
        .unwrap();
    let channel = serve::peer(&format!("http://{}", server.addr()), None).unwrap();
    let mut health = HealthClient::new(channel);
    let mut ask = async |service: &str| {
        let request = HealthCheckRequest { service: service.to_owned() };
        health.check(request).await.unwrap().into_inner().status()
    };
    assert_eq!(ask("").await, ServingStatus::Serving);
    token.cancel();
    let begun = Instant::now();
    while ask("").await == ServingStatus::Serving {
        assert!(begun.elapsed() < Duration::from_secs(1));
    }
    assert_eq!(ask("test.Echo").await, ServingStatus::NotServing);
    assert_eq!(Client::to(server.addr()).await.say("hello").await.text(), "hello");
    soon(server.join()).await.unwrap();
}

#[tokio::test]
async fn a_taken_port_is_one_clear_line_with_the_address() {
    let (server, _) = start("").await;
    let mut second = config("");
    second.listen = server.addr();
    let error = Server::builder(second).start().await.unwrap_err();
    assert!(matches!(error, Error::AddrInUse { .. }));
    let line = error.to_string();
    assert!(line.contains(&server.addr().to_string()) && !line.contains('\n'), "{line}");
}

#[tokio::test]
async fn two_listeners_share_an_address_when_they_ask_to() {
    let first = serve::bind(config("").listen, true).unwrap();
    let addr = first.local_addr().unwrap();
    let second = serve::bind(addr, true).unwrap();
    let mut running = Vec::new();
    for socket in [first, second] {
        let builder = Server::builder(config("")).add_service(Echo::default());
        running.push(builder.start_on(socket).await.unwrap());
    }
    running.remove(0).shutdown();
    until("one of them still answers", || std::net::TcpStream::connect(addr).is_ok()).await;
}

#[tokio::test]
async fn a_service_that_is_mounted_twice_is_an_error_and_no_panic() {
    let builder = Server::builder(config("")).add_service(Echo::default());
    let error = builder.add_service(Echo::default()).start().await.unwrap_err();
    assert!(matches!(error, Error::Twice("test.Echo")));
}
