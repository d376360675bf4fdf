//! Requests as their handlers read them before they ask the database, and places that tokens hold, for the fuzz
//! targets alone: nothing that ships has this.

use std::any::Any;

use kernel::Class;
use rpc::Error;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;
use wire::{convert::from_wire, notes::v1 as pb};

use super::{decide_amendment, linked, named::Named, own_words, search_notes, sent, types};
use crate::domain::{Attachment, Look, Type, bare, dotted, folded, query, ranges};

pub fn parse(request: &dyn Any) -> Result<(), Error> {
    if let Some(request) = request.downcast_ref::<pb::CreateNoteRequest>() {
        rpc::check(request).and(sent::too_long(&request.sections)).done()?;
        let of = Type::of(request.r#type);
        let said = request.labels.as_ref().map(|said| sent::stated("labels", said)).transpose()?;
        let sections = sent::sections(request.sections.clone())?;
        let class = from_wire(request.record_class).unwrap_or(Class::General);
        let contact = request.supervision_contact.as_ref();
        types::fits(of, ("record_class", class), (said, &sections), contact)?;
        linked::said(request.links.as_ref(), of)?;
    } else if let Some(request) = request.downcast_ref::<pb::AddStatementRequest>() {
        rpc::check(request).and(own_words::unfit(request)).done()?;
    } else if let Some(request) = request.downcast_ref::<pb::DecideAmendmentRequest>() {
        rpc::check(request).and(decide_amendment::mixed(request)).done()?;
    } else if let Some(request) = request.downcast_ref::<pb::SearchNotesRequest>() {
        let named = Named::of(&request.people);
        rpc::check(request).ids(&named.fields()).done()?;
        named.ids()?;
        folded(&query(&request.query));
    } else if let Some(request) = request.downcast_ref::<pb::SuggestLabelsRequest>() {
        rpc::valid(request)?;
        for asked in &request.codes {
            let code = bare(&asked.code);
            ranges(&code);
            dotted(&code);
        }
    }
    Ok(())
}

/// Whether a token's bytes are a place among what was found.
pub fn place(bytes: &[u8]) -> bool {
    search_notes::place(bytes).is_ok()
}

/// Whether a file of these parts is what it is said to be.
pub fn look(media_type: i32, parts: &[&[u8]]) -> bool {
    let file = Attachment {
        id: Uuid::from_u128(1),
        note: Uuid::from_u128(2),
        file_name: String::new(),
        media_type,
        size: parts.iter().map(|part| part.len()).sum(),
        sha256: Sha256::digest(parts.concat()).to_vec(),
        author: String::new(),
        stored_as: Uuid::from_u128(3),
        finished_at: None,
        part_hashes: Vec::new(),
    };
    let mut look = Look::at(&file);
    parts.iter().for_each(|part| look.part(part));
    look.found(&file).is_ok()
}
