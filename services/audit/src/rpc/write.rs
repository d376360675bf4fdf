//! What the writes share.

use permit::Call;
use rpc::{Error, Replay};

use crate::App;

/// The answer to a repeated request, on record once more: what is written here is the caller's office's own,
/// and admission asks for the role each time.
pub(super) async fn again(app: &App, call: &Call, replay: Replay) -> Result<(), Error> {
    Ok(app.deps.guard.release_office(call, vec![replay.record_id], ()).await?)
}
