//! GetPerson.

use kernel::{AgencyId, Role};
use permit::{Ask, Call};
use rpc::Error;
use tonic::{Request, Response};
use wire::people::v1::{self as pb, GetPersonRequest, GetPersonResponse};

use super::{preferences, shared};
use crate::{
    App,
    domain::{ContactRule, Holding},
    store::{
        preference,
        profile::{self, Read},
    },
};

const RPC: &str = "trellis.people.v1.PeopleService/GetPerson";

/// The profiles that the caller may see. None of them, and no such person, are one and the same.
pub async fn handle(
    app: &App,
    request: Request<GetPersonRequest>,
) -> Result<Response<GetPersonResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let person = rpc::id("name", "people", &req.name)?;
    let permit = app.deps.guard.permit(&call, Ask::people(vec![person.into()])).await?;
    let sealed = profile::list(&app.deps.db, &permit, None).await?;
    let told_caller = match call.caller().agency().and_then(AgencyId::uuid) {
        Some(own) => preference::checked(&app.deps.db, vec![person], vec![own]).await?.pop(),
        None => None,
    };
    let (profiles, disclosure) = app.deps.guard.release_page(sealed).await?;
    if profiles.is_empty() {
        return Err(Error::NotFound);
    }
    let told_caller = told_caller.map_or(ContactRule::Open, |told: Holding| told.contact_rule);
    let shown = profiles.iter().map(|read| shown(&call, read, told_caller));
    let shown = pb::Person { profiles: shown.collect(), ..shared::person(person, &[]) };
    Ok(Response::new(GetPersonResponse {
        person: Some(shown),
        disclosure: Some(rpc::disclosure(&disclosure)),
    }))
}

/// With what the person prefers there. Where they are not freely contacted, nobody but they and the agency that
/// holds the profile is shown by what they could be. What nobody has labelled is not for whoever acts for them.
pub(super) fn shown(call: &Call, read: &Read, told_caller: ContactRule) -> pb::Profile {
    let ((record, profile), holding) = read;
    let rule = holding.contact_rule.max(told_caller);
    let mut shown = shared::profile(record, profile);
    shown.contact_rule = preferences::rule(rule).into();
    if !call.caller().roles().contains(Role::Representative) {
        shown.preferences = holding.heard.as_ref().map(preferences::told);
        shown.own_preferences = holding.own.as_ref().map(preferences::told);
    }
    let agency = call.caller().agency();
    let holds = agency.is_some() && agency == record.custodian.as_ref();
    let themself = call.caller().roles().contains(Role::Person);
    if rule != ContactRule::Open && !holds && !themself {
        shown.contact_withheld = true;
        if let Some(details) = &mut shown.details {
            details.addresses.clear();
            details.phones.clear();
            details.emails.clear();
        }
        // One may call safe what another one forbids.
        let both = [&mut shown.preferences, &mut shown.own_preferences];
        if rule == ContactRule::Prohibited {
            both.into_iter().flatten().for_each(|stated| stated.safe_contacts.clear());
        }
    }
    shown
}
