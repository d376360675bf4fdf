//! Ends the block of a note.

use rpc::{Conflict, Error};
use tonic::{Request, Response};
use wire::notes::v1::{LiftBlockRequest, LiftBlockResponse};

use super::{
    change::{Change, Opened, custodians},
    write,
};
use crate::{App, store};

const RPC: &str = "trellis.notes.v1.NotesService/LiftBlock";

pub(super) async fn lift_block(
    app: &App,
    request: Request<LiftBlockRequest>,
) -> Result<Response<LiftBlockResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let ids = [("request_id", &*request.request_id), ("name", &*request.name)];
    rpc::check(&request).ids(&ids).done()?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let note = rpc::id("name", "notes", &request.name)?;
    let (by, at) = (write::practitioner(&call)?, app.deps.clock.now());
    let id = ledger::new_id(&app.deps.clock);
    let change = Change { call, once, note, at, tx: "note.lift", from: Opened::default() };
    let lifted = change.made(app, move |tx, permit, _| {
        let (by, name) = (by.clone(), request.name.clone());
        Box::pin(async move {
            custodians(&permit)?;
            let block = store::beside_of(&mut *tx, &permit, at).await?.block;
            let none = Conflict::WrongState { state: "released", allowed: Vec::new() };
            let block = block.ok_or(Error::Conflict(none))?;
            store::lift(tx, &permit, (id, block.id), &by, at).await?;
            Ok(LiftBlockResponse { name, disclosure: None })
        })
    });
    lifted.await
}
