//! What concerns a whole process: what its telemetry says, and how it ends on SIGTERM. Each test
//! runs this binary once more, as a server of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[allow(dead_code)]
#[path = "it/echo.rs"]
mod echo;
#[allow(dead_code)]
#[path = "it/support.rs"]
mod support;

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serve::Server;
use testkit::collector::Collector;

use crate::echo::{Echo, descriptors};
use crate::support::{Client, config, soon, until};

/// The server process. Does nothing when the test runner finds it.
#[tokio::test(flavor = "multi_thread")]
async fn child() {
    if std::env::var_os("TRELLIS_TEST_CHILD").is_none() {
        return;
    }
    let telemetry = telemetry::Config { format: telemetry::Format::Json, ..Default::default() };
    let guard = telemetry::init(telemetry).unwrap();
    let stop = serve::signals().unwrap();
    let echo = Echo::default();
    let state = Arc::clone(&echo.0);
    let server = Server::builder(config(""))
        .add_service(echo)
        .descriptors(descriptors())
        .shutdown_on(stop)
        .start()
        .await
        .unwrap();
    let drained = server.join().await.unwrap();
    tracing::info!(started = state.started(), cut = drained.connections_cut, "gone");
    let begun = Instant::now();
    guard.shutdown();
    assert!(begun.elapsed() < Duration::from_secs(5));
}

/// A server process, its address, and what it writes to stderr.
struct Process {
    child: Child,
    addr: SocketAddr,
    lines: BufReader<std::process::ChildStderr>,
    seen: String,
}

impl Process {
    fn start(env: &[(&str, &str)]) -> Self {
        #[allow(clippy::zombie_processes)] // `stop` waits, and a test that fails ends them all
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture"])
            .env("TRELLIS_TEST_CHILD", "1")
            .env_remove("OTEL_EXPORTER_OTLP_ENDPOINT")
            .envs(env.iter().copied())
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let mut seen = String::new();
        loop {
            let mut line = String::new();
            assert_ne!(lines.read_line(&mut line).unwrap(), 0, "ended early: {seen}");
            seen.push_str(&line);
            let parsed: serde_json::Value = serde_json::from_str(&line).unwrap();
            if parsed["message"] == "listening" {
                let addr = parsed["addr"].as_str().unwrap().parse().unwrap();
                return Self { child, addr, lines, seen };
            }
        }
    }

    /// SIGTERM, and everything it wrote until it ended in good order.
    fn stop(mut self) -> String {
        kill(Pid::from_raw(self.child.id() as i32), Signal::SIGTERM).unwrap();
        self.lines.read_to_string(&mut self.seen).unwrap();
        assert!(self.child.wait().unwrap().success(), "{}", self.seen);
        self.seen
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_under_load_loses_no_call_that_was_begun() {
    let process = Process::start(&[]);
    let (addr, answered) = (process.addr, Arc::new(AtomicUsize::new(0)));
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let answered = Arc::clone(&answered);
            tokio::spawn(async move {
                let client = Client::to(addr).await;
                while let Ok(reply) = client.call("test.Echo/Say", "sleep:3", &[]).await {
                    assert_eq!(reply.text(), "slept");
                    answered.fetch_add(1, SeqCst);
                }
            })
        })
        .collect();
    until("there is load", || answered.load(SeqCst) > 200).await;
    let seen = tokio::task::spawn_blocking(move || process.stop()).await.unwrap();
    for caller in callers {
        soon(caller).await.unwrap();
    }
    let last: serde_json::Value = serde_json::from_str(seen.lines().last().unwrap()).unwrap();
    assert_eq!(last["message"], "gone");
    assert_eq!(last["started"], answered.load(SeqCst));
    assert_eq!(last["cut"], 0);
}

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Calls that put a canary into everything that a caller can fill in.
async fn canaries(addr: SocketAddr) {
    let client = Client::to(addr).await;
    let headers = [
        ("traceparent", PARENT),
        ("tracestate", "canary=canary"),
        ("authorization", "Bearer canary"),
        ("x-canary", "canary"),
    ];
    for (path, text) in [
        ("test.Echo/Say", "canary"),
        ("test.Echo/Say", "panic:canary"),
        ("test.Echo/Say", "fail:13"),
        ("test.Echo/Count", "panic"),
        ("people/canary", "canary"),
    ] {
        soon(client.call(path, text, &headers)).await.unwrap();
    }
    let odd = [("grpc-timeout", "canary")];
    soon(client.call("test.Echo/Say", "canary", &odd)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_json_and_holds_nothing_of_what_callers_sent_even_at_trace() {
    let process = Process::start(&[("TRELLIS_LOG", "trace")]);
    canaries(process.addr).await;
    let seen = tokio::task::spawn_blocking(move || process.stop()).await.unwrap();
    assert!(seen.contains("4bf92f3577b34da6a3ce929d0e0e4736") && seen.contains("\"panic\""));
    for line in seen.lines() {
        serde_json::from_str::<serde_json::Value>(line).expect(line);
        assert!(!line.contains("canary"), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn traces_and_metrics_reach_the_collector_without_anything_of_a_person() {
    let collector = Collector::start().await.unwrap();
    let endpoint = format!("http://{}", collector.addr());
    let env = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str())];
    let process = Process::start(&env);
    canaries(process.addr).await;
    tokio::task::spawn_blocking(move || process.stop()).await.unwrap();
    let bytes = collector.take();
    let has = |what: &[u8]| bytes.windows(what.len()).any(|w| w == what);
    let trace_id = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes();
    for wanted in [&b"test.Echo/Say"[..], &trace_id, b"rpc.server.duration", b"INTERNAL"] {
        assert!(has(wanted), "{}", String::from_utf8_lossy(wanted));
    }
    assert!(!has(b"canary"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_or_hangs_changes_nothing_for_the_callers() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hanging = format!("http://{}", silent.local_addr().unwrap());
    for endpoint in ["http://127.0.0.1:9", hanging.as_str()] {
        let process = Process::start(&[("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)]);
        let client = Client::to(process.addr).await;
        let begun = Instant::now();
        for _ in 0..200 {
            assert_eq!(soon(client.say("hello")).await.text(), "hello");
        }
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
        drop(client);
        let stopped = tokio::task::spawn_blocking(move || process.stop());
        soon(stopped).await.unwrap();
    }
}
