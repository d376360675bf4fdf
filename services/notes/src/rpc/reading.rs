//! What is said about notes by those who read them, as the contract shows it; and who may know of it.

use std::sync::Arc;

use identity::Caller;
use policy::{Agencies, Agency};
use rpc::{Error, Outage};
use wire::{
    convert::{name_of, practitioner_name, set_to_wire, timestamp},
    notes::v1 as pb,
};

use crate::{
    App,
    domain::{Acknowledgement, Question},
};

/// What the directory says of all agencies now.
pub(super) fn agencies(app: &App) -> Result<Arc<Agencies>, Error> {
    let known = app.deps.directory.agencies().ok_or(Error::Unavailable(Outage::Directory))?;
    Ok(known.1)
}

/// Whether the caller is of an agency of which nobody else may learn whom it knows; one that is unknown counts as
/// such.
pub(super) fn is_of_hidden(app: &App, caller: &Caller) -> Result<bool, Error> {
    let agencies = agencies(app)?;
    Ok(caller.agency().and_then(|of| agencies.get(of)).is_none_or(is_hidden))
}

/// Whether nobody else may learn whom this agency knows: 42 CFR 2.13(c), 34 U.S.C. 12291(b)(2).
pub(super) fn is_hidden(agency: &Agency) -> bool {
    agency.part2_program || agency.victim_service_provider
}

pub(super) fn acknowledgement(said: &Acknowledgement) -> pb::Acknowledgement {
    pb::Acknowledgement {
        note: name_of("notes", said.note),
        version: said.version,
        reader: who(said.reader.as_ref(), said.person),
        acknowledge_time: Some(timestamp(said.at)),
    }
}

/// A member of staff, or the person themself.
fn who(staff: Option<&kernel::PractitionerId>, person: uuid::Uuid) -> String {
    staff.map_or_else(|| name_of("people", person), practitioner_name)
}

pub(super) fn question(of: &Question) -> pb::Question {
    let answered = of.answered.as_ref();
    pb::Question {
        name: name_of("questions", of.id),
        note: name_of("notes", of.note),
        words: of.words.0.clone(),
        roles: of.roles.iter().copied().map(i32::from).collect(),
        asker: who(of.asker.as_ref(), of.person),
        ask_time: Some(timestamp(of.at)),
        answer: answered.map(|(_, words)| words.0.clone()).unwrap_or_default(),
        answerer: answered.map(|(signed, _)| practitioner_name(&signed.by)).unwrap_or_default(),
        answer_time: answered.map(|(signed, _)| timestamp(signed.at)),
    }
}

/// The caller's roles, as the contract numbers them.
pub(super) fn roles(caller: &Caller) -> Vec<i16> {
    set_to_wire(caller.roles()).into_iter().filter_map(|role| i16::try_from(role).ok()).collect()
}
