//! What is said about notes by those who read them, as the contract shows it; and who may know of it.

use policy::Agency;
use wire::{
    convert::{name_of, practitioner_name, timestamp},
    notes::v1 as pb,
};

use crate::domain::Acknowledgement;

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
