//! What a sender's messages hold, one by one.

use std::time::Duration;

use rpc::{Error, Outage};
use tokio::time::{Instant, timeout_at};
use tonic::Streaming;
use wire::notes::v1::{AttachmentChunk, AttachmentHeader, PutAttachmentRequest};

/// Who sends nothing for so long, or takes so long in all, makes room for another; what is kept stays.
const PATIENCE: Duration = Duration::from_secs(30);
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// A message, by what it holds.
pub(super) enum Part {
    Header(AttachmentHeader),
    Chunk(AttachmentChunk),
}

/// Messages, each as the contract wants it.
pub(super) struct Incoming {
    messages: Streaming<PutAttachmentRequest>,
    ends: Instant,
}

impl Incoming {
    pub(super) fn new(messages: Streaming<PutAttachmentRequest>) -> Self {
        Self { messages, ends: Instant::now() + LONGEST }
    }

    /// None: the stream has ended.
    pub(super) async fn next(&mut self) -> Result<Option<Part>, Error> {
        let until = self.ends.min(Instant::now() + PATIENCE);
        let next = timeout_at(until, self.messages.message()).await;
        let next = next.map_err(|_| Error::Unavailable(Outage::Overloaded))?;
        // What broke off, or is no message of ours, is no file.
        let next = next.map_err(|_| Error::field("chunk", "the stream broke off"))?;
        let Some(message) = next else { return Ok(None) };
        let ids = message.header.iter().flat_map(|header| {
            [("header.request_id", &*header.request_id), ("header.note", &*header.note)]
        });
        rpc::check(&message).ids(&ids.collect::<Vec<_>>()).done()?;
        match (message.header, message.chunk) {
            (Some(header), None) => Ok(Some(Part::Header(header))),
            (None, Some(chunk)) => Ok(Some(Part::Chunk(chunk))),
            _ => Err(Error::field("header", "either header or chunk must be set")),
        }
    }
}
