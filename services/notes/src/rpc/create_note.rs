//! Writes a draft.

use std::sync::Arc;

use kernel::{Class, EpisodeId, Kind, PersonId, RecordId};
use permit::{Ask, Call, WriteNotes, Written};
use policy::Record;
use rpc::{Error, InTx};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::{
    convert::from_wire,
    notes::v1::{CreateNoteRequest, CreateNoteResponse},
};

use super::{
    reply, sent,
    write::{self, NoteReply as _},
};
use crate::{
    App,
    domain::{Content, Note, State, drafted},
    store::{self, NewNote},
};

const RPC: &str = "trellis.notes.v1.NotesService/CreateNote";

pub(super) async fn create_note(
    app: &App,
    request: Request<CreateNoteRequest>,
) -> Result<Response<CreateNoteResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let ids = [
        ("request_id", &*request.request_id),
        ("person", &*request.person),
        ("episode", &*request.episode),
    ];
    rpc::check(&request).ids(&ids).and(sent::too_long(&request.sections)).done()?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let note = Arc::new(parse(app, &call, request)?);
    write::once(app, &call, &once, created(app, &call, &once, note)).await
}

async fn created(
    app: &App,
    call: &Call,
    once: &rpc::Request,
    note: Arc<Note>,
) -> Result<Written<CreateNoteResponse>, InTx> {
    let guard = &app.deps.guard;
    let permit = guard.permit(call, Ask::<WriteNotes>::new_record(note.record.clone())).await?;
    let once = once.clone();
    let commit = guard.commit(app.store.db(), "note.create", permit, move |tx, permit| {
        let (note, once) = (Arc::clone(&note), once.clone());
        Box::pin(async move {
            let at = note.record.authored_on.ok_or(Error::Internal("undated note"))?;
            let note_type = i16::try_from(note.note_type).unwrap_or_default();
            let (supervised, content) = (note.supervised, note.content.clone());
            let row = NewNote { note_type, supervised, content, at };
            store::create(&mut *tx, &permit, &row).await?;
            let reply = CreateNoteResponse::with(reply::note(&note));
            write::keep(tx, &permit, &once, &reply, at).await?;
            Ok(reply)
        })
    });
    commit.await
}

/// The note as it will be: its custodian and author are the caller's, never the request's.
fn parse(app: &App, call: &Call, request: CreateNoteRequest) -> Result<Note, Error> {
    let person = rpc::id("person", "people", &request.person)?;
    let note = request.labels.as_ref().map(|said| sent::stated("labels", said)).transpose()?;
    let sent = sent::sections(request.sections)?;
    let (sections, labels) = drafted(note, sent).map_err(sent::mislabelled)?;
    let agency = call.caller().agency().ok_or(Error::NotFound)?;
    let episode = Uuid::try_parse(&request.episode).ok().map(EpisodeId::from);
    let record = Record {
        id: RecordId::from(ledger::new_id(&app.deps.clock)),
        person: PersonId::from(person),
        kind: Kind::Note,
        class: from_wire(request.record_class).unwrap_or(Class::General),
        custodian: Some(agency.clone()),
        author: Some(write::practitioner(call)?),
        episode,
        authored_on: Some(app.deps.clock.now()),
        confidentiality: labels.confidentiality,
        sensitivities: labels.sensitivities,
        part2: labels.part2,
        victim_service: labels.victim_service,
        release_block: None,
    };
    Ok(Note {
        record,
        note_type: request.r#type,
        state: State::Draft,
        version: 1,
        signed_at: None,
        row_version: 1,
        beside_bytes: 0,
        supervised: request.under_supervision,
        cosigned: None,
        error: None,
        whole: true,
        content: Content::new(sections),
    })
}
