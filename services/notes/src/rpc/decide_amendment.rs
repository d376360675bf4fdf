//! Accepts a request for amendment, which adds to the note, or denies it.

use std::sync::Arc;

use kernel::{Instant, PractitionerId};
use permit::{Permit, WriteNotes};
use pg::PgConnection;
use rpc::{Conflict, Error, InTx, Violation};
use tonic::{Request, Response};
use wire::notes::v1::{AmendmentState, DecideAmendmentRequest, DecideAmendmentResponse};

use super::{
    append_note::append,
    beside,
    change::{Change, Opened, custodians},
    extend_amendment::over,
    moves::Step,
    write,
};
use crate::{
    App,
    domain::{Decided, Hat, Outcome, Section, Signature, Verb, Words},
    store::{self, Standing},
};

const RPC: &str = "trellis.notes.v1.NotesService/DecideAmendment";

pub(super) async fn decide_amendment(
    app: &App,
    request: Request<DecideAmendmentRequest>,
) -> Result<Response<DecideAmendmentResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let ids = [("request_id", &*request.request_id), ("name", &*request.name)];
    rpc::check(&request).ids(&ids).and(mixed(&request)).done()?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let id = rpc::id("name", "amendments", &request.name)?;
    // What is no request leads to no note, and walks the same way.
    let note = app.store.note_of(id).await?.unwrap_or(id);
    let (by, at) = (write::practitioner(&call)?, app.deps.clock.now());
    let new = Arc::new((request, by));
    let change = Change { call, once, note, at, tx: "amendment.decide", from: Opened::default() };
    let decided = change.made(app, move |tx, permit, standing| {
        let new = Arc::clone(&new);
        Box::pin(async move {
            let (request, by) = &*new;
            custodians(&permit)?;
            let mut amendment = store::amendment(&mut *tx, &permit, id).await?;
            amendment.open().map_err(over)?;
            let outcome = match request.outcome() {
                AmendmentState::Accepted => {
                    let version = added(&mut *tx, &permit, &standing, request, (by, at)).await?;
                    Outcome::Accepted { version }
                }
                _ => Outcome::Denied {
                    ground: i16::try_from(request.ground).unwrap_or_default(),
                    answer: Words(request.words.clone()),
                },
            };
            let decided = Decided { signed: Signature { by: by.clone(), at }, outcome };
            store::decide(tx, &permit, &amendment, &decided).await?;
            amendment.decided = Some(decided);
            let amendment = Some(beside::amendment(&amendment, at));
            Ok(DecideAmendmentResponse { amendment, disclosure: None })
        })
    });
    decided.await
}

/// What goes with the one outcome and not with the other.
pub(super) fn mixed(request: &DecideAmendmentRequest) -> Vec<Violation> {
    let mut found = Vec::new();
    match request.outcome() {
        AmendmentState::Denied => {
            if request.ground == 0 {
                found.push(Violation::new("ground", "must be given with a denial"));
            }
            if !request.title.is_empty() {
                found.push(Violation::new("title", "must be empty with a denial"));
            }
        }
        AmendmentState::Accepted if request.ground != 0 => {
            found.push(Violation::new("ground", "must be unspecified unless it is denied"));
        }
        _ => {}
    }
    found
}

/// The addendum, as AppendNote adds it; its version.
async fn added(
    tx: &mut PgConnection,
    permit: &Permit<WriteNotes>,
    standing: &Standing,
    request: &DecideAmendmentRequest,
    (by, at): (&PractitionerId, Instant),
) -> Result<i32, InTx> {
    let hats = [Hat::Writer];
    let state = standing.state.name();
    let allowed = standing.state.allowed(&hats);
    let to = standing.state.after(Verb::Append, &hats);
    let to = to.map_err(|_| Error::Conflict(Conflict::WrongState { state, allowed }))?;
    let (title, body) = (request.title.clone(), request.words.clone());
    let section = Section { title, body, ..Section::default() };
    // The law's to add, whatever the note's type asks of who writes it.
    let note = store::reread(&mut *tx, permit).await?;
    append(tx, permit, (Step::from(standing, to), note), vec![(section, None)], (by, at)).await
}
