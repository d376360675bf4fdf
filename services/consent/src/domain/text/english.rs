//! The texts in plain English.

mod codes;
mod syllables;

use kernel::Instant;
use policy::{Effect, RecipientClass, Relationship};

use super::{
    catalogue::{
        Catalogue, Condition, Join, NotIncluded, Party, Replaced, RuleWords, Sentence, Voice,
    },
    reading::Counted,
};

pub(super) struct English(pub Voice);

impl Catalogue for English {
    fn join(&self, join: Join, _: &str) -> &'static str {
        match join {
            Join::And => "and",
            Join::Or => "or",
        }
    }

    fn date(&self, at: Instant) -> String {
        let at = at.to_offset(time::UtcOffset::UTC);
        let (day, month, year) = (at.day(), at.month(), at.year());
        format!("{month} {day}, {year} at {:02}:{:02} UTC", at.hour(), at.minute())
    }

    fn rule(&self, effect: Effect) -> RuleWords {
        match effect {
            Effect::Permit => RuleWords {
                lead: self.0.says("I allow this:", "For this person, I allow this:"),
                sharing: "Who may share",
                receiving: "Who may receive",
                doing: "What they may do",
                any_action: "read the records",
                any_purpose: "any purpose but marketing, research and legal proceedings",
                any_subject: "sensitive ones too",
                what_for: "What for",
                which: "Which records",
                not_included: "Not included",
            },
            Effect::Deny => RuleWords {
                lead: self.0.says("I forbid this:", "For this person, I forbid this:"),
                sharing: "Who may not share",
                receiving: "Who may not receive",
                doing: "What they may not do",
                any_action: "anything with the records",
                any_purpose: "any purpose",
                any_subject: "whatever they are about",
                what_for: "What for",
                which: "Which records",
                not_included: "Not included",
            },
        }
    }

    fn party(&self, party: Party<'_>) -> String {
        match party {
            Party::AnyDiscloser => "any agency of this network that holds such records".to_owned(),
            Party::AnyRecipient => "any agency of this network".to_owned(),
            Party::Nobody => "nobody".to_owned(),
            Party::Practitioner { who, agency } => format!("{who} of {agency}"),
            Party::CareTeam(id) => format!("the care team {id}"),
            Party::Class(RecipientClass::Tpo) => {
                let providers =
                    self.0.says("my treating providers", "this person's treating providers");
                format!(
                    "{providers}, health plans, third-party payers, and people helping to operate \
                     this program"
                )
            }
        }
    }

    fn condition(&self, condition: Condition<'_>) -> String {
        match condition {
            Condition::AnyKind => "records of every kind that agencies hold".to_owned(),
            Condition::Classes(classes) => format!("of these classes: {classes}"),
            Condition::Confidentialities(levels) => {
                format!("with these confidentiality levels: {levels}")
            }
            Condition::Subjects(Effect::Permit, about) => {
                format!("only those about {about}, and about nothing else that is sensitive")
            }
            Condition::Subjects(Effect::Deny, about) => {
                format!("those about {about}, and those that do not say what they are about")
            }
            Condition::WrittenBy(authors) => format!("written by {authors}"),
            Condition::Episodes(ids) => format!("of these episodes of care: {ids}"),
            Condition::Alone(ids) => format!("these ones alone: {ids}"),
            Condition::WrittenFrom(from) => format!("written on {from} or later"),
            Condition::WrittenBefore(until) => format!("written before {until}"),
            Condition::WrittenBetween(from, until) => format!("written from {from} until {until}"),
        }
    }

    fn not_included(&self, what: NotIncluded) -> &'static str {
        match what {
            NotIncluded::CounselingNotes => "counseling notes",
            NotIncluded::CounselingNotesAndVictimServices => {
                "counseling notes, and records of victim service providers"
            }
        }
    }

    fn sentence(&self, sentence: Sentence<'_>) -> String {
        match sentence {
            Sentence::Acting(who) => format!(
                "I sign this as {} of the person whose records these are. Below, \"this person\" is \
                 that person.",
                relationship(who)
            ),
            Sentence::Beside => "This person signs it with me.".to_owned(),
            Sentence::Authority(Some(name)) => format!("My authority to sign: {name}."),
            Sentence::Authority(None) => "My authority to sign is on record with this.".to_owned(),
            Sentence::Description(text) => format!("What this is about: {text}"),
            Sentence::Exceptions(Effect::Deny) => {
                "Exceptions. Even so, the following stays forbidden:".to_owned()
            }
            Sentence::Exceptions(Effect::Permit) => {
                "Exceptions. Even so, the following stays allowed:".to_owned()
            }
            Sentence::Exception(number) => format!("Exception {number}."),
            Sentence::Begins(None) => "It begins when I sign it.".to_owned(),
            Sentence::Begins(Some(at)) => {
                format!("It begins on {at}, or when I sign it if that is later.")
            }
            Sentence::Ends(None) => self
                .0
                .says("It has no end, unless I revoke it.", "It has no end, unless it is revoked.")
                .to_owned(),
            Sentence::Ends(Some(at)) => format!("It ends on {at}."),
            Sentence::Replaces(old) => replaces(self.0, old),
            Sentence::RightToRevoke(effect) if self.0 == Voice::Acting => {
                acting_right_to_revoke(effect).to_owned()
            }
            Sentence::RightToRevoke(Effect::Permit) => {
                "My right to revoke: I may revoke this at any time, with my own sign-in or by \
                 telling an agency named here. From then on nothing more is shared under it. What \
                 was shared before cannot be taken back."
                    .to_owned()
            }
            Sentence::RightToRevoke(Effect::Deny) => {
                "My right to revoke: I may end this refusal at any time, with my own sign-in or by \
                 telling an agency named here. From then on it keeps nothing closed any more."
                    .to_owned()
            }
            Sentence::NoEarlier(at) => {
                format!("A revocation takes effect no earlier than {at} (42 CFR 2.35).")
            }
            Sentence::Redisclosure => "What is shared under this may be shared again by those who \
                receive it, as the law allows, and may then no longer be protected in the same way."
                .to_owned(),
            Sentence::RefusalConsequences => "I do not have to sign. I was told what follows if I \
                do not, and what does not depend on my signing."
                .to_owned(),
            Sentence::Signature(Effect::Permit) => self
                .0
                .says(
                    "By signing I agree to all of this.",
                    "By signing I agree to all of this for this person.",
                )
                .to_owned(),
            Sentence::Signature(Effect::Deny) => self
                .0
                .says(
                    "By signing I refuse as said here.",
                    "By signing I refuse for this person, as said here.",
                )
                .to_owned(),
        }
    }

    fn syllables(&self, word: &str) -> u32 {
        syllables::count(word)
    }

    /// Flesch-Kincaid grade level (Kincaid, Fishburne, Rogers and Chissom 1975, Research Branch
    /// Report 8-75, Naval Technical Training Command).
    fn grade(&self, Counted { sentences, words, syllables }: Counted) -> f64 {
        0.39 * words / sentences + 11.8 * syllables / words - 15.59
    }
}

fn relationship(who: Relationship) -> &'static str {
    match who {
        Relationship::SelfSigned => "the representative",
        Relationship::Parent => "the parent",
        Relationship::Guardian => "the guardian",
        Relationship::PersonalRepresentative => "the personal representative",
        Relationship::Relative => "a relative",
    }
}

/// The person may, and so may who acts for them by then.
fn acting_right_to_revoke(effect: Effect) -> &'static str {
    match effect {
        Effect::Permit => {
            "The right to revoke: this person may revoke this at any time, with their own sign-in or \
             by telling an agency named here. While I act for them, so may I. From then on nothing \
             more is shared under it. What was shared before cannot be taken back."
        }
        Effect::Deny => {
            "The right to revoke: this person may end this refusal at any time, with their own \
             sign-in or by telling an agency named here. While I act for them and nothing is withheld \
             from me, so may I. From then on it keeps nothing closed any more."
        }
    }
}

fn replaces(voice: Voice, old: Replaced<'_>) -> String {
    let Replaced { effect, voice: before, signed, holders, receivers, had_exceptions } = old;
    let by = match (voice, before) {
        (Voice::Own, Voice::Own) => "that I signed on",
        (Voice::Own, Voice::Acting) => "that was signed for me on",
        (Voice::Acting, _) => "that was signed on",
    };
    let when = signed.map(|at| format!(" {by} {at}")).unwrap_or_default();
    let even_if =
        voice.says("even if I revoke this one later", "even if this one is revoked later");
    let any_other = voice.says("that I have signed", "that was signed");
    match effect {
        Effect::Permit => {
            let mut said = format!(
                "It replaces the consent{when}, by which {holders} might share with {receivers}. \
                 From the beginning of this one that one counts no more, {even_if}."
            );
            if had_exceptions {
                said += " What that consent forbade as an exception is no longer forbidden by it, \
                         and may be shared again under this one and any other ";
                said += any_other;
                said.push('.');
            }
            said
        }
        Effect::Deny => format!(
            "It replaces the refusal{when}, which kept what {holders} may hold from {receivers}. \
             While this one is in force that refusal does not count: what it kept closed may be \
             shared again, under this one and any other consent {any_other}. When this one ends, the \
             refusal counts again."
        ),
    }
}

#[cfg(test)]
mod tests;
