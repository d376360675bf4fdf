//! What the RPCs of files do alike. A file stands under its note: by the note's decision, as it is now.

use permit::{Ask, Call, Disclosure, Located, ReadNotes};
use rpc::{Error, Outage};
use uuid::Uuid;
use wire::{
    convert::{name_of, practitioner_name, timestamp},
    notes::v1 as pb,
};

use super::get_note;
use crate::{
    App,
    domain::{Attachment, Reach, seen_by},
    files::Fault,
};

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Away => Self::Unavailable(Outage::Storage),
            Fault::Damaged => Self::Internal("a file that is damaged"),
        }
    }
}

/// A note as its reader may know of it, before the decision.
pub(super) async fn located(app: &App, call: &Call, note: Uuid) -> Result<Located, Error> {
    let caller = call.caller();
    let seen = |record: &policy::Record, reach: Reach| seen_by(caller, record, reach);
    Ok(app.store.locate(note, seen).await?)
}

/// Whose a note is that the caller may read whole, for what goes with it: on record as a read of the note.
pub(super) async fn released(
    app: &App,
    call: &Call,
    note: Uuid,
) -> Result<(Uuid, Disclosure), Error> {
    let (note, disclosure) = get_note::whole(app, call, note).await?;
    Ok((note.record.person.uuid().ok_or(Error::NotFound)?, disclosure))
}

/// That a note which was released may be read still. A refusal is on record.
pub(super) async fn still_readable(app: &App, call: &Call, note: Uuid) -> Result<(), Error> {
    rpc::still_admitted(call, &app.deps.directory, &*app.deps.clock)?;
    let located = located(app, call, note).await?;
    app.deps.guard.permit(call, Ask::<ReadNotes>::about(located)).await?;
    Ok(())
}

/// A file as the contract shows it.
pub(super) fn shown(file: &Attachment) -> pb::Attachment {
    pb::Attachment {
        name: name_of("attachments", file.id),
        note: name_of("notes", file.note),
        file_name: file.file_name.clone(),
        media_type: file.media_type,
        size: i64::try_from(file.size).unwrap_or(i64::MAX),
        sha256: hex::encode(&file.sha256),
        author: practitioner_name(&kernel::PractitionerId::new(file.author.clone())),
        create_time: file.finished_at.map(timestamp),
    }
}
