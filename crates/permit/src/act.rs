//! What may be asked for, as types: a permit for one is no permit for another.

use kernel::{Action, Kind};

mod listed {
    pub trait Listed {}
}

/// One action on one kind of record.
pub trait Act: listed::Listed + Send + Sync + 'static {
    const ACTION: Action;
    const KIND: Kind;
    /// As what it is on record when it is committed.
    const RECORDED: Action = Self::ACTION;
}

/// Acts that read: only what was read for its own sake is sealed, and decided on as a READ.
pub trait Reading: Act {}

macro_rules! acts {
    ($($(#[$doc:meta])* $name:ident: $action:ident $kind:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $name {}
        impl listed::Listed for $name {}
        impl Act for $name {
            const ACTION: Action = Action::$action;
            const KIND: Kind = Kind::$kind;
        }
    )+};
}

acts! {
    /// Reading notes.
    ReadNotes: Read Note;
    /// Writing, signing and amending notes.
    WriteNotes: Write Note;
    /// Reading referrals.
    ReadReferrals: Read Referral;
    /// Writing referrals.
    WriteReferrals: Write Referral;
    /// Moving a referral's state.
    TransitionReferrals: Transition Referral;
    /// Sending a referral: a disclosure to its target.
    SendReferrals: Refer Referral;
    /// Reading what agencies hold of a person as such.
    ReadProfiles: Read Profile;
    /// Writing an agency's own profile of a person.
    WriteProfiles: Write Profile;
    /// Reading a person's own plan.
    ReadPlans: Read PlanSection;
}

/// Saying that one has read a note: for whoever may read it. The reader's own word is written, and the note is
/// not.
#[derive(Debug)]
pub enum AcknowledgeNotes {}
impl listed::Listed for AcknowledgeNotes {}
impl Act for AcknowledgeNotes {
    const ACTION: Action = Action::Read;
    const KIND: Kind = Kind::Note;
    const RECORDED: Action = Action::Write;
}

/// The person's own words as a note of theirs: for whoever may read it once it is there.
#[derive(Debug)]
pub enum StateNotes {}
impl listed::Listed for StateNotes {}
impl Act for StateNotes {
    const ACTION: Action = Action::Read;
    const KIND: Kind = Kind::Note;
    const RECORDED: Action = Action::Write;
}

/// Recording what is done for a person's plan for work: for whom it is shared with, as strictly as reading it. What
/// the plan says stays the person's to write.
#[derive(Debug)]
pub enum RecordSteps {}
impl listed::Listed for RecordSteps {}
impl Act for RecordSteps {
    const ACTION: Action = Action::Read;
    const KIND: Kind = Kind::PlanSection;
    const RECORDED: Action = Action::Write;
}

impl Reading for ReadNotes {}
impl Reading for ReadReferrals {}
impl Reading for ReadProfiles {}
impl Reading for ReadPlans {}
