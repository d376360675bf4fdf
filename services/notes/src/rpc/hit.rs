//! A hit as the contract shows it.

use std::collections::HashMap;

use uuid::Uuid;
use wire::{
    convert::{agency_name, name_of, timestamp, to_wire},
    notes::v1::{Highlight, HighlightRange, NoteHit},
};

use super::reply;
use crate::store::{Hit, Marked};

pub(super) fn shown(hit: &Hit, found: &mut HashMap<Uuid, Vec<Marked>>) -> NoteHit {
    let record = &hit.record;
    let found = found.remove(&hit.place.id).unwrap_or_default();
    NoteHit {
        name: name_of("notes", &record.id),
        person: name_of("people", &record.person),
        r#type: hit.note_type,
        record_class: to_wire(record.class),
        custodian: record.custodian.as_ref().map(agency_name).unwrap_or_default(),
        author: reply::author(record),
        authored_time: record.authored_on.map(timestamp),
        state: i32::from(hit.state.number()),
        version: hit.version,
        highlights: found.into_iter().map(highlight).collect(),
    }
}

fn highlight(found: Marked) -> Highlight {
    let character = |at: usize| i32::try_from(at).unwrap_or(i32::MAX);
    let (text, ranges) = found.piece.map(|piece| (piece.text, piece.ranges)).unwrap_or_default();
    let range = |(start, end): (usize, usize)| HighlightRange {
        start: character(start),
        end: character(end),
    };
    Highlight { title: found.title, text, ranges: ranges.into_iter().map(range).collect() }
}
