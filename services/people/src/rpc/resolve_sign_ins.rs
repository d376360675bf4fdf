//! ResolveSignIns.

use rpc::Error;
use tonic::{Request, Response};
use wire::{
    convert::{agency_name, name_of},
    people::v1::{ResolveSignInsRequest, ResolveSignInsResponse, ResolvedSignIn},
};

use crate::{
    App,
    store::facts::{self, Bound},
};

/// Which person each sign-in is bound to. Services only: the admission table sees to it.
pub async fn handle(
    app: &App,
    request: Request<ResolveSignInsRequest>,
) -> Result<Response<ResolveSignInsResponse>, Error> {
    let req = request.into_inner();
    rpc::valid(&req)?;
    let asked = req.sign_ins.into_iter().map(|s| (s.issuer, s.subject)).collect();
    let found = facts::resolve(&app.deps.db, asked).await?;
    let resolved = found.into_iter().map(|bound| bound.map(resolved).unwrap_or_default()).collect();
    Ok(Response::new(ResolveSignInsResponse { resolved }))
}

fn resolved(bound: Bound) -> ResolvedSignIn {
    ResolvedSignIn {
        person: name_of("people", bound.person),
        confirmed_by: bound.confirmed_by.into_iter().map(agency_name).collect(),
        proofed: bound.proofed,
    }
}
