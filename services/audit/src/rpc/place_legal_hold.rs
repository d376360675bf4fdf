//! PlaceLegalHold. Nobody is asked whether there is such a person: the answer is the same.

use std::sync::Arc;

use rpc::{Conflict, Error, Violation};
use tonic::Request;
use wire::audit::v1::{PlaceLegalHoldRequest, PlaceLegalHoldResponse};

use super::{
    holds::{MOST, held_here, office, shown},
    write::{about, again},
};
use crate::{
    App,
    store::hold::{self, Hold},
};

const RPC: &str = "trellis.audit.v1.AuditService/PlaceLegalHold";

pub(super) async fn handle(
    app: &App,
    request: Request<PlaceLegalHoldRequest>,
) -> Result<PlaceLegalHoldResponse, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    let blank = !req.matter.is_empty() && kernel::is_blank(&req.matter);
    let blank = blank.then(|| Violation::new("matter", "must not be blank"));
    let odd = rpc::plain("matter", &req.matter, false).or(blank);
    rpc::check(&req).ids(&[("person", &req.person)]).and(odd).done()?;
    let person = rpc::id("person", "people", &req.person)?;
    let agency = office(&call)?;
    held_here(app, agency)?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let clock = &app.deps.clock;
    let placed = Arc::new(Hold {
        id: ledger::new_id(clock),
        person,
        agency,
        matter: req.matter,
        placed_at: clock.now(),
        lifted_at: None,
    });
    let write = about(app, &call, "hold.place", once, (placed.id, person));
    let again = |replay| again(app, &call, replay);
    app.deps
        .write(
            write,
            move |tx| {
                let placed = Arc::clone(&placed);
                Box::pin(async move {
                    hold::placing(&mut *tx).await?;
                    hold::admit(&mut *tx, placed.agency).await?;
                    if usize::try_from(hold::standing(&mut *tx).await?).is_ok_and(|n| n >= MOST) {
                        let limit = MOST;
                        return Err(
                            Error::Conflict(Conflict::TooMany { what: "holds", limit }).into()
                        );
                    }
                    hold::insert(tx, &placed).await?;
                    Ok(PlaceLegalHoldResponse { hold: Some(shown(&placed)) })
                })
            },
            again,
        )
        .await
}
