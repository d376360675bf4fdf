//! What a language supplies. What is left out does not compile.

use kernel::{Action, Class, Confidentiality, Instant, Kind, Purpose, Sensitivity};
use policy::{Consent, ConsentType, Effect, RecipientClass, Relationship};

use super::reading::Counted;

/// What stands before the last of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    And,
    Or,
}

/// The words of a rule that permits, or of one that forbids.
#[derive(Debug, Clone, Copy)]
pub struct RuleWords {
    pub lead: &'static str,
    pub sharing: &'static str,
    pub receiving: &'static str,
    pub doing: &'static str,
    pub what_for: &'static str,
    pub which: &'static str,
    pub not_included: &'static str,
    /// What holds where a condition is absent.
    pub any_action: &'static str,
    pub any_purpose: &'static str,
    pub any_subject: &'static str,
}

/// Whoever is not an agency.
#[derive(Debug, Clone, Copy)]
pub enum Party<'a> {
    AnyDiscloser,
    AnyRecipient,
    Nobody,
    Practitioner { who: &'a str, agency: &'a str },
    CareTeam(&'a str),
    Class(RecipientClass),
}

/// One condition on the records. The texts are lists and dates as the language says them.
#[derive(Debug, Clone, Copy)]
pub enum Condition<'a> {
    AnyKind,
    Classes(&'a str),
    Confidentialities(&'a str),
    Subjects(Effect, &'a str),
    WrittenBy(&'a str),
    Episodes(&'a str),
    Alone(&'a str),
    WrittenFrom(&'a str),
    WrittenBefore(&'a str),
    WrittenBetween(&'a str, &'a str),
}

/// What a consent never opens, said where somebody might think that it does.
#[derive(Debug, Clone, Copy)]
pub enum NotIncluded {
    CounselingNotes,
    CounselingNotesAndVictimServices,
}

/// In whose words a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// The person's own.
    Own,
    /// Of somebody who signs for the person.
    Acting,
}

impl Voice {
    /// In the words of who gives the consent.
    pub fn of(consent: &Consent) -> Self {
        match consent.acting() {
            None => Self::Own,
            Some(_) => Self::Acting,
        }
    }

    pub fn says(self, own: &'static str, acting: &'static str) -> &'static str {
        match self {
            Self::Own => own,
            Self::Acting => acting,
        }
    }
}

/// A consent that another replaces.
#[derive(Debug, Clone, Copy)]
pub struct Replaced<'a> {
    pub effect: Effect,
    /// In whose words it was.
    pub voice: Voice,
    pub signed: Option<&'a str>,
    pub holders: &'a str,
    pub receivers: &'a str,
    pub had_exceptions: bool,
}

/// A paragraph or the beginning of one.
#[derive(Debug, Clone, Copy)]
pub enum Sentence<'a> {
    /// Who signs for the person, where it is not they.
    Acting(Relationship),
    /// By what authority: a name of the contract, which is nobody's; none: on record beside the text.
    Authority(Option<&'a str>),
    /// That the person signs beside them.
    Beside,
    /// The drafter's own words.
    Description(&'a str),
    /// What is different from the rule before.
    Exceptions(Effect),
    Exception(usize),
    /// None: with the signature.
    Begins(Option<&'a str>),
    Ends(Option<&'a str>),
    /// What is replaced, and what that opens.
    Replaces(Replaced<'a>),
    RightToRevoke(Effect),
    /// When a revocation takes effect.
    NoEarlier(&'a str),
    Redisclosure,
    RefusalConsequences,
    Signature(Effect),
}

/// A language's words for codes.
pub trait Codes {
    fn title(&self, kind: ConsentType, effect: Effect) -> &'static str;
    fn purpose(&self, code: Purpose) -> &'static str;
    fn action(&self, code: Action) -> &'static str;
    fn kind(&self, code: Kind) -> &'static str;
    fn class(&self, code: Class) -> &'static str;
    fn confidentiality(&self, code: Confidentiality) -> &'static str;
    fn sensitivity(&self, code: Sensitivity) -> &'static str;
}

/// How a language says things.
pub trait Catalogue: Codes + Sync {
    /// The word before `next`, the last of a list.
    fn join(&self, join: Join, next: &str) -> &'static str;
    /// Rules hold to the instant, so the hour is said.
    fn date(&self, at: Instant) -> String;
    fn rule(&self, effect: Effect) -> RuleWords;
    fn party(&self, party: Party<'_>) -> String;
    fn condition(&self, condition: Condition<'_>) -> String;
    fn not_included(&self, what: NotIncluded) -> &'static str;
    fn sentence(&self, sentence: Sentence<'_>) -> String;

    /// Syllables of a word of letters; at least one.
    fn syllables(&self, word: &str) -> u32;
    /// The US school grade, by the measure that is used for this language.
    fn grade(&self, counted: Counted) -> f64;
}
