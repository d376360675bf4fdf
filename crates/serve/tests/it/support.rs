//! A server, and a client so plain that it decides nothing by itself.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use serve::{Running, ServeConfig, Server};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::echo::{Echo, State, descriptors};

pub fn config(text: &str) -> ServeConfig {
    toml::from_str(&format!("listen = '127.0.0.1:0'\nplaintext = true\n{text}")).unwrap()
}

pub async fn start(text: &str) -> (Running, Arc<State>) {
    start_with(config(text)).await
}

pub async fn start_with(config: ServeConfig) -> (Running, Arc<State>) {
    let echo = Echo::default();
    let state = Arc::clone(&echo.0);
    let builder = Server::builder(config).add_service(echo).descriptors(descriptors());
    (builder.start().await.unwrap(), state)
}

/// One HTTP/2 connection.
#[derive(Clone)]
pub struct Client(http2::SendRequest<Full<Bytes>>);

pub struct Reply {
    pub http: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub status: Option<Status>,
}

impl Reply {
    pub fn code(&self) -> Code {
        self.status.as_ref().map_or(Code::Unknown, Status::code)
    }

    pub fn text(&self) -> String {
        assert_eq!(self.code(), Code::Ok, "{:?}", self.status);
        String::decode(&self.body[5..]).unwrap()
    }

    /// The `ErrorInfo` that every error must bring.
    pub fn reason(&self) -> String {
        let details = self.status.as_ref().unwrap().get_error_details();
        let info = details.error_info().expect("every error has an ErrorInfo").clone();
        assert_eq!(info.domain, "trellis");
        info.reason
    }
}

impl Client {
    pub async fn to(addr: SocketAddr) -> Self {
        let socket = TcpStream::connect(addr).await.unwrap();
        socket.set_nodelay(true).unwrap();
        Self::over(socket).await
    }

    pub async fn over<IO: AsyncRead + AsyncWrite + Unpin + Send + 'static>(io: IO) -> Self {
        Self::try_over(io).await.unwrap()
    }

    pub async fn try_over<IO: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        io: IO,
    ) -> Result<Self, hyper::Error> {
        let builder = http2::Builder::new(TokioExecutor::new());
        let (send, conn) = builder.handshake(TokioIo::new(io)).await?;
        tokio::spawn(conn);
        Ok(Self(send))
    }

    pub async fn say(&self, text: &str) -> Reply {
        self.call("test.Echo/Say", text, &[]).await.unwrap()
    }

    pub async fn call(
        &self,
        path: &str,
        text: &str,
        headers: &[(&str, &str)],
    ) -> Result<Reply, hyper::Error> {
        let response = self.begin(path, frame(text), headers).await?;
        let (parts, body) = response.into_parts();
        finish(parts, body).await
    }

    pub async fn begin(
        &self,
        path: &str,
        body: Bytes,
        headers: &[(&str, &str)],
    ) -> Result<http::Response<Incoming>, hyper::Error> {
        let mut request = Request::post(format!("http://test/{path}"));
        if !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/grpc");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut send = self.0.clone();
        send.ready().await?;
        send.send_request(request.body(Full::new(body)).unwrap()).await
    }

    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }
}

pub async fn finish(parts: http::response::Parts, body: Incoming) -> Result<Reply, hyper::Error> {
    let collected = body.collect().await?;
    let trailers = collected.trailers().cloned().unwrap_or_default();
    let status =
        Status::from_header_map(&trailers).or_else(|| Status::from_header_map(&parts.headers));
    Ok(Reply { http: parts.status, headers: parts.headers, body: collected.to_bytes(), status })
}

/// One message as it goes over the wire.
pub fn frame(text: &str) -> Bytes {
    let message = text.to_owned().encode_to_vec();
    let mut frame = BytesMut::new();
    frame.put_u8(0);
    frame.put_u32(message.len() as u32);
    frame.put_slice(&message);
    frame.freeze()
}

/// Polls until it is so, for at most ten seconds.
pub async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(10), "not within ten seconds: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Fails a test that hangs.
pub async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(10), future).await.expect("hangs")
}
