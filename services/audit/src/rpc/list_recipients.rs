//! Lists to whom anything of a person went, to that person (42 CFR 2.24).

use kernel::{Clock as _, PersonId};
use rpc::Error;
use tonic::Request;
use wire::{
    audit::v1 as pb,
    convert::{agency_name, set_to_wire, timestamp},
};

use super::{list_disclosures::permit, reply};
use crate::{
    App,
    domain::{Recipient, explain_recipient, told_since},
};

const RPC: &str = "trellis.audit.v1.AuditService/ListRecipients";

pub(super) async fn handle(
    app: &App,
    request: Request<pb::ListRecipientsRequest>,
) -> Result<pb::ListRecipientsResponse, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::check(&request).ids(&[("person", &request.person)]).done()?;
    let person = rpc::id("person", "people", &request.person)?;
    let permit = permit(app, &call, PersonId::from(person)).await?;
    let now = app.deps.clock.now();
    let read = app.accounts.recipients(&permit, told_since(now), now).await?;
    // As the accounting, the list has no name of its own to record.
    let (recipients, positions) =
        app.deps.guard.release_standing(&permit, Vec::new(), read).await?;
    Ok(pb::ListRecipientsResponse {
        recipients: recipients.iter().map(|recipient| shown(app, recipient)).collect(),
        positions: positions.into_iter().map(reply::position).collect(),
    })
}

fn shown(app: &App, recipient: &Recipient) -> pb::Recipient {
    let display_name = reply::agency(&app.deps.directory, recipient.agency);
    pb::Recipient {
        agency: agency_name(recipient.agency),
        disclosures: recipient.disclosures,
        first_time: Some(timestamp(recipient.first_at)),
        last_time: Some(timestamp(recipient.last_at)),
        purposes: set_to_wire(recipient.purposes),
        kinds: set_to_wire(recipient.kinds),
        explanation: explain_recipient(recipient, &display_name),
        display_name,
    }
}
