//! Writes a draft.

use std::sync::Arc;

use kernel::{Class, CodeSet, EpisodeId, Kind, PersonId, RecordId};
use permit::{Ask, Call, WriteNotes, Written};
use policy::Record;
use rpc::{Error, InTx};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::{
    convert::from_wire,
    notes::v1::{self as pb, CreateNoteRequest, CreateNoteResponse},
};

use super::{
    linked,
    links::{self, Looked},
    reply, sent,
    types::{fits, may_write},
    write::{self, NoteReply as _},
};
use crate::{
    App,
    domain::{Content, Labels, Links, Note, Sent, Type, drafted_from},
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
    let of = Type::of(request.r#type);
    may_write(call.caller().roles(), of)?;
    let new = parse(app, &call, of, request)?;
    let (links, record) = (&new.note.links, &new.note.record);
    let looked = links::sources(app, &call, (links, &Links::default()), record).await?;
    let opened = looked.from.disclosure.clone();
    write::once(app, &call, &once, opened, created(app, &call, &once, new, looked)).await
}

/// The note as it will be but for its labels, and what is said of them.
struct New {
    note: Note,
    of: Type,
    said: Option<Labels>,
    sent: Vec<Sent>,
}

async fn created(
    app: &App,
    call: &Call,
    once: &rpc::Request,
    New { note, of, said, sent }: New,
    Looked { carried, from }: Looked,
) -> Result<Written<CreateNoteResponse>, InTx> {
    let guard = &app.deps.guard;
    let carried = carried.map_err(Error::Invalid)?;
    let (sections, labels) = drafted_from(carried, of, said, sent).map_err(sent::mislabelled)?;
    let content = Content::new(sections).with(note.content.contact);
    let note = Arc::new(Note { record: labels.on(&note.record), content, ..note });
    let permit = guard.permit(call, Ask::<WriteNotes>::new_record(note.record.clone())).await?;
    let once = once.clone();
    let (db, tx) = (app.store.db(), "note.create");
    let from = from.records.into();
    let commit = guard.commit_told_from(db, tx, permit, from, move |tx, permit| {
        let (note, once) = (Arc::clone(&note), once.clone());
        Box::pin(async move {
            let at = note.record.authored_on.ok_or(Error::Internal("undated note"))?;
            let note_type = links::column(note.note_type);
            let (supervised, content) = (note.supervised, note.content.clone());
            let row = NewNote { note_type, supervised, links: note.links.clone(), content, at };
            store::create(&mut *tx, &permit, &row).await?;
            let links = linked::shown(&note.links, true);
            let reply = CreateNoteResponse::with(pb::Note { links, ..reply::note(&note) });
            write::keep(tx, &permit, &once, &reply, at).await?;
            Ok((reply, Vec::new()))
        })
    });
    commit.await
}

/// The note as it will be: its custodian and author are the caller's, never the request's.
fn parse(app: &App, call: &Call, of: Type, request: CreateNoteRequest) -> Result<New, Error> {
    let person = rpc::id("person", "people", &request.person)?;
    let said = request.labels.as_ref().map(|said| sent::stated("labels", said)).transpose()?;
    let sent = sent::sections(request.sections)?;
    let class = from_wire(request.record_class).unwrap_or(Class::General);
    let given = request.supervision_contact.as_ref();
    let contact = fits(of, ("record_class", class), (said, &sent), given)?;
    let links = linked::said(request.links.as_ref(), of)?;
    let agency = call.caller().agency().ok_or(Error::NotFound)?;
    let episode = Uuid::try_parse(&request.episode).ok().map(EpisodeId::from);
    let record = Record {
        id: RecordId::from(ledger::new_id(&app.deps.clock)),
        person: PersonId::from(person),
        kind: Kind::Note,
        class,
        custodian: Some(agency.clone()),
        author: Some(write::practitioner(call)?),
        episode,
        authored_on: Some(app.deps.clock.now()),
        confidentiality: None,
        sensitivities: CodeSet::EMPTY,
        part2: false,
        victim_service: false,
        release_block: None,
    };
    let content = Content::new(Vec::new()).with(contact);
    let note = Note::new(record, request.r#type, content);
    let note = Note { supervised: request.under_supervision, links, ..note };
    Ok(New { note, of, said, sent })
}
