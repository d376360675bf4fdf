//! The texts in plain English.

mod words;

use policy::{Consent, ConsentType, Effect, RecipientClass, Recipients, Rule};

use super::{Catalogue, Message, Names};
use words::{
    action, authored, class, confidentiality, date, kind_of_record, list, purpose, sensitivity,
    set, title,
};

pub(super) struct English;

impl Catalogue for English {
    fn say(&self, message: &Message<'_>, names: &dyn Names) -> String {
        match message {
            Message::Title(kind, effect) => title(*kind, *effect).to_owned(),
            Message::Description(text) => format!("What this is about: {text}"),
            Message::Rule { rule, kind } => say_rule(rule, *kind, names),
            Message::Exceptions(Effect::Deny) => {
                "Exceptions. Even so, the following stays forbidden:".to_owned()
            }
            Message::Exceptions(Effect::Permit) => {
                "Exceptions. Even so, the following stays allowed:".to_owned()
            }
            Message::Exception { number, rule, kind } => {
                format!("Exception {number}. {}", say_rule(rule, *kind, names))
            }
            Message::Begins(None) => "It begins when I sign it.".to_owned(),
            Message::Begins(Some(at)) => {
                format!("It begins on {}, or when I sign it if that is later.", date(*at))
            }
            Message::Ends(None) => "It has no end, unless I revoke it.".to_owned(),
            Message::Ends(Some(at)) => format!("It ends on {}.", date(*at)),
            Message::Replaces(old) => say_replaced(old, names),
            Message::RightToRevoke { effect, no_earlier } => {
                let mut said = match effect {
                    Effect::Permit => {
                        "My right to revoke: I may revoke this at any time, with my \
                         own sign-in or by telling an agency named here. From then on nothing more \
                         is shared under it. What was shared before cannot be taken back."
                    }
                    Effect::Deny => {
                        "My right to revoke: I may end this refusal at any time, with \
                         my own sign-in or by telling an agency named here. From then on it keeps \
                         nothing closed any more."
                    }
                }
                .to_owned();
                if let Some(at) = no_earlier {
                    let until = date(*at);
                    said += &format!(
                        " A revocation takes effect no earlier than {until} (42 CFR 2.35)."
                    );
                }
                said
            }
            Message::Redisclosure => "What is shared under this may be shared again by those who \
                receive it, as the law allows, and may then no longer be protected in the same way."
                .to_owned(),
            Message::RefusalConsequences => "I do not have to sign. I was told what follows if I \
                do not, and what does not depend on my signing."
                .to_owned(),
            Message::Signature(Effect::Permit) => "By signing I agree to all of this.".to_owned(),
            Message::Signature(Effect::Deny) => "By signing I refuse as said here.".to_owned(),
        }
    }
}

fn say_rule(rule: &Rule, kind: ConsentType, names: &dyn Names) -> String {
    let permits = rule.effect == Effect::Permit;
    let mut lines = Vec::new();
    let (lead, sharing, receiving, doing) = if permits {
        ("I allow this:", "Who may share", "Who may receive", "What they may do")
    } else {
        ("I forbid this:", "Who may not share", "Who may not receive", "What they may not do")
    };
    lines.push(lead.to_owned());
    lines.push(format!("- {sharing}: {}", disclosers(rule, names)));
    lines.push(format!("- {receiving}: {}", recipients(rule.recipients.as_ref(), names)));
    let doing_what = match rule.actions {
        Some(actions) => set(actions, action),
        None if permits => "read the records".to_owned(),
        None => "anything with the records".to_owned(),
    };
    lines.push(format!("- {doing}: {doing_what}"));
    let what_for = match rule.purposes {
        Some(purposes) => set(purposes, purpose),
        None if permits => "any purpose but marketing, research and legal proceedings".to_owned(),
        None => "any purpose".to_owned(),
    };
    lines.push(format!("- What for: {what_for}"));
    lines.push(format!("- Which records: {}", records(rule)));
    lines.extend(not_included(rule, kind).map(|left_out| format!("- Not included: {left_out}")));
    lines.join("\n")
}

fn disclosers(rule: &Rule, names: &dyn Names) -> String {
    match &rule.disclosers {
        None => "any agency of this network that holds such records".to_owned(),
        Some(d) => list(d.agencies.iter().map(|id| names.agency(id)), "and"),
    }
}

fn recipients(recipients: Option<&Recipients>, names: &dyn Names) -> String {
    let Some(recipients) = recipients else { return "any agency of this network".to_owned() };
    let practitioners =
        recipients.practitioners.iter().map(|whole| match whole.as_str().split_once('/') {
            Some((agency, who)) => format!("{who} of {}", names.agency(&agency.into())),
            None => whole.to_string(),
        });
    let everybody = recipients.class.map(|RecipientClass::Tpo| {
        "my treating providers, health plans, third-party payers, and people helping to operate \
         this program"
            .to_owned()
    });
    let all = recipients
        .agencies
        .iter()
        .map(|id| names.agency(id))
        .chain(practitioners)
        .chain(recipients.care_teams.iter().map(|id| format!("the care team {id}")))
        .chain(everybody);
    list(all, "and")
}

fn records(rule: &Rule) -> String {
    let mut conditions = Vec::new();
    conditions.push(match rule.kinds {
        Some(kinds) => set(kinds, kind_of_record),
        None => "records of every kind that agencies hold".to_owned(),
    });
    conditions.extend(rule.classes.map(|c| format!("of these classes: {}", set(c, class))));
    conditions.extend(
        rule.confidentialities
            .map(|c| format!("with these confidentiality levels: {}", set(c, confidentiality))),
    );
    conditions.push(match (rule.sensitivities, rule.effect) {
        (None, Effect::Permit) => "sensitive ones too".to_owned(),
        (None, Effect::Deny) => "whatever they are about".to_owned(),
        (Some(about), Effect::Permit) => {
            format!(
                "only those about {}, and about nothing else that is sensitive",
                set(about, sensitivity)
            )
        }
        (Some(about), Effect::Deny) => {
            format!(
                "those about {}, and those that do not say what they are about",
                set(about, sensitivity)
            )
        }
    });
    let authors = rule.authors.iter().flatten();
    let authors: Vec<String> = authors.map(|a| last_part(a.as_str()).to_owned()).collect();
    if !authors.is_empty() {
        conditions.push(format!("written by {}", list(authors, "or")));
    }
    if let Some(episodes) = &rule.episodes {
        let ids = episodes.iter().map(ToString::to_string);
        conditions.push(format!("of these episodes of care: {}", list(ids, "and")));
    }
    if let Some(records) = &rule.records {
        let ids = records.iter().map(ToString::to_string);
        conditions.push(format!("these ones alone: {}", list(ids, "and")));
    }
    conditions.extend(authored(rule.authored_from, rule.authored_until));
    conditions.join("; ")
}

fn last_part(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(_, last)| last)
}

/// What such a consent never opens, said where somebody might think that it does.
fn not_included(rule: &Rule, kind: ConsentType) -> Option<&'static str> {
    match (rule.effect, kind) {
        (Effect::Deny, _) | (_, ConsentType::CounselingNotes) => None,
        (_, ConsentType::VictimServicesRelease) => Some("counseling notes"),
        _ => Some("counseling notes, and records of victim service providers"),
    }
}

/// What is replaced, and what that opens.
fn say_replaced(old: &Consent, names: &dyn Names) -> String {
    let signed = old.signature.as_ref().and_then(|s| s.signed_at);
    let when = signed.map(|at| format!(" that I signed on {}", date(at))).unwrap_or_default();
    let holders = disclosers(&old.rule, names);
    let receivers = recipients(old.rule.recipients.as_ref(), names);
    match old.rule.effect {
        Effect::Permit => {
            let mut said = format!(
                "It replaces the consent{when}, by which {holders} might share with {receivers}. \
                 From the beginning of this one that one counts no more, even if I revoke this one \
                 later."
            );
            if !old.exceptions.is_empty() {
                said += " What that consent forbade as an exception is no longer forbidden by it, \
                         and may be shared again under this one and any other that I have signed.";
            }
            said
        }
        Effect::Deny => format!(
            "It replaces the refusal{when}, which kept what {holders} may hold from {receivers}. \
             While this one is in force that refusal does not count: what it kept closed may be \
             shared again, under this one and any other consent that I have signed. When this one \
             ends, the refusal counts again."
        ),
    }
}

#[cfg(test)]
mod tests;
