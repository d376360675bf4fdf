//! Calls of bytes: whatever the contract says of them.

use std::time::Duration;

use bytes::{Buf as _, BufMut as _};
use tonic::{
    Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    transport::{Channel, Endpoint},
};
use tonic_types::StatusExt as _;

/// How long an answer, or a stream's first message, may take.
const BOUND: Duration = Duration::from_secs(20);
/// Larger than any service reads.
const LARGEST: usize = 16 * 1024 * 1024;

struct Bytes;

impl Codec for Bytes {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;
    fn encoder(&mut self) -> Self {
        Self
    }
    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;
    fn encode(&mut self, item: Vec<u8>, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;
    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining()).to_vec()))
    }
}

pub async fn connect(url: &str) -> Channel {
    Endpoint::from_shared(url.to_owned()).unwrap().connect().await.unwrap()
}

/// The answer, or the first message of a stream of answers. What a busy machine did not take up is
/// asked again.
pub async fn call(
    channel: &Channel,
    path: &str,
    token: Option<&str>,
    messages: Vec<Vec<u8>>,
) -> Result<Vec<u8>, Status> {
    call_with(channel, path, token, messages, &[]).await
}

/// The same, with more metadata.
pub async fn call_with(
    channel: &Channel,
    path: &str,
    token: Option<&str>,
    messages: Vec<Vec<u8>>,
    more: &[(&'static str, &str)],
) -> Result<Vec<u8>, Status> {
    client::retry(|| once(channel, path, token, messages.clone(), more)).await
}

async fn once(
    channel: &Channel,
    path: &str,
    token: Option<&str>,
    messages: Vec<Vec<u8>>,
    more: &[(&'static str, &str)],
) -> Result<Vec<u8>, Status> {
    let answer = async {
        let mut grpc = Grpc::new(channel.clone())
            .max_decoding_message_size(LARGEST)
            .max_encoding_message_size(LARGEST);
        grpc.ready().await.map_err(|e| Status::internal(format!("no connection: {e}")))?;
        let mut request = Request::new(tokio_stream::iter(messages));
        if let Some(token) = token {
            let bearer = format!("Bearer {token}").parse().unwrap();
            request.metadata_mut().insert("authorization", bearer);
        }
        for (key, value) in more {
            request.metadata_mut().insert(*key, value.parse().unwrap());
        }
        let path = path.parse().unwrap();
        let mut answers = grpc.streaming(request, path, Bytes).await?.into_inner();
        let first = answers.message().await?;
        first.ok_or_else(|| Status::unknown("an answer without a message"))
    };
    let late = |_| panic!("{path}: no answer within {BOUND:?}");
    tokio::time::timeout(BOUND, answer).await.unwrap_or_else(late)
}

/// The published reason of a refusal. Every refusal has one.
pub fn reason(status: &Status, what: &str) -> String {
    let info = status.get_details_error_info();
    let info = info.unwrap_or_else(|| panic!("{what}: no ErrorInfo: {status:?}"));
    assert_eq!(info.domain, "trellis", "{what}");
    let published = format!("ERROR_REASON_{}", info.reason);
    let known = wire::common::v1::ErrorReason::from_str_name(&published);
    assert!(known.is_some(), "{what}: {published} is not in the contract");
    info.reason
}

/// The fields that BadRequest names.
pub fn fields(status: &Status) -> Vec<String> {
    let bad = status.get_details_bad_request().map(|bad| bad.field_violations);
    bad.unwrap_or_default().into_iter().map(|violation| violation.field).collect()
}
