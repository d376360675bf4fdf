//! gRPC-Web: the framing of a browser's request, in pieces, and what the service behind it reads.

use std::convert::Infallible;

use bytes::Bytes;
use futures::{executor::block_on, stream};
use http::{Request, Response, header::CONTENT_TYPE};
use http_body_util::{BodyExt as _, StreamBody};
use tonic::body::Body;
use tonic_web::GrpcWebLayer;
use tower::{Layer as _, ServiceExt as _, service_fn};

/// The first byte says how it is encoded and how long the pieces are.
pub fn run(data: &[u8]) {
    let Some((how, bytes)) = data.split_first() else { return };
    let text = how & 1 == 1;
    let kind = if text { "application/grpc-web-text+proto" } else { "application/grpc-web+proto" };
    let piece = usize::from(how >> 1) + 1;
    let pieces: Vec<_> = bytes
        .chunks(piece)
        .map(|piece| Ok::<_, Infallible>(http_body::Frame::data(Bytes::copy_from_slice(piece))))
        .collect();
    let body = Body::new(StreamBody::new(stream::iter(pieces)));
    let request =
        Request::post("/trellis.notes.v1.NotesService/GetNote").header(CONTENT_TYPE, kind);
    let request = request.body(body).expect("a request");
    let most = bytes.len();
    let echo = service_fn(move |request: Request<Body>| async move {
        // What breaks off is an error of the body, and no more than was sent is read.
        let mut body = request.into_body();
        let (mut read, mut whole) = (Vec::new(), true);
        while let Some(frame) = body.frame().await {
            match frame.map(http_body::Frame::into_data) {
                Ok(Ok(data)) => read.extend_from_slice(&data),
                Ok(Err(_)) => {}
                Err(_) => {
                    whole = false;
                    break;
                }
            }
        }
        assert!(read.len() <= most, "more is read than was sent");
        assert!(text || !whole || read.len() == most, "a binary body is not read whole");
        Ok::<_, Infallible>(Response::new(Body::empty()))
    });
    block_on(async {
        let answer = GrpcWebLayer::new().layer(echo).oneshot(request).await;
        let answer = answer.unwrap_or_else(|never| match never {});
        drop(answer.into_body().collect().await);
    });
}
