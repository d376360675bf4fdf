//! What each mode of the fault proxy does to those on both its sides.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    io::ErrorKind,
    time::{Duration, Instant},
};

use testkit::{
    ports,
    proxy::{Mode, Proxy, Server, Towards},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UnixListener},
    sync::mpsc,
    time::timeout,
};

const SOON: Duration = Duration::from_secs(10);
/// Long enough that what was to come would have come.
const A_WHILE: Duration = Duration::from_millis(150);

/// A proxy before a server that says everything again, and all that this server has heard.
async fn echo() -> (Proxy, mpsc::UnboundedReceiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::listen(ports(1).unwrap()[0]).await.unwrap();
    proxy.lead_to(Server::Tcp(listener.local_addr().unwrap()));
    let (heard, hears) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let heard = heard.clone();
            tokio::spawn(async move {
                let mut bytes = vec![0; 1024];
                while let Ok(read @ 1..) = stream.read(&mut bytes).await {
                    let _ = heard.send(bytes[..read].to_vec());
                    if stream.write_all(&bytes[..read]).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (proxy, hears)
}

async fn connected(proxy: &Proxy) -> TcpStream {
    timeout(SOON, TcpStream::connect(proxy.addr())).await.unwrap().unwrap()
}

async fn say(stream: &mut TcpStream, words: &str) {
    stream.write_all(words.as_bytes()).await.unwrap();
}

/// The next so many bytes.
async fn hear(stream: &mut TcpStream, many: usize) -> String {
    let mut bytes = vec![0; many];
    timeout(SOON, stream.read_exact(&mut bytes)).await.unwrap().unwrap();
    String::from_utf8(bytes).unwrap()
}

async fn is_silent(stream: &mut TcpStream) {
    let mut byte = [0];
    assert!(timeout(A_WHILE, stream.read(&mut byte)).await.is_err(), "something came");
}

/// The connection was reset, and not closed.
async fn is_reset(stream: &mut TcpStream) {
    let mut bytes = [0; 64];
    let end = timeout(SOON, async {
        loop {
            match stream.read(&mut bytes).await {
                Ok(1..) => {}
                Ok(_) => return None,
                Err(error) => return Some(error.kind()),
            }
        }
    });
    assert_eq!(end.await.unwrap(), Some(ErrorKind::ConnectionReset));
}

async fn answers(proxy: &Proxy) {
    let mut stream = connected(proxy).await;
    say(&mut stream, "still there?").await;
    assert_eq!(hear(&mut stream, 12).await, "still there?");
}

#[tokio::test]
async fn what_passes_arrives_and_an_end_is_an_end() {
    let (proxy, _heard) = echo().await;
    answers(&proxy).await;
    let mut stream = connected(&proxy).await;
    stream.shutdown().await.unwrap();
    assert_eq!(timeout(SOON, stream.read(&mut [0])).await.unwrap().unwrap(), 0);
    assert_eq!((proxy.accepted(), proxy.broken()), (2, 0));
}

#[tokio::test]
async fn a_server_on_a_unix_socket_is_reached_as_well() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let listener = UnixListener::bind(&path).unwrap();
    let proxy = Proxy::listen(0).await.unwrap();
    proxy.lead_to(Server::Unix(path));
    let mut stream = connected(&proxy).await;
    let (mut server, _) = listener.accept().await.unwrap();
    server.write_all(b"welcome").await.unwrap();
    assert_eq!(hear(&mut stream, 7).await, "welcome");
}

#[tokio::test]
async fn what_is_delayed_comes_that_much_later_each_way() {
    let (proxy, _heard) = echo().await;
    let mut stream = connected(&proxy).await;
    say(&mut stream, "one").await;
    hear(&mut stream, 3).await;
    proxy.set(Mode::Delay(Duration::from_millis(100)));
    let begun = Instant::now();
    say(&mut stream, "two").await;
    assert_eq!(hear(&mut stream, 3).await, "two");
    assert!(begun.elapsed() >= Duration::from_millis(200), "{:?}", begun.elapsed());
    // A long delay ends with its mode.
    proxy.set(Mode::Delay(SOON * 10));
    say(&mut stream, "three").await;
    is_silent(&mut stream).await;
    proxy.set(Mode::Pass);
    assert_eq!(hear(&mut stream, 5).await, "three");
}

#[tokio::test]
async fn what_is_stalled_is_late_and_not_lost() {
    let (proxy, mut heard) = echo().await;
    let mut before = connected(&proxy).await;
    say(&mut before, "a").await;
    hear(&mut before, 1).await;
    heard.recv().await.unwrap();
    proxy.set(Mode::Stall);
    let mut meanwhile = connected(&proxy).await;
    say(&mut before, "b").await;
    say(&mut meanwhile, "c").await;
    is_silent(&mut before).await;
    is_silent(&mut meanwhile).await;
    assert!(heard.try_recv().is_err(), "the server heard of it");
    proxy.set(Mode::Pass);
    assert_eq!(
        (hear(&mut before, 1).await, hear(&mut meanwhile, 1).await),
        ("b".into(), "c".into())
    );
}

#[tokio::test]
async fn what_is_dropped_one_way_goes_the_other_and_the_connection_stays_half_dead() {
    let (proxy, mut heard) = echo().await;
    let mut stream = connected(&proxy).await;
    proxy.set(Mode::Drop(Towards::Client));
    say(&mut stream, "lost on the way back").await;
    assert_eq!(timeout(SOON, heard.recv()).await.unwrap().unwrap(), b"lost on the way back");
    is_silent(&mut stream).await;
    proxy.set(Mode::Pass);
    // What comes after a gap would make no sense to anybody.
    say(&mut stream, "and this").await;
    heard.recv().await.unwrap();
    is_silent(&mut stream).await;
    answers(&proxy).await;
    heard.recv().await.unwrap();

    let mut stream = connected(&proxy).await;
    proxy.set(Mode::Drop(Towards::Server));
    say(&mut stream, "lost on the way there").await;
    is_silent(&mut stream).await;
    assert!(heard.try_recv().is_err(), "the server heard of it");
}

#[tokio::test]
async fn a_reset_is_a_reset_for_whoever_is_there_and_whoever_comes() {
    let (proxy, _heard) = echo().await;
    let mut before = connected(&proxy).await;
    say(&mut before, "a").await;
    hear(&mut before, 1).await;
    proxy.set(Mode::Reset);
    is_reset(&mut before).await;
    let mut after = connected(&proxy).await;
    is_reset(&mut after).await;
    assert_eq!(proxy.broken(), 2);
    proxy.set(Mode::Pass);
    answers(&proxy).await;
}

#[tokio::test]
async fn whoever_is_refused_is_told_so_at_once_and_who_is_connected_goes_on() {
    let (proxy, _heard) = echo().await;
    let mut before = connected(&proxy).await;
    say(&mut before, "a").await;
    hear(&mut before, 1).await;
    proxy.set(Mode::Refuse);
    testkit::until("nobody listens", SOON, async || {
        let refused = TcpStream::connect(proxy.addr()).await;
        refused.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
    })
    .await
    .unwrap();
    say(&mut before, "b").await;
    assert_eq!(hear(&mut before, 1).await, "b");
    proxy.set(Mode::Pass);
    testkit::until("it listens", SOON, async || TcpStream::connect(proxy.addr()).await.is_ok())
        .await
        .unwrap();
    answers(&proxy).await;
}

#[tokio::test]
async fn a_connection_is_cut_after_so_many_bytes() {
    let (proxy, mut heard) = echo().await;
    proxy.set(Mode::Cut { towards: Towards::Server, after: 4 });
    let mut stream = connected(&proxy).await;
    say(&mut stream, "123456").await;
    is_reset(&mut stream).await;
    assert_eq!(timeout(SOON, heard.recv()).await.unwrap().unwrap(), b"1234");
    proxy.set(Mode::Cut { towards: Towards::Client, after: 2 });
    let mut stream = connected(&proxy).await;
    say(&mut stream, "123456").await;
    is_reset(&mut stream).await;
    assert_eq!(timeout(SOON, heard.recv()).await.unwrap().unwrap(), b"123456");
}

#[tokio::test]
async fn a_connection_is_cut_at_a_word_that_the_server_hears_or_does_not() {
    let (proxy, mut heard) = echo().await;
    for said in [true, false] {
        proxy.set(Mode::CutAt { word: "COMMIT", said });
        let mut stream = connected(&proxy).await;
        say(&mut stream, "BEGIN").await;
        assert_eq!(hear(&mut stream, 5).await, "BEGIN");
        assert_eq!(heard.recv().await.unwrap(), b"BEGIN");
        say(&mut stream, "COMMIT").await;
        is_reset(&mut stream).await;
        if said {
            assert_eq!(timeout(SOON, heard.recv()).await.unwrap().unwrap(), b"COMMIT");
        } else {
            assert!(heard.try_recv().is_err(), "the server heard it");
        }
    }
    proxy.set(Mode::Pass);
    answers(&proxy).await;
}
