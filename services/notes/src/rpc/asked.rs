//! What a request to move a note has in common with the others.

use kernel::{Instant, PractitionerId};
use permit::Call;
use prost::Message;
use rpc::Error;
use tonic::Request;
use uuid::Uuid;
use wire::notes::v1 as pb;

use super::{change::Opened, sent, write};
use crate::App;

/// A request that moves a note.
pub(super) trait Moves: Message + prost_protovalidate::Validate {
    fn request_id(&self) -> &str;
    fn name(&self) -> &str;
    fn etag(&self) -> &str;
    fn episode(&self) -> &str {
        ""
    }
    fn sections(&self) -> &[pb::NoteSection] {
        &[]
    }
}

macro_rules! moves {
    ($($name:ident $({ $($part:ident: $what:ty),+ })?),+ $(,)?) => {$(
        impl Moves for pb::$name {
            fn request_id(&self) -> &str {
                &self.request_id
            }
            fn name(&self) -> &str {
                &self.name
            }
            fn etag(&self) -> &str {
                &self.etag
            }
            $($(fn $part(&self) -> &$what {
                &self.$part
            })+)?
        }
    )+};
}
moves!(
    UpdateDraftRequest { episode: str, sections: [pb::NoteSection] },
    SignNoteRequest,
    CosignNoteRequest,
    AmendNoteRequest { sections: [pb::NoteSection] },
    AppendNoteRequest { sections: [pb::NoteSection] },
    MarkEnteredInErrorRequest,
);

/// A move that was asked for, checked as far as its request goes.
pub(super) struct Asked<Q> {
    pub(super) call: Call,
    pub(super) request: Q,
    pub(super) once: rpc::Request,
    pub(super) id: Uuid,
    /// Who asks.
    pub(super) by: PractitionerId,
    /// When: the server's time.
    pub(super) at: Instant,
    /// What of other notes it tells of.
    pub(super) from: Opened,
}

pub(super) fn asked<Q: Moves>(
    app: &App,
    request: Request<Q>,
    rpc: &'static str,
) -> Result<Asked<Q>, Error> {
    let call = rpc::call(&request, rpc)?;
    let request = request.into_inner();
    let ids = [
        ("request_id", request.request_id()),
        ("name", request.name()),
        ("episode", request.episode()),
    ];
    rpc::check(&request).ids(&ids).and(sent::too_long(request.sections())).done()?;
    let once = rpc::Request::new(&call, request.request_id(), &request)?;
    let id = rpc::id("name", "notes", request.name())?;
    let (by, at) = (write::practitioner(&call)?, app.deps.clock.now());
    Ok(Asked { call, request, once, id, by, at, from: Opened::default() })
}
