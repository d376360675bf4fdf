//! ListEmergencies.

use kernel::PersonId;
use permit::Call;
use prost::Message as _;
use rpc::{Error, Page};
use tonic::Request;
use uuid::Uuid;
use wire::{consent::v1 as pb, convert::name_of};

use super::access::{staff, standing};
use crate::{
    App,
    store::{self, emergency::EmergencyRow},
};

const RPC: &str = "trellis.consent.v1.ConsentService/ListEmergencies";

pub(super) async fn handle(
    app: &App,
    request: Request<pb::ListEmergenciesRequest>,
) -> Result<pb::ListEmergenciesResponse, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let filter = format!("{} {}", req.person, req.unreviewed);
    let page = app.pages.page(&call, &filter, &req.page_token, req.page_size)?;
    let person = rpc::optional_id("person", "people", &req.person)?.map(PersonId::from);
    let (rows, next_page_token) = match person {
        Some(person) => of_person(app, &call, &person, req.unreviewed, &page).await?,
        None => of_agency(app, &call, req.unreviewed, &page).await?,
    };
    let own = staff(&call).and_then(|(agency, _)| agency.uuid());
    let read = |row: &EmergencyRow| {
        let kept = pb::Emergency::decode(&*row.wire);
        kept.map(|emergency| shown_to(emergency, own, row.agency_id))
    };
    let emergencies = rows
        .iter()
        .map(read)
        .collect::<Result<_, _>>()
        .map_err(|_| Error::Internal("a kept emergency"))?;
    Ok(pb::ListEmergenciesResponse { emergencies, next_page_token })
}

/// To the person, and to the agencies that have registered them.
async fn of_person(
    app: &App,
    call: &Call,
    person: &PersonId,
    unreviewed: bool,
    page: &Page<'_>,
) -> Result<(Vec<EmergencyRow>, String), Error> {
    let Some(permit) = standing(app, call, person).await? else { return Ok(Default::default()) };
    if permit.named_agency().is_some() && !app.guard.registered(call, person).await? {
        let permit = app.guard.release_standing(&permit, Vec::new(), ()).await;
        return permit.map(|()| Default::default()).map_err(Error::from);
    }
    let list = store::emergency::list(&app.db, &permit, unreviewed, page.after, page.most());
    let mut rows = list.await?;
    let next = page.cut(&mut rows, |row| (row.granted_at, row.id))?;
    let ids = rows.iter().map(|row| row.id).collect();
    Ok((app.guard.release_standing(&permit, ids, rows).await?, next))
}

/// What the caller's own agency declared, of anybody: person by person, each on record.
async fn of_agency(
    app: &App,
    call: &Call,
    unreviewed: bool,
    page: &Page<'_>,
) -> Result<(Vec<EmergencyRow>, String), Error> {
    let (agency, _) = staff(call).ok_or_else(|| Error::field("person", "must be given"))?;
    let own = agency.uuid().unwrap_or_default();
    let (after, most) = (page.after, page.most());
    let places = store::emergency::locate_of_agency(&app.db, own, unreviewed, after, most).await?;
    let mut rows: Vec<EmergencyRow> = Vec::with_capacity(places.len());
    let mut people: Vec<Uuid> = places.iter().map(|(_, person)| *person).collect();
    people.sort_unstable();
    people.dedup();
    for person in people {
        let wanted: Vec<Uuid> =
            places.iter().filter(|(_, of)| *of == person).map(|(id, _)| *id).collect();
        let permit = app.guard.standing(call, person.into(), true).await?;
        let found = store::emergency::read(&app.db, &permit, wanted.clone()).await?;
        rows.extend(app.guard.release_standing(&permit, wanted, found).await?);
    }
    rows.sort_by_key(|row| std::cmp::Reverse((row.granted_at, row.id)));
    let next = page.cut(&mut rows, |row| (row.granted_at, row.id))?;
    Ok((rows, next))
}

/// What was declared tells of the person's health: it is for them and for the agency that declared it.
/// Another agency that registered them learns that there was an access, of whom and when.
pub(super) fn shown_to(
    mut emergency: pb::Emergency,
    agency: Option<Uuid>,
    declared_by: Uuid,
) -> pb::Emergency {
    if let Some(own) = agency.filter(|own| *own != declared_by) {
        emergency.facts = None;
        let own = name_of("agencies", own);
        emergency.reviews.iter_mut().filter(|r| r.agency != own).for_each(|r| r.comment.clear());
    }
    emergency
}
