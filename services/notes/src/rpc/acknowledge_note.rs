//! Says that a version of a note was read.

use std::sync::Arc;

use kernel::Kind;
use permit::{AcknowledgeNotes, Ask, Call, Disclosure, Located, Sight};
use pg::requests::keep_answer;
use prost::Message as _;
use rpc::{Error, InTx};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::notes::v1::{AcknowledgeNoteRequest, AcknowledgeNoteResponse};

use super::{get_note, reading, write};
use crate::{
    App,
    store::{self, Closed, Reader},
};

const RPC: &str = "trellis.notes.v1.NotesService/AcknowledgeNote";

pub(super) async fn acknowledge_note(
    app: &App,
    request: Request<AcknowledgeNoteRequest>,
) -> Result<Response<AcknowledgeNoteResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let ids = [("request_id", &*request.request_id), ("name", &*request.name)];
    rpc::check(&request).ids(&ids).done()?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let of = (rpc::id("name", "notes", &request.name)?, request.version);
    let reader = reader(app, &call)?;
    let again = |_| async { Ok(readable(app, &call, of).await?.1) };
    let write = acknowledged(app, &call, of, reader, &once);
    let (mut reply, disclosure) = once.written(app.store.db(), write, again).await?;
    reply.disclosure = Some(rpc::disclosure(&disclosure));
    Ok(Response::new(reply))
}

/// Who says it. Whom an agency knows may be what no other may learn, by what the directory says of it now.
fn reader(app: &App, call: &Call) -> Result<Reader, Error> {
    let Some(agency) = call.caller().agency() else {
        return Ok(Reader { who: None, agency: None, hidden: false });
    };
    let hidden = reading::is_of_hidden(app, call.caller())?;
    Ok(Reader { who: Some(write::practitioner(call)?), agency: agency.uuid(), hidden })
}

/// A version that the caller may read something of, as what of it is open.
async fn readable(app: &App, call: &Call, of: (Uuid, i32)) -> Result<(Located, Disclosure), Error> {
    let (note, sights, disclosure) = get_note::released(app, call, of).await?;
    let open = sights.into_iter().find(|(_, sight)| *sight == Sight::Open);
    let (labels, _) = open.ok_or(Error::NotFound)?;
    let note: &Closed = &note;
    Ok((Located::of(Kind::Note, of.0, Some(labels.on(&note.record))), disclosure))
}

async fn acknowledged(
    app: &App,
    call: &Call,
    of: (Uuid, i32),
    reader: Reader,
    once: &rpc::Request,
) -> Result<(AcknowledgeNoteResponse, Disclosure), InTx> {
    let (located, _) = readable(app, call, of).await?;
    let guard = &app.deps.guard;
    let permit = guard.permit(call, Ask::<AcknowledgeNotes>::about(located)).await?;
    let (id, at) = (ledger::new_id(&app.deps.clock), app.deps.clock.now());
    let shared = Arc::new((reader, once.key.clone()));
    let said = guard.commit(app.store.db(), "note.acknowledge", permit, move |tx, permit| {
        let shared = Arc::clone(&shared);
        Box::pin(async move {
            let (reader, key) = &*shared;
            let said = store::acknowledge(&mut *tx, &permit, (id, of.1), reader, at).await?;
            let acknowledgement = Some(reading::acknowledgement(&said));
            let reply = AcknowledgeNoteResponse { acknowledgement, disclosure: None };
            keep_answer(tx, key, permit.person_id(), of.0, &reply.encode_to_vec(), at).await?;
            Ok::<_, InTx>(reply)
        })
    });
    let written = said.await?;
    Ok((written.value, written.disclosure))
}
