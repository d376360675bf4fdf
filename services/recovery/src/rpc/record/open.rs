//! A part that is being read.

use std::time::Duration;

use prost::Message as _;
use tonic::{Code, Status};
use wire::recovery::v1::RecordPart;

use super::{
    Asked,
    parts::{self, Page},
};

/// Records that are asked for at a time, at first.
const PAGE: i32 = 50;
/// A page that is larger is asked for again in halves: a client takes 4 MiB, as a rule.
const LARGEST: usize = 3 * 1024 * 1024;
/// How long a page is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where a part has come to.
pub(super) struct Open {
    pub(super) part: RecordPart,
    /// Where the next page begins.
    pub(super) token: String,
    pub(super) pages: usize,
    pub(super) records: i64,
    size: i32,
}

impl Open {
    pub(super) fn new(part: RecordPart) -> Self {
        Self { part, token: String::new(), pages: 0, records: 0, size: PAGE }
    }

    pub(super) async fn page(&mut self, asked: &Asked) -> Result<Page, Status> {
        loop {
            // On the heap: it is as large as the largest part's.
            let read = Box::pin(parts::read(asked, self.part, &self.token, self.size));
            let read = tokio::time::timeout(PATIENCE, read).await;
            let read = read.unwrap_or_else(|_| Err(Status::unavailable("no answer in time")));
            let long = match &read {
                Ok(page) => page.message.encoded_len() > LARGEST,
                // What gRPC says of a message that is larger than either side takes.
                Err(status) => status.code() == Code::OutOfRange,
            };
            if !long || self.size == 1 {
                return read;
            }
            self.size = (self.size / 2).max(1);
        }
    }
}
