//! How a consent's end, and its signing, are kept and told.

use kernel::{AgencyId, Instant};
use permit::{Standing, StandingPermit};
use pg::PgConnection;
use policy::Consent;
use rpc::InTx;

use super::shown::for_services;
use crate::{
    domain::{Happening, Held, concerned_agencies, named_agencies, still_counts},
    store::{self, person_event::Happened},
};

/// Keeps how a consent has ended, tells whom it names or who was served under it, and the person, and
/// gives the person's facts a new revision.
pub(super) async fn end(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    ended: &Held,
    how: Happening,
    now: Instant,
) -> Result<(), InTx> {
    store::change(&mut *tx, permit, ended, &for_services(ended)).await?;
    // Of a draft nobody knew.
    if ended.signed_at().is_some() {
        tell_of_end(&mut *tx, permit, &ended.consent, how, now).await?;
    }
    Ok(store::record(tx, &[permit.person_id()]).await?)
}

/// Tells whom it names that a consent was signed, and whom those name that it replaces, as far as
/// these have not ended.
pub(super) async fn tell_signed(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    signed: &Consent,
    on_file: &[Consent],
    now: Instant,
) -> Result<(), InTx> {
    let replaced = on_file.iter().filter(|old| signed.supersedes.contains(&old.id));
    for old in replaced.filter(|old| still_counts(old, now)) {
        tell_of_end(&mut *tx, permit, old, Happening::Superseded, now).await?;
    }
    tell(tx, permit, signed, Happening::Signed, now).await
}

/// Tells of the end of a signed consent: the agencies that it names or that were served under it; and the
/// person, unless they ended it by a sign-in that stands everywhere: whoever is vouched for by all that
/// it is about, and so may see it. Where it is about everybody's records and staff ended it, whoever
/// their agency vouches for.
async fn tell_of_end(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    ended: &Consent,
    how: Happening,
    now: Instant,
) -> Result<(), InTx> {
    tell(&mut *tx, permit, ended, how, now).await?;
    let by = match permit.standing() {
        Standing::Person { confirmed_by: None } => return Ok(()),
        Standing::Agency(agency) => vec![agency.clone()],
        // Who holds a sign-in that few vouch for may not be the person.
        Standing::Person { confirmed_by: Some(_) } | Standing::Representative(_) => Vec::new(),
    };
    let agencies = concerned_agencies(ended).unwrap_or(by);
    let agencies: Vec<_> = agencies.iter().filter_map(AgencyId::uuid).collect();
    let id = ended.id.uuid().unwrap_or_default();
    let what = Happened::ConsentEnded;
    Ok(store::person_event::happened(tx, permit, what, id, &agencies, now).await?)
}

async fn tell(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    consent: &Consent,
    what: Happening,
    now: Instant,
) -> Result<(), InTx> {
    let id = consent.id.uuid().unwrap_or_default();
    Ok(store::event::happened(tx, permit, id, what, &named_agencies(consent), now).await?)
}
