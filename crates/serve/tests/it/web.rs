use std::net::SocketAddr;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Client, frame, soon, start};

const WEB: &str = "[web]\norigins = ['https://care.example.org']";

/// As a browser would: HTTP/1.1.
async fn send(addr: SocketAddr, method: Method, headers: &[(&str, &str)]) -> Response<Bytes> {
    let socket = TcpStream::connect(addr).await.unwrap();
    let (mut send, conn) = http1::handshake(TokioIo::new(socket)).await.unwrap();
    tokio::spawn(conn);
    let mut request = Request::builder().method(method).uri("/test.Echo/Say").header("host", "x");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(frame("hello"))).unwrap();
    let (parts, body) = soon(send.send_request(request)).await.unwrap().into_parts();
    Response::from_parts(parts, soon(body.collect()).await.unwrap().to_bytes())
}

const GRPC_WEB: (&str, &str) = ("content-type", "application/grpc-web+proto");

#[tokio::test]
async fn a_unary_call_over_grpc_web_works_from_a_listed_origin() {
    let (server, _) = start(WEB).await;
    let origin = ("origin", "https://care.example.org");
    let response = send(server.addr(), Method::POST, &[GRPC_WEB, origin]).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["access-control-allow-origin"], origin.1);
    assert!(!response.headers().contains_key("access-control-allow-credentials"));
    let body = response.into_body();
    assert!(body.starts_with(&frame("hello")));
    // The trailers come as a last frame of the body.
    assert!(String::from_utf8_lossy(&body).contains("grpc-status:0"), "{body:?}");
}

#[tokio::test]
async fn an_origin_that_is_not_listed_is_refused_before_the_service_hears_of_it() {
    let (server, state) = start(WEB).await;
    for origin in [
        "https://evil.example",
        "http://care.example.org",
        "https://care.example.org:8443",
        "https://CARE.example.org",
        "https://care.example.org.evil.example",
        "null",
        "",
    ] {
        for method in [Method::POST, Method::OPTIONS] {
            let headers = [GRPC_WEB, ("origin", origin)];
            let response = send(server.addr(), method, &headers).await;
            assert_eq!(response.status(), 403, "{origin}");
            assert!(!response.headers().contains_key("access-control-allow-origin"));
        }
    }
    let two = [GRPC_WEB, ("origin", "https://care.example.org"), ("origin", "https://x.example")];
    assert_eq!(send(server.addr(), Method::POST, &two).await.status(), 403);
    assert_eq!(state.started(), 0);
}

#[tokio::test]
async fn a_preflight_allows_what_the_contract_needs() {
    let (server, state) = start(WEB).await;
    let headers =
        [("origin", "https://care.example.org"), ("access-control-request-method", "POST")];
    let response = send(server.addr(), Method::OPTIONS, &headers).await;
    assert_eq!(response.status(), 204);
    assert_eq!(response.headers()["access-control-allow-methods"], "POST");
    let allowed = response.headers()["access-control-allow-headers"].to_str().unwrap();
    assert!(allowed.contains("authorization") && allowed.contains("purpose-of-use"), "{allowed}");
    assert_eq!(state.started(), 0);
}

#[tokio::test]
async fn http1_speaks_grpc_web_only_and_grpc_goes_on_beside_it() {
    let (server, state) = start(WEB).await;
    for kind in ["application/grpc", "application/json", "text/html"] {
        let response = send(server.addr(), Method::POST, &[("content-type", kind)]).await;
        assert_eq!(response.status(), 415, "{kind}");
    }
    assert_eq!(send(server.addr(), Method::GET, &[]).await.status(), 415);
    assert_eq!(send(server.addr(), Method::GET, &[GRPC_WEB]).await.status(), 405);
    assert_eq!(state.started(), 0);
    assert_eq!(Client::to(server.addr()).await.say("hello").await.text(), "hello");
    let over_http2 = Client::to(server.addr()).await;
    let response = over_http2.begin("test.Echo/Say", frame("hello"), &[GRPC_WEB]).await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/grpc-web+proto");
}

#[tokio::test]
async fn errors_over_grpc_web_carry_their_details() {
    let (server, _) = start(WEB).await;
    let response = send(server.addr(), Method::POST, &[GRPC_WEB, ("grpc-timeout", "odd")]).await;
    let shown = format!("{:?} {:?}", response.headers(), response.body());
    assert!(shown.contains("grpc-status-details-bin"), "{shown}");
}

#[tokio::test]
async fn http1_headers_that_do_not_end_are_cut_off() {
    let limits = format!("{WEB}\n[limits]\nhandshake_timeout_seconds = 1");
    let (server, _) = start(&limits).await;
    let mut socket = TcpStream::connect(server.addr()).await.unwrap();
    socket.write_all(b"POST /test.Echo/Say HTTP/1.1\r\nhost: x\r\n").await.unwrap();
    let _ = soon(socket.read_to_end(&mut Vec::new())).await;
}
