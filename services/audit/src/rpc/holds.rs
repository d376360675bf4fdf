//! What the RPCs of legal holds share.

use permit::Call;
use rpc::{Denial, Error, Outage};
use uuid::Uuid;
use wire::{
    audit::v1 as pb,
    convert::{agency_name, name_of, timestamp},
};

use crate::{App, store::hold::Hold};

/// Holds of one agency, or of the network, that stand at once.
pub(super) const MOST: usize = 10_000;

/// Whose holds the caller may see: their agency's; none: the network's.
pub(super) fn office(call: &Call) -> Result<Option<Uuid>, Error> {
    match call.caller().agency() {
        None => Ok(None),
        Some(agency) => agency.uuid().map(Some).ok_or(Error::NotFound),
    }
}

/// Of an agency whose people another deployment holds nothing about anybody is written here.
pub(super) fn held_here(app: &App, office: Option<Uuid>) -> Result<(), Error> {
    let Some(agency) = office else { return Ok(()) };
    match app.registers.hold(agency, &app.deps.directory) {
        Some(true) => Ok(()),
        Some(false) => Err(Error::Denied(Denial::HeldElsewhere)),
        None => Err(Error::Unavailable(Outage::Directory)),
    }
}

pub(super) fn shown(hold: &Hold) -> pb::LegalHold {
    pb::LegalHold {
        name: name_of("legalHolds", hold.id),
        person: name_of("people", hold.person),
        matter: hold.matter.clone(),
        agency: hold.agency.map(agency_name).unwrap_or_default(),
        place_time: Some(timestamp(hold.placed_at)),
        lift_time: hold.lifted_at.map(timestamp),
    }
}
