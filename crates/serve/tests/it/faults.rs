use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::Code;

use crate::support::{Client, frame, soon, start, until};

#[tokio::test]
async fn a_panic_is_internal_says_nothing_and_leaves_the_connection_alive() {
    let (server, state) = start("").await;
    let client = Client::to(server.addr()).await;
    let held = client.clone();
    let held = tokio::spawn(async move { held.say("hold").await });
    until("another call is in flight", || state.started() == 1).await;
    let reply = soon(client.say("panic:secret")).await;
    assert_eq!((reply.code(), reply.reason().as_str()), (Code::Internal, "INTERNAL"));
    let shown = format!("{:?} {:?}", reply.status, reply.headers);
    assert!(!shown.contains("canary") && !shown.contains("secret"), "{shown}");
    assert_eq!(soon(client.say("hello")).await.text(), "hello");
    state.release.add_permits(1);
    assert_eq!(soon(held).await.unwrap().text(), "released");
}

#[tokio::test]
async fn a_panic_in_the_middle_of_a_stream_ends_that_stream_only() {
    let (server, _) = start("").await;
    let client = Client::to(server.addr()).await;
    let reply = soon(client.call("test.Echo/Count", "panic", &[])).await.unwrap();
    assert_eq!((reply.code(), reply.reason().as_str()), (Code::Internal, "INTERNAL"));
    assert_eq!(soon(client.say("hello")).await.text(), "hello");
}

#[tokio::test]
async fn an_error_without_details_gets_an_error_info_and_faults_lose_their_text() {
    let (server, _) = start("").await;
    let client = Client::to(server.addr()).await;
    for (code, reason) in [(13, "INTERNAL"), (2, "INTERNAL"), (15, "INTERNAL"), (5, "NOT_FOUND")] {
        let reply = client.say(&format!("fail:{code}")).await;
        assert_eq!(reply.reason(), reason);
        assert_eq!(reply.status.unwrap().message().contains("canary"), reason == "NOT_FOUND");
    }
    let unknown = client.call("test.Echo/Nothing", "", &[]).await.unwrap();
    assert_eq!((unknown.code(), unknown.reason().as_str()), (Code::Unimplemented, "UNIMPLEMENTED"));
    let nowhere = client.call("people/Jane", "", &[]).await.unwrap();
    assert_eq!((nowhere.code(), nowhere.reason().as_str()), (Code::Unimplemented, "UNIMPLEMENTED"));
}

#[tokio::test]
async fn a_message_that_cannot_be_decoded_is_the_callers_fault() {
    let (server, _) = start("").await;
    let client = Client::to(server.addr()).await;
    let bad: [&[u8]; 3] = [
        b"\x00\x00\x00\x00\x03\x0a\x01\xff", // not UTF-8
        b"\x00\x00\x00\x00\x02\x0a\x7f",     // shorter than it says
        b"\x00\x00\x00\x00\x01\x0c",         // a group that begins nowhere
    ];
    for body in bad {
        let response = client.begin("test.Echo/Say", body.to_vec().into(), &[]).await.unwrap();
        let (parts, body) = response.into_parts();
        let reply = crate::support::finish(parts, body).await.unwrap();
        assert_eq!(reply.code(), Code::InvalidArgument, "{:?}", reply.status);
        assert_eq!(reply.reason(), "INVALID_ARGUMENT");
    }
    // A length prefix that lies, and a flag that does not exist.
    for body in [&b"\x00\xff\xff\xff\xffabc"[..], &b"\x00\x00\x00\x00\x09abc"[..], &b"\x07"[..]] {
        let response = client.begin("test.Echo/Say", body.to_vec().into(), &[]).await.unwrap();
        let (parts, body) = response.into_parts();
        let reply = crate::support::finish(parts, body).await.unwrap();
        assert_ne!(reply.code(), Code::Ok);
        reply.reason();
    }
    assert_eq!(client.say("hello").await.text(), "hello");
}

#[tokio::test]
async fn other_protocols_and_garbage_on_the_port_do_no_harm() {
    let (server, _) = start("").await;
    let client = Client::to(server.addr()).await;
    let openings: [&[u8]; 6] = [
        b"GET / HTTP/1.1\r\nhost: x\r\n\r\n",
        b"POST /test.Echo/Say HTTP/1.1\r\ncontent-type: application/grpc-web\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00\x00\x00\x00",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    ];
    for opening in openings {
        let mut socket = TcpStream::connect(server.addr()).await.unwrap();
        socket.write_all(opening).await.unwrap();
        let mut answer = Vec::new();
        // Closed or reset, and soon; never an HTTP/1.1 answer.
        let _ = soon(socket.read_to_end(&mut answer)).await;
        assert!(!answer.starts_with(b"HTTP/1"), "{opening:?}");
    }
    assert_eq!(soon(client.say("hello")).await.text(), "hello");
    assert_eq!(soon(Client::to(server.addr()).await.say("hello")).await.text(), "hello");
}

#[tokio::test]
async fn http_requests_that_are_not_grpc_get_an_http_status() {
    let (server, state) = start("").await;
    let client = Client::to(server.addr()).await;
    for kind in ["application/json", "text/plain", "application/grpcx", "application/grpc-web"] {
        let headers = [("content-type", kind)];
        let response = client.begin("test.Echo/Say", frame("x"), &headers).await.unwrap();
        assert_eq!(response.status(), 415, "{kind}");
    }
    assert_eq!(state.started(), 0);
}

#[tokio::test]
async fn the_callers_trace_reaches_the_handler() {
    let (server, _) = start("").await;
    let client = Client::to(server.addr()).await;
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let headers = [("traceparent", parent)];
    let seen = client.call("test.Echo/Say", "trace", &headers).await.unwrap().text();
    assert!(seen.contains("4b, f9, 2f, 35") && seen.contains("e, 47, 36"), "{seen}");
    assert_ne!(client.say("trace").await.text(), "None");
}
