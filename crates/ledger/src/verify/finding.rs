//! What verifying finds. It names numbers, never people.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::Date;
use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "finding", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Finding {
    /// Deleted, inserted, reordered or doubled.
    #[error("after record {after} comes {came}")]
    Gap { after: i64, came: i64 },
    #[error("record {seq} is not what was committed to")]
    Changed { seq: i64 },
    #[error("record {seq} is no event, or another's")]
    Unreadable { seq: i64 },
    #[error("record {seq} is gone before its time")]
    Gone { seq: i64 },
    #[error("record {seq} is more than 5 minutes older than one before it")]
    OutOfTime { seq: i64 },
    #[error("record {seq} is more than 5 minutes off the time in its id")]
    OtherTime { seq: i64 },
    #[error("records of {month} that are gone are not those that were let go")]
    Purged { month: Date },
    #[error("the head over {size} records is not signed, or not what stands beside it")]
    BadHead { size: i64 },
    #[error("the head over {size} records is of an earlier time than the one before it")]
    HeadOutOfTime { size: i64 },
    #[error(
        "the head over {size} records is of others: something up to there, after {after}, is not as it was"
    )]
    HeadDiffers { after: u64, size: u64 },
    #[error("the head over {size} records is over more than there are")]
    HeadBeyond { size: i64 },
    #[error("the head over {size} records is anchored, and is not there any more")]
    HeadMissing { size: u64 },
    #[error(
        "an anchored head over {size} records is of others: something up to there, after {after}, is not as it was"
    )]
    AnchorDiffers { after: u64, size: u64 },
    #[error(
        "an anchored head is over {size} records, and there are {records}: the end was cut off"
    )]
    CutOff { size: u64, records: u64 },
    #[error("something in an anchor is no head of this log by this key")]
    AnchorUnreadable,
    #[error("the kept node {place} of level {level} is not what the records come to")]
    Node { level: u32, place: u64 },
    #[error("{kept} {what} are kept where there should be {due}")]
    Number { what: Kept, kept: u64, due: u64 },
    #[error("{record} is there, and no record of a write names it")]
    Unnamed { record: Uuid },
    #[error("{record} was written by a request, and there are fewer records than such requests")]
    Unrecorded { record: Uuid },
    #[error("record {seq} is of a write, and what was written is not there")]
    Unwritten { seq: i64 },
    #[error("the counter says {counter}, and the last record is {last}")]
    Counter { counter: i64, last: i64 },
}

/// What is kept of a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kept {
    Records,
    Heads,
    Nodes,
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Records => "records",
            Self::Heads => "heads",
            Self::Nodes => "nodes",
        })
    }
}
