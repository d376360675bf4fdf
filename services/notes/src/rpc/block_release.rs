//! Keeps a signed note from the person for a time.

use std::sync::Arc;

use kernel::Instant;
use rpc::{Conflict, Error, Violation};
use tonic::{Request, Response};
use wire::{
    convert::instant,
    notes::v1::{BlockReleaseRequest, BlockReleaseResponse},
};

use super::{
    beside,
    change::{Change, Opened, custodians},
    write,
};
use crate::{
    App,
    domain::{Block, LONGEST_BLOCK, Reach, Signature, Words},
    store::{self, Standing},
};

const RPC: &str = "trellis.notes.v1.NotesService/BlockRelease";

pub(super) async fn block_release(
    app: &App,
    request: Request<BlockReleaseRequest>,
) -> Result<Response<BlockReleaseResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let until = request.until_time.as_ref().and_then(instant);
    let odd = request.until_time.is_some() && until.is_none();
    let wrong = odd.then(|| Violation::new("until_time", "must be a time of the years 1 to 9999"));
    let ids = [("request_id", &*request.request_id), ("name", &*request.name)];
    rpc::check(&request).ids(&ids).and(wrong).done()?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let note = rpc::id("name", "notes", &request.name)?;
    let at = app.deps.clock.now();
    let block = Block {
        id: ledger::new_id(&app.deps.clock),
        exception: i16::try_from(request.exception).unwrap_or_default(),
        grounds: Words(request.grounds),
        until: until.unwrap_or(at),
        decided: Signature { by: write::practitioner(&call)?, at },
        under_review: false,
    };
    let new = Arc::new((block, request.etag, ledger::new_id(&app.deps.clock)));
    let change = Change { call, once, note, at, tx: "note.block", from: Opened::default() };
    let blocked = change.made(app, move |tx, permit, standing| {
        let new = Arc::clone(&new);
        Box::pin(async move {
            let (block, etag, review) = &*new;
            custodians(&permit)?;
            let now = store::beside_of(&mut *tx, &permit, at).await?;
            may_block(&standing, etag, now.block.as_ref(), (block.until, at))?;
            let under_review = store::block(tx, &permit, block, *review).await?;
            let block = Block { under_review, ..block.clone() };
            Ok(BlockReleaseResponse { block: Some(beside::block(&block)), disclosure: None })
        })
    });
    blocked.await
}

fn may_block(
    standing: &Standing,
    etag: &str,
    now: Option<&Block>,
    (until, at): (Instant, Instant),
) -> Result<(), Error> {
    if !etag.is_empty() && etag != standing.row_version.to_string() {
        return Err(Error::Conflict(Conflict::Stale));
    }
    let wrong = |state, allowed| Err(Error::Conflict(Conflict::WrongState { state, allowed }));
    // Their own words are kept from nobody.
    if standing.reach != Reach::Shared || standing.of_person {
        return wrong(standing.state.name(), Vec::new());
    }
    // Else a new decision would take from the person the review that they have asked for.
    if now.is_some_and(|block| block.under_review) {
        return wrong("under-review", vec!["upheld", "lifted"]);
    }
    // Here, so that a repeat is answered as the first time however late it comes.
    if until <= at || until > at + LONGEST_BLOCK {
        return Err(Error::field(
            "until_time",
            "must be in the future, and at most 90 days from now",
        ));
    }
    Ok(())
}
