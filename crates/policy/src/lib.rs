//! The consent decision: one pure function decides every access.
//!
//! `decide(request, records, facts, as_of)` has no I/O, no clock and no panics, so that requests,
//! explanations, replay at an earlier instant and the conformance cases all run the same rules.
//! `explain` says what each thing on file has to do with it.
//! `Visibility` is those rules as a predicate over record facets, for lists; `capture` says what a
//! consent must have before it can be signed; `cases` runs files of conformance cases.
//!
//! Terms follow HL7 (FHIR Consent, v3 ActReason, ActCode, Confidentiality) and 42 CFR Part 2 as
//! amended in 2024. Instants compare as instants, identifiers byte for byte.

mod agency;
pub mod capture;
pub mod cases;
mod codes;
mod consent;
mod decide;
mod explain;
mod ground;
mod in_force;
mod linked;
mod matching;
mod person;
mod record;
mod request;
mod standing;
mod visibility;

pub use agency::{Agencies, Agency, CareTeam, Custodians};
pub use codes::{
    BasisKind, ConsentStatus, ConsentType, Effect, Lack, Obligation, Outcome, PartKind, Reason,
    RecipientClass, Redisclosure, Relationship, RestrictionReason, RestrictionStatus,
    SignatureMethod,
};
pub use consent::{Consent, Disclosers, Grantor, Recipients, Rule, Signature, Statements};
pub use decide::{Decider, Decision, Finding, Opened, Refused, Visible, decide};
pub use explain::{Bearing, Explanation, Part, RulePlace, explain};
pub use linked::refusals;
pub use person::{
    CourtOrder, EmergencyAccess, Facts, PersonFacts, Representative, Restriction, Share,
};
pub use record::{Facets, Record, ReleaseBlock, agency_kinds, own_kinds};
pub use request::{Request, Who};
pub use visibility::{Clause, DenyClause, Visibility};
