//! Doors to the private parsers, for the fuzz targets alone: nothing that ships has them.

use std::time::Duration;

use http::HeaderMap;
use tokio::io::AsyncReadExt as _;

use crate::{deadline, sniff, web};

/// `grpc-timeout`; the outer none: it is odd.
pub fn timeout(headers: &HeaderMap) -> Option<Option<Duration>> {
    deadline::parse(headers).ok()
}

/// Whether a content type is gRPC's.
pub fn is_grpc(kind: &[u8]) -> bool {
    web::is_grpc(kind)
}

/// What a connection that sends these bytes begins with: whether it is HTTP/2, and all that is read after the look.
pub async fn sniffed(bytes: &[u8]) -> Option<(bool, Vec<u8>)> {
    let (protocol, mut looked) = sniff::sniff(bytes).await.ok()?;
    let mut read = Vec::new();
    looked.read_to_end(&mut read).await.ok()?;
    Some((protocol == sniff::Protocol::Http2, read))
}
