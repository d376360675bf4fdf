//! The person's own statement: a note of its own, in the custody of an agency that knows them.

use std::sync::Arc;

use kernel::{AgencyId, Class, CodeSet, Instant, Kind, PersonId, RecordId};
use permit::{Ask, Call, Located, Refusal, StateNotes, Written};
use pg::requests::keep_answer;
use policy::Record;
use prost::Message as _;
use rpc::{Error, InTx, Violation};
use tonic::Response;
use uuid::Uuid;
use wire::notes::v1::{AddStatementRequest, AddStatementResponse};

use super::{reply, request_amendment::room, sent, write};
use crate::{
    App,
    domain::{Content, Labels, MAX_OWN, Note, OWN_WITHIN, PERSON_STATEMENT, Section, State},
    store,
};

/// What does not go together in a request.
pub(super) fn unfit(request: &AddStatementRequest) -> Option<Violation> {
    let one = "exactly one of note and agency must be given";
    match (request.note.is_empty(), request.agency.is_empty()) {
        (true, true) => Some(Violation::new("note", one)),
        (false, false) => Some(Violation::new("agency", one)),
        (true, false) if !request.amendment.is_empty() => {
            Some(Violation::new("amendment", "must be left out where it is a note of its own"))
        }
        (false, true) if request.labels.is_some() => {
            Some(Violation::new("labels", "must be left out beside a note, whose labels count"))
        }
        _ => None,
    }
}

/// What is to be written, and when.
struct New {
    id: Uuid,
    at: Instant,
    agency: AgencyId,
    labels: Labels,
    words: String,
}

pub(super) async fn stated(
    app: &App,
    call: Call,
    once: rpc::Request,
    request: AddStatementRequest,
) -> Result<Response<AddStatementResponse>, Error> {
    let labels = request.labels.as_ref().map(|said| sent::stated("labels", said)).transpose()?;
    let new = New {
        id: ledger::new_id(&app.deps.clock),
        at: app.deps.clock.now(),
        agency: AgencyId::from(rpc::id("agency", "agencies", &request.agency)?),
        labels: labels.unwrap_or_default(),
        words: request.words,
    };
    write::once(app, &call, &once, None, written(app, &call, &once, new)).await
}

async fn written(
    app: &App,
    call: &Call,
    once: &rpc::Request,
    New { id, at, agency, labels, words }: New,
) -> Result<Written<AddStatementResponse>, InTx> {
    let guard = &app.deps.guard;
    let custodian = agency.uuid().ok_or(Error::NotFound)?;
    // Whoever may not read it once it is there does not write it: the decision is that of a read. An agency that
    // does not know the person, or does not vouch for the sign-in, is refused, and on record, as a note that is
    // not there.
    let person = match guard.person_of(call).await? {
        Some(person) => {
            let known = guard.registered_by(&person, &agency).await?;
            let vouched = vouched_by(app, call, &person, custodian).await?;
            Some(person).filter(|_| known && vouched)
        }
        None => None,
    };
    let record = person.map(|person| labels.on(&record(id, person, agency, at)));
    let located = Located::of(Kind::Note, id, record);
    let permit = guard.permit(call, Ask::<StateNotes>::about(located)).await?;
    let section = Section { body: words, labels, ..Section::default() };
    let shared = Arc::new((Content::new(vec![section]), once.key.clone()));
    let commit = guard.commit(app.store.db(), "statement.own", permit, move |tx, permit| {
        let shared = Arc::clone(&shared);
        Box::pin(async move {
            let (content, key) = &*shared;
            let lately = store::own_words(&mut *tx, &permit, custodian, at - OWN_WITHIN).await?;
            room("statements", lately, MAX_OWN)?;
            let record = permit.record().ok_or(Error::NotFound)?.clone();
            let note = Note::new(record, i32::from(PERSON_STATEMENT), content.clone());
            let note = Note { state: State::Final, signed_at: Some(at), ..note };
            store::keep_own_words(&mut *tx, &permit, &note).await?;
            let note = Some(reply::note(&note));
            let reply = AddStatementResponse { note, ..AddStatementResponse::default() };
            keep_answer(tx, key, permit.person_id(), id, &reply.encode_to_vec(), at).await?;
            Ok::<_, InTx>(reply)
        })
    });
    commit.await
}

/// Whether the sign-in stands at the agency.
async fn vouched_by(
    app: &App,
    call: &Call,
    person: &PersonId,
    agency: Uuid,
) -> Result<bool, Refusal> {
    match app.deps.guard.standing(call, person.clone(), false).await {
        Ok(permit) => Ok(permit.confirmed_by().is_none_or(|all| all.contains(&agency))),
        Err(Refusal::NotFound) => Ok(false),
        Err(away) => Err(away),
    }
}

/// Its facets but for the labels: no practitioner is its author.
fn record(id: Uuid, person: PersonId, agency: AgencyId, at: Instant) -> Record {
    Record {
        id: RecordId::from(id),
        person,
        kind: Kind::Note,
        class: Class::General,
        custodian: Some(agency),
        author: None,
        episode: None,
        authored_on: Some(at),
        confidentiality: None,
        sensitivities: CodeSet::EMPTY,
        part2: false,
        victim_service: false,
        release_block: None,
    }
}
