//! What several RPCs of this service do alike.

use std::time::Duration;

use kernel::{Instant, Kind};
use permit::{Ask, Call, FENCE, Located, Permit, WriteProfiles};
use pg::{PgConnection, StoreError, requests::RequestKey};
use policy::Record;
use prost::Message as _;
use rpc::{Error, InTx};
use uuid::Uuid;
use wire::{
    common::v1 as common,
    convert::{agency_name, name_of, set_to_wire, to_wire},
    people::v1 as pb,
};

use super::details;
use crate::{
    App,
    domain::Profile,
    store::{invitation::SignInKey, locate, registration},
};

/// How long looking for who is alike takes hangs a little on how alike people are. So an answer waits for the
/// next whole multiple of this since its call came: longer than most take, so that nearly all leave on the
/// first.
const BEAT: Duration = Duration::from_millis(100);

/// The answer, on the next beat after it is there.
pub async fn on_the_beat<T>(answer: impl Future<Output = T>) -> T {
    let begun = std::time::Instant::now();
    let answer = answer.await;
    let over = begun.elapsed().as_nanos() % BEAT.as_nanos();
    let rest = BEAT.saturating_sub(Duration::from_nanos(u64::try_from(over).unwrap_or_default()));
    tokio::time::sleep(rest).await;
    answer
}

/// The caller's agency. The admission table lets none but staff come here.
pub fn agency(call: &Call) -> Result<Uuid, Error> {
    call.caller().agency().and_then(kernel::AgencyId::uuid).ok_or(Error::NotFound)
}

/// The caller's sign-in.
pub fn sign_in(call: &Call) -> SignInKey {
    SignInKey {
        issuer: call.caller().issuer().to_owned(),
        subject: call.caller().subject().as_str().to_owned(),
    }
}

/// WRITE on what the caller's agency holds of the person: absent, refused and not registered are one.
pub async fn own_profile(
    app: &App,
    call: &Call,
    person: Uuid,
) -> Result<Permit<WriteProfiles>, Error> {
    let found = locate::profile_of(&app.deps.db, person, agency(call)?).await?;
    let located = Located::of(Kind::Profile, person, found);
    Ok(app.deps.guard.permit(call, Ask::about(located)).await?)
}

/// The same request landed meanwhile: its answer is the answer.
pub fn landed(error: &InTx) -> bool {
    matches!(error, InTx::Store(store) if store.constraint() == Some("request_log_once"))
}

/// After a commit that may have ended another sign-in, or what somebody may do for the person: writes that were told "still theirs" before it begin their
/// COMMIT within the fence, and only after it does the caller hear of it. A repeat waits, too.
pub async fn fence() {
    tokio::time::sleep(FENCE).await;
}

/// The audit record of a refusal that no permit stands behind.
pub fn refusal(app: &App, call: &Call, person: Uuid, about: Uuid) -> ledger::Event {
    let some = |id: Uuid| Some(id).filter(|id| !id.is_nil());
    let about = some(about).into_iter().collect();
    let mut event = permit::network_event(call, about, app.deps.guard.clock());
    event.outcome = ledger::Outcome::Deny;
    event.reason = Some("ABSENT".into());
    event.person = some(person);
    event
}

/// Keeps a refusal that no permit stands behind.
pub async fn record_refusal(
    app: &App,
    call: &Call,
    person: Uuid,
    about: Uuid,
) -> Result<(), Error> {
    let event = refusal(app, call, person, about);
    app.deps.guard.ledger().record(event).await.map_err(|error| {
        tracing::warn!(%error, "a refusal could not be recorded");
        Error::Unavailable(rpc::Outage::Audit)
    })
}

/// The permit's profile as it now is; kept without its disclosure for a replay.
pub async fn kept_answer(
    tx: &mut PgConnection,
    permit: &Permit<WriteProfiles>,
    key: &RequestKey,
    now: Instant,
) -> Result<pb::Person, InTx> {
    let held = registration::held(&mut *tx, permit).await?;
    let held = held.ok_or(StoreError::BadRow { what: "a profile just written" })?;
    let id = permit.person_id();
    let person = person(id, std::slice::from_ref(&held));
    let (record, kept) = (permit.record_id(), person.encode_to_vec());
    pg::requests::keep_answer(tx, key, id, record, &kept, now).await?;
    Ok(person)
}

/// A person as far as these profiles go.
pub fn person(id: Uuid, profiles: &[(Record, Profile)]) -> pb::Person {
    pb::Person {
        name: name_of("people", id),
        profiles: profiles.iter().map(|(record, held)| profile(record, held)).collect(),
    }
}

/// A profile as the contract has it, without what the person prefers.
pub fn profile(record: &Record, profile: &Profile) -> pb::Profile {
    pb::Profile {
        custodian: record.custodian.as_ref().map(agency_name).unwrap_or_default(),
        identifiers: profile
            .identifiers
            .iter()
            .map(|i| common::Identifier { system: i.system.clone(), value: i.value.clone() })
            .collect(),
        given_name: profile.given_name.clone(),
        family_name: profile.family_name.clone(),
        birth_date: profile.birth_date.to_string(),
        preferred_language: profile.preferred_language.clone(),
        details: Some(details::told(&profile.details)),
        etag: profile.version.to_string(),
        labels: Some(common::Labels {
            confidentiality: profile.confidentiality.map_or(0, to_wire),
            sensitivities: set_to_wire(profile.sensitivities),
            part2: profile.part2,
            victim_service: profile.victim_service,
        }),
        ..pb::Profile::default()
    }
}
