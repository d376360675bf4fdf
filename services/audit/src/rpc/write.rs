//! What the writes share.

use kernel::{Action, PersonId};
use permit::Call;
use rpc::{Error, Replay, Request, Write};
use uuid::Uuid;

use crate::App;

/// A write of the caller's office about a person, and its record.
pub(super) fn about(
    app: &App,
    call: &Call,
    name: &'static str,
    once: Request,
    (record, person): (Uuid, Uuid),
) -> Write {
    let (clock, person) = (&app.deps.clock, PersonId::from(person));
    let event = permit::office_event(call, Some(&person), Action::Write, vec![record], clock);
    Write { name, call: call.clone(), once, record, event }
}

/// The answer to a repeated request, on record once more: what is written here is the caller's office's own,
/// and admission asks for the role each time.
pub(super) async fn again(app: &App, call: &Call, replay: Replay) -> Result<(), Error> {
    app.deps.release_office(call, vec![replay.record_id], ()).await
}
