//! The permit, and what stands in its place where the decision comes later or is not the policy's.

use std::{
    fmt,
    marker::PhantomData,
    sync::{Arc, Mutex},
};

use identity::AuthError;
use kernel::{Action, AgencyId, CodeSet, Kind, PersonId, Purpose, Sensitivity};
use pg::Scope;
use policy::{Relationship, Request, Visibility, Who};
use uuid::Uuid;

use crate::{Act, Call, Disclosed, Located, Reading, Refusal, commit::locked};

/// An agency that is told without a call of its own, as it asked to be: as anybody of it is, whatever their
/// role.
#[derive(Debug, Clone)]
pub struct Subscriber {
    pub agency: AgencyId,
    /// What it asked for.
    pub purposes: CodeSet<Purpose>,
    /// By what it is told, as audit records name it.
    pub name: Arc<str>,
}

/// What a decision is made for; shared by a permit and what it seals.
pub(crate) struct Ground {
    pub(crate) call: Option<Call>,
    /// Told without a call.
    pub(crate) subscriber: Option<Subscriber>,
    pub(crate) rpc: &'static str,
    pub(crate) who: Option<Who>,
    pub(crate) action: Action,
    pub(crate) kind: Kind,
    pub(crate) recipient: Option<AgencyId>,
    pub(crate) decision_id: Uuid,
}

impl Ground {
    /// Of a representative, before it is known whose word they stand by: see `Known::request`.
    pub(crate) fn request(&self, action: Action) -> Option<Request> {
        Some(Request {
            who: self.who.clone()?,
            purposes: self.purposes(),
            action,
            recipient_agency: self.recipient.clone(),
        })
    }

    /// Whether the directory still vouches for who called; of what nobody called for there is nothing to ask.
    /// That an agency is suspended is decided with the facts, and on record.
    pub(crate) fn in_force(&self) -> Result<(), Refusal> {
        match self.call.as_ref().map_or(Ok(()), |call| call.caller().in_force()) {
            Ok(()) | Err(AuthError::AgencySuspended) => Ok(()),
            Err(why) => Err(Refusal::Caller(why)),
        }
    }

    pub(crate) fn purposes(&self) -> CodeSet<Purpose> {
        match (&self.call, &self.subscriber) {
            (Some(call), _) => call.caller().purposes(),
            (None, Some(subscriber)) => subscriber.purposes,
            (None, None) => CodeSet::EMPTY,
        }
    }

    pub(crate) fn agency(&self) -> Option<&AgencyId> {
        match &self.call {
            Some(call) => call.caller().agency(),
            None => self.subscriber.as_ref().map(|s| &s.agency),
        }
    }
}

/// The guard's word that one action is permitted, decided on facts of one revision. Private
/// fields, no Clone, no Default, no Serialize: the guard alone makes one.
pub struct Permit<A> {
    pub(crate) ground: Arc<Ground>,
    pub(crate) people: Vec<PersonId>,
    pub(crate) visibility: Arc<Visibility>,
    pub(crate) one: Option<Located>,
    /// What is written, as it will be: decided on once more before the COMMIT.
    pub(crate) written: Mutex<Vec<policy::Record>>,
    pub(crate) _act: PhantomData<fn() -> A>,
}

impl<A: Act> Permit<A> {
    pub(crate) fn new(
        ground: Arc<Ground>,
        people: Vec<PersonId>,
        visibility: Arc<Visibility>,
        one: Option<Located>,
    ) -> Self {
        let written = Mutex::default();
        Self { ground, people, visibility, one, written, _act: PhantomData }
    }

    /// The people whose rows a transaction under this permit may touch.
    pub fn scope(&self) -> Scope {
        Scope::people(self.people.iter().filter_map(PersonId::uuid))
    }

    /// The rules as a predicate over facets, for the store's WHERE clause.
    pub fn visibility(&self) -> serde_json::Value {
        serde_json::to_value(&*self.visibility).unwrap_or(serde_json::Value::Null)
    }

    /// Whether the action is permitted on this record as well: of what is written, as it will be. It must be so
    /// still at the COMMIT.
    pub fn admits(&self, record: &policy::Record) -> bool {
        let mut written = locked(&self.written);
        if !written.contains(record) {
            written.push(record.clone());
        }
        self.visibility.admits(record)
    }

    /// Whether this is what was decided on: what has become of the record since, nobody has decided on.
    pub fn is_about(&self, located: &Located) -> bool {
        let same = |one: &Located| {
            one.found == located.found && one.record == located.record && one.parts == located.parts
        };
        self.one.as_ref().is_some_and(same)
    }

    /// The record that was asked about; nil, which no row has, for a list.
    pub fn record_id(&self) -> Uuid {
        self.one.as_ref().and_then(|l| l.record.id.uuid()).unwrap_or_default()
    }

    /// That record's person; nil for a list.
    pub fn person_id(&self) -> Uuid {
        self.one.as_ref().and_then(|l| l.record.person.uuid()).unwrap_or_default()
    }

    /// That record's facets.
    pub fn record(&self) -> Option<&policy::Record> {
        self.one.as_ref().map(|l| &l.record)
    }

    /// The people of a list.
    pub fn people(&self) -> Vec<Uuid> {
        self.people.iter().filter_map(PersonId::uuid).collect()
    }

    /// The caller's agency; none for a person.
    pub fn agency(&self) -> Option<&AgencyId> {
        self.ground.agency()
    }
}

impl<A: Reading> Permit<A> {
    /// Seals what was read under this permit.
    pub fn seal<T>(&self, rows: impl IntoIterator<Item = (policy::Record, T)>) -> Disclosed<T> {
        self.seal_parts(rows.into_iter().map(|(record, value)| (record, Vec::new(), value)))
    }

    /// As [`Permit::seal`], of records whose parts are labelled on their own.
    pub fn seal_parts<T>(
        &self,
        rows: impl IntoIterator<Item = (policy::Record, Vec<policy::Record>, T)>,
    ) -> Disclosed<T> {
        let items = rows
            .into_iter()
            .map(|(record, parts, value)| (Located { record, parts, found: true }, Some(value)))
            .collect();
        Disclosed { items, asked: self.people.clone(), ground: Arc::clone(&self.ground) }
    }

    /// As [`Permit::seal`], where the caller named nobody ("whomever my agency works with"): on
    /// record is whom something was read of, not everybody who was thought of.
    pub fn seal_found<T>(
        &self,
        rows: impl IntoIterator<Item = (policy::Record, T)>,
    ) -> Disclosed<T> {
        self.seal_found_parts(rows.into_iter().map(|(record, value)| (record, Vec::new(), value)))
    }

    /// As [`Permit::seal_found`], of records whose parts are labelled on their own.
    pub fn seal_found_parts<T>(
        &self,
        rows: impl IntoIterator<Item = (policy::Record, Vec<policy::Record>, T)>,
    ) -> Disclosed<T> {
        let mut sealed = self.seal_parts(rows);
        sealed.asked = Vec::new();
        sealed
    }
}

/// A point read whose decision is made at its release, once, since nothing earlier needs it. It
/// opens nothing: it lets the store read one record by id and seal it.
pub struct Deferred<A> {
    pub(crate) ground: Arc<Ground>,
    pub(crate) _act: PhantomData<fn() -> A>,
}

impl<A: Reading> Deferred<A> {
    /// Seals what was read, or the decoy that stands for nothing.
    pub fn seal<T>(&self, id: Uuid, found: Option<(policy::Record, T)>) -> Disclosed<T> {
        self.seal_parts(id, found.map(|(record, value)| (record, Vec::new(), value)))
    }

    /// As [`Deferred::seal`], of a record whose parts are labelled on their own.
    pub fn seal_parts<T>(
        &self,
        id: Uuid,
        found: Option<(policy::Record, Vec<policy::Record>, T)>,
    ) -> Disclosed<T> {
        let (record, parts, value) = match found {
            Some((record, parts, value)) => (Some(record), parts, Some(value)),
            None => (None, Vec::new(), None),
        };
        let located = Located::of(A::KIND, id, record).in_parts(parts);
        Disclosed {
            asked: vec![located.record.person.clone()],
            items: vec![(located, value)],
            ground: Arc::clone(&self.ground),
        }
    }
}

/// Who may see what is no record of care but the person's own: their consents, their accounting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// The person, through a sign-in that these agencies vouch for (`None`: proofed).
    Person { confirmed_by: Option<Vec<AgencyId>> },
    /// An agency: only what names it.
    Agency(AgencyId),
    /// Somebody who acts for the person now.
    Representative(Representing),
}

/// What a representative stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Representing {
    /// The appointment: `representatives/{id}`.
    pub appointment: Uuid,
    pub relationship: Relationship,
    /// Evidence of it is on record. Without it they sign nothing, and a relative never does.
    pub authority: bool,
    /// As a person's.
    pub confirmed_by: Option<Vec<AgencyId>>,
    /// Withheld from them, and what stands below these (§2.14).
    pub excluded_sensitivities: CodeSet<Sensitivity>,
}

/// Who may stand toward a person beside the person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Others {
    /// An agency, and sees what names it.
    pub agencies: bool,
    /// Somebody who acts for the person.
    pub representatives: bool,
}

/// The guard's word on such a thing.
pub struct StandingPermit {
    pub(crate) ground: Arc<Ground>,
    pub(crate) person: PersonId,
    pub(crate) standing: Standing,
}

impl StandingPermit {
    pub fn scope(&self) -> Scope {
        Scope::people(self.person.uuid())
    }
    pub fn person_id(&self) -> Uuid {
        self.person.uuid().unwrap_or_default()
    }
    pub fn standing(&self) -> &Standing {
        &self.standing
    }
    /// The agency that must be named; none for the person and who acts for them, who see all.
    pub fn named_agency(&self) -> Option<Uuid> {
        match &self.standing {
            Standing::Person { .. } | Standing::Representative(_) => None,
            Standing::Agency(agency) => Some(agency.uuid().unwrap_or_default()),
        }
    }
    /// The agencies that vouch for the sign-in; none: it stands everywhere.
    pub fn confirmed_by(&self) -> Option<Vec<Uuid>> {
        match &self.standing {
            Standing::Person { confirmed_by: Some(agencies) }
            | Standing::Representative(Representing { confirmed_by: Some(agencies), .. }) => {
                Some(agencies.iter().filter_map(AgencyId::uuid).collect())
            }
            _ => None,
        }
    }

    /// As [`Self::confirmed_by`], for what says nothing of its sensitivity: from a representative from whom
    /// anything is withheld it is withheld with it, whoever vouches for them.
    pub fn confirmed_for_unlabelled(&self) -> Option<Vec<Uuid>> {
        match &self.standing {
            Standing::Representative(acts) if !acts.excluded_sensitivities.is_empty() => {
                Some(Vec::new())
            }
            _ => self.confirmed_by(),
        }
    }
}

/// An act of the network itself, in consequence of the person's own: a referral put on hold when
/// the consent behind it ends. No caller stands behind it, and it discloses nothing.
pub struct ByNetwork {
    pub(crate) ground: Arc<Ground>,
    pub(crate) person: PersonId,
}

impl ByNetwork {
    pub fn scope(&self) -> Scope {
        Scope::people(self.person.uuid())
    }
    pub fn person_id(&self) -> Uuid {
        self.person.uuid().unwrap_or_default()
    }
}

macro_rules! opaque {
    ($($name:ident $(<$a:ident>)?),+) => {$(
        impl$(<$a>)? fmt::Debug for $name$(<$a>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("rpc", &self.ground.rpc)
                    .finish_non_exhaustive()
            }
        }
    )+};
}
opaque!(Permit<A>, Deferred<A>, StandingPermit, ByNetwork);
