//! ResolveSignIns.

use permit::Support;
use rpc::Error;
use tonic::{Request, Response};
use wire::{
    convert::{agency_name, name_of, set_to_wire, timestamp, to_wire},
    people::v1::{self as pb, ResolveSignInsRequest, ResolveSignInsResponse, ResolvedSignIn},
};

use crate::{
    App,
    store::facts::{self, Acts, Resolved},
};

/// Which person each sign-in is bound to, for whom it acts, and whom it supports. Services only: the admission table sees to it.
pub async fn handle(
    app: &App,
    request: Request<ResolveSignInsRequest>,
) -> Result<Response<ResolveSignInsResponse>, Error> {
    let req = request.into_inner();
    rpc::valid(&req)?;
    let asked = req.sign_ins.into_iter().map(|s| (s.issuer, s.subject)).collect();
    let found = facts::resolve(&app.deps.db, asked, app.deps.clock.now()).await?;
    let resolved = found.into_iter().map(resolved).collect();
    Ok(Response::new(ResolveSignInsResponse { resolved }))
}

fn resolved(found: Resolved) -> ResolvedSignIn {
    let appointments = found.acts.into_iter().map(appointment).collect();
    let supports = found.supports.into_iter().map(support).collect();
    match found.bound {
        Some(bound) => ResolvedSignIn {
            person: name_of("people", bound.person),
            confirmed_by: bound.confirmed_by.into_iter().map(agency_name).collect(),
            proofed: bound.proofed,
            appointments,
            supports,
        },
        None => ResolvedSignIn { appointments, supports, ..ResolvedSignIn::default() },
    }
}

fn support(found: Support) -> pb::Support {
    pb::Support {
        supporter: name_of("supporters", found.id),
        person: name_of("people", found.person),
    }
}

fn appointment(acts: Acts) -> pb::Appointment {
    let found = acts.appointment;
    pb::Appointment {
        representative: name_of("representatives", found.id),
        person: name_of("people", found.person),
        relationship: to_wire(found.relationship),
        authority: found.authority,
        from_time: found.from.map(timestamp),
        until_time: found.until.map(timestamp),
        excluded_sensitivities: set_to_wire(found.excluded_sensitivities),
        confirmed_by: found.confirmed_by.iter().flatten().map(agency_name).collect(),
    }
}
