//! ListDoubtfulMatches.

use kernel::PersonId;
use matching::{Field, Finding};
use rpc::{Error, Outage};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::{
    convert::{name_of, timestamp},
    people::v1::{self as pb, ListDoubtfulMatchesRequest, ListDoubtfulMatchesResponse},
};

use crate::{
    App,
    domain::Matching,
    store::doubt::{self, Doubt, Form},
};

const RPC: &str = "trellis.people.v1.PeopleService/ListDoubtfulMatches";

/// To a data steward of the network, whoever's agency holds them. Both people of each have it on record first.
pub async fn handle(
    app: &App,
    request: Request<ListDoubtfulMatchesRequest>,
) -> Result<Response<ListDoubtfulMatchesResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let page = app.deps.pages.page(&call, "", &req.page_token, req.page_size)?;
    let never = app.victim_services().ok_or(Error::Unavailable(Outage::Directory))?;
    let (db, matching) = (&app.deps.db, &app.matching);
    let mut doubts = doubt::list(db, matching, &never, page.after, page.most()).await?;
    let next_page_token = page.cut(&mut doubts, |doubt| (doubt.found_at, doubt.id))?;
    let both = |doubt: &Doubt| {
        [doubt.person, doubt.other].map(|person| (PersonId::from(person), doubt.id))
    };
    let of: Vec<_> = doubts.iter().flat_map(both).collect();
    let doubts = app.deps.guard.release_to_steward(&call, of, doubts).await?;
    let matches = doubts.into_iter().map(|doubt| shown(matching, doubt)).collect();
    Ok(Response::new(ListDoubtfulMatchesResponse { matches, next_page_token }))
}

fn shown(matching: &Matching, doubt: Doubt) -> pb::DoubtfulMatch {
    let closest = matching.closest(&doubt.compared);
    let person = |person: Uuid, forms: Vec<Form>| pb::ComparedPerson {
        person: name_of("people", person),
        forms: forms.into_iter().map(form).collect(),
    };
    let (one, other) = doubt.forms;
    pb::DoubtfulMatch {
        name: name_of("doubtfulMatches", doubt.id),
        person: Some(person(doubt.person, one)),
        other: Some(person(doubt.other, other)),
        findings: closest.iter().flat_map(|j| &j.findings).filter_map(finding).collect(),
        objections: closest.iter().flat_map(|j| &j.guards).map(ToString::to_string).collect(),
        weight: closest.map_or(0.0, |judgement| judgement.weight as f32),
        found_time: Some(timestamp(doubt.found_at)),
    }
}

fn form(form: Form) -> pb::ComparedForm {
    let identifiers = form.systems.into_iter().zip(form.numbers);
    pb::ComparedForm {
        given_name: form.given_name,
        family_name: form.family_name,
        former_name: form.former_name,
        birth_date: form.birth_date,
        phone: form.phone.unwrap_or_default(),
        postal_code: form.postal_code.unwrap_or_default(),
        street: form.street.unwrap_or_default(),
        identifiers: identifiers
            .map(|(system, value)| pb::ComparedIdentifier { system, value })
            .collect(),
    }
}

/// None: no agency states it.
fn finding(finding: &Finding) -> Option<pb::MatchFinding> {
    let field = match finding.field {
        Field::GivenName => pb::MatchField::GivenName,
        Field::FamilyName => pb::MatchField::FamilyName,
        Field::BirthDate => pb::MatchField::BirthDate,
        Field::Phone => pb::MatchField::Phone,
        Field::PostalCode => pb::MatchField::PostalCode,
        Field::Street => pb::MatchField::Street,
        Field::Identifier => pb::MatchField::Identifier,
        Field::Sex => return None,
    };
    Some(pb::MatchFinding {
        field: field.into(),
        agreement: finding.words().to_owned(),
        weight: finding.weight as f32,
    })
}
