//! Goals as the contract tells them.

use prost::Message as _;
use rpc::Error;
use wire::{
    Violation,
    convert::{name_of, timestamp},
    recovery::v1::{Goal, GoalContent},
};

use crate::domain::{Content, MOST_BYTES, OwnRecord};

/// What a goal is to say, as it is kept; and what is wrong with it.
pub(super) fn content(given: Option<&GoalContent>) -> (Content, Option<Violation>) {
    let bytes = given.map(GoalContent::encode_to_vec).unwrap_or_default();
    let long = bytes.len() > MOST_BYTES;
    (Content(bytes), long.then(|| Violation::new("content", "must come to at most 64 KiB")))
}

/// `own`: to the person themself.
pub(super) fn shown(record: &OwnRecord, own: bool) -> Result<Goal, Error> {
    let content = GoalContent::decode(&*record.content.0);
    Ok(Goal {
        name: name_of("goals", record.id),
        person: name_of("people", record.person),
        version: record.version,
        create_time: Some(timestamp(record.created_at)),
        write_time: Some(timestamp(record.written_at)),
        etag: if own { record.version.to_string() } else { String::new() },
        content: Some(content.map_err(|_| Error::Internal("a goal's content"))?),
    })
}
