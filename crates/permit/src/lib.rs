//! The consent check of every request: [`Ask`], [`Guard`], [`Permit`], [`Disclosed`].
//!
//! A handler asks the [`Guard`]; the guard gathers the facts, lets the one pure function decide, and
//! mints a [`Permit`] for that action alone. The store demands the permit and takes people and
//! visibility from it. What it reads is sealed in a [`Disclosed`], and only [`Guard::release`] opens
//! that: after the decision was made on facts asked for after the read, and after the audit record
//! is durable. A write goes through [`Guard::commit`], which asks again before its COMMIT.
//!
//! Invariant: `Permit` and `Disclosed` have private fields and no constructor outside this crate.
//! Invariant: nothing opens a record without an audit record that is durable.
//! Invariant: a fault anywhere is a refusal.

mod act;
mod call;
mod commit;
mod contribute;
mod covered;
mod disclosed;
mod event;
mod facets;
mod guard;
mod permit;
mod refusal;
mod release;
mod represent;
mod sendable;
mod source;
mod stands;
mod support;

pub use act::{
    AcknowledgeNotes, Act, ReadNotes, ReadPlans, ReadProfiles, ReadReferrals, Reading, RecordSteps,
    SendReferrals, StateNotes, TransitionReferrals, WriteNotes, WriteProfiles, WriteReferrals,
};
pub use call::Call;
pub use commit::{FENCE, ToldFrom, Written};
pub use contribute::{Contributor, ContributorPermit};
pub use covered::Covered;
pub use disclosed::{Disclosed, Disclosure, Located, Sight};
pub use event::{network_event, office_event, steward_event};
pub use facets::{FacetRow, column, from_column};
pub use guard::{Ask, Guard};
pub use permit::{
    ByNetwork, Deferred, Others, Permit, Representing, Standing, StandingPermit, Subscriber,
};
pub use refusal::{Outage, Refusal};
pub use sendable::Sendable;
pub use source::{
    Answer, Appointment, ConsentSource, PeopleSource, Question, SignIn, SourceError, Support,
};
pub use stands::is_nobody;
