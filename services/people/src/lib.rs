//! People: what each agency holds of a person as such (a profile, that agency's record), the
//! recognition of one person across agencies, and the sign-ins that are a person's own.
//!
//! A person is recognised across agencies where all that two of them state weighs enough by the rule of
//! `crates/matching`: names, birth date, telephone, address, and identifiers of a *shared* system (a
//! Medicaid number, say). What weighs less is in doubt and kept for a data steward: a false link is the
//! worse error. Keyed hashes find who is compared, and the database compares: no agency's statement
//! leaves it. The people of a victim-service provider, and whoever is labelled so by anyone, are never
//! recognised across agencies, in neither direction.
//!
//! A sign-in is bound by a one-time invitation of an agency that registered the person. It opens
//! only what the agencies that vouch for it hold, until others confirm it; or its issuer asserts
//! identity proofing of somebody whom every custodian states to be this person.
//!
//! Representatives are recorded here, with evidence, beginning and end, and bound the same way. For whom
//! a sign-in acts is asked at every decision, and an end of it is as strict as a revocation.
//!
//! Invariant: nothing here tells an agency whether a person was known before; which of its own
//! registrations are one person hangs on what it states itself, and on nothing else.
//! Invariant: no code is kept anywhere, not even in the answer kept for a replay.
//! Invariant: an agency vouches for one live sign-in of a person, and ends none that others alone vouch
//! for; a live sign-in is one person's. An appointment has one, and a sign-in may have many.
//!
//! What the rule leaves in doubt a data steward decides, and merges people and unmerges them: a merging is a link
//! between two people and rewrites nothing. The consent service is told before it is answered, so that what
//! either refuses is refused of both.
//!
//! It never moves what is kept of one person to another, never shows one agency's profile to another without the guard, and holds
//! no consent.

mod deliver;
mod domain;
mod links;
mod local;
mod notify;
mod rpc;
mod store;

use std::sync::{Arc, OnceLock};

use ::rpc::Deps;
use wire::people::v1::{
    people_facts_service_server::PeopleFactsServiceServer,
    people_service_server::PeopleServiceServer,
};

pub use deliver::{Outbound, Smtp, SmtpSecurity, WrongOutbound, WrongSmtp};
pub use domain::{Matching, Registers};
pub use links::follow_links;
pub use local::LocalPeople;
pub use matching::{Weights, Wrong};
pub use rpc::Rpc;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub use rpc::fuzzing;
pub use store::MIGRATIONS;

/// Systems whose identifiers mean the same person at every agency, unless the network's
/// configuration says otherwise.
pub const SHARED_SYSTEMS: &[&str] = &[
    "http://hl7.org/fhir/sid/us-ssn",
    "http://hl7.org/fhir/sid/us-medicare",
    "urn:trellis:medicaid",
];

/// How often the directory is asked for until it is known.
const DIRECTORY_AWAITED: std::time::Duration = std::time::Duration::from_millis(50);
/// How often.
const NAMES_COUNTED: std::time::Duration = std::time::Duration::from_secs(3600);

const MAX_MESSAGE: usize = 4 * 1024 * 1024;

/// The running service.
pub struct App {
    pub(crate) deps: Deps,
    pub(crate) matching: Arc<Matching>,
    pub(crate) registers: Registers,
    /// Whom [`follow_links`] tells; until then nobody is merged.
    pub(crate) consent: OnceLock<facts::Peer>,
    /// The ways out of [`deliver_notices`]; until then none is offered.
    pub(crate) out: OnceLock<Arc<Outbound>>,
}

impl App {
    /// The victim-service providers: whom they hold is recognised by nobody else. None: not known yet.
    pub(crate) fn victim_services(&self) -> Option<Vec<uuid::Uuid>> {
        victim_services(&self.deps.directory)
    }
}

/// As [`App::victim_services`], in their order.
pub(crate) fn victim_services(directory: &facts::Directory) -> Option<Vec<uuid::Uuid>> {
    let (_, agencies) = directory.agencies()?;
    let victim = &agencies.custodians().victim;
    Some(victim.iter().filter_map(kernel::AgencyId::uuid).collect())
}

/// Puts the service together. The guard in `deps` must ask [`LocalPeople`] over the same database:
/// this service is the source of sign-ins and registrations, so it asks itself by its own tables.
pub fn start(deps: Deps, matching: Matching, registers: Registers) -> Arc<App> {
    Arc::new(App {
        deps,
        matching: Arc::new(matching),
        registers,
        consent: OnceLock::new(),
        out: OnceLock::new(),
    })
}

/// Follows what people must be told of that others did, until the service stops. Must be called in a
/// runtime.
pub fn follow_events(app: &Arc<App>, consent: facts::Peer) {
    let (stop, told) = (app.deps.stop.clone(), notify::Following(Arc::clone(app)));
    tokio::spawn(stop.run_until_cancelled_owned(facts::follow_person_events(consent, told)));
}

/// As [`follow_events`], of what people's circles did.
pub fn follow_circles(app: &Arc<App>, recovery: facts::Peer) {
    let (stop, told) = (app.deps.stop.clone(), notify::Following(Arc::clone(app)));
    tokio::spawn(stop.run_until_cancelled_owned(facts::follow_circles(recovery, told)));
}

/// As [`follow_events`], of what is withheld from people no more.
pub fn follow_releases(app: &Arc<App>, notes: facts::Peer) {
    let (stop, told) = (app.deps.stop.clone(), notify::Following(Arc::clone(app)));
    tokio::spawn(stop.run_until_cancelled_owned(facts::follow_releases(notes, told)));
}

/// Tells people outside their boxes that something waits, by these ways out and once for each process, until the service
/// stops. Must be called in a runtime.
pub fn deliver_notices(app: &Arc<App>, out: Outbound) {
    let out = Arc::new(out);
    if app.out.set(Arc::clone(&out)).is_ok() {
        tokio::spawn(deliver::run(Arc::clone(app), out));
    }
}

/// Counts now and then how often names are registered, until the service stops: whether a name that agrees
/// says much. Until the first count every name is taken for common. Must be called in a runtime.
pub fn follow_names(app: &Arc<App>) {
    let (stop, app) = (app.deps.stop.clone(), Arc::clone(app));
    tokio::spawn(stop.run_until_cancelled_owned(async move {
        loop {
            let Some(never) = app.victim_services() else {
                tokio::time::sleep(DIRECTORY_AWAITED).await;
                continue;
            };
            if let Err(error) = store::similar::count_names(&app.deps.db, &never).await {
                tracing::warn!(%error, "names could not be counted");
            }
            tokio::time::sleep(NAMES_COUNTED).await;
        }
    }));
}

/// For agencies and people.
pub fn server(app: Arc<App>) -> PeopleServiceServer<Rpc> {
    PeopleServiceServer::new(Rpc(app))
        .max_decoding_message_size(MAX_MESSAGE)
        .max_encoding_message_size(MAX_MESSAGE)
}

/// For other services of this network.
pub fn facts_server(app: Arc<App>) -> PeopleFactsServiceServer<Rpc> {
    PeopleFactsServiceServer::new(Rpc(app))
        .max_decoding_message_size(MAX_MESSAGE)
        .max_encoding_message_size(MAX_MESSAGE)
}
